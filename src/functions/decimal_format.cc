#include "functions/decimal_format.h"

#include <algorithm>

namespace sluice::functions {

Result<DecimalFormat> DecimalFormat::Compile(std::string_view pattern) {
  DecimalFormat out;
  if (pattern.empty()) pattern = "#,##0";
  int left = 0, zeros = 0, right = 0, point = -1, group = -1;  // # before, 0, # behind; digits before the point
  enum class At : uint8_t { kPrefix, kNumber, kSuffix } at = At::kPrefix;
  bool quoted = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (at == At::kPrefix && !quoted && std::string_view("#0,.").find(c) != std::string_view::npos) at = At::kNumber;
    if (at == At::kNumber) {
      if (c == '#') {
        ++(zeros > 0 ? right : left);
      } else if (c == '0') {
        if (right > 0)
          return MakeError("INTERNAL_ERROR",
                           {{"message", "Unexpected '0' in pattern \"" + std::string(pattern) + "\""}});
        ++zeros;
      } else if (c == ',') {
        group = 0;
        continue;
      } else if (c == '.') {
        point = left + zeros + right;
        continue;
      } else if (c == 'E') {
        return UnsupportedFeature("format_number with an exponent in its pattern");
      } else {
        at = At::kSuffix;
      }
      if (at == At::kNumber) {
        if (group >= 0 && point < 0) ++group;
        continue;
      }
    }
    std::string& text = at == At::kPrefix ? out.prefix_ : out.suffix_;
    const bool per_mille = pattern.substr(i).starts_with("‰");
    if (c == '\'') {
      if (i + 1 < pattern.size() && pattern[i + 1] == '\'')
        text += pattern[++i];
      else
        quoted = !quoted;
      continue;
    }
    if (!quoted && c == ';') return UnsupportedFeature("format_number with a pattern for negative numbers");
    if (!quoted && c == '%') out.shift_ = 2;
    if (!quoted && per_mille) out.shift_ = 3;
    text += c;
  }
  const int digits = left + zeros + right;
  if (zeros == 0 && left > 0 && point >= 0) {  // "#.##" shows a zero before the point, ".##" one behind it
    const int n = std::max(point, 1);
    right = left - n;
    left = n - 1;
    zeros = 1;
  }
  const int whole = point >= 0 ? point : digits;
  out.min_integer_ = std::max(0, whole - left);
  out.max_fraction_ = point >= 0 ? digits - point : 0;
  out.min_fraction_ = point >= 0 ? std::max(0, left + zeros - point) : 0;
  out.grouping_ = std::max(group, 0);
  return out;
}

void DecimalFormat::Format(std::string_view number, std::string* out) const {
  if (number.starts_with('-')) {
    out->push_back('-');
    number.remove_prefix(1);
  }
  const size_t point = std::min(number.find('.'), number.size());
  std::string whole(number.substr(0, point)), fraction(number.substr(std::min(point + 1, number.size())));
  while (fraction.size() > static_cast<size_t>(min_fraction_) && fraction.ends_with('0')) fraction.pop_back();
  fraction.resize(std::max(fraction.size(), static_cast<size_t>(min_fraction_)), '0');
  whole.erase(0, whole.find_first_not_of('0') == std::string::npos ? whole.size() : whole.find_first_not_of('0'));
  if (whole.size() < static_cast<size_t>(min_integer_))
    whole.insert(0, static_cast<size_t>(min_integer_) - whole.size(), '0');
  if (whole.empty() && fraction.empty()) whole = "0";
  if (grouping_ > 0) {
    const size_t step = static_cast<size_t>(grouping_);
    for (size_t i = whole.size(); i > step; i -= step) whole.insert(i - step, 1, ',');
  }
  out->append(prefix_).append(whole);
  if (!fraction.empty()) out->append(".").append(fraction);
  out->append(suffix_);
}

}  // namespace sluice::functions
