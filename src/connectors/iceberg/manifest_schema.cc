#include "connectors/iceberg/manifest_schema.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

namespace sluice::iceberg {

using Json = nlohmann::ordered_json;

namespace {
Field Required(int id, const char* name, TypePtr type, const char* doc = nullptr) {
  return {.id = id,
          .name = name,
          .required = true,
          .type = std::move(type),
          .doc = doc ? std::optional<std::string>(doc) : std::nullopt};
}
Field Optional(int id, const char* name, TypePtr type, const char* doc = nullptr) {
  Field field = Required(id, name, std::move(type), doc);
  field.required = false;
  return field;
}
TypePtr Int() { return MakeType(TypeKind::kInt); }
TypePtr Long() { return MakeType(TypeKind::kLong); }
TypePtr Text() { return MakeType(TypeKind::kString); }
TypePtr Bytes() { return MakeType(TypeKind::kBinary); }
TypePtr Bool() { return MakeType(TypeKind::kBoolean); }
TypePtr MapOf(int key_id, int value_id, TypePtr value) {
  auto type = std::make_shared<Type>();
  type->kind = TypeKind::kMap;
  type->fields = {Required(key_id, "key", Int()), Required(value_id, "value", std::move(value))};
  return type;
}
TypePtr ListOf(int id, TypePtr element) {
  auto type = std::make_shared<Type>();
  type->kind = TypeKind::kList;
  type->fields = {Required(id, "element", std::move(element))};
  return type;
}

/// Avro names allow letters, digits and '_': others are written _xHH, as Iceberg's Java library does.
std::string AvroName(const std::string& name) {
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    auto c = static_cast<unsigned char>(name[i]);
    if (std::isalpha(c) || c == '_' || (i && std::isdigit(c))) {
      out += name[i];
    } else if (std::isdigit(c)) {
      out += '_';
      out += name[i];
    } else {
      out += fmt::format("_x{:X}", c);
    }
  }
  return out.empty() ? "_" : out;
}

Json AvroType(const Type& type, const std::string& name);

Json AvroFields(const std::vector<Field>& fields) {
  Json out = Json::array();
  for (const Field& field : fields) {
    Json type = AvroType(*field.type, "r" + std::to_string(field.id));
    Json item = {{"name", AvroName(field.name)}};
    if (AvroName(field.name) != field.name) item["iceberg-field-name"] = field.name;
    item["type"] = field.required ? type : Json::array({"null", type});
    if (field.doc) item["doc"] = *field.doc;
    if (!field.required) item["default"] = nullptr;
    item["field-id"] = field.id;
    out.push_back(std::move(item));
  }
  return out;
}

Json AvroType(const Type& type, const std::string& name) {
  switch (type.kind) {
    case TypeKind::kBoolean: return "boolean";
    case TypeKind::kInt: return "int";
    case TypeKind::kLong: return "long";
    case TypeKind::kFloat: return "float";
    case TypeKind::kDouble: return "double";
    case TypeKind::kString: return "string";
    case TypeKind::kBinary: return "bytes";
    case TypeKind::kDate: return {{"type", "int"}, {"logicalType", "date"}};
    case TypeKind::kTime: return {{"type", "long"}, {"logicalType", "time-micros"}};
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampTz:
      return {{"type", "long"},
              {"logicalType", "timestamp-micros"},
              {"adjust-to-utc", type.kind == TypeKind::kTimestampTz}};
    case TypeKind::kUuid: return {{"type", "fixed"}, {"name", "uuid_fixed"}, {"size", 16}, {"logicalType", "uuid"}};
    case TypeKind::kFixed:
      return {{"type", "fixed"}, {"name", fmt::format("fixed_{}", type.length)}, {"size", type.length}};
    case TypeKind::kDecimal: {
      int size = 1;
      for (double limit = 128; size < 16 && limit <= std::pow(10.0, type.precision); limit *= 256) ++size;
      return {{"type", "fixed"},
              {"name", fmt::format("decimal_{}_{}", type.precision, type.scale)},
              {"size", size},
              {"logicalType", "decimal"},
              {"precision", type.precision},
              {"scale", type.scale}};
    }
    case TypeKind::kStruct: return {{"type", "record"}, {"name", name}, {"fields", AvroFields(type.fields)}};
    case TypeKind::kList:
      return {{"type", "array"},
              {"items", AvroType(*type.fields[0].type, "r" + std::to_string(type.fields[0].id))},
              {"element-id", type.fields[0].id}};
    case TypeKind::kMap: {
      Json record = {{"type", "record"},
                     {"name", fmt::format("k{}_v{}", type.fields[0].id, type.fields[1].id)},
                     {"fields", AvroFields(type.fields)}};
      return {{"type", "array"}, {"items", std::move(record)}, {"logicalType", "map"}};
    }
  }
  return "null";
}

/// A named Avro type may be declared once only: repeated fixed types are replaced by their name.
void DedupeNames(Json* json, std::set<std::string>* seen) {
  if (json->is_object() && json->contains("type") && (*json)["type"] == "fixed") {
    std::string name = (*json)["name"].get<std::string>();
    if (!seen->insert(name).second) *json = name;
    return;
  }
  if (!json->is_structured()) return;
  for (auto& item : *json) DedupeNames(&item, seen);
}
}  // namespace

