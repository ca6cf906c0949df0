#include "state/operator_metadata.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file_system.h"
#include "types/ddl.h"

namespace sluice::state {
namespace {

using nlohmann::ordered_json;

constexpr size_t kLargestChunk = 65535 / 3;  // characters that are sure to fit a string of writeUTF

bool Exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

/// java.io.DataOutputStream.writeUTF of ASCII; JSON is made ASCII by escaping.
void AppendUtf(std::string_view text, std::string* out) {
  out->push_back(static_cast<char>(text.size() >> 8));
  out->push_back(static_cast<char>(text.size()));
  out->append(text);
}

void AppendChunks(const std::string& text, std::string* out) {
  const uint32_t chunks = static_cast<uint32_t>((text.size() + kLargestChunk - 1) / kLargestChunk);
  for (int shift = 24; shift >= 0; shift -= 8) out->push_back(static_cast<char>(chunks >> shift));
  for (size_t at = 0; at < text.size(); at += kLargestChunk)
    AppendUtf(std::string_view(text).substr(at, kLargestChunk), out);
}

std::string Ascii(const std::string& json) { return ordered_json::parse(json).dump(-1, ' ', /*ensure_ascii=*/true); }

class SchemaReader {
 public:
  explicit SchemaReader(std::string_view bytes) : bytes_(bytes) {}
  bool Utf(std::string* out) {
    if (bytes_.size() < 2) return false;
    const size_t size = static_cast<uint8_t>(bytes_[0]) << 8 | static_cast<uint8_t>(bytes_[1]);
    if (bytes_.size() < 2 + size) return false;
    out->append(bytes_.substr(2, size));
    bytes_.remove_prefix(2 + size);
    return true;
  }
  bool Chunks(std::string* out) {
    if (bytes_.size() < 4) return false;
    uint32_t chunks = 0;
    for (int i = 0; i < 4; ++i) chunks = chunks << 8 | static_cast<uint8_t>(bytes_[static_cast<size_t>(i)]);
    bytes_.remove_prefix(4);
    for (uint32_t i = 0; i < chunks; ++i) {
      if (!Utf(out)) return false;
    }
    return true;
  }

 private:
  std::string_view bytes_;
};

/// The same but for names and metadata; a column may become nullable, not the reverse.
bool Compatible(const DataType& stored, const DataType& now) {
  if (stored.id() != now.id()) return false;
  switch (stored.id()) {
    case TypeId::kArray:
      return (stored.containsNull() || !now.containsNull()) && Compatible(stored.elementType(), now.elementType());
    case TypeId::kMap:
      return (stored.containsNull() || !now.containsNull()) && Compatible(stored.keyType(), now.keyType()) &&
             Compatible(stored.valueType(), now.valueType());
    case TypeId::kStruct: {
      if (stored.fields().size() != now.fields().size()) return false;
      for (size_t i = 0; i < now.fields().size(); ++i) {
        const StructField &a = stored.fields()[i], &b = now.fields()[i];
        if ((b.nullable && !a.nullable) || !Compatible(a.type, b.type)) return false;
      }
      return true;
    }
    default: return stored == now;
  }
}

Status CheckSchema(const std::string& path, const StatefulOperator::Store& store) {
  if (!Exists(path)) {
    std::string bytes;
    AppendUtf("v2", &bytes);
    AppendChunks(Ascii(store.key.json()), &bytes);
    AppendChunks(Ascii(store.value.json()), &bytes);
    return WriteFileDurably(path, bytes);
  }
  ARROW_ASSIGN_OR_RAISE(std::string bytes, ReadWholeFile(path));
  SchemaReader reader(bytes);
  std::string version, key, value;
  if (!reader.Utf(&version) || version != "v2" || !reader.Chunks(&key) || !reader.Chunks(&value)) {
    return MakeError("MALFORMED_LOG_FILE", {{"text", path + " (it is no schema of version 2)"}});
  }
  ARROW_ASSIGN_OR_RAISE(DataType stored_key, ParseSchemaJson(key));
  ARROW_ASSIGN_OR_RAISE(DataType stored_value, ParseSchemaJson(value));
  if (!Compatible(stored_key, store.key)) {
    return MakeError("STATE_STORE_KEY_SCHEMA_NOT_COMPATIBLE",
                     {{"storedKeySchema", key}, {"newKeySchema", store.key.json()}});
  }
  if (!Compatible(stored_value, store.value)) {
    return MakeError("STATE_STORE_VALUE_SCHEMA_NOT_COMPATIBLE",
                     {{"storedValueSchema", value}, {"newValueSchema", store.value.json()}});
  }
  return Status::OK();
}

std::string MetadataText(const StatefulOperator& op) {
  ordered_json json;
  json["operatorInfo"] = {{"operatorId", op.id}, {"operatorName", op.name}};
  json["stateStoreInfo"] = ordered_json::array();
  for (const auto& store : op.stores) {
    json["stateStoreInfo"].push_back(
        {{"storeName", store.name}, {"numColsPrefixKey", store.prefix_columns}, {"numPartitions", op.partitions}});
  }
  return "v1\n" + json.dump();
}

std::string OperatorText(int64_t id, const std::string& name) {
  return "(OperatorId: " + std::to_string(id) + " -> OperatorName: " + name + ")";
}

}  // namespace

std::string StoreFolder(const std::string& root, int64_t operator_id, int partition, const std::string& store) {
  const std::string folder = root + "/" + std::to_string(operator_id) + "/" + std::to_string(partition);
  return store == kDefaultStore ? folder : folder + "/" + store;
}

Status CheckOperatorMetadata(const std::string& root, const StatefulOperator& op) {
  const std::string path = root + "/" + std::to_string(op.id) + "/_metadata/metadata";
  if (!Exists(path)) {
    ARROW_RETURN_NOT_OK(WriteFileDurably(path, MetadataText(op)));
  } else {
    ARROW_ASSIGN_OR_RAISE(std::string text, ReadWholeFile(path));
    const size_t newline = text.find('\n');
    const auto json = newline == std::string::npos
                          ? nlohmann::json()
                          : nlohmann::json::parse(text.substr(newline + 1), nullptr, /*allow_exceptions=*/false);
    const auto pointer = nlohmann::json::json_pointer("/operatorInfo/operatorName");
    if (!json.is_object() || !json.contains(pointer) || !json.at(pointer).is_string()) {
      return MakeError("MALFORMED_LOG_FILE", {{"text", path + " (it names no operator)"}});
    }
    const std::string stored = json.at(pointer);
    if (stored != op.name) {
      return MakeError(
          "STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA",
          {{"OpsInMetadataSeq", OperatorText(op.id, stored)}, {"OpsInCurBatchSeq", OperatorText(op.id, op.name)}});
    }
  }
  for (const auto& store : op.stores) {
    ARROW_RETURN_NOT_OK(CheckSchema(StoreFolder(root, op.id, 0, store.name) + "/_metadata/schema", store));
  }
  return Status::OK();
}

}  // namespace sluice::state
