#pragma once
// One task's use of one worker: what goes out and what comes in, moved together.
#include <arrow/record_batch.h>

#include <functional>
#include <memory>
#include <string>

#include "base/cancel.h"
#include "external/python/channel.h"
#include "external/python/workers.h"

namespace sluice::python {

class Answers;

/// A socket beside the worker's own, over which it asks while it works.
class SideChannel {
 public:
  virtual ~SideChannel() = default;
  virtual int fd() const = 0;
  /// Called when there is something to read.
  virtual Status Serve() = 0;
};

/// One thread at a time. Destroyed early, it gives the worker up.
class Conversation {
 public:
  using OnBatch = std::function<Status(std::shared_ptr<arrow::RecordBatch>)>;
  /// `function` names what runs in errors. `on_batch` is given each Arrow batch of the worker, from within Flush and
  /// Finish.
  Conversation(std::string function, CancelToken cancel, std::shared_ptr<Workers> workers, OnBatch on_batch);
  ~Conversation();

  /// Takes a worker and sends it its task. `side`, where there is one, is listened to.
  Status Begin(const std::function<Result<std::string>(const Version&)>& task, SideChannel* side = nullptr);
  /// What the next Flush sends.
  Outbox& out() { return out_; }
  /// Returns when all is sent, or the worker takes no more.
  Status Flush();
  /// Returns when the worker has said its last.
  Status Finish();
  bool ended() const;

 private:
  template <typename Done>
  Status Move(const Done& done);

  const std::string function_;
  const CancelToken cancel_;
  const std::shared_ptr<Workers> workers_;
  Worker worker_;
  Outbox out_;
  std::unique_ptr<Answers> answers_;
  SideChannel* side_ = nullptr;
};

}  // namespace sluice::python
