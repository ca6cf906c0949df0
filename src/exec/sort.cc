#include "exec/sort.h"

#include <algorithm>
#include <queue>

#include "exec/expression.h"
#include "exec/sort_keys.h"
#include "types/arrow_types.h"

namespace sluice::exec {
namespace {

/// Rows of one task in order.
struct SortedRun {
  explicit SortedRun(const std::vector<SortColumn>& columns) : keys(columns) {}
  SortKeys keys;
  Batch rows;
};

struct SortSpec {
  std::vector<SortColumn> columns;
  ExpressionSetPtr keys;
  std::vector<std::shared_ptr<arrow::DataType>> types;  // of the rows
  int64_t limit = INT64_MAX;
};

/// Collects rows and sorts them; with a limit, drops what cannot be among the first now and then.
class RunBuilder {
 public:
  RunBuilder(const SortSpec& spec, TaskContext& task)
      : spec_(spec), task_(task), evaluator_(spec.keys), keys_(spec.columns) {}
  Status Add(Batch batch) {
    ARROW_ASSIGN_OR_RAISE(auto values, evaluator_.Evaluate(batch, task_));
    ARROW_RETURN_NOT_OK(keys_.Append(values, batch.rows));
    batches_.push_back(std::move(batch));
    if (keys_.size() > std::max<int64_t>(8 * kBatchRows, 4 * std::min(spec_.limit, INT64_MAX / 4))) return Sort();
    return keys_.size() > INT32_MAX / 2 ? Status::CapacityError("too many rows in one sort") : Status::OK();
  }
  Result<SortedRun> Finish() {
    ARROW_RETURN_NOT_OK(Sort());
    SortedRun run(spec_.columns);
    run.keys = std::move(keys_);
    if (!batches_.empty()) run.rows = std::move(batches_[0]);
    return run;
  }

 private:
  Status Sort() {
    if (batches_.empty()) return Status::OK();
    std::vector<int32_t> order = SortedRows(keys_, spec_.limit);
    ARROW_ASSIGN_OR_RAISE(Batch all, ConcatBatches(batches_, spec_.types));
    batches_.clear();
    ARROW_ASSIGN_OR_RAISE(Batch sorted, TakeRows(all, order));
    keys_.Keep(order);
    batches_.push_back(std::move(sorted));
    return Status::OK();
  }

  const SortSpec& spec_;
  TaskContext& task_;
  Evaluator evaluator_;
  SortKeys keys_;
  std::vector<Batch> batches_;
};

class SortSink final : public Sink {
 public:
  SortSink(const SortSpec& spec, TaskContext& task, std::vector<SortedRun>* runs)
      : builder_(spec, task), task_(task), runs_(runs) {}
  Status Push(Batch batch) override { return builder_.Add(std::move(batch)); }
  Status Finish() override {
    ARROW_ASSIGN_OR_RAISE(SortedRun run, builder_.Finish());
    if (run.rows.rows == 0) return Status::OK();
    std::lock_guard lock(task_.run->mutex);
    runs_->push_back(std::move(run));
    return Status::OK();
  }

 private:
  RunBuilder builder_;
  TaskContext& task_;
  std::vector<SortedRun>* runs_;
};

/// Pushes the rows of all runs in order.
Status MergeRuns(const std::vector<SortedRun>& runs, const SortSpec& spec, TaskContext& task, Consumer& out) {
  if (runs.empty()) return Status::OK();
  int64_t left = spec.limit;
  if (runs.size() == 1) {
    return PushSlices(SliceBatch(runs[0].rows, 0, std::min(left, runs[0].rows.rows)), out);
  }
  std::vector<Batch> pieces;
  std::vector<int64_t> starts, next(runs.size(), 0);
  int64_t total = 0;
  for (const SortedRun& run : runs) {
    pieces.push_back(run.rows);
    starts.push_back(total);
    total += run.rows.rows;
  }
  if (total > INT32_MAX) return Status::CapacityError("too many rows in one sort");
  ARROW_ASSIGN_OR_RAISE(Batch all, ConcatBatches(pieces, spec.types));
  const auto after = [&](size_t a, size_t b) {
    const int order = runs[a].keys.key(next[a]).compare(runs[b].keys.key(next[b]));
    return order != 0 ? order > 0 : a > b;
  };
  std::priority_queue<size_t, std::vector<size_t>, decltype(after)> heads(after);
  for (size_t r = 0; r < runs.size(); ++r) heads.push(r);
  std::vector<int32_t> rows;
  left = std::min(left, total);
  while (left > 0 && !out.done()) {
    ARROW_RETURN_NOT_OK(task.run->context.cancel.Check());
    rows.clear();
    for (; left > 0 && static_cast<int64_t>(rows.size()) < kBatchRows; --left) {
      const size_t r = heads.top();
      heads.pop();
      rows.push_back(static_cast<int32_t>(starts[r] + next[r]));
      if (++next[r] < runs[r].rows.rows) heads.push(r);
    }
    ARROW_ASSIGN_OR_RAISE(Batch batch, TakeRows(all, rows));
    ARROW_RETURN_NOT_OK(out.Push(std::move(batch)));
  }
  return Status::OK();
}

/// Sorts each split by itself: Sort with global = false.
class LocalSortSink final : public Sink {
 public:
  LocalSortSink(const SortSpec& spec, TaskContext& task, std::vector<std::vector<Batch>>* splits)
      : spec_(spec), task_(task), splits_(splits) {}
  Status BeginSplit(int64_t) override {
    builder_ = std::make_unique<RunBuilder>(spec_, task_);
    return Status::OK();
  }
  Status Push(Batch batch) override { return builder_->Add(std::move(batch)); }
  Status EndSplit(int64_t split) override {
    ARROW_ASSIGN_OR_RAISE(SortedRun run, builder_->Finish());
    if (run.rows.rows > 0) (*splits_)[split].push_back(std::move(run.rows));
    return Status::OK();
  }

