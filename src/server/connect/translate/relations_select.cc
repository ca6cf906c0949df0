// Relations over one input that pick rows and columns.
#include <random>

#include "base/config.h"
#include "plan/transform.h"
#include "server/connect/translate/relations.h"
#include "sql/parser.h"

namespace sluice::connect {

using namespace plan;  // NOLINT: this room speaks of little else

Result<PlanPtr> FromProject(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.project();
  PlanPtr child = std::make_shared<OneRow>();
  if (message.has_input()) {
    ARROW_ASSIGN_OR_RAISE(child, ToPlan(message.input(), context));
  }
  Inputs inputs(context, {child});
  ARROW_ASSIGN_OR_RAISE(ExprList list, ToSelectList(message.expressions(), inputs));
  return SelectOver(inputs.plan(), std::move(list));
}

Result<PlanPtr> FromFilter(const proto::Relation& relation, TranslateContext& context) {
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, ToPlan(relation.filter().input(), context));
  Inputs inputs(context, {child}, /*keep_hidden=*/true);
  ARROW_ASSIGN_OR_RAISE(ExprPtr condition, ToExpression(relation.filter().condition(), inputs));
  auto filter = Over<Filter>(inputs.plan());
  filter->condition = condition;
  return PlanPtr(filter);
}

Result<PlanPtr> FromSort(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.sort();
  if (message.order_size() == 0) return InvalidPlan("'order' must be present and contain elements.");
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, ToPlan(message.input(), context));
  Inputs inputs(context, {child}, /*keep_hidden=*/true);
  ARROW_ASSIGN_OR_RAISE(ExprList orders, ToSortOrders(message.order(), inputs));
  auto sort = Over<Sort>(inputs.plan());
  sort->orders = std::move(orders);
  sort->global = message.is_global();
  return PlanPtr(sort);
}

Result<PlanPtr> FromLimit(const proto::Relation& relation, TranslateContext& context) {
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, ToPlan(relation.limit().input(), context));
  auto limit = Over<Limit>(child);
  limit->count = IntLiteral(relation.limit().limit());
  return PlanPtr(limit);
}

Result<PlanPtr> FromOffset(const proto::Relation& relation, TranslateContext& context) {
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, ToPlan(relation.offset().input(), context));
  auto offset = Over<Offset>(child);
  offset->count = IntLiteral(relation.offset().offset());
  return PlanPtr(offset);
}

Result<PlanPtr> FromTail(const proto::Relation& relation, TranslateContext& context) {
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, ToPlan(relation.tail().input(), context));
  const int32_t count = relation.tail().limit();
  if (count < 0)
    return MakeError("INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE",
                     {{"name", "tail"}, {"expr", InDoubleQuotes(std::to_string(count))}, {"v", std::to_string(count)}});
  auto tail = Over<Tail>(child);
  tail->count = count;
  return PlanPtr(tail);
}

Result<PlanPtr> FromSample(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.sample();
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, ToPlan(message.input(), context));
  if (message.deterministic_order()) {
    // randomSplit: all its parts must see the rows in one order. Maps have none.
    ARROW_ASSIGN_OR_RAISE(child, Analyzed(child, context));
    auto sort = Over<Sort>(child);
    sort->global = false;
    for (const auto& attribute : child->output()) {
      if (attribute->type->id() == TypeId::kMap) continue;
      auto order = std::make_shared<SortOrder>();
      order->children = {attribute};
      sort->orders.push_back(order);
    }
    if (!sort->orders.empty()) child = sort;
  }
  auto sample = Over<Sample>(child);
  sample->lower = message.lower_bound();
  sample->upper = message.upper_bound();
  sample->with_replacement = message.with_replacement();
  sample->seed = message.has_seed() ? message.seed() : static_cast<int64_t>(std::random_device{}());
  return PlanPtr(sample);
}

