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
    if (entry.offsets.size() != inputs_.size())
      return MakeError("_LEGACY_ERROR_TEMP_3102",
                       {{"msg", "There are " + std::to_string(entry.offsets.size()) + " sources in the checkpoint " + path + " and now there are " +
                                    std::to_string(inputs_.size()) + " sources in the query: it is another query's checkpoint. Cannot continue."}});
    return entry;
  };
  ARROW_ASSIGN_OR_RAISE(OffsetLogEntry newest, read(*latest));
  recorded_conf_ = newest.conf.empty() ? RecordedConf(definition_.config) : newest.conf;
  ARROW_ASSIGN_OR_RAISE(auto committed, checkpoint_->commits().Latest());
  if (committed && *committed > *latest)
    return MakeError("MALFORMED_LOG_FILE", {{"text", checkpoint_->commits().PathOf(*committed) + " (batch " + std::to_string(*committed) +
                                                         " is committed, but the newest offsets are of batch " + std::to_string(*latest) + ")"}});
  if (committed) {
    ARROW_ASSIGN_OR_RAISE(auto text, checkpoint_->commits().Get(*committed));
    ARROW_RETURN_NOT_OK(ParseCommitLogEntry(*text, checkpoint_->commits().PathOf(*committed)).status());
  }
  auto take = [&](const OffsetLogEntry& entry, std::optional<connectors::Offset> Input::*field) -> Status {
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (!entry.offsets[i]) continue;
      ARROW_ASSIGN_OR_RAISE(inputs_[i].*field, inputs_[i].source->Deserialize(*entry.offsets[i]));
    }
    return Status::OK();
  };
  if (committed == latest) {
    batch_id_ = *latest + 1;
    ARROW_RETURN_NOT_OK(take(newest, &Input::committed));
  } else {
    batch_id_ = *latest;
    replay_ = true;
    batch_timestamp_ms_ = newest.batch_timestamp_ms;
    ARROW_RETURN_NOT_OK(take(newest, &Input::planned));
    if (*latest > 0) {
      ARROW_ASSIGN_OR_RAISE(OffsetLogEntry before, read(*latest - 1));
      ARROW_RETURN_NOT_OK(take(before, &Input::committed));
    }
  }
  LogInfo("resuming from checkpoint", {{"checkpoint", checkpoint_->path()}, {"batch", batch_id_}, {"replay", replay_}});
  return Status::OK();
}

OffsetLogEntry Execution::EntryOfPlan() const {
  OffsetLogEntry entry;
  entry.batch_timestamp_ms = batch_timestamp_ms_;
  entry.conf = recorded_conf_;
  for (const auto& input : inputs_) entry.offsets.push_back(input.planned ? std::optional(input.planned->json) : std::nullopt);
  return entry;
}

Result<bool> Execution::PlanBatch(Progress* progress) {
  bool any = false;
  {
    Timed timed(progress, "latestOffset");
    auto limit = definition_.trigger.kind == Trigger::Kind::kOnce ? connectors::ReadLimit::kAllAvailable : connectors::ReadLimit::kDefault;
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
  if (!any) return false;
  batch_timestamp_ms_ = NowMs();
  Timed timed(progress, "walCommit");
  ARROW_RETURN_NOT_OK(checkpoint_->offsets().Add(batch_id_, ToText(EntryOfPlan())));
  return true;
}

Status Execution::RunBatch(Progress* progress) {
  exec::RunContext context;
  context.pool = definition_.pool.get();
  context.cancel = cancel_;
  context.eval = definition_.eval;
  context.eval.now_us = batch_timestamp_ms_ * 1000;
  context.batch_id = batch_id_;
  std::vector<connectors::Offset> ends;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(connectors::Offset start, inputs_[i].Start());
    ends.push_back(inputs_[i].planned.value_or(start));
    context.sources[static_cast<int>(i)] = {inputs_[i].source.get(), std::move(start), ends.back()};
  }

  exec::RunMetrics metrics;
  {
    Timed timed(progress, "addBatch");
    // Only a replayed batch can be in the sink already: a crash came between its commit and ours.
    bool done = false;
    if (replay_) {
      ARROW_ASSIGN_OR_RAISE(done, sink_->AlreadyCommitted(batch_id_));
    }
    if (done) {
      LogInfo("sink has the batch already", {{"id", id()}, {"batch", batch_id_}});
    } else {
      ARROW_ASSIGN_OR_RAISE(auto write, sink_->NewBatch(batch_id_));
      ARROW_ASSIGN_OR_RAISE(auto messages, query_->Run(context, write.get(), &metrics));
      // A stop that comes after this point finds the batch finished.
      ARROW_RETURN_NOT_OK(cancel_.Check());
      ARROW_RETURN_NOT_OK(write->Commit(messages));
    }
  }
  {
    Timed timed(progress, "commitOffsets");
    ARROW_RETURN_NOT_OK(checkpoint_->commits().Add(batch_id_, ToText(CommitLogEntry{})));
    for (auto& input : inputs_)
      if (input.planned) ARROW_RETURN_NOT_OK(input.source->Commit(*input.planned));
    if (batch_id_ > retained_batches_) {
      ARROW_RETURN_NOT_OK(checkpoint_->offsets().PurgeBelow(batch_id_ - retained_batches_));
      ARROW_RETURN_NOT_OK(checkpoint_->commits().PurgeBelow(batch_id_ - retained_batches_));
    }
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
  ++batch_id_;
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
