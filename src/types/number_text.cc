#include "types/number_text.h"

#include <charconv>
#include <cstdlib>
#include <limits>
#include <string>

namespace sluice {

namespace {

bool EqualsLower(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != lower[i]) return false;
  }
  return true;
}

template <typename T>
bool ParseFloating(std::string_view text, T* out) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  if (text.empty()) return false;
  const char* p = text.data();
  const char* end = p + text.size();
  bool negative = false;
  if (*p == '-' || *p == '+') negative = *p++ == '-';
  if (p == end) return false;
  if ((*p >= '0' && *p <= '9') || *p == '.') {
    const bool hex = end - p > 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X');
    T value;
    auto [stop, error] =
        std::from_chars(hex ? p + 2 : p, end, value, hex ? std::chars_format::hex : std::chars_format::general);
    if (error == std::errc::invalid_argument) return false;
    if (hex && std::string_view(p, static_cast<size_t>(stop - p)).find_first_of("pP") == std::string_view::npos)
      return false;
    if (error == std::errc::result_out_of_range) {
      const std::string copy(p, end);
      if constexpr (sizeof(T) == 4)
        value = std::strtof(copy.c_str(), nullptr);
      else
        value = std::strtod(copy.c_str(), nullptr);
    }
    if (stop != end && end - stop == 1 && std::string_view("dDfF").find(*stop) != std::string_view::npos) ++stop;
    if (stop != end) return false;
    *out = negative ? -value : value;
    return true;
  }
  const std::string_view word(p, static_cast<size_t>(end - p));
  if (EqualsLower(word, "infinity") || EqualsLower(word, "inf")) {
    *out = negative ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::infinity();
    return true;
  }
  if ((p == text.data() && EqualsLower(word, "nan")) || word == "NaN") {
    *out = std::numeric_limits<T>::quiet_NaN();
    return true;
  }
  return false;
}

}  // namespace

std::string_view TrimAll(std::string_view text) {
  auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

bool ParseIntegral(std::string_view text, bool allow_fraction, int64_t min, int64_t max, int64_t* out) {
  size_t i = 0;
  if (text.empty()) return false;
  const bool negative = text[0] == '-';
  if (negative || text[0] == '+') {
    if (text.size() == 1) return false;
    i = 1;
  }
  int64_t value = 0;  // negative, as that side reaches one further
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.' && allow_fraction) break;
    if (c < '0' || c > '9') return false;
    if (__builtin_mul_overflow(value, 10, &value) || __builtin_sub_overflow(value, c - '0', &value)) return false;
  }
  if (i < text.size()) {
    for (++i; i < text.size(); ++i) {
      if (text[i] < '0' || text[i] > '9') return false;
    }
  }
  if (!negative) {
    if (value == INT64_MIN) return false;
    value = -value;
  }
  *out = value;
  return value >= min && value <= max;
}

bool ParseDouble(std::string_view text, double* out) { return ParseFloating(text, out); }
bool ParseFloat(std::string_view text, float* out) { return ParseFloating(text, out); }

bool ParseBoolean(std::string_view text, bool* out) {
  text = TrimAll(text);
  for (std::string_view word : {"t", "true", "y", "yes", "1"}) {
    if (EqualsLower(text, word)) return *out = true, true;
  }
  for (std::string_view word : {"f", "false", "n", "no", "0"}) {
    if (EqualsLower(text, word)) return *out = false, true;
  }
  return false;
}

}  // namespace sluice
