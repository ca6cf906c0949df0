#include "server/connect/translate/catalog_rows.h"

#include <arrow/builder.h>
#include <arrow/util/logging.h>

#include "server/connect/translate/literals.h"
#include "types/arrow_types.h"

namespace sluice::connect {

Result<plan::PlanPtr> CatalogRows::Finish() const {
  const DataType schema = DataType::Struct(fields_);
  arrow::ArrayVector columns;
  for (size_t c = 0; c < fields_.size(); ++c) {
    std::vector<TypedValue> values;
    for (const auto& row : rows_) values.push_back(row[c]);
    ARROW_ASSIGN_OR_RAISE(auto column, Concatenate(values, fields_[c].type));
    columns.push_back(std::move(column));
  }
  return session::MakeLocalRelation(
      schema,
      {arrow::RecordBatch::Make(ToArrowSchema(schema), static_cast<int64_t>(rows_.size()), std::move(columns))});
}

Result<plan::PlanPtr> CatalogRows::OneFlag(bool value) {
  CatalogRows rows({Flag("value")});
  rows.Add({BooleanValue(value)});
  return rows.Finish();
}

Result<plan::PlanPtr> CatalogRows::OneText(const std::string& value) {
  CatalogRows rows({Text("value")});
  rows.Add({StringValue(value)});
  return rows.Finish();
}

Result<plan::PlanPtr> CatalogRows::Nothing() { return CatalogRows({Text("value", false)}).Finish(); }

TypedValue TextOrNull(const std::optional<std::string>& text) {
  return text ? StringValue(*text) : NullValue(DataType::String());
}

TypedValue NamesValue(const std::vector<std::string>& names) {
  const DataType type = DataType::Array(DataType::String());
  auto values = std::make_shared<arrow::StringBuilder>();
  arrow::ListBuilder list(arrow::default_memory_pool(), values, ToArrowType(type));
  ARROW_CHECK_OK(list.Append());
  for (const auto& name : names) ARROW_CHECK_OK(values->Append(name));
  return {type, list.Finish().ValueOrDie()};
}

}  // namespace sluice::connect
