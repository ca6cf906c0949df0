// GROUP BY and global aggregates, brought to one form: groupings are attributes of the child (computed ones come from a
// Project below), each output is an expression over groupings and AggregateCalls.
#include <algorithm>
#include <set>

#include "analyzer/metadata_columns.h"
#include "analyzer/plan_resolver.h"
#include "plan/transform.h"

namespace sluice::analyzer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

/// Replaces what equals a grouping expression by its attribute; arguments of aggregates are left alone.
ExprPtr ReplaceGroupings(const ExprPtr& expr, const ExprList& groupings, const Attributes& attributes) {
  for (size_t i = 0; i < groupings.size(); ++i)
    if (SemanticallyEqual(expr, groupings[i])) return attributes[i];
  if (expr->kind == ExprKind::kAggregateCall || expr->children.empty()) return expr;
  ExprList children;
  bool changed = false;
  for (const auto& child : expr->children) {
    children.push_back(ReplaceGroupings(child, groupings, attributes));
    changed = changed || children.back() != child;
  }
  return changed ? expr->WithChildren(std::move(children)) : expr;
}

/// The first attribute outside aggregates that is no grouping; null when all is well.
const Attribute* FirstUngrouped(const ExprPtr& expr, const Attributes& attributes) {
  if (expr->kind == ExprKind::kAggregateCall) return nullptr;
  if (const auto* attribute = As<Attribute>(expr)) {
    bool grouped =
        std::any_of(attributes.begin(), attributes.end(), [&](const auto& a) { return a->id == attribute->id; });
    return grouped ? nullptr : attribute;
  }
  for (const auto& child : expr->children)
    if (const Attribute* found = FirstUngrouped(child, attributes)) return found;
  return nullptr;
}

/// A correlated scalar subquery outside of aggregate functions, which only a grouping may be.
const SubqueryExpression* FirstUngroupedSubquery(const ExprPtr& expr) {
  if (expr->kind == ExprKind::kAggregateCall) return nullptr;
  if (const auto* subquery = As<SubqueryExpression>(expr))
    return subquery->subquery_kind == SubqueryKind::kScalar && !subquery->outer_ids.empty() ? subquery : nullptr;
  for (const auto& child : expr->children)
    if (const auto* found = FirstUngroupedSubquery(child)) return found;
  return nullptr;
}

std::vector<std::vector<int>> SetsOf(const Aggregate& node, size_t n) {
  std::vector<std::vector<int>> sets = node.grouping_sets;
  if (!sets.empty()) return sets;
  if (node.grouping_kind == GroupingKind::kRollup) {
    for (size_t keep = n + 1; keep-- > 0;) {
      sets.emplace_back();
      for (size_t i = 0; i < keep; ++i) sets.back().push_back(static_cast<int>(i));
    }
  } else if (node.grouping_kind == GroupingKind::kCube) {
    for (uint32_t mask = 0; mask < (1u << n); ++mask) {  // all present first
      sets.emplace_back();
      for (size_t i = 0; i < n; ++i)
        if (!(mask >> (n - 1 - i) & 1)) sets.back().push_back(static_cast<int>(i));
    }
  }
  return sets;
}

/// One row per grouping set: child's columns, the groupings (null where not in the set), spark_grouping_id.
PlanPtr MakeExpand(const PlanPtr& child, const std::vector<std::vector<int>>& sets, Attributes* groupings) {
  auto expand = std::make_shared<Expand>();
  expand->children = {child};
  expand->resolved = true;
  Attributes input = child->output();
  expand->attributes = input;
  Attributes expanded;
  for (const auto& g : *groupings) {
    auto attribute = std::static_pointer_cast<Attribute>(g->Clone());
    attribute->id = NextExprId();
    attribute->nullable = true;
    expanded.push_back(attribute);
  }
  AttributePtr grouping_id = MakeAttribute("spark_grouping_id", DataType::Long(), false);
  expand->attributes.insert(expand->attributes.end(), expanded.begin(), expanded.end());
  expand->attributes.push_back(grouping_id);
  // A set written twice gives its rows twice: their position keeps them apart.
  const bool repeated = std::set<std::vector<int>>(sets.begin(), sets.end()).size() < sets.size();
  AttributePtr position = MakeAttribute("_gen_grouping_pos", DataType::Long(), false);
  if (repeated) expand->attributes.push_back(position);
  for (size_t s = 0; s < sets.size(); ++s) {
    ExprList projection(input.begin(), input.end());
    int64_t id = 0;
    for (size_t i = 0; i < groupings->size(); ++i) {
      bool present = std::find(sets[s].begin(), sets[s].end(), static_cast<int>(i)) != sets[s].end();
      id = id * 2 + (present ? 0 : 1);
      projection.push_back(present ? ExprPtr((*groupings)[i]) : MakeLiteral(NullValue(*(*groupings)[i]->type)));
    }
    projection.push_back(MakeLiteral(IntegralValue(id)));
    if (repeated) projection.push_back(MakeLiteral(IntegralValue(static_cast<int64_t>(s))));
    expand->projections.push_back(std::move(projection));
  }
  expanded.push_back(grouping_id);
  if (repeated) expanded.push_back(position);
  *groupings = expanded;
  return expand;
}

}  // namespace

