// Powers, roots, logarithms, trigonometry.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "functions/display.h"
#include "functions/families.h"
#include "functions/fdlibm.h"
#include "functions/kernel.h"
#include "functions/signature.h"

namespace sluice::functions {
namespace {

using D = arrow::DoubleType;
using I = arrow::Int32Type;
using L = arrow::Int64Type;
using MaybeDouble = std::optional<double>;
constexpr std::string_view kGroup = "math_funcs";

MaybeDouble Ln(double x) { return x <= 0 ? MaybeDouble() : fdlibm::Log(x); }
MaybeDouble Log10(double x) { return x <= 0 ? MaybeDouble() : fdlibm::Log10(x); }
MaybeDouble Log2(double x) { return x <= 0 ? MaybeDouble() : fdlibm::Log(x) / fdlibm::Log(2.0); }
MaybeDouble Log1p(double x) { return x <= -1 ? MaybeDouble() : std::log1p(x); }
MaybeDouble LogBase(double base, double x) {
  return base <= 0 || x <= 0 ? MaybeDouble() : fdlibm::Log(x) / fdlibm::Log(base);
}
double Cot(double x) { return 1 / std::tan(x); }
double Sec(double x) { return 1 / std::cos(x); }
double Csc(double x) { return 1 / std::sin(x); }
double Asinh(double x) {
  return std::isinf(x)     ? x
         : std::signbit(x) ? -fdlibm::Log(-x + std::sqrt(x * x + 1.0))
                           : fdlibm::Log(x + std::sqrt(x * x + 1.0));
}
double Acosh(double x) { return fdlibm::Log(x + std::sqrt(x * x - 1.0)); }
double Atanh(double x) { return 0.5 * (std::log1p(x) - std::log1p(-x)); }
double Degrees(double x) { return x * (180.0 / std::numbers::pi); }
double Radians(double x) { return x * (std::numbers::pi / 180.0); }
double Signum(double x) { return std::isnan(x) || x == 0 ? x : x > 0 ? 1.0 : -1.0; }
/// Java's pow: 1 to an infinite or NaN power is NaN.
double Pow(double x, double y) {
  if (std::isnan(y) || (std::fabs(x) == 1 && std::isinf(y))) return std::nan("");
  return fdlibm::Pow(x, y);
}
double Atan2(double y, double x) { return std::atan2(y + 0.0, x + 0.0); }

template <double (*fn)(double)>
double Call(double x) {
  return fn(x);
}

std::optional<int64_t> Factorial(int32_t n) {
  if (n < 0 || n > 20) return std::nullopt;
  int64_t out = 1;
  for (int32_t k = 2; k <= n; ++k) out *= k;
  return out;
}

std::optional<int64_t> WidthBucket(double v, double low, double high, int64_t n) {
  if (n <= 0 || n == INT64_MAX || std::isnan(v) || low == high || !std::isfinite(low) || !std::isfinite(high))
    return std::nullopt;
  if (low < high) {
    if (v < low) return 0;
    if (v >= high) return n + 1;
    return static_cast<int64_t>(static_cast<double>(n) * (v - low) / (high - low)) + 1;
  }
  if (v > low) return 0;
  if (v <= high) return n + 1;
  return static_cast<int64_t>(static_cast<double>(n) * (low - v) / (low - high)) + 1;
}

template <typename T>
std::optional<int64_t> WidthBucketOf(T v, T low, T high, int64_t n) {
  return WidthBucket(static_cast<double>(v), static_cast<double>(low), static_cast<double>(high), n);
}

/// DOUBLEs, or three intervals of one family.
Status BindWidthBucket(BindContext& context) {
  static const FunctionDef kNumbers{.name = "width_bucket", .signature = "(double, double, double, bigint) -> bigint"};
  static const FunctionDef kDayTimes{
      .name = "width_bucket",
      .signature = "(interval day to second, interval day to second, interval day to second, bigint) -> bigint"};
  static const FunctionDef kYearMonths{
      .name = "width_bucket",
      .signature = "(interval year to month, interval year to month, interval year to month, bigint) -> bigint"};
  const FunctionDef* form = &kNumbers;
  if (context.arg_types.size() == 4) {
    const auto bounds = std::span(context.arg_types).first(3);
    const auto count = [&](TypeId id) {
      return std::count_if(bounds.begin(), bounds.end(), [&](const DataType& t) { return t.id() == id; });
    };
    const auto day_times = count(TypeId::kDayTimeInterval), year_months = count(TypeId::kYearMonthInterval);
    if (day_times == 3 || year_months == 3) {
      form = day_times == 3 ? &kDayTimes : &kYearMonths;
      for (DataType& t : bounds) t = day_times == 3 ? DataType::DayTimeInterval() : DataType::YearMonthInterval();
    } else if (day_times + year_months > 0) {
      return DataDiffTypes(context, context.name);
    }
  }
  return MatchSignature(*form, &context);
}

template <const double& value>
Result<ArrayPtr> Constant(const KernelCall& call, std::span<const Vector>) {
  Writer<D> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) out.Set(i, value);
  return out.Finish(call.bound.result_type, NullMask(call.length));
}
constexpr double kE = std::numbers::e, kPi = std::numbers::pi;

FunctionDef OneDouble(std::string_view name, Kernel kernel, std::string_view doc, Example example,
                      std::vector<std::string_view> aliases = {}) {
  return {.name = name,
          .aliases = std::move(aliases),
          .signature = "(double) -> double",
          .yields_null = true,  // few do, but Spark says so of all of them
          .group = kGroup,
          .doc = doc,
          .example = example,
          .kernel = kernel,
          .display = name == "ln" || name == "rint" ? nullptr : &UpperName<"sign">};
}

std::string LogDisplay(std::string_view, std::span<const std::string> args) {
  return args.size() == 1 ? "LOG(E(), " + args[0] + ")" : DisplayCall("LOG", args);
}

}  // namespace

