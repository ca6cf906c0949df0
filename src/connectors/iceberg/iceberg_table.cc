#include "connectors/iceberg/iceberg_table.h"

#include <charconv>

#include "base/log.h"
#include "connectors/iceberg/scan.h"
#include "connectors/iceberg/snapshot_update.h"
#include "connectors/iceberg/table_writer.h"
#include "types/datetime.h"

namespace sluice::iceberg {

using namespace connectors;  // NOLINT: this file implements its interfaces

namespace {
std::optional<int64_t> WholeNumber(const std::string& text) {
  int64_t v = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(v) : std::nullopt;
}

void DeleteFiles(const FileIo& io, const std::vector<DataFile>& files) {
  for (const DataFile& file : files) {
    Status status = io.Delete(file.path);
    if (!status.ok()) LogWarn("file of a failed write not deleted", {{"path", file.path}, {"error", status}});
  }
}

/// One job's write, batch or micro-batch.
class IcebergWrite final : public BatchWrite {
 public:
  IcebergWrite(TableOperationsPtr operations, WriteContextPtr context, UpdateKind kind, Properties summary,
               std::string branch, std::function<bool(const TableMetadata&)> already_done,
               std::function<void(int64_t rows)> committed)
      : operations_(std::move(operations)), context_(std::move(context)), kind_(kind), summary_(std::move(summary)),
        branch_(std::move(branch)), already_done_(std::move(already_done)), committed_(std::move(committed)) {}

  Result<std::unique_ptr<TaskWriter>> NewTask(int task) override { return NewTaskWriter(context_, task); }

  Status Commit(const std::vector<std::string>& messages) override {
    SnapshotUpdate update;
    update.kind = kind_;
    update.summary = summary_;
    update.branch = branch_;
    update.already_done = already_done_;
    ARROW_ASSIGN_OR_RAISE(update.files, FilesOfMessages(*context_, messages));
    int64_t rows = 0;
    for (const DataFile& file : update.files) rows += file.record_count;
    commit_tried_ = true;
    Status status = CommitSnapshot(*operations_, std::move(update));
    if (!status.ok()) {
      if (operations_->current()) return status;
      return MakeError("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", context_->table_name}});
    }
    if (committed_) committed_(rows);
    return Status::OK();
  }

  void Abort(const std::vector<std::string>& messages) override {
    // CommitSnapshot removes the files itself, unless the catalog may have taken them.
    if (commit_tried_) return;
    auto files = FilesOfMessages(*context_, messages);
    if (files.ok()) DeleteFiles(*context_->io, *files);
  }

 private:
  TableOperationsPtr operations_;
  WriteContextPtr context_;
  UpdateKind kind_;
  Properties summary_;
  std::string branch_;
  std::function<bool(const TableMetadata&)> already_done_;
  std::function<void(int64_t)> committed_;
  bool commit_tried_ = false;
};

void AddSnapshotProperties(const OptionMap& options, Properties* summary) {
  constexpr std::string_view kPrefix = "snapshot-property.";
  for (const auto& [key, value] : options) {
    if (key.rfind(kPrefix, 0) == 0) (*summary)[key.substr(kPrefix.size())] = value;
  }
}

class IcebergSink final : public StreamSink {
 public:
  IcebergSink(TableOperationsPtr operations, TableOrigin origin, StreamWriteContext context)
      : operations_(std::move(operations)), origin_(std::move(origin)), context_(std::move(context)) {
    summary_ = EngineSummary(context_.config);
    AddSnapshotProperties(context_.options, &summary_);
    complete_ = context_.output_mode == "complete";
  }

  std::string description() const override {
    return "IcebergWrite(table=" + origin_.display_name + ", format=PARQUET)";
  }

  Result<bool> AlreadyCommitted(int64_t batch_id) override {
    if (!last_epoch_known_) {
      ARROW_ASSIGN_OR_RAISE(auto metadata, operations_->Refresh());
      if (!metadata) return Gone();
      last_epoch_ = LastCommittedEpoch(*metadata, context_.query_id);
      last_epoch_known_ = true;
    }
    return last_epoch_ && *last_epoch_ >= batch_id;
  }

