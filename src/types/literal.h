#pragma once
// One-row arrays as typed values, and their text forms.
#include <arrow/array.h>
#include <arrow/util/decimal.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "sluice/types.h"

namespace sluice {

using ArrayPtr = std::shared_ptr<arrow::Array>;

/// A typed value: an array of length 1 in the physical form of arrow_types.h.
struct TypedValue {
  DataType type;
  ArrayPtr value;
  bool is_null() const { return value->IsNull(0); }
};

TypedValue NullValue(const DataType& type = DataType::Void());
TypedValue BooleanValue(bool v);
/// `type` is any integral type, DATE (days), TIMESTAMP(_NTZ) (us), DAY-TIME (us) or YEAR-MONTH interval (months).
TypedValue IntegralValue(int64_t v, const DataType& type = DataType::Long());
TypedValue DoubleValue(double v);
TypedValue FloatValue(float v);
TypedValue StringValue(std::string_view v);
TypedValue BinaryValue(std::string_view v);
TypedValue DecimalValue(const arrow::Decimal128& v, int precision, int scale);
TypedValue CalendarIntervalValue(int32_t months, int32_t days, int64_t us);

/// As integral (see IntegralValue); error INTERNAL_ERROR for other types or null.
Result<int64_t> IntegralOf(const TypedValue& v);
Result<std::string> StringOf(const TypedValue& v);

/// Spark's SQL text of a literal, as in generated column names: 1, 1.5, abc, DATE '2025-01-01', array(1, 2) ...
std::string LiteralName(const TypedValue& v, const std::string& time_zone);
/// Spark's Literal.sql: strings quoted, 1L, 1.5BD, CAST('NaN' AS DOUBLE) ...
std::string LiteralSql(const TypedValue& v, const std::string& time_zone);

}  // namespace sluice
