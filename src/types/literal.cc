#include "types/literal.h"

#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/util/logging.h>

#include <cmath>

#include "types/arrow_types.h"
#include "types/datetime.h"
#include "types/format.h"
#include "types/interval_text.h"
#include "types/time_zone.h"

namespace sluice {
namespace {

/// Making one value cannot fail but for want of memory.
ArrayPtr Finish(arrow::ArrayBuilder* builder) { return builder->Finish().ValueOrDie(); }

template <typename Builder, typename T>
TypedValue One(const DataType& type, Builder&& builder, const T& v) {
  ARROW_CHECK_OK(builder.Append(v));
  return {type, Finish(&builder)};
}

/// java.math.BigDecimal.toString: plain unless the exponent is below -6.
std::string BigDecimalText(const arrow::Array& array, int64_t i, int scale) {
  arrow::Decimal128 value(static_cast<const arrow::Decimal128Array&>(array).GetValue(i));
  bool negative = value.IsNegative();
  if (negative) value.Negate();
  std::string digits = value.ToIntegerString();
  int exponent = static_cast<int>(digits.size()) - 1 - scale;
  std::string out;
  if (scale == 0 || exponent >= -6) {
    AppendDecimal(static_cast<const arrow::Decimal128Array&>(array).GetValue(i), scale, &out);
    return out;
  }
  if (negative) out += '-';
  out += digits[0];
  if (digits.size() > 1) out += "." + digits.substr(1);
  return out + "E" + std::to_string(exponent);
}

std::string Text(const arrow::Array& array, int64_t i, const DataType& type, const std::string& time_zone) {
  auto zone = TimeZone::Find(time_zone);
  std::string out;
  AppendValueText(array, i, type, zone.ok() ? **zone : TimeZone::Utc(), TextStyle::kCast, &out);
  return out;
}

std::string Quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string Hex(std::string_view bytes) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out = "X'";
  for (unsigned char c : bytes) {
    out += kHex[c >> 4];
    out += kHex[c & 15];
  }
  return out + "'";
}

/// Catalyst's Literal.sql.
std::string Sql(const arrow::Array& array, int64_t i, const DataType& type, const std::string& time_zone) {
  if (array.IsNull(i)) {
    bool bare = type.id() == TypeId::kVoid || type.isNested();
    return bare ? "NULL" : "CAST(NULL AS " + type.sql() + ")";
  }
  auto text = [&] { return Text(array, i, type, time_zone); };
  switch (type.id()) {
    case TypeId::kByte: return text() + "Y";
    case TypeId::kShort: return text() + "S";
    case TypeId::kLong: return text() + "L";
    case TypeId::kFloat: return "CAST('" + text() + "' AS FLOAT)";
    case TypeId::kDouble: {
      double v = static_cast<const arrow::DoubleArray&>(array).Value(i);
      return std::isfinite(v) ? text() + "D" : "CAST('" + text() + "' AS DOUBLE)";
    }
    case TypeId::kDecimal: return BigDecimalText(array, i, type.scale()) + "BD";
    case TypeId::kString: return Quoted(static_cast<const arrow::StringArray&>(array).GetView(i));
    case TypeId::kBinary: return Hex(static_cast<const arrow::BinaryArray&>(array).GetView(i));
    case TypeId::kDate: return "DATE '" + text() + "'";
    case TypeId::kTimestamp: return "TIMESTAMP '" + text() + "'";
    case TypeId::kTimestampNtz: return "TIMESTAMP_NTZ '" + text() + "'";
    case TypeId::kCalendarInterval: return "INTERVAL '" + text() + "'";
    case TypeId::kArray: {
      const auto& list = static_cast<const arrow::ListArray&>(array);
      std::string out = "ARRAY(";
      for (int64_t k = list.value_offset(i); k < list.value_offset(i + 1); ++k) {
        if (k != list.value_offset(i)) out += ", ";
        out += Sql(*list.values(), k, type.elementType(), time_zone);
      }
      return out + ")";
    }
    case TypeId::kMap: {
      const auto& map = static_cast<const arrow::MapArray&>(array);
      std::string out = "MAP(";
      for (int64_t k = map.value_offset(i); k < map.value_offset(i + 1); ++k) {
        if (k != map.value_offset(i)) out += ", ";
        out +=
            Sql(*map.keys(), k, type.keyType(), time_zone) + ", " + Sql(*map.items(), k, type.valueType(), time_zone);
      }
      return out + ")";
    }
    case TypeId::kStruct: {
      const auto& row = static_cast<const arrow::StructArray&>(array);
      std::string out = "NAMED_STRUCT(";
      for (size_t f = 0; f < type.fields().size(); ++f) {
        const StructField& field = type.fields()[f];
        out += (f ? ", '" : "'") + field.name + "', " + Sql(*row.field(static_cast<int>(f)), i, field.type, time_zone);
      }
      return out + ")";
    }
    default: return text();
  }
}

}  // namespace

