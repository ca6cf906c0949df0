#include "exec/pipeline.h"

#include <algorithm>

namespace sluice::exec {

Result<std::unique_ptr<TaskChain>> TaskChain::Make(const Pipeline& pipeline, TaskContext& task, Consumer* sink) {
  auto chain = std::make_unique<TaskChain>();
  ARROW_ASSIGN_OR_RAISE(chain->reader_, pipeline.source->NewReader(task));
  chain->head_ = sink;
  for (auto it = pipeline.operators.rbegin(); it != pipeline.operators.rend(); ++it) {
    ARROW_ASSIGN_OR_RAISE(auto made, (*it)(task, chain->head_));
    chain->head_ = made.get();
    chain->operators_.push_back(std::move(made));
  }
  return chain;
}

Status RunPipeline(RunState& run, const Pipeline& pipeline, const SinkFactory& make_sink,
                   const std::atomic<bool>* stop) {
  const int64_t splits = pipeline.source->num_splits();
  const int64_t tasks = std::min<int64_t>(splits, run.threads());
  if (tasks == 0) return Status::OK();
  std::atomic<int64_t> next_split{0};
  std::atomic<bool> failed{false};
  auto run_task = [&](int task_index) -> Status {
    TaskContext task{&run, run.context.eval, task_index, -1};
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<Sink> sink, make_sink(task));
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<TaskChain> chain, TaskChain::Make(pipeline, task, sink.get()));
    while (!failed.load(std::memory_order_relaxed)) {
      if (stop != nullptr && stop->load()) break;
      const int64_t split = next_split.fetch_add(1);
      if (split >= splits) break;
      ARROW_RETURN_NOT_OK(run.context.cancel.Check());
      task.split = split;
      task.eval.task_partition = static_cast<int32_t>(split);
      task.eval.rows_before = 0;
      ARROW_RETURN_NOT_OK(sink->BeginSplit(split));
      ARROW_RETURN_NOT_OK(chain->Read(split));
      ARROW_RETURN_NOT_OK(sink->EndSplit(split));
    }
    if (failed.load()) return Status::OK();
    chain.reset();
    return sink->Finish();
  };
  std::vector<std::function<Status()>> functions;
  for (int64_t i = 0; i < tasks; ++i) {
    functions.push_back([&run_task, &failed, i]() -> Status {
      Status status = run_task(static_cast<int>(i));
      if (!status.ok()) failed = true;
      return status;
    });
  }
  return run.context.pool->RunAll(std::move(functions));
}

namespace {

class BatchReaderOfLists final : public SplitReader {
 public:
  BatchReaderOfLists(std::vector<std::vector<Batch>>* splits, TaskContext& task) : splits_(splits), task_(task) {}
  Status Read(int64_t split, Consumer& out) override {
    std::vector<Batch> batches = std::move((*splits_)[split]);
    for (Batch& batch : batches) {
      if (out.done()) break;
      ARROW_RETURN_NOT_OK(task_.run->context.cancel.Check());
      Batch own = std::move(batch);
      ARROW_RETURN_NOT_OK(PushSlices(own, out));
    }
    return Status::OK();
  }

 private:
  std::vector<std::vector<Batch>>* splits_;
  TaskContext& task_;
};

class FunctionReader final : public SplitReader {
 public:
  FunctionReader(const FunctionSource::Function* function, TaskContext& task) : function_(function), task_(task) {}
  Status Read(int64_t split, Consumer& out) override { return (*function_)(split, task_, out); }

 private:
  const FunctionSource::Function* function_;
  TaskContext& task_;
};

class KeepingSink final : public Sink {
 public:
  KeepingSink(std::vector<std::vector<Batch>>* splits, int64_t most_rows) : splits_(splits), most_rows_(most_rows) {}
  Status BeginSplit(int64_t split) override {
    split_ = split;
    left_ = most_rows_;
    return Status::OK();
  }
  // Not done() when it has enough: operators below count what they see.
  Status Push(Batch batch) override {
    if (left_ == 0) return Status::OK();
    if (batch.rows > left_) batch = SliceBatch(batch, 0, left_);
    left_ -= batch.rows;
    (*splits_)[split_].push_back(std::move(batch));
    return Status::OK();
  }

 private:
  std::vector<std::vector<Batch>>* splits_;
  const int64_t most_rows_;
  int64_t split_ = 0, left_ = 0;
};

}  // namespace

Result<std::unique_ptr<SplitReader>> BatchSource::NewReader(TaskContext& task) {
  return std::make_unique<BatchReaderOfLists>(&splits_, task);
}

Result<std::unique_ptr<SplitReader>> FunctionSource::NewReader(TaskContext& task) {
  return std::make_unique<FunctionReader>(&function_, task);
}

Status PushSlices(const Batch& batch, Consumer& out, int64_t piece_rows) {
  if (batch.rows <= 2 * piece_rows) return batch.rows == 0 ? Status::OK() : out.Push(batch);
  for (int64_t offset = 0; offset < batch.rows && !out.done(); offset += piece_rows) {
    ARROW_RETURN_NOT_OK(out.Push(SliceBatch(batch, offset, std::min(piece_rows, batch.rows - offset))));
  }
  return Status::OK();
}

Result<std::vector<std::vector<Batch>>> RunAndKeepSplits(RunState& run, const Pipeline& pipeline, int64_t most_rows) {
  std::vector<std::vector<Batch>> splits(pipeline.source->num_splits());
  ARROW_RETURN_NOT_OK(RunPipeline(run, pipeline, [&](TaskContext&) -> Result<std::unique_ptr<Sink>> {
    return std::make_unique<KeepingSink>(&splits, most_rows);
  }));
  return splits;
}

Result<std::vector<Batch>> RunAndKeep(RunState& run, const Pipeline& pipeline, int64_t most_rows) {
  ARROW_ASSIGN_OR_RAISE(auto splits, RunAndKeepSplits(run, pipeline, most_rows));
  std::vector<Batch> batches;
  for (auto& split : splits) {
    for (Batch& batch : split) batches.push_back(std::move(batch));
  }
  return batches;
}

}  // namespace sluice::exec
