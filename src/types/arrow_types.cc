#include "types/arrow_types.h"

#include <arrow/array.h>
#include <arrow/compute/api.h>
#include <arrow/compute/initialize.h>
#include <arrow/extension_type.h>

namespace sluice {
namespace {

Status NoCounterpart(const arrow::DataType& type) {
  return MakeError("UNSUPPORTED_ARROWTYPE", {{"typeName", InDoubleQuotes(type.ToString())}});
}

/// Whether data of these types differs in names, nullability and metadata at most.
bool SameLayout(const arrow::DataType& a, const arrow::DataType& b) {
  if (a.id() != b.id() || a.num_fields() != b.num_fields()) return false;
  if (a.num_fields() == 0) {
    if (a.id() == arrow::Type::TIMESTAMP) {
      const auto &x = static_cast<const arrow::TimestampType&>(a), &y = static_cast<const arrow::TimestampType&>(b);
      return x.unit() == y.unit();  // an instant is an instant, whatever zone it names
    }
    return a.Equals(b);
  }
  if (a.id() == arrow::Type::DICTIONARY || a.id() == arrow::Type::EXTENSION) return false;
  for (int i = 0; i < a.num_fields(); ++i) {
    if (!SameLayout(*a.field(i)->type(), *b.field(i)->type())) return false;
  }
  return true;
}

std::shared_ptr<arrow::ArrayData> Relabel(const std::shared_ptr<arrow::ArrayData>& data,
                                          const std::shared_ptr<arrow::DataType>& type) {
  auto copy = data->Copy();
  copy->type = type;
  for (size_t i = 0; i < copy->child_data.size(); ++i) {
    copy->child_data[i] = Relabel(copy->child_data[i], type->field(static_cast<int>(i))->type());
  }
  return copy;
}

Result<std::shared_ptr<arrow::Array>> CastTo(const std::shared_ptr<arrow::Array>& array,
                                             const std::shared_ptr<arrow::DataType>& type) {
  static const Status initialized = arrow::compute::Initialize();
  ARROW_RETURN_NOT_OK(initialized);
  arrow::compute::CastOptions options = arrow::compute::CastOptions::Safe(type);
  options.allow_time_truncate = true;  // nanoseconds of foreign files
  options.allow_invalid_utf8 = true;   // Spark does not look
  ARROW_ASSIGN_OR_RAISE(arrow::Datum result, arrow::compute::Cast(arrow::Datum(array), options));
  return result.make_array();
}

std::shared_ptr<arrow::Field> Child(const char* name, const DataType& type) {
  return arrow::field(name, ToArrowType(type));
}

}  // namespace

std::shared_ptr<arrow::DataType> ToArrowType(const DataType& type) {
  static const auto utc_us = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  static const auto wall_us = arrow::timestamp(arrow::TimeUnit::MICRO);
  static const auto duration_us = arrow::duration(arrow::TimeUnit::MICRO);
  switch (type.id()) {
    case TypeId::kVoid: return arrow::null();
    case TypeId::kBoolean: return arrow::boolean();
    case TypeId::kByte: return arrow::int8();
    case TypeId::kShort: return arrow::int16();
    case TypeId::kInteger: return arrow::int32();
    case TypeId::kLong: return arrow::int64();
    case TypeId::kFloat: return arrow::float32();
    case TypeId::kDouble: return arrow::float64();
    // DECIMAL(0,0) exists in Spark; Arrow knows none.
    case TypeId::kDecimal: return arrow::decimal128(std::max(1, type.precision()), type.scale());
    case TypeId::kString: return arrow::utf8();
    case TypeId::kBinary: return arrow::binary();
    case TypeId::kDate: return arrow::date32();
    case TypeId::kTimestamp: return utc_us;
    case TypeId::kTimestampNtz: return wall_us;
    case TypeId::kDayTimeInterval: return duration_us;
    case TypeId::kYearMonthInterval: return arrow::month_interval();
    case TypeId::kCalendarInterval: return arrow::month_day_nano_interval();
    case TypeId::kArray: return arrow::list(Child("element", type.elementType()));
    case TypeId::kMap: return arrow::map(ToArrowType(type.keyType()), Child("value", type.valueType()));
    case TypeId::kStruct: {
      arrow::FieldVector fields;
      for (const StructField& field : type.fields())
        fields.push_back(arrow::field(field.name, ToArrowType(field.type)));
      return arrow::struct_(std::move(fields));
    }
  }
  return arrow::null();
}

std::shared_ptr<arrow::Field> ToArrowField(const StructField& field) {
  return arrow::field(field.name, ToArrowType(field.type), field.nullable);
}

std::shared_ptr<arrow::Schema> ToArrowSchema(const DataType& type) {
  arrow::FieldVector fields;
  for (const StructField& field : type.fields()) fields.push_back(ToArrowField(field));
  return arrow::schema(std::move(fields));
}

Result<DataType> FromArrowType(const arrow::DataType& type) {
  using arrow::Type;
  switch (type.id()) {
    case Type::NA: return DataType::Void();
    case Type::BOOL: return DataType::Boolean();
    case Type::INT8: return DataType::Byte();
    case Type::INT16:
    case Type::UINT8: return DataType::Short();
    case Type::INT32:
    case Type::UINT16: return DataType::Integer();
    case Type::INT64:
    case Type::UINT32: return DataType::Long();
    case Type::UINT64: return DataType::Decimal(20, 0);
    case Type::HALF_FLOAT:
    case Type::FLOAT: return DataType::Float();
    case Type::DOUBLE: return DataType::Double();
    case Type::STRING:
    case Type::LARGE_STRING:
    case Type::STRING_VIEW: return DataType::String();
    case Type::BINARY:
    case Type::LARGE_BINARY:
    case Type::BINARY_VIEW:
    case Type::FIXED_SIZE_BINARY: return DataType::Binary();
    case Type::DATE32:
    case Type::DATE64: return DataType::Date();
    case Type::TIMESTAMP:
      return static_cast<const arrow::TimestampType&>(type).timezone().empty() ? DataType::TimestampNtz()
                                                                               : DataType::Timestamp();
    case Type::DURATION: return DataType::DayTimeInterval();
    case Type::INTERVAL_MONTHS: return DataType::YearMonthInterval();
    case Type::INTERVAL_DAY_TIME:
    case Type::INTERVAL_MONTH_DAY_NANO: return DataType::CalendarInterval();
    case Type::DECIMAL32:
    case Type::DECIMAL64:
    case Type::DECIMAL128:
    case Type::DECIMAL256: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(type);
      if (decimal.precision() > 38 || decimal.scale() < 0 || decimal.scale() > decimal.precision())
        return NoCounterpart(type);
      return DataType::Decimal(decimal.precision(), decimal.scale());
    }
    case Type::LIST:
    case Type::LARGE_LIST:
    case Type::FIXED_SIZE_LIST:
    case Type::LIST_VIEW:
    case Type::LARGE_LIST_VIEW: {
      ARROW_ASSIGN_OR_RAISE(DataType element, FromArrowType(*type.field(0)->type()));
      return DataType::Array(std::move(element), type.field(0)->nullable());
    }
    case Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(type);
      ARROW_ASSIGN_OR_RAISE(DataType key, FromArrowType(*map.key_type()));
      ARROW_ASSIGN_OR_RAISE(DataType item, FromArrowType(*map.item_type()));
      return DataType::Map(std::move(key), std::move(item), map.item_field()->nullable());
    }
    case Type::STRUCT: {
      std::vector<StructField> fields;
      for (const auto& field : type.fields()) {
        ARROW_ASSIGN_OR_RAISE(DataType child, FromArrowType(*field->type()));
        fields.push_back({field->name(), std::move(child), field->nullable(), ""});
      }
      return DataType::Struct(std::move(fields));
    }
    case Type::DICTIONARY: return FromArrowType(*static_cast<const arrow::DictionaryType&>(type).value_type());
    case Type::RUN_END_ENCODED: return FromArrowType(*static_cast<const arrow::RunEndEncodedType&>(type).value_type());
    case Type::EXTENSION: return FromArrowType(*static_cast<const arrow::ExtensionType&>(type).storage_type());
    default: return NoCounterpart(type);
  }
}

