// Select lists, filters, limits and what else works on the columns of one child.
#include <algorithm>

#include "analyzer/metadata_columns.h"
#include "analyzer/plan_resolver.h"
#include "plan/transform.h"

namespace sluice::analyzer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

/// The aggregates of a condition, as messages list them.
std::string AggregatesOf(const ExprPtr& condition, const AnalyzerContext& context) {
  std::string out;
  Visit(condition, [&](const Expression& e) {
    if (e.kind != ExprKind::kAggregateCall) return true;
    out += (out.empty() ? "" : ", ") + ExpressionSql(e, context.time_zone);
    return false;
  });
  return out;
}

}  // namespace

Result<PlanPtr> PlanResolver::ResolveProject(const PlanPtr& plan) {
  const auto& project = *As<Project>(plan);
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, Resolve(project.children[0]));
  Scope scope{child->output(), {}, {}, JoinColumns(child)};
  ExprList list = project.list;
  WithMetadata with = ExposeMetadata(child, {&list}, context_);
  child = std::move(with.child);
  scope.hidden = std::move(with.hidden);
  ARROW_ASSIGN_OR_RAISE(child, ExtractTimeWindows(child, {&list}, &scope.hidden, project.origin));
  ExpressionResolver expressions(context_, scope, this);
  ExprList items;
  bool aggregates = false, generators = false, windows = false;
  for (const auto& item : list) {
    ARROW_ASSIGN_OR_RAISE(ExprList resolved, expressions.ResolveSelectItem(item));
    for (auto& expr : resolved) {
      aggregates = aggregates || ContainsAggregate(expr);
      generators = generators || Contains(expr, ExprKind::kGeneratorCall);
      windows = windows || Contains(expr, ExprKind::kWindow);
      if (const auto* alias = As<Alias>(expr)) scope.lateral_aliases.emplace_back(alias->name, alias->children[0]);
      items.push_back(std::move(expr));
    }
  }
  if (!scope.join_columns.empty()) child = WithJoinColumns(child, items);
  if (aggregates) return BuildAggregate(child, {}, std::move(items), nullptr, project.origin);
  for (const auto& item : items) ARROW_RETURN_NOT_OK(ReplaceGroupingCalls(item, {}, {}, nullptr, context_).status());
  if (windows) {
    ARROW_ASSIGN_OR_RAISE(child, ExtractWindows(child, &items));
  }
  if (generators) return ExtractGenerator(child, std::move(items));
  auto copy = std::make_shared<Project>();
  copy->list = std::move(items);
  copy->children = {child};
  copy->origin = project.origin;
  copy->plan_id = project.plan_id;
  return PlanPtr(copy);
}

Result<PlanPtr> PlanResolver::ResolveFilter(const PlanPtr& plan) {
  const auto& filter = *As<Filter>(plan);
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, Resolve(filter.children[0]));
  if (filter.having && child->kind == PlanKind::kProject) {  // HAVING without GROUP BY or aggregates: one global group
    return MakeError("UNSUPPORTED_FEATURE.HAVING_WITHOUT_GROUP_BY", {}, &filter.origin);
  }
  Attributes output = child->output();
  // A DataFrame filter may use a column that the select list below dropped; SQL's WHERE never sees a select list below.
  ARROW_ASSIGN_OR_RAISE(
      WithHidden over, ResolveOverChild(child, {filter.condition},
                                        filter.having ? Scope::Ambiguous::kLookedUpBelow : Scope::Ambiguous::kRefused));
  const ExprPtr& condition = over.exprs[0];
  if (condition->type->id() != TypeId::kBoolean)
    return MakeError("DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN",
                     {{"sqlExpr", InDoubleQuotes(ExpressionSql(*condition, context_.time_zone))},
                      {"filter", InDoubleQuotes(ExpressionSql(*condition, context_.time_zone))},
                      {"type", InDoubleQuotes(condition->type->sql())}},
                     &filter.origin);
  if (Contains(condition, ExprKind::kWindow))
    return MakeError("_LEGACY_ERROR_TEMP_1034", {{"clauseName", filter.having ? "HAVING" : "WHERE"}}, &filter.origin);
  if (!filter.having && ContainsAggregate(condition))
    return MakeError("INVALID_WHERE_CONDITION",
                     {{"condition", InDoubleQuotes(NameOf(condition, context_))},
                      {"expressionList", AggregatesOf(condition, context_)}},
                     &filter.origin);
  auto copy = std::make_shared<Filter>();
  copy->condition = condition;
  copy->having = filter.having;
  copy->origin = filter.origin;
  copy->children = {over.child};
  copy->resolved = true;
  if (!over.added) return PlanPtr(copy);
  auto trim = std::make_shared<Project>();
  trim->list.assign(output.begin(), output.end());
  trim->children = {copy};
  return PlanPtr(trim);
}

