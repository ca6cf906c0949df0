#include "formats/avro/default_value.h"

#include <nlohmann/json.hpp>

#include <algorithm>

#include "formats/avro/wire.h"

namespace sluice::avro {

namespace {

using Json = nlohmann::json;

Status Misfit(const Json& json) {
  return Status::Invalid("Avro schema: a default does not fit its type: ", json.dump());
}

/// Bytes are written as text whose characters are U+0000 to U+00FF.
Result<std::string> BytesOf(const Json& json) {
  const std::string text = json.get<std::string>();
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      out.push_back(text[i]);
    } else if ((c & 0xFE) == 0xC2 && i + 1 < text.size()) {
      out.push_back(static_cast<char>((c & 3) << 6 | (static_cast<unsigned char>(text[++i]) & 0x3F)));
    } else {
      return Misfit(json);
    }
  }
  return out;
}

Status Encode(const Schema& schema, int index, const Json& json, std::string* out) {
  const Node& node = schema.node(index);
  switch (node.kind) {
    case Kind::kNull: return json.is_null() ? Status::OK() : Misfit(json);
    case Kind::kBoolean:
      if (!json.is_boolean()) return Misfit(json);
      out->push_back(json.get<bool>() ? 1 : 0);
      return Status::OK();
    case Kind::kInt:
    case Kind::kLong:
      if (!json.is_number_integer()) return Misfit(json);
      PutLong(json.get<int64_t>(), out);
      return Status::OK();
    case Kind::kFloat:
    case Kind::kDouble:
      if (!json.is_number()) return Misfit(json);
      if (node.kind == Kind::kFloat) {
        PutNumber(json.get<float>(), out);
      } else {
        PutNumber(json.get<double>(), out);
      }
      return Status::OK();
    case Kind::kString:
      if (!json.is_string()) return Misfit(json);
      PutString(json.get<std::string>(), out);
      return Status::OK();
    case Kind::kBytes:
    case Kind::kFixed: {
      if (!json.is_string()) return Misfit(json);
      ARROW_ASSIGN_OR_RAISE(const std::string bytes, BytesOf(json));
      if (node.kind == Kind::kBytes) {
        PutString(bytes, out);
        return Status::OK();
      }
      if (bytes.size() != node.fixed_size) return Misfit(json);
      *out += bytes;
      return Status::OK();
    }
    case Kind::kEnum: {
      const auto symbol = json.is_string()
                              ? std::find(node.symbols.begin(), node.symbols.end(), json.get<std::string>())
                              : node.symbols.end();
      if (symbol == node.symbols.end()) return Misfit(json);
      PutLong(symbol - node.symbols.begin(), out);
      return Status::OK();
    }
    case Kind::kRecord:
      if (!json.is_object()) return Misfit(json);
      for (const auto& field : node.fields) {
        if (auto value = json.find(field.name); value != json.end()) {
          ARROW_RETURN_NOT_OK(Encode(schema, field.node, *value, out));
        } else if (field.default_json) {
          ARROW_RETURN_NOT_OK(EncodeDefault(schema, field.node, *field.default_json, out));
        } else {
          return Misfit(json);
        }
      }
      return Status::OK();
    case Kind::kArray:
    case Kind::kMap:
      if (node.kind == Kind::kArray ? !json.is_array() : !json.is_object()) return Misfit(json);
      if (!json.empty()) PutLong(static_cast<int64_t>(json.size()), out);
      for (const auto& [key, value] : json.items()) {
        if (node.kind == Kind::kMap) PutString(key, out);
        ARROW_RETURN_NOT_OK(Encode(schema, node.children[0], value, out));
      }
      PutLong(0, out);
      return Status::OK();
    case Kind::kUnion:
      for (size_t i = 0; i < node.children.size(); ++i) {
        std::string bytes;
        PutLong(static_cast<int64_t>(i), &bytes);
        if (!Encode(schema, node.children[i], json, &bytes).ok()) continue;
        *out += bytes;
        return Status::OK();
      }
      return Misfit(json);
  }
  return Misfit(json);
}

}  // namespace

Status EncodeDefault(const Schema& schema, int node, std::string_view json, std::string* out) {
  const Json parsed = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (parsed.is_discarded()) return Status::Invalid("Avro schema: a default that is no JSON");
  return Encode(schema, node, parsed, out);
}

}  // namespace sluice::avro
