#pragma once
// Joins: hash joins with a shared (broadcast) or a partitioned (shuffled) build side, nested loops without keys.
#include "exec/lowering.h"

namespace sluice::exec {

Result<ExecNodePtr> LowerJoin(const plan::PlanPtr& plan, Lowering& lowering);

}  // namespace sluice::exec
