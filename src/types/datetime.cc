#include "types/datetime.h"

#include <limits>

#include "base/clock.h"

namespace sluice {
namespace {

bool Digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

/// UTF8String.trimAll of bytes: white space and ISO control characters.
bool Blank(char c) { return static_cast<unsigned char>(c) <= 32 || c == 127; }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && Blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && Blank(text.back())) text.remove_suffix(1);
  return text;
}

bool ValidDate(int32_t year, int32_t month, int32_t day) {
  return month >= 1 && month <= 12 && day >= 1 && (day <= 28 || day <= DaysInMonth(year, month));
}

/// What the text says, before it is put together.
struct Parts {
  int32_t year = 1, month = 1, day = 1, hour = 0, minute = 0, second = 0, micros = 0;
  bool just_time = false;
  std::string_view zone;  // empty: none
};

int32_t Two(const char* p) { return (p[0] - '0') * 10 + (p[1] - '0'); }

/// Eight digits at once: all bytes of the masked word must be '0'..'9'.
bool AllDigits(uint64_t word, uint64_t mask) {
  uint64_t v = (word ^ 0x3030303030303030ULL) & mask;
  return (((v + 0x0606060606060606ULL) | v) & 0xF0F0F0F0F0F0F0F0ULL) == 0;
}

uint64_t Load8(const char* p) {
  uint64_t word;
  __builtin_memcpy(&word, p, 8);
  return word;
}

/// The common shape yyyy-mm-dd[ T]hh:mm:ss[.f...][zone], checked two words at a time. False: take the slow way.
bool ParseUsual(std::string_view text, Parts* parts) {
  if (text.size() < 19) return false;
  const char* p = text.data();
  uint64_t date = Load8(p), time = Load8(p + 11);  // "yyyy-mm-", "hh:mm:ss" (little-endian)
  if (!AllDigits(date, 0x00FFFF00FFFFFFFFULL) || !AllDigits(time, 0xFFFF00FFFF00FFFFULL) || p[4] != '-' ||
      p[7] != '-' || p[13] != ':' || p[16] != ':' || (p[10] != 'T' && p[10] != ' ') || !Digit(p[8]) || !Digit(p[9])) {
    return false;
  }
  parts->year = Two(p) * 100 + Two(p + 2);
  parts->month = Two(p + 5);
  parts->day = Two(p + 8);
  parts->hour = Two(p + 11);
  parts->minute = Two(p + 14);
  parts->second = Two(p + 17);
  size_t at = 19;
  if (at < text.size() && p[at] == '.') {
    int32_t digits = 0, value = 0;
    for (++at; at < text.size() && Digit(p[at]); ++at) {
      if (digits < 6) {
        value = value * 10 + (p[at] - '0');
        ++digits;
      }
    }
    for (; digits < 6; ++digits) value *= 10;
    parts->micros = value;
  }
  if (at < text.size()) {
    if (Digit(p[at])) return false;
    parts->zone = text.substr(at);
  }
  return true;
}

/// Spark's DateTimeUtils.parseTimestampString, for every other shape: a state machine over segments.
bool ParseAny(std::string_view text, bool leading_blank, Parts* parts) {
  auto valid = [](int segment, int digits) {
    if (segment == 6) return true;
    if (segment == 0) return digits >= 4 && digits <= 6;
    if (segment == 7) return digits <= 2;
    return digits > 0 && digits <= 2;
  };
  int32_t segments[9] = {1, 1, 1, 0, 0, 0, 0, 0, 0};
  int i = 0, value = 0, digits = 0, fraction_digits = 0, sign = 0;
  size_t j = 0;
  if (text[0] == '-' || text[0] == '+') {
    sign = text[0] == '-' ? -1 : 1;
    j = 1;
  }
  auto close = [&](int next) {
    if (!valid(i, digits)) return false;
    segments[i] = value;
    value = digits = 0;
    i = next;
    return true;
  };
  for (; j < text.size(); ++j) {
    char b = text[j];
    if (Digit(b)) {
      if (i == 6) ++fraction_digits;
      if (i != 6 || digits < 6) {
        if (digits > 8) return false;  // too long for any segment, and must not overflow
        value = value * 10 + (b - '0');
      }
      ++digits;
      continue;
    }
    if (j == 0 && b == 'T' && !leading_blank) {
      parts->just_time = true;
      i = 3;
    } else if (i < 2) {
      if (b == '-') {
        if (!close(i + 1)) return false;
      } else if (i == 0 && b == ':' && sign == 0) {
        parts->just_time = true;
        if (!valid(3, digits)) return false;
        segments[3] = value;
        value = digits = 0;
        i = 4;
      } else {
        return false;
      }
    } else if (i == 2) {
      if ((b != ' ' && b != 'T') || !close(3)) return false;
    } else if (i == 3 || i == 4) {
      if (b != ':' || !close(i + 1)) return false;
    } else if (i == 5 || i == 6) {
      if (b == '.' && i == 5) {
        if (!close(6)) return false;
      } else {
        if (!close(i + 1)) return false;
        parts->zone = text.substr(j);
        if (i == 6) i = 7;
        break;
      }
    } else {
      return false;
    }
  }
  if (!valid(i, digits)) return false;
  segments[i] = value;
  for (; fraction_digits < 6; ++fraction_digits) segments[6] *= 10;
  parts->year = segments[0] * (sign < 0 ? -1 : 1);
  parts->month = segments[1];
  parts->day = segments[2];
  parts->hour = segments[3];
  parts->minute = segments[4];
  parts->second = segments[5];
  parts->micros = segments[6];
  return true;
}

