// Bitwise operators and functions.
#include <bit>

#include "functions/families.h"
#include "functions/kernel.h"
#include "functions/operators.h"
#include "functions/signature.h"

namespace sluice::functions {
namespace {

bool IsIntegral(const DataType& t) { return t.isIntegral(); }

Status BindBitwise(BindContext& context) {
  if (context.arg_types.size() == 2 && context.arg_types[0].id() == TypeId::kVoid &&
      context.arg_types[1].id() == TypeId::kVoid) {
    context.arg_types[0] = context.arg_types[1] = DataType::Integer();
  }
  ARROW_RETURN_NOT_OK(CoerceOperands(&context, OperatorKind::kArithmetic, &IsIntegral, "\"INTEGRAL\""));
  context.result_type = context.arg_types[0];
  return Status::OK();
}

Status ResultIsFirst(BindContext& context) {
  context.result_type = context.arg_types[0];
  return Status::OK();
}

template <typename Fn>
Result<ArrayPtr> OverIntegers(const KernelCall& call, const Fn& fn) {
  return VisitNumber(call.bound.arg_types[0], [&]<typename A>(std::type_identity<A>) -> Result<ArrayPtr> {
    if constexpr (std::is_integral_v<typename A::c_type>)
      return fn(std::type_identity<A>{});
    else
      return MakeError("INTERNAL_ERROR", {{"message", "bits of a fraction"}});
  });
}

template <typename Op>
Result<ArrayPtr> Bitwise(const KernelCall& call, std::span<const Vector> args) {
  return OverIntegers(call, [&]<typename A>(std::type_identity<A>) {
    using T = typename A::c_type;
    return MapWith<A, A, A>(call, args, [](T a, T b) { return static_cast<T>(Op{}(a, b)); });
  });
}

Result<ArrayPtr> BitNot(const KernelCall& call, std::span<const Vector> args) {
  return OverIntegers(call, [&]<typename A>(std::type_identity<A>) {
    using T = typename A::c_type;
    return MapWith<A, A>(call, args, [](T a) { return static_cast<T>(~a); });
  });
}

/// Java's << >> >>>: the count is taken modulo the width.
template <char kind>
Result<ArrayPtr> Shift(const KernelCall& call, std::span<const Vector> args) {
  return OverIntegers(call, [&]<typename A>(std::type_identity<A>) {
    using T = typename A::c_type;
    using U = std::make_unsigned_t<T>;
    return MapWith<A, A, arrow::Int32Type>(call, args, [](T a, int32_t n) {
      const int bits = n & (sizeof(T) * 8 - 1);
      if (kind == 'l') return static_cast<T>(static_cast<U>(a) << bits);
      if (kind == 'r') return static_cast<T>(a >> bits);
      return static_cast<T>(static_cast<U>(a) >> bits);
    });
  });
}

Result<ArrayPtr> BitCount(const KernelCall& call, std::span<const Vector> args) {
  if (call.bound.arg_types[0].id() == TypeId::kBoolean)
    return MapWith<arrow::Int32Type, arrow::BooleanType>(call, args, [](bool v) { return v ? 1 : 0; });
  return OverIntegers(call, [&]<typename A>(std::type_identity<A>) {
    return MapWith<arrow::Int32Type, A>(
        call, args, [](typename A::c_type v) { return std::popcount(static_cast<uint64_t>(static_cast<int64_t>(v))); });
  });
}

Result<ArrayPtr> BitGet(const KernelCall& call, std::span<const Vector> args) {
  return OverIntegers(call, [&]<typename A>(std::type_identity<A>) {
    using T = typename A::c_type;
    return MapWith<arrow::Int8Type, A, arrow::Int32Type>(call, args, [&](T v, int32_t pos) -> Result<int8_t> {
      constexpr int32_t kBits = sizeof(T) * 8;
      if (pos < 0 || pos >= kBits) {
        return MakeError("INVALID_PARAMETER_VALUE.BIT_POSITION_RANGE",
                         {{"functionName", QuoteIdentifier("bit_get")},
                          {"parameter", QuoteIdentifier("pos")},
                          {"upper", std::to_string(kBits)},
                          {"invalidValue", std::to_string(pos)}},
                         call.origin);
      }
      return static_cast<int8_t>((v >> pos) & 1);
    });
  });
}

}  // namespace

std::span<const FunctionDef> BitFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "&",
       .bind = &BindBitwise,
       .group = "bitwise_funcs",
       .doc = "Bitwise and.",
       .example = {"3 & 5", "1"},
       .kernel = &Bitwise<std::bit_and<>>,
       .display = &InfixDisplay},
      {.name = "|",
       .bind = &BindBitwise,
       .group = "bitwise_funcs",
       .doc = "Bitwise or.",
       .example = {"3 | 5", "7"},
       .kernel = &Bitwise<std::bit_or<>>,
       .display = &InfixDisplay},
      {.name = "^",
       .bind = &BindBitwise,
       .group = "bitwise_funcs",
       .doc = "Bitwise exclusive or.",
       .example = {"3 ^ 5", "6"},
       .kernel = &Bitwise<std::bit_xor<>>,
       .display = &InfixDisplay},
      {.name = "~",
       .signature = "(integral)",
       .bind = &ResultIsFirst,
       .group = "bitwise_funcs",
       .doc = "Bitwise not.",
       .example = {"~0", "-1"},
       .kernel = &BitNot,
       .display = [](std::string_view, std::span<const std::string> args) { return "~" + args[0]; }},
      {.name = "shiftleft",
       .aliases = {"<<"},
       .signature = "(int|bigint, int)",
       .bind = &ResultIsFirst,
       .group = "bitwise_funcs",
       .doc = "Bits moved left.",
       .example = {"shiftleft(2, 1)", "4"},
       .kernel = &Shift<'l'>,
       .display =
           [](std::string_view name, std::span<const std::string> args) {
             return name == "<<" ? InfixDisplay(name, args) : "shiftleft(" + args[0] + ", " + args[1] + ")";
           }},
      {.name = "shiftright",
       .aliases = {">>"},
       .signature = "(int|bigint, int)",
       .bind = &ResultIsFirst,
       .group = "bitwise_funcs",
       .doc = "Bits moved right, the sign kept.",
       .example = {"shiftright(4, 1)", "2"},
       .kernel = &Shift<'r'>,
       .display =
           [](std::string_view name, std::span<const std::string> args) {
             return name == ">>" ? InfixDisplay(name, args) : "shiftright(" + args[0] + ", " + args[1] + ")";
           }},
      {.name = "shiftrightunsigned",
       .aliases = {">>>"},
       .signature = "(int|bigint, int)",
       .bind = &ResultIsFirst,
       .group = "bitwise_funcs",
       .doc = "Bits moved right, zeros moved in.",
       .example = {"shiftrightunsigned(4, 1)", "2"},
       .kernel = &Shift<'u'>,
       .display =
           [](std::string_view name, std::span<const std::string> args) {
             return name == ">>>" ? InfixDisplay(name, args) : "shiftrightunsigned(" + args[0] + ", " + args[1] + ")";
           }},
      {.name = "bit_count",
       .signature = "(integral|boolean) -> int",
       .group = "bitwise_funcs",
       .doc = "Number of bits set.",
       .example = {"bit_count(0)", "0"},
       .kernel = &BitCount},
      {.name = "bit_get",
       .aliases = {"getbit"},
       .signature = "(integral, int) -> tinyint",
       .group = "bitwise_funcs",
       .doc = "The bit at a position, counted from the right.",
       .example = {"bit_get(11, 0)", "1"},
       .kernel = &BitGet},
  };
  return kTable;
}

}  // namespace sluice::functions
