#pragma once
// The two ends of a stream.
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "connectors/api/offset.h"

namespace sluice::connectors {

struct ScanRequest;
struct Split;
class BatchReader;
class BatchWrite;

/// A replayable input: reading [start, end) again yields the same rows.
class StreamSource {
 public:
  virtual ~StreamSource() = default;
  /// For progress: "KafkaV2[Subscribe[events]]".
  virtual std::string description() const = 0;
  /// Where a new query starts (kept under the source's checkpoint folder). Asked until the first batch is committed.
  virtual Result<Offset> InitialOffset() = 0;
  /// Newest readable offset under `limit`, counted from `start`; equal to `start` when there is nothing new; empty when
  /// the source has no position yet (a folder without files).
  virtual Result<Offset> LatestOffset(const Offset& start, ReadLimit limit) = 0;
  /// availableNow: fixes the end; LatestOffset never passes it from here on.
  virtual Status PrepareForAvailableNow() { return Status::OK(); }
  /// Splits of [start, end) for `request.parallelism` tasks.
  virtual Result<std::vector<std::shared_ptr<const Split>>> Plan(const Offset& start, const Offset& end,
                                                                 const ScanRequest& request) = 0;
  /// Thread-safe; called by tasks. The reader keeps what it needs of `request`.
  virtual Result<std::unique_ptr<BatchReader>> Open(const std::shared_ptr<const Split>& split,
                                                    const ScanRequest& request) = 0;
  /// Rows before `end` are committed for good. Idempotent.
  virtual Status Commit(const Offset& end) {
    (void)end;
    return Status::OK();
  }
  /// Blocks until there may be data past `start`, `timeout` passes or Wake() is called from another thread.
  virtual void WaitForData(const Offset& start, std::chrono::milliseconds timeout) = 0;
  virtual void Wake() = 0;
  /// Progress keys beside Spark's ("minOffsetsBehindLatest" ...), and the newest offset for "latestOffset".
  virtual std::map<std::string, std::string> Metrics(const Offset& end) {
    (void)end;
    return {};
  }
  virtual Offset ReportLatestOffset() { return {}; }
  /// Rewrites an offset of a checkpoint that Spark wrote if this source reads it differently; checks it. Foreign:
  /// error.
  virtual Result<Offset> Deserialize(const std::string& json) { return Offset{json}; }
};

/// The output end. One micro-batch at a time: NewBatch, tasks write, Commit.
class StreamSink {
 public:
  virtual ~StreamSink() = default;
  /// For progress: "IcebergWrite(table=demo.db.t, format=PARQUET)".
  virtual std::string description() const = 0;
  /// True: rows of batch `batch_id` are in already (a crash hit between sink and commit log), skip it.
  virtual Result<bool> AlreadyCommitted(int64_t batch_id) {
    (void)batch_id;
    return false;
  }
  /// True: nothing it writes names the batch, so one may come again after a crash, even with other rows. The checkpoint
  /// then follows to disk on its own instead of making each batch wait for it.
  virtual bool at_least_once() const { return false; }
  /// Its Commit() must be idempotent per batch_id as far as the sink's guarantee goes.
  virtual Result<std::unique_ptr<BatchWrite>> NewBatch(int64_t batch_id) = 0;
  /// Rows written so far in the last batch, for progress; -1 unknown.
  virtual int64_t last_num_output_rows() const { return -1; }
  virtual Status Close() { return Status::OK(); }
};

}  // namespace sluice::connectors
