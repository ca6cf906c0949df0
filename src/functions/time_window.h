#pragma once
// What window() settles; the analyzer makes columns of it, one for each slide a time may lie in.
#include "functions/registry.h"

namespace sluice::functions {

/// Windows [start, start + length_us) with start = start_us + n * slide_us. Of those that hold a time, and there may be
/// none, a call gives the one `index` slides before the last that begins at or before it.
struct TimeWindow final : BoundState {
  int64_t length_us = 0, slide_us = 0, start_us = 0;
  int index = 0;
  /// How many of them can hold one time.
  int overlapping() const { return static_cast<int>((length_us + slide_us - 1) / slide_us); }
};

}  // namespace sluice::functions
