#pragma once
// The sessions of a server, one per user and id of the client.
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "external/python/function.h"
#include "server/connect/artifacts.h"
#include "server/connect/errors.h"
#include "server/connect/operation.h"
#include "server/connect/settings.h"
#include "server/connect/stream_queries.h"
#include "session/session.h"

namespace sluice::connect {

/// Thread-safe.
class ConnectSession {
 public:
  ConnectSession(std::string user, std::string id, std::shared_ptr<session::Session> engine,
                 std::shared_ptr<ArtifactBudget> budget, std::shared_ptr<python::Workers> workers);
  ~ConnectSession();

  const std::string& user() const { return user_; }
  const std::string& id() const { return id_; }
  /// Tells a client whether it still talks to the session it began with.
  const std::string& server_side_id() const { return server_side_id_; }
  session::Session& engine() { return *engine_; }
  const std::shared_ptr<session::Session>& shared_engine() const { return engine_; }
  ErrorStore& errors() { return errors_; }
  Artifacts& artifacts() { return artifacts_; }
  StreamQueries& queries() { return queries_; }
  ListenerBus& listeners() { return listeners_; }
  /// The processes of all sessions that run Python functions, and the files that this session's functions find.
  const std::shared_ptr<python::Workers>& workers() const { return workers_; }
  const std::shared_ptr<python::SessionFiles>& files() const { return files_; }

  // ---- operations
  /// INVALID_HANDLE.OPERATION_ALREADY_EXISTS.
  Status AddOperation(const std::shared_ptr<Operation>& operation);
  /// INVALID_HANDLE.OPERATION_NOT_FOUND, .OPERATION_ABANDONED.
  Result<std::shared_ptr<Operation>> FindOperation(const std::string& id) const;
  void RemoveOperation(const std::string& id);
  /// Operations for which `which` holds; returns the ids of those that were running.
  std::vector<std::string> Interrupt(const std::function<bool(const Operation&)>& which);
  /// Interrupts and drops those nobody has read from since `before`.
  void DropAbandoned(Clock::time_point before);
  bool any_operation() const;

  // ---- plans kept for the client: checkpoints
  Status KeepPlan(const std::string& relation_id, plan::PlanPtr plan);
  Result<plan::PlanPtr> KeptPlan(const std::string& relation_id) const;
  void DropPlan(const std::string& relation_id);
  /// What persist() asked for, by the plan's text. A hint: nothing is cached.
  void SetStorageLevel(const std::string& plan, const proto::StorageLevel* level);
  std::optional<proto::StorageLevel> StorageLevelOf(const std::string& plan) const;

  void Touch();
  /// Not used since; now() while an operation or a stream runs.
  Clock::time_point last_used();
  /// Ends operations and streams. Idempotent.
  void Close();

 private:
  const std::string user_, id_, server_side_id_;
  const std::shared_ptr<session::Session> engine_;
  ErrorStore errors_;
  const std::shared_ptr<python::Workers> workers_;
  const std::shared_ptr<python::SessionFiles> files_ = std::make_shared<python::SessionFiles>();
  Artifacts artifacts_;
  StreamQueries queries_;
  ListenerBus listeners_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Operation>> operations_;
  std::unordered_set<std::string> abandoned_;
  std::map<std::string, plan::PlanPtr> plans_;
  std::map<std::string, proto::StorageLevel> storage_levels_;
  Clock::time_point last_used_ = Clock::now();
  bool closed_ = false;
};
using SessionPtr = std::shared_ptr<ConnectSession>;

/// Thread-safe.
class Sessions {
 public:
  explicit Sessions(const ServerSettings& settings);

  /// The session, made when it is new. `observed` is the server-side id the client has seen, or "".
  /// Errors: INVALID_HANDLE.FORMAT, .SESSION_CLOSED, .SESSION_CHANGED, too many sessions.
  Result<SessionPtr> GetOrCreate(const std::string& user, const std::string& id, const std::string& observed);
  /// INVALID_HANDLE.SESSION_NOT_FOUND and the above.
  Result<SessionPtr> Get(const std::string& user, const std::string& id, const std::string& observed);
  /// Null when there was none. With `allow_reconnect` the id may be used again.
  SessionPtr Release(const std::string& user, const std::string& id, bool allow_reconnect);
  Result<SessionPtr> Clone(const SessionPtr& from, const std::string& new_id);

  /// Ends sessions and operations that were left alone.
  void Sweep();
  std::vector<SessionPtr> All() const;
  /// No new session from here on; ends all.
  void CloseAll();

 private:
  using Key = std::pair<std::string, std::string>;
  Result<SessionPtr> Find(const Key& key, const std::string& observed) const;  // null: none; under mutex_
  Status Add(const Key& key, const SessionPtr& session);                       // under mutex_
  void Bury(const Key& key);                                                   // under mutex_

  const ServerSettings& settings_;
  std::shared_ptr<ArtifactBudget> budget_;
  std::shared_ptr<python::Workers> workers_;  // of all sessions
  std::shared_ptr<TaskPool> pool_;            // of all sessions
  mutable std::mutex mutex_;
  std::map<Key, SessionPtr> sessions_;
  std::map<Key, int64_t> closed_;  // ids that must not come back, the newest ones
  int64_t closings_ = 0;
  bool shut_ = false;
};

}  // namespace sluice::connect