  Result<std::unique_ptr<BatchWrite>> NewBatch(int64_t batch_id) override {
    MetadataPtr metadata = operations_->current();
    if (!metadata) {
      ARROW_ASSIGN_OR_RAISE(metadata, operations_->Refresh());
      if (!metadata) return Gone();
    }
    // The context is costly next to a small batch: made anew only when the table's shape changed.
    if (!write_context_ || !SameShape(*write_context_->metadata, *metadata)) {
      ARROW_ASSIGN_OR_RAISE(write_context_, MakeWriteContext(metadata, operations_->io(), origin_.quoted_name, context_.schema, context_.options));
    }
    Properties summary = summary_;
    summary["spark.sql.streaming.queryId"] = context_.query_id;
    summary["spark.sql.streaming.epochId"] = std::to_string(batch_id);
    auto already = [query = context_.query_id, batch_id, base = metadata](const TableMetadata& now) {
      if (&now == base.get()) return false;  // the usual case: nobody else wrote
      auto last = LastCommittedEpoch(now, query);
      return last && *last >= batch_id;
    };
    auto committed = [this, batch_id](int64_t rows) {
      last_epoch_ = batch_id;
      last_epoch_known_ = true;
      rows_ = rows;
    };
    return std::make_unique<IcebergWrite>(operations_, write_context_, complete_ ? UpdateKind::kOverwriteAll : UpdateKind::kAppend,
                                          std::move(summary), "main", std::move(already), std::move(committed));
  }

  int64_t last_num_output_rows() const override { return rows_; }

 private:
  Status Gone() const { return MakeError("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", origin_.quoted_name}}); }
  static bool SameShape(const TableMetadata& a, const TableMetadata& b) {
    return a.current_schema_id == b.current_schema_id && a.default_spec_id == b.default_spec_id &&
           a.table_uuid == b.table_uuid && a.properties == b.properties && a.location == b.location;
  }

  TableOperationsPtr operations_;
  TableOrigin origin_;
  StreamWriteContext context_;
  Properties summary_;
  WriteContextPtr write_context_;
  std::optional<int64_t> last_epoch_;
  bool last_epoch_known_ = false, complete_ = false;
  int64_t rows_ = -1;
};

class IcebergTable final : public Table {
 public:
  IcebergTable(TableOperationsPtr operations, MetadataPtr metadata, TableOrigin origin, ChosenSnapshot chosen,
               SchemaPtr schema, DataType spark_schema)
      : operations_(std::move(operations)), metadata_(std::move(metadata)), origin_(std::move(origin)),
        chosen_(std::move(chosen)), schema_(std::move(schema)), spark_schema_(std::move(spark_schema)) {}

  std::string name() const override { return origin_.display_name; }
  const DataType& schema() const override { return spark_schema_; }
  std::string provider() const override { return "iceberg"; }
  std::optional<std::string> location() const override { return metadata_->location; }
  std::optional<std::string> comment() const override {
    auto it = metadata_->properties.find("comment");
    return it == metadata_->properties.end() ? std::nullopt : std::optional(it->second);
  }

  std::vector<std::string> partitioning() const override {
    std::vector<std::string> out;
    for (const PartitionField& field : metadata_->spec().fields) {
      std::string column = metadata_->schema().PathOf(field.source_id).value_or(field.name);
      switch (field.transform.kind) {
        case TransformKind::kIdentity: out.push_back(column); break;
        case TransformKind::kBucket: out.push_back(fmt::format("bucket({}, {})", field.transform.argument, column)); break;
        case TransformKind::kTruncate: out.push_back(fmt::format("truncate({}, {})", field.transform.argument, column)); break;
        case TransformKind::kVoid: break;
        default: out.push_back(TransformText(field.transform) + "s(" + column + ")");
      }
    }
    return out;
  }

