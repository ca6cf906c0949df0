#include "connectors/iceberg/schema.h"

#include <arrow/util/key_value_metadata.h>

#include <strings.h>

#include <nlohmann/json.hpp>

namespace sluice::iceberg {

using Json = nlohmann::json;

namespace {
constexpr int kMaxDepth = 50;
constexpr std::pair<const char*, TypeKind> kPrimitives[] = {{"boolean", TypeKind::kBoolean},
                                                            {"int", TypeKind::kInt},
                                                            {"long", TypeKind::kLong},
                                                            {"float", TypeKind::kFloat},
                                                            {"double", TypeKind::kDouble},
                                                            {"date", TypeKind::kDate},
                                                            {"time", TypeKind::kTime},
                                                            {"timestamp", TypeKind::kTimestamp},
                                                            {"timestamptz", TypeKind::kTimestampTz},
                                                            {"string", TypeKind::kString},
                                                            {"uuid", TypeKind::kUuid},
                                                            {"binary", TypeKind::kBinary}};

Status Bad(const std::string& what) { return Status::Invalid("Iceberg schema: ", what); }

Result<Field> FieldOf(const Json& json, const char* id_key, const char* type_key, std::string name, bool required,
                      int depth) {
  Field field;
  auto id = json.find(id_key);
  auto type = json.find(type_key);
  if (id == json.end() || !id->is_number_integer() || type == json.end()) return Bad("a field lacks its id or type");
  field.id = id->get<int>();
  field.name = std::move(name);
  field.required = required;
  ARROW_ASSIGN_OR_RAISE(field.type, TypeFromJson(*type, depth + 1));
  return field;
}

bool BoolOf(const Json& json, const char* key) {
  auto it = json.find(key);
  return it != json.end() && it->is_boolean() && it->get<bool>();
}

Result<std::vector<Field>> StructFields(const Json& json, int depth) {
  auto fields = json.find("fields");
  if (fields == json.end() || !fields->is_array()) return Bad("a struct lacks its fields");
  std::vector<Field> out;
  for (const Json& f : *fields) {
    if (!f.is_object() || !f.contains("name") || !f["name"].is_string()) return Bad("a field lacks its name");
    ARROW_ASSIGN_OR_RAISE(Field field,
                          FieldOf(f, "id", "type", f["name"].get<std::string>(), BoolOf(f, "required"), depth));
    if (auto doc = f.find("doc"); doc != f.end() && doc->is_string()) field.doc = doc->get<std::string>();
    for (const char* key : {"initial-default", "write-default"}) {
      if (f.contains(key) && !f[key].is_null()) return UnsupportedFeature("Iceberg default values of columns");
    }
    out.push_back(std::move(field));
  }
  return out;
}

Json FieldToJson(const Field& field) {
  Json out = {{"id", field.id}, {"name", field.name}, {"required", field.required}, {"type", TypeToJson(*field.type)}};
  if (field.doc) out["doc"] = *field.doc;
  return out;
}

const Field* FindIn(const std::vector<Field>& fields, int id) {
  for (const Field& field : fields) {
    if (field.id == id) return &field;
    if (const Field* inner = FindIn(field.type->fields, id)) return inner;
  }
  return nullptr;
}

bool PathIn(const std::vector<Field>& fields, int id, std::string* path) {
  for (const Field& field : fields) {
    size_t size = path->size();
    if (!path->empty()) *path += '.';
    *path += field.name;
    if (field.id == id || PathIn(field.type->fields, id, path)) return true;
    path->resize(size);
  }
  return false;
}

int HighestIn(const std::vector<Field>& fields) {
  int highest = 0;
  for (const Field& field : fields) highest = std::max({highest, field.id, HighestIn(field.type->fields)});
  return highest;
}

const Field* ByName(const std::vector<Field>& fields, const std::string& name) {
  const Field* found = nullptr;
  for (const Field& field : fields) {
    if (field.name == name) return &field;
    if (strcasecmp(field.name.c_str(), name.c_str()) == 0) found = found ? nullptr : &field;
  }
  return found;
}

Result<TypePtr> Convert(const DataType& type, int* next_id);

Result<std::vector<Field>> ConvertFields(const DataType& type, int* next_id) {
  std::vector<Field> out;
  for (const StructField& f : type.fields()) {
    out.push_back({.id = (*next_id)++, .name = f.name, .required = !f.nullable, .type = nullptr, .doc = f.comment()});
  }
  for (size_t i = 0; i < out.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(out[i].type, Convert(type.fields()[i].type, next_id));
  }
  return out;
}

Result<TypePtr> Convert(const DataType& type, int* next_id) {
  switch (type.id()) {
    case TypeId::kBoolean: return MakeType(TypeKind::kBoolean);
    case TypeId::kByte:
    case TypeId::kShort:
    case TypeId::kInteger: return MakeType(TypeKind::kInt);
    case TypeId::kLong: return MakeType(TypeKind::kLong);
    case TypeId::kFloat: return MakeType(TypeKind::kFloat);
    case TypeId::kDouble: return MakeType(TypeKind::kDouble);
    case TypeId::kDecimal: return DecimalType(type.precision(), type.scale());
    case TypeId::kString: return MakeType(TypeKind::kString);
    case TypeId::kBinary: return MakeType(TypeKind::kBinary);
    case TypeId::kDate: return MakeType(TypeKind::kDate);
    case TypeId::kTimestamp: return MakeType(TypeKind::kTimestampTz);
    case TypeId::kTimestampNtz: return MakeType(TypeKind::kTimestamp);
    case TypeId::kStruct: {
      ARROW_ASSIGN_OR_RAISE(auto fields, ConvertFields(type, next_id));
      return StructOf(std::move(fields));
    }
    case TypeId::kArray: {
      auto out = std::make_shared<Type>();
      out->kind = TypeKind::kList;
      out->fields.push_back(
          {.id = (*next_id)++, .name = "element", .required = !type.containsNull(), .type = nullptr, .doc = {}});
      ARROW_ASSIGN_OR_RAISE(out->fields[0].type, Convert(type.elementType(), next_id));
      return TypePtr(out);
    }
    case TypeId::kMap: {
      auto out = std::make_shared<Type>();
      out->kind = TypeKind::kMap;
      out->fields.push_back({.id = (*next_id)++, .name = "key", .required = true, .type = nullptr, .doc = {}});
      out->fields.push_back(
          {.id = (*next_id)++, .name = "value", .required = !type.containsNull(), .type = nullptr, .doc = {}});
      ARROW_ASSIGN_OR_RAISE(out->fields[0].type, Convert(type.keyType(), next_id));
      ARROW_ASSIGN_OR_RAISE(out->fields[1].type, Convert(type.valueType(), next_id));
      return TypePtr(out);
    }
    default: return UnsupportedFeature("The type " + type.sql() + " in an Iceberg table");
  }
}
}  // namespace

TypePtr MakeType(TypeKind kind) {
  auto type = std::make_shared<Type>();
  type->kind = kind;
  return type;
}

TypePtr DecimalType(int precision, int scale) {
  auto type = std::make_shared<Type>();
  type->kind = TypeKind::kDecimal;
  type->precision = precision;
  type->scale = scale;
  return type;
}

TypePtr StructOf(std::vector<Field> fields) {
  auto type = std::make_shared<Type>();
  type->kind = TypeKind::kStruct;
  type->fields = std::move(fields);
  return type;
}

std::string TypeText(const Type& type) {
  for (const auto& [name, kind] : kPrimitives) {
    if (kind == type.kind) return name;
  }
  if (type.kind == TypeKind::kDecimal) return fmt::format("decimal({}, {})", type.precision, type.scale);
  if (type.kind == TypeKind::kFixed) return fmt::format("fixed[{}]", type.length);
  std::string out = type.kind == TypeKind::kStruct ? "struct<" : type.kind == TypeKind::kList ? "list<" : "map<";
  for (size_t i = 0; i < type.fields.size(); ++i) {
    const Field& field = type.fields[i];
    if (i) out += ", ";
    if (type.kind == TypeKind::kStruct) {
      out += fmt::format("{}: {}: {} ", field.id, field.name, field.required ? "required" : "optional");
    }
    out += TypeText(*field.type);
  }
  return out + ">";
}

const Field* Schema::Find(int id) const { return FindIn(fields, id); }
const Field* Schema::FindByName(const std::string& name) const { return ByName(fields, name); }

const Field* Schema::FindPath(const std::vector<std::string>& path) const {
  const std::vector<Field>* at = &fields;
  const Field* found = nullptr;
  for (const std::string& part : path) {
    found = ByName(*at, part);
    if (!found) return nullptr;
    static const std::vector<Field> kNone;
    at = found->type->kind == TypeKind::kStruct ? &found->type->fields : &kNone;
  }
  return found;
}

std::optional<std::string> Schema::PathOf(int id) const {
  std::string path;
  if (PathIn(fields, id, &path)) return path;
  return std::nullopt;
}

int Schema::highest_id() const { return HighestIn(fields); }

Result<TypePtr> TypeFromJson(const Json& json, int depth) {
  if (depth > kMaxDepth) return Bad("nested too deeply");
  if (json.is_string()) {
    std::string text = json.get<std::string>();
    for (const auto& [name, kind] : kPrimitives) {
      if (text == name) return MakeType(kind);
    }
    int a = 0, b = 0;
    if (sscanf(text.c_str(), "decimal(%9d , %9d )", &a, &b) == 2 && a >= 1 && a <= 38 && b >= 0 && b <= a) {
      return DecimalType(a, b);
    }
    if (sscanf(text.c_str(), "fixed[%9d ]", &a) == 1 && a >= 0) {
      auto type = std::make_shared<Type>();
      type->kind = TypeKind::kFixed;
      type->length = a;
      return TypePtr(type);
    }
    for (const char* v3 : {"timestamp_ns", "timestamptz_ns", "variant", "geometry", "geography", "unknown"}) {
      if (text.rfind(v3, 0) == 0) return UnsupportedFeature("The Iceberg type " + text);
    }
    return Bad("unknown type '" + text + "'");
  }
  if (!json.is_object()) return Bad("a type must be text or an object");
  auto kind = json.find("type");
  if (kind == json.end() || !kind->is_string()) return Bad("a type lacks its name");
  auto type = std::make_shared<Type>();
  if (*kind == "struct") {
    ARROW_ASSIGN_OR_RAISE(auto fields, StructFields(json, depth));
    return StructOf(std::move(fields));
  }
  if (*kind == "list") {
    type->kind = TypeKind::kList;
    ARROW_ASSIGN_OR_RAISE(Field element,
                          FieldOf(json, "element-id", "element", "element", BoolOf(json, "element-required"), depth));
    type->fields = {std::move(element)};
    return TypePtr(type);
  }
  if (*kind == "map") {
    type->kind = TypeKind::kMap;
    ARROW_ASSIGN_OR_RAISE(Field key, FieldOf(json, "key-id", "key", "key", true, depth));
    ARROW_ASSIGN_OR_RAISE(Field value,
                          FieldOf(json, "value-id", "value", "value", BoolOf(json, "value-required"), depth));
    type->fields = {std::move(key), std::move(value)};
    return TypePtr(type);
  }
  return Bad("unknown type '" + kind->get<std::string>() + "'");
}

Json TypeToJson(const Type& type) {
  switch (type.kind) {
    case TypeKind::kStruct: {
      Json fields = Json::array();
      for (const Field& field : type.fields) fields.push_back(FieldToJson(field));
      return {{"type", "struct"}, {"fields", std::move(fields)}};
    }
    case TypeKind::kList: {
      const Field& e = type.fields[0];
      return {
          {"type", "list"}, {"element-id", e.id}, {"element", TypeToJson(*e.type)}, {"element-required", e.required}};
    }
    case TypeKind::kMap: {
      const Field &k = type.fields[0], &v = type.fields[1];
      return {{"type", "map"},
              {"key-id", k.id},
              {"key", TypeToJson(*k.type)},
              {"value-id", v.id},
              {"value", TypeToJson(*v.type)},
              {"value-required", v.required}};
    }
    default: return TypeText(type);
  }
}

Result<Schema> SchemaFromJson(const Json& json) {
  if (!json.is_object()) return Bad("expected an object");
  Schema schema;
  ARROW_ASSIGN_OR_RAISE(schema.fields, StructFields(json, 0));
  schema.schema_id =
      json.contains("schema-id") && json["schema-id"].is_number_integer() ? json["schema-id"].get<int>() : 0;
  if (auto ids = json.find("identifier-field-ids"); ids != json.end() && ids->is_array()) {
    for (const Json& id : *ids) {
      if (id.is_number_integer()) schema.identifier_field_ids.push_back(id.get<int>());
    }
  }
  return schema;
}

Json SchemaToJson(const Schema& schema) {
  Json out = TypeToJson(*StructOf(schema.fields));
  out["schema-id"] = schema.schema_id;
  if (!schema.identifier_field_ids.empty()) out["identifier-field-ids"] = schema.identifier_field_ids;
  return out;
}

Result<DataType> ToSparkType(const Type& type) {
  switch (type.kind) {
    case TypeKind::kBoolean: return DataType::Boolean();
    case TypeKind::kInt: return DataType::Integer();
    case TypeKind::kLong: return DataType::Long();
    case TypeKind::kFloat: return DataType::Float();
    case TypeKind::kDouble: return DataType::Double();
    case TypeKind::kDecimal: return DataType::Decimal(type.precision, type.scale);
    case TypeKind::kDate: return DataType::Date();
    case TypeKind::kTime: return UnsupportedFeature("The Iceberg type time");
    case TypeKind::kTimestamp: return DataType::TimestampNtz();
    case TypeKind::kTimestampTz: return DataType::Timestamp();
    case TypeKind::kString:
    case TypeKind::kUuid: return DataType::String();
    case TypeKind::kFixed:
    case TypeKind::kBinary: return DataType::Binary();
    case TypeKind::kStruct: {
      std::vector<StructField> fields;
      for (const Field& f : type.fields) {
        ARROW_ASSIGN_OR_RAISE(auto child, ToSparkType(*f.type));
        std::string metadata =
            f.doc ? Json{{"comment", *f.doc}}.dump(-1, ' ', false, Json::error_handler_t::replace) : "";
        fields.push_back({f.name, std::move(child), !f.required, std::move(metadata)});
      }
      return DataType::Struct(std::move(fields));
    }
    case TypeKind::kList: {
      ARROW_ASSIGN_OR_RAISE(auto element, ToSparkType(*type.fields[0].type));
      return DataType::Array(std::move(element), !type.fields[0].required);
    }
    case TypeKind::kMap: {
      ARROW_ASSIGN_OR_RAISE(auto key, ToSparkType(*type.fields[0].type));
      ARROW_ASSIGN_OR_RAISE(auto value, ToSparkType(*type.fields[1].type));
      return DataType::Map(std::move(key), std::move(value), !type.fields[1].required);
    }
  }
  return Bad("unknown type");
}

Result<DataType> ToSparkSchema(const Schema& schema) { return ToSparkType(*StructOf(schema.fields)); }

Result<Schema> FromSparkSchema(const DataType& schema) {
  Schema out;
  int next_id = 1;
  ARROW_ASSIGN_OR_RAISE(out.fields, ConvertFields(schema, &next_id));
  return out;
}

Result<std::shared_ptr<arrow::DataType>> ToArrow(const Type& type) {
  switch (type.kind) {
    case TypeKind::kBoolean: return arrow::boolean();
    case TypeKind::kInt: return arrow::int32();
    case TypeKind::kLong: return arrow::int64();
    case TypeKind::kFloat: return arrow::float32();
    case TypeKind::kDouble: return arrow::float64();
    case TypeKind::kDecimal: return arrow::decimal128(type.precision, type.scale);
    case TypeKind::kDate: return arrow::date32();
    case TypeKind::kTime: return arrow::time64(arrow::TimeUnit::MICRO);
    case TypeKind::kTimestamp: return arrow::timestamp(arrow::TimeUnit::MICRO);
    case TypeKind::kTimestampTz: return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    case TypeKind::kString:
    case TypeKind::kUuid: return arrow::utf8();
    case TypeKind::kFixed:
    case TypeKind::kBinary: return arrow::binary();
    case TypeKind::kStruct: {
      std::vector<std::shared_ptr<arrow::Field>> fields;
      for (const Field& f : type.fields) {
        ARROW_ASSIGN_OR_RAISE(auto field, ToArrowField(f));
        fields.push_back(std::move(field));
      }
      return arrow::struct_(std::move(fields));
    }
    case TypeKind::kList: {
      ARROW_ASSIGN_OR_RAISE(auto element, ToArrowField(type.fields[0]));
      return arrow::list(std::move(element));
    }
    case TypeKind::kMap: {
      ARROW_ASSIGN_OR_RAISE(auto key, ToArrowField(type.fields[0]));
      ARROW_ASSIGN_OR_RAISE(auto value, ToArrowField(type.fields[1]));
      return std::make_shared<arrow::MapType>(key->WithNullable(false), value);
    }
  }
  return Bad("unknown type");
}

Result<std::shared_ptr<arrow::Field>> ToArrowField(const Field& field) {
  ARROW_ASSIGN_OR_RAISE(auto type, ToArrow(*field.type));
  auto metadata = arrow::key_value_metadata({{"PARQUET:field_id", std::to_string(field.id)}});
  return arrow::field(field.name, std::move(type), !field.required, std::move(metadata));
}

Result<std::shared_ptr<arrow::Schema>> ToArrowSchema(const std::vector<Field>& fields) {
  ARROW_ASSIGN_OR_RAISE(auto type, ToArrow(*StructOf(fields)));
  return arrow::schema(type->fields());
}

namespace {
Result<TypePtr> SelectType(const TypePtr& type, const DataType& wanted) {
  if (!type->nested()) return type;
  auto out = std::make_shared<Type>(*type);
  if (type->kind == TypeKind::kStruct) {
    ARROW_ASSIGN_OR_RAISE(out->fields, SelectFields(type->fields, wanted));
  } else if (type->kind == TypeKind::kList && wanted.id() == TypeId::kArray) {
    ARROW_ASSIGN_OR_RAISE(out->fields[0].type, SelectType(type->fields[0].type, wanted.elementType()));
  } else if (type->kind == TypeKind::kMap && wanted.id() == TypeId::kMap) {
    ARROW_ASSIGN_OR_RAISE(out->fields[0].type, SelectType(type->fields[0].type, wanted.keyType()));
    ARROW_ASSIGN_OR_RAISE(out->fields[1].type, SelectType(type->fields[1].type, wanted.valueType()));
  }
  return TypePtr(out);
}
}  // namespace

Result<std::vector<Field>> SelectFields(const std::vector<Field>& fields, const DataType& wanted) {
  std::vector<Field> out;
  for (const StructField& want : wanted.fields()) {
    const Field* field = ByName(fields, want.name);
    if (!field)
      return MakeError("INTERNAL_ERROR", {{"message", "the table has no column " + QuoteIdentifier(want.name)}});
    Field copy = *field;
    copy.name = want.name;
    ARROW_ASSIGN_OR_RAISE(copy.type, SelectType(field->type, want.type));
    out.push_back(std::move(copy));
  }
  return out;
}

}  // namespace sluice::iceberg
