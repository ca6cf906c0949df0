#include "session/row_values.h"

#include <arrow/builder.h>
#include <arrow/util/decimal.h>

#include "types/arrow_types.h"
#include "types/literal.h"

namespace sluice::session {

namespace {

template <typename Array>
auto At(const arrow::Array& array, int64_t i) {
  return static_cast<const Array&>(array).Value(i);
}

Status WrongType(const Value& value, const DataType& type) {
  return MakeError("CANNOT_CAST_DATATYPE",
                   {{"sourceType", "\"" + value.toString() + "\""}, {"targetType", InDoubleQuotes(type.sql())}});
}

std::optional<int64_t> Integral(const Value& v) {
  if (v.is<int32_t>()) return v.as<int32_t>();
  if (v.is<int64_t>()) return v.as<int64_t>();
  if (v.is<int16_t>()) return v.as<int16_t>();
  if (v.is<int8_t>()) return v.as<int8_t>();
  return std::nullopt;
}
std::optional<double> Floating(const Value& v) {
  if (v.is<double>()) return v.as<double>();
  if (v.is<float>()) return v.as<float>();
  if (auto i = Integral(v)) return static_cast<double>(*i);
  return std::nullopt;
}

template <typename Builder, typename T>
Status AppendIntegral(arrow::ArrayBuilder* builder, const Value& v, const DataType& type) {
  auto i = Integral(v);
  if (!i || *i < std::numeric_limits<T>::min() || *i > std::numeric_limits<T>::max()) return WrongType(v, type);
  return static_cast<Builder*>(builder)->Append(static_cast<T>(*i));
}

Status AppendDecimal(arrow::ArrayBuilder* builder, const Value& v, const DataType& type) {
  std::string text;
  if (v.is<Decimal>())
    text = v.as<Decimal>().text;
  else if (auto i = Integral(v))
    text = std::to_string(*i);
  else
    return WrongType(v, type);
  int32_t precision, scale;
  arrow::Decimal128 number;
  ARROW_RETURN_NOT_OK(arrow::Decimal128::FromString(text, &number, &precision, &scale));
  ARROW_ASSIGN_OR_RAISE(number, number.Rescale(scale, type.scale()));
  if (!number.FitsInPrecision(type.precision())) return WrongType(v, type);
  return static_cast<arrow::Decimal128Builder*>(builder)->Append(number);
}

Status Append(arrow::ArrayBuilder* builder, const Value& v, const DataType& type) {
  if (v.isNull()) return builder->AppendNull();
  auto need = [&](bool ok) { return ok ? Status::OK() : WrongType(v, type); };
  switch (type.id()) {
    case TypeId::kVoid: return WrongType(v, type);
    case TypeId::kBoolean:
      ARROW_RETURN_NOT_OK(need(v.is<bool>()));
      return static_cast<arrow::BooleanBuilder*>(builder)->Append(v.as<bool>());
    case TypeId::kByte: return AppendIntegral<arrow::Int8Builder, int8_t>(builder, v, type);
    case TypeId::kShort: return AppendIntegral<arrow::Int16Builder, int16_t>(builder, v, type);
    case TypeId::kInteger: return AppendIntegral<arrow::Int32Builder, int32_t>(builder, v, type);
    case TypeId::kLong: return AppendIntegral<arrow::Int64Builder, int64_t>(builder, v, type);
    case TypeId::kFloat:
      ARROW_RETURN_NOT_OK(need(Floating(v).has_value()));
      return static_cast<arrow::FloatBuilder*>(builder)->Append(static_cast<float>(*Floating(v)));
    case TypeId::kDouble:
      ARROW_RETURN_NOT_OK(need(Floating(v).has_value()));
      return static_cast<arrow::DoubleBuilder*>(builder)->Append(*Floating(v));
    case TypeId::kDecimal: return AppendDecimal(builder, v, type);
    case TypeId::kString:
      ARROW_RETURN_NOT_OK(need(v.is<std::string>()));
      return static_cast<arrow::StringBuilder*>(builder)->Append(v.as<std::string>());
    case TypeId::kBinary:
      ARROW_RETURN_NOT_OK(need(v.is<Binary>() || v.is<std::string>()));
      return static_cast<arrow::BinaryBuilder*>(builder)->Append(v.is<Binary>() ? v.as<Binary>().bytes
                                                                                : v.as<std::string>());
    case TypeId::kDate:
      ARROW_RETURN_NOT_OK(need(v.is<Date>()));
      return static_cast<arrow::Date32Builder*>(builder)->Append(v.as<Date>().days);
    case TypeId::kTimestamp:
      ARROW_RETURN_NOT_OK(need(v.is<Timestamp>()));
      return static_cast<arrow::TimestampBuilder*>(builder)->Append(v.as<Timestamp>().micros);
    case TypeId::kTimestampNtz:
      ARROW_RETURN_NOT_OK(need(v.is<TimestampNTZ>()));
      return static_cast<arrow::TimestampBuilder*>(builder)->Append(v.as<TimestampNTZ>().micros);
    case TypeId::kDayTimeInterval:
      ARROW_RETURN_NOT_OK(need(v.is<DayTimeInterval>()));
      return static_cast<arrow::DurationBuilder*>(builder)->Append(v.as<DayTimeInterval>().micros);
    case TypeId::kYearMonthInterval:
      ARROW_RETURN_NOT_OK(need(v.is<YearMonthInterval>()));
      return static_cast<arrow::MonthIntervalBuilder*>(builder)->Append(v.as<YearMonthInterval>().months);
    case TypeId::kCalendarInterval: {
      ARROW_RETURN_NOT_OK(need(v.is<CalendarInterval>()));
      const auto& c = v.as<CalendarInterval>();
      return static_cast<arrow::MonthDayNanoIntervalBuilder*>(builder)->Append({c.months, c.days, c.micros * 1000});
    }
    case TypeId::kArray: {
      ARROW_RETURN_NOT_OK(need(v.isArray()));
      auto* list = static_cast<arrow::ListBuilder*>(builder);
      ARROW_RETURN_NOT_OK(list->Append());
      for (const auto& item : v.asArray()) ARROW_RETURN_NOT_OK(Append(list->value_builder(), item, type.elementType()));
      return Status::OK();
    }
    case TypeId::kMap: {
      ARROW_RETURN_NOT_OK(need(v.isMap()));
      auto* map = static_cast<arrow::MapBuilder*>(builder);
      ARROW_RETURN_NOT_OK(map->Append());
      for (const auto& [key, item] : v.asMap()) {
        ARROW_RETURN_NOT_OK(Append(map->key_builder(), key, type.keyType()));
        ARROW_RETURN_NOT_OK(Append(map->item_builder(), item, type.valueType()));
      }
      return Status::OK();
    }
    case TypeId::kStruct: {
      ARROW_RETURN_NOT_OK(need(v.isRow() && v.asRow().size() == type.fields().size()));
      auto* row = static_cast<arrow::StructBuilder*>(builder);
      ARROW_RETURN_NOT_OK(row->Append());
      for (size_t i = 0; i < type.fields().size(); ++i)
        ARROW_RETURN_NOT_OK(Append(row->field_builder(static_cast<int>(i)), v.asRow().get(i), type.fields()[i].type));
      return Status::OK();
    }
  }
  return Status::OK();
}

}  // namespace

Value ToValue(const arrow::Array& array, int64_t i, const DataType& type) {
  if (array.IsNull(i)) return {};
  switch (type.id()) {
    case TypeId::kVoid: return {};
    case TypeId::kBoolean: return At<arrow::BooleanArray>(array, i);
    case TypeId::kByte: return At<arrow::Int8Array>(array, i);
    case TypeId::kShort: return At<arrow::Int16Array>(array, i);
    case TypeId::kInteger: return At<arrow::Int32Array>(array, i);
    case TypeId::kLong: return At<arrow::Int64Array>(array, i);
    case TypeId::kFloat: return At<arrow::FloatArray>(array, i);
    case TypeId::kDouble: return At<arrow::DoubleArray>(array, i);
    case TypeId::kDecimal:
      return Decimal{
          arrow::Decimal128(static_cast<const arrow::Decimal128Array&>(array).GetValue(i)).ToString(type.scale())};
    case TypeId::kString: return static_cast<const arrow::StringArray&>(array).GetString(i);
    case TypeId::kBinary: return Binary{static_cast<const arrow::BinaryArray&>(array).GetString(i)};
    case TypeId::kDate: return Date{At<arrow::Date32Array>(array, i)};
    case TypeId::kTimestamp: return Timestamp{At<arrow::TimestampArray>(array, i)};
    case TypeId::kTimestampNtz: return TimestampNTZ{At<arrow::TimestampArray>(array, i)};
    case TypeId::kDayTimeInterval: return DayTimeInterval{At<arrow::DurationArray>(array, i)};
    case TypeId::kYearMonthInterval: return YearMonthInterval{At<arrow::MonthIntervalArray>(array, i)};
    case TypeId::kCalendarInterval: {
      auto v = static_cast<const arrow::MonthDayNanoIntervalArray&>(array).GetValue(i);
      return CalendarInterval{v.months, v.days, v.nanoseconds / 1000};
    }
    case TypeId::kArray: {
      const auto& list = static_cast<const arrow::ListArray&>(array);
      ArrayValue out;
      for (int64_t k = list.value_offset(i); k < list.value_offset(i + 1); ++k)
        out.push_back(ToValue(*list.values(), k, type.elementType()));
      return out;
    }
    case TypeId::kMap: {
      const auto& map = static_cast<const arrow::MapArray&>(array);
      MapValue out;
      for (int64_t k = map.value_offset(i); k < map.value_offset(i + 1); ++k)
        out.emplace_back(ToValue(*map.keys(), k, type.keyType()), ToValue(*map.items(), k, type.valueType()));
      return out;
    }
    case TypeId::kStruct: {
      const auto& row = static_cast<const arrow::StructArray&>(array);
      std::vector<Value> out;
      for (size_t f = 0; f < type.fields().size(); ++f)
        out.push_back(ToValue(*row.field(static_cast<int>(f)), i, type.fields()[f].type));
      return Row(std::move(out), type);
    }
  }
  return {};
}

std::vector<Row> ToRows(const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches, const DataType& schema) {
  std::vector<Row> rows;
  for (const auto& batch : batches)
    for (int64_t i = 0; i < batch->num_rows(); ++i) {
      std::vector<Value> values;
      for (size_t c = 0; c < schema.fields().size(); ++c)
        values.push_back(ToValue(*batch->column(static_cast<int>(c)), i, schema.fields()[c].type));
      rows.emplace_back(std::move(values), schema);
    }
  return rows;
}

Result<std::shared_ptr<arrow::Array>> FromValues(const std::vector<Value>& values, const DataType& type) {
  ARROW_ASSIGN_OR_RAISE(auto builder, arrow::MakeBuilder(ToArrowType(type)));
  for (const auto& value : values) ARROW_RETURN_NOT_OK(Append(builder.get(), value, type));
  return builder->Finish();
}

Result<std::shared_ptr<arrow::RecordBatch>> FromRows(const std::vector<Row>& rows, const DataType& schema) {
  arrow::ArrayVector columns;
  for (size_t c = 0; c < schema.fields().size(); ++c) {
    std::vector<Value> values;
    for (const auto& row : rows) {
      if (row.size() != schema.fields().size())
        return MakeError("_LEGACY_ERROR_TEMP_3102",
                         {{"msg", "a row has " + std::to_string(row.size()) + " values, its schema " +
                                      std::to_string(schema.fields().size()) + " fields"}});
      values.push_back(row.get(c));
      if (values.back().isNull() && !schema.fields()[c].nullable)
        return MakeError("NOT_NULL_ASSERT_VIOLATION", {{"walkedTypePath", schema.fields()[c].name}});
    }
    ARROW_ASSIGN_OR_RAISE(auto column, FromValues(values, schema.fields()[c].type));
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(ToArrowSchema(schema), static_cast<int64_t>(rows.size()), columns);
}

DataType TypeOf(const Value& v) {
  if (v.is<bool>()) return DataType::Boolean();
  if (v.is<int8_t>()) return DataType::Byte();
  if (v.is<int16_t>()) return DataType::Short();
  if (v.is<int32_t>()) return DataType::Integer();
  if (v.is<int64_t>()) return DataType::Long();
  if (v.is<float>()) return DataType::Float();
  if (v.is<double>()) return DataType::Double();
  if (v.is<std::string>()) return DataType::String();
  if (v.is<Binary>()) return DataType::Binary();
  if (v.is<Date>()) return DataType::Date();
  if (v.is<Timestamp>()) return DataType::Timestamp();
  if (v.is<TimestampNTZ>()) return DataType::TimestampNtz();
  if (v.is<DayTimeInterval>()) return DataType::DayTimeInterval();
  if (v.is<YearMonthInterval>()) return DataType::YearMonthInterval();
  if (v.is<CalendarInterval>()) return DataType::CalendarInterval();
  if (v.is<Decimal>()) {
    int32_t precision = 10, scale = 0;
    arrow::Decimal128 number;
    if (arrow::Decimal128::FromString(v.as<Decimal>().text, &number, &precision, &scale).ok())
      return DataType::Decimal(std::max({precision, scale, 1}), std::max(scale, 0));
    return DataType::Decimal();
  }
  if (v.isArray()) {
    DataType element;
    for (const auto& item : v.asArray())
      if (!item.isNull()) element = TypeOf(item);
    return DataType::Array(element);
  }
  if (v.isMap())
    return v.asMap().empty() ? DataType::Map({}, {})
                             : DataType::Map(TypeOf(v.asMap()[0].first), TypeOf(v.asMap()[0].second));
  if (v.isRow()) {
    if (!v.asRow().schema().fields().empty()) return v.asRow().schema();
    std::vector<StructField> fields;
    for (size_t i = 0; i < v.asRow().size(); ++i)
      fields.push_back({"col" + std::to_string(i + 1), TypeOf(v.asRow().get(i)), true, ""});
    return DataType::Struct(std::move(fields));
  }
  return DataType::Void();
}

}  // namespace sluice::session
