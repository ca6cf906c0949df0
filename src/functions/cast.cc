#include "functions/cast.h"

#include "functions/cast_internal.h"
#include "functions/decimal.h"
#include "types/literal.h"

namespace sluice::functions {
namespace internal {
namespace {

std::string ValueSql(const CastCall& call, int64_t i) {
  return LiteralSql({call.from, call.input->Slice(i, 1)}, call.zone().name());
}

}  // namespace

Status InvalidInput(const CastCall& call, int64_t i) {
  return MakeError("CAST_INVALID_INPUT",
                   {{"expression", ValueSql(call, i)},
                    {"sourceType", InDoubleQuotes(call.from.sql())},
                    {"targetType", InDoubleQuotes(call.to.sql())},
                    {"ansiConfig", "\"spark.sql.ansi.enabled\""}},
                   call.origin);
}

Status Overflow(const CastCall& call, int64_t i) {
  return MakeError("CAST_OVERFLOW", {{"value", ValueSql(call, i)},
                                     {"sourceType", InDoubleQuotes(call.from.sql())},
                                     {"targetType", InDoubleQuotes(call.to.sql())},
                                     {"ansiConfig", "\"spark.sql.ansi.enabled\""}});
}

Status OutOfRange(const CastCall& call, int64_t i) {
  std::string value = ValueSql(call, i);
  if (call.from.id() == TypeId::kDecimal && value.ends_with("BD")) value.resize(value.size() - 2);
  if (call.from.id() == TypeId::kLong && value.ends_with("L")) value.resize(value.size() - 1);
  return DecimalOutOfRange(value, call.to.precision(), call.to.scale(), call.origin);
}

}  // namespace internal

Result<ArrayPtr> CastArray(const ArrayPtr& input, const DataType& from, const DataType& to, CastBehavior behavior,
                           const EvalContext& context, const Origin* origin) {
  const internal::CastCall call{input, from, to, behavior, context, origin};
  if (from == to) return input;
  if (from.id() == TypeId::kVoid) return NullArray(to, input->length());
  if (from.sameType(to) && !from.isNested()) return input;
  switch (to.id()) {
    case TypeId::kBoolean: return from.id() == TypeId::kString ? CastFromString(call) : CastToBoolean(call);
    case TypeId::kByte:
    case TypeId::kShort:
    case TypeId::kInteger:
    case TypeId::kLong:
    case TypeId::kFloat:
    case TypeId::kDouble:
    case TypeId::kDecimal: return from.id() == TypeId::kString ? CastFromString(call) : CastToNumber(call);
    case TypeId::kString: return CastToString(call);
    case TypeId::kBinary: return from.id() == TypeId::kString ? CastFromString(call) : CastToBinary(call);
    case TypeId::kDate:
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz: return CastToDatetime(call);
    case TypeId::kDayTimeInterval:
    case TypeId::kYearMonthInterval:
    case TypeId::kCalendarInterval: return CastToInterval(call);
    default: return CastNested(call);
  }
}

}  // namespace sluice::functions
