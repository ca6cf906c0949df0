#pragma once
// Expressions that rules make.
#include <string_view>

#include "plan/logical_plan.h"

namespace sluice::optimizer {

/// A built-in function over resolved arguments that need no cast: MakeCall("=", {a, b}).
Result<plan::ExprPtr> MakeCall(std::string_view name, plan::ExprList args);
plan::ExprPtr MakeAlias(const plan::ExprPtr& child, std::string name);
/// A resolved Project of `list` over `child`.
plan::PlanPtr MakeProject(const plan::PlanPtr& child, plan::ExprList list);
/// `child` where all `conjuncts` hold.
plan::PlanPtr MakeFilter(const plan::PlanPtr& child, const plan::ExprList& conjuncts);
plan::PlanPtr MakeJoin(plan::JoinType type, const plan::PlanPtr& left, const plan::PlanPtr& right,
                       const plan::ExprList& conjuncts);
/// What an aggregate gives for no rows: 0 for count, mostly null.
Result<plan::ExprPtr> ValueOverNothing(const plan::AggregateCall& call);

}  // namespace sluice::optimizer
