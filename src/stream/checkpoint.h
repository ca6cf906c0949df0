#pragma once
// The checkpoint folder of a query, file for file as Spark writes it.
//   metadata            {"id":"<uuid>"}
//   offsets/N           v1, metadata JSON, one line per place that reads a source; written before batch N runs
//   commits/N           v1, {"nextBatchWatermarkMs":..}; written after its sink has committed
//   sources/I/          owned by source I
// Source: Structured Streaming guide, "Recovery Semantics"; bytes checked against checkpoints that Spark 4.1 wrote.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/config.h"
#include "base/durable_file.h"
#include "base/error.h"

namespace sluice::stream {

/// offsets/N.
struct OffsetLogEntry {
  int64_t batch_watermark_ms = 0;
  int64_t batch_timestamp_ms = 0;
  /// Settings that later runs must keep, in file order.
  std::vector<std::pair<std::string, std::string>> conf;
  /// One per source; nullopt ("-") where a source had none yet.
  std::vector<std::optional<std::string>> offsets;
};

/// commits/N.
struct CommitLogEntry {
  int64_t next_batch_watermark_ms = 0;
};

std::string ToText(const OffsetLogEntry& entry);
std::string ToText(const CommitLogEntry& entry);
/// Errors: MALFORMED_LOG_FILE, INVALID_LOG_VERSION.*, naming `path`.
Result<OffsetLogEntry> ParseOffsetLogEntry(const std::string& text, const std::string& path);
Result<CommitLogEntry> ParseCommitLogEntry(const std::string& text, const std::string& path);

/// A folder of files named 0, 1, 2 ... Crash-safe: an entry is there whole or not at all.
class BatchLog {
 public:
  explicit BatchLog(std::string folder) : folder_(std::move(folder)) {}
  const std::string& folder() const { return folder_; }
  /// Later entries are whole when the process is killed, but on disk only when somebody syncs them.
  void SyncLater() { sync_ = DurableFile::Sync::kLater; }
  /// CONCURRENT_STREAM_LOG_UPDATE when batch `id` exists already.
  Status Add(int64_t id, const std::string& text);
  /// Null when there is none.
  Result<std::optional<std::string>> Get(int64_t id) const;
  Result<std::optional<int64_t>> Latest() const;
  /// Removes entries below `id`. Cheap when called after every batch.
  Status PurgeBelow(int64_t id);
  /// Removes `id` and what is above, newest first.
  Status RemoveFrom(int64_t id);
  std::string PathOf(int64_t id) const { return folder_ + "/" + std::to_string(id); }

 private:
  Result<std::vector<int64_t>> List() const;
  Status Remove(int64_t id) const;
  std::string folder_;
  DurableFile::Sync sync_ = DurableFile::Sync::kNow;
  std::optional<int64_t> lowest_;  // lowest entry that may still exist
};

/// An opened checkpoint; holds a lock for its lifetime, so that a second query on it is refused.
class Checkpoint {
 public:
  /// Asked when another live query has the checkpoint; true when that one may have ended since.
  using MakeWay = std::function<bool(const std::string& path)>;
  /// Creates the folder and its metadata when new. `location` is a local path or file: URI.
  /// Errors: CONCURRENT_QUERY when another live query has it; UNSUPPORTED_FEATURE for remote file systems.
  static Result<std::unique_ptr<Checkpoint>> Open(const std::string& location, const MakeWay& make_way = nullptr);
  ~Checkpoint();
  Checkpoint(const Checkpoint&) = delete;
  Checkpoint& operator=(const Checkpoint&) = delete;

  const std::string& path() const { return path_; }
  const std::string& query_id() const { return query_id_; }
  std::string source_path(int index) const { return path_ + "/sources/" + std::to_string(index); }
  BatchLog& offsets() { return offsets_; }
  BatchLog& commits() { return commits_; }
  /// Lets others open the checkpoint; nothing may be written afterwards.
  void Release();

 private:
  Checkpoint(std::string path, std::string query_id, int lock_fd);
  std::string path_, query_id_;
  int lock_fd_;
  BatchLog offsets_, commits_;
};

/// A random UUID, as java.util.UUID prints it.
std::string NewUuid();

/// The settings a new query records in its offset log (spark.sql.shuffle.partitions and the versions of state formats).
std::vector<std::pair<std::string, std::string>> RecordedConf(const Config& config);
/// The settings of an entry, completed by those of state formats that the versions of Spark did not record which had
/// one only (OffsetSeqMetadata.relevantSQLConfDefaultValues).
std::vector<std::pair<std::string, std::string>> WithFormerDefaults(
    std::vector<std::pair<std::string, std::string>> conf);

}  // namespace sluice::stream