/// Local microseconds of the parts. Years of six digits fit; the sum is checked against the range by the caller.
bool Assemble(const Parts& parts, int32_t days, int64_t* out) {
  if (parts.hour > 23 || parts.minute > 59 || parts.second > 59) return false;
  int64_t in_day = (parts.hour * 3600LL + parts.minute * 60LL + parts.second) * kUsPerSecond + parts.micros;
  int64_t whole;
  if (__builtin_mul_overflow(static_cast<int64_t>(days), kUsPerDay, &whole)) {
    // The first day of the range begins before it.
    return days < 0 && !__builtin_mul_overflow(static_cast<int64_t>(days + 1), kUsPerDay, &whole) &&
           !__builtin_add_overflow(whole, in_day - kUsPerDay, out);
  }
  return !__builtin_add_overflow(whole, in_day, out);
}

bool ParseParts(std::string_view text, Parts* parts) {
  if (ParseUsual(text, parts)) return true;
  *parts = Parts();
  std::string_view trimmed = Trim(text);
  if (trimmed.empty()) return false;
  bool leading_blank = trimmed.data() != text.data();
  return ParseAny(trimmed, leading_blank, parts);
}

/// "+hh:mm" and "Z" without a lookup. False: some other zone.
bool SimpleOffset(std::string_view zone, int64_t* offset_us) {
  if (zone == "Z") {
    *offset_us = 0;
    return true;
  }
  if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':' || !Digit(zone[1]) || !Digit(zone[2]) ||
      !Digit(zone[4]) || !Digit(zone[5])) {
    return false;
  }
  int64_t minutes = Two(zone.data() + 1) * 60 + Two(zone.data() + 4);
  if (minutes > 18 * 60 || Two(zone.data() + 4) > 59) return false;
  *offset_us = (zone[0] == '-' ? -minutes : minutes) * kUsPerMinute;
  return true;
}

int32_t FloorDays(int64_t us) { return static_cast<int32_t>(us >= 0 ? us / kUsPerDay : (us + 1) / kUsPerDay - 1); }

}  // namespace

// Both after Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms", with 64-bit years inside.
int32_t DaysFromCivil(int32_t year, int32_t month, int32_t day) {
  int64_t y = static_cast<int64_t>(year) - (month <= 2);
  int64_t era = (y >= 0 ? y : y - 399) / 400;
  uint32_t year_of_era = static_cast<uint32_t>(y - era * 400);
  uint32_t day_of_year =
      (153u * static_cast<uint32_t>(month + (month > 2 ? -3 : 9)) + 2) / 5 + static_cast<uint32_t>(day) - 1;
  uint32_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return static_cast<int32_t>(era * 146097 + day_of_era - 719468);
}

CivilDate CivilFromDays(int32_t days) {
  int64_t z = static_cast<int64_t>(days) + 719468;
  int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  uint32_t day_of_era = static_cast<uint32_t>(z - era * 146097);
  uint32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  uint32_t shifted_month = (5 * day_of_year + 2) / 153;
  uint32_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  uint32_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  int64_t year = year_of_era + era * 400 + (month <= 2);
  return {static_cast<int32_t>(year), static_cast<int32_t>(month), static_cast<int32_t>(day)};
}

