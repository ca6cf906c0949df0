#pragma once
// What the date and time families share.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "functions/kernel.h"
#include "types/datetime.h"

namespace sluice::functions {

using DateT = arrow::Int32Type;  // physical forms
using TimeT = arrow::Int64Type;
using TextT = arrow::StringType;

inline int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
inline int32_t DayOf(int64_t local_us) { return static_cast<int32_t>(FloorDiv(local_us, kUsPerDay)); }

inline bool IsTimestampType(const DataType& t) {
  return t.id() == TypeId::kTimestamp || t.id() == TypeId::kTimestampNtz;
}

/// Wall clock microseconds of an argument of type DATE, TIMESTAMP or TIMESTAMP_NTZ.
struct LocalReader {
  LocalReader(const Vector& v, const DataType& type, const TimeZone& z)
      : days(v), times(v), date(type.id() == TypeId::kDate), zone(type.id() == TypeId::kTimestamp ? &z : nullptr) {}
  int64_t operator()(int64_t i) const {
    if (date) return days(i) * kUsPerDay;
    return zone ? zone->ToLocal(times(i)) : times(i);
  }
  int32_t day(int64_t i) const { return date ? days(i) : DayOf((*this)(i)); }
  Reader<DateT> days;
  Reader<TimeT> times;
  bool date;
  const TimeZone* zone;
};

// ---- checked arithmetic: nullopt, or false, beyond the range of the type
// ---------------------------------------------

inline std::optional<int32_t> CheckedDays(int64_t days) {
  return days == static_cast<int32_t>(days) ? std::optional(static_cast<int32_t>(days)) : std::nullopt;
}
inline std::optional<int32_t> CheckedDaysFromCivil(int64_t year, int32_t month, int32_t day) {
  constexpr int32_t kFirstYear = -5877641, kLastYear = 5881580;
  if (year < kFirstYear || year > kLastYear) return std::nullopt;
  const int32_t days = DaysFromCivil(static_cast<int32_t>(year), month, day);
  // Of these years a part is within the range; the rest wraps around to the other end.
  if ((year == kFirstYear && days > 0) || (year == kLastYear && days < 0)) return std::nullopt;
  return days;
}
inline std::optional<int64_t> CheckedLocalTime(int64_t days, int64_t us_in_day) {
  int64_t us;
  if (__builtin_mul_overflow(days, kUsPerDay, &us) || __builtin_add_overflow(us, us_in_day, &us)) return std::nullopt;
  return us;
}
/// A shift between wall clock and time line is less than a day: more means that it wrapped around.
inline std::optional<int64_t> CheckedShift(int64_t from, int64_t to) {
  int64_t difference;
  if (__builtin_sub_overflow(to, from, &difference) || difference > kUsPerDay || difference < -kUsPerDay)
    return std::nullopt;
  return to;
}
inline std::optional<int64_t> CheckedToUtc(const TimeZone& zone, int64_t local) {
  return CheckedShift(local, zone.ToUtc(local));
}
inline std::optional<int64_t> CheckedToLocal(const TimeZone& zone, int64_t us) {
  return CheckedShift(us, zone.ToLocal(us));
}

/// Same day of the month, or its last.
inline std::optional<int32_t> AddMonthsToDay(int32_t days, int64_t months) {
  const CivilDate c = CivilFromDays(days);
  const int64_t month = static_cast<int64_t>(c.year) * 12 + c.month - 1 + months;
  const int64_t year = FloorDiv(month, 12);
  const int32_t m = static_cast<int32_t>(month - year * 12) + 1;
  // Years repeat every 400: the length of a month far out is that of one at hand.
  return CheckedDaysFromCivil(year, m, std::min(c.day, DaysInMonth(static_cast<int32_t>(year % 400), m)));
}

/// Months and days on the wall clock, microseconds on the time line. `zone` null: wall clock in, wall clock out.
inline std::optional<int64_t> AddToTimestamp(int64_t us, int64_t months, int64_t days, int64_t micros,
                                             const TimeZone* zone) {
  if (months != 0 || days != 0) {
    auto local = zone ? CheckedToLocal(*zone, us) : std::optional(us);
    if (!local) return std::nullopt;
    int32_t day = DayOf(*local);
    const int64_t in_day = *local - day * kUsPerDay;
    if (months != 0) {
      const auto moved = AddMonthsToDay(day, months);
      if (!moved) return std::nullopt;
      day = *moved;
    }
    int64_t target;
    if (__builtin_add_overflow(static_cast<int64_t>(day), days, &target)) return std::nullopt;
    local = CheckedLocalTime(target, in_day);
    if (local && zone) local = CheckedToUtc(*zone, *local);
    if (!local) return std::nullopt;
    us = *local;
  }
  if (__builtin_add_overflow(us, micros, &us)) return std::nullopt;
  return us;
}

/// What Java's exact arithmetic raises; `type` is "integer" or "long".
inline Status ArithmeticOverflow(const KernelCall& call, std::string_view type) {
  return MakeError(
      "ARITHMETIC_OVERFLOW",
      {{"message", std::string(type) + " overflow"}, {"alternative", ""}, {"config", "\"spark.sql.ansi.enabled\""}},
      call.origin);
}
inline Result<int32_t> DateOr(const KernelCall& call, std::optional<int32_t> days) {
  if (days) return *days;
  return ArithmeticOverflow(call, "integer");
}
inline Result<int64_t> TimeOr(const KernelCall& call, std::optional<int64_t> us) {
  if (us) return *us;
  return ArithmeticOverflow(call, "long");
}

/// fn(row) -> value, optional or Result of either, for the rows where all args are valid.
template <typename Out, typename Fn>
Result<ArrayPtr> RowsWith(const KernelCall& call, std::span<const Vector> args, const Fn& fn) {
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args, call.length));
  Writer<Out> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) {
    if (!mask.valid(i)) {
      out.Skip(i);
    } else {
      ARROW_RETURN_NOT_OK(internal::Row<Out>(fn, call, out, mask, i, i));
    }
  }
  return out.Finish(call.bound.result_type, mask);
}

inline std::string UpperText(std::string_view s) {
  std::string out(s);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace sluice::functions
