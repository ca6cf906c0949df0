#pragma once
// What a join's condition says about time: how old a row of one side must be for no row of the other side to come that
// it could join. Source: Structured Streaming guide, "Inner Joins with optional Watermarking".
#include <optional>

#include "plan/logical_plan.h"

namespace sluice::exec {

/// Rows of `side` up to watermark + offset have seen all their partners: milliseconds to add to the watermark of the
/// event time of `other`. From comparisons such as `side.t >= other.t - INTERVAL 1 HOUR`; nothing when none says so.
std::optional<int64_t> StateWatermarkOffsetMs(const plan::ExprList& conjuncts, const plan::Attributes& side,
                                              const plan::Attributes& other);

}  // namespace sluice::exec
