#pragma once
// Functions that run outside of the engine: columns of a batch, rows of a partition, rows of a table function.
#include "exec/lowering.h"
#include "external/api/function.h"

namespace sluice::plan {
struct Expression;
struct Generate;
}  // namespace sluice::plan

namespace sluice::exec {

Result<ExecNodePtr> LowerExternalColumns(const plan::PlanPtr& plan, Lowering& lowering);
Result<ExecNodePtr> LowerMapPartitions(const plan::PlanPtr& plan, Lowering& lowering);
/// LATERAL VIEW f(...) of an external table function.
Result<ExecNodePtr> LowerExternalGenerate(const plan::Generate& generate, Lowering& lowering);

/// What a call of an external function keeps, or null for any other expression.
const external::Function* ExternalFunctionOf(const plan::Expression& call);

/// Takes the rows of one split, and gives what becomes of them to what follows.
class Feeder : public Consumer {
 public:
  /// The split has ended.
  virtual Status Finish() = 0;
};
/// Makes one for each split of a task; `out` takes results.
using FeederFactory = std::function<Result<std::unique_ptr<Feeder>>(TaskContext& task, Consumer& out)>;
/// `input` with the rows of each split passed through a feeder of its own.
Pipeline FeedSplits(Pipeline input, FeederFactory make);

/// Calls over arguments that are computed once each.
struct ExternalCalls {
  plan::ExprList arguments;           // distinct
  DataType input;                     // STRUCT of them: _0, _1 ...
  std::vector<external::Call> calls;  // columns are positions in `arguments`
};
ExternalCalls CollectArguments(const std::vector<const plan::Expression*>& calls);

}  // namespace sluice::exec
