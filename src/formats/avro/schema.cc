#include "formats/avro/schema.h"

#include <nlohmann/json.hpp>

namespace sluice::avro {

using Json = nlohmann::json;

namespace {
constexpr int kMaxDepth = 64;
constexpr size_t kMaxNodes = 100'000;
constexpr size_t kMaxFixed = 1 << 20;

Status Bad(const std::string& what) { return Status::Invalid("Avro schema: ", what); }

std::optional<Kind> Primitive(const std::string& name) {
  static const std::map<std::string, Kind> kinds = {
      {"null", Kind::kNull},   {"boolean", Kind::kBoolean}, {"int", Kind::kInt},     {"long", Kind::kLong},
      {"float", Kind::kFloat}, {"double", Kind::kDouble},   {"bytes", Kind::kBytes}, {"string", Kind::kString}};
  auto it = kinds.find(name);
  return it == kinds.end() ? std::nullopt : std::optional<Kind>(it->second);
}

std::string TextOf(const Json& object, const char* key) {
  auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

std::vector<std::string> TextsOf(const Json& object, const char* key) {
  std::vector<std::string> out;
  auto it = object.find(key);
  if (it == object.end() || !it->is_array()) return out;
  for (const Json& text : *it)
    if (text.is_string()) out.push_back(text.get<std::string>());
  return out;
}

int IntOf(const Json& object, const char* key, int otherwise) {
  auto it = object.find(key);
  if (it == object.end() || !it->is_number_integer()) return otherwise;
  int64_t v = it->get<int64_t>();
  return v < INT32_MIN || v > INT32_MAX ? otherwise : static_cast<int>(v);
}
}  // namespace

bool Node::is_decimal() const {
  if (logical_type != "decimal" || (kind != Kind::kBytes && kind != Kind::kFixed)) return false;
  if (precision < 1 || precision > 38 || scale < 0 || scale > precision) return false;
  // Digits that fit into so many bytes.
  return kind == Kind::kBytes ||
         precision <= static_cast<int>((8 * static_cast<double>(fixed_size) - 1) * 0.30102999566398120);
}

class SchemaParser {
 public:
  Result<int> Parse(const Json& json, const std::string& space, int depth) {
    if (depth > kMaxDepth) return Bad("nested too deeply");
    if (schema_.nodes_.size() > kMaxNodes) return Bad("too large");
    if (json.is_string()) return Named(json.get<std::string>(), space);
    if (json.is_array()) return Union(json, space, depth);
    if (!json.is_object()) return Bad("expected a type");
    auto type = json.find("type");
    if (type == json.end()) return Bad("an object lacks \"type\"");
    if (!type->is_string()) return Parse(*type, space, depth + 1);
    std::string name = type->get<std::string>();
    if (name == "record" || name == "error") return Record(json, space, depth);
    if (name == "enum" || name == "fixed") return EnumOrFixed(json, name, space);
    if (name == "array" || name == "map") {
      int index = Add(name == "array" ? Kind::kArray : Kind::kMap);
      auto child = json.find(name == "array" ? "items" : "values");
      if (child == json.end()) return Bad(name + " without its element type");
      ARROW_ASSIGN_OR_RAISE(int node, Parse(*child, space, depth + 1));
      at(index).children = {node};
      at(index).logical_type = TextOf(json, "logicalType");
      return index;
    }
    ARROW_ASSIGN_OR_RAISE(int index, Named(name, space));
    if (Primitive(name)) Attributes(json, index);
    return index;
  }

  Schema Take(int root) {
    schema_.root_ = root;
    return std::move(schema_);
  }

