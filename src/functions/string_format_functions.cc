// format_string (printf) and format_number.
#include <fmt/format.h>

#include <cmath>

#include "functions/decimal.h"
#include "functions/decimal_format.h"
#include "functions/families.h"
#include "functions/kernel.h"
#include "functions/signature.h"
#include "types/format.h"

namespace sluice::functions {
namespace {

using S = arrow::StringType;
using View = std::string_view;
constexpr std::string_view kGroup = "string_funcs";

void Group(std::string* digits) {
  const size_t point = digits->find('.');
  for (size_t i = point == std::string::npos ? digits->size() : point; i > 3 && (*digits)[i - 4] != '-';)
    digits->insert(i -= 3, 1, ',');
}

// ---- format_string -------------------------------------------------------------------------------------------------

struct Spec {
  std::string flags;
  int width = -1, precision = -1;
  char conversion = 0;
  bool has(char f) const { return flags.find(f) != std::string::npos; }
};

Status BadFormat(View format) {
  return MakeError("INTERNAL_ERROR", {{"message", "java.util.IllegalFormatException: " + std::string(format)}});
}

void Fill(std::string text, const Spec& spec, std::string* out) {
  const int n = static_cast<int>(text.size());
  if (spec.width > n) {
    if (spec.has('-'))
      text.append(static_cast<size_t>(spec.width - n), ' ');
    else if (spec.has('0'))
      text.insert(!text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0, static_cast<size_t>(spec.width - n),
                  '0');
    else
      text.insert(0, static_cast<size_t>(spec.width - n), ' ');
  }
  out->append(text);
}

/// One argument by one conversion; false: they do not go together.
bool AppendArgument(const KernelCall& call, const Spec& spec, const DataType& type, const Vector& arg, int64_t i,
                    std::string* out) {
  const int64_t row = arg.At(i);
  const char c = static_cast<char>(spec.conversion | 0x20);
  const bool upper = spec.conversion != c;
  std::string text;
  Spec fill = spec;
  if (c == 'b') {
    text = arg.IsNull(i)                   ? "false"
           : type.id() == TypeId::kBoolean ? (Reader<arrow::BooleanType>(arg)(i) ? "true" : "false")
                                           : "true";
  } else if (arg.IsNull(i)) {
    text = "null";
    fill.flags = spec.has('-') ? "-" : "";
  } else if (c == 's') {
    AppendValueText(*arg.array, row, type, *call.context.zone, TextStyle::kCast, &text);
    if (spec.precision >= 0) text.resize(std::min<size_t>(text.size(), static_cast<size_t>(spec.precision)));
  } else if (c == 'd' || c == 'x' || c == 'o' || c == 'c') {
    if (!type.isIntegral()) return false;
    int64_t v = 0, bits = 64;
    switch (type.id()) {
      case TypeId::kByte: v = Reader<arrow::Int8Type>(arg)(i), bits = 8; break;
      case TypeId::kShort: v = Reader<arrow::Int16Type>(arg)(i), bits = 16; break;
      case TypeId::kInteger: v = Reader<arrow::Int32Type>(arg)(i), bits = 32; break;
      default: v = Reader<arrow::Int64Type>(arg)(i);
    }
    const uint64_t u = bits == 64 ? static_cast<uint64_t>(v) : static_cast<uint64_t>(v) & ((uint64_t{1} << bits) - 1);
    if (c == 'x')
      text = fmt::format("{:x}", u);
    else if (c == 'o')
      text = fmt::format("{:o}", u);
    else if (c == 'c')
      text = std::string(1, static_cast<char>(v));
    else
      text = fmt::format("{}", v);
    if (c == 'd' && spec.has(',')) Group(&text);
    if (c == 'd' && spec.has('+') && v >= 0) text.insert(0, 1, '+');
    if (c == 'd' && spec.has(' ') && v >= 0) text.insert(0, 1, ' ');
    if (c == 'd' && spec.has('(') && v < 0) text = "(" + text.substr(1) + ")";
  } else if (c == 'f' || c == 'e' || c == 'g') {
    const int precision = spec.precision < 0 ? 6 : spec.precision;
    double v = 0;
    if (type.id() == TypeId::kDecimal) {
      const int128 d = ToInt128(Reader<arrow::Decimal128Type>(arg)(i));
      v = DecimalToDouble(d, type.scale());
      if (c == 'f') {
        if (auto r = Rescale(d, type.scale(), 38, precision)) text = DecimalText(*r, precision);
      }
    } else if (type.id() == TypeId::kDouble) {
      v = Reader<arrow::DoubleType>(arg)(i);
    } else if (type.id() == TypeId::kFloat) {
      v = static_cast<double>(Reader<arrow::FloatType>(arg)(i));
    } else {
      return false;
    }
    if (!std::isfinite(v)) {
      text = std::isnan(v) ? "NaN" : v < 0 ? "-Infinity" : "Infinity";
      fill.flags = spec.has('-') ? "-" : "";
    } else if (text.empty()) {
      auto exact =
          c == 'f' ? DecimalFromDouble(v, 38, precision) : std::nullopt;  // Java rounds the shortest text half up
      if (exact)
        text = DecimalText(*exact, precision);
      else if (c == 'f')
        text = fmt::format("{:.{}f}", v, precision);
      else if (c == 'e')
        text = fmt::format("{:.{}e}", v, precision);
      else
        text = fmt::format(
            "{:.{}f}", v, std::max(0, precision - 1 - static_cast<int>(std::floor(std::log10(std::fabs(v) + 1e-300)))));
    }
    if (std::isfinite(v)) {
      if (spec.has(',')) Group(&text);
      if (spec.has('+') && v >= 0) text.insert(0, 1, '+');
      if (spec.has('(') && v < 0) text = "(" + text.substr(1) + ")";
    }
  } else {
    return false;
  }
  if (upper) {
    for (char& ch : text) ch = static_cast<char>(std::toupper(static_cast<unsigned char>(ch)));
  }
  Fill(std::move(text), fill, out);
  return true;
}

Status FormatRow(const KernelCall& call, View format, std::span<const Vector> args, int64_t i, std::string* out) {
  size_t next = 1;
  for (size_t at = 0; at < format.size(); ++at) {
    if (format[at] != '%') {
      out->push_back(format[at]);
      continue;
    }
    Spec spec;
    size_t index = 0;
    ++at;
    auto number = [&] {
      int v = 0;
      while (at < format.size() && std::isdigit(static_cast<unsigned char>(format[at])))
        v = v * 10 + (format[at++] - '0');
      return v;
    };
    const size_t start = at;
    const int maybe_index = number();
    if (at > start && at < format.size() && format[at] == '$') {
      index = static_cast<size_t>(maybe_index);
      ++at;
    } else {
      at = start;
    }
    while (at < format.size() && View("-#+ 0,(").find(format[at]) != View::npos) spec.flags += format[at++];
    if (at < format.size() && std::isdigit(static_cast<unsigned char>(format[at]))) spec.width = number();
    if (at < format.size() && format[at] == '.') {
      ++at;
      spec.precision = number();
    }
    if (at >= format.size()) return BadFormat(format);
    spec.conversion = format[at];
    if (spec.conversion == 'n') {
      out->push_back('\n');
    } else if (spec.conversion == '%') {
      Fill("%", spec, out);
    } else {
      if (index == 0) index = next++;
      if (index >= args.size() || !AppendArgument(call, spec, call.bound.arg_types[index], args[index], i, out))
        return BadFormat(format);
    }
  }
  return Status::OK();
}

Result<ArrayPtr> FormatString(const KernelCall& call, std::span<const Vector> args) {
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args.first(1), call.length));
  const Reader<S> format(args[0]);
  Writer<S> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) {
    if (mask.valid(i)) ARROW_RETURN_NOT_OK(FormatRow(call, format(i), args, i, &out.out()));
    out.Close(i);
  }
  return out.Finish(call.bound.result_type, mask);
}

