#pragma once
// Operators over functions that run outside of the engine.
#include "plan/logical_plan.h"

namespace sluice::external {
class Function;  // external/api/function.h
}

namespace sluice::plan {

using ExternalFunctionPtr = std::shared_ptr<const external::Function>;

/// The child's columns, and one for each call. Made by the optimizer of calls in the expressions of other operators.
struct ExternalColumns : PlanNode<ExternalColumns, PlanKind::kExternalColumns> {
  ExprList calls;  // Alias(Call)
  Attributes output() const override;
  ExprList expressions() const override { return calls; }
  void set_expressions(ExprList e) override { calls = std::move(e); }
};

/// The rows that a function makes of those of a partition.
struct MapPartitions : PlanNode<MapPartitions, PlanKind::kMapPartitions> {
  ExternalFunctionPtr function;
  Attributes attributes;
  Attributes output() const override { return attributes; }
};

/// The rows that a function makes of each group: of one child, or of two that are grouped alike.
struct MapGroups : PlanNode<MapGroups, PlanKind::kMapGroups> {
  ExternalFunctionPtr function;
  std::vector<ExprList> keys;      // for each child; attributes of it once resolved
  std::vector<Attributes> values;  // once resolved, for each child: the columns that the function sees
  Attributes attributes;
  Attributes output() const override { return attributes; }
  ExprList expressions() const override;
  void set_expressions(ExprList) override;
};

}  // namespace sluice::plan
