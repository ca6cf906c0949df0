#pragma once
// Resolved plan -> equivalent cheaper plan. One rule per file; optimizer.cc lists them in order.
#include <functional>
#include <set>
#include <string>

#include "plan/logical_plan.h"
#include "types/literal.h"

namespace sluice::optimizer {

struct OptimizerContext {
  /// Evaluates an expression without columns; session wires it to exec.
  std::function<Result<TypedValue>(const plan::ExprPtr&)> evaluate_constant;
  /// Names of rules to leave out (spark.sql.optimizer.excludedRules; "*" leaves out all that may be).
  std::set<std::string> excluded;
  bool cross_joins = true;  // spark.sql.crossJoin.enabled: joins without a condition need no CROSS
};

/// Keeps output ids, names and types.
Result<plan::PlanPtr> Optimize(const plan::PlanPtr& plan, const OptimizerContext& context);

}  // namespace sluice::optimizer
