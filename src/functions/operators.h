#pragma once
// Operators that mean another function for dates, timestamps and intervals, as Spark's analyzer rewrites them.
//
// '+', '-', '*', '/' and unary '-' look their operand types up here before anything else. The functions named belong to
// the datetime family and are hidden behind these names (SQL cannot spell them unless it is a public name); each row is
// (operator, left, right, function, swapped). Their `display` gives Spark's text.
//
//   date + int|short|byte                 date_add(d, n)              date_add(d, n)
//   date - int|short|byte                 date_sub(d, n)              date_sub(d, n)
//   date + interval day                   __date_add_days(d, i)       date_add(d, extractansiintervaldays(i))
//   date - interval day                   __date_sub_days(d, i)       date_add(d, (- extractansiintervaldays(i)))
//   date +- interval day to second        __timestamp_add(t, i), __timestamp_sub: d is cast to TIMESTAMP     d + i
//   date +- interval year to month        __date_add_ym, __date_sub_ym                        d + i
//   date +- calendar interval             __date_add_interval, __date_sub_interval            d + i
//   timestamp(_ntz) +- day-time|calendar  __timestamp_add, __timestamp_sub                    t + i
//   timestamp(_ntz) +- year to month      __timestamp_add_ym, __timestamp_sub_ym              t + i
//   date - date                           __subtract_dates                                    (a - b)
//   timestamp - timestamp|date ...        __subtract_timestamps (operands made alike)         (a - b)
//   string +- day-time|calendar           __text_add, __text_sub: as timestamp, and back to a string           t + i
//   interval * n, n * interval            __multiply_interval(i, n), __multiply_calendar      (i * n),
//   multiply_interval(i, n) interval / n                          __divide_interval(i, n), __divide_calendar (i / n),
//   divide_interval(i, n)
// Same kinds of intervals are added and subtracted by '+' and '-' themselves; so is unary '-' of them.
#include <optional>
#include <string_view>

#include "functions/registry.h"

namespace sluice::functions {

struct OperatorTarget {
  std::string_view function;
  bool swapped = false;  // arguments in reverse
};

/// Null when the operator keeps its own meaning for these types.
std::optional<OperatorTarget> DatetimeOperator(std::string_view op, const DataType& left, const DataType& right);

/// Brings the two operands of a binary operator to one type as Spark does: strings take the other's type (ANSI) or
/// DOUBLE (legacy arithmetic), decimals absorb integers, the rest widens. DECIMALs of different precision stay as they
/// are in arithmetic and are widened in comparisons. Then checks `accepts`; `accepted` is its SQL name. Errors:
/// DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES, DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE.
enum class OperatorKind : uint8_t { kArithmetic, kComparison, kLogical };
Status CoerceOperands(BindContext* context, OperatorKind kind, bool (*accepts)(const DataType&),
                      std::string_view accepted);

// Displays shared by families.
std::string InfixDisplay(std::string_view name, std::span<const std::string> args);      // (a + b)
std::string UpperNameDisplay(std::string_view name, std::span<const std::string> args);  // LOG10(x)

/// Binds the call to the target if there is one: sets context->target and arg_order. False: not a datetime operation.
Result<bool> BindDatetimeOperator(BindContext* context);

}  // namespace sluice::functions
