#include "exec/dedup.h"

#include "exec/aggregate.h"
#include "exec/exchange.h"
#include "exec/expression.h"
#include "exec/first_rows.h"
#include "exec/group_table.h"
#include "exec/stateful_dedup.h"
#include "plan/transform.h"
#include "types/arrow_types.h"

namespace sluice::exec {
namespace {

std::vector<DataType> TypesOf(const plan::ExprList& expressions) {
  std::vector<DataType> types;
  for (const auto& e : expressions) types.push_back(*e->type);
  return types;
}

class DedupNode final : public ExecNode {
 public:
  DedupNode(ExecNodePtr child, plan::ExprList keys, ExpressionSetPtr set)
      : ExecNode(child->output(), {child}), keys_(std::move(keys)), types_(TypesOf(keys_)), set_(std::move(set)) {}

  Result<Pipeline> Start(RunState& run) const override {
    ARROW_ASSIGN_OR_RAISE(Pipeline input, children()[0]->Start(run));
    const int64_t tasks = std::min<int64_t>(run.threads(), input.source->num_splits());
    const int partitions = types_.empty() ? 1 : static_cast<int>(std::max<int64_t>(1, tasks));
    auto exchange = std::make_shared<Exchange>(partitions);
    ARROW_RETURN_NOT_OK(RunPipeline(run, input, [&](TaskContext& task) -> Result<std::unique_ptr<Sink>> {
      return std::make_unique<FirstRowsSink>(set_, types_, task, exchange.get());
    }));
    auto produce = [this, exchange](int64_t split, TaskContext&, Consumer& out) -> Status {
      GroupTable seen(types_);
      std::vector<uint32_t> ids;
      std::vector<int32_t> new_rows;
      for (auto& item : exchange->Take(static_cast<int>(split))) {
        Batch& batch = item.batch;
        const auto keys = std::span<const Vector>(batch.columns).first(types_.size());
        ARROW_RETURN_NOT_OK(seen.Map(keys, batch.rows, &ids, &new_rows));
        batch.columns.erase(batch.columns.begin(), batch.columns.begin() + static_cast<int64_t>(types_.size()));
        if (new_rows.empty()) continue;
        ARROW_ASSIGN_OR_RAISE(Batch first, TakeRows(batch, new_rows));
        ARROW_RETURN_NOT_OK(PushSlices(first, out));
      }
      return Status::OK();
    };
    return Pipeline{std::make_shared<FunctionSource>(partitions, std::move(produce)), {}};
  }
  std::string text() const override { return "HashAggregate(keys=" + ListText(keys_) + ", functions=[])"; }

 private:
  plan::ExprList keys_;
  std::vector<DataType> types_;
  ExpressionSetPtr set_;
};

Result<ExecNodePtr> MakeDedup(ExecNodePtr child, plan::ExprList keys) {
  if (keys.empty()) keys.assign(child->output().begin(), child->output().end());
  // Rows without columns are all equal.
  if (keys.empty()) keys.push_back(plan::MakeLiteral(BooleanValue(true)));
  ARROW_ASSIGN_OR_RAISE(auto set, ExpressionSet::Compile(keys, child->output()));
  return std::make_shared<DedupNode>(std::move(child), std::move(keys), std::move(set));
}

class SetOperationNode final : public ExecNode {
 public:
  SetOperationNode(plan::Attributes output, ExecNodePtr left, ExecNodePtr right, plan::SetOperationType type, bool all)
      : ExecNode(std::move(output), {std::move(left), std::move(right)}), type_(type), all_(all) {}

  Result<Pipeline> Start(RunState& run) const override {
    std::vector<DataType> types;
    for (const auto& a : this->output()) types.push_back(*a->type);
    GroupTable table(types);
    std::vector<int64_t> copies;  // of each row on the right that are left to match
    std::vector<uint32_t> ids;
    ARROW_ASSIGN_OR_RAISE(Pipeline right, children()[1]->Start(run));
    ARROW_ASSIGN_OR_RAISE(auto right_batches, RunAndKeep(run, right));
    for (const Batch& batch : right_batches) {
      ARROW_RETURN_NOT_OK(table.Map(batch.columns, batch.rows, &ids));
      copies.resize(table.size(), 0);
      for (uint32_t id : ids) ++copies[id];
    }
    right_batches.clear();
    ARROW_ASSIGN_OR_RAISE(Pipeline left, children()[0]->Start(run));
    ARROW_ASSIGN_OR_RAISE(auto left_batches, RunAndKeep(run, left));
    std::vector<std::vector<Batch>> result(1);
    std::vector<bool> emitted;
    for (const Batch& batch : left_batches) {
      ARROW_RETURN_NOT_OK(table.Map(batch.columns, batch.rows, &ids));
      copies.resize(table.size(), 0);
      emitted.resize(table.size(), false);
      std::vector<int32_t> rows;
      for (size_t i = 0; i < ids.size(); ++i) {
        if (Keep(ids[i], &copies, &emitted)) rows.push_back(static_cast<int32_t>(i));
      }
      if (rows.empty()) continue;
      ARROW_ASSIGN_OR_RAISE(Batch kept, TakeRows(batch, rows));
      result[0].push_back(std::move(kept));
    }
    return Pipeline{std::make_shared<BatchSource>(std::move(result)), {}};
  }
  std::string text() const override {
    return std::string(type_ == plan::SetOperationType::kIntersect ? "Intersect" : "Except") + (all_ ? " All" : "");
  }

 private:
  bool Keep(uint32_t id, std::vector<int64_t>* copies, std::vector<bool>* emitted) const {
    const bool intersect = type_ == plan::SetOperationType::kIntersect;
    if (!all_) {
      if ((*emitted)[id] || ((*copies)[id] > 0) != intersect) return false;
      (*emitted)[id] = true;
      return true;
    }
    const bool matched = (*copies)[id] > 0;
    if (matched) --(*copies)[id];
    return matched == intersect;
  }

  plan::SetOperationType type_;
  bool all_;
};

}  // namespace

Result<ExecNodePtr> LowerDistinct(const plan::PlanPtr& plan, Lowering& lowering) {
  if (plan::IsStreaming(*plan)) {  // as Spark does, so that its state is found again
    auto aggregate = std::make_shared<plan::Aggregate>();
    const plan::Attributes columns = plan->children[0]->output();
    aggregate->grouping.assign(columns.begin(), columns.end());
    aggregate->aggregates = aggregate->grouping;
    aggregate->children = plan->children;
    aggregate->resolved = true;
    return LowerAggregate(aggregate, lowering);
  }
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr child, lowering.Lower(plan->children[0]));
  return MakeDedup(std::move(child), {});
}

Result<ExecNodePtr> LowerDeduplicate(const plan::PlanPtr& plan, Lowering& lowering) {
  if (plan::IsStreaming(*plan)) return LowerStatefulDeduplicate(plan, lowering);
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr child, lowering.Lower(plan->children[0]));
  return MakeDedup(std::move(child), plan::As<plan::Deduplicate>(plan)->keys);
}

Result<ExecNodePtr> LowerSetOperation(const plan::PlanPtr& plan, Lowering& lowering) {
  const auto& operation = *plan::As<plan::SetOperation>(plan);
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr left, lowering.Lower(plan->children[0]));
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr right, lowering.Lower(plan->children[1]));
  return std::make_shared<SetOperationNode>(plan->output(), std::move(left), std::move(right), operation.type,
                                            operation.all);
}

}  // namespace sluice::exec
