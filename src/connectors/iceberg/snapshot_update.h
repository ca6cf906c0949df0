#pragma once
// Adding files to a table as one snapshot.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "connectors/api/filter.h"
#include "connectors/iceberg/table_operations.h"

namespace sluice::iceberg {

enum class UpdateKind : uint8_t {
  kAppend,
  kOverwriteAll,         // every file that was there goes
  kOverwritePartitions,  // files of the partitions that the new files touch go; without new files nothing happens
  kOverwriteFiltered,    // files whose rows all match the filters go; ILLEGAL_ARGUMENT where only some do
};

struct SnapshotUpdate {
  UpdateKind kind = UpdateKind::kAppend;
  std::vector<DataFile> files;                    // of the default spec at the time of writing
  std::vector<connectors::ColumnFilter> filters;  // of kOverwriteFiltered: kEq and kIsNull
  Properties summary;                             // added to the counts: spark.app.id ...
  std::string branch = "main";                    // begins where main is if there is none of that name
  bool staged = false;     // the snapshot follows the branch's last, but the branch stays where it is
  std::string table_uuid;  // of the table they were written for; "": whichever it is
  /// Asked on each attempt with the newest metadata: true when this update is in already.
  std::function<bool(const TableMetadata&)> already_done = {};
};

/// Commits, retrying against other writers. On failure the update's files are removed, data files included, but after
/// COMMIT_STATE_UNKNOWN nothing is: the catalog may take them yet.
Status CommitSnapshot(TableOperations& operations, SnapshotUpdate update);

/// The newest epoch of query `query_id` among the ancestors of the current snapshot.
std::optional<int64_t> LastCommittedEpoch(const TableMetadata& metadata, const std::string& query_id);

/// "p=1/q_day=2025-01-01", escaped, as in file paths; "" when unpartitioned.
Result<std::string> PartitionPath(const PartitionSpec& spec, const Type& partition_type,
                                  const std::vector<Literal>& values);
/// A key for sets of partitions.
std::string PartitionKey(const Type& partition_type, const std::vector<Literal>& values);

}  // namespace sluice::iceberg
