#pragma once
// A running streaming query: the micro-batch loop.
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "exec/query.h"
#include "stream/checkpoint.h"
#include "stream/checkpoint_sync.h"
#include "stream/progress.h"
#include "stream/trigger.h"
#include "stream/watermark.h"

namespace sluice::stream {

/// What a query runs. Sources and sink are made once the checkpoint is open, for they need its path and the query's id.
struct Definition {
  std::optional<std::string> name;
  std::string checkpoint_location;
  bool delete_checkpoint_on_stop = false;     // temporary ones
  bool delete_checkpoint_on_failure = false;  // and after a failure too
  std::string output_mode = "append";
  Trigger trigger;
  Config config;
  std::shared_ptr<TaskPool> pool;
  functions::EvalContext eval;
  /// The source of each line of the offset log: Spark has one for each place where the plan reads a stream.
  std::vector<int> offset_lines;
  /// Index is plan::Relation::source_id.
  std::vector<std::function<Result<std::unique_ptr<connectors::StreamSource>>(const std::string& checkpoint)>> sources;
  std::function<Result<std::unique_ptr<connectors::StreamSink>>(const std::string& query_id,
                                                                const std::string& checkpoint)>
      sink;
  /// Compiled when the query starts, under the settings the checkpoint keeps.
  std::function<Result<std::unique_ptr<exec::CompiledQuery>>(const Config& config)> compile;
  /// What the last run observed: JSON of a row by name (DataFrame.observe).
  std::function<Result<std::map<std::string, std::string>>()> observed = nullptr;
  std::string explain_text;
};

struct QueryStatus {
  std::string message = "Initializing sources";
  bool is_data_available = false;
  bool is_trigger_active = false;
};

/// Called on the query's thread; must not block for long.
struct Listener {
  std::function<void(const std::string& id, const std::string& run_id, const std::optional<std::string>& name,
                     int64_t timestamp_ms)>
      on_started;
  std::function<void(const Progress&)> on_progress;
  std::function<void(const std::string& id, const std::string& run_id, int64_t timestamp_ms)> on_idle;
  /// `error` is what exception() gives, `cause` what ended the query, before STREAM_FAILED was made of it.
  std::function<void(const std::string& id, const std::string& run_id, const Status& error, const Status& cause)>
      on_terminated;
};

/// All methods are thread-safe.
class Execution {
 public:
  /// Opens checkpoint, sources and sink, then starts the thread. Errors of the plan and the checkpoint show here; what
  /// happens later ends the query and shows in exception(). A query of this process that has the checkpoint is stopped
  /// first (spark.sql.streaming.stopActiveRunOnRestart).
  static Result<std::shared_ptr<Execution>> Start(Definition definition, std::vector<Listener> listeners);
  ~Execution();

  const std::string& id() const { return checkpoint_->query_id(); }
  const std::string& run_id() const { return run_id_; }
  const std::optional<std::string>& name() const { return definition_.name; }
  bool is_active() const;
  /// It has ended and its listeners have returned: destroying it waits for nobody.
  bool finished() const;
  QueryStatus status() const;
  /// Oldest first, at most spark.sql.streaming.numRecentProgressUpdates.
  std::vector<Progress> recent_progress() const;
  /// STREAM_FAILED with the cause in its message; OK while running or after a clean stop.
  Status exception() const;
  const std::string& explain_text() const { return definition_.explain_text; }

  /// Cancels the running batch (it is replayed by the next start) and waits for the end.
  void Stop();
  /// Lets the running batch finish; returns at once.
  void StopAfterBatch();
  /// True when the query ended within the time.
  bool AwaitTermination(std::optional<std::chrono::milliseconds> timeout);
  /// Returns when a trigger that began after the call has found no more data; the query's error if it fails.
  /// OPERATION_CANCELED by `cancel`, which a stream that is never idle needs.
  Status ProcessAllAvailable(const CancelToken& cancel = {});

 private:
  Execution(Definition definition, std::vector<Listener> listeners);

  struct Input {
    std::unique_ptr<connectors::StreamSource> source;
    std::optional<connectors::Offset> committed;  // end of the last committed batch
    std::optional<connectors::Offset> planned;    // end of the batch to run
    /// Where the next batch starts: committed, else what the source calls its beginning.
    Result<connectors::Offset> Start() const {
      return committed ? Result<connectors::Offset>(*committed) : source->InitialOffset();
    }
  };
  Status Open();
  /// False when no other query of this process has run on the checkpoint.
  static bool StopActiveRun(const std::string& checkpoint);
  /// Finds the batch to go on with from the logs.
  Status Recover();
  void Loop();
  Status RunTriggers();
  /// One trigger; false when there was nothing to do.
  Result<bool> RunTrigger();
  Result<bool> PlanBatch(Progress* progress);
  Status RunBatch(Progress* progress);
  Result<exec::RunMetrics> WriteBatch(const exec::RunContext& context);
  Status CommitBatch();
  /// Batches through this one are on disk: sources and logs may forget what came before them.
  Status OnDisk(int64_t batch_id);
  Status FinishCheckpoint();
  void ReportState(exec::RunMetrics metrics, Progress* progress) const;
  void KeepProgress(const Progress& progress);
  Progress IdleProgress(Progress progress) const;
  void FinishProgress(Progress progress, bool ran);
  void WakeSources();
  void ReleaseParts();
  void WaitForWork(std::chrono::milliseconds at_most);
  bool stopping() const;
  bool OnOwnThread() const;
  void SetStatus(const std::string& message, bool data, bool active);
  OffsetLogEntry EntryOfPlan() const;

  Definition definition_;
  std::vector<Listener> listeners_;
  std::string run_id_;
  std::unique_ptr<Checkpoint> checkpoint_;
  bool sync_batches_ = true;              // each batch waits for the disk
  std::unique_ptr<CheckpointSync> sync_;  // where it need not; null for temporary checkpoints too
  std::mutex sources_mutex_;              // others wake sources while the query's thread lets go of them
  std::vector<Input> inputs_;
  std::unique_ptr<connectors::StreamSink> sink_;
  std::unique_ptr<exec::CompiledQuery> query_;
  std::unique_ptr<state::StateStores> state_;  // of queries with stateful operators
  Watermark watermark_;
  int64_t batch_watermark_ms_ = 0;     // of the batch that runs or ran last
  int64_t previous_watermark_ms_ = 0;  // of the batch before it
  bool ran_batch_ = false;             // since the start
  bool no_data_batches_ = true;
  std::vector<std::pair<std::string, std::string>> recorded_conf_;
  int64_t batch_id_ = 0;
  int64_t batch_timestamp_ms_ = 0;
  /// Ends of committed batches that are not on disk yet, by input.
  std::deque<std::pair<int64_t, std::vector<std::optional<connectors::Offset>>>> unsynced_;
  bool replay_ = false;  // the batch to run is in the offset log already
  int64_t retained_batches_ = 100;
  size_t retained_progress_ = 100;
  int64_t last_trigger_ms_ = 0;
  int64_t last_idle_event_ms_ = 0;
  CancelToken cancel_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  QueryStatus status_;
  std::deque<Progress> progress_;
  Status error_;
  bool terminated_ = false;  // runs no more, error_ is set
  bool finished_ = false;    // and the listeners have heard of it
  bool stop_after_batch_ = false;
  int64_t idle_checks_ = 0;  // triggers that found no data; ProcessAllAvailable waits for one that began after its call
  int64_t trigger_starts_ = 0;
  std::thread thread_;
};

}  // namespace sluice::stream
