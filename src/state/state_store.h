#pragma once
// One partition of one operator's state, kept in memory between batches and on disk as Spark's HDFS-backed state store
// does: batch N loads version N and commits N + 1.
#include <memory>
#include <string>

#include "state/row_table.h"
#include "state/state_file.h"

namespace sluice::state {

/// What an operator keeps beside the rows to find them by; lost with the store, made anew from the rows.
struct RowIndex {
  virtual ~RowIndex() = default;
};

/// Rows at a version and the changes of the batch that runs. A version counts once its batch is in the commit log: a
/// crash before that runs the batch again from the version before. So Commit leaves it to StateStores::Sync to bring
/// the files of all partitions to disk at once. Not thread-safe.
class StateStore {
 public:
  /// `folder` holds the files of this partition; version 0 is empty and has none.
  /// Errors: CANNOT_LOAD_STATE_STORE.*.
  static Result<std::unique_ptr<StateStore>> Load(const std::string& folder, int64_t version,
                                                  std::shared_ptr<StateMemory> memory = StateMemory::Unlimited());

  RowTable& rows() { return rows_; }
  const RowTable& rows() const { return rows_; }
  int64_t version() const { return version_; }
  /// Writes what changed as `version() + 1`, which the store has from then on.
  Status Commit();
  /// Event time up to which rows have been looked at for removal.
  int64_t& evicted_to_us() { return evicted_to_us_; }
  std::unique_ptr<RowIndex>& index() { return index_; }

 private:
  StateStore(std::string folder, int64_t version, std::shared_ptr<StateMemory> memory)
      : folder_(std::move(folder)), version_(version), rows_(std::move(memory)) {}
  std::string folder_;
  int64_t version_;
  RowTable rows_;
  int64_t evicted_to_us_ = INT64_MIN;
  int64_t unchanged_version_ = 0;  // the newest written one whose delta is empty
  bool hadoop_checksums_ = false;  // Spark may have left some of a later version
  std::unique_ptr<RowIndex> index_;
};

/// The versions of a partition's files.
struct StateVersions {
  std::vector<int64_t> deltas, snapshots;  // ascending
  bool hadoop_checksums = false;           // beside any file: Spark wrote here
  static Result<StateVersions> List(const std::string& folder);
  /// Newest snapshot at or below `version`; 0: none.
  int64_t SnapshotFor(int64_t version) const;
};

/// Writes the snapshot of `version`: that before it with the changes since, made from files alone, so that the
/// partition may be in use meanwhile. In memory are the changes.
Status WriteSnapshot(const std::string& folder, int64_t version,
                     std::shared_ptr<StateMemory> memory = StateMemory::Unlimited());
/// Removes what no version from `oldest` on needs.
Status RemoveVersionsBelow(const std::string& folder, int64_t oldest);

}  // namespace sluice::state
