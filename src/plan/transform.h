#pragma once
// Walking and rewriting trees. Rewrites share what they do not change.
#include <functional>

#include "plan/logical_plan.h"

namespace sluice::plan {

/// Children first; `rule` returns its argument to leave a node alone.
Result<ExprPtr> TransformUp(const ExprPtr& expr, const std::function<Result<ExprPtr>(const ExprPtr&)>& rule);
/// Node first, then the children of the result.
Result<ExprPtr> TransformDown(const ExprPtr& expr, const std::function<Result<ExprPtr>(const ExprPtr&)>& rule);
Result<PlanPtr> TransformUp(const PlanPtr& plan, const std::function<Result<PlanPtr>(const PlanPtr&)>& rule);
Result<PlanPtr> TransformDown(const PlanPtr& plan, const std::function<Result<PlanPtr>(const PlanPtr&)>& rule);
/// Every expression of this one node, rewritten bottom-up.
Result<PlanPtr> TransformExpressions(const PlanPtr& plan, const std::function<Result<ExprPtr>(const ExprPtr&)>& rule);

/// Pre-order; stops below a node for which `visit` returns false.
void Visit(const ExprPtr& expr, const std::function<bool(const Expression&)>& visit);
void Visit(const PlanPtr& plan, const std::function<bool(const LogicalPlan&)>& visit);

/// Ids of the attributes an expression reads.
std::vector<ExprId> References(const ExprPtr& expr);
/// Conjuncts of a condition made of `and` calls, and back.
ExprList SplitConjunction(const ExprPtr& condition);

/// Both compute the same from the same columns (attributes by id): structure, literals, functions. Whether a call gives
/// the same value twice (rand()) is the caller's question.
bool SameExpression(const Expression& a, const Expression& b);

bool IsStreaming(const LogicalPlan& plan);

/// Spark's text of an expression, as generated column names show it: "(a + 1)", "count(1)", "CAST(a AS INT)".
std::string ExpressionName(const Expression& expr, const std::string& time_zone = "UTC");
/// Spark's sql form for messages: "(a + 1)" with quoted literals.
std::string ExpressionSql(const Expression& expr, const std::string& time_zone = "UTC");
/// Indented tree with "+- " and ":- " as Spark's explain shows it.
std::string PlanTree(const LogicalPlan& plan);
/// One node's line in PlanTree: "Filter (a#1 > 3)".
std::string PlanNodeString(const LogicalPlan& plan);

}  // namespace sluice::plan
