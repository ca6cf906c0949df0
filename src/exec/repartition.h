#pragma once
#include "exec/lowering.h"

namespace sluice::exec {

/// coalesce(n) and repartition(n): at most n splits, hence tasks and output files. More splits than there are, and
/// repartitioning by key, change nothing here: operators that need rows by key exchange them themselves.
Result<ExecNodePtr> LowerRepartition(const plan::PlanPtr& plan, Lowering& lowering);

}  // namespace sluice::exec
