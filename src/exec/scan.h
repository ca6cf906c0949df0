#pragma once
// Tables and streams of connectors.
#include "connectors/api/filter.h"
#include "exec/lowering.h"

namespace sluice::exec {

/// A batch table by Table::NewScan, planned anew in each run; a stream by RunContext::sources[source_id].
Result<ExecNodePtr> LowerRelation(const plan::PlanPtr& plan, Lowering& lowering);

/// `condition` as a filter of a connector, when it is a comparison of a column (or nested field) with a literal.
std::optional<connectors::ColumnFilter> ToColumnFilter(const plan::Expression& condition);

}  // namespace sluice::exec
