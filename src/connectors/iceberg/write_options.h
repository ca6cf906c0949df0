#pragma once
// How a job writes: Iceberg's write options, and write-audit-publish.
#include <optional>
#include <string>

#include "base/options.h"
#include "connectors/iceberg/metadata.h"

namespace sluice::iceberg {

struct WriteOptions {
  bool truncates_partitions = false;    // overwrite-mode=dynamic: an overwrite of all replaces touched partitions only
  bool isolated = false;                // isolation-level is set
  const PartitionSpec* spec = nullptr;  // output-spec-id, else the table's
};
/// ILLEGAL_ARGUMENT: a value that makes no sense. UNSUPPORTED_FEATURE: one that is not obeyed.
Result<WriteOptions> ParseWriteOptions(const OptionMap& options, const TableMetadata& metadata);

/// Where the session's writes to a table go while they are audited, when the table has write.wap.enabled.
struct WriteAudit {
  std::string branch;  // spark.wap.branch: this branch, which the session reads, too
  std::string id;      // spark.wap.id: snapshots of no branch
  bool active() const { return !branch.empty() || !id.empty(); }
};
inline constexpr const char* kWriteAuditSettings[] = {"spark.wap.branch", "spark.wap.id"};
/// From the session's settings among `options`.
WriteAudit WriteAuditOf(const OptionMap& options, const TableMetadata& metadata);

}  // namespace sluice::iceberg