Status BindFormatString(BindContext& context) {
  if (context.arg_types.empty()) return WrongNumArgs(context.name, "> 0", 0);
  context.arg_types[0] = context.result_type = DataType::String();
  context.result_nullable = context.arg_nullable[0];
  return Status::OK();
}

// ---- format_number -------------------------------------------------------------------------------------------------

/// In plain notation with so many digits behind the point: half even on the exact value, as DecimalFormat. `shift`:
/// that power of ten times. Infinities and NaN are words.
std::string Rounded(const DataType& type, const Vector& arg, int64_t i, int digits, int shift) {
  if (type.id() == TypeId::kDouble) {
    const double v = Reader<arrow::DoubleType>(arg)(i) * static_cast<double>(Pow10(shift));
    return std::isnan(v) ? "NaN" : std::isinf(v) ? (v < 0 ? "-∞" : "∞") : fmt::format("{:.{}f}", v, digits);
  }
  const int scale = type.id() == TypeId::kDecimal ? type.scale() : 0;
  int128 v = type.id() == TypeId::kDecimal ? ToInt128(Reader<arrow::Decimal128Type>(arg)(i))
                                           : int128{Reader<arrow::Int64Type>(arg)(i)};
  const int point = scale - shift;  // digits behind the point
  if (point <= digits) {
    std::string text =
        point >= 0 ? DecimalText(v, point) : DecimalText(v, 0) + std::string(static_cast<size_t>(-point), '0');
    if (digits > std::max(point, 0))
      text += (point <= 0 ? "." : "") + std::string(static_cast<size_t>(digits - std::max(point, 0)), '0');
    return text;
  }
  const int128 unit = Pow10(point - digits), rest = v % unit < 0 ? -(v % unit) : v % unit;
  const bool negative = v < 0;
  v /= unit;
  if (rest * 2 > unit || (rest * 2 == unit && v % 2 != 0)) v += negative ? -1 : 1;
  return (negative && v == 0 ? "-" : "") + DecimalText(v, digits);  // -0.4 is -0
}

