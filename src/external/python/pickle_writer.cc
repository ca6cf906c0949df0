#include <arrow/array/array_binary.h>
#include <arrow/array/array_decimal.h>
#include <arrow/array/array_nested.h>
#include <arrow/array/array_primitive.h>

#include <bit>

#include "external/python/pickle.h"

namespace sluice::python {
namespace {

void Little(uint64_t value, int bytes, std::string* out) {
  for (int i = 0; i < bytes; ++i) out->push_back(static_cast<char>(value >> (8 * i)));
}

void Integer(int64_t value, std::string* out) {
  if (value == static_cast<int32_t>(value)) {
    out->push_back('J');
    Little(static_cast<uint64_t>(value), 4, out);
  } else {
    out->append("\x8a\x08");
    Little(static_cast<uint64_t>(value), 8, out);
  }
}

void Text(std::string_view value, std::string* out) {
  out->push_back('X');
  Little(value.size(), 4, out);
  out->append(value);
}

/// TYPE.fromInternal(TYPE(), number), of a type of pyspark.
void Converted(const std::string& type, int64_t number, std::string* out) {
  const std::string name = "cpyspark.sql.types\n" + type;
  out->append(name + ".fromInternal\n" + name + "\n)R");
  Integer(number, out);
  out->append("\x86R");
}

Status Write(const DataType& type, const arrow::Array& array, int64_t i, std::string* out);

Status WriteStruct(const DataType& type, const arrow::StructArray& rows, int64_t i, std::string* out) {
  out->append("cpyspark.sql.types\n_create_row\n(");
  for (const auto& field : type.fields()) Text(field.name, out);
  out->append("t(");
  for (size_t f = 0; f < type.fields().size(); ++f)
    ARROW_RETURN_NOT_OK(Write(type.fields()[f].type, *rows.field(static_cast<int>(f)), i, out));
  out->append("t\x86R");
  return Status::OK();
}

template <typename ArrayType>
auto At(const arrow::Array& array, int64_t i) {
  return static_cast<const ArrayType&>(array).Value(i);
}

Status Write(const DataType& type, const arrow::Array& array, int64_t i, std::string* out) {
  if (array.IsNull(i)) {
    out->push_back('N');
    return Status::OK();
  }
  switch (type.id()) {
    case TypeId::kBoolean: out->push_back(At<arrow::BooleanArray>(array, i) ? '\x88' : '\x89'); break;
    case TypeId::kByte: Integer(At<arrow::Int8Array>(array, i), out); break;
    case TypeId::kShort: Integer(At<arrow::Int16Array>(array, i), out); break;
    case TypeId::kInteger: Integer(At<arrow::Int32Array>(array, i), out); break;
    case TypeId::kLong: Integer(At<arrow::Int64Array>(array, i), out); break;
    case TypeId::kFloat:
    case TypeId::kDouble: {
      const double value =
          type.id() == TypeId::kFloat ? At<arrow::FloatArray>(array, i) : At<arrow::DoubleArray>(array, i);
      const auto bits = std::bit_cast<uint64_t>(value);
      out->push_back('G');
      for (int shift = 56; shift >= 0; shift -= 8) out->push_back(static_cast<char>(bits >> shift));
      break;
    }
    case TypeId::kDecimal:
      out->append("cdecimal\nDecimal\n");
      Text(static_cast<const arrow::Decimal128Array&>(array).FormatValue(i), out);
      out->append("\x85R");
      break;
    case TypeId::kString: Text(static_cast<const arrow::StringArray&>(array).GetView(i), out); break;
    case TypeId::kBinary: {
      const std::string_view bytes = static_cast<const arrow::BinaryArray&>(array).GetView(i);
      out->push_back('\x8e');
      Little(bytes.size(), 8, out);
      out->append(bytes);
      break;
    }
    case TypeId::kDate: Converted("DateType", At<arrow::Date32Array>(array, i), out); break;
    case TypeId::kTimestamp: Converted("TimestampType", At<arrow::TimestampArray>(array, i), out); break;
    case TypeId::kTimestampNtz: Converted("TimestampNTZType", At<arrow::TimestampArray>(array, i), out); break;
    case TypeId::kDayTimeInterval: Converted("DayTimeIntervalType", At<arrow::DurationArray>(array, i), out); break;
    case TypeId::kArray: {
      const auto& lists = static_cast<const arrow::ListArray&>(array);
      out->append("](");
      for (int64_t e = lists.value_offset(i); e < lists.value_offset(i + 1); ++e)
        ARROW_RETURN_NOT_OK(Write(type.elementType(), *lists.values(), e, out));
      out->push_back('e');
      break;
    }
    case TypeId::kMap: {
      const auto& maps = static_cast<const arrow::MapArray&>(array);
      out->append("}(");
      for (int64_t e = maps.value_offset(i); e < maps.value_offset(i + 1); ++e) {
        ARROW_RETURN_NOT_OK(Write(type.keyType(), *maps.keys(), e, out));
        ARROW_RETURN_NOT_OK(Write(type.valueType(), *maps.items(), e, out));
      }
      out->push_back('u');
      break;
    }
    case TypeId::kStruct: return WriteStruct(type, static_cast<const arrow::StructArray&>(array), i, out);
    case TypeId::kVoid: out->push_back('N'); break;
    default: return CheckPickled(type);
  }
  return Status::OK();
}

}  // namespace

Status CheckPickled(const DataType& type) {
  switch (type.id()) {
    case TypeId::kYearMonthInterval:
    case TypeId::kCalendarInterval: return UnsupportedFeature("state of the type " + type.simpleString());
    case TypeId::kArray: return CheckPickled(type.elementType());
    case TypeId::kMap: ARROW_RETURN_NOT_OK(CheckPickled(type.keyType())); return CheckPickled(type.valueType());
    default:
      for (const auto& field : type.fields()) ARROW_RETURN_NOT_OK(CheckPickled(field.type));
      return Status::OK();
  }
}

Result<std::string> PickleRow(const DataType& type, const arrow::Array& rows, int64_t row) {
  std::string out("\x80\x05");
  ARROW_RETURN_NOT_OK(Write(type, rows, row, &out));
  out.push_back('.');
  return out;
}

}  // namespace sluice::python
