// DataFrame.observe.
#include <set>

#include "analyzer/plan_resolver.h"
#include "plan/collect_metrics.h"
#include "plan/transform.h"

namespace sluice::analyzer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

Status Invalid(const char* reason, const ExprPtr& expr, const AnalyzerContext& context) {
  return MakeError(std::string("INVALID_OBSERVED_METRICS.") + reason,
                   {{"expr", InDoubleQuotes(ExpressionSql(*expr, context.time_zone))}}, &expr->origin);
}

Status CheckMetric(const ExprPtr& metric, const AnalyzerContext& context) {
  Status status;
  Visit(metric, [&](const Expression& e) {
    if (!status.ok()) return false;
    if (e.kind == ExprKind::kWindow) status = Invalid("WINDOW_EXPRESSIONS_UNSUPPORTED", metric, context);
    const auto* call = As<AggregateCall>(e);
    if (!call) return true;
    if (call->distinct) status = Invalid("AGGREGATE_EXPRESSION_WITH_DISTINCT_UNSUPPORTED", metric, context);
    if (call->has_filter) status = Invalid("AGGREGATE_EXPRESSION_WITH_FILTER_UNSUPPORTED", metric, context);
    return true;
  });
  return status;
}

}  // namespace

Result<PlanPtr> PlanResolver::ResolveCollectMetrics(const PlanPtr& plan) {
  const auto& node = *As<CollectMetrics>(plan);
  if (node.name.empty())
    return MakeError("INVALID_OBSERVED_METRICS.MISSING_NAME", {{"operator", "CollectMetrics"}}, &node.origin);
  for (const auto& metric : node.metrics)
    if (Contains(metric, ExprKind::kWindow)) return Invalid("WINDOW_EXPRESSIONS_UNSUPPORTED", metric, context_);
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, Resolve(node.children[0]));
  // The metrics are what a global aggregate over the same rows would give.
  auto aggregate = std::make_shared<Aggregate>();
  aggregate->aggregates = node.metrics;
  aggregate->children = {child};
  aggregate->origin = node.origin;
  auto resolved = Resolve(aggregate);
  if (ConditionOf(resolved.status()).starts_with("MISSING_AGGREGATION") ||
      ConditionOf(resolved.status()) == "MISSING_GROUP_BY")
    return Invalid("NON_AGGREGATE_FUNC_ARG_IS_ATTRIBUTE", node.metrics[0], context_);
  ARROW_RETURN_NOT_OK(resolved.status());
  const auto* computed = As<Aggregate>(*resolved);
  if (!computed) return Invalid("WINDOW_EXPRESSIONS_UNSUPPORTED", node.metrics[0], context_);
  for (const auto& metric : computed->aggregates) ARROW_RETURN_NOT_OK(CheckMetric(metric, context_));
  auto copy = std::make_shared<CollectMetrics>(node);
  copy->metrics = computed->aggregates;
  copy->children = computed->children;
  std::set<std::string> names{node.name};
  for (const auto* other : Observations(child)) {
    if (!names.insert(other->name).second)
      return MakeError("DUPLICATED_METRICS_NAME", {{"metricName", other->name}}, &node.origin);
  }
  return PlanPtr(copy);
}

}  // namespace sluice::analyzer
