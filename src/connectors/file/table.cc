// Folders of files as tables: text, json, csv, parquet ...
#include "connectors/file/table.h"

#include <strings.h>

#include <set>

#include "base/log.h"
#include "connectors/file/file_metadata.h"
#include "connectors/file/input_files.h"
#include "connectors/file/scan.h"
#include "connectors/file/sink.h"
#include "connectors/file/source.h"
#include "connectors/file/storage_settings.h"
#include "connectors/file/write.h"

namespace sluice::connectors {
namespace file {
namespace {

const ConfigEntry kPartitionTypes("spark.sql.sources.partitionColumnTypeInference.enabled", "true",
                                  "Are types of partition columns found from their values?");
const ConfigEntry kSchemaInference("spark.sql.streaming.schemaInference", "false",
                                   "Is the schema of a stream of files found from those there at the start?");
const ConfigEntry kLogInterval("spark.sql.streaming.fileSource.log.compactInterval", "10",
                               "Batches after which a file source's log is compacted.");
const ConfigEntry kLogDeletion("spark.sql.streaming.fileSource.log.deletion", "true",
                               "Are a file source's expired log files deleted?");
const ConfigEntry kLogCleanupDelay("spark.sql.streaming.fileSource.log.cleanupDelay", "10m",
                                   "How long a file source's expired log files stay.");

using MakeFormat = Result<FormatPtr> (*)(const FormatContext&);

class FileTable final : public Table {
 public:
  static Result<TablePtr> Load(const FormatRequest& request, MakeFormat make) {
    auto table = std::make_shared<FileTable>();
    ARROW_RETURN_NOT_OK(table->Init(request, make));
    return table;
  }

  std::string name() const override { return std::string(shape_->format->name()); }
  std::string provider() const override { return std::string(shape_->format->name()); }
  const DataType& schema() const override { return schema_; }
  DataType metadata_columns() const override { return HiddenColumns(*shape_->format, schema_); }
  std::optional<std::string> location() const override {
    return paths_.empty() ? std::nullopt : std::optional(paths_[0]);
  }
  std::vector<std::string> InputFiles() const {
    std::vector<std::string> out;
    if (files_ != nullptr)
      for (const auto& file : files_->files) out.push_back(shape_->root.EncodedUri(file.path));
    return out;
  }
  bool can_read() const override { return true; }
  bool can_stream_read() const override { return true; }
  bool can_write() const override { return true; }
  bool can_stream_write() const override { return true; }

  Result<std::unique_ptr<Scan>> NewScan(const ScanRequest& request) override {
    return NewFileScan(shape_, files_, request);
  }

  Result<std::unique_ptr<StreamSource>> NewStreamSource(const StreamReadContext& context) override {
    SourceSetup setup;
    setup.shape = shape_;
    setup.listing = listing_;
    setup.partitions = partition_options_;
    setup.partitions.user_schema = shape_->partitions;
    setup.settings = settings_;
    ARROW_ASSIGN_OR_RAISE(setup.options, ParseStreamOptions(context_.options));
    ARROW_ASSIGN_OR_RAISE(setup.checkpoint, ResolveRoot(context.checkpoint, settings_));
    ARROW_ASSIGN_OR_RAISE(setup.log.compact_interval, context_.config.GetInt(kLogInterval));
    ARROW_ASSIGN_OR_RAISE(setup.log.delete_expired, context_.config.GetBool(kLogDeletion));
    ARROW_ASSIGN_OR_RAISE(setup.log.cleanup_delay_ms, context_.config.GetDurationMs(kLogCleanupDelay));
    return NewFileSource(std::move(setup));
  }

  Result<std::unique_ptr<BatchWrite>> NewWrite(const WriteRequest& request) override {
    ARROW_ASSIGN_OR_RAISE(auto plan, NewPlan(request.schema, request.partition_by));
    WriteMode mode = request.mode;
    const std::string setting = context_.config.Get("spark.sql.sources.partitionOverwriteMode").value_or("static");
    const std::string overwrite = GetOption(context_.options, "partitionOverwriteMode").value_or(setting);
    if (mode == WriteMode::kOverwrite && !request.partition_by.empty() && strcasecmp(overwrite.c_str(), "dynamic") == 0)
      mode = WriteMode::kOverwriteDynamic;
    return NewBatchWrite(std::move(plan), mode);
  }

