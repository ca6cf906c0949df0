#include "formats/avro/sql_schema.h"

#include <nlohmann/json.hpp>

#include <map>
#include <set>

#include "types/ddl.h"

namespace sluice::avro {

namespace {

using Json = nlohmann::ordered_json;

std::string SimpleName(const Node& node) {
  static constexpr std::string_view kNames[] = {"null",   "boolean", "int",  "long",  "float", "double", "bytes",
                                                "string", "record",  "enum", "array", "map",   "union",  "fixed"};
  if (node.name.empty()) return std::string(kNames[static_cast<size_t>(node.kind)]);
  return node.name.substr(node.name.rfind('.') + 1);
}

class ToSql {
 public:
  ToSql(const Schema& schema, const SqlSchemaOptions& options) : schema_(schema), options_(options) {}

  /// nullopt: dropped, for it is a record too deep within itself.
  Result<std::optional<StructField>> Convert(int index) {
    const Node& node = schema_.node(index);
    const auto simple = [](DataType type, bool nullable = false) {
      return std::optional(StructField{"", std::move(type), nullable});
    };
    switch (node.kind) {
      case Kind::kNull: return simple(DataType::Void(), true);
      case Kind::kBoolean: return simple(DataType::Boolean());
      case Kind::kInt:
        if (node.logical_type == "date") return simple(DataType::Date());
        return Catalyst(node, DataType::Integer());
      case Kind::kLong:
        if (node.logical_type == "timestamp-millis" || node.logical_type == "timestamp-micros")
          return simple(DataType::Timestamp());
        if (node.logical_type == "local-timestamp-millis" || node.logical_type == "local-timestamp-micros")
          return simple(DataType::TimestampNtz());
        if (node.logical_type == "custom-decimal") return simple(DataType::Decimal(node.precision, node.scale));
        return Catalyst(node, DataType::Long());
      case Kind::kFloat: return simple(DataType::Float());
      case Kind::kDouble: return simple(DataType::Double());
      case Kind::kBytes:
      case Kind::kFixed:
        return simple(node.is_decimal() ? DataType::Decimal(node.precision, node.scale) : DataType::Binary());
      case Kind::kString:
      case Kind::kEnum: return simple(DataType::String());
      case Kind::kRecord: return Record(node);
      case Kind::kArray: {
        ARROW_ASSIGN_OR_RAISE(auto element, Convert(node.children[0]));
        if (!element) return std::optional<StructField>();
        return simple(DataType::Array(element->type, element->nullable));
      }
      case Kind::kMap: {
        ARROW_ASSIGN_OR_RAISE(auto value, Convert(node.children[0]));
        if (!value) return std::optional<StructField>();
        return simple(DataType::Map(DataType::String(), value->type, value->nullable));
      }
      case Kind::kUnion: return Union(node);
    }
    return Status::Invalid("Avro: an unknown type");
  }

 private:
  static Result<std::optional<StructField>> Catalyst(const Node& node, DataType otherwise) {
    if (!node.catalyst_type.empty()) {
      ARROW_ASSIGN_OR_RAISE(otherwise, ParseDataType(node.catalyst_type));
    }
    return std::optional(StructField{"", std::move(otherwise), false});
  }
  Result<std::optional<StructField>> Record(const Node& node) {
    int& depth = depth_[node.name];
    if (depth > 0 && options_.recursive_depth <= 0)
      return Status::Invalid("Found recursive reference in Avro schema: the record ", node.name,
                             " holds itself. Try setting the option `recursiveFieldMaxDepth` to 1 - 15.");
    if (depth > 0 && depth >= options_.recursive_depth) return std::optional<StructField>();
    ++depth;
    std::vector<StructField> fields;
    for (const auto& field : node.fields) {
      ARROW_ASSIGN_OR_RAISE(auto converted, Convert(field.node));
      if (!converted) continue;
      converted->name = field.name;
      fields.push_back(std::move(*converted));
    }
    --depth_[node.name];
    return std::optional(StructField{"", DataType::Struct(std::move(fields)), false});
  }
  Result<std::optional<StructField>> Union(const Node& node) {
    const auto branches = ValueBranches(node);
    if (branches.empty()) return std::optional(StructField{"", DataType::Void(), true});
    if (branches.size() == 1) {
      ARROW_ASSIGN_OR_RAISE(auto out, Convert(branches[0]));
      if (out) out->nullable = out->nullable || node.nullable();
      return out;
    }
    const UnionForm form = FormOfUnion(schema_, branches);
    if (form == UnionForm::kLong) return std::optional(StructField{"", DataType::Long(), node.nullable()});
    if (form == UnionForm::kDouble) return std::optional(StructField{"", DataType::Double(), node.nullable()});
    std::vector<StructField> fields;
    std::set<std::string> names;
    for (size_t i = 0; i < branches.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(auto member, Convert(branches[i]));
      if (!member) continue;
      member->name = "member" + std::to_string(i);
      member->nullable = true;
      if (options_.stable_union_names) {
        member->name = options_.union_prefix + SimpleName(schema_.node(branches[i]));
        std::string lower = member->name;
        for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        if (!names.insert(lower).second)
          return Status::Invalid("Avro: no stable names for a union that has the type ",
                                 SimpleName(schema_.node(branches[i])), " twice");
      }
      fields.push_back(std::move(*member));
    }
    return std::optional(StructField{"", DataType::Struct(std::move(fields)), node.nullable()});
  }

