#pragma once
// Answers of spark.catalog: rows of Spark's own shape, as a relation.
#include "server/connect/translate/translate.h"

namespace sluice::connect {

class CatalogRows {
 public:
  explicit CatalogRows(std::vector<StructField> fields) : fields_(std::move(fields)) {}
  static StructField Text(const char* name, bool nullable = true) { return {name, DataType::String(), nullable}; }
  static StructField Flag(const char* name) { return {name, DataType::Boolean(), false}; }
  static StructField Names(const char* name) { return {name, DataType::Array(DataType::String())}; }

  void Add(std::vector<TypedValue> row) { rows_.push_back(std::move(row)); }
  Result<plan::PlanPtr> Finish() const;

  /// One row with one column, `value`.
  static Result<plan::PlanPtr> OneFlag(bool value);
  static Result<plan::PlanPtr> OneText(const std::string& value);
  /// What methods without a result answer.
  static Result<plan::PlanPtr> Nothing();

 private:
  std::vector<StructField> fields_;
  std::vector<std::vector<TypedValue>> rows_;
};

TypedValue TextOrNull(const std::optional<std::string>& text);
TypedValue NamesValue(const std::vector<std::string>& names);

}  // namespace sluice::connect
