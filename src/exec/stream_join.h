#pragma once
// The join of two streams.
#include "exec/stateful.h"

namespace sluice::exec {

/// Both sides are kept and each new row joins what the other side has.
///
/// Output  columns of the left side, then of the right (left semi: left only), append mode
/// State   of each side: keyToNumValues: keys -> rows there are; keyWithIndexToValue: (keys, index) -> (row, matched)
/// Kept    until no partner can come any more: by an event time among the keys, or by a range of event times in the
///         condition; rows of an outer side then come out with nulls if they have not matched
/// Late    event time of the row <= the watermark of the batch before: dropped
/// Errors  _LEGACY_ERROR_TEMP_3102: no equality in the condition; an outer or semi join whose state would never go
Result<ExecNodePtr> LowerStreamJoin(const plan::PlanPtr& plan, Lowering& lowering);

}  // namespace sluice::exec
