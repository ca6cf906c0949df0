#pragma once
#include "exec/lowering.h"

namespace sluice::exec {

/// UNION ALL: the splits of all children, read side by side.
Result<ExecNodePtr> LowerUnion(const plan::PlanPtr& plan, Lowering& lowering);

/// The splits of several pipelines one after the other.
Pipeline ConcatPipelines(std::vector<Pipeline> pipelines);

}  // namespace sluice::exec
