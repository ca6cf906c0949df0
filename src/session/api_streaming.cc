// DataStreamWriter, StreamingQuery and their manager.
#include <iostream>

#include "base/log.h"
#include "session/api_support.h"
#include "session/remote.h"
#include "session/settings.h"
#include "sluice/readwriter.h"

namespace sluice {

namespace {

StreamingQueryProgress ToPublic(const stream::Progress& p) {
  StreamingQueryProgress out;
  out.id = p.id;
  out.runId = p.run_id;
  out.name = p.name.value_or("");
  out.timestamp = stream::Iso8601Ms(p.timestamp_ms);
  out.batchId = p.batch_id;
  out.batchDuration = p.batch_duration_ms;
  out.numInputRows = p.num_input_rows();
  out.durationMs = p.duration_ms;
  for (const auto& s : p.sources) {
    out.inputRowsPerSecond += s.input_rows_per_second;
    out.processedRowsPerSecond += s.processed_rows_per_second;
    out.sources.push_back({s.description, s.start_offset.value_or("null"), s.end_offset.value_or("null"),
                           s.latest_offset.value_or("null"), s.num_input_rows, s.input_rows_per_second,
                           s.processed_rows_per_second, s.metrics});
  }
  out.sinkDescription = p.sink_description;
  out.numOutputRows = p.num_output_rows;
  out.json = p.ToJson();
  out.prettyJson = p.ToJson(2);
  return out;
}

/// A query of this process.
class LocalQuery final : public session::QueryHandle {
 public:
  explicit LocalQuery(std::shared_ptr<stream::Execution> execution) : execution_(std::move(execution)) {}
  const std::string& id() const override { return execution_->id(); }
  const std::string& run_id() const override { return execution_->run_id(); }
  std::optional<std::string> name() const override { return execution_->name(); }
  Result<bool> IsActive() const override { return execution_->is_active(); }
  Result<StreamingQueryStatus> QueryStatus() const override {
    auto status = execution_->status();
    return StreamingQueryStatus{status.message, status.is_data_available, status.is_trigger_active};
  }
  Result<std::vector<StreamingQueryProgress>> RecentProgress(bool last) const override {
    const auto all = execution_->recent_progress();
    std::vector<StreamingQueryProgress> out;
    for (size_t i = last && !all.empty() ? all.size() - 1 : 0; i < all.size(); ++i) out.push_back(ToPublic(all[i]));
    return out;
  }
  Result<bool> AwaitTermination(std::optional<std::chrono::milliseconds> timeout) override {
    if (!execution_->AwaitTermination(timeout)) return false;
    ARROW_RETURN_NOT_OK(execution_->exception());
    return true;
  }
  Status ProcessAllAvailable() override { return execution_->ProcessAllAvailable(); }
  Status Stop() override {
    execution_->Stop();
    return Status::OK();
  }
  Status Exception() const override { return execution_->exception(); }
  Result<std::string> Explain(bool) const override { return execution_->explain_text(); }

