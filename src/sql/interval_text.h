#pragma once
// The text of interval literals.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "sluice/types.h"
#include "types/literal.h"

namespace sluice::sql {

/// Units as intervals have them, largest first; weeks are days, milliseconds and below seconds.
enum class IntervalUnit : uint8_t {
  kYear,
  kMonth,
  kWeek,
  kDay,
  kHour,
  kMinute,
  kSecond,
  kMillisecond,
  kMicrosecond,
  kNanosecond
};

/// "day", "DAYS" ...
std::optional<IntervalUnit> FindIntervalUnit(std::string_view word);

struct IntervalParts {
  int32_t months = 0, days = 0;
  int64_t us = 0;
  std::vector<IntervalUnit> units;  // as they appear
};

/// "1 day -2 hours", "interval 3 seconds 5 milliseconds". Errors: INVALID_INTERVAL_FORMAT.*.
Result<IntervalParts> ParseIntervalUnits(std::string_view text);

/// '1-2' YEAR TO MONTH, '1 02:03:04.5' DAY TO SECOND and the others. Errors: INVALID_INTERVAL_FORMAT.*,
/// _LEGACY_ERROR_TEMP_0063 when a field is out of range.
Result<TypedValue> ParseIntervalRange(std::string_view text, IntervalUnit from, IntervalUnit to);

/// The value of a year-month or day-time type spanning the units given. Error: _LEGACY_ERROR_TEMP_0029 when both kinds
/// are mixed.
Result<TypedValue> IntervalValueOf(const IntervalParts& parts, std::string_view written);

}  // namespace sluice::sql
