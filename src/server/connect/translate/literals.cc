#include "server/connect/translate/literals.h"

#include <arrow/array/array_nested.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/util/decimal.h>

#include "server/connect/translate/types.h"
#include "types/arrow_types.h"

namespace sluice::connect {

// Clients before 4.1 send them.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace proto = ::spark::connect;

namespace {

using Literal = proto::Expression::Literal;

Result<TypedValue> Decimal(const Literal::Decimal& literal) {
  arrow::Decimal128 value;
  int32_t precision = 0, scale = 0;
  if (!arrow::Decimal128::FromString(literal.value(), &value, &precision, &scale).ok())
    return MakeError("INTERNAL_ERROR", {{"message", "'" + literal.value() + "' is no decimal of at most 38 digits."}});
  // Java's BigDecimal: the digits after the point are kept, and counted at least as the scale.
  if (scale < 0) {
    ARROW_ASSIGN_OR_RAISE(value, value.Rescale(scale, 0));
    precision -= scale;
    scale = 0;
  }
  precision = std::max(precision, scale);
  // Python's client always says (10,0), whatever the value: the type holds at least the value's own digits.
  const int32_t wanted_scale = std::max(scale, literal.has_scale() ? literal.scale() : 0);
  const int32_t wanted_precision =
      std::max(precision - scale + wanted_scale, literal.has_precision() ? literal.precision() : 0);
  if (wanted_scale != scale) {
    ARROW_ASSIGN_OR_RAISE(value, value.Rescale(scale, wanted_scale));
  }
  if (wanted_precision < 1 || wanted_precision > 38 || wanted_scale > wanted_precision)
    return MakeError("DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION",
                     {{"precision", std::to_string(wanted_precision)}, {"maxPrecision", "38"}});
  return DecimalValue(value, wanted_precision, wanted_scale);
}

ArrayPtr Offsets(int32_t n) {
  arrow::Int32Builder builder;
  auto status = builder.AppendValues({0, n});
  return status.ok() ? builder.Finish().ValueOrDie() : nullptr;
}

Result<std::vector<TypedValue>> Elements(const google::protobuf::RepeatedPtrField<Literal>& literals) {
  std::vector<TypedValue> out;
  for (const auto& literal : literals) {
    ARROW_ASSIGN_OR_RAISE(TypedValue value, FromProto(literal));
    out.push_back(std::move(value));
  }
  return out;
}

/// The type that holds them all: that of the first which is no null.
DataType TypeOf(const std::vector<TypedValue>& values) {
  for (const auto& value : values)
    if (value.type.id() != TypeId::kVoid) return value.type;
  return DataType::Void();
}

bool AnyNull(const std::vector<TypedValue>& values) {
  return std::any_of(values.begin(), values.end(), [](const TypedValue& v) { return v.is_null(); });
}

Result<TypedValue> ArrayOf(const std::vector<TypedValue>& elements, const DataType& type) {
  ARROW_ASSIGN_OR_RAISE(ArrayPtr values, Concatenate(elements, type.elementType()));
  ARROW_ASSIGN_OR_RAISE(
      ArrayPtr list,
      arrow::ListArray::FromArrays(ToArrowType(type), *Offsets(static_cast<int32_t>(values->length())), *values));
  return TypedValue{type, list};
}

Result<TypedValue> Array(const Literal& literal) {
  const auto& array = literal.array();
  ARROW_ASSIGN_OR_RAISE(auto elements, Elements(array.elements()));
  if (literal.has_data_type()) {
    ARROW_ASSIGN_OR_RAISE(DataType type, FromProto(literal.data_type()));
    if (type.id() == TypeId::kArray) return ArrayOf(elements, type);
  }
  DataType element = TypeOf(elements);
  if (array.has_element_type() && array.element_type().kind_case() != proto::DataType::KIND_NOT_SET) {
    ARROW_ASSIGN_OR_RAISE(element, FromProto(array.element_type()));
  }
  return ArrayOf(elements, DataType::Array(element, elements.empty() || AnyNull(elements) || array.has_element_type()));
}

template <typename Builder, typename Values>
Result<TypedValue> Specialized(Builder builder, const Values& values, const DataType& element) {
  for (const auto& value : values) ARROW_RETURN_NOT_OK(builder.Append(value));
  ARROW_ASSIGN_OR_RAISE(auto array, builder.Finish());
  const DataType type = DataType::Array(element, false);
  ARROW_ASSIGN_OR_RAISE(ArrayPtr list, arrow::ListArray::FromArrays(
                                           ToArrowType(type), *Offsets(static_cast<int32_t>(array->length())), *array));
  return TypedValue{type, list};
}

Result<TypedValue> SpecializedArray(const Literal::SpecializedArray& array) {
  switch (array.value_type_case()) {
    case Literal::SpecializedArray::kBools:
      return Specialized(arrow::BooleanBuilder(), array.bools().values(), DataType::Boolean());
    case Literal::SpecializedArray::kInts:
      return Specialized(arrow::Int32Builder(), array.ints().values(), DataType::Integer());
    case Literal::SpecializedArray::kLongs:
      return Specialized(arrow::Int64Builder(), array.longs().values(), DataType::Long());
    case Literal::SpecializedArray::kFloats:
      return Specialized(arrow::FloatBuilder(), array.floats().values(), DataType::Float());
    case Literal::SpecializedArray::kDoubles:
      return Specialized(arrow::DoubleBuilder(), array.doubles().values(), DataType::Double());
    case Literal::SpecializedArray::kStrings:
      return Specialized(arrow::StringBuilder(), array.strings().values(), DataType::String());
    default: return MakeError("INTERNAL_ERROR", {{"message", "An array literal without values."}});
  }
}

Result<TypedValue> Map(const Literal& literal) {
  const auto& map = literal.map();
  ARROW_ASSIGN_OR_RAISE(auto keys, Elements(map.keys()));
  ARROW_ASSIGN_OR_RAISE(auto values, Elements(map.values()));
  if (keys.size() != values.size())
    return MakeError("INTERNAL_ERROR", {{"message", "A map literal with more keys than values."}});
  DataType key = TypeOf(keys), value = TypeOf(values);
  if (map.has_key_type()) {
    ARROW_ASSIGN_OR_RAISE(key, FromProto(map.key_type()));
  }
  if (map.has_value_type()) {
    ARROW_ASSIGN_OR_RAISE(value, FromProto(map.value_type()));
  }
  DataType type = DataType::Map(key, value, values.empty() || AnyNull(values) || map.has_value_type());
  if (literal.has_data_type()) {
    ARROW_ASSIGN_OR_RAISE(type, FromProto(literal.data_type()));
    if (type.id() != TypeId::kMap)
      return MakeError("INTERNAL_ERROR", {{"message", "A map literal of type " + type.sql() + "."}});
  }
  ARROW_ASSIGN_OR_RAISE(ArrayPtr key_array, Concatenate(keys, type.keyType()));
  ARROW_ASSIGN_OR_RAISE(ArrayPtr value_array, Concatenate(values, type.valueType()));
  ARROW_ASSIGN_OR_RAISE(
      ArrayPtr made, arrow::MapArray::FromArrays(ToArrowType(type), Offsets(static_cast<int32_t>(key_array->length())),
                                                 key_array, value_array));
  return TypedValue{type, made};
}

Result<TypedValue> Struct(const Literal& literal) {
  const auto& message = literal.struct_();
  ARROW_ASSIGN_OR_RAISE(auto elements, Elements(message.elements()));
  ARROW_ASSIGN_OR_RAISE(DataType type,
                        FromProto(literal.has_data_type() ? literal.data_type() : message.struct_type()));
  if (type.id() != TypeId::kStruct || type.fields().size() != elements.size())
    return MakeError("INTERNAL_ERROR", {{"message", "A struct literal whose fields do not fit its type."}});
  std::vector<ArrayPtr> children;
  for (size_t i = 0; i < elements.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr child, Concatenate({elements[i]}, type.fields()[i].type));
    children.push_back(std::move(child));
  }
  return TypedValue{type, std::make_shared<arrow::StructArray>(ToArrowType(type), 1, std::move(children))};
}

}  // namespace

