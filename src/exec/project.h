#pragma once
// Columns computed, rows chosen: the two operators that most pipelines are made of.
#include "exec/expression.h"
#include "exec/lowering.h"

namespace sluice::exec {

Result<ExecNodePtr> LowerProject(const plan::PlanPtr& plan, Lowering& lowering);
Result<ExecNodePtr> LowerFilter(const plan::PlanPtr& plan, Lowering& lowering);

/// A projection of `expressions` (Attribute or Alias each) over `child`.
Result<ExecNodePtr> MakeProject(const plan::ExprList& expressions, ExecNodePtr child);

}  // namespace sluice::exec
