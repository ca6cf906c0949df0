#include <cmath>
#include <limits>

#include "functions/cast_internal.h"
#include "functions/decimal.h"
#include "types/datetime.h"

namespace sluice::functions::internal {
namespace {

/// Java's (int) and (long) of a double: saturating, NaN is 0.
template <typename T>
T SaturatingCast(double v) {
  if (std::isnan(v)) return 0;
  if (v >= static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
  if (v <= static_cast<double>(std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
  return static_cast<T>(v);
}

/// floor(v) <= max and ceil(v) >= min, as Spark's exact numerics check.
template <typename T>
bool InRange(double v) {
  if (std::isnan(v)) return false;
  if constexpr (sizeof(T) == 8) {
    return v < 9223372036854775808.0 && v >= -9223372036854775808.0;
  } else {
    return std::floor(v) <= std::numeric_limits<T>::max() && std::ceil(v) >= std::numeric_limits<T>::min();
  }
}

template <typename To, typename From>
Result<ArrayPtr> NumberToIntegral(const CastCall& call) {
  using T = typename To::c_type;
  using F = typename From::c_type;
  if constexpr (std::is_floating_point_v<F>) {
    if (call.legacy()) {
      return CastRows<From, To>(
          call,
          [](F v, T* out) {
            *out = sizeof(T) == 8 ? static_cast<T>(SaturatingCast<int64_t>(v))
                                  : static_cast<T>(SaturatingCast<int32_t>(v));
            return true;
          },
          nullptr);
    }
    return CastRows<From, To>(
        call,
        [](F v, T* out) {
          if (!InRange<T>(v)) return false;
          *out = static_cast<T>(v);
          return true;
        },
        &Overflow);
  } else {
    const bool wrap = call.legacy();
    return CastRows<From, To>(
        call,
        [wrap](F v, T* out) {
          *out = static_cast<T>(v);
          return wrap || *out == v;
        },
        &Overflow);
  }
}

template <typename To>
Result<ArrayPtr> DecimalToIntegral(const CastCall& call) {
  using T = typename To::c_type;
  const int128 divisor = Pow10(call.from.scale());
  const bool wrap = call.legacy();
  return CastRows<arrow::Decimal128Type, To>(
      call,
      [=](const arrow::Decimal128& d, T* out) {
        const int128 v = ToInt128(d) / divisor;
        *out = static_cast<T>(v);
        return wrap || *out == v;
      },
      &Overflow);
}

template <typename To>
Result<ArrayPtr> ToIntegral(const CastCall& call) {
  using T = typename To::c_type;
  switch (call.from.id()) {
    case TypeId::kBoolean:
      return CastRows<arrow::BooleanType, To>(
          call,
          [](bool v, T* out) {
            *out = v;
            return true;
          },
          nullptr);
    case TypeId::kDecimal: return DecimalToIntegral<To>(call);
    case TypeId::kDate: return NullArray(call.to, call.input->length());  // legacy only
    case TypeId::kTimestamp:
      return CastRows<arrow::Int64Type, To>(
          call,
          [](int64_t us, T* out) {
            const int64_t s = us / kUsPerSecond - (us % kUsPerSecond < 0 ? 1 : 0);
            *out = static_cast<T>(s);
            return *out == s;
          },
          &Overflow);
    case TypeId::kDayTimeInterval: {
      static constexpr int64_t kUnits[] = {kUsPerDay, kUsPerHour, kUsPerMinute, kUsPerSecond};
      const int64_t unit = kUnits[static_cast<int>(call.from.intervalEnd())];
      return CastRows<arrow::Int64Type, To>(
          call,
          [unit](int64_t us, T* out) {
            *out = static_cast<T>(us / unit);
            return *out == us / unit;
          },
          &Overflow);
    }
    case TypeId::kYearMonthInterval: {
      const int32_t unit = call.from.intervalEnd() == IntervalField::kYear ? 12 : 1;
      return CastRows<arrow::Int32Type, To>(
          call,
          [unit](int32_t months, T* out) {
            *out = static_cast<T>(months / unit);
            return *out == months / unit;
          },
          &Overflow);
    }
    default:
      return VisitNumber(call.from,
                         [&]<typename From>(std::type_identity<From>) { return NumberToIntegral<To, From>(call); });
  }
}

template <typename To>
Result<ArrayPtr> ToFloating(const CastCall& call) {
  using T = typename To::c_type;
  switch (call.from.id()) {
    case TypeId::kBoolean:
      return CastRows<arrow::BooleanType, To>(
          call,
          [](bool v, T* out) {
            *out = v;
            return true;
          },
          nullptr);
    case TypeId::kDecimal:
      return CastRows<arrow::Decimal128Type, To>(
          call,
          [s = call.from.scale()](const arrow::Decimal128& d, T* out) {
            *out = static_cast<T>(DecimalToDouble(ToInt128(d), s));
            return true;
          },
          nullptr);
    case TypeId::kDate: return NullArray(call.to, call.input->length());
    case TypeId::kTimestamp:
      return CastRows<arrow::Int64Type, To>(
          call,
          [](int64_t us, T* out) {
            *out = static_cast<T>(static_cast<double>(us) / kUsPerSecond);
            return true;
          },
          nullptr);
    default:
      return VisitNumber(call.from, [&]<typename From>(std::type_identity<From>) {
        return CastRows<From, To>(
            call,
            [](typename From::c_type v, T* out) {
              *out = static_cast<T>(v);
              return true;
            },
            nullptr);
      });
  }
}

Result<ArrayPtr> ToDecimal(const CastCall& call) {
  using arrow::Decimal128;
  const int p = call.to.precision(), s = call.to.scale();
  auto store = [](std::optional<int128> v, Decimal128* out) {
    if (v) *out = FromInt128(*v);
    return v.has_value();
  };
  switch (call.from.id()) {
    case TypeId::kBoolean:
      return CastRows<arrow::BooleanType, arrow::Decimal128Type>(
          call, [=](bool v, Decimal128* out) { return store(Rescale(v, 0, p, s), out); }, &OutOfRange);
    case TypeId::kDecimal:
      return CastRows<arrow::Decimal128Type, arrow::Decimal128Type>(
          call,
          [=, from = call.from.scale()](const Decimal128& v, Decimal128* out) {
            return store(Rescale(ToInt128(v), from, p, s), out);
          },
          &OutOfRange);
    case TypeId::kDate: return NullArray(call.to, call.input->length());
    case TypeId::kTimestamp:
      return CastRows<arrow::Int64Type, arrow::Decimal128Type>(
          call, [=](int64_t us, Decimal128* out) { return store(Rescale(us, 6, p, s), out); }, &OutOfRange);
    case TypeId::kDayTimeInterval: {
      static constexpr int64_t kUnits[] = {kUsPerDay, kUsPerHour, kUsPerMinute, kUsPerSecond};
      const int64_t unit = kUnits[static_cast<int>(call.from.intervalEnd())];
      const bool seconds = call.from.intervalEnd() == IntervalField::kSecond;
      return CastRows<arrow::Int64Type, arrow::Decimal128Type>(
          call,
          [=](int64_t us, Decimal128* out) {
            return store(seconds ? Rescale(us, 6, p, s) : Rescale(us / unit, 0, p, s), out);
          },
          &OutOfRange);
    }
    case TypeId::kYearMonthInterval: {
      const int32_t unit = call.from.intervalEnd() == IntervalField::kYear ? 12 : 1;
      return CastRows<arrow::Int32Type, arrow::Decimal128Type>(
          call, [=](int32_t m, Decimal128* out) { return store(Rescale(m / unit, 0, p, s), out); }, &OutOfRange);
    }
    default:
      return VisitNumber(call.from, [&]<typename From>(std::type_identity<From>) -> Result<ArrayPtr> {
        using F = typename From::c_type;
        if constexpr (std::is_floating_point_v<F>) {
          // NaN and infinities are null whatever the mode.
          const int64_t n = call.input->length();
          const Vector vector{call.input, false};
          const Reader<From> in(vector);
          ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(std::span(&vector, 1), n));
          Writer<arrow::Decimal128Type> out;
          ARROW_RETURN_NOT_OK(out.Init(n));
          for (int64_t i = 0; i < n; ++i) {
            auto v = mask.valid(i) ? DecimalFromDouble(in(i), p, s) : std::nullopt;
            if (v) {
              out.Set(i, FromInt128(*v));
              continue;
            }
            if (mask.valid(i) && call.ansi() && std::isfinite(in(i))) return OutOfRange(call, i);
            out.Skip(i);
            mask.SetNull(i);
          }
          return out.Finish(call.to, mask);
        } else {
          return CastRows<From, arrow::Decimal128Type>(
              call, [=](F v, Decimal128* out) { return store(Rescale(v, 0, p, s), out); }, &OutOfRange);
        }
      });
  }
}

}  // namespace

Result<ArrayPtr> CastToNumber(const CastCall& call) {
  switch (call.to.id()) {
    case TypeId::kByte: return ToIntegral<arrow::Int8Type>(call);
    case TypeId::kShort: return ToIntegral<arrow::Int16Type>(call);
    case TypeId::kInteger: return ToIntegral<arrow::Int32Type>(call);
    case TypeId::kLong: return ToIntegral<arrow::Int64Type>(call);
    case TypeId::kFloat: return ToFloating<arrow::FloatType>(call);
    case TypeId::kDouble: return ToFloating<arrow::DoubleType>(call);
    default: return ToDecimal(call);
  }
}

Result<ArrayPtr> CastToBoolean(const CastCall& call) {
  if (call.from.id() == TypeId::kDate) return NullArray(call.to, call.input->length());
  return VisitFixed(call.from, [&]<typename From>(std::type_identity<From>) {
    return CastRows<From, arrow::BooleanType>(
        call,
        [](const typename Reader<From>::Value& v, bool* out) {
          *out = v != typename Reader<From>::Value{};
          return true;
        },
        nullptr);
  });
}

Result<ArrayPtr> CastToBinary(const CastCall& call) {
  return VisitNumber(call.from, [&]<typename From>(std::type_identity<From>) {
    return CastText<From>(call, [](typename From::c_type v, std::string* out) {
      if constexpr (std::is_integral_v<typename From::c_type>) {
        for (size_t k = sizeof(v); k-- > 0;) out->push_back(static_cast<char>(v >> (8 * k)));
      }
    });
  });
}

}  // namespace sluice::functions::internal
