#include "connectors/file/storage_settings.h"

#include <optional>

namespace sluice::connectors::file {

std::map<std::string, std::string> StorageSettings(const OptionMap& options, const Config& config) {
  static constexpr struct {
    const char *hadoop, *own;
  } kKeys[] = {{"fs.s3a.endpoint", "s3.endpoint"},
               {"fs.s3a.endpoint.region", "client.region"},
               {"fs.s3a.access.key", "s3.access-key-id"},
               {"fs.s3a.secret.key", "s3.secret-access-key"},
               {"fs.s3a.path.style.access", "s3.path-style-access"}};
  const auto find = [&](const std::string& key) {
    auto value = GetOption(options, key);
    if (!value) value = config.Get("spark.hadoop." + key);
    return value ? value : config.Get(key);
  };
  std::map<std::string, std::string> out;
  for (const auto& key : kKeys)
    if (const auto value = find(key.hadoop); value && !value->empty()) out[key.own] = *value;
  if (const auto endpoint = out.find("s3.endpoint");
      endpoint != out.end() && endpoint->second.find("://") == std::string::npos) {
    const bool plain = find("fs.s3a.connection.ssl.enabled").value_or("true") == "false";
    endpoint->second = (plain ? "http://" : "https://") + endpoint->second;
  }
  return out;
}

}  // namespace sluice::connectors::file
