// The parsing half of DateTimePattern.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <span>

#include "types/datetime.h"
#include "types/datetime_names.h"
#include "types/datetime_pattern.h"

namespace sluice {
namespace {

using Item = DateTimePattern::Item;

/// Java's names of fields and their bounds, in the order in which it checks them.
struct FieldRule {
  const char* name;
  const char* bounds;
  int32_t least, most;
};
constexpr FieldRule kRules[] = {
    {"MonthOfYear", "1 - 12", 1, 12},    {"DayOfMonth", "1 - 28/31", 1, 31},   {"DayOfYear", "1 - 365/366", 1, 366},
    {"ClockHourOfDay", "1 - 24", 1, 24}, {"ClockHourOfAmPm", "1 - 12", 1, 12}, {"HourOfAmPm", "0 - 11", 0, 11},
    {"HourOfDay", "0 - 23", 0, 23},      {"MinuteOfHour", "0 - 59", 0, 59},    {"SecondOfMinute", "0 - 59", 0, 59},
};
enum Rule : uint8_t {
  kMonth,
  kDay,
  kDayOfYear,
  kClockHour,
  kClockHourOfAmPm,
  kHourOfAmPm,
  kHour,
  kMinute,
  kSecond,
  kNone
};

/// Why a text does not match: filled in only when an error is to be explained.
struct Trouble {
  size_t at = 0;      // where the item that fails begins
  Rule rule = kNone;  // the first field that is out of bounds
  int64_t value = 0;
};

struct Fields {
  int32_t year = INT32_MIN, month = -1, day = -1, day_of_year = -1;
  int32_t hour = -1, hour12 = -1, ampm = -1, minute = 0, second = 0;
  int64_t us = 0;
  bool bc = false;
  std::optional<int32_t> offset;  // seconds
  std::string_view zone;
  Trouble* trouble = nullptr;
};

/// Whether a field is in its bounds. One that is not does not end an explanation: what follows may fail to parse.
bool Check(Rule rule, int64_t v, Fields* f) {
  if (v >= kRules[rule].least && v <= kRules[rule].most) return true;
  if (f->trouble == nullptr) return false;
  if (rule < f->trouble->rule) {
    f->trouble->rule = rule;
    f->trouble->value = v;
  }
  return true;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
char Lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

bool TakeText(std::string_view text, size_t* pos, std::string_view wanted) {
  if (text.size() - *pos < wanted.size()) return false;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (Lower(text[*pos + i]) != Lower(wanted[i])) return false;
  }
  *pos += wanted.size();
  return true;
}

/// Between `least` and `most` digits.
bool TakeDigits(std::string_view text, size_t* pos, int least, int most, int64_t* out) {
  int n = 0;
  int64_t v = 0;
  while (n < most && *pos < text.size() && IsDigit(text[*pos])) {
    v = v * 10 + (text[(*pos)++] - '0');
    ++n;
  }
  *out = v;
  return n >= least;
}

bool TakeNumber(const Item& item, std::string_view text, size_t* pos, int64_t* out) {
  if (item.fixed) return TakeDigits(text, pos, item.count, item.count, out);
  size_t digits = 0;
  while (*pos + digits < text.size() && digits < 18 && IsDigit(text[*pos + digits])) ++digits;
  const int most = std::max<int>(static_cast<int>(digits) - item.reserved, item.count);
  return TakeDigits(text, pos, item.count, most, out);
}

bool TakeYear(const Item& item, std::string_view text, size_t* pos, Fields* f) {
  int64_t v = 0;
  if (item.count == 2) {
    if (!TakeDigits(text, pos, 2, 2, &v)) return false;
    f->year = static_cast<int32_t>(2000 + v);
    return true;
  }
  const bool plus = item.count >= 4 && *pos < text.size() && text[*pos] == '+';
  const bool minus = *pos < text.size() && text[*pos] == '-';
  if (plus || minus) ++*pos;
  const size_t start = *pos;
  if (!TakeNumber(item, text, pos, &v)) return false;
  // More digits than the pattern has letters ask for a sign.
  if (item.count >= 4 && !minus && (static_cast<int>(*pos - start) > item.count) != plus) return false;
  if (v > 999999) return false;
  f->year = static_cast<int32_t>(minus ? -v : v);
  return true;
}

/// +HH[:MM[:SS]]; `minutes` and `colon` say what the pattern wants.
bool TakeOffset(std::string_view text, size_t* pos, bool colon, bool minutes, bool with_seconds, std::string_view zero,
                Fields* f) {
  if (!zero.empty() && !IsDigit(zero.back()) && TakeText(text, pos, zero)) {
    f->offset = 0;
    return true;
  }
  if (*pos >= text.size() || (text[*pos] != '+' && text[*pos] != '-')) return false;
  const int sign = text[(*pos)++] == '-' ? -1 : 1;
  int64_t h = 0, m = 0, s = 0;
  if (!TakeDigits(text, pos, 2, 2, &h)) return false;
  auto more = [&](int64_t* out) {
    size_t at = *pos;
    if (colon && !TakeText(text, &at, ":")) return false;
    if (!TakeDigits(text, &at, 2, 2, out)) return false;
    *pos = at;
    return true;
  };
  const bool has_minutes = more(&m);
  if (minutes && !has_minutes) return false;
  if (with_seconds && has_minutes) more(&s);
  if (h > 18 || m > 59 || s > 59) return false;
  f->offset = sign * static_cast<int32_t>(h * 3600 + m * 60 + s);
  return true;
}

bool TakeLocalizedOffset(std::string_view text, size_t* pos, Fields* f) {
  if (!TakeText(text, pos, "GMT")) return false;
  f->offset = 0;
  if (*pos >= text.size() || (text[*pos] != '+' && text[*pos] != '-')) return true;
  const int sign = text[(*pos)++] == '-' ? -1 : 1;
  int64_t h = 0, m = 0;
  if (!TakeDigits(text, pos, 1, 2, &h)) return false;
  if (TakeText(text, pos, ":") && !TakeDigits(text, pos, 2, 2, &m)) return false;
  f->offset = sign * static_cast<int32_t>(h * 3600 + m * 60);
  return true;
}

bool TakeZone(std::string_view text, size_t* pos, Fields* f) {
  const size_t start = *pos;
  while (*pos < text.size() && (std::isalnum(static_cast<unsigned char>(text[*pos])) ||
                                std::string_view("/_+-:").find(text[*pos]) != std::string_view::npos))
    ++*pos;
  f->zone = text.substr(start, *pos - start);
  return !f->zone.empty();
}

/// A zone by the names a text may give it.
std::shared_ptr<const TimeZone> FindZone(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> kShort[] = {
      {"PST", "America/Los_Angeles"}, {"PDT", "America/Los_Angeles"}, {"MST", "America/Denver"},
      {"MDT", "America/Denver"},      {"CST", "America/Chicago"},     {"CDT", "America/Chicago"},
      {"EST", "America/New_York"},    {"EDT", "America/New_York"},    {"CET", "Europe/Paris"},
      {"CEST", "Europe/Paris"},       {"IST", "Asia/Kolkata"},        {"JST", "Asia/Tokyo"}};
  for (const auto& [abbreviation, region] : kShort) {
    if (name == abbreviation) name = region;
  }
  auto zone = TimeZone::Find(name);
  return zone.ok() ? *zone : nullptr;
}

bool ParseItems(std::span<const Item> items, size_t from, size_t to, std::string_view text, size_t* pos, Fields* f) {
  for (size_t i = from; i < to; ++i) {
    const Item& item = items[i];
    int64_t v = 0;
    if (f->trouble != nullptr) f->trouble->at = *pos;
    switch (item.letter) {
      case 0:
        if (!TakeText(text, pos, item.text)) return false;
        break;
      case '[': {
        Fields inner = *f;
        size_t at = *pos;
        Trouble inside = f->trouble != nullptr ? *f->trouble : Trouble{};
        if (f->trouble != nullptr) inner.trouble = &inside;
        if (ParseItems(items, i + 1, static_cast<size_t>(item.end), text, &at, &inner)) {
          inner.trouble = f->trouble;
          if (f->trouble != nullptr) *f->trouble = inside;
          *f = inner;
          *pos = at;
        }
        i = static_cast<size_t>(item.end);
        break;
      }
      case ']': break;
      case 'G':
        if (TakeText(text, pos, item.count == 4 ? "Before Christ" : "BC"))
          f->bc = true;
        else if (!TakeText(text, pos, item.count == 4 ? "Anno Domini" : "AD"))
          return false;
        break;
      case 'y':
        if (!TakeYear(item, text, pos, f)) return false;
        break;
      case 'M':
      case 'L':
        if (item.count < 3) {
          if (!TakeNumber(item, text, pos, &v) || !Check(kMonth, v, f)) return false;
          f->month = static_cast<int32_t>(v);
        } else {
          f->month = -1;
          for (int32_t m = 1; m <= 12 && f->month < 0; ++m) {
            if (TakeText(text, pos, MonthName(m, item.count == 4))) f->month = m;
          }
          if (f->month < 0) return false;
        }
        break;
      case 'd':
        if (!TakeNumber(item, text, pos, &v) || !Check(kDay, v, f)) return false;
        f->day = static_cast<int32_t>(v);
        break;
      case 'D':
        if (!TakeNumber(item, text, pos, &v) || !Check(kDayOfYear, v, f)) return false;
        f->day_of_year = static_cast<int32_t>(v);
        break;
      case 'a':
        if (TakeText(text, pos, "AM"))
          f->ampm = 0;
        else if (TakeText(text, pos, "PM"))
          f->ampm = 1;
        else
          return false;
        break;
      case 'H':
        if (!TakeNumber(item, text, pos, &v) || !Check(kHour, v, f)) return false;
        f->hour = static_cast<int32_t>(v);
        break;
      case 'k':
        if (!TakeNumber(item, text, pos, &v) || !Check(kClockHour, v, f)) return false;
        f->hour = static_cast<int32_t>(v % 24);
        break;
      case 'h':
        if (!TakeNumber(item, text, pos, &v) || !Check(kClockHourOfAmPm, v, f)) return false;
        f->hour12 = static_cast<int32_t>(v % 12);
        break;
      case 'K':
        if (!TakeNumber(item, text, pos, &v) || !Check(kHourOfAmPm, v, f)) return false;
        f->hour12 = static_cast<int32_t>(v);
        break;
      case 'm':
        if (!TakeNumber(item, text, pos, &v) || !Check(kMinute, v, f)) return false;
        f->minute = static_cast<int32_t>(v);
        break;
      case 's':
        if (!TakeNumber(item, text, pos, &v) || !Check(kSecond, v, f)) return false;
        f->second = static_cast<int32_t>(v);
        break;
      case 'S': {
        const size_t start = *pos;
        if (!TakeDigits(text, pos, 1, item.count, &v)) return false;
        for (size_t n = *pos - start; n > 6; --n) v /= 10;
        for (size_t n = *pos - start; n < 6; ++n) v *= 10;
        f->us = v;
        break;
      }
      case 'V':
      case 'z':
        if (!TakeZone(text, pos, f)) return false;
        break;
      case 'O':
        if (!TakeLocalizedOffset(text, pos, f)) return false;
        break;
      case 'X':
      case 'x':
        if (!TakeOffset(text, pos, item.count == 3 || item.count == 5, item.count > 1, item.count > 3,
                        item.letter == 'X' ? "Z" : "", f))
          return false;
        break;
      case 'Z':
        if (item.count == 4) {
          if (!TakeLocalizedOffset(text, pos, f)) return false;
        } else if (!TakeOffset(text, pos, item.count == 5, true, item.count == 5, item.count == 5 ? "Z" : "", f)) {
          return false;
        }
        break;
      default: return false;
    }
  }
  return true;
}

std::optional<int32_t> Days(const Fields& f) {
  constexpr int32_t kMostYears = 300'000;  // a little more than timestamps reach
  int32_t year = f.year == INT32_MIN ? 1970 : f.year;
  if (year > kMostYears || year < -kMostYears) return std::nullopt;
  if (f.bc) year = 1 - year;
  if (f.day_of_year > 0) {
    if (f.day_of_year == 366 && !IsLeapYear(year)) return std::nullopt;
    return DaysFromCivil(year, 1, 1) + f.day_of_year - 1;
  }
  const int32_t month = f.month < 0 ? 1 : f.month, day = f.day < 0 ? 1 : f.day;
  if (day > DaysInMonth(year, month)) return std::nullopt;
  return DaysFromCivil(year, month, day);
}

/// Nothing beyond the range of timestamps.
std::optional<int64_t> LocalUs(const Fields& f) {
  const auto days = Days(f);
  if (!days) return std::nullopt;
  const int32_t hour = f.hour >= 0 ? f.hour : std::max(f.hour12, 0) + (f.ampm == 1 ? 12 : 0);
  int64_t us;
  if (__builtin_mul_overflow(static_cast<int64_t>(*days), kUsPerDay, &us) ||
      __builtin_add_overflow(us, hour * kUsPerHour + f.minute * kUsPerMinute + f.second * kUsPerSecond + f.us, &us))
    return std::nullopt;
  return us;
}

bool ParseAll(const std::vector<Item>& items, std::string_view text, Fields* f) {
  size_t pos = 0;
  return ParseItems(items, 0, items.size(), text, &pos, f) && pos == text.size();
}

}  // namespace

std::optional<int64_t> DateTimePattern::ParseTimestamp(std::string_view text, const TimeZone& zone) const {
  Fields f;
  if (!ParseAll(items_, text, &f)) return std::nullopt;
  const auto local = LocalUs(f);
  if (!local) return std::nullopt;
  if (f.offset) return *local - *f.offset * kUsPerSecond;
  if (f.zone.empty()) return zone.ToUtc(*local);
  const auto named = FindZone(f.zone);
  if (named == nullptr) return std::nullopt;
  return named->ToUtc(*local);
}

std::optional<int64_t> DateTimePattern::ParseLocal(std::string_view text) const {
  Fields f;
  if (!ParseAll(items_, text, &f)) return std::nullopt;
  return LocalUs(f);
}

std::string DateTimePattern::Explain(std::string_view text) const {
  static constexpr const char* kMonths[] = {"JANUARY", "FEBRUARY", "MARCH",     "APRIL",   "MAY",      "JUNE",
                                            "JULY",    "AUGUST",   "SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER"};
  constexpr size_t kShown = 64;
  const std::string failed =
      fmt::format("Text '{}{}' could not be parsed", text.substr(0, kShown), text.size() > kShown ? "..." : "");
  Fields f;
  Trouble trouble;
  f.trouble = &trouble;
  size_t pos = 0;
  if (!ParseItems(items_, 0, items_.size(), text, &pos, &f)) return fmt::format("{} at index {}", failed, trouble.at);
  if (pos < text.size()) return fmt::format("{}, unparsed text found at index {}", failed, pos);
  if (trouble.rule != kNone) {
    const FieldRule& rule = kRules[trouble.rule];
    return fmt::format("{}: Invalid value for {} (valid values {}): {}", failed, rule.name, rule.bounds, trouble.value);
  }
  if (f.day_of_year == 366)
    return fmt::format("{}: Invalid date 'DayOfYear 366' as '{}' is not a leap year", failed, f.year);
  if (f.month == 2 && f.day == 29)
    return fmt::format("{}: Invalid date 'February 29' as '{}' is not a leap year", failed, f.year);
  if (f.month > 0 && f.day > 0 && !Days(f))
    return fmt::format("{}: Invalid date '{} {}'", failed, kMonths[f.month - 1], f.day);
  return failed + " at index 0";
}

std::optional<int32_t> DateTimePattern::ParseDate(std::string_view text) const {
  Fields f;
  if (!ParseAll(items_, text, &f)) return std::nullopt;
  return Days(f);
}

}  // namespace sluice