Result<ArrayPtr> Concatenate(const std::vector<TypedValue>& values, const DataType& type) {
  const auto physical = ToArrowType(type);
  arrow::ArrayVector arrays;
  for (const auto& value : values) {
    if (value.is_null()) {
      arrays.push_back(NullValue(type).value);
    } else if (value.value->type()->Equals(*physical)) {
      arrays.push_back(value.value);
    } else {  // a narrower number, as Python's clients send
      ARROW_ASSIGN_OR_RAISE(ArrayPtr cast, NormalizeArray(value.value, type));
      arrays.push_back(std::move(cast));
    }
  }
  if (arrays.empty()) return arrow::MakeEmptyArray(physical);
  return arrow::Concatenate(arrays);
}

Result<TypedValue> FromProto(const Literal& literal) {
  switch (literal.literal_type_case()) {
    case Literal::kNull: {
      if (literal.null().kind_case() == proto::DataType::KIND_NOT_SET) return NullValue();
      ARROW_ASSIGN_OR_RAISE(DataType type, FromProto(literal.null()));
      return NullValue(type);
    }
    case Literal::kBinary: return BinaryValue(literal.binary());
    case Literal::kBoolean: return BooleanValue(literal.boolean());
    case Literal::kByte: return IntegralValue(literal.byte(), DataType::Byte());
    case Literal::kShort: return IntegralValue(literal.short_(), DataType::Short());
    case Literal::kInteger: return IntegralValue(literal.integer(), DataType::Integer());
    case Literal::kLong: return IntegralValue(literal.long_());
    case Literal::kFloat: return FloatValue(literal.float_());
    case Literal::kDouble: return DoubleValue(literal.double_());
    case Literal::kDecimal: return Decimal(literal.decimal());
    case Literal::kString: return StringValue(literal.string());
    case Literal::kDate: return IntegralValue(literal.date(), DataType::Date());
    case Literal::kTimestamp: return IntegralValue(literal.timestamp(), DataType::Timestamp());
    case Literal::kTimestampNtz: return IntegralValue(literal.timestamp_ntz(), DataType::TimestampNtz());
    case Literal::kCalendarInterval:
      return CalendarIntervalValue(literal.calendar_interval().months(), literal.calendar_interval().days(),
                                   literal.calendar_interval().microseconds());
    case Literal::kYearMonthInterval:
      return IntegralValue(literal.year_month_interval(), DataType::YearMonthInterval());
    case Literal::kDayTimeInterval: return IntegralValue(literal.day_time_interval(), DataType::DayTimeInterval());
    case Literal::kArray: return Array(literal);
    case Literal::kMap: return Map(literal);
    case Literal::kStruct: return Struct(literal);
    case Literal::kSpecializedArray: return SpecializedArray(literal.specialized_array());
    case Literal::kTime: return UnsupportedFeature("type TIME");
    default: return UnsupportedFeature("a literal that this version does not know");
  }
}

