#include "functions/registry.h"
#include "optimizer/calls.h"
#include "optimizer/rules.h"

namespace sluice::optimizer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

/// May be evaluated twice.
bool IsCheap(const ExprPtr& expr) {
  switch (expr->kind) {
    case ExprKind::kAttribute:
    case ExprKind::kLiteral: return true;
    case ExprKind::kGetField:
    case ExprKind::kCast: return IsCheap(expr->children[0]);
    default: return false;
  }
}

Result<ExprPtr> Split(const ExprPtr& condition) {
  ExprList conjuncts;
  bool split = false;
  for (const ExprPtr& conjunct : SplitConjunction(condition)) {
    const auto* call = As<Call>(conjunct);
    if (call == nullptr || call->def->name != "between" || !IsCheap(call->children[0])) {
      conjuncts.push_back(conjunct);
      continue;
    }
    split = true;
    for (const auto& [name, bound] : {std::pair(">=", 1), std::pair("<=", 2)}) {
      ARROW_ASSIGN_OR_RAISE(ExprPtr half,
                            MakeCall(name, {call->children[0], call->children[static_cast<size_t>(bound)]}));
      conjuncts.push_back(half);
    }
  }
  return split ? JoinConjuncts(conjuncts) : condition;
}

}  // namespace

Result<PlanPtr> SplitBetween(const PlanPtr& plan, const OptimizerContext&) {
  return TransformUp(plan, [](const PlanPtr& node) -> Result<PlanPtr> {
    if (const auto* filter = As<Filter>(node)) {
      ARROW_ASSIGN_OR_RAISE(ExprPtr condition, Split(filter->condition));
      if (condition == filter->condition) return node;
      auto copy = std::static_pointer_cast<Filter>(filter->Clone());
      copy->condition = std::move(condition);
      return PlanPtr(copy);
    }
    if (const auto* join = As<Join>(node); join != nullptr && join->condition) {
      ARROW_ASSIGN_OR_RAISE(ExprPtr condition, Split(join->condition));
      if (condition == join->condition) return node;
      auto copy = std::static_pointer_cast<Join>(join->Clone());
      copy->condition = std::move(condition);
      return PlanPtr(copy);
    }
    return node;
  });
}

}  // namespace sluice::optimizer
