#pragma once
// DECIMAL values as 128-bit integers: Spark's rounding (half up) and bounds.
#include <arrow/util/decimal.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "functions/registry.h"

namespace sluice::functions {

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

inline int128 ToInt128(const arrow::Decimal128& d) {
  return static_cast<int128>((static_cast<uint128>(static_cast<uint64_t>(d.high_bits())) << 64) | d.low_bits());
}
inline arrow::Decimal128 FromInt128(int128 v) {
  return arrow::Decimal128(static_cast<int64_t>(v >> 64), static_cast<uint64_t>(v));
}

/// 10^n for 0 <= n <= 38.
int128 Pow10(int n);
/// |v| < 10^precision.
inline bool FitsPrecision(int128 v, int precision) {
  const int128 bound = Pow10(precision);
  return v < bound && v > -bound;
}
/// v / divisor, half away from zero; divisor > 0.
inline int128 DivideHalfUp(int128 v, int128 divisor) {
  const int128 q = v / divisor, r = v % divisor;
  const uint128 ar = static_cast<uint128>(r < 0 ? -r : r);
  if (ar >= static_cast<uint128>(divisor) - ar) return v < 0 ? q - 1 : q + 1;
  return q;
}
/// v with `from` digits behind the point -> DECIMAL(precision, scale); nullopt when it does not fit.
std::optional<int128> Rescale(int128 v, int from, int precision, int scale);

/// "12.34e5" (trimmed) as java.math.BigDecimal reads it, rounded to DECIMAL(precision, scale).
/// `malformed` tells bad text from a value that does not fit.
std::optional<int128> ParseDecimal(std::string_view text, int precision, int scale, bool* malformed);
/// By way of the shortest text, as Spark; nullopt for NaN, infinities and what does not fit.
std::optional<int128> DecimalFromDouble(double v, int precision, int scale);
double DecimalToDouble(int128 v, int scale);
/// Plain notation.
std::string DecimalText(int128 v, int scale);

// Sums and products through 256 bits: nullopt when the result does not fit DECIMAL(precision, scale).
std::optional<int128> DecimalAdd(int128 a, int sa, int128 b, int sb, int precision, int scale);
std::optional<int128> DecimalMultiply(int128 a, int sa, int128 b, int sb, int precision, int scale);
/// b != 0.
std::optional<int128> DecimalDivide(int128 a, int sa, int128 b, int sb, int precision, int scale);
/// a - b * trunc(a / b); b != 0.
std::optional<int128> DecimalRemainder(int128 a, int sa, int128 b, int sb, int precision, int scale);
/// trunc(a / b) as BIGINT; nullopt on overflow; b != 0.
std::optional<int64_t> DecimalIntegralDivide(int128 a, int sa, int128 b, int sb);

/// NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION.
Status DecimalOutOfRange(std::string_view value, int precision, int scale, const Origin* origin);

}  // namespace sluice::functions
