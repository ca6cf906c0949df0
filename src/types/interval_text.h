#pragma once
// Intervals as Spark writes them.
#include <cstdint>
#include <string>

#include "sluice/types.h"

namespace sluice {

/// "INTERVAL '1 02:03:04.5' DAY TO SECOND"; `type` says which fields.
void AppendDayTimeInterval(int64_t us, const DataType& type, std::string* out);
/// "INTERVAL '1-2' YEAR TO MONTH".
void AppendYearMonthInterval(int32_t months, const DataType& type, std::string* out);
/// "1 years 2 months 3 days 4 hours 5 minutes 6.7 seconds", "0 seconds".
void AppendCalendarInterval(int32_t months, int32_t days, int64_t us, std::string* out);

}  // namespace sluice
