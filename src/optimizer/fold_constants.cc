#include "functions/registry.h"
#include "optimizer/rules.h"

namespace sluice::optimizer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

bool Foldable(const ExprPtr& expr) {
  if (expr->kind != ExprKind::kCall && expr->kind != ExprKind::kCast && expr->kind != ExprKind::kGetField) return false;
  if (const auto* call = As<Call>(expr); call && (!call->def->deterministic || call->def->lambda)) return false;
  for (const auto& child : expr->children)
    if (child->kind != ExprKind::kLiteral) return false;
  return true;
}

}  // namespace

Result<PlanPtr> FoldConstants(const PlanPtr& plan, const OptimizerContext& context) {
  return TransformUp(plan, [&](const PlanPtr& node) -> Result<PlanPtr> {
    if (node->kind == PlanKind::kGenerate) return node;  // the generator call itself must stay
    return TransformExpressions(node, [&](const ExprPtr& expr) -> Result<ExprPtr> {
      if (!Foldable(expr)) return expr;
      // current_timestamp() and its kin have no arguments and differ from batch to batch: only calls over literals
      // fold.
      if (expr->children.empty()) return expr;
      auto value = context.evaluate_constant(expr);
      if (!value.ok()) return expr;
      return MakeLiteral(*value, expr->origin);
    });
  });
}

}  // namespace sluice::optimizer
