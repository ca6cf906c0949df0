// groupBy, rollup, cube, groupingSets and pivot.
#include "plan/transform.h"
#include "server/connect/translate/literals.h"
#include "server/connect/translate/relations.h"

namespace sluice::connect {

using namespace plan;  // NOLINT: this room speaks of little else

const ConfigEntry kPivotMaxValues("spark.sql.pivotMaxValues", "10000",
                                  "The most values a pivot may have whose values are not listed.");

namespace {

ExprPtr Unnamed(const ExprPtr& expr) { return As<Alias>(expr) ? expr->children[0] : expr; }

/// The distinct values of `column`, sorted: what groupBy().pivot(column) means without a list.
Result<ExprList> PivotValues(const PlanPtr& child, const ExprPtr& column, TranslateContext& context) {
  ARROW_ASSIGN_OR_RAISE(int64_t most, context.session.config().GetInt(kPivotMaxValues));
  auto limit = Over<Limit>(Over<Distinct>(SelectOver(child, {MakeNamed(column, "value")})));
  limit->count = IntLiteral(most + 1);
  auto sort = Over<Sort>(limit);
  auto order = std::make_shared<SortOrder>();
  auto name = std::make_shared<UnresolvedAttribute>();
  name->parts = {"value"};
  order->children = {name};
  sort->orders = {order};
  ARROW_ASSIGN_OR_RAISE(PlanPtr analyzed, Analyzed(sort, context));
  const DataType type = *analyzed->output()[0]->type;
  ARROW_ASSIGN_OR_RAISE(auto batches, context.session.Collect(analyzed, context.cancel));
  ExprList values;
  for (const auto& batch : batches)
    for (int64_t row = 0; row < batch->num_rows(); ++row)
      values.push_back(MakeLiteral({type, batch->column(0)->Slice(row, 1)}));
  if (static_cast<int64_t>(values.size()) > most)
    return MakeError("_LEGACY_ERROR_TEMP_1324", {{"pivotColumn", ExpressionName(*column)},
                                                 {"maxValues", std::to_string(most)},
                                                 {"config", kPivotMaxValues.key}});
  return values;
}

/// The sets name their columns anew, by another spelling perhaps: they are told apart as resolved.
Status AddGroupingSets(const proto::Aggregate& message, Inputs& inputs, Aggregate* aggregate) {
  if (message.grouping_sets_size() == 0) return Status::OK();
  ExprList columns = aggregate->grouping;
  std::vector<size_t> sizes;
  for (const auto& set : message.grouping_sets()) {
    ARROW_ASSIGN_OR_RAISE(ExprList members, ToExpressions(set.grouping_set(), inputs));
    sizes.push_back(members.size());
    for (const auto& member : members) columns.push_back(Unnamed(member));
  }
  ARROW_ASSIGN_OR_RAISE(PlanPtr selected, Analyzed(SelectOver(inputs.plan(), columns), inputs.context()));
  const ExprList& resolved = As<Project>(selected)->list;
  std::vector<ExprPtr> known;
  for (size_t i = 0; i < aggregate->grouping.size(); ++i) known.push_back(Unnamed(resolved[i]));
  size_t next = known.size();
  for (size_t size : sizes) {
    std::vector<int> indexes;
    for (size_t end = next + size; next < end; ++next) {
      size_t at = 0;
      while (at < known.size() && !SameExpression(*known[at], *Unnamed(resolved[next]))) ++at;
      if (at == known.size()) {
        known.push_back(Unnamed(resolved[next]));
        aggregate->grouping.push_back(columns[next]);
      }
      indexes.push_back(static_cast<int>(at));
    }
    aggregate->grouping_sets.push_back(std::move(indexes));
  }
  return Status::OK();
}

}  // namespace

Result<PlanPtr> FromAggregate(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.aggregate();
  if (!message.has_input()) return InvalidPlan("Aggregate needs a plan input");
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, ToPlan(message.input(), context));
  Inputs inputs(context, {child});
  ARROW_ASSIGN_OR_RAISE(ExprList grouping, ToSelectList(message.grouping_expressions(), inputs));
  ARROW_ASSIGN_OR_RAISE(ExprList aggregates, ToSelectList(message.aggregate_expressions(), inputs));

  using Message = proto::Aggregate;
  if (message.group_type() == Message::GROUP_TYPE_PIVOT) {
    if (!message.has_pivot()) return InvalidPlan("Aggregate with GROUP_TYPE_PIVOT requires a Pivot");
    auto pivot = std::make_shared<Pivot>();
    ARROW_ASSIGN_OR_RAISE(pivot->column, ToExpression(message.pivot().col(), inputs));
    for (const auto& literal : message.pivot().values()) {
      ARROW_ASSIGN_OR_RAISE(TypedValue value, FromProto(literal));
      pivot->values.push_back(MakeLiteral(std::move(value)));
    }
    if (pivot->values.empty()) {
      ARROW_ASSIGN_OR_RAISE(pivot->values, PivotValues(inputs.plan(), pivot->column, context));
    }
    pivot->grouping = std::move(grouping);
    pivot->has_grouping = true;
    pivot->aggregates = std::move(aggregates);
    pivot->children = {inputs.plan()};
    return PlanPtr(pivot);
  }

  auto aggregate = std::make_shared<Aggregate>();
  switch (message.group_type()) {
    case Message::GROUP_TYPE_GROUPBY: break;
    case Message::GROUP_TYPE_ROLLUP: aggregate->grouping_kind = GroupingKind::kRollup; break;
    case Message::GROUP_TYPE_CUBE: aggregate->grouping_kind = GroupingKind::kCube; break;
    case Message::GROUP_TYPE_GROUPING_SETS: aggregate->grouping_kind = GroupingKind::kGroupingSets; break;
    default: return InvalidPlan("Unknown Group Type " + std::to_string(message.group_type()));
  }
  for (const auto& item : grouping) aggregate->grouping.push_back(Unnamed(item));
  ARROW_RETURN_NOT_OK(AddGroupingSets(message, inputs, aggregate.get()));
  aggregate->aggregates = std::move(grouping);
  aggregate->aggregates.insert(aggregate->aggregates.end(), aggregates.begin(), aggregates.end());
  aggregate->children = {inputs.plan()};
  return PlanPtr(aggregate);
}

}  // namespace sluice::connect
