// DataFrame.observe.
#include "plan/collect_metrics.h"
#include "server/connect/translate/relations.h"

namespace sluice::connect {

Result<plan::PlanPtr> FromCollectMetrics(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.collect_metrics();
  auto node = std::make_shared<plan::CollectMetrics>();
  node->name = message.name();
  node->observed = std::make_shared<plan::Observed>();
  ARROW_ASSIGN_OR_RAISE(plan::PlanPtr child, ToPlan(message.input(), context));
  Inputs inputs(context, {std::move(child)});
  ARROW_ASSIGN_OR_RAISE(node->metrics, ToExpressions(message.metrics(), inputs));
  if (node->metrics.empty()) return InvalidPlan("An observation without metrics.");
  node->children = {inputs.plan()};
  context.observed.push_back({node->name, relation.common().plan_id(), node->observed});
  return plan::PlanPtr(node);
}

}  // namespace sluice::connect
