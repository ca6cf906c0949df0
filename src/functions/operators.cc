#include "functions/operators.h"

#include <fmt/format.h>

#include <cctype>

#include "functions/coercion.h"
#include "functions/signature.h"

namespace sluice::functions {
namespace {

bool IsTimestamp(const DataType& t) { return t.id() == TypeId::kTimestamp || t.id() == TypeId::kTimestampNtz; }
bool IsInterval(const DataType& t) {
  return t.id() == TypeId::kDayTimeInterval || t.id() == TypeId::kYearMonthInterval ||
         t.id() == TypeId::kCalendarInterval;
}
bool IsDays(const DataType& t) {
  return t.id() == TypeId::kDayTimeInterval && t.intervalStart() == IntervalField::kDay &&
         t.intervalEnd() == IntervalField::kDay;
}

/// Those that are added to whatever can be read as a timestamp.
bool IsExactInterval(const DataType& t) {
  return t.id() == TypeId::kDayTimeInterval || t.id() == TypeId::kCalendarInterval;
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

/// "(a + b)": operators show so in messages.
std::string OperatorText(const BindContext& c) {
  return InDoubleQuotes(fmt::format("({} {} {})", c.arg_names[0], c.name, c.arg_names[1]));
}

bool IsFloat(const DataType& t) { return t.id() == TypeId::kFloat || t.id() == TypeId::kDouble; }

/// Spark's PromoteStrings for one pair.
void PromoteString(BindContext* context, OperatorKind kind) {
  DataType &a = context->arg_types[0], &b = context->arg_types[1];
  const bool sa = a.id() == TypeId::kString, sb = b.id() == TypeId::kString;
  if (context->ansi) {
    if (sa == sb) return;
    if (auto t = StringPromotion(sa ? b : a)) a = b = *t;
    return;
  }
  if (kind == OperatorKind::kArithmetic) {
    const bool interval = a.id() == TypeId::kCalendarInterval || b.id() == TypeId::kCalendarInterval ||
                          a.id() == TypeId::kDayTimeInterval || b.id() == TypeId::kDayTimeInterval ||
                          a.id() == TypeId::kYearMonthInterval || b.id() == TypeId::kYearMonthInterval;
    if (interval) return;
    if (sa) a = DataType::Double();
    if (sb) b = DataType::Double();
    return;
  }
  if (sa == sb || kind == OperatorKind::kLogical) return;
  const DataType& other = sa ? b : a;
  if (other.id() == TypeId::kVoid) {
    a = b = DataType::String();
  } else if (other.id() == TypeId::kDecimal) {
    a = b = DataType::Double();
  } else if (!other.isNested() && other.id() != TypeId::kDayTimeInterval && other.id() != TypeId::kYearMonthInterval &&
             other.id() != TypeId::kCalendarInterval) {
    const DataType common = other;
    a = b = common;
  }
}

/// Spark's DecimalPrecision: an integer beside a DECIMAL becomes one, a DECIMAL beside a DOUBLE a DOUBLE.
void PromoteDecimal(BindContext* context, OperatorKind kind) {
  DataType &a = context->arg_types[0], &b = context->arg_types[1];
  for (int i : {0, 1}) {
    DataType &x = context->arg_types[static_cast<size_t>(i)], &y = context->arg_types[static_cast<size_t>(1 - i)];
    if (y.id() != TypeId::kDecimal) continue;
    const size_t at = static_cast<size_t>(i);
    const TypedValue* literal =
        at < context->arg_is_literal.size() && context->arg_is_literal[at] ? context->arg_literals[at] : nullptr;
    if (x.isIntegral()) {
      const bool narrow = literal != nullptr && literal->type == x && !literal->is_null() && x.id() != TypeId::kByte;
      x = narrow ? DecimalForLiteral(*literal) : DecimalForType(x);
    } else if (IsFloat(x)) {
      y = DataType::Double();
    }
  }
  if (kind == OperatorKind::kComparison && a.id() == TypeId::kDecimal && b.id() == TypeId::kDecimal)
    a = b = WiderDecimal(a, b);
}

}  // namespace

Status CoerceOperands(BindContext* context, OperatorKind kind, bool (*accepts)(const DataType&),
                      std::string_view accepted) {
  if (context->arg_types.size() != 2) return WrongNumArgs(context->name, "2", context->arg_types.size());
  PromoteString(context, kind);
  PromoteDecimal(context, kind);
  DataType &a = context->arg_types[0], &b = context->arg_types[1];
  const bool decimals = a.id() == TypeId::kDecimal && b.id() == TypeId::kDecimal;
  if (decimals && kind == OperatorKind::kArithmetic && accepts(a)) return Status::OK();
  if (!(a == b)) {
    auto common = TightestCommonType(a, b, context->ansi);
    if (common && accepts(*common)) a = b = *common;
  }
  if (!a.sameType(b) && !(kind == OperatorKind::kComparison && SameShape(a, b))) {
    return DatatypeMismatch(
        *context, "BINARY_OP_DIFF_TYPES",
        {{"sqlExpr", OperatorText(*context)}, {"left", InDoubleQuotes(a.sql())}, {"right", InDoubleQuotes(b.sql())}});
  }
  if (!accepts(a)) {
    return DatatypeMismatch(*context, "BINARY_OP_WRONG_TYPE",
                            {{"sqlExpr", OperatorText(*context)},
                             {"inputType", std::string(accepted)},
                             {"actualDataType", InDoubleQuotes(a.sql())}});
  }
  return Status::OK();
}

std::string InfixDisplay(std::string_view name, std::span<const std::string> args) {
  return args.size() == 2 ? fmt::format("({} {} {})", args[0], name, args[1]) : fmt::format("({} {})", name, args[0]);
}

std::string UpperNameDisplay(std::string_view name, std::span<const std::string> args) {
  std::string upper(name);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return fmt::format("{}({})", upper, fmt::join(args, ", "));
}

std::optional<OperatorTarget> DatetimeOperator(std::string_view op, const DataType& left, const DataType& right) {
  const bool left_date = left.id() == TypeId::kDate, right_date = right.id() == TypeId::kDate;
  const bool left_time = left_date || IsTimestamp(left), right_time = right_date || IsTimestamp(right);
  const bool left_text = left.id() == TypeId::kString, right_text = right.id() == TypeId::kString;
  if (op == "+" || op == "try_add") {
    if (left_time && IsInterval(right)) return OperatorTarget{AddInterval(left, right, true)};
    if (right_time && IsInterval(left)) return OperatorTarget{AddInterval(right, left, true), true};
    if (left_text && IsExactInterval(right)) return OperatorTarget{"__text_add"};
    if (right_text && IsExactInterval(left)) return OperatorTarget{"__text_add", true};
    if (left_date && !right_text) return OperatorTarget{"date_add"};
    if (right_date && !left_text) return OperatorTarget{"date_add", true};
    return std::nullopt;
  }
  if (op == "-" || op == "try_subtract") {
    if (left_time && IsInterval(right)) return OperatorTarget{AddInterval(left, right, false)};
    if (left_text && IsExactInterval(right)) return OperatorTarget{"__text_sub"};
    if (IsTimestamp(left) || IsTimestamp(right)) return OperatorTarget{"__subtract_timestamps"};
    if (right_date) return OperatorTarget{"__subtract_dates"};
    if (left_date && !right_text) return OperatorTarget{"date_sub"};
    return std::nullopt;
  }
  if (op == "*" || op == "try_multiply") {
    const bool swapped = !IsInterval(left);
    const DataType& interval = swapped ? right : left;
    if (interval.id() == TypeId::kCalendarInterval) return OperatorTarget{"__multiply_calendar", swapped};
    if (IsInterval(interval)) return OperatorTarget{"__multiply_interval", swapped};
  }
  if (op == "/" || op == "try_divide") {
    if (left.id() == TypeId::kCalendarInterval) return OperatorTarget{"__divide_calendar"};
    if (IsInterval(left)) return OperatorTarget{"__divide_interval"};
  }
  return std::nullopt;
}

Result<bool> BindDatetimeOperator(BindContext* context) {
  if (context->arg_types.size() != 2) return false;
  auto target = DatetimeOperator(context->name, context->arg_types[0], context->arg_types[1]);
  if (!target) return false;
  const FunctionDef* def = FunctionRegistry::Builtins().Find(target->function);
  if (def == nullptr)
    return UnsupportedFeature(std::string("operator on dates, timestamps and intervals: ") +
                              std::string(target->function));
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
