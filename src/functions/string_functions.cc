// Case, length, pieces of text, concatenation.
#include <absl/container/flat_hash_map.h>
#include <arrow/array/array_nested.h>

#include "functions/coercion.h"
#include "functions/display.h"
#include "functions/families.h"
#include "functions/kernel.h"
#include "functions/signature.h"
#include "functions/text_util.h"

namespace sluice::functions {
namespace {

using S = arrow::StringType;
using I = arrow::Int32Type;
using View = std::string_view;
constexpr std::string_view kGroup = "string_funcs";

// ---- case ----------------------------------------------------------------------------------------------------------

bool IsCased(uint32_t code) { return UpperCodePoint(code) != code || LowerCodePoint(code) != code; }

/// Sigma at the end of a word has a form of its own.
bool IsFinalSigma(View s, size_t at, size_t bytes) {
  size_t before = at;
  while (before > 0 && IsContinuation(s[--before])) {
  }
  if (at == 0 || !IsCased(FirstCodePoint(s.substr(before)))) return false;
  return at + bytes >= s.size() || !IsCased(FirstCodePoint(s.substr(at + bytes)));
}

void AppendLower(View s, size_t at, size_t bytes, std::string* out) {
  const uint32_t code = FirstCodePoint(s.substr(at, bytes));
  if (code == 0x130)
    out->append("i\xCC\x87");
  else if (code == 0x3A3)
    out->append(IsFinalSigma(s, at, bytes) ? "\xCF\x82" : "\xCF\x83");
  else
    AppendCodePoint(LowerCodePoint(code), out);
}

template <bool upper>
void ChangeCase(View s, std::string* out) {
  if (IsAscii(s)) {
    const size_t at = out->size();
    out->append(s);
    for (size_t i = at; i < out->size(); ++i) {
      char& c = (*out)[i];
      if (upper ? (c >= 'a' && c <= 'z') : (c >= 'A' && c <= 'Z')) c ^= 0x20;
    }
    return;
  }
  for (size_t i = 0; i < s.size();) {
    const size_t n = std::min(CharBytes(s[i]), s.size() - i);
    if (upper)
      AppendUpper(FirstCodePoint(s.substr(i, n)), out);
    else
      AppendLower(s, i, n, out);
    i += n;
  }
}

/// Lower case but for the first letter after each blank.
void Initcap(View s, std::string* out) {
  bool first = true;
  for (size_t i = 0; i < s.size();) {
    const size_t n = std::min(CharBytes(s[i]), s.size() - i);
    const uint32_t code = FirstCodePoint(s.substr(i, n));
    if (first)
      AppendTitle(code, out);
    else
      AppendLower(s, i, n, out);
    first = code == ' ';
    i += n;
  }
}

// ---- length --------------------------------------------------------------------------------------------------------

int32_t Chars(View s) { return CountChars(s); }
int32_t Bytes(View s) { return static_cast<int32_t>(s.size()); }
int32_t Bits(View s) { return static_cast<int32_t>(s.size() * 8); }
constexpr Kernel kLength = &ByType<TypeId::kBinary, &Map<I, &Bytes, S>, &Map<I, &Chars, S>>;

// ---- pieces --------------------------------------------------------------------------------------------------------

View SubBytes(View s, int32_t pos, int32_t length) {
  const int64_t n = static_cast<int64_t>(s.size());
  const int64_t start = pos > 0 ? int64_t{pos} - 1 : pos < 0 ? n + pos : 0;
  const int64_t from = std::clamp<int64_t>(start, 0, n), until = std::clamp<int64_t>(start + length, from, n);
  return s.substr(static_cast<size_t>(from), static_cast<size_t>(until - from));
}
View Substring3(View s, int32_t pos, int32_t length) { return SubstringSql(s, pos, length); }
View Substring2(View s, int32_t pos) { return SubstringSql(s, pos, INT32_MAX); }
View SubBytes2(View s, int32_t pos) { return SubBytes(s, pos, INT32_MAX); }
constexpr Kernel kSubstring =
    &ByType<TypeId::kBinary, &ByCount<2, &Map<S, &SubBytes2, S, I>, &Map<S, &SubBytes, S, I, I>>,
            &ByCount<2, &Map<S, &Substring2, S, I>, &Map<S, &Substring3, S, I, I>>>;

View Left(View s, int32_t n) { return SubstringSql(s, 1, n); }
View LeftBytes(View s, int32_t n) { return SubBytes(s, 1, n); }
View Right(View s, int32_t n) { return n <= 0 ? View() : SubstringSql(s, -n, INT32_MAX); }

View SubstringIndex(View s, View delimiter, int32_t count) {
  if (delimiter.empty() || count == 0) return {};
  if (count > 0) {
    size_t at = 0;
    for (int32_t k = 0; k < count; ++k) {
      const size_t found = s.find(delimiter, at);
      if (found == View::npos) return s;
      if (k == count - 1) return s.substr(0, found);
      at = found + 1;
    }
    return s;
  }
  size_t end = s.size() + 1;
  for (int32_t k = 0; k > count; --k) {
    if (end == 0) return s;
    const size_t found = s.rfind(delimiter, end - 1);
    if (found == View::npos) return s;
    end = found;
    if (k == count + 1) return s.substr(found + delimiter.size());
  }
  return s;
}

/// The n-th piece (from 1, or from -1 backwards) of what lies between delimiters; empty where there is none.
View SplitPartOf(View s, View delimiter, int64_t n) {
  if (delimiter.empty()) return n == 1 || n == -1 ? s : View();
  if (n < 0) {
    int64_t parts = 1;
    for (size_t at = s.find(delimiter); at != View::npos; at = s.find(delimiter, at + delimiter.size())) ++parts;
    n += parts + 1;
    if (n <= 0) return View();
  }
  for (size_t at = 0;; --n) {
    const size_t found = s.find(delimiter, at);
    if (n == 1) return s.substr(at, found == View::npos ? View::npos : found - at);
    if (found == View::npos) return View();
    at = found + delimiter.size();
  }
}
Result<View> SplitPart(const KernelCall& call, View s, View delimiter, int32_t n) {
  if (n == 0) return MakeError("INVALID_INDEX_OF_ZERO", {}, call.origin);
  return SplitPartOf(s, delimiter, n);
}

// ---- concatenation -------------------------------------------------------------------------------------------------

Status BindConcat(BindContext& context) {
  const size_t n = context.arg_types.size();
  bool arrays = n > 0, binary = n > 0;
  for (const DataType& t : context.arg_types) {
    arrays = arrays && (t.id() == TypeId::kArray || t.id() == TypeId::kVoid);
    binary = binary && t.id() == TypeId::kBinary;
  }
  bool any_array = false;
  for (const DataType& t : context.arg_types) any_array = any_array || t.id() == TypeId::kArray;
  if (any_array) {
    const FunctionDef* def = FunctionRegistry::Builtins().Find("__concat_arrays");
    if (def == nullptr) return UnsupportedFeature("concat of arrays");
    ARROW_RETURN_NOT_OK(BindFunction(*def, &context));
    context.target = def;
    for (size_t i = 0; i < n; ++i) context.arg_order.push_back(static_cast<int>(i));
    return Status::OK();
  }
  for (size_t i = 0; i < n; ++i) {
    DataType& t = context.arg_types[i];
    if (t.isNested()) return UnexpectedInputType(context, i, "(\"STRING\" or \"BINARY\" or \"ARRAY\")");
    t = binary ? DataType::Binary() : DataType::String();
  }
  context.result_type = binary ? DataType::Binary() : DataType::String();
  return Status::OK();
}

Result<ArrayPtr> Concat(const KernelCall& call, std::span<const Vector> args) {
  std::vector<Reader<S>> in;
  for (const Vector& arg : args) in.emplace_back(arg);
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args, call.length));
  Writer<S> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) {
    if (mask.valid(i)) {
      for (const auto& reader : in) out.out().append(reader(i));
    }
    out.Close(i);
    ARROW_RETURN_NOT_OK(out.Room());
  }
  return out.Finish(call.bound.result_type, mask);
}

