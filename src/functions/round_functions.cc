// round bround floor ceil.
#include <fmt/format.h>

#include <cmath>

#include "functions/decimal.h"
#include "functions/display.h"
#include "functions/families.h"
#include "functions/kernel.h"
#include "functions/signature.h"
#include "types/literal.h"

namespace sluice::functions {
namespace {

using Dec = arrow::Decimal128Type;
enum class Rounding : uint8_t { kHalfUp, kHalfEven, kFloor, kCeil };

/// v with `from` digits behind the point, rounded to `to` (which may be negative), in units of 10^-max(to, 0).
std::optional<int128> RoundTo(int128 v, int from, int to, Rounding mode) {
  if (to >= from) return v;  // the caller keeps the scale
  const int drop = from - to;
  int128 q = 0, r = v, unit = 0;
  if (drop <= 38) {
    unit = Pow10(drop);
    q = v / unit;
    r = v % unit;
  }
  const int sign = v < 0 ? -1 : 1;
  const uint128 ar = static_cast<uint128>(r < 0 ? -r : r), rest = static_cast<uint128>(unit) - ar;
  switch (mode) {
    case Rounding::kHalfUp:
      if (drop <= 38 && ar >= rest) q += sign;
      break;
    case Rounding::kHalfEven:
      if (drop <= 38 && (ar > rest || (ar == rest && q % 2 != 0))) q += sign;
      break;
    case Rounding::kFloor:
      if (r < 0) q -= 1;
      break;
    case Rounding::kCeil:
      if (r > 0) q += 1;
      break;
  }
  for (int k = to; k < 0; ++k) {
    if (!FitsPrecision(q, 37)) return std::nullopt;
    q *= 10;
  }
  return q;
}

double RoundDouble(double v, int to, Rounding mode, bool single) {
  if (!std::isfinite(v)) return v;
  const std::string text = single ? fmt::format("{}", static_cast<float>(v)) : fmt::format("{}", v);
  const size_t e = text.find('e'), point = text.find('.');
  int fraction =
      point == std::string::npos ? 0 : static_cast<int>((e == std::string::npos ? text.size() : e) - point - 1);
  if (e != std::string::npos) fraction -= std::atoi(text.c_str() + e + 1);
  fraction = std::max(fraction, 0);
  if (to >= fraction) return v;
  bool malformed;
  if (fraction > 330) return 0;
  auto exact = ParseDecimal(text, 38, fraction, &malformed);
  if (!exact) return v;
  auto rounded = RoundTo(*exact, fraction, to, mode);
  if (!rounded) return v;
  const double out = std::stod(DecimalText(*rounded, std::max(to, 0)));
  return out == 0 && std::signbit(v) ? 0.0 : out;
}

struct Scale : BoundState {
  int value = 0;
};

Status BindRoundTo(BindContext& context, bool floor_like) {
  const size_t n = context.arg_types.size();
  if (n < 1 || n > 2) return WrongNumArgs(context.name, "[1, 2]", n);
  auto state = std::make_shared<Scale>();
  DataType& t = context.arg_types[0];
  if (t.id() == TypeId::kString || t.id() == TypeId::kVoid) t = DataType::Double();
  if (!t.isNumeric()) return UnexpectedInputType(context, 0, "\"NUMERIC\"");
  if (n == 2) {
    if (!context.arg_types[1].isIntegral() && context.arg_types[1].id() != TypeId::kVoid &&
        context.arg_types[1].id() != TypeId::kString)
      return UnexpectedInputType(context, 1, "\"INT\"");
    if (context.arg_literals[1] == nullptr) return NonFoldable(context, 1, floor_like ? "scala" : "scale", "INT");
    if (context.arg_literals[1]->is_null()) {
      context.result_nullable = true;
    } else if (context.arg_literals[1]->type.isIntegral()) {
      ARROW_ASSIGN_OR_RAISE(int64_t scale, IntegralOf(*context.arg_literals[1]));
      state->value = static_cast<int>(scale);
    }
    context.arg_types[1] = DataType::Integer();
  }
  context.state = state;
  return Status::OK();
}

DataType RoundedDecimal(const DataType& t, int scale) {
  const int digits = t.precision() - t.scale() + 1;
  if (scale < 0) return DataType::Decimal(std::min(38, std::max(digits, -scale + 1)), 0);
  const int s = std::min(t.scale(), scale);
  return DataType::Decimal(std::min(38, digits + s), s);
}

Status BindRound(BindContext& context) {
  ARROW_RETURN_NOT_OK(BindRoundTo(context, false));
  const DataType& t = context.arg_types[0];
  context.result_type =
      t.id() == TypeId::kDecimal ? RoundedDecimal(t, static_cast<const Scale&>(*context.state).value) : t;
  if (t.id() == TypeId::kDecimal) context.result_nullable = true;
  return Status::OK();
}

Status BindFloor(BindContext& context) {
  ARROW_RETURN_NOT_OK(BindRoundTo(context, true));
  DataType& t = context.arg_types[0];
  if (context.arg_types.size() == 1) {
    if (t.id() == TypeId::kDecimal) {
      context.result_type = RoundedDecimal(t, 0);
    } else {
      if (t.isIntegral())
        t = DataType::Long();
      else
        t = DataType::Double();
      context.result_type = DataType::Long();
    }
    return Status::OK();
  }
  // With a scale every number becomes a DECIMAL first.
  if (t.id() != TypeId::kDecimal) {
    switch (t.id()) {
      case TypeId::kByte: t = DataType::Decimal(3, 0); break;
      case TypeId::kShort: t = DataType::Decimal(5, 0); break;
      case TypeId::kInteger: t = DataType::Decimal(10, 0); break;
      case TypeId::kLong: t = DataType::Decimal(20, 0); break;
      case TypeId::kFloat: t = DataType::Decimal(14, 7); break;
      default: t = DataType::Decimal(30, 15); break;
    }
  }
  context.result_type = RoundedDecimal(t, static_cast<const Scale&>(*context.state).value);
  context.result_nullable = true;
  return Status::OK();
}

template <Rounding mode>
Result<ArrayPtr> Round(const KernelCall& call, std::span<const Vector> args) {
  const int scale = static_cast<const Scale&>(*call.bound.state).value;
  const DataType& from = call.bound.arg_types[0];
  const auto values = args.first(1);
  if (from.id() == TypeId::kDecimal) {
    const int s = from.scale(), p = call.bound.result_type.precision();
    return MapWith<Dec, Dec>(call, values, [&](const arrow::Decimal128& d) -> Result<std::optional<arrow::Decimal128>> {
      auto v = RoundTo(ToInt128(d), s, scale, mode);
      if (v && FitsPrecision(*v, p)) return std::optional(FromInt128(*v));
      if (call.bound.ansi)
        return DecimalOutOfRange(DecimalText(ToInt128(d), s), p, call.bound.result_type.scale(), call.origin);
      return std::optional<arrow::Decimal128>();
    });
  }
  return VisitNumber(from, [&]<typename A>(std::type_identity<A>) -> Result<ArrayPtr> {
    using T = typename A::c_type;
    if constexpr (std::is_floating_point_v<T>) {
      if (call.bound.result_type.id() == TypeId::kLong) {  // floor, ceil
        return MapWith<arrow::Int64Type, A>(call, values, [](T v) -> int64_t {
          const double r =
              mode == Rounding::kFloor ? std::floor(static_cast<double>(v)) : std::ceil(static_cast<double>(v));
          if (std::isnan(r)) return 0;
          if (r >= 9223372036854775808.0) return INT64_MAX;
          if (r < -9223372036854775808.0) return INT64_MIN;
          return static_cast<int64_t>(r);
        });
      }
      return MapWith<A, A>(call, values, [&](T v) {
        return static_cast<T>(RoundDouble(static_cast<double>(v), scale, mode, sizeof(T) == 4));
      });
    } else {
      return MapWith<A, A>(call, values, [&](T v) -> Result<T> {
        if (scale >= 0) return v;
        auto r = RoundTo(v, 0, scale, mode);
        if (r && *r <= std::numeric_limits<T>::max() && *r >= std::numeric_limits<T>::min()) return static_cast<T>(*r);
        if (!call.bound.ansi) return static_cast<T>(r.value_or(0));
        return MakeError("ARITHMETIC_OVERFLOW",
                         {{"message", sizeof(T) == 8 ? "long overflow" : "integer overflow"},
                          {"alternative", ""},
                          {"config", "\"spark.sql.ansi.enabled\""}},
                         call.origin);
      });
    }
  });
}

/// Capitals with one argument only.
std::string FloorDisplay(std::string_view name, std::span<const std::string> args) {
  return args.size() == 1 ? UpperName<"ceiling">(name, args) : DisplayCall(name, args);
}

}  // namespace

std::span<const FunctionDef> RoundFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "round",
       .bind = &BindRound,
       .group = "math_funcs",
       .doc = "Rounded to a number of digits, half away from zero.",
       .example = {"round(2.5, 0)", "3"},
       .kernel = &Round<Rounding::kHalfUp>,
       .display = &WithDefaults<1, "0">},
      {.name = "bround",
       .bind = &BindRound,
       .group = "math_funcs",
       .doc = "Rounded to a number of digits, half to even.",
       .example = {"bround(2.5, 0)", "2"},
       .kernel = &Round<Rounding::kHalfEven>,
       .display = &WithDefaults<1, "0">},
      {.name = "floor",
       .bind = &BindFloor,
       .yields_null = true,
       .group = "math_funcs",
       .doc = "The next lower whole number, or number of so many digits.",
       .example = {"floor(-0.1)", "-1"},
       .kernel = &Round<Rounding::kFloor>,
       .display = &FloorDisplay},
      {.name = "ceil",
       .aliases = {"ceiling"},
       .bind = &BindFloor,
       .yields_null = true,
       .group = "math_funcs",
       .doc = "The next higher whole number, or number of so many digits.",
       .example = {"ceil(-0.1)", "0"},
       .kernel = &Round<Rounding::kCeil>,
       .display = &FloorDisplay},
  };
  return kTable;
}

}  // namespace sluice::functions