Result<PlanPtr> PlanResolver::BuildAggregate(PlanPtr child, ExprList grouping, ExprList items, const Aggregate* node,
                                             const Origin& origin) {
  for (const auto& g : grouping) {
    if (ContainsAggregate(g))
      return MakeError("GROUP_BY_AGGREGATE", {{"sqlExpr", ExpressionSql(*g, context_.time_zone)}}, &g->origin);
    if (g->type->id() == TypeId::kMap)
      return MakeError("GROUP_EXPRESSION_TYPE_IS_NOT_ORDERABLE",
                       {{"sqlExpr", InDoubleQuotes(ExpressionSql(*g, context_.time_zone))},
                        {"dataType", InDoubleQuotes(g->type->sql())}},
                       &g->origin);
  }
  Attributes attributes;
  ExprList computed;
  for (const auto& g : grouping) {
    if (As<Attribute>(g)) {
      attributes.push_back(ToAttribute(g));
      continue;
    }
    ExprPtr alias = MakeAlias(g, NameOf(g, context_));
    computed.push_back(alias);
    attributes.push_back(ToAttribute(alias));
  }
  if (!computed.empty()) {
    auto project = std::make_shared<Project>();
    Attributes input = child->output();
    project->list.assign(input.begin(), input.end());
    project->list.insert(project->list.end(), computed.begin(), computed.end());
    project->children = {child};
    project->resolved = true;
    child = project;
  }
  const bool sets = node && node->grouping_kind != GroupingKind::kGroupBy && node->grouping_kind != GroupingKind::kAll;
  auto aggregate = std::make_shared<Aggregate>();
  aggregate->grouping_sources = grouping;
  if (sets) child = MakeExpand(child, SetsOf(*node, grouping.size()), &attributes);
  aggregate->grouping.assign(attributes.begin(), attributes.end());
  aggregate->children = {child};
  aggregate->origin = origin;
  aggregate->resolved = true;
  const ExprPtr set_id = sets ? ExprPtr(attributes[grouping.size()]) : nullptr;
  const Attributes replaced(attributes.begin(), attributes.begin() + static_cast<std::ptrdiff_t>(grouping.size()));
  bool windowed = false, generated = false;  // those items are computed from the aggregate's output
  for (auto& item : items) {
    ARROW_ASSIGN_OR_RAISE(item, ReplaceGroupingCalls(item, grouping, aggregate->grouping, set_id, context_));
    if (Contains(item, ExprKind::kGeneratorCall)) {
      generated = true;
      continue;
    }
    if (Contains(item, ExprKind::kWindow)) {
      windowed = true;
      continue;
    }
    ExprPtr expr = ReplaceGroupings(item, grouping, replaced);
    if (const Attribute* bad = FirstUngrouped(expr, attributes)) {
      if (grouping.empty() && !sets) return MakeError("MISSING_GROUP_BY", {}, &origin);
      return MakeError("MISSING_AGGREGATION",
                       {{"expression", InDoubleQuotes(bad->name)},
                        {"expressionAnyValue", InDoubleQuotes("any_value(" + bad->name + ")")}},
                       &item->origin);
    }
    if (const auto* subquery = FirstUngroupedSubquery(expr))
      return MakeError("SCALAR_SUBQUERY_IS_IN_GROUP_BY_OR_AGGREGATE_FUNCTION",
                       {{"sqlExpr", InDoubleQuotes(ExpressionSql(*subquery, context_.time_zone))}}, &subquery->origin);
    // An attribute that took a computed grouping's place keeps the name the item had.
    if (As<Attribute>(expr) && As<Attribute>(item) == nullptr && As<Alias>(item) == nullptr)
      expr = MakeAlias(expr, NameOf(item, context_));
    aggregate->aggregates.push_back(expr);
    item = ToAttribute(expr);
  }
  if (!windowed && !generated) return PlanPtr(aggregate);
  bool added = false;
  for (auto& item : items) {
    if (!Contains(item, ExprKind::kWindow) && !Contains(item, ExprKind::kGeneratorCall)) continue;
    ARROW_ASSIGN_OR_RAISE(item, OverAggregate(item, aggregate.get(), &added, context_));
  }
  PlanPtr windows = aggregate;
  if (windowed) {
    ARROW_ASSIGN_OR_RAISE(windows, ExtractWindows(windows, &items));
  }
  if (generated) return ExtractGenerator(windows, std::move(items));
  auto project = std::make_shared<Project>();
  project->list = std::move(items);
  project->children = {windows};
  project->origin = origin;
  return PlanPtr(project);
}

