// hex base64 encode decode to_binary conv bin and UTF-8 checks.
#include <algorithm>

#include "functions/display.h"
#include "functions/families.h"
#include "functions/kernel.h"
#include "functions/signature.h"
#include "functions/text_util.h"

namespace sluice::functions {
namespace {

using S = arrow::StringType;
using L = arrow::Int64Type;
using View = std::string_view;
constexpr std::string_view kGroup = "string_funcs";

// ---- hex, bin, conv ------------------------------------------------------------------------------------------------

void HexBytes(View s, std::string* out) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  for (char c : s) {
    out->push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
    out->push_back(kDigits[c & 15]);
  }
}
void Radix(uint64_t v, int radix, std::string* out) {
  char text[65];
  int n = 0;
  do {
    const int d = static_cast<int>(v % static_cast<uint64_t>(radix));
    text[n++] = static_cast<char>(d < 10 ? '0' + d : 'A' + d - 10);
    v /= static_cast<uint64_t>(radix);
  } while (v != 0);
  while (n > 0) out->push_back(text[--n]);
}
void HexLong(int64_t v, std::string* out) { Radix(static_cast<uint64_t>(v), 16, out); }
void Bin(int64_t v, std::string* out) { Radix(static_cast<uint64_t>(v), 2, out); }

int Nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
bool Unhex(View s, std::string* out) {
  size_t i = 0;
  const size_t at = out->size();
  if (s.size() % 2 == 1) {
    const int d = Nibble(s[i++]);
    if (d < 0) return false;
    out->push_back(static_cast<char>(d));
  }
  for (; i < s.size(); i += 2) {
    const int high = Nibble(s[i]), low = Nibble(s[i + 1]);
    if (high < 0 || low < 0) return out->resize(at), false;
    out->push_back(static_cast<char>(high << 4 | low));
  }
  return true;
}

/// conv(text, from, to): unsigned 64-bit arithmetic; a negative base prints signed.
Result<std::optional<std::string>> ConvText(const KernelCall& call, View s, int32_t from, int32_t to) {
  while (s.starts_with(' ')) s.remove_prefix(1);
  while (s.ends_with(' ')) s.remove_suffix(1);
  if (from < 2 || from > 36 || std::abs(to) < 2 || std::abs(to) > 36 || s.empty()) return std::optional<std::string>();
  const bool negative = s[0] == '-';
  if (negative) s.remove_prefix(1);
  uint64_t v = 0;
  for (char c : s) {
    const int d = c >= '0' && c <= '9'   ? c - '0'
                  : c >= 'a' && c <= 'z' ? c - 'a' + 10
                  : c >= 'A' && c <= 'Z' ? c - 'A' + 10
                                         : 99;
    if (d >= from) break;
    uint64_t next;
    if (__builtin_mul_overflow(v, static_cast<uint64_t>(from), &next) ||
        __builtin_add_overflow(next, static_cast<uint64_t>(d), &next)) {
      if (call.bound.ansi) {
        return MakeError(
            "ARITHMETIC_OVERFLOW",
            {{"message", "Overflow in function conv()"}, {"alternative", ""}, {"config", "\"spark.sql.ansi.enabled\""}},
            call.origin);
      }
      v = UINT64_MAX;
      break;
    }
    v = next;
  }
  if (negative && to > 0) {
    v = static_cast<int64_t>(v) < 0 ? UINT64_MAX : static_cast<uint64_t>(-static_cast<int64_t>(v));
  }
  bool minus = negative && to < 0;
  if (to < 0 && static_cast<int64_t>(v) < 0) {
    v = static_cast<uint64_t>(-static_cast<int64_t>(v));
    minus = true;
  }
  std::string out(minus ? "-" : "");
  Radix(v, std::abs(to), &out);
  return std::optional(out);
}
Result<ArrayPtr> Conv(const KernelCall& call, std::span<const Vector> args) {
  using I = arrow::Int32Type;
  const Reader<S> text(args[0]);
  const Reader<I> from(args[1]), to(args[2]);
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args, call.length));
  Writer<S> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) {
    if (mask.valid(i)) {
      ARROW_ASSIGN_OR_RAISE(auto v, ConvText(call, text(i), from(i), to(i)));
      if (v)
        out.out().append(*v);
      else
        mask.SetNull(i);
    }
    out.Close(i);
  }
  return out.Finish(call.bound.result_type, mask);
}

