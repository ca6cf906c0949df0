#pragma once
#include "exec/lowering.h"

namespace sluice::exec {

/// TABLESAMPLE and DataFrame.sample: without replacement the rows that Spark chooses for the same seed and partitions.
Result<ExecNodePtr> LowerSample(const plan::PlanPtr& plan, Lowering& lowering);

}  // namespace sluice::exec
