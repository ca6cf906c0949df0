#pragma once
// GROUP BY: partial groups per task -> exchange by key -> final groups per partition.
#include "exec/aggregator.h"
#include "exec/exchange.h"
#include "exec/lowering.h"

namespace sluice::exec {

Result<ExecNodePtr> LowerAggregate(const plan::PlanPtr& plan, Lowering& lowering);

/// An aggregation taken apart: what runs before the groups, what the groups are, what is computed from them.
struct CompiledAggregate {
  AggregateSpec spec;
  plan::Attributes group_output;  // keys, then one column a call: what Aggregator::Results gives
  plan::ExprList results;         // the operator's output list over group_output
};
Result<CompiledAggregate> CompileAggregate(const plan::Aggregate& aggregate, const plan::Attributes& input);

/// First half: every task groups its rows and sends partial groups to the exchange. The second half, which merges one
/// partition after the other, is what a stateful aggregation does through its state store instead.
Status RunPartialAggregate(RunState& run, const Pipeline& input, const AggregateSpec& spec, Exchange* exchange);
/// Second half for one partition: merged groups, as Aggregator::Results.
Result<Batch> MergePartition(const AggregateSpec& spec, const functions::EvalContext& context, Exchange* exchange,
                             int partition);

}  // namespace sluice::exec
