#pragma once
// One ExecutePlan call: what it answered, kept until the client has it. The operation runs on a thread of its own,
// calls of the client come and go.
#include <spark/connect/base.pb.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/cancel.h"

namespace sluice::connect {

namespace proto = ::spark::connect;
using Clock = std::chrono::steady_clock;

/// Thread-safe.
class Operation {
 public:
  struct Identity {
    std::string session_id, server_side_session_id, operation_id;
    std::vector<std::string> tags;
    bool reattachable = false;
  };
  struct Limits {
    int64_t unsent_bytes = 16 << 20;  // waiting for the client; the operation pauses above it
    int64_t resend_bytes = 10 << 20;  // sent, but not yet released by a client that may reattach
  };
  using Response = std::shared_ptr<const proto::ExecutePlanResponse>;

  Operation(Identity identity, Limits limits) : identity_(std::move(identity)), limits_(limits) {}

  const Identity& identity() const { return identity_; }
  const CancelToken& cancel() const { return cancel_; }

  // ---- the side that answers
  /// Adds a response; waits while the client lags behind. OPERATION_CANCELED once interrupted.
  Status Send(proto::ExecutePlanResponse response);
  /// The end: ResultComplete, or an error.
  void Finish(Status status);

  // ---- the side of the client
  /// A call of the client begins to read; an earlier one that still reads is turned away. Returns the reader's ticket.
  int64_t Attach();
  void Detach(int64_t ticket);
  /// Where reading goes on after the response `id`. INVALID_CURSOR.POSITION_NOT_FOUND, .POSITION_NOT_AVAILABLE.
  Result<int64_t> PositionAfter(const std::string& id);

  struct Next {
    Response response;   // or
    bool ended = false;  // all was read; `status` is the operation's
    Status status;
    bool displaced = false;  // another call reads now
  };
  /// The response at `position`; all empty when none came within `wait`.
  Next Read(int64_t ticket, int64_t position, std::chrono::milliseconds wait);
  /// The client has everything up to `id`.
  void ReleaseUntil(const std::string& id);

  /// The client sees OPERATION_CANCELED at once and what waited for it is freed; the operation ends when it notices.
  /// False when it has ended before.
  bool Interrupt();
  bool finished() const;
  /// Since when nobody reads; max() while somebody does.
  Clock::time_point idle_since() const;

 private:
  void Trim();

  const Identity identity_;
  const Limits limits_;
  CancelToken cancel_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  struct Kept {
    Response response;
    int64_t bytes;
  };
  std::deque<Kept> kept_;  // positions first_ ...
  int64_t first_ = 0;
  int64_t sent_ = 0;  // positions before it were handed to the client
  int64_t unsent_bytes_ = 0, sent_bytes_ = 0;
  bool finished_ = false;
  Status status_;
  int64_t ticket_ = 0;
  bool attached_ = false;
  Clock::time_point idle_since_ = Clock::now();
};

}  // namespace sluice::connect
