#include "optimizer/rules.h"

namespace sluice::optimizer {

Result<plan::PlanPtr> RemoveSubqueryAliases(const plan::PlanPtr& plan, const OptimizerContext&) {
  return plan::TransformUp(plan, [](const plan::PlanPtr& node) -> Result<plan::PlanPtr> {
    return node->kind == plan::PlanKind::kSubqueryAlias ? node->children[0] : node;
  });
}

}  // namespace sluice::optimizer
