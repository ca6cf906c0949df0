#include "plan/collect_metrics.h"

#include "plan/transform.h"

namespace sluice::plan {

std::vector<const CollectMetrics*> Observations(const PlanPtr& plan) {
  std::vector<const CollectMetrics*> out;
  Visit(plan, [&](const LogicalPlan& node) {
    if (node.kind == PlanKind::kCollectMetrics) out.push_back(static_cast<const CollectMetrics*>(&node));
    return true;
  });
  return out;
}

}  // namespace sluice::plan
