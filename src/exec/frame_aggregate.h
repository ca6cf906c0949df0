#pragma once
// Aggregates over the frames of a window, by the accumulators that GROUP BY uses.
#include "base/cancel.h"
#include "exec/batch.h"
#include "exec/window_frame.h"
#include "functions/registry.h"

namespace sluice::exec {

/// The aggregate of each row's frame, in the order of the rows, so that sums of doubles are as if computed one by one.
/// Frames that only grow from row to row go on from the one before; others are computed anew. A value a
/// row; there is at least one.
Result<ArrayPtr> AggregateFrames(const functions::FunctionDef& def, const functions::BoundCall& bound,
                                 const functions::EvalContext& context, std::span<const Vector> args,
                                 const FrameBounds& frames, const CancelToken& cancel);

}  // namespace sluice::exec
