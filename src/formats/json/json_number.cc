#include "formats/json/json_number.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>

namespace sluice::formats {

bool IsNumber(std::string_view s) {
  size_t i = 0;
  auto digits = [&] {
    size_t start = i;
    while (i < s.size() && s[i] >= '0' && s[i] <= '9') ++i;
    return i > start;
  };
  if (i < s.size() && s[i] == '-') ++i;
  size_t first = i;
  if (!digits() || (s[first] == '0' && i - first > 1)) return false;
  if (i < s.size() && s[i] == '.' && (++i, !digits())) return false;
  if (i < s.size() && (s[i] == 'e' || s[i] == 'E')) {
    ++i;
    if (i < s.size() && (s[i] == '+' || s[i] == '-')) ++i;
    if (!digits()) return false;
  }
  return i == s.size();
}

bool IsIntegerText(std::string_view s) {
  return std::all_of(s.begin() + (s[0] == '-' ? 1 : 0), s.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool ReadDecimal(std::string_view text, int precision, int scale, uint8_t* bytes16) {
  std::string_view mantissa = text.substr(0, text.find_first_of("eE"));
  int64_t exponent = 0;
  if (mantissa.size() < text.size()) {
    std::string digits(text.substr(mantissa.size() + 1));
    std::erase(digits, ',');
    const char* first = digits.data() + (digits.starts_with('+') && !digits.starts_with("+-") ? 1 : 0);
    int32_t value;
    auto [end, error] = std::from_chars(first, digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size()) return false;
    exponent = value;
  }
  // What the digits are worth: how many there are from the first that is not zero, and how many after the point.
  int64_t digits = 0, significant = 0, fraction = 0;
  bool negative = false, sign = false, point = false;
  for (char c : mantissa) {
    if (c == ',') continue;
    if (c >= '0' && c <= '9') {
      ++digits;
      significant += significant > 0 || c != '0';
      fraction += point;
    } else if (c == '.' && !point) {
      point = true;
    } else if ((c == '-' || c == '+') && !sign && !point && digits == 0) {
      sign = true;
      negative = c == '-';
    } else {
      return false;
    }
  }
  if (digits == 0) return false;
  const int64_t shift = exponent - fraction + scale;
  if (significant > 0 && significant + shift > precision) return false;
  int64_t kept = significant + std::min<int64_t>(shift, 0);  // digits before the place of rounding; at most `precision`
  unsigned __int128 value = 0, limit = 1;
  bool leading = true, up = false;
  for (char c : mantissa) {
    if (c < '0' || c > '9' || (leading && c == '0')) continue;
    leading = false;
    if (kept <= 0) {
      up = kept == 0 && shift < 0 && c >= '5';
      break;
    }
    value = value * 10 + static_cast<unsigned>(c - '0');
    --kept;
  }
  for (int64_t i = 0; i < shift && significant > 0; ++i) value *= 10;
  value += up;
  for (int i = 0; i < precision; ++i) limit *= 10;
  if (value >= limit) return false;
  if (negative) value = -value;
  std::memcpy(bytes16, &value, sizeof value);
  return true;
}

}  // namespace sluice::formats