Result<PlanPtr> PlanResolver::ResolveAggregate(const PlanPtr& plan) {
  const auto& node = *As<Aggregate>(plan);
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, Resolve(node.children[0]));
  Scope scope{child->output(), {}, {}, JoinColumns(child)};
  ExprList list = node.aggregates, written_grouping = node.grouping;
  WithMetadata with = ExposeMetadata(child, {&written_grouping, &list}, context_);
  child = std::move(with.child);
  scope.hidden = std::move(with.hidden);
  ARROW_ASSIGN_OR_RAISE(child, ExtractTimeWindows(child, {&written_grouping, &list}, &scope.hidden, node.origin));
  ExpressionResolver expressions(context_, scope, this);
  ExprList items;
  for (const auto& item : list) {
    ARROW_ASSIGN_OR_RAISE(ExprList resolved, expressions.ResolveSelectItem(item));
    for (auto& expr : resolved) {
      if (const auto* alias = As<Alias>(expr)) scope.lateral_aliases.emplace_back(alias->name, alias->children[0]);
      items.push_back(std::move(expr));
    }
  }
  ExprList grouping;
  bool by_all = node.grouping_kind == GroupingKind::kAll;
  if (by_all && !node.grouping.empty()) {  // a real column named ALL wins
    ARROW_ASSIGN_OR_RAISE(ExprPtr column, expressions.TryResolveColumn({"ALL"}, node.origin));
    by_all = column == nullptr;
  }
  if (by_all) {
    for (const auto& item : items)
      if (!ContainsAggregate(item)) grouping.push_back(As<Alias>(item) ? item->children[0] : item);
  }
  if (!context_.group_by_aliases) scope.lateral_aliases.clear();
  for (const auto& g : by_all ? ExprList{} : written_grouping) {
    if (const auto* literal = As<Literal>(g);
        context_.group_by_ordinal && literal && literal->type->id() == TypeId::kInteger && !literal->value->IsNull(0)) {
      ARROW_ASSIGN_OR_RAISE(int64_t position, IntegralOf({*literal->type, literal->value}));
      if (position < 1 || position > static_cast<int64_t>(items.size()))
        return MakeError("GROUP_BY_POS_OUT_OF_RANGE",
                         {{"index", std::to_string(position)}, {"size", std::to_string(items.size())}}, &g->origin);
      const ExprPtr& item = items[static_cast<size_t>(position - 1)];
      if (ContainsAggregate(item))
        return MakeError("GROUP_BY_POS_AGGREGATE",
                         {{"index", std::to_string(position)}, {"aggExpr", ExpressionSql(*item, context_.time_zone)}},
                         &g->origin);
      grouping.push_back(As<Alias>(item) ? item->children[0] : item);
      continue;
    }
    // Columns of the child first, then aliases of the select list.
    ARROW_ASSIGN_OR_RAISE(ExprPtr resolved, expressions.Resolve(g));
    grouping.push_back(As<Alias>(resolved) ? resolved->children[0] : resolved);
  }
  if (!scope.join_columns.empty()) {
    ExprList all = grouping;
    all.insert(all.end(), items.begin(), items.end());
    child = WithJoinColumns(child, all);
  }
  return BuildAggregate(child, std::move(grouping), std::move(items), &node, node.origin);
}

}  // namespace sluice::analyzer
