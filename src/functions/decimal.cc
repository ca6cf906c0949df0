#include "functions/decimal.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace sluice::functions {
namespace {

constexpr auto kPow10 = [] {
  std::array<int128, 39> table{};
  table[0] = 1;
  for (size_t i = 1; i < table.size(); ++i) table[i] = table[i - 1] * 10;
  return table;
}();

arrow::Decimal256 Wide(int128 v) { return arrow::Decimal256(FromInt128(v)); }
arrow::Decimal256 WidePow10(int n) {
  arrow::Decimal256 out(1);
  for (; n > 38; n -= 38) out *= Wide(kPow10[38]);
  return out * Wide(kPow10[static_cast<size_t>(n)]);
}
std::optional<int128> Narrow(const arrow::Decimal256& v, int precision) {
  if (!v.FitsInPrecision(precision)) return std::nullopt;
  const auto& words = v.little_endian_array();
  return static_cast<int128>((static_cast<uint128>(words[1]) << 64) | words[0]);
}
void Split(const arrow::Decimal256& v, const arrow::Decimal256& divisor, arrow::Decimal256* q, arrow::Decimal256* r) {
  (void)static_cast<const arrow::BasicDecimal256&>(v).Divide(divisor, q, r);  // the divisor is never zero
}
arrow::Decimal256 WideHalfUp(const arrow::Decimal256& v, const arrow::Decimal256& divisor) {
  arrow::Decimal256 q, r;
  Split(v, divisor, &q, &r);
  arrow::Decimal256 twice = arrow::Decimal256::Abs(r);
  twice += twice;
  if (twice >= arrow::Decimal256::Abs(divisor)) {
    const bool negative = v.IsNegative() != divisor.IsNegative();
    q += arrow::Decimal256(negative ? -1 : 1);
  }
  return q;
}
/// value * 10^(to - from), half up, into DECIMAL(precision, to).
std::optional<int128> Fit(const arrow::Decimal256& v, int from, int precision, int to) {
  if (from == to) return Narrow(v, precision);
  if (from > to) return Narrow(WideHalfUp(v, WidePow10(from - to)), precision);
  if (!v.FitsInPrecision(76 - (to - from))) return std::nullopt;
  return Narrow(v * WidePow10(to - from), precision);
}
bool Small(int128 v) { return v <= INT64_MAX && v >= INT64_MIN; }

}  // namespace

int128 Pow10(int n) { return kPow10[static_cast<size_t>(n)]; }

std::optional<int128> Rescale(int128 v, int from, int precision, int scale) {
  if (scale < from) {
    const int drop = from - scale;
    v = drop > 38 ? 0 : DivideHalfUp(v, Pow10(drop));
  } else if (scale > from) {
    const int add = scale - from;
    if (v == 0) return v;
    if (add > 38 || !FitsPrecision(v, 38 - add)) return std::nullopt;
    v *= Pow10(add);
  }
  if (!FitsPrecision(v, precision)) return std::nullopt;
  return v;
}

