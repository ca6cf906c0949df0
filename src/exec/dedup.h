#pragma once
// DISTINCT, dropDuplicates, INTERSECT and EXCEPT: rows told apart by key, no accumulators.
#include "exec/lowering.h"

namespace sluice::exec {

Result<ExecNodePtr> LowerDistinct(const plan::PlanPtr& plan, Lowering& lowering);
/// Keeps the first row of each key.
Result<ExecNodePtr> LowerDeduplicate(const plan::PlanPtr& plan, Lowering& lowering);
Result<ExecNodePtr> LowerSetOperation(const plan::PlanPtr& plan, Lowering& lowering);

}  // namespace sluice::exec