 private:
  Node& at(int i) { return schema_.nodes_[static_cast<size_t>(i)]; }
  int Add(Kind kind) {
    schema_.nodes_.emplace_back();
    schema_.nodes_.back().kind = kind;
    return static_cast<int>(schema_.nodes_.size()) - 1;
  }
  void Attributes(const Json& json, int index) {
    Node& node = at(index);
    node.logical_type = TextOf(json, "logicalType");
    node.precision = IntOf(json, "precision", 0);
    node.scale = IntOf(json, "scale", 0);
    node.catalyst_type = TextOf(json, "spark.sql.catalyst.type");
    auto utc = json.find("adjust-to-utc");
    node.adjust_to_utc = utc != json.end() && utc->is_boolean() && utc->get<bool>();
  }
  Result<int> Named(const std::string& name, const std::string& space) {
    if (auto kind = Primitive(name)) return Add(*kind);
    auto it = names_.find(name);
    if (it == names_.end() && !space.empty()) it = names_.find(space + "." + name);
    if (it == names_.end()) return Bad("unknown type '" + name + "'");
    return it->second;
  }
  Result<std::string> Declare(const Json& json, std::string* space, int index) {
    std::string name = TextOf(json, "name");
    if (name.empty()) return Bad("a named type lacks \"name\"");
    std::string own = TextOf(json, "namespace");
    if (auto dot = name.rfind('.'); dot != std::string::npos) {
      *space = name.substr(0, dot);
    } else {
      if (!own.empty()) *space = own;
      if (!space->empty()) name = *space + "." + name;
    }
    names_[name] = index;
    for (const std::string& alias : TextsOf(json, "aliases"))
      at(index).aliases.push_back(alias.find('.') != std::string::npos || space->empty() ? alias
                                                                                         : *space + "." + alias);
    return name;
  }
  Result<int> Union(const Json& json, const std::string& space, int depth) {
    int index = Add(Kind::kUnion);
    for (const Json& branch : json) {
      ARROW_ASSIGN_OR_RAISE(int node, Parse(branch, space, depth + 1));
      if (at(node).kind == Kind::kUnion) return Bad("a union inside a union");
      if (at(node).kind == Kind::kNull) at(index).null_branch = static_cast<int>(at(index).children.size());
      at(index).children.push_back(node);
    }
    if (at(index).children.empty()) return Bad("an empty union");
    return index;
  }
  Result<int> EnumOrFixed(const Json& json, const std::string& type, std::string space) {
    int index = Add(type == "enum" ? Kind::kEnum : Kind::kFixed);
    ARROW_ASSIGN_OR_RAISE(at(index).name, Declare(json, &space, index));
    if (type == "fixed") {
      int size = IntOf(json, "size", -1);
      if (size < 0 || static_cast<size_t>(size) > kMaxFixed) return Bad("a fixed type of a bad size");
      Attributes(json, index);
      at(index).fixed_size = static_cast<size_t>(size);
      return index;
    }
    at(index).default_symbol = TextOf(json, "default");
    auto symbols = json.find("symbols");
    if (symbols == json.end() || !symbols->is_array()) return Bad("an enum without symbols");
    for (const Json& symbol : *symbols) {
      if (!symbol.is_string()) return Bad("an enum symbol that is no string");
      at(index).symbols.push_back(symbol.get<std::string>());
    }
    return index;
  }
  Result<int> Record(const Json& json, std::string space, int depth) {
    int index = Add(Kind::kRecord);
    ARROW_ASSIGN_OR_RAISE(std::string name, Declare(json, &space, index));
    at(index).name = name;
    auto fields = json.find("fields");
    if (fields == json.end() || !fields->is_array()) return Bad("record " + name + " without fields");
    for (const Json& field : *fields) {
      if (!field.is_object() || !field.contains("type")) return Bad("a field of " + name + " lacks a type");
      RecordField out;
      out.name = TextOf(field, "name");
      out.field_id = IntOf(field, "field-id", -1);
      out.aliases = TextsOf(field, "aliases");
      if (auto value = field.find("default"); value != field.end()) out.default_json = value->dump();
      ARROW_ASSIGN_OR_RAISE(out.node, Parse(field["type"], space, depth + 1));
      at(index).fields.push_back(std::move(out));
    }
    return index;
  }

  Schema schema_;
  std::map<std::string, int> names_;
};

Result<Schema> Schema::Parse(std::string_view json) {
  // A depth bound before parsing: the JSON library recurses when it destroys deep values.
  int depth = 0;
  for (char c : json) {
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (depth > 4 * kMaxDepth) return Bad("nested too deeply");
  }
  Json parsed = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (parsed.is_discarded()) return Bad("not JSON");
  SchemaParser parser;
  ARROW_ASSIGN_OR_RAISE(int root, parser.Parse(parsed, "", 0));
  return parser.Take(root);
}

}  // namespace sluice::avro
