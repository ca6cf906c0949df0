#include <charconv>
#include <cstdlib>

#include "functions/cast_internal.h"
#include "functions/cast_text.h"
#include "functions/decimal.h"
#include "types/format.h"

namespace sluice::functions {
namespace {

bool EqualsLower(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != lower[i]) return false;
  }
  return true;
}

template <typename T>
bool ParseFloating(std::string_view text, T* out) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  if (text.empty()) return false;
  const char* p = text.data();
  const char* end = p + text.size();
  bool negative = false;
  if (*p == '-' || *p == '+') negative = *p++ == '-';
  if (p == end) return false;
  if ((*p >= '0' && *p <= '9') || *p == '.') {
    const bool hex = end - p > 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X');
    T value;
    auto [stop, error] =
        std::from_chars(hex ? p + 2 : p, end, value, hex ? std::chars_format::hex : std::chars_format::general);
    if (error == std::errc::invalid_argument) return false;
    if (hex && std::string_view(p, static_cast<size_t>(stop - p)).find_first_of("pP") == std::string_view::npos)
      return false;
    if (error == std::errc::result_out_of_range) {
      const std::string copy(p, end);
      if constexpr (sizeof(T) == 4)
        value = std::strtof(copy.c_str(), nullptr);
      else
        value = std::strtod(copy.c_str(), nullptr);
    }
    if (stop != end && end - stop == 1 && std::string_view("dDfF").find(*stop) != std::string_view::npos) ++stop;
    if (stop != end) return false;
    *out = negative ? -value : value;
    return true;
  }
  const std::string_view word(p, static_cast<size_t>(end - p));
  if (EqualsLower(word, "infinity") || EqualsLower(word, "inf")) {
    *out = negative ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::infinity();
    return true;
  }
  if ((p == text.data() && EqualsLower(word, "nan")) || word == "NaN") {
    *out = std::numeric_limits<T>::quiet_NaN();
    return true;
  }
  return false;
}

}  // namespace

std::string_view TrimAll(std::string_view text) {
  auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

bool ParseIntegral(std::string_view text, bool allow_fraction, int64_t min, int64_t max, int64_t* out) {
  size_t i = 0;
  if (text.empty()) return false;
  const bool negative = text[0] == '-';
  if (negative || text[0] == '+') {
    if (text.size() == 1) return false;
    i = 1;
  }
  int64_t value = 0;  // negative, as that side reaches one further
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.' && allow_fraction) break;
    if (c < '0' || c > '9') return false;
    if (__builtin_mul_overflow(value, 10, &value) || __builtin_sub_overflow(value, c - '0', &value)) return false;
  }
  if (i < text.size()) {
    for (++i; i < text.size(); ++i) {
      if (text[i] < '0' || text[i] > '9') return false;
    }
  }
  if (!negative) {
    if (value == INT64_MIN) return false;
    value = -value;
  }
  *out = value;
  return value >= min && value <= max;
}

bool ParseDouble(std::string_view text, double* out) { return ParseFloating(text, out); }
bool ParseFloat(std::string_view text, float* out) { return ParseFloating(text, out); }

bool ParseBoolean(std::string_view text, bool* out) {
  text = TrimAll(text);
  for (std::string_view word : {"t", "true", "y", "yes", "1"}) {
    if (EqualsLower(text, word)) return *out = true, true;
  }
  for (std::string_view word : {"f", "false", "n", "no", "0"}) {
    if (EqualsLower(text, word)) return *out = false, true;
  }
  return false;
}

