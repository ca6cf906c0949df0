#include "sluice/types.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "types/ddl.h"

namespace sluice {

struct DataType::Children {
  DataType first, second;  // element; key and value
  std::vector<StructField> fields;
};

namespace {

constexpr const char* kTypeNames[] = {
    "void",   "boolean", "byte",      "short",         "integer", "long", "float",    "double", "decimal", "string",
    "binary", "date",    "timestamp", "timestamp_ntz", "",        "",     "interval", "array",  "map",     "struct"};
constexpr const char* kDayTimeFields[] = {"day", "hour", "minute", "second"};
constexpr const char* kYearMonthFields[] = {"year", "month"};

std::string Upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return text;
}

std::string JsonString(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool NeedsQuotes(std::string_view name) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (name.empty() || !letter(name[0])) return true;
  for (char c : name) {
    if (!letter(c) && !(c >= '0' && c <= '9')) return true;
  }
  return false;
}

std::string QuoteIfNeeded(std::string_view name) {
  return NeedsQuotes(name) ? QuoteIdentifier(name) : std::string(name);
}

/// " NOT NULL COMMENT 'x'" of a column, as Spark's StructField.sql and toDDL end.
std::string FieldSuffix(const StructField& field) {
  std::string out = field.nullable ? "" : " NOT NULL";
  if (auto comment = field.comment()) {
    out += " COMMENT '";
    for (char c : *comment) {
      if (c == '\'' || c == '\\') out += '\\';
      out += c;
    }
    out += '\'';
  }
  return out;
}

void AppendTree(const DataType& type, const std::string& prefix, std::string* out);

void AppendNode(const std::string& prefix, std::string_view name, const DataType& type, const std::string& note,
                std::string* out) {
  *out += prefix + "-- " + std::string(name) + ": " + type.typeName() + note + "\n";
  AppendTree(type, prefix + "    |", out);
}

const char* TrueFalse(bool value) { return value ? "true" : "false"; }

void AppendTree(const DataType& type, const std::string& prefix, std::string* out) {
  switch (type.id()) {
    case TypeId::kArray:
      AppendNode(prefix, "element", type.elementType(),
                 std::string(" (containsNull = ") + TrueFalse(type.containsNull()) + ")", out);
      break;
    case TypeId::kMap:
      AppendNode(prefix, "key", type.keyType(), "", out);
      AppendNode(prefix, "value", type.valueType(),
                 std::string(" (valueContainsNull = ") + TrueFalse(type.containsNull()) + ")", out);
      break;
    case TypeId::kStruct:
      for (const StructField& field : type.fields()) {
        AppendNode(prefix, field.name, field.type, std::string(" (nullable = ") + TrueFalse(field.nullable) + ")", out);
      }
      break;
    default: break;
  }
}

}  // namespace

DataType DataType::Decimal(int precision, int scale) {
  DataType type(TypeId::kDecimal);
  type.a_ = static_cast<uint8_t>(precision);
  type.b_ = static_cast<uint8_t>(scale);
  return type;
}

DataType DataType::DayTimeInterval(IntervalField from, IntervalField to) {
  DataType type(TypeId::kDayTimeInterval);
  type.a_ = static_cast<uint8_t>(from);
  type.b_ = static_cast<uint8_t>(to);
  return type;
}

DataType DataType::YearMonthInterval(IntervalField from, IntervalField to) {
  DataType type(TypeId::kYearMonthInterval);
  type.a_ = static_cast<uint8_t>(from);
  type.b_ = static_cast<uint8_t>(to);
  return type;
}

DataType DataType::Array(DataType element, bool contains_null) {
  DataType type(TypeId::kArray);
  type.flag_ = contains_null;
  type.children_ = std::make_shared<Children>(Children{std::move(element), {}, {}});
  return type;
}

DataType DataType::Map(DataType key, DataType value, bool value_contains_null) {
  DataType type(TypeId::kMap);
  type.flag_ = value_contains_null;
  type.children_ = std::make_shared<Children>(Children{std::move(key), std::move(value), {}});
  return type;
}

DataType DataType::Struct(std::vector<StructField> fields) {
  DataType type(TypeId::kStruct);
  type.children_ = std::make_shared<Children>(Children{{}, {}, std::move(fields)});
  return type;
}

DataType DataType::fromDDL(std::string_view ddl) {
  // As Spark: a type first, then a list of columns; the second reading's complaint tells more about "a INT, b STRIN".
  auto type = ParseDataType(ddl);
  if (type.ok()) return *type;
  auto schema = ParseSchema(ddl);
  if (schema.ok()) return *schema;
  bool columns = ddl.find(' ') != std::string_view::npos;
  Throw(columns ? schema.status() : type.status());
}

namespace {
const DataType kVoidType;
}

const DataType& DataType::elementType() const { return children_ ? children_->first : kVoidType; }
const DataType& DataType::keyType() const { return children_ ? children_->first : kVoidType; }
const DataType& DataType::valueType() const { return children_ ? children_->second : kVoidType; }

const std::vector<StructField>& DataType::fields() const {
  static const std::vector<StructField> none;
  return children_ ? children_->fields : none;
}

