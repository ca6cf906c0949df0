#pragma once
// Values -> text, exactly as Spark shows them; shared by CAST(x AS STRING), show() and the console sink.
#include <arrow/array.h>

#include <cstdint>
#include <string>

#include "base/error.h"
#include "sluice/types.h"

namespace sluice {

class TimeZone;  // types/time_zone.h

enum class TextStyle : uint8_t {
  kCast,  // CAST(x AS STRING): nested nulls are "null"
  kShow,  // show(): nulls "NULL", binary as [61 62]
};

/// Appends row `i` of `array`; a top-level null appends "NULL" (kShow) or nothing (kCast: the caller yields null).
void AppendValueText(const arrow::Array& array, int64_t i, const DataType& type, const TimeZone& zone, TextStyle style,
                     std::string* out);

/// Java's Double.toString / Float.toString: "1.0", "1.0E10", "NaN", "Infinity".
void AppendDouble(double v, std::string* out);
void AppendFloat(float v, std::string* out);
/// "2025-01-01", "+10000-01-01".
void AppendDate(int32_t days, std::string* out);
/// "2025-01-01 10:00:00.12": fraction without trailing zeros; `us` is local wall-clock microseconds.
void AppendTimestamp(int64_t local_us, std::string* out);
/// Unscaled value to plain notation "123.45" (never scientific unless Java's BigDecimal.toString would be: CAST uses
/// plain).
void AppendDecimal(const uint8_t* decimal128_bytes, int scale, std::string* out);

}  // namespace sluice
