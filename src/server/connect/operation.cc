#include "server/connect/operation.h"

#include <charconv>

#include "base/blocking_scope.h"

namespace sluice::connect {

namespace {

/// Positions are the responses' ids.
std::optional<int64_t> PositionOf(const std::string& id) {
  int64_t position = -1;
  auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), position);
  if (error != std::errc() || end != id.data() + id.size() || position < 0) return std::nullopt;
  return position;
}

Status NotAvailable(const std::string& id, int64_t index) {
  return MakeError("INVALID_CURSOR.POSITION_NOT_AVAILABLE", {{"responseId", id}, {"index", std::to_string(index)}});
}

}  // namespace

Status Operation::Send(proto::ExecutePlanResponse response) {
  response.set_session_id(identity_.session_id);
  response.set_server_side_session_id(identity_.server_side_session_id);
  response.set_operation_id(identity_.operation_id);
  const int64_t bytes = static_cast<int64_t>(response.ByteSizeLong());
  std::unique_lock lock(mutex_);
  auto room = [&] {
    return cancel_.cancelled() || unsent_bytes_ == 0 || unsent_bytes_ + bytes <= limits_.unsent_bytes;
  };
  if (!room()) {
    BlockingScope blocking;
    changed_.wait(lock, room);
  }
  ARROW_RETURN_NOT_OK(cancel_.Check());
  response.set_response_id(std::to_string(first_ + static_cast<int64_t>(kept_.size())));
  kept_.push_back({std::make_shared<const proto::ExecutePlanResponse>(std::move(response)), bytes});
  unsent_bytes_ += bytes;
  changed_.notify_all();
  return Status::OK();
}

void Operation::Finish(Status status) {
  std::unique_lock lock(mutex_);
  if (finished_) return;
  if (status.ok()) {
    proto::ExecutePlanResponse last;
    last.set_session_id(identity_.session_id);
    last.set_server_side_session_id(identity_.server_side_session_id);
    last.set_operation_id(identity_.operation_id);
    last.set_response_id(std::to_string(first_ + static_cast<int64_t>(kept_.size())));
    last.mutable_result_complete();
    kept_.push_back({std::make_shared<const proto::ExecutePlanResponse>(std::move(last)), 0});
  }
  finished_ = true;
  status_ = std::move(status);
  changed_.notify_all();
}

int64_t Operation::Attach() {
  std::lock_guard lock(mutex_);
  attached_ = true;
  changed_.notify_all();
  return ++ticket_;
}

void Operation::Detach(int64_t ticket) {
  std::lock_guard lock(mutex_);
  if (ticket != ticket_) return;
  attached_ = false;
  idle_since_ = Clock::now();
}

Result<int64_t> Operation::PositionAfter(const std::string& id) {
  std::lock_guard lock(mutex_);
  auto position = PositionOf(id);
  if (cancel_.cancelled()) return first_;  // whatever it has seen, Read says that it was cancelled
  if (!position || *position >= first_ + static_cast<int64_t>(kept_.size()))
    return MakeError("INVALID_CURSOR.POSITION_NOT_FOUND", {{"responseId", id}});
  if (*position + 1 < first_) return NotAvailable(id, *position);
  return *position + 1;
}

Operation::Next Operation::Read(int64_t ticket, int64_t position, std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  auto there = [&] { return position < first_ + static_cast<int64_t>(kept_.size()); };
  changed_.wait_for(lock, wait, [&] { return ticket != ticket_ || there() || finished_; });
  Next next;
  if (ticket != ticket_) {
    next.displaced = true;
  } else if (cancel_.cancelled()) {
    next.ended = true;
    next.status = status_;
  } else if (position < first_) {
    next.ended = true;
    next.status = NotAvailable(std::to_string(position), position);
  } else if (there()) {
    next.response = kept_[position - first_].response;
    if (position >= sent_) {
      for (int64_t p = sent_; p <= position; ++p) {
        unsent_bytes_ -= kept_[p - first_].bytes;
        sent_bytes_ += kept_[p - first_].bytes;
      }
      sent_ = position + 1;
      Trim();
      changed_.notify_all();
    }
  } else if (finished_) {
    next.ended = true;
    next.status = status_;
  }
  return next;
}

void Operation::Trim() {
  const int64_t most = identity_.reattachable ? limits_.resend_bytes : 0;
  // The newest sent response stays: the client may not have got it.
  while (first_ + (identity_.reattachable ? 1 : 0) < sent_ && sent_bytes_ > most) {
    sent_bytes_ -= kept_.front().bytes;
    kept_.pop_front();
    ++first_;
  }
}

void Operation::ReleaseUntil(const std::string& id) {
  std::lock_guard lock(mutex_);
  auto position = PositionOf(id);
  if (!position) return;
  while (!kept_.empty() && first_ <= *position && first_ < sent_) {
    sent_bytes_ -= kept_.front().bytes;
    kept_.pop_front();
    ++first_;
  }
}

bool Operation::Interrupt() {
  std::lock_guard lock(mutex_);
  if (finished_) return false;
  cancel_.Cancel();
  finished_ = true;
  status_ = MakeError("OPERATION_CANCELED");
  first_ += static_cast<int64_t>(kept_.size());
  kept_.clear();
  sent_ = first_;
  unsent_bytes_ = sent_bytes_ = 0;
  changed_.notify_all();
  return true;
}

bool Operation::finished() const {
  std::lock_guard lock(mutex_);
  return finished_;
}

Clock::time_point Operation::idle_since() const {
  std::lock_guard lock(mutex_);
  return attached_ ? Clock::time_point::max() : idle_since_;
}

}  // namespace sluice::connect
