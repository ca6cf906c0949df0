#pragma once
// Values as programs hold them: what a Row is made of.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace sluice {

class Row;
class Value;

/// A decimal number in plain notation: "-12.50".
struct Decimal {
  std::string text;
  bool operator==(const Decimal&) const = default;
};
struct Binary {
  std::string bytes;
  bool operator==(const Binary&) const = default;
};
/// Days since 1970-01-01.
struct Date {
  int32_t days = 0;
  bool operator==(const Date&) const = default;
};
/// An instant: microseconds since the epoch, UTC.
struct Timestamp {
  int64_t micros = 0;
  bool operator==(const Timestamp&) const = default;
};
/// A wall clock: microseconds since 1970-01-01 00:00:00 local.
struct TimestampNTZ {
  int64_t micros = 0;
  bool operator==(const TimestampNTZ&) const = default;
};
struct DayTimeInterval {
  int64_t micros = 0;
  bool operator==(const DayTimeInterval&) const = default;
};
struct YearMonthInterval {
  int32_t months = 0;
  bool operator==(const YearMonthInterval&) const = default;
};
struct CalendarInterval {
  int32_t months = 0, days = 0;
  int64_t micros = 0;
  bool operator==(const CalendarInterval&) const = default;
};

using ArrayValue = std::vector<Value>;
using MapValue = std::vector<std::pair<Value, Value>>;

/// One value of any Spark type, NULL included. Nested values are shared between copies.
class Value {
 public:
  Value() = default;                                      // NULL
  Value(std::nullptr_t) {}                                // NOLINT: values read as what they are
  Value(bool v) : data_(v) {}                             // NOLINT
  Value(int8_t v) : data_(v) {}                           // NOLINT
  Value(int16_t v) : data_(v) {}                          // NOLINT
  Value(int32_t v) : data_(v) {}                          // NOLINT
  Value(int64_t v) : data_(v) {}                          // NOLINT
  Value(long long v) : data_(static_cast<int64_t>(v)) {}  // NOLINT
  Value(float v) : data_(v) {}                            // NOLINT
  Value(double v) : data_(v) {}                           // NOLINT
  Value(const char* v) : data_(std::string(v)) {}         // NOLINT
  Value(std::string v) : data_(std::move(v)) {}           // NOLINT
  Value(Decimal v) : data_(std::move(v)) {}               // NOLINT
  Value(Binary v) : data_(std::move(v)) {}                // NOLINT
  Value(Date v) : data_(v) {}                             // NOLINT
  Value(Timestamp v) : data_(v) {}                        // NOLINT
  Value(TimestampNTZ v) : data_(v) {}                     // NOLINT
  Value(DayTimeInterval v) : data_(v) {}                  // NOLINT
  Value(YearMonthInterval v) : data_(v) {}                // NOLINT
  Value(CalendarInterval v) : data_(v) {}                 // NOLINT
  Value(ArrayValue v);                                    // NOLINT
  Value(MapValue v);                                      // NOLINT
  Value(Row v);                                           // NOLINT

  bool isNull() const { return std::holds_alternative<std::monostate>(data_); }
  template <typename T>
  bool is() const {
    return std::holds_alternative<T>(data_);
  }
  /// Throws std::bad_variant_access for another type.
  template <typename T>
  const T& as() const {
    return std::get<T>(data_);
  }
  const ArrayValue& asArray() const { return *std::get<std::shared_ptr<const ArrayValue>>(data_); }
  const MapValue& asMap() const { return *std::get<std::shared_ptr<const MapValue>>(data_); }
  const Row& asRow() const { return *std::get<std::shared_ptr<const Row>>(data_); }
  bool isArray() const { return std::holds_alternative<std::shared_ptr<const ArrayValue>>(data_); }
  bool isMap() const { return std::holds_alternative<std::shared_ptr<const MapValue>>(data_); }
  bool isRow() const { return std::holds_alternative<std::shared_ptr<const Row>>(data_); }

  bool operator==(const Value& other) const;
  /// As Scala prints it: null, 1, abc, 2025-01-01, [1,2], Map(a -> 1).
  std::string toString() const;

 private:
  std::variant<std::monostate, bool, int8_t, int16_t, int32_t, int64_t, float, double, std::string, Decimal, Binary,
               Date, Timestamp, TimestampNTZ, DayTimeInterval, YearMonthInterval, CalendarInterval,
               std::shared_ptr<const ArrayValue>, std::shared_ptr<const MapValue>, std::shared_ptr<const Row>>
      data_;
};

}  // namespace sluice
