#pragma once
// A table's metadata file.
// Source: Iceberg table spec, "Table Metadata"; v2 read and written, v1 read.
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "connectors/iceberg/schema.h"
#include "connectors/iceberg/transform.h"

namespace sluice::iceberg {

using Properties = std::map<std::string, std::string>;

struct PartitionField {
  int source_id = -1;
  int field_id = -1;  // from 1000
  std::string name;
  Transform transform;
};

struct PartitionSpec {
  int spec_id = 0;
  std::vector<PartitionField> fields;
  /// No field, or only void ones.
  bool unpartitioned() const;
};

struct SortOrder {
  int order_id = 0;
  std::string fields_json = "[]";  // kept as it is: Sluice does not sort yet
};

struct Snapshot {
  int64_t snapshot_id = -1;
  std::optional<int64_t> parent_id;
  int64_t sequence_number = 0;
  int64_t timestamp_ms = 0;
  std::string manifest_list;           // "" in v1 tables that list manifests inline
  std::vector<std::string> manifests;  // v1
  std::optional<int> schema_id;
  std::string operation;
  /// Without "operation".
  Properties summary;
  /// The JSON text, kept so that a commit need not write all history anew.
  std::string json;

  const std::string* Find(const std::string& key) const {
    auto it = summary.find(key);
    return it == summary.end() ? nullptr : &it->second;
  }
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;
/// Fills snapshot->json.
void RenderSnapshot(Snapshot* snapshot);
Result<Snapshot> SnapshotFromJson(const nlohmann::json& json);

struct SnapshotRef {
  int64_t snapshot_id = -1;
  bool is_branch = true;
  std::optional<int64_t> max_ref_age_ms, max_snapshot_age_ms;
  std::optional<int> min_snapshots_to_keep;
};

struct SnapshotLogEntry {
  int64_t timestamp_ms = 0, snapshot_id = -1;
};
struct MetadataLogEntry {
  int64_t timestamp_ms = 0;
  std::string file;
};

struct TableMetadata {
  int format_version = 2;
  std::string table_uuid, location;
  int64_t last_sequence_number = 0, last_updated_ms = 0;
  int last_column_id = 0, current_schema_id = 0, default_spec_id = 0, last_partition_id = 999,
      default_sort_order_id = 0;
  std::vector<SchemaPtr> schemas;
  std::vector<PartitionSpec> specs;
  std::vector<SortOrder> sort_orders;
  Properties properties;
  std::optional<int64_t> current_snapshot_id;
  std::vector<SnapshotPtr> snapshots;
  std::map<std::string, SnapshotRef> refs;
  std::vector<SnapshotLogEntry> snapshot_log;
  std::vector<MetadataLogEntry> metadata_log;
  std::string statistics_json = "[]", partition_statistics_json = "[]";  // kept as they are

  const Schema* FindSchema(int id) const;
  const Schema& schema() const;  // the current one
  const PartitionSpec* FindSpec(int id) const;
  const PartitionSpec& spec() const;  // the default one
  SnapshotPtr FindSnapshot(int64_t id) const;
  SnapshotPtr current_snapshot() const;
  /// Property or `otherwise`.
  std::string Property(const std::string& key, const std::string& otherwise) const;
  int64_t IntProperty(const std::string& key, int64_t otherwise) const;
  bool BoolProperty(const std::string& key, bool otherwise) const;
};
using MetadataPtr = std::shared_ptr<const TableMetadata>;

/// Invalid: malformed, with what is wrong. UNSUPPORTED_FEATURE: format version 3 and later.
Result<TableMetadata> ParseTableMetadata(std::string_view json);
std::string RenderTableMetadata(const TableMetadata& metadata);

nlohmann::json SpecToJson(const PartitionSpec& spec);
Result<std::vector<PartitionField>> SpecFieldsFromJson(const nlohmann::json& json);

/// A new, empty v2 table; ids are fresh. `properties` may hold "format-version" (2 only).
Result<TableMetadata> NewTableMetadata(Schema schema, PartitionSpec spec, std::string location, Properties properties);

/// `metadata` with `snapshot` added and `branch` moved to it.
TableMetadata WithSnapshot(const TableMetadata& metadata, Snapshot snapshot, const std::string& branch = "main");

/// The struct of partition values of `spec`: ids and names of its fields, transformed types.
Result<TypePtr> PartitionType(const PartitionSpec& spec, const Schema& schema);
/// A random version 4 UUID.
std::string RandomUuid();
/// A positive random 63-bit id.
int64_t RandomSnapshotId();

}  // namespace sluice::iceberg
