#pragma once
// Aggregate functions that run outside of the engine, over the frames of a window.
#include "exec/external.h"
#include "exec/window_frame.h"

namespace sluice::exec {

/// One call; `input` and the columns of `call` are its arguments in order.
struct ExternalWindowCall {
  plan::ExprPtr held;  // keeps the function
  external::Call call;
  DataType input;
  Config config;
};

/// A value a row: what the function makes of the arguments' rows in its frame. Neighbours with equal frames share one.
Result<ArrayPtr> AggregateFramesOutside(const ExternalWindowCall& call, std::span<const Vector> args,
                                        const FrameBounds& frames, int64_t rows, TaskContext& task);

}  // namespace sluice::exec