bool IsWord(const std::string& number) { return number.find_first_of("0123456789") == std::string::npos; }

Result<ArrayPtr> FormatDigits(const KernelCall& call, std::span<const Vector> args) {
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args, call.length));
  const Reader<arrow::Int32Type> digits(args[1]);
  Writer<S> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  for (int64_t i = 0; i < call.length; ++i) {
    if (mask.valid(i)) {
      if (digits(i) < 0) {
        mask.SetNull(i);
      } else {
        std::string text = Rounded(call.bound.arg_types[0], args[0], i, digits(i), 0);
        if (!IsWord(text)) Group(&text);
        out.out().append(text);
      }
    }
    out.Close(i);
  }
  return out.Finish(call.bound.result_type, mask);
}

Result<ArrayPtr> FormatPattern(const KernelCall& call, std::span<const Vector> args) {
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args, call.length));
  const Reader<S> patterns(args[1]);
  Writer<S> out;
  ARROW_RETURN_NOT_OK(out.Init(call.length));
  std::optional<DecimalFormat> format;
  std::string compiled;
  for (int64_t i = 0; i < call.length; ++i) {
    if (mask.valid(i)) {
      if (!format || compiled != patterns(i)) {
        compiled = patterns(i);
        ARROW_ASSIGN_OR_RAISE(format, DecimalFormat::Compile(compiled));
      }
      const std::string number =
          Rounded(call.bound.arg_types[0], args[0], i, format->fraction_digits(), format->shift());
      if (IsWord(number))
        out.out().append(number);
      else
        format->Format(number, &out.out());
    }
    out.Close(i);
  }
  return out.Finish(call.bound.result_type, mask);
}

Result<ArrayPtr> FormatNumber(const KernelCall& call, std::span<const Vector> args) {
  return call.bound.arg_types[1].id() == TypeId::kString ? FormatPattern(call, args) : FormatDigits(call, args);
}

Status BindFormatNumber(BindContext& context) {
  if (context.arg_types.size() != 2) return WrongNumArgs(context.name, "2", context.arg_types.size());
  DataType& t = context.arg_types[0];
  if (t.id() == TypeId::kString || t.id() == TypeId::kVoid || t.id() == TypeId::kFloat) t = DataType::Double();
  if (!t.isNumeric()) return UnexpectedInputType(context, 0, "\"NUMERIC\"");
  if (t.isIntegral()) t = DataType::Long();
  DataType& how = context.arg_types[1];
  if (!how.isIntegral() && how.id() != TypeId::kVoid && how.id() != TypeId::kString)
    return UnexpectedInputType(context, 1, "(\"INT\" or \"STRING\")");
  if (how.id() != TypeId::kString) how = DataType::Integer();
  context.result_type = DataType::String();
  context.result_nullable = true;
  return Status::OK();
}

}  // namespace

std::span<const FunctionDef> StringFormatFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "format_string",
       .aliases = {"printf"},
       .bind = &BindFormatString,
       .nulls = NullRule::kCustom,
       .group = kGroup,
       .doc = "Text by a printf-style format.",
       .example = {"format_string('Hello World %d %s', 100, 'days')", "Hello World 100 days"},
       .kernel = &FormatString},
      {.name = "format_number",
       .bind = &BindFormatNumber,
       .yields_null = true,
       .group = kGroup,
       .doc = "A number with grouped digits and so many decimals, or by a pattern like #,##0.00.",
       .example = {"format_number(12332.123456, 4)", "12,332.1235"},
       .kernel = &FormatNumber},
  };
  return kTable;
}

}  // namespace sluice::functions
