#pragma once
// Days and times of the hybrid calendar (Julian until 1582-10-04), which Spark before 3.0 and Hive wrote, and those of
// the proleptic Gregorian one: a date keeps its year, month and day.
// Source: Spark's RebaseDateTime.
#include <cstdint>

namespace sluice {

inline constexpr int32_t kGregorianStartDay = -141427;                  // 1582-10-15
inline constexpr int64_t kAncientTimestampUs = -2'208'988'800'000'000;  // 1900-01-01: time zones differ before, too

/// 29 February of a year that has none now becomes 1 March.
int32_t JulianToGregorianDays(int32_t days);
/// 5 to 14 October 1582, which the old calendar lacks, become the 15th.
int32_t GregorianToJulianDays(int32_t days);
/// The same of microseconds, in UTC.
int64_t JulianToGregorianUs(int64_t us);
int64_t GregorianToJulianUs(int64_t us);

}  // namespace sluice
