#pragma once
// Pipelines: splits of a source -> operators -> sink, run by tasks. Rows are pushed, one batch at a time.
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "exec/batch.h"
#include "exec/query.h"

namespace sluice::exec {

/// One Run of a query.
struct RunState {
  const RunContext& context;
  std::mutex mutex;  // guards metrics
  RunMetrics metrics;
  int threads() const { return context.pool->threads(); }
};

/// What a task may ask; one thread.
struct TaskContext {
  RunState* run = nullptr;
  functions::EvalContext eval;  // task_partition is the split
  int task = 0;
  int64_t split = -1;  // being read, counted over the whole pipeline
};

/// Takes batches. Never called with an empty batch.
class Consumer {
 public:
  virtual ~Consumer() = default;
  virtual Status Push(Batch batch) = 0;
  /// True: further rows of this split would be ignored.
  virtual bool done() const { return false; }
};

/// An operator of one task: consumes, and pushes to the next.
class Operator : public Consumer {
 public:
  explicit Operator(Consumer* next) : next_(next) {}
  bool done() const override { return next_->done(); }

 protected:
  Consumer* next_;
};

/// The end of a pipeline in one task.
class Sink : public Consumer {
 public:
  virtual Status BeginSplit(int64_t) { return Status::OK(); }
  virtual Status EndSplit(int64_t) { return Status::OK(); }
  /// After the last split of the task, in its thread. Not called after an error.
  virtual Status Finish() { return Status::OK(); }
};

/// One task's reader of splits.
class SplitReader {
 public:
  virtual ~SplitReader() = default;
  /// Pushes the rows of `split` until there are no more or `out` is done.
  virtual Status Read(int64_t split, Consumer& out) = 0;
};

/// Where rows come from in one run. Each split is read once, by any task.
class SplitSource {
 public:
  virtual ~SplitSource() = default;
  virtual int64_t num_splits() const = 0;
  virtual Result<std::unique_ptr<SplitReader>> NewReader(TaskContext& task) = 0;
};

using OperatorFactory = std::function<Result<std::unique_ptr<Consumer>>(TaskContext& task, Consumer* next)>;

struct Pipeline {
  std::shared_ptr<SplitSource> source;
  std::vector<OperatorFactory> operators;  // from the source on
};

/// One task's instances of a pipeline's operators, ending in `sink`.
class TaskChain {
 public:
  static Result<std::unique_ptr<TaskChain>> Make(const Pipeline& pipeline, TaskContext& task, Consumer* sink);
  Status Read(int64_t split) { return reader_->Read(split, *head_); }

 private:
  std::unique_ptr<SplitReader> reader_;
  std::vector<std::unique_ptr<Consumer>> operators_;
  Consumer* head_ = nullptr;
};

using SinkFactory = std::function<Result<std::unique_ptr<Sink>>(TaskContext& task)>;

/// Runs all splits in at most run.threads() tasks, each with its own sink; splits are handed out in order. No splits,
/// no sink. `stop`, if given, keeps splits that have not begun from beginning.
Status RunPipeline(RunState& run, const Pipeline& pipeline, const SinkFactory& make_sink,
                   const std::atomic<bool>* stop = nullptr);

/// Batches in memory, a list per split; given away when read.
class BatchSource final : public SplitSource {
 public:
  explicit BatchSource(std::vector<std::vector<Batch>> splits) : splits_(std::move(splits)) {}
  int64_t num_splits() const override { return static_cast<int64_t>(splits_.size()); }
  Result<std::unique_ptr<SplitReader>> NewReader(TaskContext& task) override;

 private:
  std::vector<std::vector<Batch>> splits_;
};

/// A source whose splits are computed by a function.
class FunctionSource final : public SplitSource {
 public:
  using Function = std::function<Status(int64_t split, TaskContext& task, Consumer& out)>;
  FunctionSource(int64_t splits, Function function) : splits_(splits), function_(std::move(function)) {}
  int64_t num_splits() const override { return splits_; }
  Result<std::unique_ptr<SplitReader>> NewReader(TaskContext& task) override;

 private:
  int64_t splits_;
  Function function_;
};

/// Pushes `batch` in pieces that downstream operators like.
Status PushSlices(const Batch& batch, Consumer& out, int64_t piece_rows = 4 * kBatchRows);

/// Runs a pipeline and keeps its rows, in order of splits; of each split the first `most_rows`.
Result<std::vector<Batch>> RunAndKeep(RunState& run, const Pipeline& pipeline, int64_t most_rows = INT64_MAX);
Result<std::vector<std::vector<Batch>>> RunAndKeepSplits(RunState& run, const Pipeline& pipeline,
                                                         int64_t most_rows = INT64_MAX);

}  // namespace sluice::exec
