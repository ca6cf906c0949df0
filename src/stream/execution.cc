#include "stream/execution.h"

#include <atomic>
#include <filesystem>
#include <map>
#include <thread>

#include "base/cancel_scope.h"
#include "base/catch_exceptions.h"
#include "base/clock.h"
#include "base/log.h"

namespace sluice::stream {

namespace {

const ConfigEntry kMinBatchesToRetain("spark.sql.streaming.minBatchesToRetain", "100",
                                      "Batches kept in the checkpoint's logs.");
const ConfigEntry kProgressUpdates("spark.sql.streaming.numRecentProgressUpdates", "100",
                                   "Progress entries a query keeps.");
const ConfigEntry kNoDataBatches("spark.sql.streaming.noDataMicroBatches.enabled", "true",
                                 "Whether a batch without data runs when the watermark closes state.");
const ConfigEntry kWatermarkPolicy("spark.sql.streaming.multipleWatermarkPolicy", "min",
                                   "Watermark of a query with several: min or max of theirs.");
const ConfigEntry kSyncEachBatch("sluice.checkpoint.syncEachBatch", "false",
                                 "Whether each batch waits for the disk, also before sinks that take batches twice "
                                 "(Kafka, console, memory, noop). Else their checkpoints follow within a second: a "
                                 "power failure repeats the batches of that second.");
const ConfigEntry kStopActiveRunOnRestart("spark.sql.streaming.stopActiveRunOnRestart", "true",
                                          "Whether a start on the checkpoint of a query that runs in this process "
                                          "stops that one; else it is refused.");
constexpr int64_t kIdleEventIntervalMs = 10'000;
constexpr std::chrono::milliseconds kIdleCheck{10'000};

/// Who took the lock of a checkpoint last, among the queries of all sessions of this process.
struct ActiveRuns {
  std::mutex mutex;  // held for moments only
  std::map<std::string, std::weak_ptr<Execution>> by_checkpoint;
};
ActiveRuns& Runs() {
  static auto* runs = new ActiveRuns;  // outlives main
  return *runs;
}

/// One folder goes by several paths.
std::string KeyOf(const std::string& checkpoint) {
  std::error_code error;
  const auto path = std::filesystem::canonical(checkpoint, error);
  return error ? checkpoint : path.string();
}

}  // namespace

Execution::Execution(Definition definition, std::vector<Listener> listeners)
    : definition_(std::move(definition)), listeners_(std::move(listeners)), run_id_(NewUuid()) {}

Execution::~Execution() {
  Stop();
  if (thread_.joinable()) thread_.join();
}

Result<std::shared_ptr<Execution>> Execution::Start(Definition definition, std::vector<Listener> listeners) {
  std::shared_ptr<Execution> execution(new Execution(std::move(definition), std::move(listeners)));
  ARROW_RETURN_NOT_OK(execution->Open());
  for (const auto& listener : execution->listeners_)
    if (listener.on_started) listener.on_started(execution->id(), execution->run_id(), execution->name(), NowMs());
  const std::string key = KeyOf(execution->checkpoint_->path());
  ActiveRuns& runs = Runs();
  std::lock_guard lock(runs.mutex);  // whoever finds the run finds its thread too
  std::erase_if(runs.by_checkpoint, [](const auto& run) { return run.second.expired(); });
  runs.by_checkpoint[key] = execution;
  execution->thread_ = std::thread([raw = execution.get()] { raw->Loop(); });
  return execution;
}

bool Execution::StopActiveRun(const std::string& checkpoint) {
  std::shared_ptr<Execution> run;
  {
    const std::string key = KeyOf(checkpoint);
    std::lock_guard lock(Runs().mutex);
    if (auto it = Runs().by_checkpoint.find(key); it != Runs().by_checkpoint.end()) run = it->second.lock();
  }
  // A listener or a foreachBatch function cannot wait for the end of its own query.
  if (!run || run->OnOwnThread()) return false;
  if (run->is_active())
    LogWarn("stopping the active run of a query: a new one starts", {{"id", run->id()}, {"runId", run->run_id()}});
  run->Stop();
  return true;
}

Status Execution::Open() {
  ARROW_ASSIGN_OR_RAISE(retained_batches_, definition_.config.GetInt(kMinBatchesToRetain));
  if (retained_batches_ < 1)
    return MakeError("INVALID_CONF_VALUE.REQUIREMENT", {{"confName", kMinBatchesToRetain.key},
                                                        {"confValue", std::to_string(retained_batches_)},
                                                        {"confRequirement", "minBatchesToRetain has to be positive"}});
  ARROW_ASSIGN_OR_RAISE(int64_t updates, definition_.config.GetInt(kProgressUpdates));
  retained_progress_ = static_cast<size_t>(std::max<int64_t>(1, updates));
  ARROW_ASSIGN_OR_RAISE(const bool stop_active_run, definition_.config.GetBool(kStopActiveRunOnRestart));
  ARROW_ASSIGN_OR_RAISE(checkpoint_, Checkpoint::Open(definition_.checkpoint_location,
                                                      stop_active_run ? &Execution::StopActiveRun : nullptr));
  for (size_t i = 0; i < definition_.sources.size(); ++i) {
    Input input;
    ARROW_ASSIGN_OR_RAISE(input.source, definition_.sources[i](checkpoint_->source_path(static_cast<int>(i))));
    inputs_.push_back(std::move(input));
  }
  ARROW_RETURN_NOT_OK(Recover());
  Config config = definition_.config;
  for (const auto& [key, value] : recorded_conf_) config.Set(key, value);
  ARROW_ASSIGN_OR_RAISE(query_, definition_.compile(config));
  const exec::StreamTraits& traits = query_->stream_traits();
  const int64_t restored_ms = watermark_.ms();
  ARROW_ASSIGN_OR_RAISE(watermark_, Watermark::Make(config.Get(kWatermarkPolicy), traits.watermarks));
  watermark_.Restore(restored_ms);
  ARROW_ASSIGN_OR_RAISE(no_data_batches_, config.GetBool(kNoDataBatches));
  if (!traits.stateful_operators.empty()) {
    ARROW_ASSIGN_OR_RAISE(state_, state::StateStores::Open(checkpoint_->path() + "/state", config));
  }
  ARROW_ASSIGN_OR_RAISE(sink_, definition_.sink(id(), checkpoint_->path()));
  ARROW_ASSIGN_OR_RAISE(const bool always, config.GetBool(kSyncEachBatch));
  sync_batches_ = always || !(sink_->at_least_once() || definition_.delete_checkpoint_on_stop);
  if (sync_batches_) return Status::OK();
  checkpoint_->offsets().SyncLater();
  checkpoint_->commits().SyncLater();
  // Nobody comes back to a temporary one.
  if (definition_.delete_checkpoint_on_stop) return Status::OK();
  return CheckpointSync::Start(checkpoint_->path(), batch_id_ - 1, retained_batches_, state_ != nullptr).Value(&sync_);
}

bool Execution::is_active() const {
  std::lock_guard lock(mutex_);
  return !terminated_;
}
bool Execution::finished() const {
  std::lock_guard lock(mutex_);
  return finished_;
}
QueryStatus Execution::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}
std::vector<Progress> Execution::recent_progress() const {
  std::lock_guard lock(mutex_);
  return {progress_.begin(), progress_.end()};
}
Status Execution::exception() const {
  std::lock_guard lock(mutex_);
  return error_;
}
bool Execution::stopping() const {
  std::lock_guard lock(mutex_);
  return stop_after_batch_ || cancel_.cancelled();
}
void Execution::SetStatus(const std::string& message, bool data, bool active) {
  std::lock_guard lock(mutex_);
  status_ = {message, data, active};
}

void Execution::Stop() {
  {
    std::lock_guard lock(mutex_);  // or a wait that has just looked at the token would miss it
    cancel_.Cancel();
  }
  WakeSources();
  changed_.notify_all();
  AwaitTermination(std::nullopt);
}

// A listener or a foreachBatch function may stop its query; the loop ends when it returns.
bool Execution::OnOwnThread() const { return std::this_thread::get_id() == thread_.get_id(); }

void Execution::WakeSources() {
  std::lock_guard lock(sources_mutex_);
  for (auto& input : inputs_) input.source->Wake();
}

/// Ended queries are kept for their progress, not for connections and threads of their sources.
void Execution::ReleaseParts() {
  query_.reset();
  sink_.reset();
  state_.reset();
  sync_.reset();
  std::vector<Input> inputs;
  {
    std::lock_guard lock(sources_mutex_);
    inputs.swap(inputs_);
  }
  definition_.sources.clear();
  definition_.sink = nullptr;
  definition_.compile = nullptr;
  definition_.observed = nullptr;
}

void Execution::StopAfterBatch() {
  {
    std::lock_guard lock(mutex_);
    stop_after_batch_ = true;
  }
  WakeSources();
  changed_.notify_all();
}

bool Execution::AwaitTermination(std::optional<std::chrono::milliseconds> timeout) {
  std::unique_lock lock(mutex_);
  if (!thread_.joinable()) return true;
  if (OnOwnThread()) return finished_;
  auto done = [&] { return finished_; };
  if (timeout) return changed_.wait_for(lock, *timeout, done);
  changed_.wait(lock, done);
  return true;
}

Status Execution::ProcessAllAvailable(const CancelToken& cancel) {
  std::unique_lock lock(mutex_);
  // Only a trigger that began after this call has seen all that was there.
  const int64_t asked = trigger_starts_;
  while (!terminated_ && !(idle_checks_ > asked)) {
    ARROW_RETURN_NOT_OK(cancel.Check());
    lock.unlock();
    WakeSources();
    changed_.notify_all();
    lock.lock();
    changed_.wait_for(lock, std::chrono::milliseconds(50), [&] { return terminated_ || idle_checks_ > asked; });
  }
  return error_;
}

void Execution::Loop() {
  CancelScope scope(cancel_);  // of what a foreachBatch function runs
  Status result = CatchExceptions([&] { return RunTriggers(); });
  bool cancelled = cancel_.cancelled();
  Status closed = CatchExceptions([&] {
    Status finished = FinishCheckpoint();
    Status closed = sink_->Close();
    return finished.ok() ? closed : finished;
  });
  if (result.ok() && !cancelled) result = closed;
  if (cancelled) result = Status::OK();  // what a stopped batch complains of is the stop itself
  Status error;
  if (!result.ok()) {
    LogError("query failed", {{"id", id()}, {"runId", run_id_}, {"batch", batch_id_}, {"error", result}});
    error = MakeError("STREAM_FAILED", {{"id", id()}, {"runId", run_id_}, {"message", result.message()}});
  }
  ReleaseParts();
  std::string location = checkpoint_->path();
  std::string query_id = id();
  if (definition_.delete_checkpoint_on_stop && (error.ok() || definition_.delete_checkpoint_on_failure)) {
    std::error_code ignored;
    std::filesystem::remove_all(location, ignored);
  }
  checkpoint_->Release();
  // Whoever hears of the end may ask for its reason.
  {
    std::lock_guard lock(mutex_);
    error_ = error;
    terminated_ = true;
    status_ = {error.ok() ? "Stopped" : "Terminated with exception: " + result.message(), false, false};
    changed_.notify_all();
  }
  for (const auto& listener : listeners_)
    if (listener.on_terminated) listener.on_terminated(query_id, run_id_, error, result);
  std::lock_guard lock(mutex_);
  finished_ = true;
  changed_.notify_all();
}

Status Execution::RunTriggers() {
  const Trigger& trigger = definition_.trigger;
  if (trigger.kind == Trigger::Kind::kAvailableNow)
    for (auto& input : inputs_) ARROW_RETURN_NOT_OK(input.source->PrepareForAvailableNow());
  while (!stopping()) {
    int64_t began_ms = NowMs();
    ARROW_ASSIGN_OR_RAISE(bool ran, RunTrigger());
    if (trigger.kind == Trigger::Kind::kOnce || (trigger.kind == Trigger::Kind::kAvailableNow && !ran)) break;
    if (trigger.kind == Trigger::Kind::kProcessingTime && trigger.interval_ms > 0) {
      int64_t next_ms = trigger.NextMs(began_ms);
      if (const int64_t took_ms = NowMs() - began_ms; took_ms > trigger.interval_ms) {
        LogWarn("batch took longer than the trigger interval",
                {{"id", id()}, {"ms", took_ms}, {"interval_ms", trigger.interval_ms}});
      }
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, std::chrono::milliseconds(std::max<int64_t>(0, next_ms - NowMs())),
                        [&] { return stop_after_batch_ || cancel_.cancelled(); });
    } else if (!ran && trigger.kind != Trigger::Kind::kAvailableNow) {
      WaitForWork(kIdleCheck);
    }
  }
  return Status::OK();
}