std::string DataType::typeName() const {
  switch (id_) {
    case TypeId::kDecimal: return "decimal(" + std::to_string(a_) + "," + std::to_string(b_) + ")";
    case TypeId::kDayTimeInterval:
    case TypeId::kYearMonthInterval: {
      const char* const* names = id_ == TypeId::kDayTimeInterval ? kDayTimeFields : kYearMonthFields;
      return std::string("interval ") + names[a_] + (a_ == b_ ? "" : std::string(" to ") + names[b_]);
    }
    default: return kTypeNames[static_cast<int>(id_)];
  }
}

std::string DataType::simpleString() const {
  switch (id_) {
    case TypeId::kByte: return "tinyint";
    case TypeId::kShort: return "smallint";
    case TypeId::kInteger: return "int";
    case TypeId::kLong: return "bigint";
    case TypeId::kArray: return "array<" + elementType().simpleString() + ">";
    case TypeId::kMap: return "map<" + keyType().simpleString() + "," + valueType().simpleString() + ">";
    case TypeId::kStruct: {
      std::string out = "struct<";
      for (size_t i = 0; i < fields().size(); ++i) {
        out += (i ? "," : "") + fields()[i].name + ":" + fields()[i].type.simpleString();
      }
      return out + ">";
    }
    default: return typeName();
  }
}

std::string DataType::sql() const {
  switch (id_) {
    case TypeId::kArray: return "ARRAY<" + elementType().sql() + ">";
    case TypeId::kMap: return "MAP<" + keyType().sql() + ", " + valueType().sql() + ">";
    case TypeId::kStruct: {
      std::string out = "STRUCT<";
      for (size_t i = 0; i < fields().size(); ++i) {
        const StructField& field = fields()[i];
        out += (i ? ", " : "") + QuoteIfNeeded(field.name) + ": " + field.type.sql() + FieldSuffix(field);
      }
      return out + ">";
    }
    default: return Upper(simpleString());
  }
}

std::string DataType::toDDL() const {
  std::string out;
  for (size_t i = 0; i < fields().size(); ++i) {
    const StructField& field = fields()[i];
    out += (i ? "," : "") + QuoteIfNeeded(field.name) + " " + field.type.sql() + FieldSuffix(field);
  }
  return out;
}

std::string DataType::json() const {
  switch (id_) {
    case TypeId::kArray:
      return "{\"type\":\"array\",\"elementType\":" + elementType().json() + ",\"containsNull\":" + TrueFalse(flag_) +
             "}";
    case TypeId::kMap:
      return "{\"type\":\"map\",\"keyType\":" + keyType().json() + ",\"valueType\":" + valueType().json() +
             ",\"valueContainsNull\":" + TrueFalse(flag_) + "}";
    case TypeId::kStruct: {
      std::string out = "{\"type\":\"struct\",\"fields\":[";
      for (size_t i = 0; i < fields().size(); ++i) {
        const StructField& field = fields()[i];
        out += std::string(i ? "," : "") + "{\"name\":" + JsonString(field.name) + ",\"type\":" + field.type.json() +
               ",\"nullable\":" + TrueFalse(field.nullable) +
               ",\"metadata\":" + (field.metadata_json.empty() ? "{}" : field.metadata_json) + "}";
      }
      return out + "]}";
    }
    default: return "\"" + typeName() + "\"";
  }
}

std::string DataType::treeString() const {
  std::string out = "root\n";
  AppendTree(*this, " |", &out);
  return out;
}

bool DataType::sameType(const DataType& other) const {
  if (id_ != other.id_ || a_ != other.a_ || b_ != other.b_) return false;
  if (children_ == other.children_) return true;
  if (!children_ || !other.children_) return fields().empty() && other.fields().empty();
  if (!children_->first.sameType(other.children_->first) || !children_->second.sameType(other.children_->second) ||
      children_->fields.size() != other.children_->fields.size()) {
    return false;
  }
  for (size_t i = 0; i < children_->fields.size(); ++i) {
    const StructField &mine = children_->fields[i], &theirs = other.children_->fields[i];
    if (mine.name != theirs.name || !mine.type.sameType(theirs.type)) return false;
  }
  return true;
}

DataType DataType::asNullable() const {
  switch (id_) {
    case TypeId::kArray: return Array(elementType().asNullable(), true);
    case TypeId::kMap: return Map(keyType().asNullable(), valueType().asNullable(), true);
    case TypeId::kStruct: {
      std::vector<StructField> copy = fields();
      for (StructField& field : copy) {
        field.type = field.type.asNullable();
        field.nullable = true;
      }
      return Struct(std::move(copy));
    }
    default: return *this;
  }
}

bool DataType::operator==(const DataType& other) const {
  if (id_ != other.id_ || a_ != other.a_ || b_ != other.b_ || flag_ != other.flag_) return false;
  if (children_ == other.children_) return true;
  if (!children_ || !other.children_) return fields().empty() && other.fields().empty();
  return children_->first == other.children_->first && children_->second == other.children_->second &&
         children_->fields == other.children_->fields;
}

std::optional<std::string> StructField::comment() const {
  if (metadata_json.empty()) return std::nullopt;
  auto metadata = nlohmann::json::parse(metadata_json, nullptr, /*allow_exceptions=*/false);
  if (!metadata.is_object() || !metadata.contains("comment") || !metadata["comment"].is_string()) return std::nullopt;
  return metadata["comment"].get<std::string>();
}

}  // namespace sluice