  Result<std::unique_ptr<StreamSink>> NewStreamSink(const StreamWriteContext& context) override {
    if (context.output_mode != "append")
      return MakeError("STREAMING_OUTPUT_MODE.UNSUPPORTED_DATASOURCE",
                       {{"outputMode", context.output_mode}, {"className", name()}});
    ARROW_ASSIGN_OR_RAISE(auto plan, NewPlan(context.schema, context.partition_by));
    return NewFileSink(std::move(plan), context_.options, context_.config);
  }

 private:
  Status Init(const FormatRequest& request, MakeFormat make) {
    context_.options = request.options;
    if (request.config != nullptr) context_.config = *request.config;
    const std::string zone = context_.config.Get("spark.sql.session.timeZone").value_or("");
    ARROW_ASSIGN_OR_RAISE(context_.zone, TimeZone::Find(zone.empty() ? TimeZone::LocalName() : zone));
    context_.case_sensitive = context_.config.Get("spark.sql.caseSensitive").value_or("false") == "true";
    paths_ = request.paths;
    settings_ = StorageSettings(context_.options, context_.config);
    auto shape = std::make_shared<Shape>();
    ARROW_ASSIGN_OR_RAISE(shape->format, make(context_));
    ARROW_RETURN_NOT_OK(ReadScanSettings(context_.options, context_.config, shape.get()));
    if (request.for_write) {
      schema_ = request.schema.value_or(DataType::Struct({}));
    } else {
      ARROW_RETURN_NOT_OK(Find(request, shape.get()));
    }
    shape_ = std::move(shape);
    return Status::OK();
  }

  /// Files and schema of a read.
  Status Find(const FormatRequest& request, Shape* shape) {
    ARROW_ASSIGN_OR_RAISE(listing_, ParseListingOptions(context_.options, *context_.zone));
    partition_options_.user_schema = request.schema;
    partition_options_.base_path = GetOption(context_.options, "basePath");
    partition_options_.case_sensitive = context_.case_sensitive;
    partition_options_.zone = context_.zone;
    ARROW_ASSIGN_OR_RAISE(partition_options_.infer_types, context_.config.GetBool(kPartitionTypes));
    const Format& format = *shape->format;
    if (request.is_streaming) {
      if (paths_.empty()) return MakeError("_LEGACY_ERROR_TEMP_2047");
      ARROW_ASSIGN_OR_RAISE(const bool infer, context_.config.GetBool(kSchemaInference));
      if (!request.schema && !infer && format.name() != "text") return MakeError("_LEGACY_ERROR_TEMP_2048");
    }
    auto files = std::make_shared<PartitionedFiles>();
    if (!paths_.empty()) {
      bool from_log = false;
      auto found = FindFiles(paths_, listing_, partition_options_, settings_, &shape->root, &from_log);
      // A stream may wait for the first file that its wildcards match.
      const bool none_yet =
          request.is_streaming && IsGlob(paths_[0]) && ConditionOf(found.status()) == "PATH_NOT_FOUND";
      if (!none_yet) {
        ARROW_ASSIGN_OR_RAISE(*files, std::move(found));
      }
      if (request.is_streaming) {
        ARROW_ASSIGN_OR_RAISE(shape->root, ResolveRoot(paths_[0], settings_));
      }
    }
    shape->partitions = files->schema;
    if (request.schema) {
      shape->data = WithoutPartitions(request.schema->asNullable(), shape->partitions);
    } else {
      ARROW_ASSIGN_OR_RAISE(auto inferred, format.InferSchema(shape->root, files->files));
      if (!inferred) return MakeError("UNABLE_TO_INFER_SCHEMA", {{"format", std::string(format.title())}});
      shape->data = inferred->asNullable();
    }
    ARROW_RETURN_NOT_OK(Check(format, shape->data));
    schema_ = shape->Schema();
    files_ = std::move(files);
    return Status::OK();
  }

