// One micro-batch, from offsets to commit, and where to go on after a restart.
#include "base/clock.h"
#include "base/log.h"
#include "stream/execution.h"

namespace sluice::stream {

namespace {

/// Adds the time until destruction to a progress duration, in milliseconds.
class Timed {
 public:
  Timed(Progress* progress, const char* key) : progress_(progress), key_(key), start_us_(SteadyUs()) {}
  ~Timed() { progress_->duration_ms[key_] += (SteadyUs() - start_us_ + 500) / 1000; }

 private:
  Progress* progress_;
  const char* key_;
  int64_t start_us_;
};

/// Takes a batch that the sink has already.
class DiscardingWrite final : public connectors::BatchWrite {
 public:
  Result<std::unique_ptr<connectors::TaskWriter>> NewTask(int) override { return std::make_unique<Writer>(); }
  Status Commit(const std::vector<std::string>&) override { return Status::OK(); }
  void Abort(const std::vector<std::string>&) override {}

 private:
  class Writer final : public connectors::TaskWriter {
   public:
    Status Write(const arrow::RecordBatch&) override { return Status::OK(); }
    Result<std::string> Close() override { return std::string(); }
  };
};

}  // namespace

Status Execution::Recover() {
  ARROW_ASSIGN_OR_RAISE(auto latest, checkpoint_->offsets().Latest());
  if (!latest) {
    recorded_conf_ = RecordedConf(definition_.config);
    return Status::OK();
  }
  auto read = [&](int64_t id) -> Result<OffsetLogEntry> {
    const std::string path = checkpoint_->offsets().PathOf(id);
    ARROW_ASSIGN_OR_RAISE(auto text, checkpoint_->offsets().Get(id));
    if (!text) return MakeError("BATCH_METADATA_NOT_FOUND", {{"batchMetadataFile", path}});
    ARROW_ASSIGN_OR_RAISE(OffsetLogEntry entry, ParseOffsetLogEntry(*text, path));
    if (entry.offsets.size() != definition_.offset_lines.size())
      return MakeError("_LEGACY_ERROR_TEMP_3102",
                       {{"msg", "There are " + std::to_string(entry.offsets.size()) + " sources in the checkpoint " +
                                    path + " and now there are " + std::to_string(definition_.offset_lines.size()) +
                                    " sources in the query: it is another query's checkpoint. Cannot continue."}});
    return entry;
  };
  ARROW_ASSIGN_OR_RAISE(OffsetLogEntry newest, read(*latest));
  recorded_conf_ = newest.conf.empty() ? RecordedConf(definition_.config) : WithFormerDefaults(newest.conf);
  ARROW_ASSIGN_OR_RAISE(auto committed, checkpoint_->commits().Latest());
  if (committed && *committed > *latest)
    return MakeError(
        "MALFORMED_LOG_FILE",
        {{"text", checkpoint_->commits().PathOf(*committed) + " (batch " + std::to_string(*committed) +
                      " is committed, but the newest offsets are of batch " + std::to_string(*latest) + ")"}});
  if (committed) {
    ARROW_ASSIGN_OR_RAISE(auto text, checkpoint_->commits().Get(*committed));
    ARROW_ASSIGN_OR_RAISE(CommitLogEntry entry, ParseCommitLogEntry(*text, checkpoint_->commits().PathOf(*committed)));
    watermark_.Restore(entry.next_batch_watermark_ms);
  }
  auto take = [&](const OffsetLogEntry& entry, std::optional<connectors::Offset> Input::*field) -> Status {
    for (size_t line = 0; line < entry.offsets.size(); ++line) {
      if (!entry.offsets[line]) continue;
      Input& input = inputs_[static_cast<size_t>(definition_.offset_lines[line])];
      ARROW_ASSIGN_OR_RAISE(input.*field, input.source->Deserialize(*entry.offsets[line]));
    }
    return Status::OK();
  };
  if (committed == latest) {
    batch_id_ = *latest + 1;
    batch_watermark_ms_ = newest.batch_watermark_ms;
    ARROW_RETURN_NOT_OK(take(newest, &Input::committed));
  } else {
    batch_id_ = *latest;
    replay_ = true;
    batch_timestamp_ms_ = newest.batch_timestamp_ms;
    batch_watermark_ms_ = newest.batch_watermark_ms;
    watermark_.Restore(newest.batch_watermark_ms);
    ARROW_RETURN_NOT_OK(take(newest, &Input::planned));
    if (*latest > 0) {
      ARROW_ASSIGN_OR_RAISE(OffsetLogEntry before, read(*latest - 1));
      previous_watermark_ms_ = before.batch_watermark_ms;
      ARROW_RETURN_NOT_OK(take(before, &Input::committed));
    }
  }
  LogInfo("resuming from checkpoint", {{"checkpoint", checkpoint_->path()}, {"batch", batch_id_}, {"replay", replay_}});
  return Status::OK();
}

OffsetLogEntry Execution::EntryOfPlan() const {
  OffsetLogEntry entry;
  entry.batch_watermark_ms = batch_watermark_ms_;
  entry.batch_timestamp_ms = batch_timestamp_ms_;
  entry.conf = recorded_conf_;
  for (const int source : definition_.offset_lines) {
    const auto& planned = inputs_[static_cast<size_t>(source)].planned;
    entry.offsets.push_back(planned ? std::optional(planned->json) : std::nullopt);
  }
  return entry;
}

Result<bool> Execution::PlanBatch(Progress* progress) {
  bool any = false;
  {
    Timed timed(progress, "latestOffset");
    auto limit = definition_.trigger.kind == Trigger::Kind::kOnce ? connectors::ReadLimit::kAllAvailable
                                                                  : connectors::ReadLimit::kDefault;
    for (auto& input : inputs_) {
      ARROW_ASSIGN_OR_RAISE(connectors::Offset start, input.Start());
      ARROW_ASSIGN_OR_RAISE(connectors::Offset latest, input.source->LatestOffset(start, limit));
      input.planned.reset();
      if (latest.json.empty()) continue;  // the source cannot tell yet
      // The first batch runs with or without rows, as in Spark: that is how a sink learns that the query began.
      any = any || !input.committed || !(latest == *input.committed);
      input.planned = std::move(latest);
    }
  }
  if (!any) {
    const exec::StreamTraits& traits = query_->stream_traits();
    const bool closes_state = traits.time_closes_state || (traits.watermark_closes_state && watermark_.used() &&
                                                           watermark_.ms() > batch_watermark_ms_);
    if (!no_data_batches_ || !ran_batch_ || !closes_state) return false;
  }
  previous_watermark_ms_ = batch_watermark_ms_;
  batch_watermark_ms_ = watermark_.ms();
  batch_timestamp_ms_ = NowMs();
  Timed timed(progress, "walCommit");
  ARROW_RETURN_NOT_OK(checkpoint_->offsets().Add(batch_id_, ToText(EntryOfPlan())));
  return true;
}

Result<exec::RunMetrics> Execution::WriteBatch(const exec::RunContext& context) {
  exec::RunMetrics metrics;
  // Only a replayed batch can be in the sink already: a crash came between its commit and ours.
  bool done = false;
  if (replay_) {
    ARROW_ASSIGN_OR_RAISE(done, sink_->AlreadyCommitted(batch_id_));
  }
  if (done) {
    LogInfo("sink has the batch already", {{"id", id()}, {"batch", batch_id_}});
    if (!state_) return metrics;
    // Its state may be missing, and its event times are.
    DiscardingWrite nowhere;
    ARROW_RETURN_NOT_OK(query_->Run(context, &nowhere, &metrics).status());
    return metrics;
  }
  ARROW_ASSIGN_OR_RAISE(auto write, sink_->NewBatch(batch_id_));
  ARROW_ASSIGN_OR_RAISE(auto messages, query_->Run(context, write.get(), &metrics));
  // A stop that comes after this point finds the batch finished.
  if (Status stopped = cancel_.Check(); !stopped.ok()) {
    write->Abort(messages);
    return stopped;
  }
  ARROW_RETURN_NOT_OK(write->Commit(messages));
  return metrics;
}

void Execution::ReportState(exec::RunMetrics metrics, Progress* progress) const {
  for (auto& [_, op] : metrics.operators) progress->state_operators.push_back(std::move(op));
  if (!watermark_.used()) return;
  progress->event_time.emplace();
  progress->event_time->watermark_ms = batch_watermark_ms_;
  for (const auto& [_, stats] : metrics.event_times) {
    if (stats.count == 0) continue;
    progress->event_time->min_ms = stats.min_ms;
    progress->event_time->max_ms = stats.max_ms;
    progress->event_time->avg_ms = static_cast<int64_t>(stats.sum_ms / static_cast<double>(stats.count));
    break;
  }
}

Status Execution::CommitBatch() {
  if (state_ && sync_batches_) ARROW_RETURN_NOT_OK(state_->Sync());
  ARROW_RETURN_NOT_OK(checkpoint_->commits().Add(batch_id_, ToText(CommitLogEntry{watermark_.ms()})));
  auto& ends = unsynced_.emplace_back(batch_id_, std::vector<std::optional<connectors::Offset>>{}).second;
  for (const auto& input : inputs_) ends.push_back(input.planned);
  int64_t on_disk = batch_id_;
  if (sync_) {
    ARROW_ASSIGN_OR_RAISE(on_disk, sync_->Committed(batch_id_));
  }
  return OnDisk(on_disk);
}

Status Execution::OnDisk(int64_t batch_id) {
  if (unsynced_.empty() || unsynced_.front().first > batch_id) return Status::OK();
  for (; !unsynced_.empty() && unsynced_.front().first <= batch_id; unsynced_.pop_front())
    for (size_t i = 0; i < inputs_.size(); ++i)
      if (const auto& end = unsynced_.front().second[i]) ARROW_RETURN_NOT_OK(inputs_[i].source->Commit(*end));
  if (state_) state_->Committed(batch_id + 1);
  if (sync_ || batch_id <= retained_batches_) return Status::OK();  // it removes them itself
  ARROW_RETURN_NOT_OK(checkpoint_->offsets().PurgeBelow(batch_id - retained_batches_));
  return checkpoint_->commits().PurgeBelow(batch_id - retained_batches_);
}

Status Execution::FinishCheckpoint() {
  if (!sync_) return Status::OK();
  ARROW_RETURN_NOT_OK(sync_->Finish());
  return OnDisk(batch_id_ - 1);
}

Status Execution::RunBatch(Progress* progress) {
  if (!ran_batch_ && batch_id_ > 0)
    ARROW_RETURN_NOT_OK(
        state::CheckOperators(checkpoint_->path() + "/state", query_->stream_traits().stateful_operators));
  exec::RunContext context;
  context.pool = definition_.pool.get();
  context.cancel = cancel_;
  context.eval = definition_.eval;
  context.eval.now_us = batch_timestamp_ms_ * 1000;
  context.batch_id = batch_id_;
  // rand() and its kin draw anew in every batch, even with a seed; a batch that is replayed draws what it drew.
  context.eval.batch_seed = static_cast<int64_t>(static_cast<uint64_t>(batch_id_) * 0x9E3779B97F4A7C15u);
  std::vector<connectors::Offset> ends;
  progress->duration_ms["queryPlanning"] = 0;  // the plan is made once, not in each batch as in Spark
  {
    Timed timed(progress, "getBatch");
    for (size_t i = 0; i < inputs_.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(connectors::Offset start, inputs_[i].Start());
      ends.push_back(inputs_[i].planned.value_or(start));
      context.sources[static_cast<int>(i)] = {inputs_[i].source.get(), std::move(start), ends.back()};
    }
  }
  context.state = state_.get();
  context.watermark_ms = batch_watermark_ms_;
  context.late_watermark_ms = previous_watermark_ms_;

  exec::RunMetrics metrics;
  {
    Timed timed(progress, "addBatch");
    ARROW_ASSIGN_OR_RAISE(metrics, WriteBatch(context));
  }
  watermark_.Observe(metrics.event_times);
  {
    Timed timed(progress, "commitOffsets");
    ARROW_RETURN_NOT_OK(CommitBatch());
  }
  for (size_t i = 0; i < inputs_.size(); ++i) {
    auto& source = progress->sources[i];
    if (inputs_[i].committed) source.start_offset = inputs_[i].committed->json;
    if (inputs_[i].planned) source.end_offset = inputs_[i].planned->json;
    auto newest = inputs_[i].source->ReportLatestOffset();
    if (!newest.json.empty()) source.latest_offset = newest.json;
    source.num_input_rows = metrics.source_rows[static_cast<int>(i)];
    source.metrics = inputs_[i].source->Metrics(ends[i]);
    if (inputs_[i].planned) inputs_[i].committed = inputs_[i].planned;
    inputs_[i].planned.reset();
  }
  progress->num_output_rows = metrics.output_rows;
  if (definition_.observed) {
    ARROW_ASSIGN_OR_RAISE(progress->observed_metrics, definition_.observed());
  }
  ReportState(std::move(metrics), progress);
  ++batch_id_;
  ran_batch_ = true;
  replay_ = false;
  return Status::OK();
}

Result<bool> Execution::RunTrigger() {
  int64_t start_number;
  {
    std::lock_guard lock(mutex_);
    start_number = ++trigger_starts_;
  }
  SetStatus("Getting offsets from sources", false, true);
  Progress progress;
  progress.id = id();
  progress.run_id = run_id_;
  progress.name = definition_.name;
  progress.timestamp_ms = NowMs();
  progress.batch_id = batch_id_;
  progress.sink_description = sink_->description();
  for (auto& input : inputs_) {
    progress.sources.emplace_back();
    progress.sources.back().description = input.source->description();
  }
  bool ran = true;
  {
    Timed timed(&progress, "triggerExecution");
    if (!replay_) {
      ARROW_ASSIGN_OR_RAISE(ran, PlanBatch(&progress));
    }
    if (ran) {
      SetStatus("Processing new data", true, true);
      ARROW_RETURN_NOT_OK(RunBatch(&progress));
    }
  }
  FinishProgress(std::move(progress), ran);
  SetStatus(ran ? "Waiting for next trigger" : "Waiting for data to arrive", false, false);
  if (!ran) {
    std::lock_guard lock(mutex_);
    idle_checks_ = start_number;
    changed_.notify_all();
  }
  return ran;
}

}  // namespace sluice::stream
