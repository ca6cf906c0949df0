#pragma once
// Rows that come from nowhere: local relations, range, the single row of a SELECT without FROM.
#include "exec/lowering.h"

namespace sluice::exec {

Result<ExecNodePtr> LowerLocalRelation(const plan::PlanPtr& plan, Lowering& lowering);
Result<ExecNodePtr> LowerRange(const plan::PlanPtr& plan, Lowering& lowering);
Result<ExecNodePtr> LowerOneRow(const plan::PlanPtr& plan, Lowering& lowering);

}  // namespace sluice::exec