  std::map<std::string, std::string> properties() const override {
    auto out = metadata_->properties;
    out["format"] = "iceberg/" + metadata_->Property("write.format.default", "parquet");
    out["format-version"] = std::to_string(metadata_->format_version);
    out["current-snapshot-id"] = metadata_->current_snapshot_id ? std::to_string(*metadata_->current_snapshot_id) : "none";
    return out;
  }

  bool can_read() const override { return true; }
  bool can_write() const override { return !chosen_.travels || !chosen_.branch.empty(); }
  bool can_stream_write() const override { return !chosen_.travels; }

  Result<std::unique_ptr<Scan>> NewScan(const ScanRequest& request) override {
    return NewTableScan(operations_, metadata_, chosen_.snapshot, schema_, request);
  }

  Result<std::unique_ptr<StreamSource>> NewStreamSource(const StreamReadContext&) override {
    return UnsupportedFeature("Reading the Iceberg table " + origin_.quoted_name + " as a stream");
  }

  Result<std::unique_ptr<BatchWrite>> NewWrite(const WriteRequest& request) override {
    if (!can_write()) return UnsupportedFeature("Writing to an old version of the Iceberg table " + origin_.quoted_name);
    ARROW_ASSIGN_OR_RAISE(auto metadata, operations_->Refresh());
    if (!metadata) return MakeError("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", origin_.quoted_name}});
    ARROW_ASSIGN_OR_RAISE(auto context, MakeWriteContext(metadata, operations_->io(), origin_.quoted_name, request.schema, request.options));
    UpdateKind kind = UpdateKind::kAppend;
    if (request.mode == WriteMode::kOverwrite) kind = UpdateKind::kOverwriteAll;
    if (request.mode == WriteMode::kOverwriteDynamic) {
      kind = metadata->spec().unpartitioned() ? UpdateKind::kOverwriteAll : UpdateKind::kOverwritePartitions;
    }
    Properties summary = EngineSummary(nullptr);
    AddSnapshotProperties(request.options, &summary);
    return std::make_unique<IcebergWrite>(operations_, std::move(context), kind, std::move(summary),
                                          chosen_.branch.empty() ? "main" : chosen_.branch, nullptr, nullptr);
  }

  Result<std::unique_ptr<StreamSink>> NewStreamSink(const StreamWriteContext& context) override {
    if (!can_stream_write()) return UnsupportedFeature("Writing to an old version of the Iceberg table " + origin_.quoted_name);
    if (context.output_mode == "update") return UnsupportedFeature("The output mode update of Iceberg tables");
    // Fails now rather than at the first batch.
    ARROW_RETURN_NOT_OK(MakeWriteContext(metadata_, operations_->io(), origin_.quoted_name, context.schema, context.options).status());
    return std::make_unique<IcebergSink>(operations_, origin_, context);
  }

 private:
  TableOperationsPtr operations_;
  MetadataPtr metadata_;
  TableOrigin origin_;
  ChosenSnapshot chosen_;
  SchemaPtr schema_;
  DataType spark_schema_;
};

Result<SnapshotPtr> AsOf(const TableMetadata& metadata, int64_t timestamp_ms) {
  std::optional<int64_t> id;
  for (const auto& entry : metadata.snapshot_log) {
    if (entry.timestamp_ms <= timestamp_ms) id = entry.snapshot_id;
  }
  SnapshotPtr found = id ? metadata.FindSnapshot(*id) : nullptr;
  if (!found) {
    return Status::Invalid("Cannot find a snapshot older than ",
                           LiteralText(*MakeType(TypeKind::kTimestampTz), Literal(timestamp_ms * 1000)));
  }
  return found;
}
}  // namespace

