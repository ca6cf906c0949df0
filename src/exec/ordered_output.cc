#include "exec/ordered_output.h"

#include "base/blocking_scope.h"

namespace sluice::exec {

namespace {

class OrderedSink final : public Sink {
 public:
  OrderedSink(OrderedOutput* output, const CancelToken& cancel) : output_(output), cancel_(cancel) {}
  ~OrderedSink() override {
    if (!finished_) output_->Fail();
  }
  Status BeginSplit(int64_t split) override {
    split_ = split;
    return Status::OK();
  }
  Status Push(Batch batch) override { return output_->Push(split_, std::move(batch), cancel_); }
  Status EndSplit(int64_t split) override { return output_->End(split); }
  Status Finish() override {
    finished_ = true;
    return Status::OK();
  }

 private:
  OrderedOutput* output_;
  const CancelToken& cancel_;
  int64_t split_ = 0;
  bool finished_ = false;
};

}  // namespace

Status OrderedOutput::Push(int64_t split, Batch batch, const CancelToken& cancel) {
  {
    std::unique_lock lock(mutex_);
    const int64_t bytes = BatchBytes(batch);
    // Some batch always has room, or one that is larger than the bound would never go.
    auto may_go = [&] {
      return failed_ || split == current_ || waiting_bytes_ == 0 || waiting_bytes_ + bytes <= max_waiting_bytes_;
    };
    if (!may_go()) {
      BlockingScope blocking;
      while (!changed_.wait_for(lock, std::chrono::milliseconds(100), may_go)) ARROW_RETURN_NOT_OK(cancel.Check());
    }
    if (failed_) return MakeError("OPERATION_CANCELED");
    if (split != current_) {
      Waiting& waiting = waiting_[split];
      waiting.batches.push_back(std::move(batch));
      waiting.bytes += bytes;
      waiting_bytes_ += bytes;
      return Status::OK();
    }
  }
  return consume_(std::move(batch));
}

Status OrderedOutput::End(int64_t split) {
  std::unique_lock lock(mutex_);
  if (split != current_) {
    waiting_[split].ended = true;
    return Status::OK();
  }
  // `current_` stays until what the next split left behind is out, so its task goes on leaving there.
  for (int64_t next = split + 1;; ++next) {
    bool ended = false;
    while (true) {
      auto it = waiting_.find(next);
      if (it == waiting_.end()) break;
      ended = it->second.ended;
      if (it->second.batches.empty()) {
        if (ended) waiting_.erase(it);
        break;
      }
      Waiting taken;
      std::swap(taken.batches, it->second.batches);
      std::swap(taken.bytes, it->second.bytes);
      waiting_bytes_ -= taken.bytes;
      changed_.notify_all();
      lock.unlock();
      for (Batch& batch : taken.batches) ARROW_RETURN_NOT_OK(consume_(std::move(batch)));
      lock.lock();
    }
    if (!ended) {
      current_ = next;
      changed_.notify_all();
      return Status::OK();
    }
  }
}

void OrderedOutput::Fail() {
  std::lock_guard lock(mutex_);
  failed_ = true;
  changed_.notify_all();
}

SinkFactory OrderedOutput::Sinks() {
  return [this](TaskContext& task) -> Result<std::unique_ptr<Sink>> {
    return std::make_unique<OrderedSink>(this, task.run->context.cancel);
  };
}

}  // namespace sluice::exec
