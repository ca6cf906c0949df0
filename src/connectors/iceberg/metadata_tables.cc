// snapshots, history, refs, manifests, all_manifests, partitions, metadata_log_entries. Files and entries:
// file_tables.cc. Source: Iceberg's documentation, "Spark Queries: Inspecting tables"; schemas compared with real
// Spark's.
#include <set>

#include "connectors/iceberg/file_tables.h"
#include "connectors/iceberg/iceberg_table.h"
#include "connectors/iceberg/rows_table.h"

namespace sluice::iceberg {

using namespace connectors;  // NOLINT: this file implements its interfaces

namespace {
StructField Column(const char* name, DataType type, bool nullable = true, const char* comment = nullptr) {
  return MetadataColumn(name, std::move(type), nullable, comment);
}
Cell Int(int64_t v) { return Cell(v); }
Cell Int(const std::optional<int64_t>& v) { return v ? Cell(*v) : Cell(); }
Cell Text(const std::string& v) { return Cell(v); }
Cell Timestamp(int64_t ms) { return Cell(ms * 1000); }

DataType SnapshotsSchema() {
  return DataType::Struct({Column("committed_at", DataType::Timestamp(), false),
                           Column("snapshot_id", DataType::Long(), false), Column("parent_id", DataType::Long()),
                           Column("operation", DataType::String()), Column("manifest_list", DataType::String()),
                           Column("summary", DataType::Map(DataType::String(), DataType::String(), false))});
}
Result<Rows> SnapshotRows(const TableMetadata& m) {
  Rows rows;
  for (const auto& s : m.snapshots) {
    Cell::Items summary;
    for (const auto& [key, value] : s->summary) summary.push_back(Cell(Cell::Items{Text(key), Text(value)}));
    rows.push_back({Timestamp(s->timestamp_ms), Int(s->snapshot_id), Int(s->parent_id),
                    s->operation.empty() ? Cell() : Text(s->operation),
                    s->manifest_list.empty() ? Cell() : Text(s->manifest_list), Cell(std::move(summary))});
  }
  return rows;
}

DataType HistorySchema() {
  return DataType::Struct({Column("made_current_at", DataType::Timestamp(), false),
                           Column("snapshot_id", DataType::Long(), false), Column("parent_id", DataType::Long()),
                           Column("is_current_ancestor", DataType::Boolean(), false)});
}
Result<Rows> HistoryRows(const TableMetadata& m) {
  std::set<int64_t> ancestors;
  for (auto s = m.current_snapshot(); s && ancestors.insert(s->snapshot_id).second;) {
    s = s->parent_id ? m.FindSnapshot(*s->parent_id) : nullptr;
  }
  Rows rows;
  for (const auto& entry : m.snapshot_log) {
    auto snapshot = m.FindSnapshot(entry.snapshot_id);
    rows.push_back({Timestamp(entry.timestamp_ms), Int(entry.snapshot_id), snapshot ? Int(snapshot->parent_id) : Cell(),
                    Cell(ancestors.contains(entry.snapshot_id))});
  }
  return rows;
}

DataType RefsSchema() {
  return DataType::Struct(
      {Column("name", DataType::String(), false), Column("type", DataType::String(), false),
       Column("snapshot_id", DataType::Long(), false), Column("max_reference_age_in_ms", DataType::Long()),
       Column("min_snapshots_to_keep", DataType::Integer()), Column("max_snapshot_age_in_ms", DataType::Long())});
}
Result<Rows> RefRows(const TableMetadata& m) {
  Rows rows;
  for (const auto& [name, ref] : m.refs) {
    rows.push_back({Text(name), Text(ref.is_branch ? "BRANCH" : "TAG"), Int(ref.snapshot_id), Int(ref.max_ref_age_ms),
                    ref.min_snapshots_to_keep ? Int(int64_t{*ref.min_snapshots_to_keep}) : Cell(),
                    Int(ref.max_snapshot_age_ms)});
  }
  return rows;
}

DataType LogSchema() {
  return DataType::Struct({Column("timestamp", DataType::Timestamp(), false), Column("file", DataType::String(), false),
                           Column("latest_snapshot_id", DataType::Long()),
                           Column("latest_schema_id", DataType::Integer()),
                           Column("latest_sequence_number", DataType::Long())});
}
Result<Rows> LogRows(const TableMetadata& m, const std::string& current_file) {
  Rows rows;
  auto add = [&](int64_t ms, const std::string& file) {
    SnapshotPtr latest;
    for (const auto& entry : m.snapshot_log) {
      if (entry.timestamp_ms <= ms) latest = m.FindSnapshot(entry.snapshot_id);
    }
    rows.push_back({Timestamp(ms), Text(file), latest ? Int(latest->snapshot_id) : Cell(),
                    latest && latest->schema_id ? Int(int64_t{*latest->schema_id}) : Cell(),
                    latest ? Int(latest->sequence_number) : Cell()});
  };
  for (const auto& entry : m.metadata_log) add(entry.timestamp_ms, entry.file);
  add(m.last_updated_ms, current_file);
  return rows;
}

/// Of manifests, and of all_manifests, which promises less and tells more.
DataType ManifestsSchema(bool all) {
  DataType summary = DataType::Struct(
      {Column("contains_null", DataType::Boolean(), false), Column("contains_nan", DataType::Boolean(), !all),
       Column("lower_bound", DataType::String()), Column("upper_bound", DataType::String())});
  std::vector<StructField> fields = {
      Column("content", DataType::Integer(), false), Column("path", DataType::String(), false),
      Column("length", DataType::Long(), false), Column("partition_spec_id", DataType::Integer(), all),
      Column("added_snapshot_id", DataType::Long(), all)};
  for (const char* name : {"added_data_files_count", "existing_data_files_count", "deleted_data_files_count"})
    fields.push_back(Column(name, DataType::Integer(), all));
  for (const char* name : {"added_delete_files_count", "existing_delete_files_count", "deleted_delete_files_count"})
    fields.push_back(Column(name, DataType::Integer(), false));
  fields.push_back(Column("partition_summaries", DataType::Array(std::move(summary), false), all));
  if (all) {
    fields.push_back(Column("reference_snapshot_id", DataType::Long(), false));
    fields.push_back(Column("key_metadata", DataType::Binary()));
  }
  return DataType::Struct(std::move(fields));
}
/// Adds the manifests of a snapshot; `all`: with the columns of all_manifests.
Status AddManifestRows(TableOperations& operations, const TableMetadata& m, const SnapshotPtr& snapshot, bool all,
                       Rows* rows) {
  ARROW_ASSIGN_OR_RAISE(auto listed, operations.Manifests(snapshot));
  const std::vector<ManifestFile>& manifests = *listed;
  for (const ManifestFile& f : manifests) {
    const PartitionSpec* spec = m.FindSpec(f.spec_id);
    Cell::Items summaries;
    if (spec) {
      ARROW_ASSIGN_OR_RAISE(TypePtr type, PartitionType(*spec, m.schema()));
      for (size_t i = 0; i < f.partitions.size() && i < spec->fields.size(); ++i) {
        auto bound = [&](const std::optional<std::string>& bytes) {
          if (!bytes) return Cell();
          const Type& field = *type->fields[i].type;
          auto value = DecodeLiteral(field, *bytes);
          return value.ok() ? Text(TransformedText(spec->fields[i].transform, field, *value)) : Cell();
        };
        const FieldSummary& p = f.partitions[i];
        summaries.push_back(Cell(Cell::Items{Cell(p.contains_null), p.contains_nan ? Cell(*p.contains_nan) : Cell(),
                                             bound(p.lower), bound(p.upper)}));
      }
    }
    auto count = [&](bool deletes, int n) { return Int(deletes == f.deletes ? n : 0); };
    rows->push_back({Int(int64_t{f.deletes}), Text(f.path), Int(f.length), Int(int64_t{f.spec_id}),
                     Int(f.added_snapshot_id), count(false, f.added_files), count(false, f.existing_files),
                     count(false, f.deleted_files), count(true, f.added_files), count(true, f.existing_files),
                     count(true, f.deleted_files), Cell(std::move(summaries))});
    if (all) {
      rows->back().push_back(Int(snapshot->snapshot_id));
      rows->back().push_back(f.key_metadata ? Text(*f.key_metadata) : Cell());
    }
  }
  return Status::OK();
}

DataType PartitionsSchema(const Type& partition, const DataType& partition_struct) {
  std::vector<StructField> fields;
  if (!partition.fields.empty()) {
    fields.push_back(Column("partition", partition_struct, false));
    fields.push_back(Column("spec_id", DataType::Integer(), false));
  }
  for (auto& field : std::vector<StructField>{
           Column("record_count", DataType::Long(), false, "Count of records in data files"),
           Column("file_count", DataType::Integer(), false, "Count of data files"),
           Column("total_data_file_size_in_bytes", DataType::Long(), false, "Total size in bytes of data files"),
           Column("position_delete_record_count", DataType::Long(), false, "Count of records in position delete files"),
           Column("position_delete_file_count", DataType::Integer(), false, "Count of position delete files"),
           Column("equality_delete_record_count", DataType::Long(), false, "Count of records in equality delete files"),
           Column("equality_delete_file_count", DataType::Integer(), false, "Count of equality delete files"),
           Column("last_updated_at", DataType::Timestamp(), true,
                  "Commit time of snapshot that last updated this partition"),
           Column("last_updated_snapshot_id", DataType::Long(), true,
                  "Id of snapshot that last updated this partition")}) {
    fields.push_back(field);
  }
  return DataType::Struct(std::move(fields));
}

Result<Rows> PartitionRows(TableOperations& operations, const TableMetadata& m, const SnapshotPtr& snapshot) {
  struct Totals {
    Cell partition;
    int spec_id = 0;
    int64_t records = 0, files = 0, bytes = 0, position_records = 0, position_files = 0, equality_records = 0,
            equality_files = 0;
    SnapshotPtr updated;
  };
  ARROW_ASSIGN_OR_RAISE(TypePtr all, AllPartitionsType(m));
  std::vector<Totals> partitions;
  std::map<std::string, size_t> index;
  ARROW_ASSIGN_OR_RAISE(auto entries, ReadEntries(operations, snapshot, EntryFilter::kLive));
  for (const ManifestEntry& entry : entries) {
    const DataFile& f = entry.file;
    const PartitionSpec* spec = m.FindSpec(f.spec_id);
    if (!spec) continue;
    ARROW_ASSIGN_OR_RAISE(TypePtr type, PartitionType(*spec, m.schema()));
    auto [at, added] = index.try_emplace(PartitionIdentity(*spec, *type, f), partitions.size());
    if (added) partitions.emplace_back();
    Totals& t = partitions[at->second];
    t.partition = PartitionCell(*all, *spec, f);
    t.spec_id = std::max(t.spec_id, f.spec_id);
    if (f.content == FileContent::kData) {
      t.records += f.record_count;
      t.bytes += f.file_size;
      ++t.files;
    } else {
      bool positions = f.content == FileContent::kPositionDeletes;
      (positions ? t.position_records : t.equality_records) += f.record_count;
      ++(positions ? t.position_files : t.equality_files);
    }
    auto by = m.FindSnapshot(entry.snapshot_id.value_or(-1));
    if (by && (!t.updated || by->timestamp_ms > t.updated->timestamp_ms)) t.updated = by;
  }
  Rows rows;
  for (Totals& t : partitions) {
    std::vector<Cell> row;
    if (!all->fields.empty()) row = {std::move(t.partition), Int(int64_t{t.spec_id})};
    for (int64_t v :
         {t.records, t.files, t.bytes, t.position_records, t.position_files, t.equality_records, t.equality_files}) {
      row.push_back(Int(v));
    }
    row.push_back(t.updated ? Timestamp(t.updated->timestamp_ms) : Cell());
    row.push_back(t.updated ? Int(t.updated->snapshot_id) : Cell());
    rows.push_back(std::move(row));
  }
  return rows;
}

constexpr std::string_view kNames[] = {
    "snapshots", "history",     "refs",          "metadata_log_entries", "manifests",        "partitions",
    "files",     "data_files",  "delete_files",  "all_data_files",       "all_delete_files", "all_files",
    "entries",   "all_entries", "all_manifests", "position_deletes"};
}  // namespace

bool IsMetadataTableName(const std::string& name) {
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

Result<TablePtr> MakeMetadataTable(const TableOperationsPtr& operations, const MetadataPtr& metadata,
                                   const TableOrigin& origin, const std::string& name, const TableVersion& version,
                                   const OptionMap& options) {
  ARROW_ASSIGN_OR_RAISE(ChosenSnapshot chosen, ChooseSnapshot(*metadata, version, options));
  SnapshotPtr snapshot = chosen.snapshot;
  std::string full = origin.display_name + "." + name;
  if (name == "snapshots") return MakeRowsTable(full, SnapshotsSchema(), [=] { return SnapshotRows(*metadata); });
  if (name == "history") return MakeRowsTable(full, HistorySchema(), [=] { return HistoryRows(*metadata); });
  if (name == "refs") return MakeRowsTable(full, RefsSchema(), [=] { return RefRows(*metadata); });
  if (name == "metadata_log_entries") {
    return MakeRowsTable(full, LogSchema(),
                         [=, file = operations->metadata_location()] { return LogRows(*metadata, file); });
  }
  if (name == "manifests") {
    return MakeRowsTable(full, ManifestsSchema(false), [=]() -> Result<Rows> {
      Rows rows;
      ARROW_RETURN_NOT_OK(AddManifestRows(*operations, *metadata, snapshot, false, &rows));
      return rows;
    });
  }
  if (name == "all_manifests") {
    return MakeRowsTable(full, ManifestsSchema(true), [=]() -> Result<Rows> {
      Rows rows;
      for (const auto& each : metadata->snapshots)
        ARROW_RETURN_NOT_OK(AddManifestRows(*operations, *metadata, each, true, &rows));
      return rows;
    });
  }
  if (name == "position_deletes") return UnsupportedFeature("The Iceberg metadata table position_deletes");
  if (name == "partitions") {
    ARROW_ASSIGN_OR_RAISE(TypePtr all, AllPartitionsType(*metadata));
    ARROW_ASSIGN_OR_RAISE(DataType partition, ToSparkType(*all));
    return MakeRowsTable(full, PartitionsSchema(*all, partition),
                         [=] { return PartitionRows(*operations, *metadata, snapshot); });
  }
  return MakeFileTable(operations, metadata, full, name, snapshot);
}

}  // namespace sluice::iceberg
