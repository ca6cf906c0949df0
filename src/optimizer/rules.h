#pragma once
// The rules. Each is a function of the whole plan that shares what it leaves alone.
#include <map>

#include "optimizer/optimizer.h"
#include "plan/transform.h"

namespace sluice::optimizer {

using Rule = Result<plan::PlanPtr> (*)(const plan::PlanPtr&, const OptimizerContext&);

/// SubqueryAlias only matters to name lookup.
Result<plan::PlanPtr> RemoveSubqueryAliases(const plan::PlanPtr& plan, const OptimizerContext& context);
/// Subqueries and LATERAL become joins.
Result<plan::PlanPtr> RewriteSubqueries(const plan::PlanPtr& plan, const OptimizerContext& context);
/// Literals for what has no columns; expressions that fail are left to fail when the query runs.
Result<plan::PlanPtr> FoldConstants(const plan::PlanPtr& plan, const OptimizerContext& context);
/// `x BETWEEN a AND b` in a condition becomes two comparisons: tables skip data by them, stream joins forget rows by
/// them.
Result<plan::PlanPtr> SplitBetween(const plan::PlanPtr& plan, const OptimizerContext& context);
/// Two Projects become one. The engine evaluates common subexpressions once, so nothing is computed twice.
Result<plan::PlanPtr> CollapseProjects(const plan::PlanPtr& plan, const OptimizerContext& context);
/// Filters move towards the leaves, through projections, unions and joins, and as ColumnFilters into tables.
Result<plan::PlanPtr> PushDownFilters(const plan::PlanPtr& plan, const OptimizerContext& context);
/// A join's condition drops rows whose columns are null: they are filtered before, and counted as Spark counts them.
Result<plan::PlanPtr> InferNotNull(const plan::PlanPtr& plan, const OptimizerContext& context);
/// Every node gives only what is read above it.
Result<plan::PlanPtr> PruneColumns(const plan::PlanPtr& plan, const OptimizerContext& context);
/// LIMIT moves into unions and tables.
Result<plan::PlanPtr> PushDownLimits(const plan::PlanPtr& plan, const OptimizerContext& context);
/// Calls of functions that run outside of the engine become columns of nodes of their own.
Result<plan::PlanPtr> ExtractExternalCalls(const plan::PlanPtr& plan, const OptimizerContext& context);
/// x IN (literals), when there are many, looks them up in a set made once.
Result<plan::PlanPtr> LookUpInSets(const plan::PlanPtr& plan, const OptimizerContext& context);
/// Refuses joins without a condition that are not written as CROSS JOIN, when they have to be.
Result<plan::PlanPtr> CheckCartesianProducts(const plan::PlanPtr& plan, const OptimizerContext& context);

// ---- shared by rules -----------------------------------------------------------------------------------------------

using Substitution = std::map<plan::ExprId, plan::ExprPtr>;
/// Replaces attributes by the expressions that define them.
plan::ExprPtr Substitute(const plan::ExprPtr& expr, const Substitution& definitions);
/// Alias id -> expression, of a Project's list.
Substitution DefinitionsOf(const plan::ExprList& list);
bool IsDeterministic(const plan::ExprPtr& expr);
/// `a AND b AND c`; null for no conjuncts.
plan::ExprPtr JoinConjuncts(const plan::ExprList& conjuncts);

}  // namespace sluice::optimizer