std::optional<int128> ParseDecimal(std::string_view text, int precision, int scale, bool* malformed) {
  *malformed = true;
  size_t i = 0;
  const size_t n = text.size();
  bool negative = false;
  if (i < n && (text[i] == '+' || text[i] == '-')) negative = text[i++] == '-';
  const size_t start = i;
  size_t digits = 0, point = std::string_view::npos;
  for (; i < n; ++i) {
    if (text[i] == '.' && point == std::string_view::npos) {
      point = i;
    } else if (text[i] >= '0' && text[i] <= '9') {
      ++digits;
    } else {
      break;
    }
  }
  if (digits == 0) return std::nullopt;
  const size_t end = i;
  int64_t exponent = 0;
  if (i < n && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    bool minus = false;
    if (i < n && (text[i] == '+' || text[i] == '-')) minus = text[i++] == '-';
    if (i == n) return std::nullopt;
    for (; i < n && text[i] >= '0' && text[i] <= '9'; ++i)
      exponent = std::min<int64_t>(exponent * 10 + (text[i] - '0'), 1'000'000'000);
    if (minus) exponent = -exponent;
  }
  if (i != n) return std::nullopt;
  *malformed = false;
  const int64_t fraction = point == std::string_view::npos ? 0 : static_cast<int64_t>(end - point - 1);
  // keep = digits before the cut at `scale`; the next one rounds.
  const int64_t keep = static_cast<int64_t>(digits) - fraction + exponent + scale;
  if (keep < 0) return int128{0};
  int128 value = 0;
  int64_t seen = 0;
  bool round_up = false;
  for (size_t k = start; k < end && seen <= keep; ++k) {
    if (text[k] == '.') continue;
    const int digit = text[k] - '0';
    if (seen++ == keep) {
      round_up = digit >= 5;
      break;
    }
    if (!FitsPrecision(value, 37) && value != 0) return std::nullopt;
    value = value * 10 + digit;
  }
  for (int64_t k = static_cast<int64_t>(digits); k < keep && value != 0; ++k) {
    if (!FitsPrecision(value, 37)) return std::nullopt;
    value *= 10;
  }
  if (round_up) ++value;
  if (!FitsPrecision(value, precision)) return std::nullopt;
  return negative ? -value : value;
}

std::optional<int128> DecimalFromDouble(double v, int precision, int scale) {
  if (!std::isfinite(v)) return std::nullopt;
  bool malformed;
  return ParseDecimal(fmt::format("{}", v), precision, scale, &malformed);
}

double DecimalToDouble(int128 v, int scale) {
  if (Small(v) && v <= (int64_t{1} << 53) && v >= -(int64_t{1} << 53) && scale <= 22) {
    static constexpr double kExact[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    return static_cast<double>(static_cast<int64_t>(v)) / kExact[scale];
  }
  return std::stod(DecimalText(v, scale));
}

std::string DecimalText(int128 v, int scale) {
  std::string digits = FromInt128(v < 0 ? -v : v).ToIntegerString();
  if (scale > 0) {
    if (digits.size() <= static_cast<size_t>(scale))
      digits.insert(0, static_cast<size_t>(scale) + 1 - digits.size(), '0');
    digits.insert(digits.size() - static_cast<size_t>(scale), 1, '.');
  }
  return v < 0 ? "-" + digits : digits;
}

std::optional<int128> DecimalAdd(int128 a, int sa, int128 b, int sb, int precision, int scale) {
  if (sa == sb && sa == scale && FitsPrecision(a, 37) && FitsPrecision(b, 37)) {
    const int128 sum = a + b;
    if (!FitsPrecision(sum, precision)) return std::nullopt;
    return sum;
  }
  const int s = std::max(sa, sb);
  return Fit(Wide(a) * WidePow10(s - sa) + Wide(b) * WidePow10(s - sb), s, precision, scale);
}

std::optional<int128> DecimalMultiply(int128 a, int sa, int128 b, int sb, int precision, int scale) {
  if (Small(a) && Small(b)) {
    const int128 product = a * b;
    if (sa + sb == scale) {
      if (!FitsPrecision(product, precision)) return std::nullopt;
      return product;
    }
  }
  return Fit(Wide(a) * Wide(b), sa + sb, precision, scale);
}

std::optional<int128> DecimalDivide(int128 a, int sa, int128 b, int sb, int precision, int scale) {
  // Spark divides with 39 more digits, half up, then rounds to the result's scale: one rounding here comes to the same.
  const int shift = scale + sb - sa;
  if (shift >= 0) {
    if (shift <= 38 && FitsPrecision(a, 37 - std::min(shift, 37))) {
      const int128 scaled = a * Pow10(shift);
      const int128 divisor = b < 0 ? -b : b;
      const int128 q = DivideHalfUp(b < 0 ? -scaled : scaled, divisor);
      if (!FitsPrecision(q, precision)) return std::nullopt;
      return q;
    }
    return Narrow(WideHalfUp(Wide(a) * WidePow10(shift), Wide(b)), precision);
  }
  return Narrow(WideHalfUp(Wide(a), Wide(b) * WidePow10(-shift)), precision);
}

std::optional<int128> DecimalRemainder(int128 a, int sa, int128 b, int sb, int precision, int scale) {
  const int s = std::max(sa, sb);
  arrow::Decimal256 q, r;
  Split(Wide(a) * WidePow10(s - sa), Wide(b) * WidePow10(s - sb), &q, &r);
  return Fit(r, s, precision, scale);
}

std::optional<int64_t> DecimalIntegralDivide(int128 a, int sa, int128 b, int sb) {
  const int s = std::max(sa, sb);
  arrow::Decimal256 q, r;
  Split(Wide(a) * WidePow10(s - sa), Wide(b) * WidePow10(s - sb), &q, &r);
  auto narrow = Narrow(q, 38);
  if (!narrow || !Small(*narrow)) return std::nullopt;
  return static_cast<int64_t>(*narrow);
}

Status DecimalOutOfRange(std::string_view value, int precision, int scale, const Origin* origin) {
  return MakeError("NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION",
                   {{"value", std::string(value)},
                    {"precision", std::to_string(precision)},
                    {"scale", std::to_string(scale)},
                    {"config", "\"spark.sql.ansi.enabled\""}},
                   origin);
}

}  // namespace sluice::functions
