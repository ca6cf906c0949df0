#pragma once
// Window functions: rows divided by partition, sorted, and given a column a function.
#include "exec/lowering.h"

namespace sluice::exec {

/// Window, whose functions share PARTITION BY and ORDER BY. Rows come out sorted by both.
Result<ExecNodePtr> LowerWindow(const plan::PlanPtr& plan, Lowering& lowering);

}  // namespace sluice::exec