bool IsLeapYear(int32_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int32_t DaysInMonth(int32_t year, int32_t month) {
  static constexpr int8_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeapYear(year) ? 29 : kDays[month - 1];
}

std::optional<int32_t> ParseDate(std::string_view text) {
  text = Trim(text);
  if (text.empty()) return std::nullopt;
  int32_t segments[3] = {1, 1, 1};
  int i = 0, digits = 0, sign = 1;
  int32_t value = 0;
  size_t j = 0;
  if (text[0] == '-' || text[0] == '+') {
    sign = text[0] == '-' ? -1 : 1;
    j = 1;
  }
  auto valid = [&] { return i == 0 ? digits >= 4 && digits <= 7 : digits > 0 && digits <= 2; };
  for (; j < text.size() && text[j] != ' ' && text[j] != 'T'; ++j) {
    if (i < 2 && text[j] == '-') {
      if (!valid()) return std::nullopt;
      segments[i++] = value;
      value = digits = 0;
    } else if (Digit(text[j])) {
      if (digits > 7) return std::nullopt;
      value = value * 10 + (text[j] - '0');
      ++digits;
    } else {
      return std::nullopt;
    }
  }
  // Only a full date may be followed by more.
  if (!valid() || (i < 2 && j < text.size())) return std::nullopt;
  segments[i] = value;
  int32_t year = sign * segments[0];
  if (!ValidDate(year, segments[1], segments[2])) return std::nullopt;
  // Java's toIntExact of the epoch day.
  constexpr int32_t kMinYear = -5877641, kMaxYear = 5881580;
  if (year < kMinYear || year > kMaxYear) return std::nullopt;
  int32_t days = DaysFromCivil(year, segments[1], segments[2]);
  if ((year == kMinYear && days > 0) || (year == kMaxYear && days < 0)) return std::nullopt;
  return days;
}

std::optional<int64_t> ParseTimestamp(std::string_view text, const TimeZone& zone) {
  Parts parts;
  if (!ParseParts(text, &parts)) return std::nullopt;
  int64_t offset = 0;
  bool fixed = false;
  std::shared_ptr<const TimeZone> named;
  const TimeZone* in = &zone;
  if (!parts.zone.empty()) {
    std::string_view name = Trim(parts.zone);
    fixed = SimpleOffset(name, &offset);
    if (!fixed) {
      auto found = TimeZone::Find(name);
      if (!found.ok()) return std::nullopt;
      named = *found;
      in = named.get();
    }
  }
  int32_t days;
  if (parts.just_time) {
    days = FloorDays(fixed ? NowUs() + offset : in->ToLocal(NowUs()));
  } else {
    if (!ValidDate(parts.year, parts.month, parts.day)) return std::nullopt;
    days = DaysFromCivil(parts.year, parts.month, parts.day);
  }
  int64_t local;
  if (!Assemble(parts, days, &local)) return std::nullopt;
  if (!fixed) {
    int64_t utc = in->ToUtc(local);
    // An offset is at most a day: more means that it wrapped at an end of the range.
    int64_t difference;
    if (__builtin_sub_overflow(utc, local, &difference) || difference > kUsPerDay || difference < -kUsPerDay)
      return std::nullopt;
    return utc;
  }
  int64_t utc;
  if (__builtin_sub_overflow(local, offset, &utc)) return std::nullopt;
  return utc;
}

std::optional<int64_t> ParseTimestampNtz(std::string_view text, bool allow_zone) {
  Parts parts;
  if (!ParseParts(text, &parts) || parts.just_time || (!allow_zone && !parts.zone.empty())) return std::nullopt;
  int64_t offset;
  if (!parts.zone.empty() && !SimpleOffset(Trim(parts.zone), &offset) && !TimeZone::Find(Trim(parts.zone)).ok()) {
    return std::nullopt;
  }
  if (!ValidDate(parts.year, parts.month, parts.day)) return std::nullopt;
  int64_t local;
  if (!Assemble(parts, DaysFromCivil(parts.year, parts.month, parts.day), &local)) return std::nullopt;
  return local;
}

}  // namespace sluice
