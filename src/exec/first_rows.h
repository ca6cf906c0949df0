#pragma once
// The half of deduplication that tables and streams share: what a task drops before rows travel.
#include <atomic>
#include <span>

#include "exec/exchange.h"
#include "exec/expression.h"
#include "exec/group_table.h"

namespace sluice::exec {

/// Sends the first row of each key that a task sees to the exchange, with its keys before it. `dropped`, which may be
/// null, counts the other rows.
class FirstRowsSink final : public Sink {
 public:
  FirstRowsSink(ExpressionSetPtr keys, const std::vector<DataType>& types, TaskContext& task, Exchange* exchange,
                std::atomic<int64_t>* dropped = nullptr)
      : keys_(std::move(keys)), types_(types), task_(task), exchange_(exchange), dropped_(dropped), seen_(types) {}
  Status Push(Batch batch) override {
    ARROW_ASSIGN_OR_RAISE(auto keys, keys_.Evaluate(batch, task_));
    ARROW_RETURN_NOT_OK(seen_.Map(keys, batch.rows, &ids_, &new_rows_));
    if (dropped_ != nullptr) *dropped_ += batch.rows - static_cast<int64_t>(new_rows_.size());
    if (new_rows_.empty()) return Status::OK();
    Batch keyed{batch.rows, keys};
    keyed.columns.insert(keyed.columns.end(), batch.columns.begin(), batch.columns.end());
    Batch first = std::move(keyed);
    if (static_cast<int64_t>(new_rows_.size()) < batch.rows) {
      ARROW_ASSIGN_OR_RAISE(first, TakeRows(first, new_rows_));
    }
    return exchange_->Route(first, std::span<const Vector>(first.columns).first(types_.size()), types_);
  }

 private:
  Evaluator keys_;
  const std::vector<DataType>& types_;
  TaskContext& task_;
  Exchange* exchange_;
  std::atomic<int64_t>* dropped_;
  GroupTable seen_;
  std::vector<uint32_t> ids_;
  std::vector<int32_t> new_rows_;
};

}  // namespace sluice::exec
