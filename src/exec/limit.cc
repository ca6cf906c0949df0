#include "exec/limit.h"

#include <algorithm>

#include "exec/project.h"
#include "exec/query.h"
#include "exec/sort.h"
#include "exec/stateful_dedup.h"
#include "plan/transform.h"

namespace sluice::exec {
namespace {

/// What tasks found so far; stops the pipeline once the finished splits at the front have enough rows.
struct LimitProgress {
  explicit LimitProgress(int64_t splits, int64_t n) : needed(n), rows(splits), finished(splits) {}
  const int64_t needed;
  std::mutex mutex;
  std::vector<std::vector<Batch>> rows;
  std::vector<bool> finished;
  size_t front = 0;
  int64_t front_rows = 0;
  std::atomic<bool> enough{false};
};

/// Keeps up to `needed` rows of each split.
class LimitSink final : public Sink {
 public:
  explicit LimitSink(LimitProgress* progress) : progress_(progress) {}
  Status BeginSplit(int64_t split) override {
    split_ = split;
    seen_ = 0;
    return Status::OK();
  }
  Status Push(Batch batch) override {
    const int64_t take = std::min(batch.rows, progress_->needed - seen_);
    if (take <= 0) return Status::OK();
    seen_ += take;
    progress_->rows[split_].push_back(SliceBatch(batch, 0, take));
    return Status::OK();
  }
  bool done() const override { return seen_ >= progress_->needed || progress_->enough.load(std::memory_order_relaxed); }
  Status EndSplit(int64_t split) override {
    std::lock_guard lock(progress_->mutex);
    LimitProgress& p = *progress_;
    p.finished[split] = true;
    while (p.front < p.finished.size() && p.finished[p.front]) {
      for (const Batch& batch : p.rows[p.front]) p.front_rows += batch.rows;
      ++p.front;
    }
    if (p.front_rows >= p.needed) p.enough = true;
    return Status::OK();
  }

 private:
  LimitProgress* progress_;
  int64_t split_ = 0, seen_ = 0;
};

Pipeline OneSplit(std::vector<Batch> batches) {
  std::vector<std::vector<Batch>> splits;
  splits.push_back(std::move(batches));
  return Pipeline{std::make_shared<BatchSource>(std::move(splits)), {}};
}

class LimitNode final : public ExecNode {
 public:
  /// Rows [skip, skip + count); count < 0: all after `skip`.
  LimitNode(ExecNodePtr child, int64_t skip, int64_t count)
      : ExecNode(child->output(), {child}), skip_(skip), count_(count) {}

  Result<Pipeline> Start(RunState& run) const override {
    if (count_ == 0) return OneSplit({});
    ARROW_ASSIGN_OR_RAISE(Pipeline input, children()[0]->Start(run));
    const int64_t needed = count_ < 0 || skip_ > INT64_MAX - count_ ? INT64_MAX : skip_ + count_;
    LimitProgress progress(input.source->num_splits(), needed);
    ARROW_RETURN_NOT_OK(RunPipeline(
        run, input,
        [&](TaskContext&) -> Result<std::unique_ptr<Sink>> { return std::make_unique<LimitSink>(&progress); },
        &progress.enough));
    std::vector<Batch> kept;
    int64_t position = 0;
    for (auto& split : progress.rows) {
      for (Batch& batch : split) {
        const int64_t first = std::max<int64_t>(0, skip_ - position);
        const int64_t last = std::min(batch.rows, needed - position);
        if (first < last) kept.push_back(SliceBatch(batch, first, last - first));
        position += batch.rows;
        if (position >= needed) return OneSplit(std::move(kept));
      }
    }
    return OneSplit(std::move(kept));
  }
  std::string text() const override {
    std::string text = count_ < 0 ? "Offset" : "CollectLimit " + std::to_string(count_);
    return skip_ > 0 ? text + (count_ < 0 ? " " : ", ") + std::to_string(skip_) : text;
  }

