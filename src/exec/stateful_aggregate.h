#pragma once
// GROUP BY on a stream.
#include "exec/aggregate.h"
#include "exec/stateful.h"

namespace sluice::exec {

/// Merges the groups of a batch with those in state.
///
/// Input   partial groups of the tasks, divided by key over the partitions of the state
/// Output  keys..., a column a call: append: groups that the watermark closed; update: groups of this batch;
///         complete: all groups
/// State   keys -> aggregation buffers, in Spark's layout
/// Late    event time of the key <= the watermark of the batch before: dropped (not in complete mode)
Result<ExecNodePtr> MakeStatefulAggregate(CompiledAggregate compiled, state::StatefulOperator op,
                                          std::string output_mode, ExecNodePtr child);

/// STRUCT of the buffers of all calls that are not DISTINCT.
DataType BufferSchema(const AggregateSpec& spec);

}  // namespace sluice::exec
