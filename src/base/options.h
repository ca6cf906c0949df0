#pragma once
// Options of readers, writers and sources: case-insensitive keys that keep their spelling, as Spark's
// CaseInsensitiveMap.
#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "base/error.h"

namespace sluice {

struct CaseInsensitiveLess {
  bool operator()(const std::string& a, const std::string& b) const {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
      return (x >= 'A' && x <= 'Z' ? x + 32 : x) < (y >= 'A' && y <= 'Z' ? y + 32 : y);
    });
  }
};

using OptionMap = std::map<std::string, std::string, CaseInsensitiveLess>;

inline std::optional<std::string> GetOption(const OptionMap& options, const std::string& key) {
  auto it = options.find(key);
  return it == options.end() ? std::nullopt : std::optional<std::string>(it->second);
}
/// Errors name the option and what it takes.
Result<int64_t> GetIntOption(const OptionMap& options, const std::string& key, int64_t default_value);
Result<bool> GetBoolOption(const OptionMap& options, const std::string& key, bool default_value);

}  // namespace sluice
