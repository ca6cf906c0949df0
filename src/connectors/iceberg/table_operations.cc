#include "connectors/iceberg/table_operations.h"

#include <charconv>
#include <chrono>
#include <random>
#include <thread>

#include "base/clock.h"
#include "connectors/iceberg/errors.h"

namespace sluice::iceberg {

Result<std::shared_ptr<const std::vector<ManifestFile>>> TableOperations::Manifests(const SnapshotPtr& snapshot) {
  if (!snapshot) return std::make_shared<const std::vector<ManifestFile>>();
  {
    std::lock_guard lock(mutex_);
    if (cached_snapshot_ == snapshot->snapshot_id) return cached_manifests_;
  }
  std::vector<ManifestFile> manifests;
  if (snapshot->manifest_list.empty()) {
    for (const std::string& path : snapshot->manifests) {  // v1: no list
      ManifestFile manifest;
      manifest.path = path;
      manifest.added_snapshot_id = snapshot->snapshot_id;
      manifest.added_files = 1;
      manifest.added_rows = manifest.existing_rows = -1;
      manifests.push_back(std::move(manifest));
    }
  } else {
    ARROW_ASSIGN_OR_RAISE(std::string bytes, io_->Read(snapshot->manifest_list));
    ARROW_ASSIGN_OR_RAISE(manifests, ReadManifestList(bytes));
  }
  auto shared = std::make_shared<const std::vector<ManifestFile>>(std::move(manifests));
  std::lock_guard lock(mutex_);
  cached_snapshot_ = snapshot->snapshot_id;
  cached_manifests_ = shared;
  return shared;
}

void TableOperations::RememberManifests(int64_t snapshot_id, std::vector<ManifestFile> manifests) {
  std::lock_guard lock(mutex_);
  cached_snapshot_ = snapshot_id;
  cached_manifests_ = std::make_shared<const std::vector<ManifestFile>>(std::move(manifests));
}

Status CheckCommitProperties(const Properties& properties) {
  for (const char* key : {"commit.retry.num-retries", "commit.retry.min-wait-ms", "commit.retry.max-wait-ms",
                          "commit.retry.total-timeout-ms"}) {
    auto it = properties.find(key);
    if (it == properties.end()) continue;
    int32_t value = 0;
    const char* last = it->second.data() + it->second.size();
    auto [end, error] = std::from_chars(it->second.data(), last, value);
    if (error != std::errc() || end != last)
      return IllegalArgument(fmt::format("Table property {} must have integer value", key));
    if (value < 0) return IllegalArgument(fmt::format("Table property {} must have non negative integer value", key));
  }
  return Status::OK();
}

Status CommitWithRetry(TableOperations& operations,
                       const std::function<Result<std::optional<TableMetadata>>(const MetadataPtr& base)>& apply) {
  static thread_local std::mt19937 random{std::random_device{}()};
  MetadataPtr base = operations.current();
  if (!base) {
    ARROW_ASSIGN_OR_RAISE(base, operations.Refresh());
  }
  const std::string uuid = base ? base->table_uuid : "";
  int64_t waited_ms = 0;
  for (int64_t attempt = 0;; ++attempt) {
    if (!base) return Status::IOError("Iceberg: the table is gone");
    if (base->table_uuid != uuid) return TableReplaced(base->location, uuid, base->table_uuid);
    ARROW_RETURN_NOT_OK(CheckCommitProperties(base->properties));
    ARROW_ASSIGN_OR_RAISE(auto next, apply(base));
    if (!next) return Status::OK();
    Status status = operations.Commit(base, std::move(*next));
    if (!status.IsAlreadyExists()) return status;
    // Iceberg's default of 4 retries is for slow catalogs; other writers of a folder come and go in milliseconds.
    int64_t retries = base->IntProperty("commit.retry.num-retries", 50);
    int64_t min_wait = base->IntProperty("commit.retry.min-wait-ms", 5);
    int64_t max_wait = base->IntProperty("commit.retry.max-wait-ms", 1000);
    int64_t total = base->IntProperty("commit.retry.total-timeout-ms", 1'800'000);
    if (attempt >= retries || waited_ms > total) {
      return Status::IOError("Iceberg: the commit lost against other writers ", attempt + 1,
                             " times (commit.retry.num-retries): ", status.message());
    }
    int64_t wait = std::min(max_wait, min_wait << std::min<int64_t>(attempt, 16));
    wait = wait / 2 + static_cast<int64_t>(random()) % (wait / 2 + 1);
    waited_ms += wait;
    std::this_thread::sleep_for(std::chrono::milliseconds(wait));
    ARROW_ASSIGN_OR_RAISE(base, operations.Refresh());
  }
}

std::string DataLocation(const TableMetadata& metadata) {
  for (const char* key : {"write.data.path", "write.folder-storage.path"}) {
    std::string path = metadata.Property(key, "");
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    if (!path.empty()) return path;
  }
  return metadata.location + "/data";
}

std::string MetadataFolder(const TableMetadata& metadata) {
  std::string path = metadata.Property("write.metadata.path", "");
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path.empty() ? metadata.location + "/metadata" : path;
}

StagedOperations::StagedOperations(FileIoPtr io, TableMetadata metadata)
    : TableOperations(std::move(io)), metadata_(std::make_shared<const TableMetadata>(std::move(metadata))) {}

MetadataPtr StagedOperations::current() const {
  std::lock_guard lock(mutex_);
  return metadata_;
}

Status StagedOperations::Commit(const MetadataPtr&, TableMetadata next) {
  std::lock_guard lock(mutex_);
  metadata_ = std::make_shared<const TableMetadata>(std::move(next));
  return Status::OK();
}

}  // namespace sluice::iceberg
