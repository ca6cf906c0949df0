#pragma once
// Observations: rows go through, and into aggregates beside them.
#include "exec/lowering.h"

namespace sluice::exec {

Result<ExecNodePtr> LowerCollectMetrics(const plan::PlanPtr& plan, Lowering& lowering);

}  // namespace sluice::exec