  DataType WithoutPartitions(const DataType& schema, const DataType& partitions) const {
    std::vector<StructField> fields;
    for (const auto& field : schema.fields()) {
      bool partition = false;
      for (const auto& other : partitions.fields()) partition = partition || other.name == field.name;
      if (!partition) fields.push_back(field);
    }
    return DataType::Struct(std::move(fields));
  }

  Status Check(const Format& format, const DataType& data) const {
    std::set<std::string> names;
    for (const auto& field : data.fields()) {
      std::string key = field.name;
      if (!context_.case_sensitive)
        for (char& c : key) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      if (!names.insert(key).second)
        return MakeError("COLUMN_ALREADY_EXISTS", {{"columnName", QuoteIdentifier(field.name)}});
      if (!format.Supports(field.type))
        return MakeError("UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE", {{"format", std::string(format.title())},
                                                                  {"columnName", QuoteIdentifier(field.name)},
                                                                  {"columnType", InDoubleQuotes(field.type.sql())}});
    }
    return format.CheckSchema(data);
  }

  Result<std::shared_ptr<WritePlan>> NewPlan(const DataType& schema,
                                             const std::vector<std::string>& partition_by) const {
    if (paths_.empty()) return MakeError("_LEGACY_ERROR_TEMP_2047");
    ARROW_ASSIGN_OR_RAISE(Root root, ResolveRoot(paths_[0], settings_));
    return PlanWrite(context_, shape_->format, std::move(root), schema, partition_by);
  }

  FormatContext context_;
  std::vector<std::string> paths_;
  std::map<std::string, std::string> settings_;  // of the file system; empty: the environment's
  ListingOptions listing_;
  PartitionOptions partition_options_;
  ShapePtr shape_;
  std::shared_ptr<const PartitionedFiles> files_;
  DataType schema_;
};

template <MakeFormat kMake>
Result<TablePtr> Load(const FormatRequest& request) {
  return FileTable::Load(request, kMake);
}

}  // namespace
}  // namespace file

std::vector<std::string> InputFilesOf(const Table& table) {
  const auto* files = dynamic_cast<const file::FileTable*>(&table);
  return files == nullptr ? std::vector<std::string>() : files->InputFiles();
}

const Connector kTextConnector = {
    .name = "text",
    .aliases = {"org.apache.spark.sql.execution.datasources.text",
                "org.apache.spark.sql.execution.datasources.text.TextFileFormat"},
    .doc = "Files of text, a row a line.",
    .load = &file::Load<&file::MakeTextFormat>,
};
const Connector kJsonConnector = {
    .name = "json",
    .aliases = {"org.apache.spark.sql.json", "org.apache.spark.sql.execution.datasources.json.JsonFileFormat"},
    .doc = "Files of JSON, a row a line.",
    .load = &file::Load<&file::MakeJsonFormat>,
};
const Connector kCsvConnector = {
    .name = "csv",
    .aliases = {"com.databricks.spark.csv", "org.apache.spark.sql.execution.datasources.csv.CSVFileFormat"},
    .doc = "Files of comma-separated values.",
    .load = &file::Load<&file::MakeCsvFormat>,
};
const Connector kParquetConnector = {
    .name = "parquet",
    .aliases = {"org.apache.spark.sql.parquet", "org.apache.spark.sql.execution.datasources.parquet.ParquetFileFormat"},
    .doc = "Parquet files.",
    .load = &file::Load<&file::MakeParquetFormat>,
};
const Connector kOrcConnector = {
    .name = "orc",
    .aliases = {"org.apache.spark.sql.hive.orc", "org.apache.spark.sql.execution.datasources.orc.OrcFileFormat"},
    .doc = "ORC files.",
    .load = &file::Load<&file::MakeOrcFormat>,
};
const Connector kAvroConnector = {
    .name = "avro",
    .aliases = {"com.databricks.spark.avro", "org.apache.spark.sql.avro", "org.apache.spark.sql.avro.AvroFileFormat"},
    .doc = "Avro files.",
    .load = &file::Load<&file::MakeAvroFormat>,
};

}  // namespace sluice::connectors
