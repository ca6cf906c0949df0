#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "sluice/types.h"
#include "sluice/value.h"

namespace sluice {

/// One row: values by position, and by name when it has a schema.
class Row {
 public:
  Row() = default;
  Row(std::initializer_list<Value> values) : values_(values) {}
  explicit Row(std::vector<Value> values, StructType schema = {})
      : values_(std::move(values)), schema_(std::move(schema)) {}

  size_t size() const { return values_.size(); }
  size_t length() const { return values_.size(); }
  const StructType& schema() const { return schema_; }
  const std::vector<Value>& values() const { return values_; }
  const Value& get(size_t i) const { return values_.at(i); }
  const Value& operator[](size_t i) const { return values_.at(i); }
  const Value& operator[](std::string_view name) const { return values_.at(fieldIndex(name)); }
  bool isNullAt(size_t i) const { return get(i).isNull(); }
  /// Throws sluice::Error FIELD_NOT_FOUND.
  size_t fieldIndex(std::string_view name) const;

  bool getBoolean(size_t i) const { return get(i).as<bool>(); }
  int8_t getByte(size_t i) const { return get(i).as<int8_t>(); }
  int16_t getShort(size_t i) const { return get(i).as<int16_t>(); }
  int32_t getInt(size_t i) const { return get(i).as<int32_t>(); }
  int64_t getLong(size_t i) const { return get(i).as<int64_t>(); }
  float getFloat(size_t i) const { return get(i).as<float>(); }
  double getDouble(size_t i) const { return get(i).as<double>(); }
  const std::string& getString(size_t i) const { return get(i).as<std::string>(); }
  const Decimal& getDecimal(size_t i) const { return get(i).as<Decimal>(); }
  Date getDate(size_t i) const { return get(i).as<Date>(); }
  Timestamp getTimestamp(size_t i) const { return get(i).as<Timestamp>(); }
  const ArrayValue& getSeq(size_t i) const { return get(i).asArray(); }
  const MapValue& getMap(size_t i) const { return get(i).asMap(); }
  const Row& getStruct(size_t i) const { return get(i).asRow(); }
  template <typename T>
  const T& getAs(size_t i) const {
    return get(i).as<T>();
  }
  template <typename T>
  const T& getAs(std::string_view name) const {
    return (*this)[name].as<T>();
  }

  bool operator==(const Row& other) const { return values_ == other.values_; }
  /// "[1,abc,null]"
  std::string toString() const;
  std::string mkString(std::string_view separator) const;

 private:
  std::vector<Value> values_;
  StructType schema_;
};

}  // namespace sluice
