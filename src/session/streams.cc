#include "session/streams.h"

#include <arrow/record_batch.h>

#include <algorithm>
#include <filesystem>

#include "analyzer/analyzer.h"
#include "base/file_system.h"
#include "base/log.h"
#include "formats/json/json_writer.h"
#include "plan/collect_metrics.h"
#include "plan/transform.h"
#include "session/session.h"
#include "session/settings.h"
#include "session/shutdown.h"
#include "session/stream_sinks.h"
#include "types/datetime_pattern.h"

namespace sluice::session {

namespace {

struct NumberedPlan {
  plan::PlanPtr plan;
  std::vector<std::shared_ptr<const plan::Relation>> sources;
  std::vector<int> places;  // the source of each place where the plan reads a stream
};

/// Streaming leaves get their place among the query's sources; one leaf read twice is one source.
Result<NumberedPlan> NumberSources(const plan::PlanPtr& plan) {
  NumberedPlan out;
  auto same = [](const plan::Relation& a, const plan::Relation& b) {
    return a.table == b.table && a.instance == b.instance && !a.attributes.empty() && !b.attributes.empty() &&
           a.attributes[0]->id == b.attributes[0]->id;
  };
  // Pre-order, left to right: Spark's order of first appearance.
  plan::Visit(plan, [&](const plan::LogicalPlan& node) {
    const auto* relation = plan::As<plan::Relation>(node);
    if (!relation || !relation->is_streaming) return true;
    const auto known = std::find_if(out.sources.begin(), out.sources.end(),
                                    [&](const auto& source) { return same(*source, *relation); });
    out.places.push_back(static_cast<int>(known - out.sources.begin()));
    if (known == out.sources.end())
      out.sources.push_back(std::static_pointer_cast<const plan::Relation>(relation->Clone()));
    return true;
  });
  ARROW_ASSIGN_OR_RAISE(out.plan, plan::TransformUp(plan, [&](const plan::PlanPtr& node) -> Result<plan::PlanPtr> {
                          const auto* relation = plan::As<plan::Relation>(node);
                          if (!relation || !relation->is_streaming) return node;
                          auto copy = std::static_pointer_cast<plan::Relation>(relation->Clone());
                          for (size_t i = 0; i < out.sources.size(); ++i)
                            if (same(*out.sources[i], *relation)) copy->source_id = static_cast<int>(i);
                          return plan::PlanPtr(copy);
                        }));
  return out;
}

bool MayBeTemporary(const StreamRequest& request) {
  if (request.foreach_batch || request.foreach) return true;
  if (request.to_table) return false;
  static const char* const kOnce[] = {"memory", "console", "noop"};
  return std::any_of(std::begin(kOnce), std::end(kOnce), [&](const char* f) { return LowerCase(request.format) == f; });
}

Status Refuse(const std::string& message) { return MakeError("_LEGACY_ERROR_TEMP_3102", {{"msg", message}}); }

/// A table in memory that does not hold the whole answer lacks what earlier runs of its query put there.
Status CheckRecovery(const StreamRequest& request, const std::string& checkpoint) {
  if (request.to_table || LowerCase(request.format) != "memory" || request.output_mode == "complete")
    return Status::OK();
  const std::string offsets = checkpoint + "/offsets";
  ARROW_ASSIGN_OR_RAISE(const FileLocation at, ResolveLocation(offsets));
  std::error_code ignored;
  if (!at.local || !std::filesystem::exists(at.path, ignored)) return Status::OK();
  return Refuse("This query does not support recovering from checkpoint location. Delete " + offsets +
                " to start over.");
}

}  // namespace

Result<std::string> Streams::CheckpointLocation(const StreamRequest& request, bool* temporary) const {
  *temporary = false;
  if (auto location = GetOption(request.options, "checkpointLocation")) return *location;
  std::string root = session_->config().Get(kCheckpointLocation);
  if (!root.empty()) return root + "/" + request.name.value_or(stream::NewUuid());
  if (!MayBeTemporary(request))
    return Refuse(
        "checkpointLocation must be specified either through option(\"checkpointLocation\", ...) or "
        "SparkSession.conf.set(\"spark.sql.streaming.checkpointLocation\", ...)");
  *temporary = true;
  return (std::filesystem::temp_directory_path() / ("temporary-" + stream::NewUuid())).string();
}

/// Keeps a name from other starts until its query is among the others, or has ended already.
struct Streams::NameHold {
  Streams* streams;
  std::optional<std::string> name;
  ~NameHold() {
    if (name) Release();
  }
  void Release() {
    std::lock_guard lock(streams->mutex_);
    if (name) streams->starting_.erase(*name);
    name.reset();
  }
};

std::vector<stream::Listener> Streams::ListenersFor(std::shared_ptr<NameHold> hold) {
  // Those that are there when something happens, so one added later hears of queries that run already.
  auto each = [this](const std::function<void(const stream::Listener&)>& call) {
    std::map<int, stream::Listener> now;
    {
      std::lock_guard lock(mutex_);
      now = listeners_;
    }
    for (const auto& [_, listener] : now) call(listener);
  };
  stream::Listener all;
  all.on_started = [each](const std::string& id, const std::string& run_id, const std::optional<std::string>& name,
                          int64_t ms) {
    each([&](const auto& l) {
      if (l.on_started) l.on_started(id, run_id, name, ms);
    });
  };
  all.on_progress = [each](const stream::Progress& progress) {
    each([&](const auto& l) {
      if (l.on_progress) l.on_progress(progress);
    });
  };
  all.on_idle = [each](const std::string& id, const std::string& run_id, int64_t ms) {
    each([&](const auto& l) {
      if (l.on_idle) l.on_idle(id, run_id, ms);
    });
  };
  all.on_terminated = [this, each, hold](const std::string& id, const std::string& run_id, const Status& error,
                                         const Status& cause) {
    hold->Release();
    {
      std::lock_guard lock(mutex_);
      any_terminated_ = true;
      if (!error.ok() && first_error_.ok()) first_error_ = error;
      changed_.notify_all();
    }
    each([&](const auto& l) {
      if (l.on_terminated) l.on_terminated(id, run_id, error, cause);
    });
  };
  return {all};
}

namespace {

using Observe = std::function<Result<std::map<std::string, std::string>>()>;

/// What the observations of `plan` saw, as Row.json writes it. Null: there are none.
Observe ObservedBy(const plan::PlanPtr& plan, const Config& config) {
  if (plan::Observations(plan).empty()) return nullptr;
  return [plan, zone_name = SessionTimeZone(config)]() -> Result<std::map<std::string, std::string>> {
    formats::JsonWriteOptions options;
    ARROW_ASSIGN_OR_RAISE(options.zone, TimeZone::Find(zone_name));
    ARROW_ASSIGN_OR_RAISE(auto pattern, DateTimePattern::Compile("yyyy-MM-dd HH:mm:ss", DateTimePattern::Use::kFormat));
    options.ignore_null_fields = false;
    options.format_timestamp = [&](int64_t us, std::string* out) { pattern->Format(us, *options.zone, out); };
    std::map<std::string, std::string> out;
    for (const auto* observation : plan::Observations(plan)) {
      ARROW_ASSIGN_OR_RAISE(auto row, observation->observed->Take());
      if (!row) continue;
      ARROW_ASSIGN_OR_RAISE(auto rows, row->values->ToStructArray());
      formats::JsonWriter(*rows, row->schema, options).Append(0, &out[observation->name]);
    }
    return out;
  };
}

}  // namespace

Result<std::shared_ptr<stream::Execution>> Streams::Start(const plan::PlanPtr& analyzed, StreamRequest request) {
  if (session_->stopped()) return MakeError("INVALID_HANDLE.SESSION_CLOSED", {{"handle", "session"}});
  if (!plan::IsStreaming(*analyzed)) return MakeError("WRITE_STREAM_NOT_ALLOWED");
  if (!request.to_table && !request.foreach_batch && !request.foreach)
    ARROW_RETURN_NOT_OK(connectors::FindConnector(request.format).status());
  if (LowerCase(request.format) == "memory" && !request.name && !request.to_table && !request.foreach_batch)
    return Refuse("queryName must be specified for memory sink");
  ARROW_ASSIGN_OR_RAISE(const auto name, ReserveName(request.name));
  ARROW_RETURN_NOT_OK(analyzer::CheckStreaming(analyzed, request.output_mode));
  stream::Definition definition;
  ARROW_ASSIGN_OR_RAISE(definition.checkpoint_location,
                        CheckpointLocation(request, &definition.delete_checkpoint_on_stop));
  ARROW_RETURN_NOT_OK(CheckRecovery(request, definition.checkpoint_location));
  ARROW_ASSIGN_OR_RAISE(SinkPlan sink, PlanSink(*session_, analyzed, request));
  ARROW_ASSIGN_OR_RAISE(NumberedPlan numbered, NumberSources(sink.plan));
  auto config = std::make_shared<const Config>(session_->config());
  ARROW_ASSIGN_OR_RAISE(definition.delete_checkpoint_on_failure, config->GetBool(kForceDeleteTempCheckpoint));
  definition.name = request.name;
  definition.output_mode = request.output_mode;
  definition.trigger = request.trigger;
  definition.config = *config;
  definition.pool = session_->pool();
  definition.eval = session_->MakeEvalContext();
  definition.offset_lines = numbered.places;
  for (const auto& source : numbered.sources) {
    definition.sources.push_back([source, config](const std::string& checkpoint) {
      return source->table->NewStreamSource(connectors::StreamReadContext{checkpoint, source->options, config.get()});
    });
  }
  definition.sink = sink.make;
  ARROW_ASSIGN_OR_RAISE(plan::PlanPtr optimized, session_->Optimize(numbered.plan));
  definition.compile = [optimized, mode = request.output_mode](const Config& conf) {
    return exec::Compile(optimized, conf, mode);
  };
  definition.observed = ObservedBy(optimized, *config);
  ARROW_ASSIGN_OR_RAISE(auto compiled, exec::Compile(optimized, *config, request.output_mode));
  definition.explain_text = compiled->ToString();
  ARROW_ASSIGN_OR_RAISE(bool graceful, config->GetBool(kStopGracefully));
  if (graceful) StopGracefullyOnShutdown(session_);
  ARROW_ASSIGN_OR_RAISE(auto execution, stream::Execution::Start(std::move(definition), ListenersFor(name)));
  Remember(execution);
  name->Release();
  if (session_->stopped()) {  // since: what stops the queries of a session may not have seen this one
    execution->Stop();
    return MakeError("INVALID_HANDLE.SESSION_CLOSED", {{"handle", "session"}});
  }
  return execution;
}

void Streams::Remember(std::shared_ptr<stream::Execution> query) {
  std::vector<std::shared_ptr<stream::Execution>> finished;  // destroyed after the lock
  std::lock_guard lock(mutex_);
  const auto end =
      std::stable_partition(queries_.begin(), queries_.end(), [](const auto& q) { return !q->finished(); });
  finished.assign(std::make_move_iterator(end), std::make_move_iterator(queries_.end()));
  queries_.erase(end, queries_.end());
  queries_.push_back(std::move(query));
}

Result<std::shared_ptr<Streams::NameHold>> Streams::ReserveName(const std::optional<std::string>& name) {
  std::lock_guard lock(mutex_);
  const bool taken = std::any_of(queries_.begin(), queries_.end(),
                                 [&](const auto& q) { return name && q->is_active() && q->name() == name; });
  if (taken || (name && !starting_.insert(*name).second))
    return Refuse("Cannot start query with name " + *name +
                  " as a query with that name is already active in this SparkSession");
  return std::make_shared<NameHold>(this, name);
}

std::vector<std::shared_ptr<stream::Execution>> Streams::Active() const {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<stream::Execution>> out;
  for (const auto& query : queries_)
    if (query->is_active()) out.push_back(query);
  return out;
}

std::shared_ptr<stream::Execution> Streams::Find(const std::string& id) const {
  for (const auto& query : Active())
    if (query->id() == id || query->run_id() == id) return query;
  return nullptr;
}

Result<bool> Streams::AwaitAnyTermination(std::optional<std::chrono::milliseconds> timeout) {
  std::unique_lock lock(mutex_);
  auto done = [&] { return any_terminated_; };
  if (timeout) {
    if (!changed_.wait_for(lock, *timeout, done)) return false;
  } else {
    changed_.wait(lock, done);
  }
  ARROW_RETURN_NOT_OK(first_error_);
  return true;
}

void Streams::ResetTerminated() {
  std::lock_guard lock(mutex_);
  any_terminated_ = false;
  first_error_ = Status::OK();
}

int Streams::AddListener(stream::Listener listener) {
  std::lock_guard lock(mutex_);
  listeners_[++next_listener_] = std::move(listener);
  return next_listener_;
}
void Streams::RemoveListener(int id) {
  std::lock_guard lock(mutex_);
  listeners_.erase(id);
}

void Streams::StopAll() {
  std::vector<std::shared_ptr<stream::Execution>> queries;
  {
    std::lock_guard lock(mutex_);
    queries = queries_;
  }
  for (const auto& query : queries) query->Stop();
}

size_t Streams::StopAllAfterBatch() {
  auto active = Active();
  for (const auto& query : active) query->StopAfterBatch();
  return active.size();
}

void Streams::StopAllGracefully() {
  auto active = Active();
  for (const auto& query : active) query->StopAfterBatch();
  for (const auto& query : active) query->AwaitTermination(std::nullopt);
}

}  // namespace sluice::session
