#include <arrow/array.h>

#include <algorithm>
#include <set>

#include "optimizer/rules.h"

namespace sluice::optimizer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

const char* NameOf(JoinType type) {
  switch (type) {
    case JoinType::kInner: return "INNER";
    case JoinType::kLeftOuter: return "LEFT OUTER";
    case JoinType::kRightOuter: return "RIGHT OUTER";
    case JoinType::kFullOuter: return "FULL OUTER";
    default: return nullptr;
  }
}

std::set<ExprId> IdsOf(const PlanPtr& plan) {
  std::set<ExprId> ids;
  for (const auto& attribute : plan->output()) ids.insert(attribute->id);
  return ids;
}

/// No part of the condition compares one side with the other.
bool IsProduct(const Join& join) {
  if (!join.condition) return true;
  const ExprList conjuncts = SplitConjunction(join.condition);
  if (const auto* literal = As<Literal>(conjuncts[0]); literal && conjuncts.size() == 1) {
    const bool keeps_all =
        !literal->value->IsNull(0) && static_cast<const arrow::BooleanArray&>(*literal->value).Value(0);
    return keeps_all;
  }
  const std::set<ExprId> left = IdsOf(join.children[0]), right = IdsOf(join.children[1]);
  return std::none_of(conjuncts.begin(), conjuncts.end(), [&](const ExprPtr& conjunct) {
    bool of_left = false, of_right = false;
    for (const ExprId id : References(conjunct)) {
      of_left = of_left || left.count(id) > 0;
      of_right = of_right || right.count(id) > 0;
    }
    return of_left && of_right;
  });
}

}  // namespace

Result<PlanPtr> CheckCartesianProducts(const PlanPtr& plan, const OptimizerContext& context) {
  if (context.cross_joins) return plan;
  Status status;
  Visit(plan, [&](const LogicalPlan& node) {
    if (node.kind != PlanKind::kJoin || !status.ok()) return status.ok();
    const auto& join = static_cast<const Join&>(node);
    const char* name = NameOf(join.type);
    if (name != nullptr && IsProduct(join))
      status = MakeError(
          "_LEGACY_ERROR_TEMP_1211",
          {{"joinType", name}, {"leftPlan", PlanTree(*join.children[0])}, {"rightPlan", PlanTree(*join.children[1])}});
    return status.ok();
  });
  ARROW_RETURN_NOT_OK(status);
  return plan;
}

}  // namespace sluice::optimizer