// ---- base64 --------------------------------------------------------------------------------------------------------

constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void Base64(View s, std::string* out) {
  for (size_t i = 0; i < s.size(); i += 3) {
    const size_t n = std::min<size_t>(3, s.size() - i);
    uint32_t v = 0;
    for (size_t k = 0; k < 3; ++k) v = v << 8 | (k < n ? static_cast<unsigned char>(s[i + k]) : 0);
    for (size_t k = 0; k < 4; ++k) out->push_back(k <= n ? kBase64[v >> (18 - 6 * k) & 63] : '=');
  }
}

/// MIME decoding: characters outside the alphabet are skipped. False: cut short.
bool Unbase64Bytes(View s, std::string* out) {
  uint32_t v = 0;
  int bits = 0, chars = 0;
  for (char c : s) {
    if (c == '=') break;
    const char* at = c == 0 ? nullptr : std::strchr(kBase64, c);
    if (at == nullptr) continue;
    v = v << 6 | static_cast<uint32_t>(at - kBase64);
    bits += 6;
    ++chars;
    if (bits >= 8) {
      bits -= 8;
      out->push_back(static_cast<char>(v >> bits));
    }
  }
  return chars % 4 != 1;
}
Status ConversionError(const KernelCall& call, View s, std::string_view type, std::string_view format) {
  return MakeError("CONVERSION_INVALID_INPUT",
                   {{"str", "'" + std::string(s) + "'"},
                    {"fmt", "'" + std::string(format) + "'"},
                    {"targetType", InDoubleQuotes(type)},
                    {"suggestion", QuoteIdentifier("try_to_binary")}},
                   call.origin);
}
Status Unbase64(const KernelCall& call, View s, std::string* out) {
  return Unbase64Bytes(s, out) ? Status::OK() : ConversionError(call, s, "BINARY", "BASE64");
}

// ---- character sets ------------------------------------------------------------------------------------------------

bool ValidUtf8(View s) {
  for (size_t i = 0; i < s.size();) {
    const auto c = static_cast<unsigned char>(s[i]);
    const size_t n = c < 0x80                ? 1
                     : c >= 0xC2 && c < 0xE0 ? 2
                     : c >= 0xE0 && c < 0xF0 ? 3
                     : c >= 0xF0 && c < 0xF5 ? 4
                                             : 0;
    if (n == 0 || i + n > s.size()) return false;
    for (size_t k = 1; k < n; ++k) {
      if (!IsContinuation(s[i + k])) return false;
    }
    const uint32_t code = FirstCodePoint(s.substr(i, n));
    if ((n == 3 && (code < 0x800 || (code >= 0xD800 && code < 0xE000))) ||
        (n == 4 && (code < 0x10000 || code > 0x10FFFF)))
      return false;
    i += n;
  }
  return true;
}

enum class Charset : uint8_t { kUtf8, kAscii, kLatin1, kUtf16, kUtf16be, kUtf16le, kUtf32, kBad };
Charset CharsetOf(View name) {
  const std::string lower = LowerText(name);
  static constexpr std::pair<View, Charset> kNames[] = {
      {"utf-8", Charset::kUtf8},   {"us-ascii", Charset::kAscii},   {"iso-8859-1", Charset::kLatin1},
      {"utf-16", Charset::kUtf16}, {"utf-16be", Charset::kUtf16be}, {"utf-16le", Charset::kUtf16le},
      {"utf-32", Charset::kUtf32}};
  for (const auto& [known, set] : kNames) {
    if (lower == known) return set;
  }
  return Charset::kBad;
}
Status BadCharset(View name, std::string_view function) {
  return MakeError("INVALID_PARAMETER_VALUE.CHARSET",
                   {{"functionName", QuoteIdentifier(function)},
                    {"parameter", QuoteIdentifier("charset")},
                    {"charset", std::string(name)},
                    {"charsets", "iso-8859-1, us-ascii, utf-16, utf-16be, utf-16le, utf-32, utf-8"}});
}
Status BadCharacter(std::string_view function, View charset) {
  return MakeError("MALFORMED_CHARACTER_CODING",
                   {{"function", QuoteIdentifier(function)}, {"charset", std::string(charset)}});
}