namespace internal {
namespace {

template <typename To>
Result<ArrayPtr> StringToIntegral(const CastCall& call) {
  using T = typename To::c_type;
  const bool fraction = call.legacy();
  return CastRows<arrow::StringType, To>(
      call,
      [fraction](std::string_view text, T* out) {
        int64_t value;
        if (!ParseIntegral(TrimAll(text), fraction, std::numeric_limits<T>::min(), std::numeric_limits<T>::max(),
                           &value))
          return false;
        *out = static_cast<T>(value);
        return true;
      },
      &InvalidInput);
}

/// Same buffers under another type.
ArrayPtr Reinterpret(const ArrayPtr& array, const DataType& type) {
  auto data = array->data()->Copy();
  data->type = ToArrowType(type);
  return arrow::MakeArray(std::move(data));
}

Result<ArrayPtr> StringToDecimal(const CastCall& call) {
  const int p = call.to.precision(), s = call.to.scale();
  const Vector vector{call.input, false};
  const Reader<arrow::StringType> in(vector);
  const int64_t n = call.input->length();
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(std::span(&vector, 1), n));
  Writer<arrow::Decimal128Type> out;
  ARROW_RETURN_NOT_OK(out.Init(n));
  for (int64_t i = 0; i < n; ++i) {
    bool malformed = false;
    auto v = mask.valid(i) ? ParseDecimal(TrimAll(in(i)), p, s, &malformed) : std::nullopt;
    if (v) {
      out.Set(i, FromInt128(*v));
      continue;
    }
    if (mask.valid(i) && call.ansi()) {
      return malformed ? InvalidInput(call, i) : DecimalOutOfRange(TrimAll(in(i)), p, s, call.origin);
    }
    out.Skip(i);
    mask.SetNull(i);
  }
  return out.Finish(call.to, mask);
}

template <typename From>
Result<ArrayPtr> IntegerText(const CastCall& call) {
  return CastText<From>(call, [](typename From::c_type v, std::string* out) {
    char text[24];
    out->append(text,
                static_cast<size_t>(std::to_chars(text, text + sizeof(text), static_cast<int64_t>(v)).ptr - text));
  });
}

}  // namespace

Result<ArrayPtr> CastFromString(const CastCall& call) {
  switch (call.to.id()) {
    case TypeId::kByte:
      return StringToIntegral<arrow::Int8Type>(call);
    case TypeId::kShort:
      return StringToIntegral<arrow::Int16Type>(call);
    case TypeId::kInteger:
      return StringToIntegral<arrow::Int32Type>(call);
    case TypeId::kLong:
      return StringToIntegral<arrow::Int64Type>(call);
    case TypeId::kFloat:
      return CastRows<arrow::StringType, arrow::FloatType>(call, &ParseFloat, &InvalidInput);
    case TypeId::kDouble:
      return CastRows<arrow::StringType, arrow::DoubleType>(call, &ParseDouble, &InvalidInput);
    case TypeId::kDecimal:
      return StringToDecimal(call);
    case TypeId::kBoolean:
      return CastRows<arrow::StringType, arrow::BooleanType>(call, &ParseBoolean, &InvalidInput);
    default:
      return Reinterpret(call.input, call.to);  // binary
  }
}

Result<ArrayPtr> CastToString(const CastCall& call) {
  const TimeZone& zone = call.zone();
  switch (call.from.id()) {
    case TypeId::kBinary:
      return Reinterpret(call.input, call.to);
    case TypeId::kBoolean:
      return CastText<arrow::BooleanType>(call, [](bool v, std::string* out) { out->append(v ? "true" : "false"); });
    case TypeId::kByte:
      return IntegerText<arrow::Int8Type>(call);
    case TypeId::kShort:
      return IntegerText<arrow::Int16Type>(call);
    case TypeId::kInteger:
      return IntegerText<arrow::Int32Type>(call);
    case TypeId::kLong:
      return IntegerText<arrow::Int64Type>(call);
    case TypeId::kFloat:
      return CastText<arrow::FloatType>(call, &AppendFloat);
    case TypeId::kDouble:
      return CastText<arrow::DoubleType>(call, &AppendDouble);
    case TypeId::kDate:
      return CastText<arrow::Int32Type>(call, &AppendDate);
    case TypeId::kTimestamp:
      return CastText<arrow::Int64Type>(call,
                                        [&](int64_t us, std::string* out) { AppendTimestamp(zone.ToLocal(us), out); });
    case TypeId::kTimestampNtz:
      return CastText<arrow::Int64Type>(call, &AppendTimestamp);
    case TypeId::kDecimal:
      return CastText<arrow::Decimal128Type>(call,
                                             [s = call.from.scale()](const arrow::Decimal128& v, std::string* out) {
                                               out->append(DecimalText(ToInt128(v), s));
                                             });
    default: {  // intervals and nested types
      const int64_t n = call.input->length();
      const Vector vector{call.input, false};
      ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(std::span(&vector, 1), n));
      Writer<arrow::StringType> out;
      ARROW_RETURN_NOT_OK(out.Init(n));
      for (int64_t i = 0; i < n; ++i) {
        if (mask.valid(i)) AppendValueText(*call.input, i, call.from, zone, TextStyle::kCast, &out.out());
        out.Close(i);
      }
      return out.Finish(call.to, mask);
    }
  }
}

}  // namespace internal
}  // namespace sluice::functions
