#pragma once
#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/types.h"
#include "sluice/value.h"

namespace sluice {

namespace plan {
struct Expression;  // internal
}
class Column;
class WindowSpec;

/// What a Column can be compared or combined with: values, not names.
template <typename T>
concept LiteralValue = std::convertible_to<T, Value> && !std::derived_from<std::remove_cvref_t<T>, Column>;

/// An expression over the columns of a DataFrame. A string where a Column is wanted names a column;
/// a string combined with one (col("a") == "x") is a value.
class Column {
 public:
  Column(const char* name) : Column(std::string(name)) {}  // NOLINT: names read as columns
  Column(std::string name);                                // NOLINT; "a.b" and "*" and "t.*" as in Spark
  explicit Column(std::shared_ptr<const plan::Expression> expr) : expr_(std::move(expr)) {}

#define SLUICE_COLUMN_OPERATOR(op, name)                                      \
  Column op(const Column& other) const { return binary(name, *this, other); } \
  template <LiteralValue T>                                                   \
  Column op(const T& value) const {                                           \
    return binary(name, *this, literal(value));                               \
  }
  SLUICE_COLUMN_OPERATOR(operator==, "==")
  SLUICE_COLUMN_OPERATOR(operator!=, "!=")
  SLUICE_COLUMN_OPERATOR(operator<, "<")
  SLUICE_COLUMN_OPERATOR(operator<=, "<=")
  SLUICE_COLUMN_OPERATOR(operator>, ">")
  SLUICE_COLUMN_OPERATOR(operator>=, ">=")
  SLUICE_COLUMN_OPERATOR(operator+, "+")
  SLUICE_COLUMN_OPERATOR(operator-, "-")
  SLUICE_COLUMN_OPERATOR(operator*, "*")
  SLUICE_COLUMN_OPERATOR(operator/, "/")
  SLUICE_COLUMN_OPERATOR(operator%, "%")
  SLUICE_COLUMN_OPERATOR(operator&&, "and")
  SLUICE_COLUMN_OPERATOR(operator||, "or")
  SLUICE_COLUMN_OPERATOR(eqNullSafe, "<=>")
  SLUICE_COLUMN_OPERATOR(bitwiseAND, "&")
  SLUICE_COLUMN_OPERATOR(bitwiseOR, "|")
  SLUICE_COLUMN_OPERATOR(bitwiseXOR, "^")
#undef SLUICE_COLUMN_OPERATOR
  Column operator!() const;
  Column operator-() const;

  Column as(std::string name) const;
  Column as(std::vector<std::string> names) const;  // of a generator
  Column alias(std::string name) const { return as(std::move(name)); }
  Column name(std::string n) const { return as(std::move(n)); }
  Column cast(const DataType& to) const;
  Column cast(std::string_view to) const;
  Column try_cast(const DataType& to) const;
  Column try_cast(std::string_view to) const;
  Column isNull() const;
  Column isNotNull() const;
  Column isNaN() const;
  Column isin(const std::vector<Column>& list) const;
  template <LiteralValue... T>
  Column isin(const T&... values) const {
    return isin(std::vector<Column>{literal(values)...});
  }
  template <LiteralValue A, LiteralValue B>
  Column between(const A& lower, const B& upper) const {
    return between(literal(lower), literal(upper));
  }
  Column between(const Column& lower, const Column& upper) const;
  Column like(std::string_view pattern) const;
  Column ilike(std::string_view pattern) const;
  Column rlike(std::string_view pattern) const;
  Column startsWith(const Column& other) const;
  Column endsWith(const Column& other) const;
  Column contains(const Column& other) const;
  template <LiteralValue T>
  Column startsWith(const T& v) const {
    return startsWith(literal(v));
  }
  template <LiteralValue T>
  Column endsWith(const T& v) const {
    return endsWith(literal(v));
  }
  template <LiteralValue T>
  Column contains(const T& v) const {
    return contains(literal(v));
  }
  Column substr(int start, int length) const;
  /// Field of a struct, key of a map or element of an array.
  Column getItem(const Value& key) const;
  Column getField(std::string name) const;
  Column operator[](const Value& key) const { return getItem(key); }
  Column withField(std::string name, const Column& value) const;
  Column dropFields(std::vector<std::string> names) const;
  /// CASE: functions::when(...).when(...).otherwise(...).
  Column when(const Column& condition, const Column& value) const;
  Column otherwise(const Column& value) const;
  template <LiteralValue T>
  Column when(const Column& condition, const T& value) const {
    return when(condition, literal(value));
  }
  template <LiteralValue T>
  Column otherwise(const T& value) const {
    return otherwise(literal(value));
  }
  Column asc() const;
  Column desc() const;
  Column asc_nulls_first() const;
  Column asc_nulls_last() const;
  Column desc_nulls_first() const;
  Column desc_nulls_last() const;

  /// As Spark prints it: "(a + 1)".
  std::string toString() const;

  // For the library.
  static Column literal(const Value& value);
  static Column binary(const char* function, const Column& left, const Column& right);
  const std::shared_ptr<const plan::Expression>& expr() const { return expr_; }

 private:
  std::shared_ptr<const plan::Expression> expr_;
};

// A value on the left: 1 + col("a").
#define SLUICE_REVERSED_OPERATOR(op, name)                       \
  template <LiteralValue T>                                      \
  Column op(const T& value, const Column& column) {              \
    return Column::binary(name, Column::literal(value), column); \
  }
SLUICE_REVERSED_OPERATOR(operator+, "+")
SLUICE_REVERSED_OPERATOR(operator-, "-")
SLUICE_REVERSED_OPERATOR(operator*, "*")
SLUICE_REVERSED_OPERATOR(operator/, "/")
SLUICE_REVERSED_OPERATOR(operator%, "%")
#undef SLUICE_REVERSED_OPERATOR

}  // namespace sluice
