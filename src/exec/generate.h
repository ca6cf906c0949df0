#pragma once
// Operators that give several rows for one: explode and its kin, grouping sets.
#include "exec/lowering.h"

namespace sluice::exec {

Result<ExecNodePtr> LowerGenerate(const plan::PlanPtr& plan, Lowering& lowering);
Result<ExecNodePtr> LowerExpand(const plan::PlanPtr& plan, Lowering& lowering);

}  // namespace sluice::exec