void Execution::WaitForWork(std::chrono::milliseconds at_most) {
  SetStatus("Waiting for data to arrive", false, false);
  if (inputs_.size() == 1) {
    inputs_[0].source->WaitForData(inputs_[0].committed.value_or(connectors::Offset{}), at_most);
    return;
  }
  // Several sources: the first that has something wakes the others.
  std::atomic<bool> woken = false;
  std::vector<std::thread> waiting;
  for (auto& input : inputs_) {
    waiting.emplace_back([&, at = input.committed.value_or(connectors::Offset{})] {
      input.source->WaitForData(at, at_most);
      if (woken.exchange(true)) return;
      for (auto& other : inputs_)
        if (&other != &input) other.source->Wake();
    });
  }
  for (auto& thread : waiting) thread.join();
}

void Execution::KeepProgress(const Progress& progress) {
  std::lock_guard lock(mutex_);
  progress_.push_back(progress);
  while (progress_.size() > retained_progress_) progress_.pop_front();
}

/// As Spark tells of triggers without a batch: where the query stands, and its state as the last batch left it.
Progress Execution::IdleProgress(Progress progress) const {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (!inputs_[i].committed) continue;
    progress.sources[i].start_offset = inputs_[i].committed->json;
    progress.sources[i].end_offset = inputs_[i].committed->json;
  }
  std::lock_guard lock(mutex_);
  if (!ran_batch_ || progress_.empty()) return progress;
  progress.num_output_rows = 0;
  progress.state_operators = progress_.back().state_operators;
  for (auto& op : progress.state_operators) op.rows_updated = op.rows_dropped_by_watermark = 0;
  if (watermark_.used()) progress.event_time = EventTimeProgress{batch_watermark_ms_, {}, {}, {}};
  return progress;
}