Status BindConcatWs(BindContext& context) {
  if (context.arg_types.empty()) return WrongNumArgs(context.name, "> 0", 0);
  for (size_t i = 0; i < context.arg_types.size(); ++i) {
    DataType& t = context.arg_types[i];
    if (t.id() == TypeId::kArray && i > 0)
      t = DataType::Array(DataType::String());
    else if (t.isNested())
      return UnexpectedInputType(context, i, "(\"ARRAY<STRING>\" or \"STRING\")");
    else
      t = DataType::String();
  }
  context.result_type = DataType::String();
  context.result_nullable = context.arg_nullable[0];
  return Status::OK();
}

Result<ArrayPtr> ConcatWs(const KernelCall& call, std::span<const Vector> args) {
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args.first(1), call.length));
  const Reader<S> separator(args[0]);
  Writer<S> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) {
    if (mask.valid(i)) {
      bool first = true;
      auto add = [&](View s) {
        if (!first) out.out().append(separator(i));
        out.out().append(s);
        first = false;
      };
      for (const Vector& arg : args.subspan(1)) {
        if (arg.IsNull(i)) continue;
        const int64_t row = arg.At(i);
        if (arg.array->type_id() == arrow::Type::LIST) {
          const auto& list = static_cast<const arrow::ListArray&>(*arg.array);
          const auto& values = static_cast<const arrow::StringArray&>(*list.values());
          for (int64_t k = list.value_offset(row); k < list.value_offset(row + 1); ++k) {
            if (values.IsValid(k)) add(values.GetView(k));
          }
        } else {
          add(static_cast<const arrow::StringArray&>(*arg.array).GetView(row));
        }
      }
    }
    out.Close(i);
    ARROW_RETURN_NOT_OK(out.Room());
  }
  return out.Finish(call.bound.result_type, mask);
}

