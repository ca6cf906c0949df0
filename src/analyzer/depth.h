#pragma once
// A bound on how deeply plans nest.
#include "base/error.h"
#include "plan/logical_plan.h"

namespace sluice::analyzer {

/// FAILED_TO_PARSE_TOO_COMPLEX for plans and expressions nested so deeply that the passes would run out of stack.
Status CheckDepth(const plan::PlanPtr& plan);

}  // namespace sluice::analyzer
