#include <cmath>

#include "functions/cast_internal.h"
#include "functions/datetime_util.h"
#include "functions/decimal.h"
#include "types/datetime.h"
#include "types/number_text.h"

namespace sluice::functions::internal {
namespace {

int32_t DaysOf(int64_t local_us) {
  return static_cast<int32_t>(local_us / kUsPerDay - (local_us % kUsPerDay < 0 ? 1 : 0));
}

/// "now", "today" and the like, trimmed, in any case; local midnight days or an instant.
enum class Special : uint8_t { kNone, kEpoch, kNow, kToday, kTomorrow, kYesterday };
Special SpecialOf(std::string_view text) {
  if (text.size() < 3 || text.size() > 64) return Special::kNone;
  const char first = static_cast<char>(TrimAll(text).empty() ? 0 : TrimAll(text).front() | 0x20);
  if (first != 'e' && first != 'n' && first != 't' && first != 'y') return Special::kNone;
  std::string word(TrimAll(text));
  for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (word == "epoch") return Special::kEpoch;
  if (word == "now") return Special::kNow;
  if (word == "today") return Special::kToday;
  if (word == "tomorrow") return Special::kTomorrow;
  if (word == "yesterday") return Special::kYesterday;
  return Special::kNone;
}
int32_t SpecialDays(Special s, int32_t today) {
  switch (s) {
    case Special::kEpoch: return 0;
    case Special::kTomorrow: return today + 1;
    case Special::kYesterday: return today - 1;
    default: return today;
  }
}

Result<ArrayPtr> ToDate(const CastCall& call) {
  const TimeZone& zone = call.zone();
  switch (call.from.id()) {
    case TypeId::kString: {
      const int32_t today = DaysOf(zone.ToLocal(call.context.now_us));
      return CastRows<arrow::StringType, arrow::Int32Type>(
          call,
          [today](std::string_view text, int32_t* out) {
            if (auto days = ParseDate(text)) return *out = *days, true;
            const Special s = SpecialOf(text);
            if (s == Special::kNone) return false;
            return *out = SpecialDays(s, today), true;
          },
          &InvalidInput);
    }
    case TypeId::kTimestamp:
      return CastRows<arrow::Int64Type, arrow::Int32Type>(
          call, [&](int64_t us, int32_t* out) { return *out = DaysOf(zone.ToLocal(us)), true; }, nullptr);
    default:
      return CastRows<arrow::Int64Type, arrow::Int32Type>(
          call, [](int64_t us, int32_t* out) { return *out = DaysOf(us), true; }, nullptr);
  }
}

/// fn(value) -> microseconds; what lies beyond their range is an error in every mode, TRY_CAST included.
template <typename In, typename Fn>
Result<ArrayPtr> WithinRange(const CastCall& call, const Fn& fn) {
  bool beyond = false;
  auto result = CastRows<In, arrow::Int64Type>(
      call,
      [&](auto v, int64_t* out) {
        const std::optional<int64_t> us = fn(v);
        beyond = beyond || !us;
        *out = us.value_or(0);
        return true;
      },
      nullptr);
  if (beyond)
    return MakeError("ARITHMETIC_OVERFLOW",
                     {{"message", "long overflow"}, {"alternative", ""}, {"config", "\"spark.sql.ansi.enabled\""}},
                     call.origin);
  return result;
}

int64_t SaturatingSeconds(int64_t s) {
  int64_t us;
  if (__builtin_mul_overflow(s, kUsPerSecond, &us)) return s < 0 ? INT64_MIN : INT64_MAX;
  return us;
}

Result<ArrayPtr> ToTimestamp(const CastCall& call) {
  const TimeZone& zone = call.zone();
  switch (call.from.id()) {
    case TypeId::kString: {
      const int64_t now = call.context.now_us;
      return CastRows<arrow::StringType, arrow::Int64Type>(
          call,
          [&zone, now](std::string_view text, int64_t* out) {
            if (auto us = ParseTimestamp(text, zone)) return *out = *us, true;
            const Special s = SpecialOf(text);
            if (s == Special::kNone) return false;
            if (s == Special::kNow || s == Special::kEpoch) return *out = s == Special::kNow ? now : 0, true;
            return *out = zone.ToUtc(SpecialDays(s, DaysOf(zone.ToLocal(now))) * kUsPerDay), true;
          },
          &InvalidInput);
    }
    case TypeId::kDate:
      return WithinRange<arrow::Int32Type>(call, [&](int32_t days) {
        const auto local = CheckedLocalTime(days, 0);
        return local ? CheckedToUtc(zone, *local) : std::nullopt;
      });
    case TypeId::kTimestampNtz:
      return WithinRange<arrow::Int64Type>(call, [&](int64_t us) { return CheckedToUtc(zone, us); });
    case TypeId::kBoolean:
      return CastRows<arrow::BooleanType, arrow::Int64Type>(
          call, [](bool v, int64_t* out) { return *out = v, true; }, nullptr);
    case TypeId::kDecimal:
      return CastRows<arrow::Decimal128Type, arrow::Int64Type>(
          call,
          [s = call.from.scale()](const arrow::Decimal128& d, int64_t* out) {
            const int128 v = ToInt128(d);
            int128 us;
            if (s >= 6)
              us = v / Pow10(s - 6);
            else if (__builtin_mul_overflow(v, Pow10(6 - s), &us))
              us = v;
            *out = static_cast<int64_t>(us);
            return true;
          },
          nullptr);
    default:
      return VisitNumber(call.from, [&]<typename From>(std::type_identity<From>) {
        using F = typename From::c_type;
        return CastRows<From, arrow::Int64Type>(
            call,
            [legacy = call.legacy()](F v, int64_t* out) {
              if constexpr (std::is_floating_point_v<F>) {
                if (!std::isfinite(v)) return false;
                const double us = static_cast<double>(v) * kUsPerSecond;
                if (us >= 9223372036854775808.0) return *out = INT64_MAX, legacy;
                if (us < -9223372036854775808.0) return *out = INT64_MIN, legacy;
                *out = static_cast<int64_t>(us);
              } else {
                *out = SaturatingSeconds(v);
              }
              return true;
            },
            &InvalidInput);
      });
  }
}

Result<ArrayPtr> ToTimestampNtz(const CastCall& call) {
  const TimeZone& zone = call.zone();
  switch (call.from.id()) {
    case TypeId::kString: {
      const int64_t now = call.context.now_us;
      return CastRows<arrow::StringType, arrow::Int64Type>(
          call,
          [&zone, now](std::string_view text, int64_t* out) {
            if (auto us = ParseTimestampNtz(text)) return *out = *us, true;
            const Special s = SpecialOf(text);
            if (s == Special::kNone) return false;
            if (s == Special::kNow) return *out = zone.ToLocal(now), true;
            return *out = SpecialDays(s, DaysOf(zone.ToLocal(now))) * kUsPerDay, true;
          },
          &InvalidInput);
    }
    case TypeId::kDate:
      return WithinRange<arrow::Int32Type>(call, [](int32_t days) { return CheckedLocalTime(days, 0); });
    default: return WithinRange<arrow::Int64Type>(call, [&](int64_t us) { return CheckedToLocal(zone, us); });
  }
}

}  // namespace

Result<ArrayPtr> CastToDatetime(const CastCall& call) {
  switch (call.to.id()) {
    case TypeId::kDate: return ToDate(call);
    case TypeId::kTimestamp: return ToTimestamp(call);
    default: return ToTimestampNtz(call);
  }
}

}  // namespace sluice::functions::internal
