// What commands answer with.
#include <arrow/builder.h>
#include <arrow/util/logging.h>

#include <algorithm>

#include "session/session.h"
#include "types/arrow_types.h"

namespace sluice::session {

ResultRows::ResultRows(std::vector<std::string> columns, std::vector<std::string> flags)
    : columns_(std::move(columns)), flags_(std::move(flags)) {}

plan::PlanPtr ResultRows::Finish() const {
  std::vector<StructField> fields;
  arrow::ArrayVector arrays;
  for (size_t c = 0; c < columns_.size(); ++c) {
    const bool flag = std::find(flags_.begin(), flags_.end(), columns_[c]) != flags_.end();
    std::shared_ptr<arrow::Array> array;
    bool nullable = false;
    if (flag) {
      arrow::BooleanBuilder builder;
      for (const auto& row : rows_) ARROW_CHECK_OK(builder.Append(row[c] == "true"));
      array = builder.Finish().ValueOrDie();
    } else {
      arrow::StringBuilder builder;
      for (const auto& row : rows_) {
        nullable = nullable || !row[c];
        ARROW_CHECK_OK(row[c] ? builder.Append(*row[c]) : builder.AppendNull());
      }
      array = builder.Finish().ValueOrDie();
    }
    fields.push_back({columns_[c], flag ? DataType::Boolean() : DataType::String(), nullable, ""});
    arrays.push_back(std::move(array));
  }
  DataType schema = DataType::Struct(std::move(fields));
  auto batch = arrow::RecordBatch::Make(ToArrowSchema(schema), static_cast<int64_t>(rows_.size()), arrays);
  return MakeLocalRelation(schema, {batch});
}

plan::PlanPtr EmptyResult() { return MakeLocalRelation(DataType::Struct({}), {}); }

plan::PlanPtr MakeLocalRelation(const DataType& schema, Batches batches) {
  auto relation = std::make_shared<plan::LocalRelation>();
  for (const auto& field : schema.fields()) {
    auto attribute = std::make_shared<plan::Attribute>(*plan::MakeAttribute(field.name, field.type, field.nullable));
    attribute->metadata_json = field.metadata_json;
    relation->attributes.push_back(attribute);
  }
  relation->batches = std::move(batches);
  relation->resolved = true;
  return relation;
}

}  // namespace sluice::session
