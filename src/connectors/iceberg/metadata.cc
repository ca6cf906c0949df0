#include "connectors/iceberg/metadata.h"

#include <nlohmann/json.hpp>
#include <random>

#include "base/clock.h"

namespace sluice::iceberg {

using Json = nlohmann::json;

namespace {
std::mt19937_64& Random() {
  static thread_local std::mt19937_64 random{(static_cast<uint64_t>(std::random_device{}()) << 32) ^
                                             std::random_device{}()};
  return random;
}
}  // namespace

std::string RandomUuid() {
  uint64_t a = (Random()() & ~0xF000ull) | 0x4000ull;
  uint64_t b = (Random()() & ~(3ull << 62)) | (2ull << 62);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", a >> 32, a >> 16 & 0xFFFF, a & 0xFFFF, b >> 48,
                     b & 0xFFFFFFFFFFFFull);
}

int64_t RandomSnapshotId() { return static_cast<int64_t>(Random()() & INT64_MAX) | 1; }

bool PartitionSpec::unpartitioned() const {
  for (const auto& field : fields) {
    if (field.transform.kind != TransformKind::kVoid) return false;
  }
  return true;
}

const Schema* TableMetadata::FindSchema(int id) const {
  for (const auto& schema : schemas) {
    if (schema->schema_id == id) return schema.get();
  }
  return nullptr;
}
const Schema& TableMetadata::schema() const { return *FindSchema(current_schema_id); }
const PartitionSpec* TableMetadata::FindSpec(int id) const {
  for (const auto& spec : specs) {
    if (spec.spec_id == id) return &spec;
  }
  return nullptr;
}
const PartitionSpec& TableMetadata::spec() const { return *FindSpec(default_spec_id); }
SnapshotPtr TableMetadata::FindSnapshot(int64_t id) const {
  for (auto it = snapshots.rbegin(); it != snapshots.rend(); ++it) {  // most look for a recent one
    if ((*it)->snapshot_id == id) return *it;
  }
  return nullptr;
}
SnapshotPtr TableMetadata::current_snapshot() const {
  return current_snapshot_id ? FindSnapshot(*current_snapshot_id) : nullptr;
}

std::string TableMetadata::Property(const std::string& key, const std::string& otherwise) const {
  auto it = properties.find(key);
  return it == properties.end() ? otherwise : it->second;
}
int64_t TableMetadata::IntProperty(const std::string& key, int64_t otherwise) const {
  auto it = properties.find(key);
  if (it == properties.end()) return otherwise;
  char* end = nullptr;
  long long v = std::strtoll(it->second.c_str(), &end, 10);
  return end && *end == 0 && end != it->second.c_str() ? v : otherwise;
}
bool TableMetadata::BoolProperty(const std::string& key, bool otherwise) const {
  auto it = properties.find(key);
  return it == properties.end() ? otherwise : it->second == "true" || it->second == "TRUE" || it->second == "True";
}

Result<TypePtr> PartitionType(const PartitionSpec& spec, const Schema& schema) {
  std::vector<Field> fields;
  for (const PartitionField& f : spec.fields) {
    const Field* source = schema.Find(f.source_id);
    TypePtr type = MakeType(TypeKind::kString);  // of a dropped column
    if (source) {
      ARROW_ASSIGN_OR_RAISE(type, TransformResult(f.transform, source->type));
    } else if (f.transform.kind == TransformKind::kDay) {
      type = MakeType(TypeKind::kDate);
    } else if (f.transform.kind != TransformKind::kIdentity && f.transform.kind != TransformKind::kVoid &&
               f.transform.kind != TransformKind::kTruncate) {
      type = MakeType(TypeKind::kInt);
    }
    fields.push_back({.id = f.field_id, .name = f.name, .required = false, .type = std::move(type), .doc = {}});
  }
  return StructOf(std::move(fields));
}

Json SpecToJson(const PartitionSpec& spec) {
  Json fields = Json::array();
  for (const PartitionField& f : spec.fields) {
    fields.push_back({{"name", f.name},
                      {"transform", TransformText(f.transform)},
                      {"source-id", f.source_id},
                      {"field-id", f.field_id}});
  }
  return fields;
}