Schema ManifestEntrySchema(const TypePtr& partition_type) {
  TypePtr file = StructOf({
      Required(134, "content", Int(), "Contents of the file: 0=data, 1=position deletes, 2=equality deletes"),
      Required(100, "file_path", Text(), "Location URI with FS scheme"),
      Required(101, "file_format", Text(), "File format name: avro, orc, or parquet"),
      Required(102, "partition", partition_type, "Partition data tuple, schema based on the partition spec"),
      Required(103, "record_count", Long(), "Number of records in the file"),
      Required(104, "file_size_in_bytes", Long(), "Total file size in bytes"),
      Optional(108, "column_sizes", MapOf(117, 118, Long()), "Map of column id to total size on disk"),
      Optional(109, "value_counts", MapOf(119, 120, Long()), "Map of column id to total count, including null and NaN"),
      Optional(110, "null_value_counts", MapOf(121, 122, Long()), "Map of column id to null value count"),
      Optional(137, "nan_value_counts", MapOf(138, 139, Long()),
               "Map of column id to number of NaN values in the column"),
      Optional(125, "lower_bounds", MapOf(126, 127, Bytes()), "Map of column id to lower bound"),
      Optional(128, "upper_bounds", MapOf(129, 130, Bytes()), "Map of column id to upper bound"),
      Optional(131, "key_metadata", Bytes(), "Encryption key metadata blob"),
      Optional(132, "split_offsets", ListOf(133, Long()), "Splittable offsets"),
      Optional(135, "equality_ids", ListOf(136, Int()), "Equality comparison field IDs"),
      Optional(140, "sort_order_id", Int(), "Sort order ID"),
      Optional(143, "referenced_data_file", Text(),
               "Fully qualified location (URI with FS scheme) of a data file that all deletes reference"),
  });
  Schema schema;
  schema.fields = {Required(0, "status", Int()), Optional(1, "snapshot_id", Long()),
                   Optional(3, "sequence_number", Long()), Optional(4, "file_sequence_number", Long()),
                   Required(2, "data_file", file)};
  return schema;
}

Schema ManifestFileSchema() {
  TypePtr summary = StructOf({
      Required(509, "contains_null", Bool(), "True if any file has a null partition value"),
      Optional(518, "contains_nan", Bool(), "True if any file has a nan partition value"),
      Optional(510, "lower_bound", Bytes(), "Partition lower bound for all files"),
      Optional(511, "upper_bound", Bytes(), "Partition upper bound for all files"),
  });
  Schema schema;
  schema.fields = {
      Required(500, "manifest_path", Text(), "Location URI with FS scheme"),
      Required(501, "manifest_length", Long(), "Total file size in bytes"),
      Required(502, "partition_spec_id", Int(), "Spec ID used to write"),
      Required(517, "content", Int(), "Contents of the manifest: 0=data, 1=deletes"),
      Required(515, "sequence_number", Long(), "Sequence number when the manifest was added"),
      Required(516, "min_sequence_number", Long(), "Lowest sequence number in the manifest"),
      Required(503, "added_snapshot_id", Long(), "Snapshot ID that added the manifest"),
      Required(504, "added_files_count", Int(), "Added entry count"),
      Required(505, "existing_files_count", Int(), "Existing entry count"),
      Required(506, "deleted_files_count", Int(), "Deleted entry count"),
      Required(512, "added_rows_count", Long(), "Added rows count"),
      Required(513, "existing_rows_count", Long(), "Existing rows count"),
      Required(514, "deleted_rows_count", Long(), "Deleted rows count"),
      Optional(507, "partitions", ListOf(508, summary), "Summary for each partition"),
      Optional(519, "key_metadata", Bytes(), "Encryption key metadata blob"),
  };
  return schema;
}

std::string ToAvroSchema(const Schema& schema, const std::string& record_name) {
  Json out = {{"type", "record"}, {"name", record_name}, {"fields", AvroFields(schema.fields)}};
  // data_file is called r2 and partition r102, from their field ids.
  std::set<std::string> seen;
  DedupeNames(&out, &seen);
  return out.dump();
}

}  // namespace sluice::iceberg
