#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sluice/error.h"

namespace sluice {

namespace stream {
class Execution;  // internal
}
namespace session {
class QueryHandle;  // internal
class Session;      // internal
}  // namespace session

/// When micro-batches run.
class Trigger {
 public:
  enum class Kind { Default, ProcessingTime, Once, AvailableNow };
  Trigger() = default;  // the next batch as soon as there is data
  /// "10 seconds"; throws sluice::Error for what is no interval.
  static Trigger ProcessingTime(const std::string& interval);
  static Trigger ProcessingTime(int64_t milliseconds);
  static Trigger Once() { return Trigger(Kind::Once, 0); }
  /// Everything there now, in batches that keep the source's limits; then the query ends.
  static Trigger AvailableNow() { return Trigger(Kind::AvailableNow, 0); }
  Kind kind() const { return kind_; }
  int64_t intervalMs() const { return interval_ms_; }

 private:
  Trigger(Kind kind, int64_t ms) : kind_(kind), interval_ms_(ms) {}
  Kind kind_ = Kind::Default;
  int64_t interval_ms_ = 0;
};

struct StreamingQueryStatus {
  std::string message;
  bool isDataAvailable = false;
  bool isTriggerActive = false;
};

struct SourceProgress {
  std::string description, startOffset, endOffset, latestOffset;  // offsets as JSON
  int64_t numInputRows = 0;
  double inputRowsPerSecond = 0, processedRowsPerSecond = 0;
  std::map<std::string, std::string> metrics;
};

/// One micro-batch, as Spark reports it.
struct StreamingQueryProgress {
  std::string id, runId, name, timestamp;
  int64_t batchId = 0, batchDuration = 0, numInputRows = 0;
  double inputRowsPerSecond = 0, processedRowsPerSecond = 0;
  std::map<std::string, int64_t> durationMs;
  std::vector<SourceProgress> sources;
  std::string sinkDescription;
  int64_t numOutputRows = -1;
  std::string json;        // one line
  std::string prettyJson;  // indented
};

/// A query that runs in the background. Copies share it; it goes on when all are gone, until stop() or the session's
/// end.
class StreamingQuery {
 public:
  explicit StreamingQuery(std::shared_ptr<session::QueryHandle> query) : query_(std::move(query)) {}
  const std::string& id() const;     // kept in the checkpoint
  const std::string& runId() const;  // of this start
  std::optional<std::string> name() const;
  bool isActive() const;
  StreamingQueryStatus status() const;
  std::optional<StreamingQueryProgress> lastProgress() const;
  std::vector<StreamingQueryProgress> recentProgress() const;  // the last 100
  /// Returns when the query has ended; throws its error (STREAM_FAILED) if it failed.
  void awaitTermination() const;
  /// False when the time ran out first.
  bool awaitTermination(int64_t timeoutMs) const;
  /// Returns when everything there at the call is committed; throws the query's error.
  void processAllAvailable() const;
  /// Gives up the running batch, which the next start runs again.
  void stop() const;
  std::optional<Error> exception() const;
  void explain(bool extended = false) const;

 private:
  std::shared_ptr<session::QueryHandle> query_;
};

/// Called on the query's thread; must not block.
class StreamingQueryListener {
 public:
  virtual ~StreamingQueryListener() = default;
  virtual void onQueryStarted(const std::string& id, const std::string& runId, const std::string& name) {}
  virtual void onQueryProgress(const StreamingQueryProgress& progress) {}
  virtual void onQueryIdle(const std::string& id, const std::string& runId) {}
  /// `exception` is empty after a clean end.
  virtual void onQueryTerminated(const std::string& id, const std::string& runId, const std::string& exception) {}
};

/// spark.streams().
class StreamingQueryManager {
 public:
  explicit StreamingQueryManager(std::shared_ptr<session::Session> session) : session_(std::move(session)) {}
  std::vector<StreamingQuery> active() const;
  std::optional<StreamingQuery> get(const std::string& id) const;
  void awaitAnyTermination() const;
  bool awaitAnyTermination(int64_t timeoutMs) const;
  void resetTerminated() const;
  /// The id is for removeListener.
  int addListener(std::shared_ptr<StreamingQueryListener> listener) const;
  void removeListener(int id) const;
  /// Every query finishes its running batch and ends.
  void stopAllGracefully() const;

 private:
  std::shared_ptr<session::Session> session_;
};

}  // namespace sluice
