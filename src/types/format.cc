#include "types/format.h"

#include <arrow/array.h>
#include <arrow/util/decimal.h>

#include <charconv>
#include <cmath>
#include <cstring>

#include "base/utf8.h"
#include "types/datetime.h"
#include "types/interval_text.h"
#include "types/time_zone.h"

namespace sluice {
namespace {

void AppendInt(int64_t v, std::string* out) {
  char buffer[24];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, v);
  out->append(buffer, end);
}

/// Java's layout of the digits d1 d2 ... times 10^exponent, where d1 stands before the point.
void AppendJavaLayout(bool negative, const char* digits, int count, int exponent, std::string* out) {
  if (negative) *out += '-';
  if (exponent >= -3 && exponent < 7) {
    if (exponent < 0) {
      *out += "0.";
      out->append(-exponent - 1, '0');
      out->append(digits, count);
      return;
    }
    int whole = exponent + 1;
    if (count <= whole) {
      out->append(digits, count);
      out->append(whole - count, '0');
      *out += ".0";
    } else {
      out->append(digits, whole);
      *out += '.';
      out->append(digits + whole, count - whole);
    }
    return;
  }
  *out += digits[0];
  *out += '.';
  if (count == 1) {
    *out += '0';
  } else {
    out->append(digits + 1, count - 1);
  }
  *out += 'E';
  AppendInt(exponent, out);
}

template <typename T>
void AppendFloating(T v, T tiny, std::string* out) {
  if (std::isnan(v)) {
    *out += "NaN";
    return;
  }
  if (std::isinf(v)) {
    *out += v < 0 ? "-Infinity" : "Infinity";
    return;
  }
  bool negative = std::signbit(v);
  v = std::fabs(v);
  if (v == 0) {
    *out += negative ? "-0.0" : "0.0";
    return;
  }
  char buffer[40];
  auto shortest = std::to_chars(buffer, buffer + sizeof buffer, v, std::chars_format::scientific);
  // Java gives at least two digits, and of those the nearest: 4.9E-324, not 5.0E-324.
  if (v < tiny && buffer[1] == 'e') {
    char two[40];
    auto end = std::to_chars(two, two + sizeof two, v, std::chars_format::scientific, 1).ptr;
    T back = 0;
    if (std::from_chars(two, end, back).ec == std::errc() && back == v) {
      std::memcpy(buffer, two, end - two);
      shortest.ptr = buffer + (end - two);
    }
  }
  char digits[24];
  int count = 0;
  char* p = buffer;
  for (; *p != 'e'; ++p) {
    if (*p != '.') digits[count++] = *p;
  }
  int exponent = 0;
  ++p;
  std::from_chars(*p == '+' ? p + 1 : p, shortest.ptr, exponent);
  while (count > 1 && digits[count - 1] == '0') --count;
  AppendJavaLayout(negative, digits, count, exponent, out);
}

char* Write2(char* p, uint32_t v) {
  p[0] = static_cast<char>('0' + v / 10);
  p[1] = static_cast<char>('0' + v % 10);
  return p + 2;
}

/// At most 18 bytes.
char* WriteDate(char* p, int32_t days) {
  CivilDate date = CivilFromDays(days);
  uint32_t year = static_cast<uint32_t>(date.year < 0 ? -static_cast<int64_t>(date.year) : date.year);
  if (date.year < 0) {
    *p++ = '-';
  } else if (date.year > 9999) {
    *p++ = '+';
  }
  if (year <= 9999) {
    p = Write2(p, year / 100);
    p = Write2(p, year % 100);
  } else {
    p = std::to_chars(p, p + 12, year).ptr;
  }
  *p++ = '-';
  p = Write2(p, static_cast<uint32_t>(date.month));
  *p++ = '-';
  return Write2(p, static_cast<uint32_t>(date.day));
}

void AppendBytes(std::string_view bytes, std::string* out) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  *out += '[';
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i) *out += ' ';
    *out += kHex[static_cast<unsigned char>(bytes[i]) >> 4];
    *out += kHex[static_cast<unsigned char>(bytes[i]) & 15];
  }
  *out += ']';
}

class ValueText {
 public:
  ValueText(const TimeZone& zone, TextStyle style, std::string* out) : zone_(zone), style_(style), out_(out) {}

  /// A null inside something reads "null" or, in show(), "NULL".
  void Nested(const arrow::Array& array, int64_t i, const DataType& type) {
    if (array.IsNull(i)) {
      *out_ += style_ == TextStyle::kShow ? "NULL" : "null";
    } else {
      Value(array, i, type);
    }
  }

  void Value(const arrow::Array& array, int64_t i, const DataType& type);

 private:
  template <typename ArrayType>
  auto Get(const arrow::Array& array, int64_t i) {
    return static_cast<const ArrayType&>(array).GetView(i);
  }

  const TimeZone& zone_;
  TextStyle style_;
  std::string* out_;
};

