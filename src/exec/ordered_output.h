#pragma once
// The rows of a batch query in their order, handed out while it runs.
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "exec/pipeline.h"

namespace sluice::exec {

/// Called for one batch after the other, never by two threads at once. May block; an error ends the query.
using ConsumeBatch = std::function<Status(const std::shared_ptr<arrow::RecordBatch>&)>;

/// Runs a batch query and gives its rows to `consume`, in order. What tasks read ahead of their turn is kept in memory
/// up to a bound, then they wait.
Status CollectInto(CompiledQuery* query, const RunContext& context, const ConsumeBatch& consume);

/// Puts what tasks produce for different splits back into the order of splits. Thread-safe.
class OrderedOutput {
 public:
  using Consume = std::function<Status(Batch batch)>;
  explicit OrderedOutput(Consume consume, int64_t max_waiting_bytes = 64 << 20)
      : consume_(std::move(consume)), max_waiting_bytes_(max_waiting_bytes) {}

  Status Push(int64_t split, Batch batch, const CancelToken& cancel);
  /// No more rows of `split`.
  Status End(int64_t split);
  /// A task failed: those that wait for their turn give up.
  void Fail();

  /// A sink for each task of one pipeline. Splits must be handed out in order, or tasks wait for ever.
  SinkFactory Sinks();

 private:
  struct Waiting {
    std::vector<Batch> batches;
    int64_t bytes = 0;
    bool ended = false;
  };

  const Consume consume_;  // called by the task of `current_` alone
  const int64_t max_waiting_bytes_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<int64_t, Waiting> waiting_;  // splits after `current_`
  int64_t waiting_bytes_ = 0;
  int64_t current_ = 0;
  bool failed_ = false;
};

}  // namespace sluice::exec
