#pragma once
// dropDuplicates and dropDuplicatesWithinWatermark on a stream, and LIMIT.
#include "exec/stateful.h"

namespace sluice::exec {

/// Passes the first row of each key.
///
/// State   dropDuplicates: keys -> nothing, as long as the key's event time, if it has one, is above the watermark;
///         within watermark: keys -> the time until which duplicates may come: the first row's event time and the delay
/// Late    event time <= the watermark of the batch before: dropped
Result<ExecNodePtr> LowerStatefulDeduplicate(const plan::PlanPtr& plan, Lowering& lowering);

/// Passes rows until there have been `count` in the life of the query. State: how many there were.
Result<ExecNodePtr> LowerStatefulLimit(const plan::PlanPtr& plan, int64_t count, Lowering& lowering);

}  // namespace sluice::exec
