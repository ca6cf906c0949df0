#pragma once
// Where a table's current metadata is, and how the next one takes its place.
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "connectors/iceberg/file_io.h"
#include "connectors/iceberg/manifest.h"
#include "connectors/iceberg/metadata.h"

namespace sluice::iceberg {

/// Thread-safe. One per table and catalog; metadata stays cached between commits.
class TableOperations {
 public:
  explicit TableOperations(FileIoPtr io) : io_(std::move(io)) {}
  virtual ~TableOperations() = default;

  /// The newest metadata. Null: there is no such table. Reads only what changed.
  virtual Result<MetadataPtr> Refresh() = 0;
  /// The metadata last seen or committed; may be null.
  virtual MetadataPtr current() const = 0;
  /// Where the current metadata file is ("" when staged).
  virtual std::string metadata_location() const = 0;
  /// Makes `next`, made from `base` (null: a new table), the table's metadata.
  /// StatusCode::AlreadyExists: another writer was faster: Refresh and try again.
  virtual Status Commit(const MetadataPtr& base, TableMetadata next) = 0;

  const FileIoPtr& io() const { return io_; }
  /// Of the snapshot, from cache or by reading. Null snapshot: empty.
  Result<std::shared_ptr<const std::vector<ManifestFile>>> Manifests(const SnapshotPtr& snapshot);
  void RememberManifests(int64_t snapshot_id, std::vector<ManifestFile> manifests);

 private:
  FileIoPtr io_;
  std::mutex mutex_;
  int64_t cached_snapshot_ = -1;
  std::shared_ptr<const std::vector<ManifestFile>> cached_manifests_;
};
using TableOperationsPtr = std::shared_ptr<TableOperations>;

/// The table properties that rule retries are whole numbers, not below zero: ILLEGAL_ARGUMENT.
Status CheckCommitProperties(const Properties& properties);
/// Commits apply(newest metadata) until no other writer interferes, at most `commit.retry.num-retries` times more.
/// `apply` may return a null-like nullopt to say that nothing is left to do.
Status CommitWithRetry(TableOperations& operations,
                       const std::function<Result<std::optional<TableMetadata>>(const MetadataPtr& base)>& apply);

/// `location` with `/data` or the table's write.data.path; likewise metadata.
std::string DataLocation(const TableMetadata& metadata);
std::string MetadataFolder(const TableMetadata& metadata);

/// Metadata inside the table's own folder: metadata/vN.metadata.json and version-hint.text.
TableOperationsPtr MakeHadoopOperations(FileIoPtr io, std::string location);
/// For CREATE TABLE AS SELECT: commits change `metadata` in memory only, until Publish.
class StagedOperations final : public TableOperations {
 public:
  StagedOperations(FileIoPtr io, TableMetadata metadata);
  Result<MetadataPtr> Refresh() override { return current(); }
  MetadataPtr current() const override;
  std::string metadata_location() const override { return ""; }
  Status Commit(const MetadataPtr& base, TableMetadata next) override;

 private:
  mutable std::mutex mutex_;
  MetadataPtr metadata_;
};

}  // namespace sluice::iceberg