void Execution::FinishProgress(Progress progress, bool ran) {
  const int64_t now_ms = NowMs();
  progress.batch_duration_ms = progress.duration_ms["triggerExecution"];
  const double seconds = static_cast<double>(std::max<int64_t>(1, progress.batch_duration_ms)) / 1000;
  const double gap = last_trigger_ms_ > 0 ? static_cast<double>(progress.timestamp_ms - last_trigger_ms_) / 1000 : 0;
  for (auto& source : progress.sources) {
    source.processed_rows_per_second = static_cast<double>(source.num_input_rows) / seconds;
    source.input_rows_per_second = gap > 0 ? static_cast<double>(source.num_input_rows) / gap : 0;
  }
  last_trigger_ms_ = progress.timestamp_ms;
  if (!ran) {
    if (now_ms - last_idle_event_ms_ < kIdleEventIntervalMs) return;
    last_idle_event_ms_ = now_ms;
    KeepProgress(IdleProgress(std::move(progress)));
    for (const auto& listener : listeners_)
      if (listener.on_idle) listener.on_idle(id(), run_id_, now_ms);
    return;
  }
  last_idle_event_ms_ = now_ms;
  KeepProgress(progress);
  for (const auto& listener : listeners_)
    if (listener.on_progress) listener.on_progress(progress);
}

}  // namespace sluice::stream
