#include "base/config.h"

#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>

namespace sluice {
namespace {

// Filled by static constructors, so it must not depend on their order.
std::map<std::string, const ConfigEntry*>& Registry() {
  static auto* entries = new std::map<std::string, const ConfigEntry*>;
  return *entries;
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n\f\v";
  size_t from = text.find_first_not_of(kBlank);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlank) - from + 1);
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

Status TypeMismatch(const ConfigEntry& entry, const std::string& value, const char* type) {
  return MakeError("INVALID_CONF_VALUE.TYPE_MISMATCH",
                   {{"confName", entry.key}, {"confValue", value}, {"confType", type}});
}

bool ParseInt(std::string_view text, int64_t* out) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

struct Unit {
  std::string_view name;
  int64_t us;
};
constexpr Unit kUnits[] = {{"us", 1},
                           {"usec", 1},
                           {"microsecond", 1},
                           {"ms", 1000},
                           {"msec", 1000},
                           {"millisecond", 1000},
                           {"s", 1'000'000},
                           {"sec", 1'000'000},
                           {"second", 1'000'000},
                           {"m", 60'000'000},
                           {"min", 60'000'000},
                           {"minute", 60'000'000},
                           {"h", 3'600'000'000},
                           {"hr", 3'600'000'000},
                           {"hour", 3'600'000'000},
                           {"d", 86'400'000'000},
                           {"day", 86'400'000'000},
                           {"week", 604'800'000'000}};

std::optional<int64_t> UnitUs(std::string_view name) {
  for (const Unit& unit : kUnits) {
    if (name == unit.name) return unit.us;
  }
  if (name.size() > 1 && name.back() == 's') {
    name.remove_suffix(1);
    for (const Unit& unit : kUnits) {
      if (name == unit.name) return unit.us;
    }
  }
  return std::nullopt;
}

Status BadDuration(std::string_view text) {
  return MakeError("CANNOT_PARSE_INTERVAL", {{"intervalString", "'" + std::string(text) + "'"}});
}

/// A number with up to six decimals times `scale`, exactly. False: not a number, or too large.
bool ScaledNumber(std::string_view text, int64_t scale, int64_t* out) {
  bool negative = !text.empty() && (text[0] == '-' || text[0] == '+') && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  size_t dot = text.find('.');
  std::string_view whole_text = text.substr(0, dot);
  std::string_view fraction_text = dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
  if ((whole_text.empty() && fraction_text.empty()) || fraction_text.size() > 9) return false;
  int64_t whole = 0, fraction = 0;
  if (!whole_text.empty() && (whole_text[0] == '-' || !ParseInt(whole_text, &whole))) return false;
  if (!fraction_text.empty() &&
      (fraction_text[0] == '-' || fraction_text[0] == '+' || !ParseInt(fraction_text, &fraction))) {
    return false;
  }
  int64_t result;
  if (__builtin_mul_overflow(whole, scale, &result)) return false;
  __int128 part = static_cast<__int128>(fraction) * scale;
  for (size_t i = 0; i < fraction_text.size(); ++i) part /= 10;
  if (__builtin_add_overflow(result, static_cast<int64_t>(part), &result)) return false;
  *out = negative ? -result : result;
  return true;
}

}  // namespace

ConfigEntry::ConfigEntry(std::string_view k, std::string_view d, std::string_view text)
    : key(k), default_value(d), doc(text) {
  Registry()[key] = this;
}

const std::map<std::string, const ConfigEntry*>& KnownConfigs() { return Registry(); }

std::optional<std::string> Config::Get(const std::string& key) const {
  if (auto it = values_.find(key); it != values_.end()) return it->second;
  if (auto it = Registry().find(key); it != Registry().end()) return it->second->default_value;
  return std::nullopt;
}

std::string Config::Get(const ConfigEntry& entry) const {
  auto it = values_.find(entry.key);
  return it == values_.end() ? entry.default_value : it->second;
}

Result<bool> Config::GetBool(const ConfigEntry& entry) const {
  std::string text = Get(entry);
  std::string lower = Lower(Trim(text));
  if (lower == "true") return true;
  if (lower == "false") return false;
  return TypeMismatch(entry, text, "boolean");
}

Result<int64_t> Config::GetInt(const ConfigEntry& entry) const {
  std::string text = Get(entry);
  int64_t value;
  if (!ParseInt(Trim(text), &value)) return TypeMismatch(entry, text, "long");
  return value;
}

Result<int64_t> Config::GetDurationMs(const ConfigEntry& entry) const {
  std::string text = Get(entry);
  int64_t value;
  if (ParseInt(Trim(text), &value)) return value;
  auto us = ParseDurationUs(text);
  if (!us.ok()) return TypeMismatch(entry, text, "duration (as 10s, 5 minutes, 100ms)");
  return *us / 1000;
}

Result<int64_t> Config::GetBytes(const ConfigEntry& entry) const {
  std::string text = Get(entry);
  auto bytes = ParseByteSize(text);
  if (!bytes.ok()) return TypeMismatch(entry, text, "bytes (as 64m, 1g)");
  return *bytes;
}

Result<std::map<std::string, std::string>> ReadPropertiesFile(const std::string& path) {
  std::ifstream in(path);
  if (!in) return MakeError("PATH_NOT_FOUND", {{"path", path}});
  std::map<std::string, std::string> out;
  for (std::string line; std::getline(in, line);) {
    std::string_view text = Trim(line);
    if (text.empty() || text[0] == '#' || text[0] == '!') continue;
    // As java.util.Properties: the key ends at the first '=', ':' or blank.
    size_t end = text.find_first_of("=: \t");
    std::string_view key = text.substr(0, end);
    std::string_view value = end == std::string_view::npos ? std::string_view() : Trim(text.substr(end));
    if (!value.empty() && (value[0] == '=' || value[0] == ':')) value = Trim(value.substr(1));
    out[std::string(key)] = std::string(value);
  }
  return out;
}

Result<int64_t> ParseDurationUs(std::string_view original) {
  std::string lower = Lower(Trim(original));
  std::string_view text = lower;
  if (text.substr(0, 8) == "interval" && (text.size() == 8 || text[8] == ' ' || text[8] == '\'')) {
    text = Trim(text.substr(8));
    if (text.size() >= 2 && text.front() == '\'' && text.find('\'', 1) != std::string_view::npos) {
      // INTERVAL '5' MINUTES, INTERVAL '5 minutes'
      size_t close = text.find('\'', 1);
      lower = std::string(text.substr(1, close - 1)) + " " + std::string(text.substr(close + 1));
      text = Trim(lower);
    }
  }
  if (text.empty()) return BadDuration(original);
  int64_t total = 0;
  while (!text.empty()) {
    size_t number_end = text.find_first_not_of("+-.0123456789");
    if (number_end == 0 || number_end == std::string_view::npos) return BadDuration(original);
    std::string_view number = text.substr(0, number_end);
    text = Trim(text.substr(number_end));
    size_t unit_end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz");
    auto unit = UnitUs(text.substr(0, unit_end));
    text = unit_end == std::string_view::npos ? std::string_view() : Trim(text.substr(unit_end));
    int64_t part;
    if (!unit || !ScaledNumber(number, *unit, &part) || __builtin_add_overflow(total, part, &total)) {
      return BadDuration(original);
    }
  }
  return total;
}

Result<int64_t> ParseByteSize(std::string_view original) {
  std::string lower = Lower(Trim(original));
  std::string_view text = lower;
  size_t number_end = text.find_first_not_of("+-0123456789");
  int64_t number;
  if (ParseInt(text.substr(0, number_end), &number)) {
    std::string_view unit = number_end == std::string_view::npos ? "b" : Trim(text.substr(number_end));
    static constexpr std::string_view kSizes = "bkmgtp";
    size_t power = unit.empty() ? std::string_view::npos : kSizes.find(unit[0]);
    bool known = unit.size() == 1 || (unit.size() == 2 && unit[1] == 'b' && unit[0] != 'b') ||
                 (unit.size() == 3 && unit.substr(1) == "ib" && unit[0] != 'b');
    int64_t bytes;
    if (known && power != std::string_view::npos &&
        !__builtin_mul_overflow(number, int64_t{1} << (10 * power), &bytes)) {
      return bytes;
    }
  }
  return MakeError("INVALID_CONF_VALUE.REQUIREMENT", {{"confName", "size"},
                                                      {"confValue", std::string(original)},
                                                      {"confRequirement", "Sizes are written as 1024, 64k, 64m, 1g."}});
}

}  // namespace sluice
