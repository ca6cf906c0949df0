#include "server/cli/settings.h"

#include <cstdlib>
#include <filesystem>

#include "base/config.h"

namespace sluice::cli {

namespace {

Status AddPair(const std::string& pair, std::map<std::string, std::string>* settings) {
  size_t equals = pair.find('=');
  if (equals == std::string::npos || equals == 0)
    return MakeError("INVALID_PROPERTY_KEY", {{"key", pair}, {"value", ""}});
  (*settings)[pair.substr(0, equals)] = pair.substr(equals + 1);
  return Status::OK();
}

}  // namespace

Result<std::map<std::string, std::string>> CollectSettings(const SettingsRequest& request) {
  std::map<std::string, std::string> settings;
  std::string file = request.properties_file;
  if (file.empty()) {
    const char* folder = std::getenv("SLUICE_CONF_DIR");
    std::string candidate = std::string(folder ? folder : "conf") + "/spark-defaults.conf";
    if (std::filesystem::exists(candidate)) file = candidate;
  }
  if (!file.empty()) {
    ARROW_ASSIGN_OR_RAISE(settings, ReadPropertiesFile(file));
  }
  if (const char* text = std::getenv("SLUICE_CONF")) {
    std::string all = text;
    for (size_t start = 0; start < all.size();) {
      size_t end = std::min(all.find(';', start), all.size());
      if (end > start) ARROW_RETURN_NOT_OK(AddPair(all.substr(start, end - start), &settings));
      start = end + 1;
    }
  }
  for (const auto& pair : request.conf) ARROW_RETURN_NOT_OK(AddPair(pair, &settings));
  if (!request.master.empty()) settings["spark.master"] = request.master;
  bool has_catalog = false;
  for (const auto& [key, _] : settings) has_catalog = has_catalog || key.rfind("spark.sql.catalog.", 0) == 0;
  if (request.demo_catalog && !has_catalog) {
    settings["spark.sql.catalog.demo"] = "org.apache.iceberg.spark.SparkCatalog";
    settings["spark.sql.catalog.demo.type"] = "hadoop";
    settings["spark.sql.catalog.demo.warehouse"] = (std::filesystem::current_path() / "demo").string();
  }
  return settings;
}

}  // namespace sluice::cli
