// mask luhn_check quote str_to_map.
#include "functions/collection_util.h"

#include <arrow/builder.h>
#include "functions/display.h"
#include "functions/families.h"
#include "functions/kernel.h"
#include "functions/regex.h"
#include "functions/signature.h"
#include "functions/text_util.h"

namespace sluice::functions {
namespace {

using S = arrow::StringType;
using View = std::string_view;
constexpr std::string_view kGroup = "string_funcs";

// ---- mask ----------------------------------------------------------------------------------------------------------

/// What stands for each kind of character; nothing: it stays.
struct MaskState : BoundState {
  std::optional<std::string> upper = "X", lower = "x", digit = "n", other;
};

Status BindMask(BindContext& context) {
  static constexpr std::string_view kNames[] = {"str", "upperChar", "lowerChar", "digitChar", "otherChar"};
  const size_t n = context.arg_types.size();
  if (n < 1 || n > 5) return WrongNumArgs(context.name, "[1, 2, 3, 4, 5]", n);
  auto state = std::make_shared<MaskState>();
  std::optional<std::string>* const kinds[] = {nullptr, &state->upper, &state->lower, &state->digit, &state->other};
  for (size_t i = 0; i < n; ++i) {
    DataType& type = context.arg_types[i];
    if (type.id() == TypeId::kVoid) type = DataType::String();
    if (type.id() != TypeId::kString) return UnexpectedInputType(context, i, "\"STRING\"");
    if (i == 0) continue;
    const TypedValue* literal = context.arg_literals[i];
    if (literal == nullptr) return NonFoldable(context, i, kNames[i], "STRING");
    kinds[i]->reset();
    if (literal->is_null()) continue;
    ARROW_ASSIGN_OR_RAISE(*kinds[i], StringOf(*literal));
    if (CountChars(**kinds[i]) != 1)
      return DatatypeMismatch(context, "INPUT_SIZE_NOT_ONE", {{"exprName", std::string(kNames[i])}});
  }
  context.state = state;
  context.result_type = DataType::String();
  context.result_nullable = context.arg_nullable[0];
  return Status::OK();
}

Result<ArrayPtr> Mask(const KernelCall& call, std::span<const Vector> args) {
  const auto& state = static_cast<const MaskState&>(*call.bound.state);
  return MapWith<S, S>(call, args.first(1), [&](View s, std::string* out) {
    for (size_t i = 0; i < s.size();) {
      const View c = s.substr(i, CharBytes(s[i]));
      i += c.size();
      const uint32_t code = FirstCodePoint(c);
      const bool digit = code >= '0' && code <= '9';
      const auto& mask = digit                          ? state.digit
                         : LowerCodePoint(code) != code ? state.upper
                         : UpperCodePoint(code) != code ? state.lower
                                                        : state.other;
      if (!mask) out->append(c);
      // Spark works on UTF-16: what needs two units there counts twice.
      for (int units = mask ? 1 + (code >= 0x10000) : 0; units > 0; --units) out->append(*mask);
    }
  });
}

// ---- luhn_check, quote ---------------------------------------------------------------------------------------------

bool LuhnCheck(View digits) {
  int sum = 0;
  bool twice = false;
  for (size_t i = digits.size(); i-- > 0; twice = !twice) {
    if (digits[i] < '0' || digits[i] > '9') return false;
    const int d = (digits[i] - '0') * (twice ? 2 : 1);
    sum += d > 9 ? d - 9 : d;
  }
  return !digits.empty() && sum % 10 == 0;
}

void Quote(View s, std::string* out) {
  out->push_back('\'');
  for (char c : s) {
    if (c == '\'') out->push_back('\\');
    out->push_back(c);
  }
  out->push_back('\'');
}

// ---- str_to_map ----------------------------------------------------------------------------------------------------

Status BindStrToMap(BindContext& context) {
  context.result_type = DataType::Map(DataType::String(), DataType::String());
  return Status::OK();
}

Result<ArrayPtr> StrToMap(const KernelCall& call, std::span<const Vector> args) {
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args, call.length));
  const Reader<S> text(args[0]);
  arrow::StringBuilder keys, values;
  std::vector<int32_t> offsets{0};
  for (int64_t i = 0; i < call.length; ++i) {
    if (mask.valid(i)) {
      ARROW_ASSIGN_OR_RAISE(auto pairs,
                            Regex::Compile(args.size() > 1 ? Reader<S>(args[1])(i) : View(","), "str_to_map"));
      ARROW_ASSIGN_OR_RAISE(auto parts,
                            Regex::Compile(args.size() > 2 ? Reader<S>(args[2])(i) : View(":"), "str_to_map"));
      Status status;
      ARROW_RETURN_NOT_OK(SplitText(*pairs, text(i), -1, [&](View pair) {
        int part = 0;
        status &=
            SplitText(*parts, pair, 2, [&](View piece) { status &= (part++ == 0 ? keys : values).Append(piece); });
        if (part == 1) status &= values.AppendNull();
      }));
      ARROW_RETURN_NOT_OK(status);
    }
    offsets.push_back(static_cast<int32_t>(keys.length()));
  }
  ARROW_ASSIGN_OR_RAISE(ArrayPtr key_column, keys.Finish());
  ARROW_ASSIGN_OR_RAISE(ArrayPtr value_column, values.Finish());
  return MakeMap(call, call.bound.result_type, offsets, mask, key_column, value_column);
}

}  // namespace

std::span<const FunctionDef> MaskFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "mask",
       .bind = &BindMask,
       .nulls = NullRule::kCustom,
       .yields_null = true,
       .group = kGroup,
       .doc = "Letters and digits replaced, so that only the shape of the text is left.",
       .example = {"mask('abcd-EFGH-8765-4321')", "xxxx-XXXX-nnnn-nnnn"},
       .kernel = &Mask,
       .display = &WithDefaults<1, "X", "x", "n", "NULL">},
      {.name = "luhn_check",
       .signature = "(string) -> boolean",
       .yields_null = true,
       .group = kGroup,
       .doc = "Whether the digits end in the right check digit by Luhn's algorithm.",
       .example = {"luhn_check('8112189876')", "true"},
       .kernel = Unary<S, arrow::BooleanType, &LuhnCheck>},
      {.name = "quote",
       .signature = "(string) -> string",
       .yields_null = true,
       .group = kGroup,
       .doc = "Text in single quotes, those inside escaped.",
       .example = {"quote('Don\\'t')", "'Don\\'t'"},
       .kernel = Unary<S, S, &Quote>},
      {.name = "str_to_map",
       .signature = "(string [, string [, string]])",
       .bind = &BindStrToMap,
       .group = "map_funcs",
       .doc = "A map of text like a:1,b:2; the delimiters are regular expressions.",
       .example = {"str_to_map('a:1,b:2,c:3', ',', ':')", "{a -> 1, b -> 2, c -> 3}"},
       .kernel = &StrToMap,
       .display = &WithDefaults<1, ",", ":">},
  };
  return kTable;
}

}  // namespace sluice::functions
