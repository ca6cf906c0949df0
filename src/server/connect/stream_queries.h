#pragma once
// A session's streaming queries as its client sees them: those that have ended can still be asked about.
#include <spark/connect/commands.pb.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "session/streams.h"

namespace sluice::connect {

namespace proto = ::spark::connect;

/// Thread-safe.
class StreamQueries {
 public:
  void Keep(std::shared_ptr<stream::Execution> query);
  /// Null when there is none, or it ended long ago.
  std::shared_ptr<stream::Execution> Find(const std::string& id, const std::string& run_id) const;

 private:
  static constexpr size_t kMostEnded = 100;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<stream::Execution>> queries_;  // oldest first
};

/// Events of a session's queries on their way to the client's listeners. Thread-safe.
class ListenerBus {
 public:
  /// False when it is on already.
  bool Begin(session::Streams& streams);
  /// No further events; what waits is still handed out.
  void End(session::Streams& streams);
  bool active() const;
  /// Events that have come, waiting for the first one; nullopt when the bus has ended and all are out.
  std::optional<std::vector<proto::StreamingQueryListenerEvent>> Take(std::chrono::milliseconds wait);

 private:
  static constexpr size_t kMostWaiting = 10000;
  void Add(proto::StreamingQueryEventType type, std::string json);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<proto::StreamingQueryListenerEvent> events_;
  std::optional<int> listener_;
  bool ended_ = false;
};

/// Spark's JSON of a QueryStartedEvent.
std::string StartedEventJson(const stream::Execution& query, int64_t timestamp_ms);

}  // namespace sluice::connect