Status Repeat(View s, int32_t n, std::string* out) {
  if (n <= 0 || s.empty()) return Status::OK();
  if (s.size() * static_cast<uint64_t>(n) + out->size() > INT32_MAX) return TextTooLarge();
  for (int32_t k = 0; k < n; ++k) out->append(s);
  return Status::OK();
}
Status Space(int32_t n, std::string* out) { return Repeat(" ", n, out); }
void Reverse(View s, std::string* out) {
  size_t at = out->size() + s.size();
  out->resize(at);
  for (size_t i = 0; i < s.size();) {
    const size_t n = std::min(CharBytes(s[i]), s.size() - i);
    at -= n;
    s.copy(out->data() + at, n, i);
    i += n;
  }
}
Status BindReverse(BindContext& context) {
  if (context.arg_types.size() == 1 && context.arg_types[0].id() == TypeId::kArray) {
    const FunctionDef* def = FunctionRegistry::Builtins().Find("__reverse_array");
    if (def == nullptr) return UnsupportedFeature("reverse of arrays");
    ARROW_RETURN_NOT_OK(BindFunction(*def, &context));
    context.target = def;
    context.arg_order = {0};
    return Status::OK();
  }
  if (context.arg_types.size() != 1) return WrongNumArgs(context.name, "1", context.arg_types.size());
  if (context.arg_types[0].isNested()) return UnexpectedInputType(context, 0, "(\"STRING\" or \"ARRAY\")");
  context.arg_types[0] = context.result_type = DataType::String();
  return Status::OK();
}

Status BindElt(BindContext& context) {
  const size_t n = context.arg_types.size();
  if (n < 2) return WrongNumArgs(context.name, "> 1", n);
  context.arg_types[0] = DataType::Integer();
  bool binary = true;
  for (size_t i = 1; i < n; ++i) binary = binary && context.arg_types[i].id() == TypeId::kBinary;
  for (size_t i = 1; i < n; ++i) context.arg_types[i] = binary ? DataType::Binary() : DataType::String();
  context.result_type = context.arg_types[1];
  context.result_nullable = true;
  return Status::OK();
}
Result<ArrayPtr> Elt(const KernelCall& call, std::span<const Vector> args) {
  const NullableReader<I> index(args[0]);
  NullMask mask(call.length);
  Writer<S> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) {
    bool set = false;
    if (index.valid(i)) {
      const int32_t k = index(i);
      if (k < 1 || static_cast<size_t>(k) >= args.size()) {
        if (call.bound.ansi)
          return MakeError("INVALID_ARRAY_INDEX",
                           {{"indexValue", std::to_string(k)}, {"arraySize", std::to_string(args.size() - 1)}},
                           call.origin);
      } else if (!args[static_cast<size_t>(k)].IsNull(i)) {
        out.Set(i, Reader<S>(args[static_cast<size_t>(k)])(i));
        set = true;
      }
    }
    if (!set) {
      out.Skip(i);
      mask.SetNull(i);
    }
  }
  return out.Finish(call.bound.result_type, mask);
}

Status SameText(BindContext& context) {
  context.result_type = context.arg_types[0];
  return Status::OK();
}

}  // namespace

