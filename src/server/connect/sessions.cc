#include "server/connect/sessions.h"

#include <algorithm>

namespace sluice::connect {

namespace {

bool IsUuid(const std::string& text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !std::isxdigit(static_cast<unsigned char>(text[i]))) return false;
  }
  return true;
}

Status Handle(const char* condition, const std::string& handle) { return MakeError(condition, {{"handle", handle}}); }

}  // namespace

ConnectSession::ConnectSession(std::string user, std::string id, std::shared_ptr<session::Session> engine,
                               std::shared_ptr<ArtifactBudget> budget, std::shared_ptr<python::Workers> workers)
    : user_(std::move(user)), id_(std::move(id)), server_side_id_(stream::NewUuid()), engine_(std::move(engine)),
      workers_(std::move(workers)), artifacts_(std::move(budget), files_) {}

ConnectSession::~ConnectSession() { Close(); }

Status ConnectSession::AddOperation(const std::shared_ptr<Operation>& operation) {
  const std::string& id = operation->identity().operation_id;
  if (!IsUuid(id)) return Handle("INVALID_HANDLE.FORMAT", id);
  std::lock_guard lock(mutex_);
  if (closed_) return Handle("INVALID_HANDLE.SESSION_CLOSED", id_);
  if (!operations_.emplace(id, operation).second) return Handle("INVALID_HANDLE.OPERATION_ALREADY_EXISTS", id);
  return Status::OK();
}

Result<std::shared_ptr<Operation>> ConnectSession::FindOperation(const std::string& id) const {
  std::lock_guard lock(mutex_);
  auto it = operations_.find(id);
  if (it != operations_.end()) return it->second;
  return Handle(abandoned_.count(id) ? "INVALID_HANDLE.OPERATION_ABANDONED" : "INVALID_HANDLE.OPERATION_NOT_FOUND", id);
}

void ConnectSession::RemoveOperation(const std::string& id) {
  std::lock_guard lock(mutex_);
  operations_.erase(id);
  last_used_ = Clock::now();
}

std::vector<std::string> ConnectSession::Interrupt(const std::function<bool(const Operation&)>& which) {
  std::vector<std::shared_ptr<Operation>> found;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [_, operation] : operations_)
      if (which(*operation)) found.push_back(operation);
  }
  std::vector<std::string> ids;
  for (const auto& operation : found)
    if (operation->Interrupt()) ids.push_back(operation->identity().operation_id);
  return ids;
}

void ConnectSession::DropAbandoned(Clock::time_point before) {
  std::vector<std::shared_ptr<Operation>> dropped;
  {
    std::lock_guard lock(mutex_);
    for (auto it = operations_.begin(); it != operations_.end();) {
      if (it->second->idle_since() >= before) {
        ++it;
        continue;
      }
      if (abandoned_.size() >= 1000) abandoned_.clear();
      abandoned_.insert(it->first);
      dropped.push_back(it->second);
      it = operations_.erase(it);
    }
  }
  for (const auto& operation : dropped) operation->Interrupt();
}

bool ConnectSession::any_operation() const {
  std::lock_guard lock(mutex_);
  return !operations_.empty();
}

Status ConnectSession::KeepPlan(const std::string& relation_id, plan::PlanPtr plan) {
  constexpr size_t kMost = 10000;
  std::lock_guard lock(mutex_);
  if (plans_.size() >= kMost)
    return MakeError("UNABLE_TO_ACQUIRE_MEMORY", {{"requestedBytes", "1"}, {"receivedBytes", "0"}});
  plans_[relation_id] = std::move(plan);
  return Status::OK();
}

Result<plan::PlanPtr> ConnectSession::KeptPlan(const std::string& relation_id) const {
  std::lock_guard lock(mutex_);
  auto it = plans_.find(relation_id);
  if (it == plans_.end())
    return MakeError("INTERNAL_ERROR",
                     {{"message", "There is no DataFrame with id " + relation_id + " in the session " + id_ + "."}});
  return it->second;
}

void ConnectSession::DropPlan(const std::string& relation_id) {
  std::lock_guard lock(mutex_);
  plans_.erase(relation_id);
}

void ConnectSession::SetStorageLevel(const std::string& plan, const proto::StorageLevel* level) {
  std::lock_guard lock(mutex_);
  if (!level) {
    storage_levels_.erase(plan);
    return;
  }
  if (storage_levels_.size() >= 1000) storage_levels_.clear();
  storage_levels_[plan] = *level;
}

std::optional<proto::StorageLevel> ConnectSession::StorageLevelOf(const std::string& plan) const {
  std::lock_guard lock(mutex_);
  auto it = storage_levels_.find(plan);
  return it == storage_levels_.end() ? std::nullopt : std::optional(it->second);
}

void ConnectSession::Touch() {
  std::lock_guard lock(mutex_);
  last_used_ = Clock::now();
}

Clock::time_point ConnectSession::last_used() {
  if (any_operation() || !engine_->streams().Active().empty()) return Clock::now();
  std::lock_guard lock(mutex_);
  return last_used_;
}

