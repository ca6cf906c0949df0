#include "server/connect/stream_queries.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "server/connect/errors.h"

namespace sluice::connect {

namespace {

using Json = nlohmann::ordered_json;

std::string Text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// As real Spark tells of an end: of the exception that caused it, without a class where that has none.
std::string TerminatedJson(const std::string& id, const std::string& run_id, const Status& cause) {
  Json json{{"id", id}, {"runId", run_id}};
  json["exception"] = json["errorClassOnException"] = nullptr;
  if (!cause.ok()) {
    const Error error = ErrorOf(cause);
    json["exception"] = cause.message();
    if (!IsNameless(error)) json["errorClassOnException"] = error.getCondition();
  }
  return Text(json);
}

}  // namespace

void StreamQueries::Keep(std::shared_ptr<stream::Execution> query) {
  std::lock_guard lock(mutex_);
  queries_.push_back(std::move(query));
  size_t ended = static_cast<size_t>(
      std::count_if(queries_.begin(), queries_.end(), [](const auto& q) { return !q->is_active(); }));
  std::erase_if(queries_, [&](const auto& q) { return ended > kMostEnded && !q->is_active() && ended-- > 0; });
}

std::shared_ptr<stream::Execution> StreamQueries::Find(const std::string& id, const std::string& run_id) const {
  std::lock_guard lock(mutex_);
  for (const auto& query : queries_)
    if (query->id() == id && query->run_id() == run_id) return query;
  return nullptr;
}

bool ListenerBus::Begin(session::Streams& streams) {
  std::lock_guard lock(mutex_);
  if (listener_) return false;
  ended_ = false;
  stream::Listener listener;
  listener.on_progress = [this](const stream::Progress& progress) {
    Add(proto::QUERY_PROGRESS_EVENT, "{\"progress\":" + progress.ToJson() + "}");
  };
  listener.on_idle = [this](const std::string& id, const std::string& run_id, int64_t ms) {
    Add(proto::QUERY_IDLE_EVENT, Text(Json{{"id", id}, {"runId", run_id}, {"timestamp", stream::Iso8601Ms(ms)}}));
  };
  listener.on_terminated = [this](const std::string& id, const std::string& run_id, const Status&,
                                  const Status& cause) {
    Add(proto::QUERY_TERMINATED_EVENT, TerminatedJson(id, run_id, cause));
  };
  listener_ = streams.AddListener(std::move(listener));
  return true;
}

void ListenerBus::End(session::Streams& streams) {
  std::optional<int> listener;
  {
    std::lock_guard lock(mutex_);
    listener.swap(listener_);
    ended_ = true;
    changed_.notify_all();
  }
  if (listener) streams.RemoveListener(*listener);
}

bool ListenerBus::active() const {
  std::lock_guard lock(mutex_);
  return listener_.has_value();
}

void ListenerBus::Add(proto::StreamingQueryEventType type, std::string json) {
  std::lock_guard lock(mutex_);
  if (!listener_) return;
  if (events_.size() >= kMostWaiting) {
    LogWarn("a client does not take its listener events: the oldest is dropped");
    events_.pop_front();
  }
  proto::StreamingQueryListenerEvent event;
  event.set_event_type(type);
  event.set_event_json(std::move(json));
  events_.push_back(std::move(event));
  changed_.notify_all();
}

std::optional<std::vector<proto::StreamingQueryListenerEvent>> ListenerBus::Take(std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, wait, [&] { return ended_ || !events_.empty(); });
  if (events_.empty() && ended_) return std::nullopt;
  std::vector<proto::StreamingQueryListenerEvent> out(std::make_move_iterator(events_.begin()),
                                                      std::make_move_iterator(events_.end()));
  events_.clear();
  return out;
}

std::string StartedEventJson(const stream::Execution& query, int64_t timestamp_ms) {
  Json json{{"id", query.id()}, {"runId", query.run_id()}};
  json["name"] = query.name() ? Json(*query.name()) : Json(nullptr);
  json["timestamp"] = stream::Iso8601Ms(timestamp_ms);
  return Text(json);
}

}  // namespace sluice::connect