Status Encode(const KernelCall&, View s, View charset, std::string* out) {
  const Charset set = CharsetOf(charset);
  if (set == Charset::kBad) return BadCharset(charset, "encode");
  if (set == Charset::kUtf8) return out->append(s), Status::OK();
  auto unit = [&](uint32_t v, int bytes, bool big) {
    for (int k = 0; k < bytes; ++k) out->push_back(static_cast<char>(v >> 8 * (big ? bytes - 1 - k : k)));
  };
  if (set == Charset::kUtf16 && !s.empty()) out->append("\xFE\xFF");
  for (size_t i = 0; i < s.size(); i += CharBytes(s[i])) {
    const uint32_t code = FirstCodePoint(s.substr(i));
    if (set == Charset::kAscii || set == Charset::kLatin1) {
      if (code >= (set == Charset::kAscii ? 0x80u : 0x100u)) return BadCharacter("encode", charset);
      out->push_back(static_cast<char>(code));
    } else if (set == Charset::kUtf32) {
      unit(code, 4, true);
    } else {
      const bool big = set != Charset::kUtf16le;
      if (code < 0x10000) {
        unit(code, 2, big);
      } else {
        unit(0xD800 + ((code - 0x10000) >> 10), 2, big);
        unit(0xDC00 + ((code - 0x10000) & 0x3FF), 2, big);
      }
    }
  }
  return Status::OK();
}

Status Decode(const KernelCall&, View s, View charset, std::string* out) {
  const Charset set = CharsetOf(charset);
  if (set == Charset::kBad) return BadCharset(charset, "decode");
  if (set == Charset::kUtf8) {
    if (!ValidUtf8(s)) return BadCharacter("decode", charset);
    return out->append(s), Status::OK();
  }
  if (set == Charset::kAscii || set == Charset::kLatin1) {
    for (char c : s) {
      if (set == Charset::kAscii && (c & 0x80)) return BadCharacter("decode", charset);
      AppendCodePoint(static_cast<unsigned char>(c), out);
    }
    return Status::OK();
  }
  const size_t width = set == Charset::kUtf32 ? 4 : 2;
  bool big = set != Charset::kUtf16le;
  if (set == Charset::kUtf16 && s.size() >= 2) {
    if (s.starts_with("\xFE\xFF"))
      s.remove_prefix(2);
    else if (s.starts_with("\xFF\xFE"))
      s.remove_prefix(2), big = false;
  }
  if (s.size() % width != 0) return BadCharacter("decode", charset);
  auto unit = [&](size_t i) {
    uint32_t v = 0;
    for (size_t k = 0; k < width; ++k) v = v << 8 | static_cast<unsigned char>(s[i + (big ? k : width - 1 - k)]);
    return v;
  };
  for (size_t i = 0; i < s.size(); i += width) {
    uint32_t code = unit(i);
    if (width == 2 && code >= 0xD800 && code < 0xDC00 && i + 3 < s.size()) {
      code = 0x10000 + ((code - 0xD800) << 10) + (unit(i + 2) - 0xDC00);
      i += 2;
    }
    AppendCodePoint(code, out);
  }
  return Status::OK();
}