Result<PlanPtr> PlanResolver::ResolveLimit(const PlanPtr& plan) {
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, Resolve(plan->children[0]));
  const char* name = plan->kind == PlanKind::kLimit ? "limit" : "offset";
  const Scope scope{child->output(), {}, {}};
  ARROW_ASSIGN_OR_RAISE(ExprPtr count, ExpressionResolver(context_, scope, this).Resolve(plan->expressions()[0]));
  std::string shown = InDoubleQuotes(ExpressionSql(*count, context_.time_zone));
  if (!IsFoldable(count))
    return MakeError("INVALID_LIMIT_LIKE_EXPRESSION.IS_UNFOLDABLE", {{"name", name}, {"expr", shown}}, &count->origin);
  if (!count->type->isIntegral() || count->type->id() == TypeId::kLong)
    return MakeError("INVALID_LIMIT_LIKE_EXPRESSION.DATA_TYPE",
                     {{"name", name}, {"expr", shown}, {"dataType", InDoubleQuotes(count->type->sql())}},
                     &count->origin);
  ARROW_ASSIGN_OR_RAISE(TypedValue value, context_.evaluate_constant(count));
  if (value.is_null())
    return MakeError("INVALID_LIMIT_LIKE_EXPRESSION.IS_NULL", {{"name", name}, {"expr", shown}}, &count->origin);
  ARROW_ASSIGN_OR_RAISE(int64_t rows, IntegralOf(value));
  if (rows < 0)
    return MakeError("INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE",
                     {{"name", name}, {"expr", shown}, {"v", std::to_string(rows)}}, &count->origin);
  auto copy = plan->Clone();
  copy->set_expressions({MakeLiteral(IntegralValue(rows, DataType::Integer()), count->origin)});
  copy->children = {child};
  return PlanPtr(copy);
}

Result<PlanPtr> PlanResolver::ResolveByExpressions(const PlanPtr& plan) {
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, Resolve(plan->children[0]));
  Scope scope{child->output(), {}, {}};
  ExpressionResolver expressions(context_, scope, this);
  ExprList resolved;
  for (const auto& expr : plan->expressions()) {
    ARROW_ASSIGN_OR_RAISE(ExprPtr e, expressions.Resolve(expr));
    resolved.push_back(std::move(e));
  }
  auto copy = plan->Clone();
  copy->set_expressions(std::move(resolved));
  copy->children = {child};
  return PlanPtr(copy);
}

Result<PlanPtr> PlanResolver::ResolveDeduplicate(const PlanPtr& plan) {
  const auto& node = *As<Deduplicate>(plan);
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, Resolve(node.children[0]));
  Attributes output = child->output();
  auto copy = std::static_pointer_cast<Deduplicate>(node.Clone());
  copy->keys.clear();
  if (node.column_names.empty()) copy->keys.assign(output.begin(), output.end());
  for (const auto& name : node.column_names) {
    bool found = false;
    for (const auto& attribute : output) {
      if (!NamesEqual(attribute->name, name, context_.case_sensitive)) continue;
      copy->keys.push_back(attribute);
      found = true;
    }
    if (!found) {
      std::string columns;
      for (const auto& a : output) columns += (columns.empty() ? "" : ", ") + QuoteIdentifier(a->name);
      return MakeError("UNRESOLVED_COLUMN_AMONG_FIELD_NAMES",
                       {{"colName", QuoteIdentifier(name)}, {"fieldNames", columns}}, &node.origin);
    }
  }
  copy->children = {child};
  return PlanPtr(copy);
}

Result<PlanPtr> PlanResolver::ResolveWatermark(const PlanPtr& plan) {
  const auto& node = *As<EventTimeWatermark>(plan);
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, Resolve(node.children[0]));
  Scope scope{child->output(), {}, {}};
  ARROW_ASSIGN_OR_RAISE(ExprPtr event_time, ExpressionResolver(context_, scope, this).Resolve(node.event_time));
  bool window = event_time->type->id() == TypeId::kStruct && !event_time->type->fields().empty() &&
                event_time->type->fields().back().type.id() == TypeId::kTimestamp;
  if (event_time->type->id() != TypeId::kTimestamp && !window)
    return MakeError("EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE",
                     {{"eventName", InDoubleQuotes(NameOf(event_time, context_))},
                      {"eventType", InDoubleQuotes(event_time->type->sql())}},
                     &node.origin);
  auto copy = std::static_pointer_cast<EventTimeWatermark>(node.Clone());
  copy->event_time = event_time;
  copy->children = {child};
  return PlanPtr(copy);
}

}  // namespace sluice::analyzer
