#pragma once
// What the date and time families share.
#include <fmt/format.h>

#include <algorithm>

#include "functions/kernel.h"
#include "types/datetime.h"

namespace sluice::functions {

using DateT = arrow::Int32Type;  // physical forms
using TimeT = arrow::Int64Type;
using TextT = arrow::StringType;

inline int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
inline int32_t DayOf(int64_t local_us) { return static_cast<int32_t>(FloorDiv(local_us, kUsPerDay)); }

inline bool IsTimestampType(const DataType& t) { return t.id() == TypeId::kTimestamp || t.id() == TypeId::kTimestampNtz; }

/// Wall clock microseconds of an argument of type DATE, TIMESTAMP or TIMESTAMP_NTZ.
struct LocalReader {
  LocalReader(const Vector& v, const DataType& type, const TimeZone& z) : days(v), times(v), date(type.id() == TypeId::kDate), zone(type.id() == TypeId::kTimestamp ? &z : nullptr) {}
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

/// Same day of the month, or its last.
inline int32_t AddMonthsToDay(int32_t days, int64_t months) {
  const CivilDate c = CivilFromDays(days);
  const int64_t month = static_cast<int64_t>(c.year) * 12 + c.month - 1 + months;
  const int32_t year = static_cast<int32_t>(FloorDiv(month, 12)), m = static_cast<int32_t>(month - static_cast<int64_t>(year) * 12) + 1;
  return DaysFromCivil(year, m, std::min(c.day, DaysInMonth(year, m)));
}

/// Months and days on the wall clock, microseconds on the time line. `zone` null: wall clock in, wall clock out.
inline int64_t AddToTimestamp(int64_t us, int64_t months, int64_t days, int64_t micros, const TimeZone* zone) {
  if (months != 0 || days != 0) {
    int64_t local = zone ? zone->ToLocal(us) : us;
    int32_t day = DayOf(local);
    const int64_t in_day = local - day * kUsPerDay;
    if (months != 0) day = AddMonthsToDay(day, months);
    local = (day + days) * kUsPerDay + in_day;
    us = zone ? zone->ToUtc(local) : local;
  }
  return us + micros;
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
