// + - * / % div pmod negative positive abs and their try_ forms.
#include <arrow/builder.h>

#include <fmt/format.h>

#include <cmath>

#include "functions/coercion.h"
#include "functions/decimal.h"
#include "functions/families.h"
#include "functions/kernel.h"
#include "functions/operators.h"
#include "functions/signature.h"
#include "types/literal.h"

namespace sluice::functions {
namespace {

bool IsAnsiInterval(const DataType& t) {
  return t.id() == TypeId::kDayTimeInterval || t.id() == TypeId::kYearMonthInterval;
}
bool IsInterval(const DataType& t) { return IsAnsiInterval(t) || t.id() == TypeId::kCalendarInterval; }
bool IsNumericOrVoid(const DataType& t) { return t.isNumeric() || t.id() == TypeId::kVoid; }
bool IsNumericOrInterval(const DataType& t) { return IsNumericOrVoid(t) || IsInterval(t); }
bool IsDoubleOrDecimal(const DataType& t) { return t.id() == TypeId::kDouble || t.id() == TypeId::kDecimal; }
bool IsDividend(const DataType& t) {
  return t.id() == TypeId::kLong || t.id() == TypeId::kDecimal || IsAnsiInterval(t);
}

constexpr std::string_view kConfig = "\"spark.sql.ansi.enabled\"";

template <typename T>
std::string ValueText(T v) {
  // Bytes are shown as shorts, too.
  return fmt::format(sizeof(T) <= 2 ? "{}S" : "{}", static_cast<int64_t>(v));
}

/// What Spark raises when `a op b` overflows T.
template <typename T>
Status OverflowError(const KernelCall& call, T a, T b, std::string_view symbol, std::string_view try_name) {
  if (IsInterval(call.bound.result_type)) {
    // Spark gives no position here, nor below for small types.
    return MakeError("INTERVAL_ARITHMETIC_OVERFLOW.WITH_SUGGESTION", {{"functionName", QuoteIdentifier(try_name)}});
  }
  if constexpr (sizeof(T) < 4) {
    return MakeError("BINARY_ARITHMETIC_OVERFLOW", {{"value1", ValueText(a)},
                                                    {"symbol", std::string(symbol)},
                                                    {"value2", ValueText(b)},
                                                    {"functionName", QuoteIdentifier(try_name)}});
  } else {
    return MakeError("ARITHMETIC_OVERFLOW",
                     {{"message", sizeof(T) == 4 ? "integer overflow" : "long overflow"},
                      {"alternative", fmt::format(" Use '{}' to tolerate overflow and return NULL instead.", try_name)},
                      {"config", std::string(kConfig)}},
                     call.origin);
  }
}

struct Add {
  static constexpr char kOp = '+';
  static constexpr std::string_view kTryName = "try_add";
  template <typename T>
  static bool Overflows(T a, T b, T* out) {
    return __builtin_add_overflow(a, b, out);
  }
  template <typename T>
  static T Float(T a, T b) {
    return a + b;
  }
  static constexpr auto kDecimal = &DecimalAdd;
};
struct Subtract {
  static constexpr char kOp = '-';
  static constexpr std::string_view kTryName = "try_subtract";
  template <typename T>
  static bool Overflows(T a, T b, T* out) {
    return __builtin_sub_overflow(a, b, out);
  }
  template <typename T>
  static T Float(T a, T b) {
    return a - b;
  }
  static std::optional<int128> kDecimal(int128 a, int sa, int128 b, int sb, int p, int s) {
    return DecimalAdd(a, sa, -b, sb, p, s);
  }
};
struct Multiply {
  static constexpr char kOp = '*';
  static constexpr std::string_view kTryName = "try_multiply";
  template <typename T>
  static bool Overflows(T a, T b, T* out) {
    return __builtin_mul_overflow(a, b, out);
  }
  template <typename T>
  static T Float(T a, T b) {
    return a * b;
  }
  static constexpr auto kDecimal = &DecimalMultiply;
};

enum class Mode : uint8_t { kByContext, kTry };

/// DECIMAL op DECIMAL. `zero_condition`: raised when the right side is zero and that is an error.
template <typename Fn>
Result<ArrayPtr> DecimalKernel(const KernelCall& call, std::span<const Vector> args, bool fail,
                               const char* zero_condition, const Fn& fn) {
  const int sa = call.bound.arg_types[0].scale(), sb = call.bound.arg_types[1].scale();
  const int p = call.bound.result_type.precision(), s = call.bound.result_type.scale();
  using D = arrow::Decimal128Type;
  return MapWith<D, D, D>(
      call, args,
      [&](const arrow::Decimal128& a, const arrow::Decimal128& b) -> Result<std::optional<arrow::Decimal128>> {
        const int128 x = ToInt128(a), y = ToInt128(b);
        if (zero_condition != nullptr && y == 0) {
          if (fail) return MakeError(zero_condition, {{"config", std::string(kConfig)}}, call.origin);
          return std::optional<arrow::Decimal128>();
        }
        if (auto v = fn(x, sa, y, sb, p, s)) return std::optional(FromInt128(*v));
        if (fail) {
          // The exact value is lost by now; the message shows the operands' magnitude.
          return DecimalOutOfRange(DecimalText(x, sa), p, s, call.origin);
        }
        return std::optional<arrow::Decimal128>();
      });
}

template <typename Op, typename A, Mode mode>
Result<ArrayPtr> IntegralKernel(const KernelCall& call, std::span<const Vector> args) {
  using T = typename A::c_type;
  const int64_t n = call.length;
  const Reader<A> left(args[0]), right(args[1]);
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args, n));
  Writer<A> out;
  ARROW_RETURN_NOT_OK(out.Init(n));
  T* values = out.data();
  bool overflow = false;  // rows below nulls count too: the second pass tells
  for (int64_t i = 0; i < n; ++i) overflow |= Op::Overflows(left(i), right(i), &values[i]);
  const bool wraps = mode == Mode::kByContext && !call.bound.ansi && !IsInterval(call.bound.result_type);
  if (overflow && !wraps) {
    for (int64_t i = 0; i < n; ++i) {
      if (!mask.valid(i) || !Op::Overflows(left(i), right(i), &values[i])) continue;
      if (mode != Mode::kTry) return OverflowError<T>(call, left(i), right(i), std::string(1, Op::kOp), Op::kTryName);
      mask.SetNull(i);
    }
  }
  return out.Finish(call.bound.result_type, mask);
}