void ValueText::Value(const arrow::Array& array, int64_t i, const DataType& type) {
  switch (type.id()) {
    case TypeId::kVoid: *out_ += style_ == TextStyle::kShow ? "NULL" : "null"; break;
    case TypeId::kBoolean: *out_ += Get<arrow::BooleanArray>(array, i) ? "true" : "false"; break;
    case TypeId::kByte: AppendInt(Get<arrow::Int8Array>(array, i), out_); break;
    case TypeId::kShort: AppendInt(Get<arrow::Int16Array>(array, i), out_); break;
    case TypeId::kInteger: AppendInt(Get<arrow::Int32Array>(array, i), out_); break;
    case TypeId::kLong: AppendInt(Get<arrow::Int64Array>(array, i), out_); break;
    case TypeId::kFloat: AppendFloat(Get<arrow::FloatArray>(array, i), out_); break;
    case TypeId::kDouble: AppendDouble(Get<arrow::DoubleArray>(array, i), out_); break;
    case TypeId::kDecimal:
      AppendDecimal(static_cast<const arrow::Decimal128Array&>(array).GetValue(i), type.scale(), out_);
      break;
    case TypeId::kString:
      if (style_ == TextStyle::kShow) {
        AppendValidUtf8(Get<arrow::StringArray>(array, i), out_);
      } else {
        *out_ += Get<arrow::StringArray>(array, i);
      }
      break;
    case TypeId::kBinary: {
      std::string_view bytes = Get<arrow::BinaryArray>(array, i);
      if (style_ == TextStyle::kShow) {
        AppendBytes(bytes, out_);
      } else {
        *out_ += bytes;
      }
      break;
    }
    case TypeId::kDate: AppendDate(Get<arrow::Date32Array>(array, i), out_); break;
    case TypeId::kTimestamp: AppendTimestamp(zone_.ToLocal(Get<arrow::TimestampArray>(array, i)), out_); break;
    case TypeId::kTimestampNtz: AppendTimestamp(Get<arrow::TimestampArray>(array, i), out_); break;
    case TypeId::kDayTimeInterval: AppendDayTimeInterval(Get<arrow::DurationArray>(array, i), type, out_); break;
    case TypeId::kYearMonthInterval:
      AppendYearMonthInterval(static_cast<const arrow::MonthIntervalArray&>(array).Value(i), type, out_);
      break;
    case TypeId::kCalendarInterval: {
      auto v = static_cast<const arrow::MonthDayNanoIntervalArray&>(array).GetValue(i);
      AppendCalendarInterval(v.months, v.days, v.nanoseconds / 1000, out_);
      break;
    }
    case TypeId::kArray: {
      const auto& list = static_cast<const arrow::ListArray&>(array);
      *out_ += '[';
      for (int64_t k = list.value_offset(i); k < list.value_offset(i + 1); ++k) {
        if (k != list.value_offset(i)) *out_ += ", ";
        Nested(*list.values(), k, type.elementType());
      }
      *out_ += ']';
      break;
    }
    case TypeId::kMap: {
      const auto& map = static_cast<const arrow::MapArray&>(array);
      *out_ += '{';
      for (int64_t k = map.value_offset(i); k < map.value_offset(i + 1); ++k) {
        if (k != map.value_offset(i)) *out_ += ", ";
        Nested(*map.keys(), k, type.keyType());
        *out_ += " -> ";
        Nested(*map.items(), k, type.valueType());
      }
      *out_ += '}';
      break;
    }
    case TypeId::kStruct: {
      const auto& row = static_cast<const arrow::StructArray&>(array);
      *out_ += '{';
      for (size_t f = 0; f < type.fields().size(); ++f) {
        if (f) *out_ += ", ";
        Nested(*row.field(static_cast<int>(f)), i, type.fields()[f].type);
      }
      *out_ += '}';
      break;
    }
  }
}

}  // namespace

void AppendValueText(const arrow::Array& array, int64_t i, const DataType& type, const TimeZone& zone, TextStyle style,
                     std::string* out) {
  if (array.IsNull(i)) {
    if (style == TextStyle::kShow) *out += "NULL";
    return;
  }
  ValueText(zone, style, out).Value(array, i, type);
}

void AppendDouble(double v, std::string* out) { AppendFloating(v, 1e-300, out); }
void AppendFloat(float v, std::string* out) { AppendFloating(v, 1e-37f, out); }

void AppendDate(int32_t days, std::string* out) {
  char buffer[24];
  out->append(buffer, WriteDate(buffer, days));
}

void AppendTimestamp(int64_t local_us, std::string* out) {
  int64_t days = local_us / kUsPerDay;
  int64_t in_day = local_us - days * kUsPerDay;
  if (in_day < 0) {
    --days;
    in_day += kUsPerDay;
  }
  char buffer[48];
  char* p = WriteDate(buffer, static_cast<int32_t>(days));
  uint32_t seconds = static_cast<uint32_t>(in_day / kUsPerSecond),
           fraction = static_cast<uint32_t>(in_day % kUsPerSecond);
  *p++ = ' ';
  p = Write2(p, seconds / 3600);
  *p++ = ':';
  p = Write2(p, seconds / 60 % 60);
  *p++ = ':';
  p = Write2(p, seconds % 60);
  if (fraction != 0) {
    *p++ = '.';
    p = Write2(p, fraction / 10000);
    p = Write2(p, fraction / 100 % 100);
    p = Write2(p, fraction % 100);
    while (p[-1] == '0') --p;
  }
  out->append(buffer, p);
}

void AppendDecimal(const uint8_t* decimal128_bytes, int scale, std::string* out) {
  arrow::Decimal128 value(decimal128_bytes);
  if (value.IsNegative()) {
    *out += '-';
    value.Negate();
  }
  std::string digits = value.ToIntegerString();
  if (scale == 0) {
    *out += digits;
    return;
  }
  int whole = static_cast<int>(digits.size()) - scale;
  if (whole <= 0) {
    *out += "0.";
    out->append(-whole, '0');
    *out += digits;
  } else {
    out->append(digits, 0, whole);
    *out += '.';
    out->append(digits, whole);
  }
}

}  // namespace sluice
