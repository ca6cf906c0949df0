// DataFrame.transpose: rows become columns, so the rows have to be known first.
#include <arrow/array/concatenate.h>

#include "plan/transform.h"
#include "server/connect/translate/catalog_rows.h"
#include "server/connect/translate/relations.h"

namespace sluice::connect {

using namespace plan;  // NOLINT: this room speaks of little else

const ConfigEntry kTransposeMaxValues("spark.sql.transposeMaxValues", "500",
                                      "The most rows that DataFrame.transpose takes.");

namespace {

/// `columns` cast to the type they all share.
Result<ExprList> Common(const Attributes& columns, TranslateContext& context) {
  DataType type = columns.empty() ? DataType::Void() : *columns[0]->type;
  for (const auto& column : columns) {
    const DataType& other = *column->type;
    if (type.sameType(other)) continue;
    auto project = SelectOver(std::make_shared<OneRow>(),
                              {MakeCall("coalesce", {MakeLiteral(NullValue(type)), MakeLiteral(NullValue(other))})});
    auto analyzed = context.session.Analyze(project);
    // A text has a common type with texts alone.
    const bool texts = (type.id() == TypeId::kString) != (other.id() == TypeId::kString);
    if (texts || !analyzed.ok())
      return MakeError("TRANSPOSE_NO_LEAST_COMMON_TYPE",
                       {{"dt1", InDoubleQuotes(type.sql())}, {"dt2", InDoubleQuotes(other.sql())}});
    type = *(*analyzed)->output()[0]->type;
  }
  ExprList out;
  for (const auto& column : columns) out.push_back(MakeNamed(MakeCast(column, type), column->name));
  return out;
}

}  // namespace

Result<PlanPtr> FromTranspose(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.transpose();
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, ToPlan(message.input(), context));
  ARROW_ASSIGN_OR_RAISE(child, Analyzed(child, context));
  const Attributes output = child->output();
  if (output.empty()) return child;
  Inputs inputs(context, {child});
  ARROW_ASSIGN_OR_RAISE(ExprList indices, ToSelectList(message.index_columns(), inputs));
  if (indices.size() > 1)
    return MakeError("TRANSPOSE_INVALID_INDEX_COLUMN", {{"reason", "Multiple index columns are not supported"}});
  ExprPtr index = output[0];
  if (!indices.empty()) {
    ARROW_ASSIGN_OR_RAISE(PlanPtr selected, Analyzed(SelectOver(child, {indices[0]}), context));
    index = As<Project>(selected)->list[0];
    if (!As<Attribute>(index))
      return MakeError("TRANSPOSE_INVALID_INDEX_COLUMN", {{"reason", "Index column must be an atomic attribute"}});
  }
  const auto& index_column = *As<Attribute>(index);
  if (index_column.type->isNested())
    return MakeError("TRANSPOSE_INVALID_INDEX_COLUMN", {{"reason", "Index column must be of atomic type, but found: " +
                                                                       index_column.type->simpleString()}});
  Attributes others;
  for (const auto& attribute : output)
    if (attribute->id != index_column.id) others.push_back(attribute);
  ARROW_ASSIGN_OR_RAISE(ExprList columns, Common(others, context));

  ARROW_ASSIGN_OR_RAISE(const int64_t most, context.session.config().GetInt(kTransposeMaxValues));
  auto known = Over<Filter>(child);
  known->condition = MakeCall("isnotnull", {index});
  auto order = std::make_shared<SortOrder>();
  order->children = {index};
  auto sort = Over<Sort>(known);
  sort->orders = {order};
  auto limit = Over<Limit>(sort);
  limit->count = IntLiteral(most + 1);
  columns.insert(columns.begin(), MakeNamed(MakeCast(index, DataType::String()), "key"));
  ARROW_ASSIGN_OR_RAISE(PlanPtr analyzed, Analyzed(SelectOver(limit, std::move(columns)), context));
  ARROW_ASSIGN_OR_RAISE(auto batches, context.session.Collect(analyzed, context.cancel));
  const DataType value_type = others.empty() ? DataType::Void() : *analyzed->output()[1]->type;
  int64_t count = 0;
  for (const auto& batch : batches) count += batch->num_rows();
  if (count > most)
    return MakeError("TRANSPOSE_EXCEED_ROW_LIMIT",
                     {{"maxValues", std::to_string(most)}, {"config", "spark.sql.transposeMaxValues"}});

  std::vector<StructField> fields{CatalogRows::Text("key", false)};
  std::vector<std::vector<TypedValue>> rows;  // one per column of the input
  for (const auto& other : others) rows.push_back({StringValue(other->name)});
  for (const auto& batch : batches)
    for (int64_t r = 0; r < batch->num_rows(); ++r) {
      ARROW_ASSIGN_OR_RAISE(std::string name, StringOf({DataType::String(), batch->column(0)->Slice(r, 1)}));
      fields.push_back({std::move(name), value_type});
      for (size_t c = 0; c < others.size(); ++c)
        rows[c].push_back({value_type, batch->column(static_cast<int>(c) + 1)->Slice(r, 1)});
    }
  CatalogRows answer(std::move(fields));
  for (auto& row : rows) answer.Add(std::move(row));
  return answer.Finish();
}

}  // namespace sluice::connect
