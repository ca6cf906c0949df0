#include <arrow/array.h>
#include <arrow/builder.h>

#include "functions/cast_internal.h"
#include "functions/decimal.h"
#include "functions/interval_text.h"
#include "types/datetime.h"
#include "types/number_text.h"

namespace sluice::functions::internal {
namespace {

constexpr int64_t kDayTimeUnits[] = {kUsPerDay, kUsPerHour, kUsPerMinute, kUsPerSecond};

Status BadInterval(const CastCall& call, int64_t i) {
  const auto text = static_cast<const arrow::StringArray&>(*call.input).GetView(i);
  const bool day_time = call.to.id() == TypeId::kDayTimeInterval;
  return MakeError(day_time ? "INVALID_INTERVAL_FORMAT.UNMATCHED_FORMAT_STRING_WITH_NOTICE"
                            : "INVALID_INTERVAL_FORMAT.UNMATCHED_FORMAT_STRING",
                   {{"intervalStr", day_time ? "day-time" : "year-month"},
                    {"supportedFormat", IntervalFormats(call.to)},
                    {"typeName", call.to.typeName()},
                    {"input", std::string(text)}});
}

Status IntervalOverflow(const CastCall& call, int64_t i) { return Overflow(call, i); }

Result<ArrayPtr> ToDayTime(const CastCall& call) {
  const int64_t unit = kDayTimeUnits[static_cast<int>(call.to.intervalEnd())];
  if (call.from.id() == TypeId::kString) {
    return CastRows<arrow::StringType, arrow::Int64Type>(
        call,
        [&](std::string_view text, int64_t* out) {
          auto us = ParseDayTimeInterval(TrimAll(text), call.to);
          if (us) *out = *us;
          return us.has_value();
        },
        &BadInterval);
  }
  if (call.from.id() == TypeId::kDayTimeInterval) {
    return CastRows<arrow::Int64Type, arrow::Int64Type>(
        call, [unit](int64_t us, int64_t* out) { return *out = unit == kUsPerSecond ? us : us - us % unit, true; },
        nullptr);
  }
  if (call.from.id() == TypeId::kDecimal) {
    return CastRows<arrow::Decimal128Type, arrow::Int64Type>(
        call,
        [unit, s = call.from.scale()](const arrow::Decimal128& d, int64_t* out) {
          auto us = DecimalMultiply(ToInt128(d), s, unit, 0, 38, 0);
          if (!us || *us > INT64_MAX || *us < INT64_MIN) return false;
          return *out = static_cast<int64_t>(*us), true;
        },
        &IntervalOverflow);
  }
  return VisitNumber(call.from, [&]<typename From>(std::type_identity<From>) {
    return CastRows<From, arrow::Int64Type>(
        call,
        [unit](typename From::c_type v, int64_t* out) {
          return !__builtin_mul_overflow(static_cast<int64_t>(v), unit, out);
        },
        &IntervalOverflow);
  });
}

Result<ArrayPtr> ToYearMonth(const CastCall& call) {
  const int32_t unit = call.to.intervalEnd() == IntervalField::kYear ? 12 : 1;
  if (call.from.id() == TypeId::kString) {
    return CastRows<arrow::StringType, arrow::Int32Type>(
        call,
        [&](std::string_view text, int32_t* out) {
          auto months = ParseYearMonthInterval(TrimAll(text), call.to);
          if (months) *out = *months;
          return months.has_value();
        },
        &BadInterval);
  }
  if (call.from.id() == TypeId::kYearMonthInterval) {
    return CastRows<arrow::Int32Type, arrow::Int32Type>(
        call, [unit](int32_t m, int32_t* out) { return *out = m - m % unit, true; }, nullptr);
  }
  if (call.from.id() == TypeId::kDecimal) {
    return CastRows<arrow::Decimal128Type, arrow::Int32Type>(
        call,
        [unit, s = call.from.scale()](const arrow::Decimal128& d, int32_t* out) {
          auto m = DecimalMultiply(ToInt128(d), s, unit, 0, 38, 0);
          if (!m || *m > INT32_MAX || *m < INT32_MIN) return false;
          return *out = static_cast<int32_t>(*m), true;
        },
        &IntervalOverflow);
  }
  return VisitNumber(call.from, [&]<typename From>(std::type_identity<From>) {
    return CastRows<From, arrow::Int32Type>(
        call,
        [unit](typename From::c_type v, int32_t* out) {
          return !__builtin_mul_overflow(static_cast<int64_t>(v), static_cast<int64_t>(unit), out);
        },
        &IntervalOverflow);
  });
}

Result<ArrayPtr> ToCalendar(const CastCall& call) {
  const auto& texts = static_cast<const arrow::StringArray&>(*call.input);
  arrow::MonthDayNanoIntervalBuilder builder;
  for (int64_t i = 0; i < texts.length(); ++i) {
    auto v = texts.IsNull(i) ? std::nullopt : ParseCalendarInterval(texts.GetView(i));
    if (v) {
      ARROW_RETURN_NOT_OK(builder.Append({v->months, v->days, v->us * 1000}));
    } else {  // in ANSI mode too
      ARROW_RETURN_NOT_OK(builder.AppendNull());
    }
  }
  return builder.Finish();
}

}  // namespace

Result<ArrayPtr> CastToInterval(const CastCall& given) {
  CastCall call = given;
  if (given.legacy() && given.from.id() == TypeId::kString)
    call.behavior = CastBehavior::kAnsi;  // legacy mode raises too
  switch (call.to.id()) {
    case TypeId::kDayTimeInterval: return ToDayTime(call);
    case TypeId::kYearMonthInterval: return ToYearMonth(call);
    default: return ToCalendar(call);
  }
}

}  // namespace sluice::functions::internal