 private:
  const SortSpec& spec_;
  TaskContext& task_;
  std::vector<std::vector<Batch>>* splits_;
  std::unique_ptr<RunBuilder> builder_;
};

class SortNode final : public ExecNode {
 public:
  SortNode(ExecNodePtr child, SortSpec spec, plan::ExprList orders, bool global)
      : ExecNode(child->output(), {child}), spec_(std::move(spec)), orders_(std::move(orders)), global_(global) {}

  Result<Pipeline> Start(RunState& run) const override {
    ARROW_ASSIGN_OR_RAISE(Pipeline input, children()[0]->Start(run));
    if (!global_) {
      std::vector<std::vector<Batch>> splits(input.source->num_splits());
      ARROW_RETURN_NOT_OK(RunPipeline(run, input, [&](TaskContext& task) -> Result<std::unique_ptr<Sink>> {
        return std::make_unique<LocalSortSink>(spec_, task, &splits);
      }));
      return Pipeline{std::make_shared<BatchSource>(std::move(splits)), {}};
    }
    auto runs = std::make_shared<std::vector<SortedRun>>();
    ARROW_RETURN_NOT_OK(RunPipeline(run, input, [&](TaskContext& task) -> Result<std::unique_ptr<Sink>> {
      return std::make_unique<SortSink>(spec_, task, runs.get());
    }));
    auto produce = [this, runs](int64_t, TaskContext& task, Consumer& out) {
      return MergeRuns(*runs, spec_, task, out);
    };
    return Pipeline{std::make_shared<FunctionSource>(1, std::move(produce)), {}};
  }
  std::string text() const override {
    if (spec_.limit != INT64_MAX) {
      return "TakeOrderedAndProject(limit=" + std::to_string(spec_.limit) + ", orderBy=" + ListText(orders_) +
             ", output=" + ListText(output()) + ")";
    }
    return "Sort " + ListText(orders_) + ", " + (global_ ? "true" : "false") + ", 0";
  }

 private:
  SortSpec spec_;
  plan::ExprList orders_;
  bool global_;
};

Result<ExecNodePtr> MakeSort(const plan::Sort& sort, int64_t limit, Lowering& lowering) {
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr child, lowering.Lower(sort.children[0]));
  SortSpec spec;
  plan::ExprList keys;
  for (const auto& expression : sort.orders) {
    const auto& order = *plan::As<plan::SortOrder>(*expression);
    keys.push_back(order.children[0]);
    spec.columns.push_back({*order.children[0]->type, order.ascending, order.nulls_first});
  }
  ARROW_ASSIGN_OR_RAISE(spec.keys, ExpressionSet::Compile(keys, child->output()));
  spec.types = ArrowTypesOf(child->output());
  spec.limit = limit;
  return std::make_shared<SortNode>(std::move(child), std::move(spec), sort.orders, sort.global);
}

}  // namespace

Result<ExecNodePtr> LowerSort(const plan::PlanPtr& plan, Lowering& lowering) {
  return MakeSort(*plan::As<plan::Sort>(plan), INT64_MAX, lowering);
}

Result<ExecNodePtr> LowerTopN(const plan::Sort& sort, int64_t limit, Lowering& lowering) {
  return MakeSort(sort, limit, lowering);
}

}  // namespace sluice::exec
