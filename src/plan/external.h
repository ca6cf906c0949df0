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

/// What a function over the groups of a stream keeps from batch to batch.
struct GroupMemory {
  enum class Kind : uint8_t {
    kState,      // one value of each group, which it is given (applyInPandasWithState)
    kProcessor,  // variables and timers, which it asks for (transformWithState)
  } kind = Kind::kState;
  std::string output_mode;  // "append", "update", "complete"
  std::string time;         // kState: "NoTimeout" ...; kProcessor: "None", "ProcessingTime", "EventTime"
  DataType value;           // kState: STRUCT
  std::string event_time;   // kProcessor: the output's column of event times; "": none
};

/// The rows that a function makes of each group: of one child, or of two that are grouped alike.
struct MapGroups : PlanNode<MapGroups, PlanKind::kMapGroups> {
  ExternalFunctionPtr function;
  std::vector<ExprList> keys;                 // for each child; attributes of it once resolved
  std::vector<Attributes> values;             // once resolved, for each child: the columns that the function sees
  std::shared_ptr<const GroupMemory> memory;  // of functions that keep something; a second child is what it begins with
  Attributes attributes;
  Attributes output() const override { return attributes; }
  ExprList expressions() const override;
  void set_expressions(ExprList) override;
};

}  // namespace sluice::plan
