#pragma once
// Settings: Spark's keys verbatim, own ones under sluice.*.
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sluice {

/// One known key. Each room registers its own with a static ConfigEntry at the file that reads it.
struct ConfigEntry {
  ConfigEntry(std::string_view key, std::string_view default_value, std::string_view doc);
  std::string key, default_value, doc;
};

/// All registered entries, by key.
const std::map<std::string, const ConfigEntry*>& KnownConfigs();

/// A session's settings. Copyable; a running query works on its own copy.
class Config {
 public:
  void Set(std::string key, std::string value) { values_[std::move(key)] = std::move(value); }
  void Unset(const std::string& key) { values_.erase(key); }
  /// Set value, else the entry's default, else nullopt.
  std::optional<std::string> Get(const std::string& key) const;
  std::string Get(const ConfigEntry& entry) const;
  /// CONFIG error INVALID_CONF_VALUE.TYPE_MISMATCH-like when the text does not parse.
  Result<bool> GetBool(const ConfigEntry& entry) const;
  Result<int64_t> GetInt(const ConfigEntry& entry) const;
  /// "10s", "5 minutes", "100ms" or plain milliseconds.
  Result<int64_t> GetDurationMs(const ConfigEntry& entry) const;
  /// "64m", "1g" or plain bytes.
  Result<int64_t> GetBytes(const ConfigEntry& entry) const;
  /// Explicitly set values only.
  const std::map<std::string, std::string>& values() const { return values_; }

 private:
  std::map<std::string, std::string> values_;
};

/// Reads key=value or "key value" lines, # comments: the form of spark-defaults.conf.
Result<std::map<std::string, std::string>> ReadPropertiesFile(const std::string& path);

/// "10 seconds", "1 minute 30 s", "100ms", "INTERVAL 5 MINUTES" -> microseconds.
Result<int64_t> ParseDurationUs(std::string_view text);
Result<int64_t> ParseByteSize(std::string_view text);

}  // namespace sluice
