#pragma once
// Logical operators -> physical ones, by a table with one line an operator.
#include "exec/node.h"
#include "plan/logical_plan.h"

namespace sluice::exec {

/// Lowers plans of one query.
class Lowering {
 public:
  explicit Lowering(const Config& config) : config_(config) {}
  /// UNSUPPORTED_FEATURE naming an operator that has no line in the table.
  Result<ExecNodePtr> Lower(const plan::PlanPtr& plan);
  const Config& config() const { return config_; }

 private:
  const Config& config_;
};

using LoweringFunction = Result<ExecNodePtr> (*)(const plan::PlanPtr& plan, Lowering& lowering);

}  // namespace sluice::exec
