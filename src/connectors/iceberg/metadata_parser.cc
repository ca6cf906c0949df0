// Reading table metadata: bytes from anywhere, so every key is checked.
#include <nlohmann/json.hpp>

#include "connectors/iceberg/metadata.h"

namespace sluice::iceberg {

using Json = nlohmann::json;

namespace {
Status Bad(const std::string& what) { return Status::Invalid("Iceberg table metadata: ", what); }

Result<int64_t> Int(const Json& json, const char* key) {
  auto it = json.find(key);
  if (it == json.end() || !it->is_number_integer()) return Bad(std::string("'") + key + "' is missing or no integer");
  return it->get<int64_t>();
}
std::optional<int64_t> OptInt(const Json& json, const char* key) {
  auto it = json.find(key);
  if (it == json.end() || !it->is_number_integer()) return std::nullopt;
  return it->get<int64_t>();
}
Result<std::string> Text(const Json& json, const char* key) {
  auto it = json.find(key);
  if (it == json.end() || !it->is_string()) return Bad(std::string("'") + key + "' is missing or no text");
  return it->get<std::string>();
}
const Json* Array(const Json& json, const char* key) {
  auto it = json.find(key);
  return it != json.end() && it->is_array() ? &*it : nullptr;
}
std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Result<Properties> TextMap(const Json& json, const char* key) {
  Properties out;
  auto it = json.find(key);
  if (it == json.end() || it->is_null()) return out;
  if (!it->is_object()) return Bad(std::string("'") + key + "' is no object");
  for (const auto& [name, value] : it->items()) {
    if (!value.is_string()) return Bad(std::string("a value of '") + key + "' is no text");
    out[name] = value.get<std::string>();
  }
  return out;
}

Status ReadSchemas(const Json& json, TableMetadata* m) {
  if (const Json* schemas = Array(json, "schemas")) {
    for (const Json& item : *schemas) {
      ARROW_ASSIGN_OR_RAISE(Schema schema, SchemaFromJson(item));
      m->schemas.push_back(std::make_shared<const Schema>(std::move(schema)));
    }
    ARROW_ASSIGN_OR_RAISE(int64_t current, Int(json, "current-schema-id"));
    m->current_schema_id = static_cast<int>(current);
  } else if (json.contains("schema")) {
    ARROW_ASSIGN_OR_RAISE(Schema schema, SchemaFromJson(json["schema"]));
    m->current_schema_id = schema.schema_id;
    m->schemas.push_back(std::make_shared<const Schema>(std::move(schema)));
  }
  return m->FindSchema(m->current_schema_id) ? Status::OK() : Bad("the current schema is missing");
}

Status ReadSpecs(const Json& json, TableMetadata* m) {
  if (const Json* specs = Array(json, "partition-specs")) {
    for (const Json& item : *specs) {
      if (!item.is_object() || !item.contains("fields")) return Bad("a partition spec lacks its fields");
      PartitionSpec spec;
      ARROW_ASSIGN_OR_RAISE(int64_t id, Int(item, "spec-id"));
      spec.spec_id = static_cast<int>(id);
      ARROW_ASSIGN_OR_RAISE(spec.fields, SpecFieldsFromJson(item["fields"]));
      m->specs.push_back(std::move(spec));
    }
    m->default_spec_id = static_cast<int>(OptInt(json, "default-spec-id").value_or(0));
  } else if (const Json* fields = Array(json, "partition-spec")) {
    PartitionSpec spec;
    ARROW_ASSIGN_OR_RAISE(spec.fields, SpecFieldsFromJson(*fields));
    m->specs.push_back(std::move(spec));
  }
  int highest = 999;
  for (const auto& spec : m->specs) {
    for (const auto& f : spec.fields) highest = std::max(highest, f.field_id);
  }
  m->last_partition_id = static_cast<int>(OptInt(json, "last-partition-id").value_or(highest));
  return m->FindSpec(m->default_spec_id) ? Status::OK() : Bad("the default partition spec is missing");
}

Status ReadRefs(const Json& json, TableMetadata* m) {
  auto refs = json.find("refs");
  if (refs != json.end() && refs->is_object()) {
    for (const auto& [name, item] : refs->items()) {
      if (!item.is_object()) return Bad("a reference is no object");
      SnapshotRef ref;
      ARROW_ASSIGN_OR_RAISE(ref.snapshot_id, Int(item, "snapshot-id"));
      ARROW_ASSIGN_OR_RAISE(std::string type, Text(item, "type"));
      ref.is_branch = type == "branch";
      ref.max_ref_age_ms = OptInt(item, "max-ref-age-ms");
      ref.max_snapshot_age_ms = OptInt(item, "max-snapshot-age-ms");
      if (auto keep = OptInt(item, "min-snapshots-to-keep")) ref.min_snapshots_to_keep = static_cast<int>(*keep);
      m->refs[name] = ref;
    }
  }
  if (m->current_snapshot_id && !m->refs.contains("main")) m->refs["main"].snapshot_id = *m->current_snapshot_id;
  return Status::OK();
}

Status ReadLogs(const Json& json, TableMetadata* m) {
  if (const Json* log = Array(json, "snapshot-log")) {
    for (const Json& item : *log) {
      if (!item.is_object()) return Bad("an entry of 'snapshot-log' is no object");
      SnapshotLogEntry entry;
      ARROW_ASSIGN_OR_RAISE(entry.timestamp_ms, Int(item, "timestamp-ms"));
      ARROW_ASSIGN_OR_RAISE(entry.snapshot_id, Int(item, "snapshot-id"));
      m->snapshot_log.push_back(entry);
    }
  }
  if (const Json* log = Array(json, "metadata-log")) {
    for (const Json& item : *log) {
      if (!item.is_object()) return Bad("an entry of 'metadata-log' is no object");
      MetadataLogEntry entry;
      ARROW_ASSIGN_OR_RAISE(entry.timestamp_ms, Int(item, "timestamp-ms"));
      ARROW_ASSIGN_OR_RAISE(entry.file, Text(item, "metadata-file"));
      m->metadata_log.push_back(std::move(entry));
    }
  }
  return Status::OK();
}
}  // namespace

Result<std::vector<PartitionField>> SpecFieldsFromJson(const Json& json) {
  if (!json.is_array()) return Bad("a partition spec's fields are no array");
  std::vector<PartitionField> fields;
  for (const Json& item : json) {
    if (!item.is_object()) return Bad("a partition field is no object");
    PartitionField f;
    ARROW_ASSIGN_OR_RAISE(int64_t source, Int(item, "source-id"));
    ARROW_ASSIGN_OR_RAISE(f.name, Text(item, "name"));
    ARROW_ASSIGN_OR_RAISE(std::string transform, Text(item, "transform"));
    f.source_id = static_cast<int>(source);
    f.field_id = static_cast<int>(OptInt(item, "field-id").value_or(1000 + static_cast<int64_t>(fields.size())));
    f.transform = ParseTransform(transform);
    fields.push_back(std::move(f));
  }
  return fields;
}

Result<Snapshot> SnapshotFromJson(const Json& json) {
  if (!json.is_object()) return Bad("a snapshot is no object");
  Snapshot s;
  ARROW_ASSIGN_OR_RAISE(s.snapshot_id, Int(json, "snapshot-id"));
  ARROW_ASSIGN_OR_RAISE(s.timestamp_ms, Int(json, "timestamp-ms"));
  s.parent_id = OptInt(json, "parent-snapshot-id");
  if (s.parent_id && *s.parent_id == -1) s.parent_id.reset();
  s.sequence_number = OptInt(json, "sequence-number").value_or(0);
  if (auto id = OptInt(json, "schema-id")) s.schema_id = static_cast<int>(*id);
  ARROW_ASSIGN_OR_RAISE(s.summary, TextMap(json, "summary"));
  if (auto it = s.summary.find("operation"); it != s.summary.end()) {
    s.operation = it->second;
    s.summary.erase(it);
  }
  if (json.contains("manifest-list")) {
    ARROW_ASSIGN_OR_RAISE(s.manifest_list, Text(json, "manifest-list"));
  } else if (const Json* manifests = Array(json, "manifests")) {
    for (const Json& item : *manifests) {
      if (!item.is_string()) return Bad("a manifest path is no text");
      s.manifests.push_back(item.get<std::string>());
    }
  } else {
    return Bad("a snapshot lacks its manifest list");
  }
  s.json = Dump(json);
  return s;
}

Result<TableMetadata> ParseTableMetadata(std::string_view text) {
  int depth = 0, deepest = 0;
  for (char c : text) {
    if (c == '{' || c == '[') deepest = std::max(deepest, ++depth);
    if (c == '}' || c == ']') --depth;
  }
  if (deepest > 500) return Bad("nested too deeply");
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object())
    return Bad("not a JSON object: the file is cut short or not an Iceberg table's");
  TableMetadata m;
  ARROW_ASSIGN_OR_RAISE(int64_t version, Int(json, "format-version"));
  if (version < 1) return Bad("'format-version' is below 1");
  if (version > 2) return UnsupportedFeature(fmt::format("Iceberg format version {}", version));
  m.format_version = static_cast<int>(version);
  ARROW_ASSIGN_OR_RAISE(m.location, Text(json, "location"));
  while (m.location.size() > 1 && m.location.back() == '/') m.location.pop_back();
  if (json.contains("table-uuid") && json["table-uuid"].is_string())
    m.table_uuid = json["table-uuid"].get<std::string>();
  ARROW_ASSIGN_OR_RAISE(m.last_updated_ms, Int(json, "last-updated-ms"));
  m.last_sequence_number = OptInt(json, "last-sequence-number").value_or(0);
  ARROW_RETURN_NOT_OK(ReadSchemas(json, &m));
  ARROW_ASSIGN_OR_RAISE(int64_t last_column, Int(json, "last-column-id"));
  m.last_column_id = static_cast<int>(last_column);
  ARROW_RETURN_NOT_OK(ReadSpecs(json, &m));
  if (const Json* orders = Array(json, "sort-orders")) {
    for (const Json& item : *orders) {
      if (!item.is_object()) return Bad("a sort order is no object");
      const Json* fields = Array(item, "fields");
      m.sort_orders.push_back({static_cast<int>(OptInt(item, "order-id").value_or(0)), fields ? Dump(*fields) : "[]"});
    }
  }
  if (m.sort_orders.empty()) m.sort_orders.push_back({});
  m.default_sort_order_id = static_cast<int>(OptInt(json, "default-sort-order-id").value_or(0));
  ARROW_ASSIGN_OR_RAISE(m.properties, TextMap(json, "properties"));
  if (const Json* snapshots = Array(json, "snapshots")) {
    for (const Json& item : *snapshots) {
      ARROW_ASSIGN_OR_RAISE(Snapshot snapshot, SnapshotFromJson(item));
      m.snapshots.push_back(std::make_shared<const Snapshot>(std::move(snapshot)));
    }
  }
  m.current_snapshot_id = OptInt(json, "current-snapshot-id");
  if (m.current_snapshot_id && *m.current_snapshot_id == -1) m.current_snapshot_id.reset();
  if (m.current_snapshot_id && !m.current_snapshot()) return Bad("the current snapshot is missing");
  ARROW_RETURN_NOT_OK(ReadRefs(json, &m));
  ARROW_RETURN_NOT_OK(ReadLogs(json, &m));
  if (const Json* statistics = Array(json, "statistics")) m.statistics_json = Dump(*statistics);
  if (const Json* statistics = Array(json, "partition-statistics")) m.partition_statistics_json = Dump(*statistics);
  return m;
}

}  // namespace sluice::iceberg