 private:
  int64_t skip_, count_;
};

class TailNode final : public ExecNode {
 public:
  TailNode(ExecNodePtr child, int64_t count) : ExecNode(child->output(), {child}), count_(count) {}
  Result<Pipeline> Start(RunState& run) const override {
    ARROW_ASSIGN_OR_RAISE(Pipeline input, children()[0]->Start(run));
    ARROW_ASSIGN_OR_RAISE(std::vector<Batch> batches, RunAndKeep(run, input));
    std::vector<Batch> kept;
    int64_t missing = count_;
    for (auto it = batches.rbegin(); it != batches.rend() && missing > 0; ++it) {
      const int64_t take = std::min(it->rows, missing);
      kept.push_back(SliceBatch(*it, it->rows - take, take));
      missing -= take;
    }
    std::reverse(kept.begin(), kept.end());
    return OneSplit(std::move(kept));
  }
  std::string text() const override { return "CollectTail " + std::to_string(count_); }

 private:
  int64_t count_;
};

Result<int64_t> CountOf(const plan::ExprPtr& expression) {
  functions::EvalContext context;
  context.zone = std::shared_ptr<const TimeZone>(std::shared_ptr<void>(), &TimeZone::Utc());
  ARROW_ASSIGN_OR_RAISE(TypedValue value, EvaluateConstant(expression, context));
  return IntegralOf(value);
}

/// The plan, when only its first `count` rows are asked: a Sort, bare or under one Project, keeps no more.
Result<ExecNodePtr> LowerFirstRows(const plan::PlanPtr& plan, int64_t count, Lowering& lowering) {
  if (const auto* sort = plan::As<plan::Sort>(*plan); sort != nullptr && sort->global) {
    return LowerTopN(*sort, count, lowering);
  }
  if (const auto* project = plan::As<plan::Project>(*plan)) {
    const auto* sort = plan::As<plan::Sort>(*project->children[0]);
    if (sort != nullptr && sort->global) {
      ARROW_ASSIGN_OR_RAISE(ExecNodePtr input, LowerTopN(*sort, count, lowering));
      return MakeProject(project->list, std::move(input));
    }
  }
  return lowering.Lower(plan);
}

}  // namespace

Result<ExecNodePtr> LowerLimit(const plan::PlanPtr& plan, Lowering& lowering) {
  ARROW_ASSIGN_OR_RAISE(int64_t count, CountOf(plan::As<plan::Limit>(plan)->count));
  if (plan::IsStreaming(*plan) && lowering.output_mode() == "append") return LowerStatefulLimit(plan, count, lowering);
  plan::PlanPtr child = plan->children[0];
  int64_t skip = 0;
  if (const auto* offset = plan::As<plan::Offset>(*child)) {  // LIMIT above OFFSET
    ARROW_ASSIGN_OR_RAISE(skip, CountOf(offset->count));
    child = child->children[0];
  }
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr input, LowerFirstRows(child, skip + count, lowering));
  if (skip == 0 && child->kind == plan::PlanKind::kSort && plan::As<plan::Sort>(*child)->global) return input;
  return std::make_shared<LimitNode>(std::move(input), skip, count);
}

Result<ExecNodePtr> LowerOffset(const plan::PlanPtr& plan, Lowering& lowering) {
  ARROW_ASSIGN_OR_RAISE(int64_t skip, CountOf(plan::As<plan::Offset>(plan)->count));
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr input, lowering.Lower(plan->children[0]));
  return std::make_shared<LimitNode>(std::move(input), skip, -1);
}

Result<ExecNodePtr> LowerTail(const plan::PlanPtr& plan, Lowering& lowering) {
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr input, lowering.Lower(plan->children[0]));
  return std::make_shared<TailNode>(std::move(input), plan::As<plan::Tail>(plan)->count);
}

}  // namespace sluice::exec
