#pragma once
// LIMIT, OFFSET and tail: the first or last rows in order of splits, as Spark's collect sees them.
#include "exec/lowering.h"

namespace sluice::exec {

Result<ExecNodePtr> LowerLimit(const plan::PlanPtr& plan, Lowering& lowering);
Result<ExecNodePtr> LowerOffset(const plan::PlanPtr& plan, Lowering& lowering);
Result<ExecNodePtr> LowerTail(const plan::PlanPtr& plan, Lowering& lowering);

}  // namespace sluice::exec