  const Schema& schema_;
  const SqlSchemaOptions& options_;
  std::map<std::string, int> depth_;
};

/// Fewest bytes that hold a decimal of this precision.
int DecimalBytes(int precision) {
  int bytes = 1;
  while (static_cast<int>((8.0 * bytes - 1) * 0.30102999566398120) < precision) ++bytes;
  return bytes;
}

Json Logical(const char* type, const char* logical) { return Json{{"type", type}, {"logicalType", logical}}; }

class ToAvro {
 public:
  Status Convert(const DataType& type, bool nullable, const std::string& name, const std::string& space, Json* out) {
    Json plain;
    ARROW_RETURN_NOT_OK(Plain(type, name, space, &plain));
    if (nullable && type.id() != TypeId::kVoid) {
      *out = Json::array();
      out->push_back(std::move(plain));
      out->push_back("null");
    } else {
      *out = std::move(plain);
    }
    return Status::OK();
  }

 private:
  Status Plain(const DataType& type, const std::string& name, const std::string& space, Json* out) {
    const std::string inner = space.empty() ? name : space + "." + name;
    switch (type.id()) {
      case TypeId::kVoid: *out = "null"; break;
      case TypeId::kBoolean: *out = "boolean"; break;
      case TypeId::kByte:
      case TypeId::kShort:
      case TypeId::kInteger: *out = "int"; break;
      case TypeId::kLong: *out = "long"; break;
      case TypeId::kFloat: *out = "float"; break;
      case TypeId::kDouble: *out = "double"; break;
      case TypeId::kString: *out = "string"; break;
      case TypeId::kBinary: *out = "bytes"; break;
      case TypeId::kDate: *out = Logical("int", "date"); break;
      case TypeId::kTimestamp: *out = Logical("long", "timestamp-micros"); break;
      case TypeId::kTimestampNtz: *out = Logical("long", "local-timestamp-micros"); break;
      case TypeId::kYearMonthInterval:
      case TypeId::kDayTimeInterval:
        (*out)["type"] = type.id() == TypeId::kYearMonthInterval ? "int" : "long";
        (*out)["spark.sql.catalyst.type"] = type.typeName();
        break;
      case TypeId::kDecimal:
        (*out)["type"] = "fixed";
        (*out)["name"] = "fixed";
        (*out)["namespace"] = inner;
        (*out)["size"] = DecimalBytes(type.precision());
        (*out)["logicalType"] = "decimal";
        (*out)["precision"] = type.precision();
        (*out)["scale"] = type.scale();
        break;
      case TypeId::kArray:
        (*out)["type"] = "array";
        return Convert(type.elementType(), type.containsNull(), name, space, &(*out)["items"]);
      case TypeId::kMap:
        if (type.keyType().id() != TypeId::kString)
          return UnsupportedFeature("Avro maps with keys of " + type.keyType().sql());
        (*out)["type"] = "map";
        return Convert(type.valueType(), type.containsNull(), name, space, &(*out)["values"]);
      case TypeId::kStruct: return Record(type, name, space, inner, out);
      default: return UnsupportedFeature(type.sql() + " in Avro files");
    }
    return Status::OK();
  }

  Status Record(const DataType& type, const std::string& name, const std::string& space, const std::string& inner,
                Json* out) {
    (*out)["type"] = "record";
    (*out)["name"] = name;
    if (!space.empty()) (*out)["namespace"] = space;
    (*out)["fields"] = Json::array();
    for (const auto& field : type.fields()) {
      Json json;
      json["name"] = field.name;
      ARROW_RETURN_NOT_OK(Convert(field.type, field.nullable, field.name, inner, &json["type"]));
      (*out)["fields"].push_back(std::move(json));
    }
    return Status::OK();
  }
};

}  // namespace

std::vector<int> ValueBranches(const Node& node) {
  std::vector<int> out;
  for (size_t i = 0; i < node.children.size(); ++i)
    if (static_cast<int>(i) != node.null_branch) out.push_back(node.children[i]);
  return out;
}

UnionForm FormOfUnion(const Schema& schema, const std::vector<int>& branches) {
  const auto both = [&](Kind a, Kind b) {
    const Kind first = schema.node(branches[0]).kind, second = schema.node(branches[1]).kind;
    return branches.size() == 2 && ((first == a && second == b) || (first == b && second == a));
  };
  if (both(Kind::kInt, Kind::kLong)) return UnionForm::kLong;
  if (both(Kind::kFloat, Kind::kDouble)) return UnionForm::kDouble;
  return UnionForm::kStruct;
}

Result<DataType> ToSqlType(const Schema& schema, int node, const SqlSchemaOptions& options) {
  ToSql convert(schema, options);
  ARROW_ASSIGN_OR_RAISE(auto out, convert.Convert(node));
  return out ? out->type : DataType::Void();
}

Result<std::string> ToAvroSchema(const DataType& record, const std::string& name, const std::string& name_space) {
  ToAvro convert;
  Json json;
  ARROW_RETURN_NOT_OK(convert.Convert(record, false, name, name_space, &json));
  return json.dump();
}

}  // namespace sluice::avro
