#include "functions/operators.h"

namespace sluice::functions {
namespace {

bool IsTimestamp(const DataType& t) { return t.id() == TypeId::kTimestamp || t.id() == TypeId::kTimestampNtz; }
bool IsInterval(const DataType& t) {
  return t.id() == TypeId::kDayTimeInterval || t.id() == TypeId::kYearMonthInterval || t.id() == TypeId::kCalendarInterval;
}
bool IsDays(const DataType& t) {
  return t.id() == TypeId::kDayTimeInterval && t.intervalStart() == IntervalField::kDay &&
         t.intervalEnd() == IntervalField::kDay;
}

std::string_view AddInterval(const DataType& base, const DataType& interval, bool add) {
  if (base.id() == TypeId::kDate) {
    if (interval.id() == TypeId::kYearMonthInterval) return add ? "__date_add_ym" : "__date_sub_ym";
    if (interval.id() == TypeId::kCalendarInterval) return add ? "__date_add_interval" : "__date_sub_interval";
    if (IsDays(interval)) return add ? "__date_add_days" : "__date_sub_days";
    return add ? "__timestamp_add" : "__timestamp_sub";
  }
  if (interval.id() == TypeId::kYearMonthInterval) return add ? "__timestamp_add_ym" : "__timestamp_sub_ym";
  return add ? "__timestamp_add" : "__timestamp_sub";
}

}  // namespace

std::optional<OperatorTarget> DatetimeOperator(std::string_view op, const DataType& left, const DataType& right) {
  const bool left_time = left.id() == TypeId::kDate || IsTimestamp(left);
  const bool right_time = right.id() == TypeId::kDate || IsTimestamp(right);
  if (op == "+" || op == "try_add") {
    if (left_time && IsInterval(right)) return OperatorTarget{AddInterval(left, right, true)};
    if (right_time && IsInterval(left)) return OperatorTarget{AddInterval(right, left, true), true};
    if (left.id() == TypeId::kDate && right.id() != TypeId::kString) return OperatorTarget{"date_add"};
    if (right.id() == TypeId::kDate && left.id() != TypeId::kString) return OperatorTarget{"date_add", true};
    return std::nullopt;
  }
  if (op == "-" || op == "try_subtract") {
    if (left_time && IsInterval(right)) return OperatorTarget{AddInterval(left, right, false)};
    if (IsTimestamp(left) && (right_time || right.id() == TypeId::kString || right.id() == TypeId::kVoid))
      return OperatorTarget{"__subtract_timestamps"};
    if (IsTimestamp(right) && (left_time || left.id() == TypeId::kString || left.id() == TypeId::kVoid))
      return OperatorTarget{"__subtract_timestamps"};
    if (left.id() == TypeId::kDate && (right.id() == TypeId::kDate || right.id() == TypeId::kString))
      return OperatorTarget{"__subtract_dates"};
    if (right.id() == TypeId::kDate && left.id() == TypeId::kString) return OperatorTarget{"__subtract_dates"};
    if (left.id() == TypeId::kDate) return OperatorTarget{"date_sub"};
    return std::nullopt;
  }
  if (op == "*" || op == "try_multiply") {
    if (IsInterval(left)) return OperatorTarget{"__multiply_interval"};
    if (IsInterval(right)) return OperatorTarget{"__multiply_interval", true};
  }
  if ((op == "/" || op == "try_divide") && IsInterval(left)) return OperatorTarget{"__divide_interval"};
  return std::nullopt;
}

Result<bool> BindDatetimeOperator(BindContext* context) {
  if (context->arg_types.size() != 2) return false;
  auto target = DatetimeOperator(context->name, context->arg_types[0], context->arg_types[1]);
  if (!target) return false;
  const FunctionDef* def = FunctionRegistry::Builtins().Find(target->function);
  if (def == nullptr) return UnsupportedFeature(std::string("operator on dates, timestamps and intervals: ") + std::string(target->function));
  context->arg_order = {0, 1};
  if (target->swapped) {
    std::swap(context->arg_order[0], context->arg_order[1]);
    std::swap(context->arg_types[0], context->arg_types[1]);
    std::swap(context->arg_literals[0], context->arg_literals[1]);
    std::swap(context->arg_names[0], context->arg_names[1]);
    const bool nullable = context->arg_nullable[0];
    context->arg_nullable[0] = context->arg_nullable[1];
    context->arg_nullable[1] = nullable;
  }
  context->name = def->name;
  ARROW_RETURN_NOT_OK(BindFunction(*def, context));
  context->target = def;
  return true;
}

}  // namespace sluice::functions
