#include "base/options.h"

#include <charconv>

namespace sluice {
namespace {

Status BadOption(const std::string& key, const std::string& value, const char* expected) {
  return MakeError("INVALID_CONF_VALUE.REQUIREMENT",
                   {{"confName", key},
                    {"confValue", value},
                    {"confRequirement", "The option \"" + key + "\" takes " + expected + "."}});
}

}  // namespace

Result<int64_t> GetIntOption(const OptionMap& options, const std::string& key, int64_t default_value) {
  auto text = GetOption(options, key);
  if (!text) return default_value;
  int64_t value = 0;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size()) return BadOption(key, *text, "a whole number");
  return value;
}

Result<bool> GetBoolOption(const OptionMap& options, const std::string& key, bool default_value) {
  auto text = GetOption(options, key);
  if (!text) return default_value;
  std::string lower = *text;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (lower == "true") return true;
  if (lower == "false") return false;
  return BadOption(key, *text, "true or false");
}

}  // namespace sluice
