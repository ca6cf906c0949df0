#pragma once
// Proleptic Gregorian calendar and Spark's lenient parsing of dates and timestamps.
#include <cstdint>
#include <optional>
#include <string_view>

#include "types/time_zone.h"

namespace sluice {

constexpr int64_t kUsPerSecond = 1'000'000, kUsPerMinute = 60 * kUsPerSecond, kUsPerHour = 60 * kUsPerMinute,
                  kUsPerDay = 24 * kUsPerHour;

struct CivilDate {
  int32_t year, month, day;
};
int32_t DaysFromCivil(int32_t year, int32_t month, int32_t day);
CivilDate CivilFromDays(int32_t days);
bool IsLeapYear(int32_t year);
int32_t DaysInMonth(int32_t year, int32_t month);

/// Spark's stringToDate: "2025", "2025-1", "2025-01-02", "2025-01-02 ...", "2025-01-02T..."; trims; nullopt when bad.
std::optional<int32_t> ParseDate(std::string_view text);
/// Spark's stringToTimestamp: date, optional time with 1-2 digits, fraction to 9 digits, optional zone; times alone
/// take today's date. Hot path of JSON ingestion: no allocation. UTC microseconds.
std::optional<int64_t> ParseTimestamp(std::string_view text, const TimeZone& zone);
/// As above without a zone (one in the text is an error unless allow_zone, then ignored). Local microseconds.
std::optional<int64_t> ParseTimestampNtz(std::string_view text, bool allow_zone = true);

}  // namespace sluice
