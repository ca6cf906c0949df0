#pragma once
// ORDER BY: each task sorts its rows, then the sorted runs are merged.
#include "exec/lowering.h"

namespace sluice::exec {

/// A global Sort gives one split in order; a local one sorts within splits.
Result<ExecNodePtr> LowerSort(const plan::PlanPtr& plan, Lowering& lowering);
/// The first `limit` rows of a Sort: tasks keep no more than they need.
Result<ExecNodePtr> LowerTopN(const plan::Sort& sort, int64_t limit, Lowering& lowering);

}  // namespace sluice::exec