void RenderSnapshot(Snapshot* s) {
  Json summary = s->summary;
  summary["operation"] = s->operation;
  Json out = {{"snapshot-id", s->snapshot_id}, {"timestamp-ms", s->timestamp_ms}, {"summary", std::move(summary)}};
  if (s->sequence_number > 0) out["sequence-number"] = s->sequence_number;
  if (s->parent_id) out["parent-snapshot-id"] = *s->parent_id;
  if (s->schema_id) out["schema-id"] = *s->schema_id;
  if (s->manifest_list.empty()) {
    out["manifests"] = s->manifests;
  } else {
    out["manifest-list"] = s->manifest_list;
  }
  s->json = out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string RenderTableMetadata(const TableMetadata& m) {
  auto text = [](const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); };
  Json schemas = Json::array(), specs = Json::array(), refs = Json::object(), metadata_log = Json::array();
  for (const auto& schema : m.schemas) schemas.push_back(SchemaToJson(*schema));
  for (const auto& spec : m.specs) specs.push_back({{"spec-id", spec.spec_id}, {"fields", SpecToJson(spec)}});
  for (const auto& [name, ref] : m.refs) {
    Json out = {{"snapshot-id", ref.snapshot_id}, {"type", ref.is_branch ? "branch" : "tag"}};
    if (ref.max_ref_age_ms) out["max-ref-age-ms"] = *ref.max_ref_age_ms;
    if (ref.max_snapshot_age_ms) out["max-snapshot-age-ms"] = *ref.max_snapshot_age_ms;
    if (ref.min_snapshots_to_keep) out["min-snapshots-to-keep"] = *ref.min_snapshots_to_keep;
    refs[name] = std::move(out);
  }
  for (const auto& entry : m.metadata_log) {
    metadata_log.push_back({{"timestamp-ms", entry.timestamp_ms}, {"metadata-file", entry.file}});
  }
  std::string out = fmt::format(
      R"({{"format-version":{},"table-uuid":{},"location":{},"last-sequence-number":{},"last-updated-ms":{},)"
      R"("last-column-id":{},"current-schema-id":{},"schemas":{},"default-spec-id":{},"partition-specs":{},)"
      R"("last-partition-id":{},"default-sort-order-id":{},"sort-orders":[)",
      m.format_version, text(m.table_uuid), text(m.location), m.last_sequence_number, m.last_updated_ms,
      m.last_column_id, m.current_schema_id, text(schemas), m.default_spec_id, text(specs), m.last_partition_id,
      m.default_sort_order_id);
  for (size_t i = 0; i < m.sort_orders.size(); ++i) {
    if (i) out += ',';
    out += fmt::format(R"({{"order-id":{},"fields":{}}})", m.sort_orders[i].order_id, m.sort_orders[i].fields_json);
  }
  out += fmt::format(R"(],"properties":{},"current-snapshot-id":{},"refs":{},"snapshots":[)", text(m.properties),
                     m.current_snapshot_id.value_or(-1), text(refs));
  for (size_t i = 0; i < m.snapshots.size(); ++i) {
    if (i) out += ',';
    out += m.snapshots[i]->json;
  }
  out += fmt::format(R"(],"statistics":{},"partition-statistics":{},"snapshot-log":[)", m.statistics_json,
                     m.partition_statistics_json);
  for (size_t i = 0; i < m.snapshot_log.size(); ++i) {
    fmt::format_to(std::back_inserter(out), R"({}{{"timestamp-ms":{},"snapshot-id":{}}})", i ? "," : "",
                   m.snapshot_log[i].timestamp_ms, m.snapshot_log[i].snapshot_id);
  }
  out += R"(],"metadata-log":)" + text(metadata_log) + "}";
  return out;
}

Result<TableMetadata> NewTableMetadata(Schema schema, PartitionSpec spec, std::string location, Properties properties) {
  TableMetadata m;
  if (auto it = properties.find("format-version"); it != properties.end()) {
    if (it->second == "1" || it->second == "3" || it->second == "4") {
      return UnsupportedFeature("Creating an Iceberg table of format version " + it->second);
    }
    if (it->second != "2") return Status::Invalid("Iceberg: format-version must be 2, not '", it->second, "'");
    properties.erase(it);
  }
  while (location.size() > 1 && location.back() == '/') location.pop_back();
  m.table_uuid = RandomUuid();
  m.location = std::move(location);
  m.last_updated_ms = NowMs();
  m.last_column_id = schema.highest_id();
  m.current_schema_id = schema.schema_id;
  for (const PartitionField& f : spec.fields) m.last_partition_id = std::max(m.last_partition_id, f.field_id);
  m.default_spec_id = spec.spec_id;
  m.schemas = {std::make_shared<const Schema>(std::move(schema))};
  m.specs = {std::move(spec)};
  m.sort_orders = {{}};
  m.properties = std::move(properties);
  ARROW_RETURN_NOT_OK(PartitionType(m.specs[0], m.schema()).status());
  return m;
}

TableMetadata WithSnapshot(const TableMetadata& metadata, Snapshot snapshot, const std::string& branch) {
  TableMetadata m = metadata;
  m.last_sequence_number = std::max(m.last_sequence_number, snapshot.sequence_number);
  m.last_updated_ms = std::max(m.last_updated_ms, snapshot.timestamp_ms);
  if (!branch.empty()) m.refs[branch].snapshot_id = snapshot.snapshot_id;
  if (branch == "main") {
    m.current_snapshot_id = snapshot.snapshot_id;
    m.snapshot_log.push_back({snapshot.timestamp_ms, snapshot.snapshot_id});
  }
  RenderSnapshot(&snapshot);
  m.snapshots.push_back(std::make_shared<const Snapshot>(std::move(snapshot)));
  return m;
}

}  // namespace sluice::iceberg