Result<DataType> FromArrowSchema(const arrow::Schema& schema) {
  return FromArrowType(*arrow::struct_(schema.fields()));
}

Result<std::shared_ptr<arrow::Array>> NormalizeArray(const std::shared_ptr<arrow::Array>& array, const DataType& type) {
  auto target = ToArrowType(type);
  const arrow::DataType& from = *array->type();
  if (from.Equals(*target, /*check_metadata=*/true)) return array;
  if (SameLayout(from, *target)) return arrow::MakeArray(Relabel(array->data(), target));
  switch (from.id()) {
    case arrow::Type::EXTENSION:
      return NormalizeArray(static_cast<const arrow::ExtensionArray&>(*array).storage(), type);
    case arrow::Type::DICTIONARY: {
      ARROW_ASSIGN_OR_RAISE(auto decoded, CastTo(array, static_cast<const arrow::DictionaryType&>(from).value_type()));
      return NormalizeArray(decoded, type);
    }
    case arrow::Type::RUN_END_ENCODED: {
      ARROW_ASSIGN_OR_RAISE(auto decoded, arrow::compute::RunEndDecode(array));
      return NormalizeArray(decoded.make_array(), type);
    }
    case arrow::Type::LARGE_LIST:
    case arrow::Type::FIXED_SIZE_LIST:
    case arrow::Type::LIST_VIEW:
    case arrow::Type::LARGE_LIST_VIEW: {
      ARROW_ASSIGN_OR_RAISE(auto list, CastTo(array, arrow::list(from.field(0))));
      return NormalizeArray(list, type);
    }
    default: break;
  }
  if (type.id() == TypeId::kArray && from.id() == arrow::Type::LIST) {
    ARROW_ASSIGN_OR_RAISE(auto child,
                          NormalizeArray(arrow::MakeArray(array->data()->child_data[0]), type.elementType()));
    auto data = array->data()->Copy();
    data->type = target;
    data->child_data = {child->data()};
    return arrow::MakeArray(data);
  }
  if (type.id() == TypeId::kMap && from.id() == arrow::Type::MAP) {
    const auto& map = static_cast<const arrow::MapArray&>(*array);
    auto entries = map.data()->child_data[0];
    // keys() and items() heed the offset of the entries, so these are cut alike.
    ARROW_ASSIGN_OR_RAISE(auto keys, NormalizeArray(map.keys(), type.keyType()));
    ARROW_ASSIGN_OR_RAISE(auto items, NormalizeArray(map.items(), type.valueType()));
    auto data = array->data()->Copy();
    data->type = target;
    auto pair =
        arrow::ArrayData::Make(target->field(0)->type(), keys->length(), {nullptr}, {keys->data(), items->data()}, 0);
    data->child_data = {pair};
    return arrow::MakeArray(data);
  }
  if (type.id() == TypeId::kStruct && from.id() == arrow::Type::STRUCT &&
      from.num_fields() == static_cast<int>(type.fields().size())) {
    auto data = array->data()->Copy();
    data->type = target;
    for (int i = 0; i < from.num_fields(); ++i) {
      ARROW_ASSIGN_OR_RAISE(auto child, NormalizeArray(arrow::MakeArray(data->child_data[i]), type.fields()[i].type));
      data->child_data[i] = child->data();
    }
    return arrow::MakeArray(data);
  }
  return CastTo(array, target);
}

}  // namespace sluice
