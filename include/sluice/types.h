#pragma once
// Spark's data types as plain values: cheap to copy, compared by content.
// Source: Spark SQL guide, "Data Types". This header is free of Arrow; types/arrow_types.h converts.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

enum class TypeId : uint8_t {
  kVoid,
  kBoolean,
  kByte,
  kShort,
  kInteger,
  kLong,
  kFloat,
  kDouble,
  kDecimal,
  kString,
  kBinary,
  kDate,
  kTimestamp,     // instant, microseconds since epoch, shown in the session time zone
  kTimestampNtz,  // wall clock, microseconds
  kDayTimeInterval,
  kYearMonthInterval,
  kCalendarInterval,
  kArray,
  kMap,
  kStruct,
};

/// Interval fields, largest first; DAY..SECOND for day-time, YEAR..MONTH for year-month intervals.
enum class IntervalField : uint8_t { kYear = 0, kMonth = 1, kDay = 0, kHour = 1, kMinute = 2, kSecond = 3 };

struct StructField;

class DataType {
 public:
  DataType() = default;             // VOID
  DataType(TypeId id) : id_(id) {}  // NOLINT: a simple type reads as its id

  static DataType Void() { return TypeId::kVoid; }
  static DataType Boolean() { return TypeId::kBoolean; }
  static DataType Byte() { return TypeId::kByte; }
  static DataType Short() { return TypeId::kShort; }
  static DataType Integer() { return TypeId::kInteger; }
  static DataType Long() { return TypeId::kLong; }
  static DataType Float() { return TypeId::kFloat; }
  static DataType Double() { return TypeId::kDouble; }
  static DataType String() { return TypeId::kString; }
  static DataType Binary() { return TypeId::kBinary; }
  static DataType Date() { return TypeId::kDate; }
  static DataType Timestamp() { return TypeId::kTimestamp; }
  static DataType TimestampNtz() { return TypeId::kTimestampNtz; }
  static DataType CalendarInterval() { return TypeId::kCalendarInterval; }
  /// 1 <= precision <= 38, scale <= precision.
  static DataType Decimal(int precision = 10, int scale = 0);
  static DataType DayTimeInterval(IntervalField from = IntervalField::kDay, IntervalField to = IntervalField::kSecond);
  static DataType YearMonthInterval(IntervalField from = IntervalField::kYear,
                                    IntervalField to = IntervalField::kMonth);
  static DataType Array(DataType element, bool contains_null = true);
  static DataType Map(DataType key, DataType value, bool value_contains_null = true);
  static DataType Struct(std::vector<StructField> fields);
  /// Parses "INT", "array<string>", "DECIMAL(10,2)", "a INT, b STRING" (a struct) ...
  /// Throws sluice::Error PARSE_SYNTAX_ERROR or UNSUPPORTED_DATATYPE. Inside the engine use types/ddl.h.
  static DataType fromDDL(std::string_view ddl);

  TypeId id() const { return id_; }
  int precision() const { return a_; }  // DECIMAL
  int scale() const { return b_; }      // DECIMAL
  IntervalField intervalStart() const { return static_cast<IntervalField>(a_); }
  IntervalField intervalEnd() const { return static_cast<IntervalField>(b_); }
  const DataType& elementType() const;             // ARRAY
  const DataType& keyType() const;                 // MAP
  const DataType& valueType() const;               // MAP
  bool containsNull() const { return flag_; }      // ARRAY elements, MAP values
  const std::vector<StructField>& fields() const;  // STRUCT, else empty

  bool isNumeric() const { return id_ >= TypeId::kByte && id_ <= TypeId::kDecimal; }
  bool isIntegral() const { return id_ >= TypeId::kByte && id_ <= TypeId::kLong; }
  bool isFractional() const { return id_ >= TypeId::kFloat && id_ <= TypeId::kDecimal; }
  bool isNested() const { return id_ >= TypeId::kArray; }

  std::string typeName() const;      // "integer", "decimal(10,2)", "array"
  std::string simpleString() const;  // "int", "array<int>", "struct<a:int,b:string>"
  std::string sql() const;           // "INT", "ARRAY<INT>", "STRUCT<a: INT NOT NULL>"
  std::string json() const;          // Spark's schema JSON
  std::string treeString() const;    // as printSchema(); STRUCT only
  std::string toDDL() const;         // "a INT,b STRING"; STRUCT only

  /// Same type, ignoring nullability of elements, values and fields.
  bool sameType(const DataType& other) const;
  /// The type with every element, value and field nullable.
  DataType asNullable() const;
  bool operator==(const DataType& other) const;

 private:
  struct Children;
  TypeId id_ = TypeId::kVoid;
  uint8_t a_ = 0, b_ = 0;
  bool flag_ = true;
  std::shared_ptr<const Children> children_;
};

struct StructField {
  std::string name;
  DataType type;
  bool nullable = true;
  std::string
      metadata_json;  // "" or a JSON object, as in Spark's schema JSON ("comment", "__CHAR_VARCHAR_TYPE_STRING")

  bool operator==(const StructField&) const = default;
  /// COMMENT of the column, if any.
  std::optional<std::string> comment() const;
};

/// The schema of a DataFrame is a STRUCT; this names the intent.
using StructType = DataType;

}  // namespace sluice
