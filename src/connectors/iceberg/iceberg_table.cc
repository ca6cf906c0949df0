#include "connectors/iceberg/iceberg_table.h"

#include <charconv>

#include "base/log.h"
#include "connectors/api/input_file.h"
#include "connectors/api/overwrite.h"
#include "connectors/iceberg/errors.h"
#include "connectors/iceberg/file_tables.h"
#include "connectors/iceberg/scan.h"
#include "connectors/iceberg/snapshot_update.h"
#include "connectors/iceberg/table_writer.h"
#include "connectors/iceberg/write_options.h"
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
  /// `update` lacks its files.
  IcebergWrite(TableOperationsPtr operations, WriteContextPtr context, SnapshotUpdate update,
               std::function<void(int64_t rows)> committed = nullptr)
      : operations_(std::move(operations)), context_(std::move(context)), update_(std::move(update)),
        committed_(std::move(committed)) {
    update_.table_uuid = context_->metadata->table_uuid;
  }

  Result<std::unique_ptr<TaskWriter>> NewTask(int task) override { return NewTaskWriter(context_, task); }

  Status Commit(const std::vector<std::string>& messages) override {
    SnapshotUpdate update = update_;
    ARROW_ASSIGN_OR_RAISE(update.files, FilesOfMessages(*context_, messages));
    int64_t rows = 0;
    for (const DataFile& file : update.files) rows += file.record_count;
    commit_tried_ = true;
    Status status = CommitSnapshot(*operations_, std::move(update));
    if (!status.ok()) {
      if (operations_->current() || IsCommitStateUnknown(status)) return status;
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
  SnapshotUpdate update_;
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
  IcebergSink(TableOperationsPtr operations, std::string table_uuid, TableOrigin origin, StreamWriteContext context)
      : operations_(std::move(operations)), table_uuid_(std::move(table_uuid)), origin_(std::move(origin)),
        context_(std::move(context)) {
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
    if (metadata->table_uuid != table_uuid_)
      return TableReplaced(origin_.quoted_name, table_uuid_, metadata->table_uuid);
    // The context is costly next to a small batch: made anew only when the table's shape changed.
    if (!write_context_ || !SameShape(*write_context_->metadata, *metadata)) {
      ARROW_ASSIGN_OR_RAISE(write_context_, MakeWriteContext(metadata, operations_->io(), origin_.quoted_name,
                                                             context_.schema, context_.options));
    }
    SnapshotUpdate update;
    update.kind = complete_ ? UpdateKind::kOverwriteAll : UpdateKind::kAppend;
    update.summary = summary_;
    update.summary["spark.sql.streaming.queryId"] = context_.query_id;
    update.summary["spark.sql.streaming.epochId"] = std::to_string(batch_id);
    update.already_done = [query = context_.query_id, batch_id, base = metadata](const TableMetadata& now) {
      if (&now == base.get()) return false;  // the usual case: nobody else wrote
      auto last = LastCommittedEpoch(now, query);
      return last && *last >= batch_id;
    };
    auto committed = [this, batch_id](int64_t rows) {
      last_epoch_ = batch_id;
      last_epoch_known_ = true;
      rows_ = rows;
    };
    return std::make_unique<IcebergWrite>(operations_, write_context_, std::move(update), std::move(committed));
  }

  int64_t last_num_output_rows() const override { return rows_; }

 private:
  Status Gone() const { return MakeError("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", origin_.quoted_name}}); }
  static bool SameShape(const TableMetadata& a, const TableMetadata& b) {
    return a.current_schema_id == b.current_schema_id && a.default_spec_id == b.default_spec_id &&
           a.table_uuid == b.table_uuid && a.properties == b.properties && a.location == b.location;
  }

  TableOperationsPtr operations_;
  const std::string table_uuid_;
  TableOrigin origin_;
  StreamWriteContext context_;
  Properties summary_;
  WriteContextPtr write_context_;
  std::optional<int64_t> last_epoch_;
  bool last_epoch_known_ = false, complete_ = false;
  int64_t rows_ = -1;
};

class IcebergTable final : public Table, public OverwritesByFilter, public TellsInputFile {
 public:
  IcebergTable(TableOperationsPtr operations, MetadataPtr metadata, TableOrigin origin, ChosenSnapshot chosen,
               WriteAudit audit, SchemaPtr schema, DataType spark_schema)
      : operations_(std::move(operations)), metadata_(std::move(metadata)), origin_(std::move(origin)),
        chosen_(std::move(chosen)), audit_(std::move(audit)), schema_(std::move(schema)),
        spark_schema_(std::move(spark_schema)) {}

