#include "state/operator_metadata.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file_system.h"
#include "state/variables.h"
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

struct StoredSchema {
  DataType key, value;
};

Result<StoredSchema> ReadSchema(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(std::string bytes, ReadWholeFile(path));
  SchemaReader reader(bytes);
  std::string version, key, value;
  if (!reader.Utf(&version) || version != "v2" || !reader.Chunks(&key) || !reader.Chunks(&value)) {
    return MakeError("MALFORMED_LOG_FILE", {{"text", path + " (it is no schema of version 2)"}});
  }
  StoredSchema stored;
  ARROW_ASSIGN_OR_RAISE(stored.key, ParseSchemaJson(key));
  ARROW_ASSIGN_OR_RAISE(stored.value, ParseSchemaJson(value));
  return stored;
}

Status CheckSchema(const std::string& path, const StatefulOperator::Store& store) {
  if (!Exists(path)) {
    std::string bytes;
    AppendUtf("v2", &bytes);
    AppendChunks(Ascii(store.key.json()), &bytes);
    AppendChunks(Ascii(store.value.json()), &bytes);
    return WriteFileDurably(path, bytes);
  }
  ARROW_ASSIGN_OR_RAISE(StoredSchema stored, ReadSchema(path));
  if (!CompatibleSchema(stored.key, store.key)) {
    return MakeError("STATE_STORE_KEY_SCHEMA_NOT_COMPATIBLE",
                     {{"storedKeySchema", stored.key.json()}, {"newKeySchema", store.key.json()}});
  }
  if (!CompatibleSchema(stored.value, store.value)) {
    return MakeError("STATE_STORE_VALUE_SCHEMA_NOT_COMPATIBLE",
                     {{"storedValueSchema", stored.value.json()}, {"newValueSchema", store.value.json()}});
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

std::string OperatorsText(const std::map<int64_t, std::string>& names) {
  std::string text;
  for (const auto& [id, name] : names)
    text += (text.empty() ? "" : ", ") + ("(OperatorId: " + std::to_string(id) + " -> OperatorName: " + name + ")");
  return text;
}

std::string MetadataPath(const std::string& root, int64_t id) {
  return root + "/" + std::to_string(id) + "/_metadata/metadata";
}

/// Errors: MALFORMED_LOG_FILE.
Result<std::string> StoredName(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(std::string text, ReadWholeFile(path));
  const size_t newline = text.find('\n');
  const auto json = newline == std::string::npos
                        ? nlohmann::json()
                        : nlohmann::json::parse(text.substr(newline + 1), nullptr, /*allow_exceptions=*/false);
  const auto pointer = nlohmann::json::json_pointer("/operatorInfo/operatorName");
  if (!json.is_object() || !json.contains(pointer) || !json.at(pointer).is_string()) {
    return MakeError("MALFORMED_LOG_FILE", {{"text", path + " (it names no operator)"}});
  }
  return json.at(pointer).get<std::string>();
}

}  // namespace

bool CompatibleSchema(const DataType& stored, const DataType& now) {
  if (stored.id() != now.id()) return false;
  switch (stored.id()) {
    case TypeId::kArray:
      return (stored.containsNull() || !now.containsNull()) &&
             CompatibleSchema(stored.elementType(), now.elementType());
    case TypeId::kMap:
      return (stored.containsNull() || !now.containsNull()) && CompatibleSchema(stored.keyType(), now.keyType()) &&
             CompatibleSchema(stored.valueType(), now.valueType());
    case TypeId::kStruct: {
      if (stored.fields().size() != now.fields().size()) return false;
      for (size_t i = 0; i < now.fields().size(); ++i) {
        const StructField &a = stored.fields()[i], &b = now.fields()[i];
        if ((b.nullable && !a.nullable) || !CompatibleSchema(a.type, b.type)) return false;
      }
      return true;
    }
    default: return stored == now;
  }
}

std::string StoreFolder(const std::string& root, int64_t operator_id, int partition, const std::string& store) {
  const std::string folder = root + "/" + std::to_string(operator_id) + "/" + std::to_string(partition);
  return store == kDefaultStore ? folder : folder + "/" + store;
}

Status CheckOperatorMetadata(const std::string& root, const StatefulOperator& op) {
  const std::string path = MetadataPath(root, op.id);
  if (!Exists(path)) {
    ARROW_RETURN_NOT_OK(WriteFileDurably(path, MetadataText(op)));
  } else {
    ARROW_ASSIGN_OR_RAISE(const std::string stored, StoredName(path));
    if (stored != op.name)
      return MakeError("STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA",
                       {{"OpsInMetadataSeq", OperatorsText({{op.id, stored}})},
                        {"OpsInCurBatchSeq", OperatorsText({{op.id, op.name}})}});
  }
  for (const auto& store : op.stores) {
    ARROW_RETURN_NOT_OK(CheckSchema(StoreFolder(root, op.id, 0, store.name) + "/_metadata/schema", store));
  }
  return Status::OK();
}

Status CheckOperators(const std::string& root, const std::map<int64_t, std::string>& now) {
  ARROW_ASSIGN_OR_RAISE(auto ids, ListOperators(root));
  std::map<int64_t, std::string> stored;
  for (const int64_t id : ids) {
    if (!Exists(MetadataPath(root, id))) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(stored[id], StoredName(MetadataPath(root, id)));
  }
  if (stored.empty() || stored == now) return Status::OK();
  return MakeError("STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA",
                   {{"OpsInMetadataSeq", OperatorsText(stored)}, {"OpsInCurBatchSeq", OperatorsText(now)}});
}

Result<std::vector<int64_t>> ListOperators(const std::string& root) {
  std::vector<int64_t> ids;
  std::error_code error;
  for (std::filesystem::directory_iterator it(root, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename();
    int64_t id = 0;
    const auto [at, bad] = std::from_chars(name.data(), name.data() + name.size(), id);
    if (bad == std::errc() && at == name.data() + name.size()) ids.push_back(id);
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return Status::IOError("cannot list ", root, ": ", error.message());
  std::sort(ids.begin(), ids.end());
  return ids;
}

Result<StatefulOperator> ReadOperator(const std::string& root, int64_t id) {
  const std::string folder = root + "/" + std::to_string(id);
  if (Exists(folder + "/_metadata/v2")) return UnsupportedFeature("state that Spark keeps in RocksDB (" + folder + ")");
  const std::string path = MetadataPath(root, id);
  ARROW_ASSIGN_OR_RAISE(std::string text, ReadWholeFile(path));
  const size_t newline = text.find('\n');
  StatefulOperator op;
  try {
    const auto json = nlohmann::json::parse(newline == std::string::npos ? "" : text.substr(newline + 1));
    op.id = json.at("operatorInfo").at("operatorId").get<int64_t>();
    op.name = json.at("operatorInfo").at("operatorName").get<std::string>();
    for (const auto& store : json.at("stateStoreInfo")) {
      StatefulOperator::Store read;
      read.name = store.at("storeName").get<std::string>();
      read.prefix_columns = store.at("numColsPrefixKey").get<int>();
      op.partitions = store.at("numPartitions").get<int>();
      ARROW_ASSIGN_OR_RAISE(StoredSchema schema, ReadSchema(StoreFolder(root, id, 0, read.name) + "/_metadata/schema"));
      read.key = std::move(schema.key);
      read.value = std::move(schema.value);
      op.stores.push_back(std::move(read));
    }
  } catch (const nlohmann::json::exception&) {
    return MakeError("MALFORMED_LOG_FILE", {{"text", path + " (it does not describe an operator)"}});
  }
  op.has_variables = Exists(VariablesPath(root, id));
  return op;
}

}  // namespace sluice::state