TypedValue NullValue(const DataType& type) { return {type, arrow::MakeArrayOfNull(ToArrowType(type), 1).ValueOrDie()}; }

TypedValue BooleanValue(bool v) { return One(TypeId::kBoolean, arrow::BooleanBuilder(), v); }

TypedValue IntegralValue(int64_t v, const DataType& type) {
  switch (type.id()) {
    case TypeId::kByte: return One(type, arrow::Int8Builder(), static_cast<int8_t>(v));
    case TypeId::kShort: return One(type, arrow::Int16Builder(), static_cast<int16_t>(v));
    case TypeId::kInteger: return One(type, arrow::Int32Builder(), static_cast<int32_t>(v));
    case TypeId::kDate: return One(type, arrow::Date32Builder(), static_cast<int32_t>(v));
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
      return One(type, arrow::TimestampBuilder(ToArrowType(type), arrow::default_memory_pool()), v);
    case TypeId::kDayTimeInterval:
      return One(type, arrow::DurationBuilder(ToArrowType(type), arrow::default_memory_pool()), v);
    case TypeId::kYearMonthInterval: return One(type, arrow::MonthIntervalBuilder(), static_cast<int32_t>(v));
    default: return One(TypeId::kLong, arrow::Int64Builder(), v);
  }
}

TypedValue DoubleValue(double v) { return One(TypeId::kDouble, arrow::DoubleBuilder(), v); }
TypedValue FloatValue(float v) { return One(TypeId::kFloat, arrow::FloatBuilder(), v); }
TypedValue StringValue(std::string_view v) { return One(TypeId::kString, arrow::StringBuilder(), v); }
TypedValue BinaryValue(std::string_view v) { return One(TypeId::kBinary, arrow::BinaryBuilder(), v); }

TypedValue DecimalValue(const arrow::Decimal128& v, int precision, int scale) {
  DataType type = DataType::Decimal(precision, scale);
  return One(type, arrow::Decimal128Builder(ToArrowType(type)), v);
}

TypedValue CalendarIntervalValue(int32_t months, int32_t days, int64_t us) {
  arrow::MonthDayNanoIntervalType::MonthDayNanos v{months, days, us * 1000};
  return One(TypeId::kCalendarInterval, arrow::MonthDayNanoIntervalBuilder(), v);
}

Result<int64_t> IntegralOf(const TypedValue& v) {
  if (v.is_null()) return MakeError("INTERNAL_ERROR", {{"message", "A null is no integer."}});
  switch (v.type.id()) {
    case TypeId::kByte: return static_cast<const arrow::Int8Array&>(*v.value).Value(0);
    case TypeId::kShort: return static_cast<const arrow::Int16Array&>(*v.value).Value(0);
    case TypeId::kInteger: return static_cast<const arrow::Int32Array&>(*v.value).Value(0);
    case TypeId::kDate: return static_cast<const arrow::Date32Array&>(*v.value).Value(0);
    case TypeId::kYearMonthInterval: return static_cast<const arrow::MonthIntervalArray&>(*v.value).Value(0);
    case TypeId::kLong: return static_cast<const arrow::Int64Array&>(*v.value).Value(0);
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz: return static_cast<const arrow::TimestampArray&>(*v.value).Value(0);
    case TypeId::kDayTimeInterval: return static_cast<const arrow::DurationArray&>(*v.value).Value(0);
    default: return MakeError("INTERNAL_ERROR", {{"message", "A value of type " + v.type.sql() + " is no integer."}});
  }
}

Result<std::string> StringOf(const TypedValue& v) {
  if (v.is_null()) return MakeError("INTERNAL_ERROR", {{"message", "A null is no string."}});
  if (v.type.id() == TypeId::kString) return static_cast<const arrow::StringArray&>(*v.value).GetString(0);
  if (v.type.id() == TypeId::kBinary) return static_cast<const arrow::BinaryArray&>(*v.value).GetString(0);
  return MakeError("INTERNAL_ERROR", {{"message", "A value of type " + v.type.sql() + " is no string."}});
}

std::string LiteralName(const TypedValue& v, const std::string& time_zone) {
  if (v.is_null()) return "NULL";
  if (v.type.id() == TypeId::kString) return static_cast<const arrow::StringArray&>(*v.value).GetString(0);
  if (v.type.id() == TypeId::kDecimal) return BigDecimalText(*v.value, 0, v.type.scale());
  if (v.type.isNumeric()) return Text(*v.value, 0, v.type, time_zone);
  return Sql(*v.value, 0, v.type, time_zone);
}

std::string LiteralSql(const TypedValue& v, const std::string& time_zone) {
  return Sql(*v.value, 0, v.type, time_zone);
}

}  // namespace sluice
