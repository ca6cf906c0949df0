#pragma once
// What StreamingQuery holds: a query of this process, or of a Spark Connect server.
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "sluice/streaming.h"

namespace sluice::session {

/// Thread-safe.
class QueryHandle {
 public:
  virtual ~QueryHandle() = default;
  virtual const std::string& id() const = 0;
  virtual const std::string& run_id() const = 0;
  virtual std::optional<std::string> name() const = 0;
  virtual Result<bool> IsActive() const = 0;
  virtual Result<StreamingQueryStatus> QueryStatus() const = 0;
  /// The newest last; just that when `last`.
  virtual Result<std::vector<StreamingQueryProgress>> RecentProgress(bool last) const = 0;
  /// False when the time ran out first. The query's error once it has ended with one.
  virtual Result<bool> AwaitTermination(std::optional<std::chrono::milliseconds> timeout) = 0;
  virtual Status ProcessAllAvailable() = 0;
  virtual Status Stop() = 0;
  /// The query's error; OK while it runs and after a clean end.
  virtual Status Exception() const = 0;
  virtual Result<std::string> Explain(bool extended) const = 0;
};

/// One of this process.
std::shared_ptr<QueryHandle> MakeHandle(std::shared_ptr<stream::Execution> execution);

}  // namespace sluice::session