std::span<const FunctionDef> MathFunctions() {
  static const FunctionDef kTable[] = {
      OneDouble("sqrt", Unary<D, D, &Call<std::sqrt>>, "Square root.", {"sqrt(4)", "2.0"}),
      OneDouble("cbrt", Unary<D, D, &fdlibm::Cbrt>, "Cube root.", {"cbrt(27.0)", "3.0"}),
      OneDouble("exp", Unary<D, D, &fdlibm::Exp>, "e to the power of the value.", {"exp(0)", "1.0"}),
      OneDouble("expm1", Unary<D, D, &Call<std::expm1>>, "exp(x) - 1.", {"expm1(0)", "0.0"}),
      OneDouble("ln", Unary<D, D, &Ln>, "Natural logarithm.", {"ln(1)", "0.0"}),
      OneDouble("log10", Unary<D, D, &Log10>, "Logarithm to base 10.", {"log10(10)", "1.0"}),
      OneDouble("log2", Unary<D, D, &Log2>, "Logarithm to base 2.", {"log2(2)", "1.0"}),
      OneDouble("log1p", Unary<D, D, &Log1p>, "ln(1 + x).", {"log1p(0)", "0.0"}),
      OneDouble("sin", Unary<D, D, &Call<std::sin>>, "Sine.", {"sin(0)", "0.0"}),
      OneDouble("cos", Unary<D, D, &Call<std::cos>>, "Cosine.", {"cos(0)", "1.0"}),
      OneDouble("tan", Unary<D, D, &Call<std::tan>>, "Tangent.", {"tan(0)", "0.0"}),
      OneDouble("cot", Unary<D, D, &Cot>, "Cotangent.", {"cot(1)", "0.6420926159343306"}),
      OneDouble("sec", Unary<D, D, &Sec>, "Secant.", {"sec(0)", "1.0"}),
      OneDouble("csc", Unary<D, D, &Csc>, "Cosecant.", {"csc(1)", "1.1883951057781212"}),
      OneDouble("asin", Unary<D, D, &Call<std::asin>>, "Arc sine.", {"asin(0)", "0.0"}),
      OneDouble("acos", Unary<D, D, &Call<std::acos>>, "Arc cosine.", {"acos(1)", "0.0"}),
      OneDouble("atan", Unary<D, D, &Call<std::atan>>, "Arc tangent.", {"atan(0)", "0.0"}),
      OneDouble("sinh", Unary<D, D, &fdlibm::Sinh>, "Hyperbolic sine.", {"sinh(0)", "0.0"}),
      OneDouble("cosh", Unary<D, D, &fdlibm::Cosh>, "Hyperbolic cosine.", {"cosh(0)", "1.0"}),
      OneDouble("tanh", Unary<D, D, &Call<std::tanh>>, "Hyperbolic tangent.", {"tanh(0)", "0.0"}),
      OneDouble("asinh", Unary<D, D, &Asinh>, "Inverse hyperbolic sine.", {"asinh(0)", "0.0"}),
      OneDouble("acosh", Unary<D, D, &Acosh>, "Inverse hyperbolic cosine.", {"acosh(1)", "0.0"}),
      OneDouble("atanh", Unary<D, D, &Atanh>, "Inverse hyperbolic tangent.", {"atanh(0)", "0.0"}),
      OneDouble("degrees", Unary<D, D, &Degrees>, "Radians to degrees.", {"degrees(3.141592653589793)", "180.0"}),
      OneDouble("radians", Unary<D, D, &Radians>, "Degrees to radians.", {"radians(180)", "3.141592653589793"}),
      OneDouble("rint", Unary<D, D, &Call<std::rint>>, "Nearest whole number, half to even.",
                {"rint(12.3456)", "12.0"}),
      OneDouble("signum", Unary<D, D, &Signum>, "-1.0, 0.0 or 1.0.", {"signum(40)", "1.0"}, {"sign"}),
      {.name = "log",
       .signature = "(double [, double]) -> double",
       .yields_null = true,
       .group = kGroup,
       .doc = "Logarithm to a base; natural with one argument.",
       .example = {"log(10, 100)", "2.0"},
       .kernel = &ByCount<1, &Map<D, &Ln, D>, &Map<D, &LogBase, D, D>>,
       .display = &LogDisplay},
      {.name = "power",
       .aliases = {"pow"},
       .signature = "(double, double) -> double",
       .group = kGroup,
       .doc = "The first to the power of the second.",
       .example = {"power(2, 3)", "8.0"},
       .kernel = Binary<D, D, D, &Pow>,
       .display = &UpperName<"pow">},
      {.name = "atan2",
       .signature = "(double, double) -> double",
       .group = kGroup,
       .doc = "Angle of the point (x, y), given y first.",
       .example = {"atan2(0, 0)", "0.0"},
       .kernel = Binary<D, D, D, &Atan2>,
       .display = &UpperName<>},
      {.name = "hypot",
       .signature = "(double, double) -> double",
       .group = kGroup,
       .doc = "sqrt(a*a + b*b).",
       .example = {"hypot(3, 4)", "5.0"},
       .kernel = &Map<D, static_cast<double (*)(double, double)>(&std::hypot), D, D>,
       .display = &UpperName<>},
      {.name = "factorial",
       .signature = "(int) -> bigint",
       .yields_null = true,
       .group = kGroup,
       .doc = "n!, null outside 0..20.",
       .example = {"factorial(5)", "120"},
       .kernel = Unary<I, L, &Factorial>},
      {.name = "width_bucket",
       .bind = &BindWidthBucket,
       .yields_null = true,
       .group = kGroup,
       .doc = "Bucket of the value in a histogram of equal widths.",
       .example = {"width_bucket(5.3, 0.2, 10.6, 5)", "3"},
       .kernel = &ByType<TypeId::kDouble, &Map<L, &WidthBucket, D, D, D, L>,
                         &ByType<TypeId::kDayTimeInterval, &Map<L, &WidthBucketOf<int64_t>, L, L, L, L>,
                                 &Map<L, &WidthBucketOf<int32_t>, I, I, I, L>>>},
      {.name = "e",
       .signature = "() -> double",
       .group = kGroup,
       .doc = "Euler's number.",
       .example = {"e()", "2.718281828459045"},
       .kernel = &Constant<kE>,
       .display = &UpperName<>},
      {.name = "pi",
       .signature = "() -> double",
       .group = kGroup,
       .doc = "Pi.",
       .example = {"pi()", "3.141592653589793"},
       .kernel = &Constant<kPi>,
       .display = &UpperName<>},
  };
  return kTable;
}

}  // namespace sluice::functions
