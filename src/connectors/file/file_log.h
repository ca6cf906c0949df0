#pragma once
// Spark's log of a stream's files: a file a batch, each the version and an entry a line; every tenth ("9.compact")
// holds all entries so far. The source's is in the checkpoint, the sink's in _spark_metadata.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "connectors/file/listing.h"

namespace sluice::connectors::file {

class FileLog {
 public:
  struct Options {
    int64_t compact_interval = 10;
    int64_t retained_batches = 100;
    int64_t cleanup_delay_ms = 600'000;
    bool delete_expired = true;
    /// Entries that a compaction leaves out; null: none.
    std::function<bool(const std::string& entry)> expired;
  };
  /// `folder` need not exist. Errors: MALFORMED_LOG_FILE.
  static Result<FileLog> Open(Root folder, Options options);

  /// -1: empty.
  Result<int64_t> Latest() const;
  /// Error: the batch is there already (AlreadyExists).
  Status Add(int64_t batch, const std::vector<std::string>& entries);
  /// Entries of one file of the log; nullopt: it is gone. A compacted one has those of earlier batches too.
  Result<std::optional<std::vector<std::string>>> Read(int64_t batch) const;
  /// All entries there are, oldest first.
  Result<std::vector<std::string>> All() const;

 private:
  FileLog(Root folder, Options options) : folder_(std::move(folder)), options_(std::move(options)) {}
  bool IsCompaction(int64_t batch) const { return (batch + 1) % interval_ == 0; }
  std::string PathOf(int64_t batch) const {
    return folder_.path + "/" + std::to_string(batch) + (IsCompaction(batch) ? ".compact" : "");
  }
  struct LogFile {
    int64_t batch;
    std::string path;
    bool compact;
    int64_t modified_ms;
  };
  Result<std::vector<LogFile>> List() const;
  Status DeleteExpired(int64_t batch) const;

  Root folder_;
  Options options_;
  int64_t interval_ = 10;
};

/// The interval that fits the one compaction there is: Spark's rule when the setting was changed.
int64_t DeriveCompactInterval(int64_t wanted, int64_t compacted_batch);

}  // namespace sluice::connectors::file
