#pragma once
// Starting streaming queries and keeping track of them.
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "plan/logical_plan.h"
#include "session/catalogs.h"
#include "stream/execution.h"

namespace sluice::session {

class Session;

/// What writeStream collected.
struct StreamRequest {
  std::string format;  // "" with to_table, foreach_batch and foreach
  OptionMap options;
  std::string output_mode = "append";
  stream::Trigger trigger;
  std::optional<std::string> name;
  std::vector<std::string> partition_by;
  std::optional<NameParts> to_table;
  /// Gets a batch's rows as a resolved plan; runs on the query's thread.
  std::function<Status(const plan::PlanPtr& batch, int64_t batch_id)> foreach_batch;
  /// The plan's last operator hands the rows to a function of writeStream.foreach, and none is left to write.
  bool foreach = false;
};

/// Thread-safe.
class Streams {
 public:
  explicit Streams(Session* session) : session_(session) {}
  /// Handles may outlive the session, their queries do not.
  ~Streams() { StopAll(); }

  /// `analyzed`: a resolved plan with at least one streaming source.
  Result<std::shared_ptr<stream::Execution>> Start(const plan::PlanPtr& analyzed, StreamRequest request);

  std::vector<std::shared_ptr<stream::Execution>> Active() const;
  /// By id or run id; null when there is none active.
  std::shared_ptr<stream::Execution> Find(const std::string& id) const;
  /// True when a query has ended since the last ResetTerminated; the error of the first that failed.
  Result<bool> AwaitAnyTermination(std::optional<std::chrono::milliseconds> timeout);
  void ResetTerminated();
  /// Listeners hear of every query from here on. Returns an id for RemoveListener.
  int AddListener(stream::Listener listener);
  void RemoveListener(int id);
  void StopAll();
  /// Every query ends after its running batch; returns at once how many there are.
  size_t StopAllAfterBatch();
  /// Every query finishes its running batch; returns when all have ended.
  void StopAllGracefully();

 private:
  struct NameHold;
  Result<std::string> CheckpointLocation(const StreamRequest& request, bool* temporary) const;
  std::vector<stream::Listener> ListenersFor(std::shared_ptr<NameHold> hold);
  Result<std::shared_ptr<NameHold>> ReserveName(const std::optional<std::string>& name);
  /// Forgets those that are finished, too.
  void Remember(std::shared_ptr<stream::Execution> query);

  Session* session_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> starting_;  // names of queries on their way
  std::map<int, stream::Listener> listeners_;
  int next_listener_ = 0;
  bool any_terminated_ = false;
  Status first_error_;
  /// Those that end still need their listeners: they are kept until finished, and destroyed before the other members.
  std::vector<std::shared_ptr<stream::Execution>> queries_;
};

}  // namespace sluice::session
