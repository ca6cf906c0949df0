#pragma once
// Brings a checkpoint to disk behind the back of its query, for sinks to which a batch may come twice.
//   .synced   the boot of the machine and the newest batch that is on disk whole; there while later ones may not be
// Killed processes lose nothing, for the kernel has what they wrote; after a power failure the batches that were not
// on disk yet run again. Spark never syncs its local checkpoints and has no such file; it ignores it.
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/error.h"
#include "stream/checkpoint.h"

namespace sluice::stream {

/// All methods are called by the query's thread.
class CheckpointSync {
 public:
  /// Called under the checkpoint's lock before anything reads it: after a power failure takes the logs back to the last
  /// batch that was on disk. Errors: MALFORMED_LOG_FILE.
  static Status Repair(const std::string& checkpoint, BatchLog* offsets, BatchLog* commits);
  /// `newest` is the last committed batch, -1 before the first. Log entries of more than `retained_batches` are removed
  /// once newer ones are on disk. `whole_file_system`: batches leave more than log entries (state).
  static Result<std::unique_ptr<CheckpointSync>> Start(const std::string& checkpoint, int64_t newest,
                                                       int64_t retained_batches, bool whole_file_system);
  ~CheckpointSync();
  CheckpointSync(const CheckpointSync&) = delete;

  /// Batch `id` is in the commit log. Returns the newest batch that is on disk; waits when that is too far behind.
  /// Errors: those of the disk.
  Result<int64_t> Committed(int64_t id);
  /// Brings the rest to disk and removes the marker.
  Status Finish();

 private:
  CheckpointSync(std::string checkpoint, int64_t newest, int64_t retained_batches, bool whole_file_system);
  void Loop();
  Status Sync(int64_t through);
  Status Mark(int64_t id) const;

  const std::string checkpoint_;
  const int64_t retained_batches_;
  const bool whole_file_system_;
  BatchLog offsets_, commits_;  // to remove entries; the query's own ones add them
  int marker_fd_ = -1;

  std::mutex mutex_;
  std::condition_variable changed_;
  int64_t committed_, on_disk_;
  Status error_;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace sluice::stream
