#pragma once
// Observations: aggregates over the rows that pass a point of a query, told when it has run.
#include <functional>
#include <mutex>

#include "plan/logical_plan.h"

namespace sluice::plan {

/// The values of one observation: a row of one.
struct ObservedRow {
  DataType schema;  // STRUCT
  std::shared_ptr<arrow::RecordBatch> values;
};

/// Where the engine leaves the values of a run, and whoever asked for them takes them. Thread-safe.
class Observed {
 public:
  using Compute = std::function<Result<ObservedRow>()>;
  /// A run begins; `compute` gives the values of the rows that came until it is called.
  void Begin(Compute compute) {
    std::lock_guard lock(mutex_);
    compute_ = std::move(compute);
  }
  /// Of the last run, once; nullopt when there was none.
  Result<std::optional<ObservedRow>> Take() {
    Compute compute;
    {
      std::lock_guard lock(mutex_);
      compute = std::exchange(compute_, nullptr);
    }
    if (compute == nullptr) return std::optional<ObservedRow>();
    ARROW_ASSIGN_OR_RAISE(ObservedRow row, compute());
    return std::optional(std::move(row));
  }

 private:
  std::mutex mutex_;
  Compute compute_;
};

struct CollectMetrics : PlanNode<CollectMetrics, PlanKind::kCollectMetrics> {
  std::string name;
  ExprList metrics;  // resolved: Aliases of expressions over aggregates
  std::shared_ptr<Observed> observed;
  ExprList expressions() const override { return metrics; }
  void set_expressions(ExprList e) override { metrics = std::move(e); }
};

/// The observations of a plan, by name.
std::vector<const CollectMetrics*> Observations(const PlanPtr& plan);

}  // namespace sluice::plan
