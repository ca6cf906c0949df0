#include "functions/interval_text.h"

#include <algorithm>
#include <cctype>

#include "types/datetime.h"
#include "types/number_text.h"

namespace sluice::functions {
namespace {

std::string Upper(std::string_view s) {
  std::string out(s);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

/// Strips INTERVAL [+|-] '...' <unit> when written so; returns the sign.
std::optional<int> Unwrap(std::string_view* text, std::string_view unit) {
  int sign = 1;
  const std::string upper = Upper(*text);
  if (upper.starts_with("INTERVAL")) {
    if (!upper.ends_with(unit)) return std::nullopt;
    std::string_view body = TrimAll(text->substr(8, text->size() - 8 - unit.size()));
    if (!body.empty() && (body[0] == '-' || body[0] == '+')) {
      if (body[0] == '-') sign = -1;
      body = TrimAll(body.substr(1));
    }
    if (body.size() < 2 || body.front() != '\'' || body.back() != '\'') return std::nullopt;
    *text = TrimAll(body.substr(1, body.size() - 2));
  }
  if (!text->empty() && (text->front() == '-' || text->front() == '+')) {
    if (text->front() == '-') sign = -sign;
    text->remove_prefix(1);
  }
  return sign;
}

/// Up to `max_digits` digits; moves past them.
std::optional<int64_t> Digits(std::string_view* text, size_t max_digits) {
  size_t n = 0;
  int64_t v = 0;
  while (n < text->size() && n < max_digits && std::isdigit(static_cast<unsigned char>((*text)[n])))
    v = v * 10 + ((*text)[n++] - '0');
  if (n == 0) return std::nullopt;
  text->remove_prefix(n);
  return v;
}

}  // namespace

std::optional<int64_t> ParseDayTimeInterval(std::string_view text, const DataType& type) {
  static constexpr std::string_view kNames[] = {"DAY", "HOUR", "MINUTE", "SECOND"};
  static constexpr int64_t kUnits[] = {kUsPerDay, kUsPerHour, kUsPerMinute, kUsPerSecond};
  static constexpr char kBefore[] = {0, ' ', ':', ':'};
  static constexpr int64_t kLimit[] = {INT64_MAX, 23, 59, 59};
  const int from = static_cast<int>(type.intervalStart()), to = static_cast<int>(type.intervalEnd());
  std::string unit(kNames[from]);
  if (from != to) unit += " TO " + std::string(kNames[to]);
  auto sign = Unwrap(&text, unit);
  if (!sign) return std::nullopt;
  int64_t total = 0;
  for (int f = from; f <= to; ++f) {
    if (f > from) {
      if (text.empty() || text.front() != kBefore[f]) return std::nullopt;
      text.remove_prefix(1);
    }
    auto v = Digits(&text, f == from ? 13 : 2);
    if (!v || (f > from && *v > kLimit[f])) return std::nullopt;
    int64_t us;
    if (__builtin_mul_overflow(*v, kUnits[f] * *sign, &us) || __builtin_add_overflow(total, us, &total))
      return std::nullopt;
  }
  if (to == 3 && !text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    int64_t fraction = 0;
    int digits = 0;
    while (!text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) && digits < 9) {
      if (digits++ < 6) fraction = fraction * 10 + (text.front() - '0');
      text.remove_prefix(1);
    }
    for (int k = digits; k < 6; ++k) fraction *= 10;
    if (__builtin_add_overflow(total, fraction * *sign, &total)) return std::nullopt;
  }
  if (!text.empty()) return std::nullopt;
  return total;
}

std::optional<int32_t> ParseYearMonthInterval(std::string_view text, const DataType& type) {
  const bool years = type.intervalStart() == IntervalField::kYear, months = type.intervalEnd() == IntervalField::kMonth;
  auto sign = Unwrap(&text, years && months ? "YEAR TO MONTH" : years ? "YEAR" : "MONTH");
  if (!sign) return std::nullopt;
  int64_t total = 0;
  if (years) {
    auto v = Digits(&text, 9);
    if (!v) return std::nullopt;
    total = *v * 12;
    if (months) {
      if (text.empty() || text.front() != '-') return std::nullopt;
      text.remove_prefix(1);
    }
  }
  if (months) {
    auto v = Digits(&text, 10);
    if (!v || (years && *v > 11)) return std::nullopt;
    total += *v;
  }
  total *= *sign;
  if (!text.empty() || total > INT32_MAX || total < INT32_MIN) return std::nullopt;
  return static_cast<int32_t>(total);
}

std::optional<CalendarParts> ParseCalendarInterval(std::string_view text) {
  text = TrimAll(text);
  if (text.size() > 8 && Upper(text.substr(0, 8)) == "INTERVAL" && std::isspace(static_cast<unsigned char>(text[8])))
    text = TrimAll(text.substr(8));
  if (text.empty()) return std::nullopt;
  CalendarParts out;
  while (!text.empty()) {
    int64_t sign = 1;
    if (text.front() == '-' || text.front() == '+') {
      if (text.front() == '-') sign = -1;
      text.remove_prefix(1);
      while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
    }
    int64_t whole = 0, nanos = 0;
    bool fraction = false;
    if (!text.empty() && text.front() != '.') {
      auto v = Digits(&text, 18);
      if (!v) return std::nullopt;
      whole = *v;
    }
    if (!text.empty() && text.front() == '.') {
      fraction = true;
      text.remove_prefix(1);
      int digits = 0;
      while (!text.empty() && std::isdigit(static_cast<unsigned char>(text.front()))) {
        if (digits++ >= 9) return std::nullopt;
        nanos = nanos * 10 + (text.front() - '0');
        text.remove_prefix(1);
      }
      for (int k = digits; k < 9; ++k) nanos *= 10;
    }
    if (text.empty() || !std::isspace(static_cast<unsigned char>(text.front()))) return std::nullopt;
    text = TrimAll(text);
    size_t n = 0;
    while (n < text.size() && std::isalpha(static_cast<unsigned char>(text[n]))) ++n;
    std::string unit = Upper(text.substr(0, n));
    if (unit.ends_with('S')) unit.pop_back();
    text = TrimAll(text.substr(n));
    int64_t months = 0, days = 0, us = 0;
    bool bad = false;
    if (unit == "YEAR")
      bad = __builtin_mul_overflow(whole, 12, &months);
    else if (unit == "MONTH")
      months = whole;
    else if (unit == "WEEK")
      bad = __builtin_mul_overflow(whole, 7, &days);
    else if (unit == "DAY")
      days = whole;
    else if (unit == "HOUR")
      bad = __builtin_mul_overflow(whole, kUsPerHour, &us);
    else if (unit == "MINUTE")
      bad = __builtin_mul_overflow(whole, kUsPerMinute, &us);
    else if (unit == "SECOND")
      bad = __builtin_mul_overflow(whole, kUsPerSecond, &us) || __builtin_add_overflow(us, nanos / 1000, &us);
    else if (unit == "MILLISECOND")
      bad = __builtin_mul_overflow(whole, 1000, &us);
    else if (unit == "MICROSECOND")
      us = whole;
    else
      return std::nullopt;
    if (fraction && unit != "SECOND") return std::nullopt;
    if (bad || __builtin_add_overflow(out.us, sign * us, &out.us) ||
        __builtin_add_overflow(static_cast<int64_t>(out.months), sign * months, &out.months) ||
        __builtin_add_overflow(static_cast<int64_t>(out.days), sign * days, &out.days)) {
      return std::nullopt;
    }
  }
  return out;
}

std::string IntervalFormats(const DataType& type) {
  static constexpr std::string_view kDayTime[4][4] = {
      {"d", "d h", "d h:m", "d h:m:s.n"}, {"", "h", "h:m", "h:m:s.n"}, {"", "", "m", "m:s.n"}, {"", "", "", "s.n"}};
  std::string_view body;
  if (type.id() == TypeId::kDayTimeInterval)
    body = kDayTime[static_cast<int>(type.intervalStart())][static_cast<int>(type.intervalEnd())];
  else
    body = type.intervalStart() != type.intervalEnd()     ? "y-m"
           : type.intervalStart() == IntervalField::kYear ? "y"
                                                          : "m";
  const std::string unit = type.sql().starts_with("INTERVAL ") ? type.sql().substr(9) : type.sql();
  return "`[+|-]" + std::string(body) + "`, `INTERVAL [+|-]'[+|-]" + std::string(body) + "' " + unit + "`";
}

}  // namespace sluice::functions