/// decode(bytes, charset), or decode(value, search, result ... [default]), which is a CASE of its own.
Status BindDecode(BindContext& context) {
  const size_t n = context.arg_types.size();
  if (n < 2) return WrongNumArgs(context.name, "2", n);
  if (n > 2) {
    const FunctionDef* def = FunctionRegistry::Builtins().Find("__decode_case");
    ARROW_RETURN_NOT_OK(BindFunction(*def, &context));
    context.target = def;
    for (size_t i = 0; i < n; ++i) context.arg_order.push_back(static_cast<int>(i));
    return Status::OK();
  }
  for (size_t i = 0; i < 2; ++i) {
    if (context.arg_types[i].isNested()) return UnexpectedInputType(context, i, i == 0 ? "\"BINARY\"" : "\"STRING\"");
  }
  if (context.arg_types[0].id() != TypeId::kBinary && context.arg_types[0].id() != TypeId::kString &&
      context.arg_types[0].id() != TypeId::kVoid) {
    return UnexpectedInputType(context, 0, "\"BINARY\"");
  }
  context.arg_types = {DataType::Binary(), DataType::String()};
  context.result_type = DataType::String();
  return Status::OK();
}

// ---- to_binary -----------------------------------------------------------------------------------------------------

template <bool kTry>
Result<ArrayPtr> ToBinary(const KernelCall& call, std::span<const Vector> args) {
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args, call.length));
  const Reader<S> text(args[0]);
  Writer<S> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) {
    if (mask.valid(i)) {
      const std::string format = args.size() == 2 ? LowerText(Reader<S>(args[1])(i)) : "hex";
      bool good = true;
      if (format == "utf-8" || format == "utf8")
        out.out().append(text(i));
      else if (format == "base64")
        good = Unbase64Bytes(text(i), &out.out());
      else if (format == "hex")
        good = Unhex(text(i), &out.out());
      else
        return MakeError("DATATYPE_MISMATCH.INVALID_ARG_VALUE",
                         {{"sqlExpr", "\"to_binary\""},
                          {"inputName", "fmt"},
                          {"requireType", "case-insensitive \"STRING\""},
                          {"validValues", "'hex', 'utf-8', 'utf8', or 'base64'"},
                          {"inputValue", "'" + format + "'"}},
                         call.origin);
      if (!good) {
        if (!kTry) return ConversionError(call, text(i), "BINARY", format);
        mask.SetNull(i);
      }
    }
    out.Close(i);
  }
  return out.Finish(call.bound.result_type, mask);
}

Status ValidateUtf8(const KernelCall& call, View s, std::string* out) {
  if (!ValidUtf8(s)) {
    std::string hex;
    HexBytes(s, &hex);
    return MakeError("INVALID_UTF8_STRING", {{"str", hex}}, call.origin);
  }
  return out->append(s), Status::OK();
}
bool TryValidateUtf8(View s, std::string* out) { return ValidUtf8(s) && (out->append(s), true); }
void MakeValidUtf8(View s, std::string* out) {
  for (size_t i = 0; i < s.size();) {
    const size_t n = std::min(CharBytes(s[i]), s.size() - i);
    if (ValidUtf8(s.substr(i, n))) {
      out->append(s.substr(i, n));
      i += n;
    } else {
      out->append("\xEF\xBF\xBD");
      for (++i; i < s.size() && IsContinuation(s[i]);) ++i;
    }
  }
}

}  // namespace

