#pragma once
// Logical operators -> physical ones, by a table with one line an operator.
#include "exec/node.h"
#include "plan/logical_plan.h"

namespace sluice::exec {

/// Lowers plans of one query.
class Lowering {
 public:
  explicit Lowering(const Config& config, std::string output_mode = "append")
      : config_(config), output_mode_(std::move(output_mode)) {}
  /// UNSUPPORTED_FEATURE naming an operator that has no line in the table.
  Result<ExecNodePtr> Lower(const plan::PlanPtr& plan);
  const Config& config() const { return config_; }
  /// Of a streaming query.
  const std::string& output_mode() const { return output_mode_; }
  StreamTraits& traits() { return traits_; }

 private:
  const Config& config_;
  std::string output_mode_;
  StreamTraits traits_;
};

using LoweringFunction = Result<ExecNodePtr> (*)(const plan::PlanPtr& plan, Lowering& lowering);

}  // namespace sluice::exec