 private:
  const std::shared_ptr<stream::Execution> execution_;
};

}  // namespace

std::shared_ptr<session::QueryHandle> session::MakeHandle(std::shared_ptr<stream::Execution> execution) {
  return std::make_shared<LocalQuery>(std::move(execution));
}

Trigger Trigger::ProcessingTime(const std::string& interval) {
  return ProcessingTime(ValueOrThrow(ParseDurationUs(interval)) / 1000);
}
Trigger Trigger::ProcessingTime(int64_t milliseconds) {
  if (milliseconds < 0)
    Throw(MakeError("_LEGACY_ERROR_TEMP_3102", {{"msg", "the interval of trigger should not be negative"}}));
  return Trigger(Kind::ProcessingTime, milliseconds);
}

DataStreamWriter& DataStreamWriter::format(const std::string& source) {
  format_ = source;
  return *this;
}
DataStreamWriter& DataStreamWriter::outputMode(const std::string& mode) {
  mode_ = session::LowerCase(mode);
  if (mode_ != "append" && mode_ != "update" && mode_ != "complete")
    Throw(MakeError("STREAMING_OUTPUT_MODE.INVALID", {{"outputMode", mode}}));
  return *this;
}
DataStreamWriter& DataStreamWriter::trigger(const Trigger& trigger) {
  trigger_ = trigger;
  return *this;
}
DataStreamWriter& DataStreamWriter::queryName(const std::string& name) {
  name_ = name;
  return *this;
}
DataStreamWriter& DataStreamWriter::partitionBy(const std::vector<std::string>& columns) {
  partition_by_ = columns;
  return *this;
}
DataStreamWriter& DataStreamWriter::option(const std::string& key, const std::string& value) {
  options_[key] = value;
  return *this;
}
DataStreamWriter& DataStreamWriter::options(const std::map<std::string, std::string>& options) {
  for (const auto& [key, value] : options) options_[key] = value;
  return *this;
}
DataStreamWriter& DataStreamWriter::foreachBatch(std::function<void(DataFrame, int64_t)> function) {
  foreach_batch_ = std::move(function);
  return *this;
}

StreamingQuery DataStreamWriter::startQuery(std::optional<std::string> table) {
  session::StreamRequest request;
  request.format =
      format_.empty() && !table && !foreach_batch_ ? df_.session()->config().Get(session::kDefaultSource) : format_;
  request.options = OptionMap(options_.begin(), options_.end());
  request.output_mode = mode_;
  request.name = name_;
  request.partition_by = partition_by_;
  switch (trigger_.kind()) {
    case Trigger::Kind::Default: break;
    case Trigger::Kind::ProcessingTime:
      request.trigger = {stream::Trigger::Kind::kProcessingTime, trigger_.intervalMs()};
      break;
    case Trigger::Kind::Once: request.trigger.kind = stream::Trigger::Kind::kOnce; break;
    case Trigger::Kind::AvailableNow: request.trigger.kind = stream::Trigger::Kind::kAvailableNow; break;
  }
  if (table) request.to_table = session::ParseName(*table);
  if (foreach_batch_) {
    // The query must not keep its session alive: the session owns it.
    std::weak_ptr<session::Session> weak = df_.session();
    request.foreach_batch = [weak, function = foreach_batch_](const plan::PlanPtr& batch, int64_t id) -> Status {
      auto session = weak.lock();
      if (!session) return MakeError("OPERATION_CANCELED");
      try {
        function(DataFrame(session, batch), id);
        return Status::OK();
      } catch (const Error& error) {
        return ToStatus(error);
      } catch (const std::exception& error) {
        return MakeError("FOREACH_BATCH_USER_FUNCTION_ERROR", {{"reason", error.what()}});
      }
    };
  }
  if (auto* remote = session::RemoteOf(*df_.session()))
    return StreamingQuery(ValueOrThrow(remote->Start(df_.plan(), request)));
  return StreamingQuery(
      session::MakeHandle(ValueOrThrow(df_.session()->streams().Start(df_.plan(), std::move(request)))));
}
StreamingQuery DataStreamWriter::start() { return startQuery(std::nullopt); }
StreamingQuery DataStreamWriter::start(const std::string& path) {
  options_["path"] = path;
  return startQuery(std::nullopt);
}
StreamingQuery DataStreamWriter::toTable(const std::string& table) { return startQuery(table); }

const std::string& StreamingQuery::id() const { return query_->id(); }
const std::string& StreamingQuery::runId() const { return query_->run_id(); }
std::optional<std::string> StreamingQuery::name() const { return query_->name(); }
bool StreamingQuery::isActive() const { return ValueOrThrow(query_->IsActive()); }
StreamingQueryStatus StreamingQuery::status() const { return ValueOrThrow(query_->QueryStatus()); }
std::vector<StreamingQueryProgress> StreamingQuery::recentProgress() const {
  return ValueOrThrow(query_->RecentProgress(/*last=*/false));
}
std::optional<StreamingQueryProgress> StreamingQuery::lastProgress() const {
  auto last = ValueOrThrow(query_->RecentProgress(/*last=*/true));
  return last.empty() ? std::nullopt : std::optional(last.back());
}
void StreamingQuery::awaitTermination() const { ValueOrThrow(query_->AwaitTermination(std::nullopt)); }
bool StreamingQuery::awaitTermination(int64_t timeoutMs) const {
  return ValueOrThrow(query_->AwaitTermination(std::chrono::milliseconds(timeoutMs)));
}
void StreamingQuery::processAllAvailable() const { ThrowIfError(query_->ProcessAllAvailable()); }
void StreamingQuery::stop() const { ThrowIfError(query_->Stop()); }
std::optional<Error> StreamingQuery::exception() const {
  Status error = query_->Exception();
  if (error.ok()) return std::nullopt;
  try {
    Throw(error);
  } catch (const Error& e) {
    return e;
  }
}
void StreamingQuery::explain(bool extended) const {
  std::cout << ValueOrThrow(query_->Explain(extended)) << "\n" << std::flush;
}

std::vector<StreamingQuery> StreamingQueryManager::active() const {
  std::vector<StreamingQuery> out;
  if (auto* remote = session::RemoteOf(*session_)) {
    for (auto& query : ValueOrThrow(remote->ActiveQueries())) out.emplace_back(query);
    return out;
  }
  for (auto& query : session_->streams().Active()) out.emplace_back(session::MakeHandle(query));
  return out;
}
std::optional<StreamingQuery> StreamingQueryManager::get(const std::string& id) const {
  if (auto* remote = session::RemoteOf(*session_)) {
    auto found = ValueOrThrow(remote->FindQuery(id));
    return found ? std::optional(StreamingQuery(found)) : std::nullopt;
  }
  auto found = session_->streams().Find(id);
  return found ? std::optional(StreamingQuery(session::MakeHandle(found))) : std::nullopt;
}
void StreamingQueryManager::awaitAnyTermination() const {
  ValueOrThrow(session::RemoteOf(*session_) ? session::RemoteOf(*session_)->AwaitAnyTermination(std::nullopt)
                                            : session_->streams().AwaitAnyTermination(std::nullopt));
}
bool StreamingQueryManager::awaitAnyTermination(int64_t timeoutMs) const {
  const std::chrono::milliseconds timeout(timeoutMs);
  return ValueOrThrow(session::RemoteOf(*session_) ? session::RemoteOf(*session_)->AwaitAnyTermination(timeout)
                                                   : session_->streams().AwaitAnyTermination(timeout));
}
void StreamingQueryManager::resetTerminated() const {
  if (session::RemoteOf(*session_)) return ThrowIfError(session::RemoteOf(*session_)->ResetTerminated());
  session_->streams().ResetTerminated();
}
namespace {

/// What a listener throws ends neither the query nor the program.
template <typename F>
void Notify(const char* event, F&& call) {
  try {
    call();
  } catch (const std::exception& e) {
    LogError("a streaming query listener failed", {{"event", event}, {"error", e.what()}});
  } catch (...) {
    LogError("a streaming query listener failed", {{"event", event}});
  }
}

}  // namespace

int StreamingQueryManager::addListener(std::shared_ptr<StreamingQueryListener> listener) const {
  if (session::RemoteOf(*session_)) Throw(UnsupportedFeature("listeners in C++ on a Spark Connect server"));
  stream::Listener l;
  l.on_started = [listener](const std::string& id, const std::string& run, const std::optional<std::string>& name,
                            int64_t) {
    Notify("onQueryStarted", [&] { listener->onQueryStarted(id, run, name.value_or("")); });
  };
  l.on_progress = [listener](const stream::Progress& p) {
    Notify("onQueryProgress", [&] { listener->onQueryProgress(ToPublic(p)); });
  };
  l.on_idle = [listener](const std::string& id, const std::string& run, int64_t) {
    Notify("onQueryIdle", [&] { listener->onQueryIdle(id, run); });
  };
  l.on_terminated = [listener](const std::string& id, const std::string& run, const Status&, const Status& cause) {
    Notify("onQueryTerminated", [&] { listener->onQueryTerminated(id, run, cause.ok() ? "" : cause.message()); });
  };
  return session_->streams().AddListener(std::move(l));
}
void StreamingQueryManager::removeListener(int id) const { session_->streams().RemoveListener(id); }
void StreamingQueryManager::stopAllGracefully() const { session_->streams().StopAllGracefully(); }

}  // namespace sluice