std::span<const FunctionDef> StringFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "upper",
       .aliases = {"ucase"},
       .signature = "(string) -> string",
       .group = kGroup,
       .doc = "Text in upper case.",
       .example = {"upper('SparkSql')", "SPARKSQL"},
       .kernel = Unary<S, S, &ChangeCase<true>>},
      {.name = "lower",
       .aliases = {"lcase"},
       .signature = "(string) -> string",
       .group = kGroup,
       .doc = "Text in lower case.",
       .example = {"lower('SparkSql')", "sparksql"},
       .kernel = Unary<S, S, &ChangeCase<false>>},
      {.name = "initcap",
       .signature = "(string) -> string",
       .group = kGroup,
       .doc = "First letter of each word in upper case.",
       .example = {"initcap('sPark sql')", "Spark Sql"},
       .kernel = Unary<S, S, &Initcap>},
      {.name = "length",
       .aliases = {"char_length", "character_length", "len"},
       .signature = "(string|binary) -> int",
       .group = kGroup,
       .doc = "Characters of text, bytes of binary data.",
       .example = {"length('Spark SQL ')", "10"},
       .kernel = kLength},
      {.name = "octet_length",
       .signature = "(string|binary) -> int",
       .group = kGroup,
       .doc = "Length in bytes.",
       .example = {"octet_length('Spark SQL')", "9"},
       .kernel = Unary<S, I, &Bytes>},
      {.name = "bit_length",
       .signature = "(string|binary) -> int",
       .group = kGroup,
       .doc = "Length in bits.",
       .example = {"bit_length('Spark SQL')", "72"},
       .kernel = Unary<S, I, &Bits>},
      {.name = "substring",
       .aliases = {"substr"},
       .signature = "(string|binary, int [, int])",
       .bind = &SameText,
       .group = kGroup,
       .doc = "Part of text from a position (from 1, or from the end when negative).",
       .example = {"substring('Spark SQL', 5, 1)", "k"},
       .kernel = kSubstring,
       .display = &WithDefaults<2, "2147483647">},
      {.name = "left",
       .signature = "(string|binary, int)",
       .bind = &SameText,
       .group = kGroup,
       .doc = "The first characters.",
       .example = {"left('Spark SQL', 3)", "Spa"},
       .kernel = &ByType<TypeId::kBinary, &Map<S, &LeftBytes, S, I>, &Map<S, &Left, S, I>>},
      {.name = "right",
       .signature = "(string, int) -> string",
       .yields_null = true,
       .group = kGroup,
       .doc = "The last characters.",
       .example = {"right('Spark SQL', 3)", "SQL"},
       .kernel = Binary<S, I, S, &Right>},
      {.name = "substring_index",
       .signature = "(string, string, int) -> string",
       .group = kGroup,
       .doc = "Text before the n-th delimiter, counted from the end when negative.",
       .example = {"substring_index('www.apache.org', '.', 2)", "www.apache"},
       .kernel = Ternary<S, S, I, S, &SubstringIndex>},
      {.name = "split_part",
       .signature = "(string, string, int) -> string",
       .yields_null = true,
       .group = kGroup,
       .doc = "The n-th piece between delimiters.",
       .example = {"split_part('11.12.13', '.', 3)", "13"},
       .kernel = Ternary<S, S, I, S, &SplitPart>},
      {.name = "concat",
       .aliases = {"||"},
       .bind = &BindConcat,
       .group = kGroup,
       .doc = "Texts, binaries or arrays one after the other.",
       .example = {"concat('Spark', 'SQL')", "SparkSQL"},
       .kernel = &Concat},
      {.name = "concat_ws",
       .bind = &BindConcatWs,
       .nulls = NullRule::kCustom,
       .group = kGroup,
       .doc = "Texts joined by a separator, nulls left out.",
       .example = {"concat_ws(' ', 'Spark', 'SQL')", "Spark SQL"},
       .kernel = &ConcatWs},
      {.name = "repeat",
       .signature = "(string, int) -> string",
       .group = kGroup,
       .doc = "Text n times.",
       .example = {"repeat('123', 2)", "123123"},
       .kernel = Binary<S, I, S, &Repeat>},
      {.name = "space",
       .signature = "(int) -> string",
       .group = kGroup,
       .doc = "n blanks.",
       .example = {"concat(space(2), '1')", "  1"},
       .kernel = Unary<I, S, &Space>},
      {.name = "reverse",
       .bind = &BindReverse,
       .group = kGroup,
       .doc = "Text or array backwards.",
       .example = {"reverse('Spark SQL')", "LQS krapS"},
       .kernel = Unary<S, S, &Reverse>},
      {.name = "elt",
       .bind = &BindElt,
       .nulls = NullRule::kCustom,
       .group = kGroup,
       .doc = "The n-th of the values.",
       .example = {"elt(1, 'scala', 'java')", "scala"},
       .kernel = &Elt},
  };
  return kTable;
}

}  // namespace sluice::functions
