#pragma once
// Functions that run outside of the engine, over groups of rows with equal keys.
#include "exec/lowering.h"

namespace sluice::exec {

Result<ExecNodePtr> LowerMapGroups(const plan::PlanPtr& plan, Lowering& lowering);

bool HasExternalAggregate(const plan::Aggregate& aggregate);
/// Errors: INVALID_PANDAS_UDF_PLACEMENT when there are aggregate functions of the engine too.
Result<ExecNodePtr> LowerExternalAggregate(const plan::Aggregate& aggregate, Lowering& lowering);

}  // namespace sluice::exec
