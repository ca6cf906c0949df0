#pragma once
// What a join's condition is made of: equalities that become keys, and the rest.
#include "plan/logical_plan.h"

namespace sluice::exec {

struct JoinKeys {
  plan::ExprList left, right;
  std::vector<bool> null_safe;
  plan::ExprList residual;  // conjuncts that are no keys
  bool null_aware = false;  // NOT IN
};

JoinKeys SplitJoinCondition(const plan::Join& join, const plan::Attributes& left, const plan::Attributes& right);

/// Whether an expression reads no other columns.
bool ReadsOnly(const plan::ExprPtr& expression, const plan::Attributes& columns);

}  // namespace sluice::exec
