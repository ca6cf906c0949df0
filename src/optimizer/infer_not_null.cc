#include <set>

#include "functions/registry.h"
#include "optimizer/calls.h"
#include "optimizer/rules.h"

namespace sluice::optimizer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

/// Attributes whose null makes `expr` null.
void Required(const ExprPtr& expr, std::set<ExprId>* ids) {
  if (const auto* attribute = As<Attribute>(expr)) {
    ids->insert(attribute->id);
  } else if (const auto* call = As<Call>(expr)) {
    if (call->def->nulls == functions::NullRule::kPropagate)
      for (const auto& child : call->children) Required(child, ids);
  } else if (expr->kind == ExprKind::kCast || expr->kind == ExprKind::kGetField) {
    Required(expr->children[0], ids);
  }
}

Result<PlanPtr> FilterNulls(const PlanPtr& side, const std::set<ExprId>& required) {
  ExprList conjuncts;
  for (const auto& attribute : side->output()) {
    if (!attribute->nullable || required.count(attribute->id) == 0) continue;
    ARROW_ASSIGN_OR_RAISE(ExprPtr present, MakeCall("isnotnull", {attribute}));
    conjuncts.push_back(std::move(present));
  }
  return MakeFilter(side, conjuncts);
}

}  // namespace

Result<PlanPtr> InferNotNull(const PlanPtr& plan, const OptimizerContext&) {
  return TransformUp(plan, [](const PlanPtr& node) -> Result<PlanPtr> {
    const auto* join = As<Join>(node);
    if (join == nullptr || !join->condition) return node;
    const JoinType type = join->type;
    // A side whose rows only come out with a partner.
    const bool both = type == JoinType::kInner || type == JoinType::kLeftSemi;
    const bool sides[] = {both || type == JoinType::kRightOuter,
                          both || type == JoinType::kLeftOuter || type == JoinType::kLeftAnti};
    std::set<ExprId> required;
    for (const auto& conjunct : SplitConjunction(join->condition)) Required(conjunct, &required);
    std::vector<PlanPtr> children = node->children;
    for (size_t s = 0; s < 2; ++s) {
      if (!sides[s]) continue;
      ARROW_ASSIGN_OR_RAISE(children[s], FilterNulls(children[s], required));
    }
    return children == node->children ? node : node->WithChildren(std::move(children));
  });
}

}  // namespace sluice::optimizer