void ConnectSession::Close() {
  {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    closed_ = true;
  }
  Interrupt([](const Operation&) { return true; });
  engine_->Stop();
  std::lock_guard lock(mutex_);
  plans_.clear();
}

Sessions::Sessions(const ServerSettings& settings)
    : settings_(settings), budget_(std::make_shared<ArtifactBudget>()),
      workers_(python::Workers::Make(settings.config)) {
  budget_->most = settings.max_artifact_bytes;
}

Result<SessionPtr> Sessions::Find(const Key& key, const std::string& observed) const {
  if (!IsUuid(key.second)) return Handle("INVALID_HANDLE.FORMAT", key.second);
  auto it = sessions_.find(key);
  if (it == sessions_.end()) {
    if (closed_.count(key)) return Handle("INVALID_HANDLE.SESSION_CLOSED", key.second);
    return SessionPtr();
  }
  if (!observed.empty() && observed != it->second->server_side_id())
    return Handle("INVALID_HANDLE.SESSION_CHANGED", key.second);
  it->second->Touch();
  return it->second;
}

Status Sessions::Add(const Key& key, const SessionPtr& session) {
  if (shut_) return Handle("INVALID_HANDLE.SESSION_CLOSED", key.second);
  if (sessions_.size() >= static_cast<size_t>(settings_.max_sessions))
    return MakeError("INTERNAL_ERROR",
                     {{"message", "The server has as many sessions as sluice.connect.maxSessions allows (" +
                                      std::to_string(settings_.max_sessions) + ")."}});
  sessions_[key] = session;
  return Status::OK();
}

Result<SessionPtr> Sessions::GetOrCreate(const std::string& user, const std::string& id, const std::string& observed) {
  const Key key(user, id);
  std::lock_guard lock(mutex_);
  ARROW_ASSIGN_OR_RAISE(SessionPtr session, Find(key, observed));
  if (session) return session;
  // The client saw a session that this server does not know.
  if (!observed.empty()) return Handle("INVALID_HANDLE.SESSION_CHANGED", id);
  ARROW_ASSIGN_OR_RAISE(auto engine, session::Session::Make(settings_.config, pool_));
  pool_ = engine->pool();
  session = std::make_shared<ConnectSession>(user, id, std::move(engine), budget_, workers_);
  ARROW_RETURN_NOT_OK(Add(key, session));
  return session;
}

Result<SessionPtr> Sessions::Get(const std::string& user, const std::string& id, const std::string& observed) {
  std::lock_guard lock(mutex_);
  ARROW_ASSIGN_OR_RAISE(SessionPtr session, Find({user, id}, observed));
  if (!session) return Handle("INVALID_HANDLE.SESSION_NOT_FOUND", id);
  return session;
}

void Sessions::Bury(const Key& key) {
  constexpr size_t kMost = 1000;
  closed_[key] = ++closings_;
  if (closed_.size() <= kMost) return;
  closed_.erase(std::min_element(closed_.begin(), closed_.end(),
                                 [](const auto& a, const auto& b) { return a.second < b.second; }));
}

SessionPtr Sessions::Release(const std::string& user, const std::string& id, bool allow_reconnect) {
  SessionPtr session;
  {
    std::lock_guard lock(mutex_);
    const Key key(user, id);
    auto it = sessions_.find(key);
    if (it != sessions_.end()) {
      session = it->second;
      sessions_.erase(it);
    }
    if (!allow_reconnect) Bury(key);
  }
  if (session) session->Close();
  return session;
}

Result<SessionPtr> Sessions::Clone(const SessionPtr& from, const std::string& new_id) {
  const Key key(from->user(), new_id);
  std::lock_guard lock(mutex_);
  ARROW_ASSIGN_OR_RAISE(SessionPtr existing, Find(key, ""));
  if (existing) return MakeError("INTERNAL_ERROR", {{"message", "The session " + new_id + " exists already."}});
  auto session = std::make_shared<ConnectSession>(from->user(), new_id, from->engine().Clone(), budget_, workers_);
  ARROW_RETURN_NOT_OK(Add(key, session));
  return session;
}

void Sessions::Sweep() {
  const auto now = Clock::now();
  for (const auto& session : All()) {
    session->DropAbandoned(now - settings_.detached_timeout);
    if (settings_.session_timeout.count() < 0 || session->last_used() > now - settings_.session_timeout) continue;
    Release(session->user(), session->id(), /*allow_reconnect=*/false);
  }
}

std::vector<SessionPtr> Sessions::All() const {
  std::lock_guard lock(mutex_);
  std::vector<SessionPtr> out;
  for (const auto& [_, session] : sessions_) out.push_back(session);
  return out;
}

void Sessions::CloseAll() {
  std::map<Key, SessionPtr> all;
  {
    std::lock_guard lock(mutex_);
    shut_ = true;
    all.swap(sessions_);
  }
  for (const auto& [_, session] : all) session->Close();
}

}  // namespace sluice::connect
