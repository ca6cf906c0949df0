#include "functions/fdlibm.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>

namespace sluice::functions::fdlibm {
namespace {

constexpr double kLn2High = 6.93147180369123816490e-01, kLn2Low = 1.90821492927058770002e-10;

/// x without the lower half of its bits.
double Head(double x) { return std::bit_cast<double>(std::bit_cast<uint64_t>(x) & 0xFFFFFFFF00000000u); }

/// Of (e^r + 1) r / (e^r - 1), r^2 = t.
double ExpSeries(double t) {
  return t *
         (1.66666666666666019037e-01 +
          t * (-2.77777777770155933842e-03 +
               t * (6.61375632143793436117e-05 + t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08))));
}

/// Of log(1 + f), f = 2s / (1 - s), s^2 = z; odd and even terms apart.
double LogSeries(double z) {
  const double w = z * z;
  const double even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
  const double odd =
      z * (6.666666666666735130e-01 +
           w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
  return odd + even;
}

}  // namespace

double Exp(double x) {
  if (std::isnan(x)) return x;
  if (x > 7.09782712893383973096e+02) return std::numeric_limits<double>::infinity();
  if (x < -7.45133219101941108420e+02) return 0;
  const double size = std::fabs(x);
  double high = 0, low = 0;
  int k = 0;
  if (size > 0.5 * std::numbers::ln2) {
    k = size < 1.5 * std::numbers::ln2 ? (x < 0 ? -1 : 1)
                                       : static_cast<int>(std::numbers::log2e * x + (x < 0 ? -0.5 : 0.5));
    high = x - k * kLn2High;
    low = k * kLn2Low;
    x = high - low;
  } else if (size < 0x1p-28) {
    return 1 + x;
  }
  const double c = x - ExpSeries(x * x);
  if (k == 0) return 1 - ((x * c) / (c - 2.0) - x);
  return std::ldexp(1 - ((low - (x * c) / (2.0 - c)) - high), k);
}

double Log(double x) {
  if (!(x > 0) || std::isinf(x)) return std::log(x);
  int k = 0;
  if (x < std::numeric_limits<double>::min()) {
    k = -54;
    x *= 0x1p54;
  }
  // x = 2^k (1 + f) with sqrt(2)/2 < 1 + f < sqrt(2).
  uint64_t bits = std::bit_cast<uint64_t>(x);
  k += static_cast<int>(bits >> 52) - 1023;
  const auto fraction = static_cast<uint32_t>(bits >> 32) & 0xFFFFFu;
  const uint32_t carry = (fraction + 0x95F64u) & 0x100000u;
  k += static_cast<int>(carry >> 20);
  bits = (bits & 0xFFFFFFFFu) | static_cast<uint64_t>(fraction | (carry ^ 0x3FF00000u)) << 32;
  const double f = std::bit_cast<double>(bits) - 1.0, dk = k;
  if ((0xFFFFFu & (2 + fraction)) < 3) {  // |f| < 2^-20
    if (f == 0) return k == 0 ? 0 : dk * kLn2High + dk * kLn2Low;
    const double r = f * f * (0.5 - 0.33333333333333333 * f);
    return k == 0 ? f - r : dk * kLn2High - ((r - dk * kLn2Low) - f);
  }
  const double s = f / (2.0 + f), r = LogSeries(s * s);
  const auto i = static_cast<int32_t>(fraction) - 0x6147A, j = 0x6B851 - static_cast<int32_t>(fraction);
  if ((i | j) > 0) {
    const double half = 0.5 * f * f;
    return k == 0 ? f - (half - s * (half + r)) : dk * kLn2High - ((half - (s * (half + r) + dk * kLn2Low)) - f);
  }
  return k == 0 ? f - s * (f - r) : dk * kLn2High - ((s * (f - r) - dk * kLn2Low) - f);
}

double Log10(double x) {
  if (!(x > 0) || !std::isnormal(x)) return std::log10(x);
  const uint64_t bits = std::bit_cast<uint64_t>(x);
  const int k = static_cast<int>(bits >> 52) - 1023, below = k < 0;
  const double y = k + below;
  const double fraction = std::bit_cast<double>((bits & 0xFFFFFFFFFFFFFu) | static_cast<uint64_t>(1023 - below) << 52);
  return y * 3.69423907715893078616e-13 + 4.34294481903251816668e-01 * Log(fraction) + y * 3.01029995663611771306e-01;
}

double Cbrt(double x) {
  if (x == 0 || !std::isnormal(x)) return std::cbrt(x);
  const double size = std::fabs(x);
  double t = std::bit_cast<double>(((std::bit_cast<uint64_t>(size) >> 32) / 3 + 715094163u) << 32);
  const double s = 19.0 / 35 + t * t / size * t;
  t *= 5.0 / 14 + 45.0 / 28 / (s + 99.0 / 70 - 864.0 / 1225 / s);
  t = std::bit_cast<double>(((std::bit_cast<uint64_t>(t) >> 32) + 1)
                            << 32);  // 20 bits, and too large rather than too small
  const double r = size / (t * t);
  return std::copysign(t + t * ((r - t) / (t + t + r)), x);
}

double Sinh(double x) {
  const double size = std::fabs(x);
  return size >= 22 && size < 709 ? std::copysign(0.5 * Exp(size), x) : std::sinh(x);
}

double Cosh(double x) {
  const double size = std::fabs(x);
  if (size <= 0.5 * std::numbers::ln2 || size >= 709) return std::cosh(x);
  const double t = Exp(size);
  return size < 22 ? 0.5 * t + 0.5 / t : 0.5 * t;
}

double Pow(double x, double y) {
  // Exact or special cases, results far out of range, and subnormal bases have nothing to round differently.
  const double size = std::fabs(x), log2 = std::log2(size) * y;
  if (!std::isfinite(x) || !std::isfinite(y) || y == 0 || y == 1 || y == -1 || size == 1 || std::fabs(y) > 0x1p31 ||
      !std::isnormal(size) || !(std::fabs(log2) < 1000) || (x < 0 && y != std::trunc(y)))
    return std::pow(x, y);
  if (y == 2) return x * x;
  if (y == 0.5 && x >= 0) return std::sqrt(x);
  // log2(size) in two parts, t1 + t2.
  uint64_t bits = std::bit_cast<uint64_t>(size);
  int n = static_cast<int>(bits >> 52) - 1023;
  const auto fraction = static_cast<uint32_t>(bits >> 32) & 0xFFFFFu;
  uint32_t top = fraction | 0x3FF00000u;
  int k = 0;
  if (fraction <= 0x3988E)
    k = 0;
  else if (fraction < 0xBB67A)
    k = 1;
  else
    n += 1, top -= 0x100000u;
  const double ax = std::bit_cast<double>((bits & 0xFFFFFFFFu) | static_cast<uint64_t>(top) << 32);
  const double base = k == 0 ? 1.0 : 1.5;
  double u = ax - base, v = 1.0 / (ax + base);
  const double ss = u * v, s_high = Head(ss);
  const double t_high = std::bit_cast<double>(
      static_cast<uint64_t>(((top >> 1) | 0x20000000u) + 0x00080000u + (static_cast<uint32_t>(k) << 18)) << 32);
  const double t_low = ax - (t_high - base);
  const double s_low = v * ((u - s_high * t_high) - s_high * t_low);
  double s2 = ss * ss;
  double r = s2 * s2 *
             (5.99999999999994648725e-01 +
              s2 * (4.28571428578550184252e-01 +
                    s2 * (3.33333329818377432918e-01 +
                          s2 * (2.72728123808534006489e-01 +
                                s2 * (2.30660745775561754067e-01 + s2 * 2.06975017800338417784e-01)))));
  r += s_low * (s_high + ss);
  s2 = s_high * s_high;
  const double three = Head(3.0 + s2 + r), rest = r - ((three - 3.0) - s2);
  u = s_high * three;
  v = s_low * three + rest * ss;
  const double p_high = Head(u + v), p_low = v - (p_high - u);
  const double z_high = 9.61796700954437255859e-01 * p_high;
  const double z_low = -7.02846165095275826516e-09 * p_high + p_low * 9.61796693925975554329e-01 +
                       (k == 0 ? 0.0 : 1.35003920212974897128e-08);
  const double t = n, offset = k == 0 ? 0.0 : 5.84962487220764160156e-01;
  const double t1 = Head(((z_high + z_low) + offset) + t), t2 = z_low - (((t1 - t) - offset) - z_high);
  // y times that, then 2 to that power.
  const double y1 = Head(y), low = (y - y1) * t1 + y * t2, high = y1 * t1;
  const double z = low + high;
  int e = 0;
  double p = high;
  if (std::fabs(z) > 0.5) {
    e = static_cast<int>(std::floor(std::fabs(z) + 0.5));
    if (z < 0) e = -e;
    p = high - e;
  }
  const double h = Head(low + p);
  const double a = h * 6.93147182464599609375e-01;
  const double b = (low - (h - p)) * 6.93147180559945286227e-01 + h * -1.90465429995776804525e-09;
  const double w = a + b, w_low = b - (w - a), c = w - ExpSeries(w * w);
  const double out = 1.0 - (((w * c) / (c - 2.0) - (w_low + w * w_low)) - w);
  const bool negative = x < 0 && std::fmod(y, 2.0) != 0;
  return std::ldexp(negative ? -out : out, e);
}

}  // namespace sluice::functions::fdlibm