Properties EngineSummary(const Config* config) {
  Properties out = {{"engine-name", "sluice"}, {"engine-version", "0.1.0"}, {"iceberg-version", "Sluice 0.1.0"}};
  static const std::string id = "local-" + RandomUuid();
  auto setting = [&](const char* key) { return config ? config->Get(key) : std::nullopt; };
  std::string app = setting("spark.app.id").value_or(id);
  out["spark.app.id"] = app;
  out["app-id"] = app;
  if (auto name = setting("spark.app.name")) out["app-name"] = *name;
  return out;
}

Result<ChosenSnapshot> ChooseSnapshot(const TableMetadata& metadata, const TableVersion& version, const OptionMap& options) {
  auto by_id = [&](int64_t id) -> Result<ChosenSnapshot> {
    auto snapshot = metadata.FindSnapshot(id);
    if (!snapshot) return Status::Invalid("Cannot find snapshot with ID ", id);
    return ChosenSnapshot{snapshot, true, ""};
  };
  auto by_ref = [&](const std::string& name, std::optional<bool> branch) -> Result<ChosenSnapshot> {
    auto ref = metadata.refs.find(name);
    if (ref == metadata.refs.end() || (branch && *branch != ref->second.is_branch)) {
      return Status::Invalid("Cannot find matching snapshot ID or reference name for version ", name);
    }
    auto snapshot = metadata.FindSnapshot(ref->second.snapshot_id);
    if (!snapshot) return Status::Invalid("Iceberg: the snapshot of ", name, " is missing");
    return ChosenSnapshot{snapshot, name != "main", ref->second.is_branch ? name : ""};
  };
  if (version.version) {
    if (auto ref = metadata.refs.find(*version.version); ref != metadata.refs.end()) return by_ref(*version.version, {});
    if (auto id = WholeNumber(*version.version)) return by_id(*id);
    return by_ref(*version.version, {});
  }
  if (version.timestamp_us) {
    int64_t ms = *version.timestamp_us / 1000;
    ARROW_ASSIGN_OR_RAISE(auto snapshot, AsOf(metadata, ms));
    return ChosenSnapshot{snapshot, true, ""};
  }
  for (const char* key : {"snapshot-id", "as-of-timestamp"}) {
    auto text = GetOption(options, key);
    if (!text) continue;
    auto number = WholeNumber(*text);
    if (!number) return Status::Invalid("Iceberg: the option ", key, " takes a number, not '", *text, "'");
    if (std::string_view(key) == "snapshot-id") return by_id(*number);
    ARROW_ASSIGN_OR_RAISE(auto snapshot, AsOf(metadata, *number));
    return ChosenSnapshot{snapshot, true, ""};
  }
  for (const char* key : {"start-snapshot-id", "end-snapshot-id"}) {
    if (GetOption(options, key)) return UnsupportedFeature(std::string("The Iceberg read option ") + key);
  }
  if (auto branch = GetOption(options, "branch")) return by_ref(*branch, true);
  if (auto tag = GetOption(options, "tag")) return by_ref(*tag, false);
  return ChosenSnapshot{metadata.current_snapshot(), false, ""};
}

Result<TablePtr> MakeIcebergTable(const TableOperationsPtr& operations, const MetadataPtr& metadata,
                                  const TableOrigin& origin, const TableVersion& version, const OptionMap& options) {
  ARROW_ASSIGN_OR_RAISE(ChosenSnapshot chosen, ChooseSnapshot(*metadata, version, options));
  const Schema* schema = &metadata->schema();
  // Time travel reads with the schema of its day; branches with the current one.
  if (chosen.travels && chosen.branch.empty() && chosen.snapshot && chosen.snapshot->schema_id) {
    const Schema* old = metadata->FindSchema(*chosen.snapshot->schema_id);
    if (old) schema = old;
  }
  ARROW_ASSIGN_OR_RAISE(DataType spark_schema, ToSparkSchema(*schema));
  return TablePtr(std::make_shared<IcebergTable>(operations, metadata, origin, std::move(chosen),
                                                 std::make_shared<const Schema>(*schema), std::move(spark_schema)));
}

}  // namespace sluice::iceberg
