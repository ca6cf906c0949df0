#pragma once
// Intervals from text.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sluice/types.h"

namespace sluice::functions {

/// "1 02:03:04.5", "36:00", "5" ... with exactly the fields of `type`, also within "INTERVAL '...' DAY TO SECOND".
/// Microseconds; nullopt: malformed or out of range.
std::optional<int64_t> ParseDayTimeInterval(std::string_view text, const DataType& type);
/// "1-2", "-3". Months.
std::optional<int32_t> ParseYearMonthInterval(std::string_view text, const DataType& type);

struct CalendarParts {
  int32_t months = 0, days = 0;
  int64_t us = 0;
};
/// "interval 1 year 2 days 3.5 seconds", in any case, the word interval optional.
std::optional<CalendarParts> ParseCalendarInterval(std::string_view text);

/// The formats a message offers: "`[+|-]d h:m:s.n`, `INTERVAL [+|-]'[+|-]d h:m:s.n' DAY TO SECOND`".
std::string IntervalFormats(const DataType& type);

}  // namespace sluice::functions