  std::string name() const override { return origin_.display_name; }
  const DataType& schema() const override { return spark_schema_; }
  std::string provider() const override { return "iceberg"; }
  std::optional<std::string> location() const override { return metadata_->location; }
  std::optional<std::string> comment() const override {
    auto it = metadata_->properties.find("comment");
    return it == metadata_->properties.end() ? std::nullopt : std::optional(it->second);
  }

  DataType metadata_columns() const override {
    auto all = AllPartitionsType(*metadata_);
    auto partition = all.ok() ? ToSparkType(**all) : Result<DataType>(DataType::Struct({}));
    return DataType::Struct({{"_spec_id", DataType::Integer(), true, ""},
                             {"_partition", partition.ValueOr(DataType::Struct({})), true, ""},
                             {"_file", DataType::String(), false, ""},
                             {"_pos", DataType::Long(), false, ""},
                             {"_deleted", DataType::Boolean(), false, ""}});
  }

  bool reads_metadata_columns() const override { return false; }
  DataType input_file_columns() const override { return InputFileColumns(spark_schema_); }

  std::vector<std::string> partitioning() const override {
    std::vector<std::string> out;
    for (const PartitionField& field : metadata_->spec().fields) {
      std::string column = metadata_->schema().PathOf(field.source_id).value_or(field.name);
      switch (field.transform.kind) {
        case TransformKind::kIdentity: out.push_back(column); break;
        case TransformKind::kBucket:
          out.push_back(fmt::format("bucket({}, {})", field.transform.argument, column));
          break;
        case TransformKind::kTruncate:
          out.push_back(fmt::format("truncate({}, {})", field.transform.argument, column));
          break;
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
    out["current-snapshot-id"] =
        metadata_->current_snapshot_id ? std::to_string(*metadata_->current_snapshot_id) : "none";
    return out;
  }

  bool can_read() const override { return true; }
  bool can_write() const override { return !chosen_.travels || !chosen_.branch.empty(); }
  bool can_stream_write() const override { return !chosen_.travels || audit_.active(); }

  Result<std::unique_ptr<Scan>> NewScan(const ScanRequest& request) override {
    return NewTableScan(operations_, metadata_, chosen_.snapshot, schema_, request);
  }

  Result<std::unique_ptr<StreamSource>> NewStreamSource(const StreamReadContext&) override {
    return UnsupportedFeature("Reading the Iceberg table " + origin_.quoted_name + " as a stream");
  }

  Result<std::unique_ptr<BatchWrite>> NewWrite(const WriteRequest& request) override {
    return NewOverwrite(request, {});
  }

  /// Without filters: by the request's mode.
  Result<std::unique_ptr<BatchWrite>> NewOverwrite(const WriteRequest& request,
                                                   const std::vector<ColumnFilter>& replaced) override {
    if (!can_write())
      return UnsupportedFeature("Writing to an old version of the Iceberg table " + origin_.quoted_name);
    ARROW_ASSIGN_OR_RAISE(auto metadata, operations_->Refresh());
    if (!metadata) return MakeError("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", origin_.quoted_name}});
    if (metadata->table_uuid != metadata_->table_uuid) {
      return TableReplaced(origin_.quoted_name, metadata_->table_uuid, metadata->table_uuid);
    }
    ARROW_ASSIGN_OR_RAISE(auto context, MakeWriteContext(metadata, operations_->io(), origin_.quoted_name,
                                                         request.schema, request.options));
    ARROW_ASSIGN_OR_RAISE(WriteOptions how, ParseWriteOptions(request.options, *metadata));
    SnapshotUpdate update;
    const bool all = request.mode == WriteMode::kOverwrite && replaced.empty();
    if (!replaced.empty()) {
      update.kind = UpdateKind::kOverwriteFiltered;
    } else if (request.mode == WriteMode::kOverwriteDynamic || (all && how.truncates_partitions)) {
      update.kind = UpdateKind::kOverwritePartitions;
    } else if (all) {
      update.kind = UpdateKind::kOverwriteAll;
    }
    if (how.isolated && update.kind != UpdateKind::kAppend)
      return UnsupportedFeature("The Iceberg write option isolation-level of overwrites");
    update.filters = replaced;
    update.summary = EngineSummary(nullptr);
    AddSnapshotProperties(request.options, &update.summary);
    if (!chosen_.branch.empty()) update.branch = chosen_.branch;
    ARROW_RETURN_NOT_OK(Audit(&update));
    return std::make_unique<IcebergWrite>(operations_, std::move(context), std::move(update));
  }

