#include <charconv>
#include <cstdlib>

#include "functions/cast_internal.h"
#include "functions/decimal.h"
#include "types/format.h"
#include "types/number_text.h"

namespace sluice::functions {
namespace internal {
namespace {

template <typename To>
Result<ArrayPtr> StringToIntegral(const CastCall& call) {
  using T = typename To::c_type;
  const bool fraction = call.legacy();
  return CastRows<arrow::StringType, To>(
      call,
      [fraction](std::string_view text, T* out) {
        int64_t value;
        if (!ParseIntegral(TrimAll(text), fraction, std::numeric_limits<T>::min(), std::numeric_limits<T>::max(),
                           &value))
          return false;
        *out = static_cast<T>(value);
        return true;
      },
      &InvalidInput);
}

/// Same buffers under another type.
ArrayPtr Reinterpret(const ArrayPtr& array, const DataType& type) {
  auto data = array->data()->Copy();
  data->type = ToArrowType(type);
  return arrow::MakeArray(std::move(data));
}

Result<ArrayPtr> StringToDecimal(const CastCall& call) {
  const int p = call.to.precision(), s = call.to.scale();
  const Vector vector{call.input, false};
  const Reader<arrow::StringType> in(vector);
  const int64_t n = call.input->length();
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(std::span(&vector, 1), n));
  Writer<arrow::Decimal128Type> out;
  ARROW_RETURN_NOT_OK(out.Init(n));
  for (int64_t i = 0; i < n; ++i) {
    bool malformed = false;
    auto v = mask.valid(i) ? ParseDecimal(TrimAll(in(i)), p, s, &malformed) : std::nullopt;
    if (v) {
      out.Set(i, FromInt128(*v));
      continue;
    }
    if (mask.valid(i) && call.ansi()) {
      return malformed ? InvalidInput(call, i) : DecimalOutOfRange(TrimAll(in(i)), p, s, call.origin);
    }
    out.Skip(i);
    mask.SetNull(i);
  }
  return out.Finish(call.to, mask);
}

template <typename From>
Result<ArrayPtr> IntegerText(const CastCall& call) {
  return CastText<From>(call, [](typename From::c_type v, std::string* out) {
    char text[24];
    out->append(text,
                static_cast<size_t>(std::to_chars(text, text + sizeof(text), static_cast<int64_t>(v)).ptr - text));
  });
}

}  // namespace

Result<ArrayPtr> CastFromString(const CastCall& call) {
  switch (call.to.id()) {
    case TypeId::kByte: return StringToIntegral<arrow::Int8Type>(call);
    case TypeId::kShort: return StringToIntegral<arrow::Int16Type>(call);
    case TypeId::kInteger: return StringToIntegral<arrow::Int32Type>(call);
    case TypeId::kLong: return StringToIntegral<arrow::Int64Type>(call);
    case TypeId::kFloat: return CastRows<arrow::StringType, arrow::FloatType>(call, &ParseFloat, &InvalidInput);
    case TypeId::kDouble: return CastRows<arrow::StringType, arrow::DoubleType>(call, &ParseDouble, &InvalidInput);
    case TypeId::kDecimal: return StringToDecimal(call);
    case TypeId::kBoolean: return CastRows<arrow::StringType, arrow::BooleanType>(call, &ParseBoolean, &InvalidInput);
    default: return Reinterpret(call.input, call.to);  // binary
  }
}

Result<ArrayPtr> CastToString(const CastCall& call) {
  const TimeZone& zone = call.zone();
  switch (call.from.id()) {
    case TypeId::kBinary: return Reinterpret(call.input, call.to);
    case TypeId::kBoolean:
      return CastText<arrow::BooleanType>(call, [](bool v, std::string* out) { out->append(v ? "true" : "false"); });
    case TypeId::kByte: return IntegerText<arrow::Int8Type>(call);
    case TypeId::kShort: return IntegerText<arrow::Int16Type>(call);
    case TypeId::kInteger: return IntegerText<arrow::Int32Type>(call);
    case TypeId::kLong: return IntegerText<arrow::Int64Type>(call);
    case TypeId::kFloat: return CastText<arrow::FloatType>(call, &AppendFloat);
    case TypeId::kDouble: return CastText<arrow::DoubleType>(call, &AppendDouble);
    case TypeId::kDate: return CastText<arrow::Int32Type>(call, &AppendDate);
    case TypeId::kTimestamp:
      return CastText<arrow::Int64Type>(call,
                                        [&](int64_t us, std::string* out) { AppendTimestamp(zone.ToLocal(us), out); });
    case TypeId::kTimestampNtz: return CastText<arrow::Int64Type>(call, &AppendTimestamp);
    case TypeId::kDecimal:
      return CastText<arrow::Decimal128Type>(call,
                                             [s = call.from.scale()](const arrow::Decimal128& v, std::string* out) {
                                               out->append(DecimalText(ToInt128(v), s));
                                             });
    default: {  // intervals and nested types
      const int64_t n = call.input->length();
      const Vector vector{call.input, false};
      ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(std::span(&vector, 1), n));
      Writer<arrow::StringType> out;
      ARROW_RETURN_NOT_OK(out.Init(n));
      for (int64_t i = 0; i < n; ++i) {
        if (mask.valid(i)) AppendValueText(*call.input, i, call.from, zone, TextStyle::kCast, &out.out());
        out.Close(i);
      }
      return out.Finish(call.to, mask);
    }
  }
}

}  // namespace internal
}  // namespace sluice::functions