template <typename Op, Mode mode>
Result<ArrayPtr> CalendarKernel(const KernelCall& call, std::span<const Vector> args) {
  arrow::MonthDayNanoIntervalBuilder builder;
  const auto& a = static_cast<const arrow::MonthDayNanoIntervalArray&>(*args[0].array);
  const auto& b = static_cast<const arrow::MonthDayNanoIntervalArray&>(*args[1].array);
  for (int64_t i = 0; i < call.length; ++i) {
    if (args[0].IsNull(i) || args[1].IsNull(i)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    const auto x = a.GetValue(args[0].At(i)), y = b.GetValue(args[1].At(i));
    arrow::MonthDayNanoIntervalType::MonthDayNanos out;
    if (Op::Overflows(x.months, y.months, &out.months) || Op::Overflows(x.days, y.days, &out.days) ||
        Op::Overflows(x.nanoseconds, y.nanoseconds, &out.nanoseconds)) {
      if (mode != Mode::kTry) return OverflowError<int64_t>(call, 0, 0, std::string(1, Op::kOp), Op::kTryName);
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    ARROW_RETURN_NOT_OK(builder.Append(out));
  }
  return builder.Finish();
}

template <typename Op, Mode mode>
Result<ArrayPtr> Arithmetic(const KernelCall& call, std::span<const Vector> args) {
  const bool fail = mode == Mode::kByContext && call.bound.ansi;
  if (call.bound.result_type.id() == TypeId::kDecimal) return DecimalKernel(call, args, fail, nullptr, Op::kDecimal);
  if (call.bound.result_type.id() == TypeId::kCalendarInterval) return CalendarKernel<Op, mode>(call, args);
  return VisitFixed(call.bound.result_type, [&]<typename A>(std::type_identity<A>) -> Result<ArrayPtr> {
    if constexpr (std::is_same_v<A, arrow::BooleanType> || std::is_same_v<A, arrow::Decimal128Type>) {
      return Status::Invalid("unreachable");
    } else if constexpr (std::is_floating_point_v<typename A::c_type>) {
      return MapWith<A, A, A>(call, args, [](typename A::c_type a, typename A::c_type b) { return Op::Float(a, b); });
    } else {
      return IntegralKernel<Op, A, mode>(call, args);
    }
  });
}

/// `fn(a, b)` for operators that divide: numbers only, b != 0.
template <typename Fn>
Result<ArrayPtr> DividingKernel(const KernelCall& call, std::span<const Vector> args, bool fail,
                                const char* zero_condition, const Fn& fn) {
  return VisitNumber(call.bound.result_type, [&]<typename A>(std::type_identity<A>) {
    using T = typename A::c_type;
    return MapWith<A, A, A>(call, args, [&](T a, T b) -> Result<std::optional<T>> {
      if (b == 0) {
        if (fail) return MakeError(zero_condition, {{"config", std::string(kConfig)}}, call.origin);
        return std::optional<T>();
      }
      return std::optional<T>(fn(a, b));
    });
  });
}

template <Mode mode>
Result<ArrayPtr> DivideKernel(const KernelCall& call, std::span<const Vector> args) {
  const bool fail = mode == Mode::kByContext && call.bound.ansi;
  if (call.bound.result_type.id() == TypeId::kDecimal)
    return DecimalKernel(call, args, fail, "DIVIDE_BY_ZERO", &DecimalDivide);
  return DividingKernel(call, args, fail, "DIVIDE_BY_ZERO", [](auto a, auto b) { return a / b; });
}

template <typename T>
T Remainder(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return std::fmod(a, b);
  else
    return b == -1 ? T{0} : static_cast<T>(a % b);
}

template <Mode mode>
Result<ArrayPtr> RemainderKernel(const KernelCall& call, std::span<const Vector> args) {
  const bool fail = mode == Mode::kByContext && call.bound.ansi;
  if (call.bound.result_type.id() == TypeId::kDecimal)
    return DecimalKernel(call, args, fail, "REMAINDER_BY_ZERO", &DecimalRemainder);
  return DividingKernel(call, args, fail, "REMAINDER_BY_ZERO", [](auto a, auto b) { return Remainder(a, b); });
}

/// (a % b + b) % b, or a % b when that is not negative.
Result<ArrayPtr> PmodKernel(const KernelCall& call, std::span<const Vector> args) {
  const bool fail = call.bound.ansi;
  if (call.bound.result_type.id() == TypeId::kDecimal) {
    return DecimalKernel(call, args, fail, "REMAINDER_BY_ZERO",
                         [](int128 a, int sa, int128 b, int sb, int p, int s) -> std::optional<int128> {
                           auto r = DecimalRemainder(a, sa, b, sb, 38, std::max(sa, sb));
                           if (!r) return r;
                           if (*r < 0) {
                             auto sum = DecimalAdd(*r, std::max(sa, sb), b, sb, 38, std::max(sa, sb));
                             if (!sum) return sum;
                             r = DecimalRemainder(*sum, std::max(sa, sb), b, sb, 38, std::max(sa, sb));
                             if (!r) return r;
                           }
                           return Rescale(*r, std::max(sa, sb), p, s);
                         });
  }
  return DividingKernel(call, args, fail, "REMAINDER_BY_ZERO", [](auto a, auto b) {
    using T = decltype(a);
    T r = Remainder(a, b);
    if (!(r < 0)) return r;
    if constexpr (std::is_floating_point_v<T>)
      return static_cast<T>(std::fmod(r + b, b));
    else
      return Remainder(
          static_cast<T>(static_cast<std::make_unsigned_t<T>>(r) + static_cast<std::make_unsigned_t<T>>(b)), b);
  });
}

Result<ArrayPtr> IntegralDivideKernel(const KernelCall& call, std::span<const Vector> args) {
  const DataType& type = call.bound.arg_types[0];
  const bool fail = call.bound.ansi;
  auto zero = [&] { return MakeError("DIVIDE_BY_ZERO", {{"config", std::string(kConfig)}}, call.origin); };
  auto overflow = [&] {
    return MakeError("ARITHMETIC_OVERFLOW",
                     {{"message", "Overflow in integral divide"},
                      {"alternative", " Use 'try_divide' to tolerate overflow and return NULL instead."},
                      {"config", std::string(kConfig)}},
                     call.origin);
  };
  using L = arrow::Int64Type;
  using R = Result<std::optional<int64_t>>;
  if (type.id() == TypeId::kDecimal) {
    const int sa = type.scale(), sb = call.bound.arg_types[1].scale();
    return MapWith<L, arrow::Decimal128Type, arrow::Decimal128Type>(
        call, args, [&](const arrow::Decimal128& a, const arrow::Decimal128& b) -> R {
          const int128 y = ToInt128(b);
          if (y == 0) {
            if (fail) return zero();
            return std::optional<int64_t>();
          }
          auto q = DecimalIntegralDivide(ToInt128(a), sa, y, sb);
          if (!q && fail) return overflow();
          return q;
        });
  }
  auto divide = [&](int64_t a, int64_t b) -> R {
    if (b == 0) {
      if (fail) return zero();
      return std::optional<int64_t>();
    }
    if (b == -1 && a == INT64_MIN) {
      if (fail) return overflow();
      return std::optional(a);
    }
    return std::optional(a / b);
  };
  if (type.id() == TypeId::kYearMonthInterval)
    return MapWith<L, arrow::Int32Type, arrow::Int32Type>(call, args, divide);
  return MapWith<L, L, L>(call, args, divide);
}

/// Spark gives no position here.
Status NegateOverflow(const KernelCall& call) {
  if (IsInterval(call.bound.result_type)) return MakeError("INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION");
  return MakeError("ARITHMETIC_OVERFLOW",
                   {{"message", call.bound.result_type.id() == TypeId::kLong ? "long overflow" : "integer overflow"},
                    {"alternative", ""},
                    {"config", std::string(kConfig)}});
}

/// -x, or |x| when `absolute`.
template <bool absolute>
Result<ArrayPtr> NegateKernel(const KernelCall& call, std::span<const Vector> args) {
  const DataType& type = call.bound.result_type;
  if (type.id() == TypeId::kCalendarInterval) {
    arrow::MonthDayNanoIntervalBuilder builder;
    const auto& a = static_cast<const arrow::MonthDayNanoIntervalArray&>(*args[0].array);
    for (int64_t i = 0; i < call.length; ++i) {
      if (args[0].IsNull(i)) {
        ARROW_RETURN_NOT_OK(builder.AppendNull());
        continue;
      }
      auto v = a.GetValue(args[0].At(i));
      ARROW_RETURN_NOT_OK(builder.Append({-v.months, -v.days, -v.nanoseconds}));
    }
    return builder.Finish();
  }
  return VisitFixed(type, [&]<typename A>(std::type_identity<A>) -> Result<ArrayPtr> {
    if constexpr (std::is_same_v<A, arrow::BooleanType>) {
      return Status::Invalid("unreachable");
    } else if constexpr (std::is_same_v<A, arrow::Decimal128Type>) {
      return MapWith<A, A>(call, args, [](const arrow::Decimal128& v) {
        const int128 x = ToInt128(v);
        return absolute && x >= 0 ? v : FromInt128(-x);
      });
    } else {
      using T = typename A::c_type;
      if constexpr (std::is_floating_point_v<T>) {
        return MapWith<A, A>(call, args, [](T v) { return absolute ? std::fabs(v) : -v; });
      } else {
        const bool wraps = !call.bound.ansi && !IsInterval(type);
        return MapWith<A, A>(call, args, [&](T v) -> Result<T> {
          if (absolute && v >= 0) return v;
          if (v == std::numeric_limits<T>::min()) {
            if (!wraps) return NegateOverflow(call);
            return v;
          }
          return static_cast<T>(-v);
        });
      }
    }
  });
}

Result<ArrayPtr> PositiveKernel(const KernelCall& call, std::span<const Vector> args) {
  return Materialize(args[0], call.length);
}

// ---- bind ----------------------------------------------------------------------------------------------------------

char OperatorOf(std::string_view name) {
  if (name == "+" || name == "try_add") return '+';
  if (name == "-" || name == "try_subtract") return '-';
  if (name == "*" || name == "try_multiply") return '*';
  if (name == "/" || name == "try_divide") return '/';
  return '%';
}

bool IsTry(std::string_view name) { return name.starts_with("try_"); }

Status BindUnary(BindContext& context) {
  if (context.arg_types.size() != 1) return WrongNumArgs(context.name, "1", context.arg_types.size());
  DataType& t = context.arg_types[0];
  if (t.id() == TypeId::kString || t.id() == TypeId::kVoid) t = DataType::Double();
  const bool abs = context.name == "abs";
  if (!t.isNumeric() && !(abs ? IsAnsiInterval(t) : IsInterval(t))) {
    return UnexpectedInputType(
        context, 0,
        abs ? "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\")"
            : "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL\")");
  }
  context.result_type = t;
  return Status::OK();
}

Status BindAddSubtract(BindContext& context) {
  const bool try_mode = IsTry(context.name);
  if (context.name == "-" && context.arg_types.size() == 1) {
    context.target = FunctionRegistry::Builtins().Find("__negate");
    context.arg_order = {0};
    return BindUnary(context);
  }
  if (context.arg_types.size() != 2) return WrongNumArgs(context.name, "2", context.arg_types.size());
  DataType &a = context.arg_types[0], &b = context.arg_types[1];
  if (IsInterval(a) && b.id() == TypeId::kVoid) b = a;
  if (IsInterval(b) && a.id() == TypeId::kVoid) a = b;
  // A string beside a DATE becomes one, or in legacy mode a number, before the operator's meaning is settled.
  const DataType promoted = context.ansi ? DataType::Date() : DataType::Double();
  if (a.id() == TypeId::kDate && b.id() == TypeId::kString) b = promoted;
  if (OperatorOf(context.name) == '+') {
    if (b.id() == TypeId::kDate && a.id() == TypeId::kString) a = promoted;
  }
  ARROW_ASSIGN_OR_RAISE(bool datetime, BindDatetimeOperator(&context));
  if (datetime) return Status::OK();
  const char op = OperatorOf(context.name);
  if (a.id() != b.id()) {  // what a day-time interval is added to must be a timestamp
    auto exact = [](const DataType& t) { return IsInterval(t) && t.id() != TypeId::kYearMonthInterval; };
    constexpr std::string_view kTimestamps = "\"(TIMESTAMP OR TIMESTAMP WITHOUT TIME ZONE)\"";
    if (exact(b)) return UnexpectedInputType(context, 0, kTimestamps);
    if (op == '+' && exact(a)) return UnexpectedInputType(context, 1, kTimestamps);
  }
  ARROW_RETURN_NOT_OK(
      CoerceOperands(&context, OperatorKind::kArithmetic, &IsNumericOrInterval,
                     "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL\")"));
  if (a.id() == TypeId::kVoid) a = b = DataType::Double();
  context.result_type = a.id() == TypeId::kDecimal ? DecimalResult(op, a, b, context.allow_precision_loss) : a;
  if (try_mode || (a.id() == TypeId::kDecimal && !context.ansi)) context.result_nullable = true;
  return Status::OK();
}

Status BindMultiply(BindContext& context) {
  const bool try_mode = IsTry(context.name);
  ARROW_ASSIGN_OR_RAISE(bool datetime, BindDatetimeOperator(&context));
  if (datetime) return Status::OK();
  ARROW_RETURN_NOT_OK(CoerceOperands(&context, OperatorKind::kArithmetic, &IsNumericOrVoid, "\"NUMERIC\""));
  DataType &a = context.arg_types[0], &b = context.arg_types[1];
  if (a.id() == TypeId::kVoid) a = b = DataType::Double();
  context.result_type = a.id() == TypeId::kDecimal ? DecimalResult('*', a, b, context.allow_precision_loss) : a;
  if (try_mode || (a.id() == TypeId::kDecimal && !context.ansi)) context.result_nullable = true;
  return Status::OK();
}

Status BindDivide(BindContext& context) {
  ARROW_ASSIGN_OR_RAISE(bool datetime, BindDatetimeOperator(&context));
  if (datetime) return Status::OK();
  ARROW_RETURN_NOT_OK(
      CoerceOperands(&context, OperatorKind::kArithmetic, &IsNumericOrVoid, "(\"DOUBLE\" or \"DECIMAL\")"));
  DataType &a = context.arg_types[0], &b = context.arg_types[1];
  if (!IsDoubleOrDecimal(a)) a = b = DataType::Double();
  context.result_type = a.id() == TypeId::kDecimal ? DecimalResult('/', a, b, context.allow_precision_loss) : a;
  context.result_nullable = true;
  return Status::OK();
}

Status BindRemainder(BindContext& context) {
  ARROW_RETURN_NOT_OK(CoerceOperands(&context, OperatorKind::kArithmetic, &IsNumericOrVoid, "\"NUMERIC\""));
  DataType &a = context.arg_types[0], &b = context.arg_types[1];
  if (a.id() == TypeId::kVoid) a = b = DataType::Double();
  context.result_type = a.id() == TypeId::kDecimal ? DecimalResult('%', a, b, context.allow_precision_loss) : a;
  context.result_nullable = true;
  return Status::OK();
}

Status BindIntegralDivide(BindContext& context) {
  for (DataType& t : context.arg_types) {
    if (t.isIntegral()) t = DataType::Long();
  }
  if (context.arg_types.size() == 2 && context.arg_types[0].id() == TypeId::kVoid &&
      context.arg_types[1].id() == TypeId::kVoid) {
    context.arg_types[0] = context.arg_types[1] = DataType::Long();
  }
  ARROW_RETURN_NOT_OK(
      CoerceOperands(&context, OperatorKind::kArithmetic, &IsDividend,
                     "(\"BIGINT\" or \"DECIMAL\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL DAY TO SECOND\")"));
  context.result_type = DataType::Long();
  context.result_nullable = true;
  return Status::OK();
}

Status BindPositive(BindContext& context) { return BindUnary(context); }

std::string NegateDisplay(std::string_view, std::span<const std::string> args) {
  return fmt::format("(- {})", args[0]);
}
std::string PositiveDisplay(std::string_view, std::span<const std::string> args) {
  return fmt::format("(+ {})", args[0]);
}
std::string RemainderDisplay(std::string_view name, std::span<const std::string> args) {
  return name == "%" ? InfixDisplay(name, args) : fmt::format("{}({}, {})", name, args[0], args[1]);
}

}  // namespace

std::span<const FunctionDef> ArithmeticFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "+",
       .bind = &BindAddSubtract,
       .group = "math_funcs",
       .doc = "Sum; dates and timestamps take intervals and days.",
       .example = {"1 + 2", "3"},
       .kernel = &Arithmetic<Add, Mode::kByContext>,
       .display = &InfixDisplay},
      {.name = "-",
       .bind = &BindAddSubtract,
       .group = "math_funcs",
       .doc = "Difference; with one operand its negation.",
       .example = {"2 - 1", "1"},
       .kernel = &Arithmetic<Subtract, Mode::kByContext>,
       .display = &InfixDisplay},
      {.name = "*",
       .bind = &BindMultiply,
       .group = "math_funcs",
       .doc = "Product.",
       .example = {"2 * 3", "6"},
       .kernel = &Arithmetic<Multiply, Mode::kByContext>,
       .display = &InfixDisplay},
      {.name = "/",
       .bind = &BindDivide,
       .yields_null = true,
       .group = "math_funcs",
       .doc = "Quotient as DOUBLE or DECIMAL.",
       .example = {"3 / 2", "1.5"},
       .kernel = &DivideKernel<Mode::kByContext>,
       .display = &InfixDisplay},
      {.name = "%",
       .aliases = {"mod"},
       .bind = &BindRemainder,
       .yields_null = true,
       .group = "math_funcs",
       .doc = "Remainder with the sign of the dividend.",
       .example = {"2 % 1.8", "0.2"},
       .kernel = &RemainderKernel<Mode::kByContext>,
       .display = &RemainderDisplay},
      {.name = "div",
       .bind = &BindIntegralDivide,
       .yields_null = true,
       .group = "math_funcs",
       .doc = "Quotient cut to a BIGINT.",
       .example = {"3 div 2", "1"},
       .kernel = &IntegralDivideKernel,
       .display = &InfixDisplay},
      {.name = "pmod",
       .bind = &BindRemainder,
       .yields_null = true,
       .group = "math_funcs",
       .doc = "Remainder that is not negative for a positive divisor.",
       .example = {"pmod(-10, 3)", "2"},
       .kernel = &PmodKernel},
      {.name = "negative",
       .bind = &BindUnary,
       .group = "math_funcs",
       .doc = "The negated value.",
       .example = {"negative(1)", "-1"},
       .kernel = &NegateKernel<false>},
      {.name = "__negate",
       .bind = &BindUnary,
       .group = "math_funcs",
       .doc = "Unary minus.",
       .kernel = &NegateKernel<false>,
       .display = &NegateDisplay},
      {.name = "positive",
       .bind = &BindPositive,
       .group = "math_funcs",
       .doc = "The value itself.",
       .example = {"positive(1)", "1"},
       .kernel = &PositiveKernel,
       .display = &PositiveDisplay},
      {.name = "abs",
       .bind = &BindUnary,
       .group = "math_funcs",
       .doc = "Absolute value.",
       .example = {"abs(-1)", "1"},
       .kernel = &NegateKernel<true>},
      {.name = "try_add",
       .bind = &BindAddSubtract,
       .yields_null = true,
       .group = "math_funcs",
       .doc = "Sum; null on overflow.",
       .example = {"try_add(2147483647, 1)", "NULL"},
       .kernel = &Arithmetic<Add, Mode::kTry>},
      {.name = "try_subtract",
       .bind = &BindAddSubtract,
       .yields_null = true,
       .group = "math_funcs",
       .doc = "Difference; null on overflow.",
       .example = {"try_subtract(-2147483648, 1)", "NULL"},
       .kernel = &Arithmetic<Subtract, Mode::kTry>},
      {.name = "try_multiply",
       .bind = &BindMultiply,
       .yields_null = true,
       .group = "math_funcs",
       .doc = "Product; null on overflow.",
       .example = {"try_multiply(2, 3)", "6"},
       .kernel = &Arithmetic<Multiply, Mode::kTry>},
      {.name = "try_divide",
       .bind = &BindDivide,
       .yields_null = true,
       .group = "math_funcs",
       .doc = "Quotient; null for a zero divisor.",
       .example = {"try_divide(1, 0)", "NULL"},
       .kernel = &DivideKernel<Mode::kTry>},
      {.name = "try_mod",
       .bind = &BindRemainder,
       .yields_null = true,
       .group = "math_funcs",
       .doc = "Remainder; null for a zero divisor.",
       .example = {"try_mod(3, 0)", "NULL"},
       .kernel = &RemainderKernel<Mode::kTry>},
  };
  return kTable;
}

}  // namespace sluice::functions
