// Relations whose select list follows from the columns of their input.
#include <algorithm>

#include "plan/transform.h"
#include "server/connect/translate/match_schema.h"
#include "server/connect/translate/relations.h"
#include "server/connect/translate/types.h"

namespace sluice::connect {

// Clients before 4.0 send them.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

struct Input {
  PlanPtr plan;
  Attributes output;
};
Result<Input> AnalyzedInput(const proto::Relation& relation, TranslateContext& context) {
  ARROW_ASSIGN_OR_RAISE(PlanPtr plan, ToPlan(relation, context));
  ARROW_ASSIGN_OR_RAISE(plan, Analyzed(plan, context));
  return Input{plan, plan->output()};
}

}  // namespace

Result<PlanPtr> FromWithColumns(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.with_columns();
  ARROW_ASSIGN_OR_RAISE(Input input, AnalyzedInput(message.input(), context));
  Inputs inputs(context, {input.plan});
  std::vector<ExprPtr> added;
  for (const auto& alias : message.aliases()) {
    if (alias.name_size() != 1) return InvalidPlan("WithColumns require column name only contains one name part");
    for (const auto& earlier : added)
      if (SameName(As<Alias>(earlier)->name, alias.name(0), context))
        return MakeError("COLUMN_ALREADY_EXISTS", {{"columnName", QuoteIdentifier(session::LowerCase(alias.name(0)))}});
    ARROW_ASSIGN_OR_RAISE(ExprPtr value, ToExpression(alias.expr(), inputs));
    auto named = std::make_shared<Alias>();
    named->children = {value};
    named->name = alias.name(0);
    named->metadata_json = alias.metadata() == "{}" ? "" : alias.metadata();
    added.push_back(named);
  }
  ExprList list;
  std::vector<bool> used(added.size(), false);
  for (const auto& attribute : input.output) {
    ExprPtr item = attribute;
    for (size_t i = 0; i < added.size(); ++i) {
      if (!SameName(As<Alias>(added[i])->name, attribute->name, context)) continue;
      item = added[i];
      used[i] = true;
    }
    list.push_back(item);
  }
  for (size_t i = 0; i < added.size(); ++i)
    if (!used[i]) list.push_back(added[i]);
  return SelectOver(input.plan, std::move(list));
}

Result<PlanPtr> FromWithColumnsRenamed(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.with_columns_renamed();
  ARROW_ASSIGN_OR_RAISE(Input input, AnalyzedInput(message.input(), context));
  std::vector<std::pair<std::string, std::string>> renames;
  for (const auto& rename : message.renames()) renames.emplace_back(rename.col_name(), rename.new_col_name());
  if (renames.empty()) renames.assign(message.rename_columns_map().begin(), message.rename_columns_map().end());
  ExprList list;
  for (const auto& attribute : input.output) {
    // One after the other: what a rename gives may be renamed again.
    std::string name = attribute->name;
    bool renamed = false;
    for (const auto& [from, to] : renames) {
      if (!SameName(name, from, context)) continue;
      name = to;
      renamed = true;
    }
    list.push_back(renamed ? MakeNamed(attribute, name) : ExprPtr(attribute));
  }
  return SelectOver(input.plan, std::move(list));
}

Result<PlanPtr> FromDrop(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.drop();
  ARROW_ASSIGN_OR_RAISE(Input input, AnalyzedInput(message.input(), context));
  Inputs inputs(context, {input.plan});
  std::vector<ExprPtr> dropped;
  for (const auto& expression : message.columns()) {
    auto column = ToExpression(expression, inputs);
    if (!column.ok() && ConditionOf(column.status()) == "CANNOT_RESOLVE_DATAFRAME_COLUMN") return column.status();
    ARROW_RETURN_NOT_OK(column.status());
    if (const auto* name = As<UnresolvedAttribute>(*column)) {
      column = ResolveOver(input.plan, name->parts, context);
      if (!column.ok() && ConditionOf(column.status()).rfind("UNRESOLVED_COLUMN", 0) == 0)
        continue;  // not there: nothing to drop
      ARROW_RETURN_NOT_OK(column.status());
    }
    dropped.push_back(*column);
  }
  ExprList list;
  for (const auto& attribute : input.output) {
    const bool by_name = std::any_of(message.column_names().begin(), message.column_names().end(),
                                     [&](const std::string& name) { return SameName(name, attribute->name, context); });
    const bool by_column = std::any_of(dropped.begin(), dropped.end(), [&](const ExprPtr& e) {
      const auto* column = As<Attribute>(e);
      return column && column->id == attribute->id;
    });
    if (!by_name && !by_column) list.push_back(attribute);
  }
  return SelectOver(input.plan, std::move(list));
}

Result<PlanPtr> FromToDF(const proto::Relation& relation, TranslateContext& context) {
  const auto& names = relation.to_df().column_names();
  ARROW_ASSIGN_OR_RAISE(Input input, AnalyzedInput(relation.to_df().input(), context));
  if (static_cast<size_t>(names.size()) != input.output.size())
    return MakeError("ASSIGNMENT_ARITY_MISMATCH",
                     {{"numTarget", std::to_string(names.size())}, {"numExpr", std::to_string(input.output.size())}});
  ExprList list;
  for (size_t i = 0; i < input.output.size(); ++i)
    list.push_back(MakeNamed(input.output[i], names[static_cast<int>(i)]));
  return SelectOver(input.plan, std::move(list));
}

Result<PlanPtr> FromToSchema(const proto::Relation& relation, TranslateContext& context) {
  ARROW_ASSIGN_OR_RAISE(DataType schema, FromProto(relation.to_schema().schema()));
  if (schema.id() != TypeId::kStruct) return InvalidPlan("The schema of DataFrame.to is no struct.");
  ARROW_ASSIGN_OR_RAISE(Input input, AnalyzedInput(relation.to_schema().input(), context));
  ARROW_ASSIGN_OR_RAISE(ExprList list, MatchSchema(input.output, schema, context));
  return SelectOver(input.plan, std::move(list));
}

Result<PlanPtr> FromUnpivot(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.unpivot();
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, ToPlan(message.input(), context));
  Inputs inputs(context, {child});
  auto unpivot = std::make_shared<Unpivot>();
  ARROW_ASSIGN_OR_RAISE(unpivot->ids, ToSelectList(message.ids(), inputs));
  if (message.has_values()) {
    ARROW_ASSIGN_OR_RAISE(ExprList values, ToSelectList(message.values().values(), inputs));
    unpivot->values.emplace();
    for (auto& value : values) unpivot->values->push_back({std::move(value)});
  }
  unpivot->name_column = message.variable_column_name();
  unpivot->value_columns = {message.value_column_name()};
  unpivot->include_nulls = true;
  unpivot->children = {inputs.plan()};
  return PlanPtr(unpivot);
}

}  // namespace sluice::connect
