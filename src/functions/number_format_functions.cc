// to_char to_varchar to_number try_to_number.
#include "functions/decimal.h"
#include "functions/display.h"
#include "functions/families.h"
#include "functions/kernel.h"
#include "functions/number_pattern.h"
#include "functions/signature.h"

namespace sluice::functions {
namespace {

using S = arrow::StringType;
constexpr std::string_view kGroup = "string_funcs";

struct PatternState : BoundState {
  explicit PatternState(NumberPattern p) : pattern(std::move(p)) {}
  NumberPattern pattern;
};

/// Compiles the pattern in argument 1; none when that is NULL.
Status BindPattern(BindContext& context) {
  if (context.arg_types[1].id() != TypeId::kString && context.arg_types[1].id() != TypeId::kVoid)
    return UnexpectedInputType(context, 1, "\"STRING\"");
  context.arg_types[1] = DataType::String();
  const TypedValue* literal = context.arg_literals[1];
  if (literal == nullptr) return NonFoldable(context, 1, "format", "STRING");
  if (literal->is_null()) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(std::string text, StringOf(*literal));
  ARROW_ASSIGN_OR_RAISE(NumberPattern pattern, NumberPattern::Compile(text));
  context.state = std::make_shared<PatternState>(std::move(pattern));
  return Status::OK();
}

// ---- to_char -------------------------------------------------------------------------------------------------------

/// The call is one of `name` on the first `args` arguments.
Status Become(BindContext& context, std::string_view name, size_t args) {
  const FunctionDef* def = FunctionRegistry::Builtins().Find(name);
  context.arg_types.resize(args);
  context.arg_nullable.resize(args);
  context.arg_literals.resize(args);
  context.arg_names.resize(args);
  ARROW_RETURN_NOT_OK(BindFunction(*def, &context));
  context.target = def;
  context.arg_order.clear();
  for (size_t i = 0; i < args; ++i) context.arg_order.push_back(static_cast<int>(i));
  return Status::OK();
}

Status BindBinaryToChar(BindContext& context) {
  const TypedValue* literal = context.arg_literals[1];
  if (literal == nullptr) return NonFoldable(context, 1, "format", "STRING");
  if (literal->is_null()) {
    context.arg_types[1] = context.result_type = DataType::String();
    return Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(std::string format, StringOf(*literal));
  for (char& c : format) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (format == "base64")
    return Become(context, context.name == "to_char" ? "__base64_to_char" : "__base64_to_varchar", 1);
  if (format == "hex") return Become(context, "hex", 1);
  if (format == "utf-8") return Become(context, "decode", 2);
  return MakeError("INVALID_PARAMETER_VALUE.BINARY_FORMAT", {{"parameter", "`format`"},
                                                             {"functionName", QuoteIdentifier(context.name)},
                                                             {"invalidFormat", "'" + format + "'"}});
}

Status BindToChar(BindContext& context) {
  const size_t n = context.arg_types.size();
  if (n != 2) return WrongNumArgs(context.name, "2", n);
  DataType& type = context.arg_types[0];
  switch (type.id()) {
    case TypeId::kDate:
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz: return Become(context, "date_format", 2);
    case TypeId::kBinary: return BindBinaryToChar(context);
    case TypeId::kByte: type = DataType::Decimal(3, 0); break;
    case TypeId::kShort: type = DataType::Decimal(5, 0); break;
    case TypeId::kInteger: type = DataType::Decimal(10, 0); break;
    case TypeId::kLong: type = DataType::Decimal(20, 0); break;
    case TypeId::kFloat: type = DataType::Decimal(14, 7); break;
    case TypeId::kDouble: type = DataType::Decimal(30, 15); break;
    case TypeId::kString: type = DataType::Decimal(38, 18); break;
    case TypeId::kVoid: type = DataType::Decimal(10, 0); break;
    case TypeId::kDecimal: break;
    default: return UnexpectedInputType(context, 0, "\"DECIMAL\"");
  }
  ARROW_RETURN_NOT_OK(BindPattern(context));
  context.result_type = DataType::String();
  return Status::OK();
}

Result<ArrayPtr> ToChar(const KernelCall& call, std::span<const Vector> args) {
  if (call.bound.state == nullptr) return NullArray(DataType::String(), call.length);
  const NumberPattern& pattern = static_cast<const PatternState&>(*call.bound.state).pattern;
  const int scale = call.bound.arg_types[0].scale();
  return MapWith<S, arrow::Decimal128Type>(call, args, [&](const arrow::Decimal128& v, std::string* out) {
    pattern.Format(DecimalText(ToInt128(v), scale), out);
  });
}

// ---- to_number -----------------------------------------------------------------------------------------------------

Status BindToNumber(BindContext& context) {
  const size_t n = context.arg_types.size();
  if (n != 2) return WrongNumArgs(context.name, "2", n);
  if (context.arg_types[0].id() != TypeId::kString && context.arg_types[0].id() != TypeId::kVoid)
    return UnexpectedInputType(context, 0, "\"STRING\"");
  context.arg_types[0] = DataType::String();
  ARROW_RETURN_NOT_OK(BindPattern(context));
  context.result_type = DataType::Decimal(10, 0);
  context.result_nullable = true;
  if (context.state == nullptr) return Status::OK();
  const NumberPattern& pattern = static_cast<const PatternState&>(*context.state).pattern;
  if (pattern.precision() > 38)
    return MakeError("DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION",
                     {{"precision", std::to_string(pattern.precision())}, {"maxPrecision", "38"}});
  context.result_type = DataType::Decimal(pattern.precision(), pattern.scale());
  return Status::OK();
}

template <bool lenient>
Result<ArrayPtr> ToNumber(const KernelCall& call, std::span<const Vector> args) {
  if (call.bound.state == nullptr) return NullArray(call.bound.result_type, call.length);
  const NumberPattern& pattern = static_cast<const PatternState&>(*call.bound.state).pattern;
  using Value = std::optional<arrow::Decimal128>;
  return MapWith<arrow::Decimal128Type, S>(call, args, [&](std::string_view text) -> Result<Value> {
    if (const auto number = pattern.Parse(text)) {
      bool malformed;
      if (const auto v = ParseDecimal(*number, pattern.precision(), pattern.scale(), &malformed))
        return Value(FromInt128(*v));
    }
    if (lenient) return Value();
    return MakeError("INVALID_FORMAT.MISMATCH_INPUT",
                     {{"inputType", "\"STRING\""}, {"input", std::string(text)}, {"format", pattern.text()}});
  });
}

}  // namespace

std::span<const FunctionDef> NumberFormatFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "to_char",
       .aliases = {"to_varchar"},
       .bind = &BindToChar,
       .group = kGroup,
       .doc = "A number by a pattern of 9, 0, D, G, $, S, MI and PR; dates and times by date_format; binary as base64, "
              "hex or utf-8.",
       .example = {"to_char(454, '999')", "454"},
       .kernel = &ToChar,
       .display = &FixedName<"to_char">},
      {.name = "to_number",
       .bind = &BindToNumber,
       .group = kGroup,
       .doc = "The number that a text shows by a pattern as of to_char.",
       .example = {"to_number('454', '999')", "454"},
       .kernel = &ToNumber<false>},
      {.name = "try_to_number",
       .bind = &BindToNumber,
       .yields_null = true,
       .group = kGroup,
       .doc = "As to_number; null for text that does not fit.",
       .example = {"try_to_number('454', '999')", "454"},
       .kernel = &ToNumber<true>},
  };
  return kTable;
}

}  // namespace sluice::functions