std::span<const FunctionDef> EncodingFunctions() {
  using B = arrow::BooleanType;
  static const FunctionDef kTable[] = {
      {.name = "hex",
       .signature = "(bigint) -> string; (binary) -> string; (string) -> string",
       .group = "math_funcs",
       .doc = "Hexadecimal text.",
       .example = {"hex(17)", "11"},
       .kernel = &ByType<TypeId::kLong, &Map<S, &HexLong, L>, &Map<S, &HexBytes, S>>},
      {.name = "unhex",
       .signature = "(string) -> binary",
       .yields_null = true,
       .group = "math_funcs",
       .doc = "Bytes of hexadecimal text; null when malformed.",
       .example = {"decode(unhex('537061726B2053514C'), 'UTF-8')", "Spark SQL"},
       .kernel = Unary<S, S, &Unhex>},
      {.name = "bin",
       .signature = "(bigint) -> string",
       .group = "math_funcs",
       .doc = "Binary digits.",
       .example = {"bin(13)", "1101"},
       .kernel = Unary<L, S, &Bin>},
      {.name = "conv",
       .signature = "(string, int, int) -> string",
       .yields_null = true,
       .group = "math_funcs",
       .doc = "A number from one base to another.",
       .example = {"conv('100', 2, 10)", "4"},
       .kernel = &Conv},
      {.name = "base64",
       .signature = "(binary) -> string",
       .group = kGroup,
       .doc = "Base64 text of bytes.",
       .example = {"base64('Spark SQL')", "U3BhcmsgU1FM"},
       .kernel = Unary<S, S, &Base64>},
      {.name = "__base64_to_char",
       .signature = "(binary) -> string",
       .group = kGroup,
       .doc = "to_char(x, 'base64').",
       .kernel = Unary<S, S, &Base64>,
       .display = &FixedName<"to_char">},
      {.name = "__base64_to_varchar",
       .signature = "(binary) -> string",
       .group = kGroup,
       .doc = "to_varchar(x, 'base64').",
       .kernel = Unary<S, S, &Base64>,
       .display = &FixedName<"to_varchar">},
      {.name = "unbase64",
       .signature = "(string) -> binary",
       .group = kGroup,
       .doc = "Bytes of base64 text.",
       .example = {"unbase64('U3BhcmsgU1FM')", "[53 70 61 72 6B 20 53 51 4C]"},
       .kernel = Unary<S, S, &Unbase64>},
      {.name = "encode",
       .signature = "(string, string) -> binary",
       .yields_null = true,
       .group = kGroup,
       .doc = "Text in a character set.",
       .example = {"encode('abc', 'utf-8')", "[61 62 63]"},
       .kernel = Binary<S, S, S, &Encode>},
      {.name = "decode",
       .bind = &BindDecode,
       .group = kGroup,
       .doc = "Text from bytes in a character set.",
       .example = {"decode(encode('abc', 'utf-8'), 'utf-8')", "abc"},
       .kernel = Binary<S, S, S, &Decode>},
      {.name = "to_binary",
       .signature = "(string [, string]) -> binary",
       .yields_null = true,
       .group = kGroup,
       .doc = "Bytes of text in hex, base64 or utf-8.",
       .example = {"to_binary('abc', 'utf-8')", "[61 62 63]"},
       .kernel = &ToBinary<false>},
      {.name = "try_to_binary",
       .signature = "(string [, string]) -> binary",
       .yields_null = true,
       .group = kGroup,
       .doc = "As to_binary; null when malformed.",
       .example = {"try_to_binary('a!', 'base64')", "NULL"},
       .kernel = &ToBinary<true>},
      {.name = "is_valid_utf8",
       .signature = "(string) -> boolean",
       .yields_null = true,
       .group = kGroup,
       .doc = "Whether text is well-formed UTF-8.",
       .example = {"is_valid_utf8('Spark')", "true"},
       .kernel = Unary<S, B, &ValidUtf8>},
      {.name = "validate_utf8",
       .signature = "(string) -> string",
       .yields_null = true,
       .group = kGroup,
       .doc = "The text; an error when it is malformed UTF-8.",
       .example = {"validate_utf8('Spark')", "Spark"},
       .kernel = Unary<S, S, &ValidateUtf8>},
      {.name = "try_validate_utf8",
       .signature = "(string) -> string",
       .yields_null = true,
       .group = kGroup,
       .doc = "The text; null when it is malformed UTF-8.",
       .example = {"try_validate_utf8('Spark')", "Spark"},
       .kernel = Unary<S, S, &TryValidateUtf8>},
      {.name = "make_valid_utf8",
       .signature = "(string) -> string",
       .yields_null = true,
       .group = kGroup,
       .doc = "The text with malformed bytes replaced.",
       .example = {"make_valid_utf8('Spark')", "Spark"},
       .kernel = Unary<S, S, &MakeValidUtf8>},
  };
  return kTable;
}

}  // namespace sluice::functions
