#pragma once
// Names of months, days and zones in English, and small calendar sums.
#include <cstdint>
#include <string>
#include <string_view>

#include "types/time_zone.h"

namespace sluice {

/// month in 1..12; "Jan" or "January".
std::string_view MonthName(int32_t month, bool full);
/// weekday in 1 (Monday)..7; "Mon" or "Monday".
std::string_view WeekdayName(int32_t weekday, bool full);
/// 1 (Monday)..7.
inline int32_t IsoWeekday(int32_t days) {
  const int32_t r = static_cast<int32_t>((static_cast<int64_t>(days) + 3) % 7);
  return (r < 0 ? r + 7 : r) + 1;
}
/// "PST", "Pacific Standard Time": at an instant.
std::string ZoneText(const TimeZone& zone, int64_t utc_us, bool full);

}  // namespace sluice