Status ToProto(const TypedValue& value, Literal* out) {
  const DataType& type = value.type;
  if (value.is_null()) {
    ToProto(type, out->mutable_null());
    return Status::OK();
  }
  const auto element = [&](const DataType& of, const ArrayPtr& array, int64_t i, Literal* into) {
    return ToProto(TypedValue{of, array->Slice(i, 1)}, into);
  };
  switch (type.id()) {
    case TypeId::kBoolean: out->set_boolean(static_cast<const arrow::BooleanArray&>(*value.value).Value(0)); break;
    case TypeId::kByte: out->set_byte(static_cast<int32_t>(*IntegralOf(value))); break;
    case TypeId::kShort: out->set_short_(static_cast<int32_t>(*IntegralOf(value))); break;
    case TypeId::kInteger: out->set_integer(static_cast<int32_t>(*IntegralOf(value))); break;
    case TypeId::kLong: out->set_long_(*IntegralOf(value)); break;
    case TypeId::kFloat: out->set_float_(static_cast<const arrow::FloatArray&>(*value.value).Value(0)); break;
    case TypeId::kDouble: out->set_double_(static_cast<const arrow::DoubleArray&>(*value.value).Value(0)); break;
    case TypeId::kString: out->set_string(static_cast<const arrow::StringArray&>(*value.value).GetString(0)); break;
    case TypeId::kBinary: out->set_binary(static_cast<const arrow::BinaryArray&>(*value.value).GetString(0)); break;
    case TypeId::kDate: out->set_date(static_cast<int32_t>(*IntegralOf(value))); break;
    case TypeId::kTimestamp: out->set_timestamp(*IntegralOf(value)); break;
    case TypeId::kTimestampNtz: out->set_timestamp_ntz(*IntegralOf(value)); break;
    case TypeId::kDayTimeInterval: out->set_day_time_interval(*IntegralOf(value)); break;
    case TypeId::kYearMonthInterval: out->set_year_month_interval(static_cast<int32_t>(*IntegralOf(value))); break;
    case TypeId::kDecimal: {
      auto* decimal = out->mutable_decimal();
      decimal->set_value(static_cast<const arrow::Decimal128Array&>(*value.value).FormatValue(0));
      decimal->set_precision(type.precision());
      decimal->set_scale(type.scale());
      break;
    }
    case TypeId::kArray: {
      const auto values = static_cast<const arrow::ListArray&>(*value.value).value_slice(0);
      ToProto(type.elementType(), out->mutable_array()->mutable_element_type());
      for (int64_t i = 0; i < values->length(); ++i)
        ARROW_RETURN_NOT_OK(element(type.elementType(), values, i, out->mutable_array()->add_elements()));
      break;
    }
    case TypeId::kStruct: {
      const auto& row = static_cast<const arrow::StructArray&>(*value.value);
      ToProto(type, out->mutable_struct_()->mutable_struct_type());
      for (int i = 0; i < row.num_fields(); ++i)
        ARROW_RETURN_NOT_OK(element(type.fields()[static_cast<size_t>(i)].type, row.field(i), 0,
                                    out->mutable_struct_()->add_elements()));
      break;
    }
    default: return UnsupportedFeature("literals of the type " + type.sql() + " on a Spark Connect server");
  }
  return Status::OK();
}

}  // namespace sluice::connect
