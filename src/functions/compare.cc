#include "functions/compare.h"

#include <arrow/array/array_binary.h>
#include <arrow/array/array_decimal.h>
#include <arrow/array/array_nested.h>
#include <arrow/array/array_primitive.h>
#include <arrow/util/decimal.h>

namespace sluice::functions {
namespace {

template <typename ArrayType>
int Primitive(const arrow::Array& a, int64_t i, const arrow::Array& b, int64_t j) {
  return CompareScalar(static_cast<const ArrayType&>(a).Value(i), static_cast<const ArrayType&>(b).Value(j));
}

int Ranges(const arrow::Array& a, int64_t a0, int64_t a1, const arrow::Array& b, int64_t b0, int64_t b1) {
  for (; a0 < a1 && b0 < b1; ++a0, ++b0) {
    if (int c = CompareNullableRows(a, a0, b, b0)) return c;
  }
  return a0 < a1 ? 1 : (b0 < b1 ? -1 : 0);
}

}  // namespace

int CompareNullableRows(const arrow::Array& a, int64_t i, const arrow::Array& b, int64_t j) {
  const bool na = a.IsNull(i), nb = b.IsNull(j);
  if (na || nb) return static_cast<int>(nb) - static_cast<int>(na);
  return CompareRows(a, i, b, j);
}

int CompareRows(const arrow::Array& a, int64_t i, const arrow::Array& b, int64_t j) {
  switch (a.type_id()) {
    case arrow::Type::BOOL: return Primitive<arrow::BooleanArray>(a, i, b, j);
    case arrow::Type::INT8: return Primitive<arrow::Int8Array>(a, i, b, j);
    case arrow::Type::INT16: return Primitive<arrow::Int16Array>(a, i, b, j);
    case arrow::Type::INT32: return Primitive<arrow::Int32Array>(a, i, b, j);
    case arrow::Type::INT64: return Primitive<arrow::Int64Array>(a, i, b, j);
    case arrow::Type::FLOAT: return Primitive<arrow::FloatArray>(a, i, b, j);
    case arrow::Type::DOUBLE: return Primitive<arrow::DoubleArray>(a, i, b, j);
    case arrow::Type::DATE32: return Primitive<arrow::Date32Array>(a, i, b, j);
    case arrow::Type::TIMESTAMP: return Primitive<arrow::TimestampArray>(a, i, b, j);
    case arrow::Type::DURATION: return Primitive<arrow::DurationArray>(a, i, b, j);
    case arrow::Type::INTERVAL_MONTHS: return Primitive<arrow::MonthIntervalArray>(a, i, b, j);
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return CompareScalar(static_cast<const arrow::BinaryArray&>(a).GetView(i),
                           static_cast<const arrow::BinaryArray&>(b).GetView(j));
    case arrow::Type::DECIMAL128:
      return CompareScalar(arrow::Decimal128(static_cast<const arrow::Decimal128Array&>(a).GetValue(i)),
                           arrow::Decimal128(static_cast<const arrow::Decimal128Array&>(b).GetValue(j)));
    case arrow::Type::LIST: {
      const auto &x = static_cast<const arrow::ListArray&>(a), &y = static_cast<const arrow::ListArray&>(b);
      return Ranges(*x.values(), x.value_offset(i), x.value_offset(i + 1), *y.values(), y.value_offset(j),
                    y.value_offset(j + 1));
    }
    case arrow::Type::MAP: {  // only for grouping and sets: entries in their order
      const auto &x = static_cast<const arrow::MapArray&>(a), &y = static_cast<const arrow::MapArray&>(b);
      if (int c = Ranges(*x.keys(), x.value_offset(i), x.value_offset(i + 1), *y.keys(), y.value_offset(j),
                         y.value_offset(j + 1)))
        return c;
      return Ranges(*x.items(), x.value_offset(i), x.value_offset(i + 1), *y.items(), y.value_offset(j),
                    y.value_offset(j + 1));
    }
    case arrow::Type::STRUCT: {
      const auto &x = static_cast<const arrow::StructArray&>(a), &y = static_cast<const arrow::StructArray&>(b);
      for (int f = 0; f < x.num_fields(); ++f) {
        if (int c = CompareNullableRows(*x.field(f), i, *y.field(f), j)) return c;
      }
      return 0;
    }
    case arrow::Type::INTERVAL_MONTH_DAY_NANO: {
      const auto x = static_cast<const arrow::MonthDayNanoIntervalArray&>(a).GetValue(i),
                 y = static_cast<const arrow::MonthDayNanoIntervalArray&>(b).GetValue(j);
      if (x.months != y.months) return x.months < y.months ? -1 : 1;
      if (x.days != y.days) return x.days < y.days ? -1 : 1;
      return CompareScalar(x.nanoseconds, y.nanoseconds);
    }
    default: return 0;  // VOID
  }
}

}  // namespace sluice::functions
