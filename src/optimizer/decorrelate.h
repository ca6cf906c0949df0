#pragma once
// Takes the columns of an outer query out of a subquery's plan, so that it can be joined with the outer query.
#include <map>
#include <set>

#include "plan/logical_plan.h"

namespace sluice::optimizer {

/// `inner`, a column of the subquery's plan, must equal `outer`, an expression over OuterReferences only.
struct CorrelationKey {
  plan::AttributePtr inner;
  plan::ExprPtr outer;
  bool null_safe = false;
};

/// A subquery's plan without OuterReferences. For an outer row, its rows are those of `plan` for which all keys and
/// conditions hold.
struct Decorrelated {
  plan::PlanPtr plan;
  std::vector<CorrelationKey> keys;
  plan::ExprList conditions;                         // over OuterReferences and columns of `plan`
  std::map<plan::ExprId, plan::AttributePtr> known;  // outer column -> a column of `plan` that a key makes equal to it
  /// Scalar subqueries of a global aggregate: what an outer row without a match gets, by column; empty: null. Columns
  /// have no match when `matched` is null.
  std::map<plan::ExprId, plan::ExprPtr> unmatched;
  plan::AttributePtr matched;
};

/// `outer` gives the columns that OuterReferences mean; where equalities do not tell their values, the distinct ones
/// are joined into the subquery. `scalar`: the caller reads `unmatched`.
Result<Decorrelated> Decorrelate(const plan::PlanPtr& plan, const plan::PlanPtr& outer, bool scalar);

/// Whether any expression in the plan is an OuterReference.
bool HasOuterReferences(const plan::PlanPtr& plan);
/// Replaces each OuterReference by what `columns` has for its id.
plan::ExprPtr ReplaceOuter(const plan::ExprPtr& expr, const std::map<plan::ExprId, plan::ExprPtr>& columns);
/// Keys and conditions as conjuncts, with `columns` in the place of OuterReferences.
Result<plan::ExprList> Conjuncts(const Decorrelated& query, const std::map<plan::ExprId, plan::ExprPtr>& columns);

}  // namespace sluice::optimizer