  /// Write-audit-publish: a branch of its own, or a snapshot of none.
  Status Audit(SnapshotUpdate* update) const {
    if (!audit_.branch.empty() && !audit_.id.empty()) {
      return IllegalArgument(
          fmt::format("Cannot set both WAP ID and branch, but got ID [{}] and branch [{}]", audit_.id, audit_.branch));
    }
    if (!audit_.id.empty()) {
      update->summary["wap.id"] = audit_.id;
      update->staged = true;
    } else if (!audit_.branch.empty() && chosen_.branch.empty()) {
      update->branch = audit_.branch;
    }
    return Status::OK();
  }

  Result<std::unique_ptr<StreamSink>> NewStreamSink(const StreamWriteContext& context) override {
    if (!can_stream_write())
      return UnsupportedFeature("Writing to an old version of the Iceberg table " + origin_.quoted_name);
    if (audit_.active())
      return UnsupportedFeature("Streams into a table under write-audit-publish (spark.wap.branch, spark.wap.id)");
    if (context.output_mode == "update") return UnsupportedFeature("The output mode update of Iceberg tables");
    // Fails now rather than at the first batch.
    ARROW_RETURN_NOT_OK(
        MakeWriteContext(metadata_, operations_->io(), origin_.quoted_name, context.schema, context.options).status());
    return std::make_unique<IcebergSink>(operations_, metadata_->table_uuid, origin_, context);
  }

 private:
  TableOperationsPtr operations_;
  MetadataPtr metadata_;
  TableOrigin origin_;
  ChosenSnapshot chosen_;
  WriteAudit audit_;
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
    return IllegalArgument("Cannot find a snapshot older than " +
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

Result<ChosenSnapshot> ChooseSnapshot(const TableMetadata& metadata, const TableVersion& version,
                                      const OptionMap& options) {
  auto by_id = [&](int64_t id) -> Result<ChosenSnapshot> {
    auto snapshot = metadata.FindSnapshot(id);
    if (!snapshot) return IllegalArgument(fmt::format("Cannot find snapshot with ID {}", id));
    return ChosenSnapshot{snapshot, true, ""};
  };
  auto by_ref = [&](const std::string& name, std::optional<bool> branch) -> Result<ChosenSnapshot> {
    auto ref = metadata.refs.find(name);
    if (ref == metadata.refs.end() || (branch && *branch != ref->second.is_branch)) {
      return IllegalArgument("Cannot find matching snapshot ID or reference name for version " + name);
    }
    auto snapshot = metadata.FindSnapshot(ref->second.snapshot_id);
    if (!snapshot) return Status::Invalid("Iceberg: the snapshot of ", name, " is missing");
    return ChosenSnapshot{snapshot, name != "main", ref->second.is_branch ? name : ""};
  };
  if (version.version) {
    if (auto ref = metadata.refs.find(*version.version); ref != metadata.refs.end())
      return by_ref(*version.version, {});
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
    if (!number) return IllegalArgument(fmt::format("The option {} takes a number, not '{}'", key, *text));
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
  WriteAudit audit = WriteAuditOf(options, *metadata);
  if (auto ref = metadata->refs.find(audit.branch);
      !chosen.travels && chosen.branch.empty() && ref != metadata->refs.end()) {
    chosen = {metadata->FindSnapshot(ref->second.snapshot_id), true, audit.branch};
  }
  const Schema* schema = &metadata->schema();
  // Time travel reads with the schema of its day; branches with the current one.
  if (chosen.travels && chosen.branch.empty() && chosen.snapshot && chosen.snapshot->schema_id) {
    const Schema* old = metadata->FindSchema(*chosen.snapshot->schema_id);
    if (old) schema = old;
  }
  ARROW_ASSIGN_OR_RAISE(DataType spark_schema, ToSparkSchema(*schema));
  return TablePtr(std::make_shared<IcebergTable>(operations, metadata, origin, std::move(chosen), std::move(audit),
                                                 std::make_shared<const Schema>(*schema), std::move(spark_schema)));
}

}  // namespace sluice::iceberg
