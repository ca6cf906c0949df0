#include "server/connect/translate/types.h"

#include "types/ddl.h"

namespace sluice::connect {

namespace proto = ::spark::connect;

namespace {

using Kind = proto::DataType;

/// A schema, a type, or the fields of a STRUCT, as Spark tries them.
Result<DataType> FromText(const std::string& text) {
  auto type = ParseDataType(text);
  if (type.ok()) return type;
  if (auto schema = ParseSchema(text); schema.ok()) return schema;
  auto fields = ParseDataType("struct<" + text + ">");  // "a: int, b: string"
  return fields.ok() ? fields : type;
}

Result<DataType> FromStruct(const proto::DataType::Struct& message) {
  std::vector<StructField> fields;
  for (const auto& field : message.fields()) {
    ARROW_ASSIGN_OR_RAISE(DataType type, FromProto(field.data_type()));
    std::string metadata = field.metadata() == "{}" ? "" : field.metadata();
    fields.push_back({field.name(), std::move(type), field.nullable(), std::move(metadata)});
  }
  return DataType::Struct(std::move(fields));
}

Status CheckIntervalFields(int from, int to, int last) {
  if (from >= 0 && from <= to && to <= last) return Status::OK();
  return MakeError("INTERNAL_ERROR", {{"message", "Interval fields " + std::to_string(from) + " to " +
                                                      std::to_string(to) + " are out of range."}});
}

struct Simple {
  proto::DataType::KindCase kind;
  TypeId id;
};
constexpr Simple kSimple[] = {
    {Kind::kNull, TypeId::kVoid},
    {Kind::kBinary, TypeId::kBinary},
    {Kind::kBoolean, TypeId::kBoolean},
    {Kind::kByte, TypeId::kByte},
    {Kind::kShort, TypeId::kShort},
    {Kind::kInteger, TypeId::kInteger},
    {Kind::kLong, TypeId::kLong},
    {Kind::kFloat, TypeId::kFloat},
    {Kind::kDouble, TypeId::kDouble},
    {Kind::kDate, TypeId::kDate},
    {Kind::kTimestamp, TypeId::kTimestamp},
    {Kind::kTimestampNtz, TypeId::kTimestampNtz},
    {Kind::kCalendarInterval, TypeId::kCalendarInterval},
    // Lengths of CHAR and VARCHAR are checked by writes into tables alone, which read them from the table.
    {Kind::kChar, TypeId::kString},
    {Kind::kVarChar, TypeId::kString},
};

}  // namespace

Result<DataType> FromProto(const proto::DataType& type) {
  for (const Simple& simple : kSimple)
    if (simple.kind == type.kind_case()) return DataType(simple.id);
  switch (type.kind_case()) {
    case Kind::kString: {
      const std::string& collation = type.string().collation();
      if (!collation.empty() && collation != "UTF8_BINARY") return UnsupportedFeature("collation " + collation);
      return DataType::String();
    }
    case Kind::kDecimal: {
      const auto& decimal = type.decimal();
      const int precision = decimal.has_precision() ? decimal.precision() : 10,
                scale = decimal.has_scale() ? decimal.scale() : 0;
      if (precision < 0 || precision > 38 || scale > precision || scale < 0)
        return MakeError("DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION",
                         {{"precision", std::to_string(precision)}, {"maxPrecision", "38"}});
      return DataType::Decimal(precision, scale);
    }
    case Kind::kDayTimeInterval: {
      const auto& interval = type.day_time_interval();
      const int from = interval.has_start_field() ? interval.start_field() : 0;
      const int to = interval.has_end_field() ? interval.end_field() : interval.has_start_field() ? from : 3;
      ARROW_RETURN_NOT_OK(CheckIntervalFields(from, to, 3));
      return DataType::DayTimeInterval(static_cast<IntervalField>(from), static_cast<IntervalField>(to));
    }
    case Kind::kYearMonthInterval: {
      const auto& interval = type.year_month_interval();
      const int from = interval.has_start_field() ? interval.start_field() : 0;
      const int to = interval.has_end_field() ? interval.end_field() : interval.has_start_field() ? from : 1;
      ARROW_RETURN_NOT_OK(CheckIntervalFields(from, to, 1));
      return DataType::YearMonthInterval(static_cast<IntervalField>(from), static_cast<IntervalField>(to));
    }
    case Kind::kArray: {
      ARROW_ASSIGN_OR_RAISE(DataType element, FromProto(type.array().element_type()));
      return DataType::Array(std::move(element), type.array().contains_null());
    }
    case Kind::kMap: {
      ARROW_ASSIGN_OR_RAISE(DataType key, FromProto(type.map().key_type()));
      ARROW_ASSIGN_OR_RAISE(DataType value, FromProto(type.map().value_type()));
      return DataType::Map(std::move(key), std::move(value), type.map().value_contains_null());
    }
    case Kind::kStruct: return FromStruct(type.struct_());
    case Kind::kUnparsed: return FromText(type.unparsed().data_type_string());
    case Kind::kUdt:
      return UnsupportedFeature("user-defined type " + (type.udt().python_class().empty() ? type.udt().jvm_class()
                                                                                          : type.udt().python_class()));
    case Kind::kVariant: return UnsupportedFeature("type VARIANT");
    case Kind::kTime: return UnsupportedFeature("type TIME");
    case Kind::kGeometry: return UnsupportedFeature("type GEOMETRY");
    case Kind::kGeography: return UnsupportedFeature("type GEOGRAPHY");
    default: return UnsupportedFeature("a data type that this version does not know");
  }
}

void ToProto(const DataType& type, proto::DataType* out) {
  switch (type.id()) {
    case TypeId::kVoid: out->mutable_null(); break;
    case TypeId::kBoolean: out->mutable_boolean(); break;
    case TypeId::kByte: out->mutable_byte(); break;
    case TypeId::kShort: out->mutable_short_(); break;
    case TypeId::kInteger: out->mutable_integer(); break;
    case TypeId::kLong: out->mutable_long_(); break;
    case TypeId::kFloat: out->mutable_float_(); break;
    case TypeId::kDouble: out->mutable_double_(); break;
    case TypeId::kDecimal:
      out->mutable_decimal()->set_precision(type.precision());
      out->mutable_decimal()->set_scale(type.scale());
      break;
    case TypeId::kString: out->mutable_string()->set_collation("UTF8_BINARY"); break;
    case TypeId::kBinary: out->mutable_binary(); break;
    case TypeId::kDate: out->mutable_date(); break;
    case TypeId::kTimestamp: out->mutable_timestamp(); break;
    case TypeId::kTimestampNtz: out->mutable_timestamp_ntz(); break;
    case TypeId::kDayTimeInterval:
      out->mutable_day_time_interval()->set_start_field(static_cast<int>(type.intervalStart()));
      out->mutable_day_time_interval()->set_end_field(static_cast<int>(type.intervalEnd()));
      break;
    case TypeId::kYearMonthInterval:
      out->mutable_year_month_interval()->set_start_field(static_cast<int>(type.intervalStart()));
      out->mutable_year_month_interval()->set_end_field(static_cast<int>(type.intervalEnd()));
      break;
    case TypeId::kCalendarInterval: out->mutable_calendar_interval(); break;
    case TypeId::kArray:
      ToProto(type.elementType(), out->mutable_array()->mutable_element_type());
      out->mutable_array()->set_contains_null(type.containsNull());
      break;
    case TypeId::kMap:
      ToProto(type.keyType(), out->mutable_map()->mutable_key_type());
      ToProto(type.valueType(), out->mutable_map()->mutable_value_type());
      out->mutable_map()->set_value_contains_null(type.containsNull());
      break;
    case TypeId::kStruct: {
      auto* message = out->mutable_struct_();
      for (const StructField& field : type.fields()) {
        auto* added = message->add_fields();
        added->set_name(field.name);
        ToProto(field.type, added->mutable_data_type());
        added->set_nullable(field.nullable);
        if (!field.metadata_json.empty()) added->set_metadata(field.metadata_json);
      }
      break;
    }
  }
}

}  // namespace sluice::connect