Result<PlanPtr> FromSubqueryAlias(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.subquery_alias();
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, ToPlan(message.input(), context));
  auto alias = Over<SubqueryAlias>(child);
  alias->name.assign(message.qualifier().begin(), message.qualifier().end());
  alias->name.push_back(message.alias());
  return PlanPtr(alias);
}

Result<PlanPtr> FromHint(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.hint();
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, ToPlan(message.input(), context));
  Inputs inputs(context, {child});
  ARROW_ASSIGN_OR_RAISE(ExprList parameters, ToExpressions(message.parameters(), inputs));
  auto hint = Over<Hint>(inputs.plan());
  hint->name = message.name();
  for (const auto& parameter : parameters) hint->parameters.push_back(ExpressionName(*parameter));
  return PlanPtr(hint);
}

Result<PlanPtr> FromWatermark(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.with_watermark();
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, ToPlan(message.input(), context));
  auto watermark = Over<EventTimeWatermark>(child);
  auto delay = ParseDurationUs(message.delay_threshold());
  if (!delay.ok()) return MakeError("CANNOT_PARSE_INTERVAL", {{"intervalString", message.delay_threshold()}});
  if (*delay < 0)
    return MakeError("INTERNAL_ERROR", {{"message", "requirement failed: delay threshold (" +
                                                        message.delay_threshold() + ") should not be negative."}});
  auto event_time = std::make_shared<UnresolvedAttribute>();
  ARROW_ASSIGN_OR_RAISE(event_time->parts, ColumnParts(message.event_time()));
  watermark->event_time = event_time;
  watermark->delay_us = *delay;
  watermark->delay_text = message.delay_threshold();
  return PlanPtr(watermark);
}

Result<PlanPtr> FromDeduplicate(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.deduplicate();
  if (!message.has_input()) return InvalidPlan("Deduplicate needs a plan input");
  if (message.all_columns_as_keys() && message.column_names_size() > 0)
    return InvalidPlan("Cannot deduplicate on both all columns and a subset of columns");
  if (!message.all_columns_as_keys() && message.column_names_size() == 0)
    return InvalidPlan("Deduplicate requires to either deduplicate on all columns or a subset of columns");
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, ToPlan(message.input(), context));
  ARROW_ASSIGN_OR_RAISE(child, Analyzed(child, context));
  auto deduplicate = Over<Deduplicate>(child);
  deduplicate->column_names.assign(message.column_names().begin(), message.column_names().end());
  deduplicate->within_watermark = message.within_watermark();
  const Attributes output = child->output();
  for (const auto& name : deduplicate->column_names)
    if (std::none_of(output.begin(), output.end(), [&](const auto& a) { return SameName(a->name, name, context); }))
      return InvalidPlan("Invalid deduplicate column " + name);
  return PlanPtr(deduplicate);
}

Result<PlanPtr> FromRepartition(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.repartition();
  if (message.num_partitions() <= 0)
    return MakeError("INTERNAL_ERROR",
                     {{"message", "requirement failed: Number of partitions (" +
                                      std::to_string(message.num_partitions()) + ") must be positive."}});
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, ToPlan(message.input(), context));
  auto repartition = Over<Repartition>(child);
  repartition->num_partitions = message.num_partitions();
  repartition->shuffle = message.shuffle();
  return PlanPtr(repartition);
}

Result<PlanPtr> FromRepartitionByExpression(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.repartition_by_expression();
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, ToPlan(message.input(), context));
  Inputs inputs(context, {child});
  ExprList keys;
  for (const auto& expression : message.partition_exprs()) {
    // repartitionByRange sends orders; without a range exchange the engine spreads rows by the same keys.
    const bool ordered = expression.has_sort_order();
    ARROW_ASSIGN_OR_RAISE(ExprPtr key, ToExpression(ordered ? expression.sort_order().child() : expression, inputs));
    keys.push_back(std::move(key));
  }
  auto repartition = Over<Repartition>(inputs.plan());
  repartition->keys = std::move(keys);
  if (message.has_num_partitions()) repartition->num_partitions = message.num_partitions();
  return PlanPtr(repartition);
}

}  // namespace sluice::connect
