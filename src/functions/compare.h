#pragma once
// Spark's ordering of values of one type: NaN above all and equal to itself, -0.0 equal to 0.0, nulls first inside
// nested values.
#include <arrow/array.h>

#include <cmath>
#include <string_view>

#include "functions/registry.h"

namespace sluice::functions {

template <typename T>
int CompareScalar(const T& a, const T& b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) || std::isnan(b)) return static_cast<int>(std::isnan(a)) - static_cast<int>(std::isnan(b));
  }
  return a < b ? -1 : (b < a ? 1 : 0);
}
inline int CompareScalar(std::string_view a, std::string_view b) {
  const int c = a.compare(b);
  return c < 0 ? -1 : (c > 0 ? 1 : 0);
}

/// Compares a[i] with b[j], neither null at the top; both of Spark type `type`. Negative, 0 or positive.
using RowComparator = int (*)(const arrow::Array& a, int64_t i, const arrow::Array& b, int64_t j);
int CompareRows(const arrow::Array& a, int64_t i, const arrow::Array& b, int64_t j);
/// Nulls first and equal to each other.
int CompareNullableRows(const arrow::Array& a, int64_t i, const arrow::Array& b, int64_t j);

}  // namespace sluice::functions
