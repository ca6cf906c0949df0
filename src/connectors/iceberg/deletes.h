#pragma once
// Row-level deletes of format v2.
// Source: Iceberg table spec, "Row-level Deletes", "Scan Planning".
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "connectors/iceberg/file_io.h"
#include "connectors/iceberg/manifest.h"

namespace sluice::iceberg {

/// Delete files that apply to one data file.
struct DeleteFiles {
  std::vector<ManifestEntry> positions, equalities;
  bool empty() const { return positions.empty() && equalities.empty(); }
};

/// All delete entries of a snapshot, asked per data file.
class DeleteIndex {
 public:
  Status Add(const ManifestEntry& entry, const PartitionSpec& spec, const Type& partition_type);
  std::shared_ptr<const DeleteFiles> For(const ManifestEntry& data, const PartitionSpec& spec,
                                         const Type& partition_type) const;
  bool empty() const { return by_partition_.empty() && global_.empty(); }

 private:
  std::map<std::pair<int, std::string>, std::vector<ManifestEntry>> by_partition_;
  std::vector<ManifestEntry> global_;  // equality deletes of unpartitioned specs
};

/// Filters batches of one data file.
class DeleteFilter {
 public:
  static Result<std::unique_ptr<DeleteFilter>> Load(const FileIo& io, const Schema& schema, const DeleteFiles& files,
                                                    const std::string& data_path);
  /// Fields that batches need beside those asked for.
  const std::vector<Field>& extra_fields() const { return fields_; }
  /// Which rows stay, or null when all do. `batch` starts at row `position` of the file; its columns carry field ids.
  Result<std::shared_ptr<arrow::Array>> Keep(const arrow::RecordBatch& batch, int64_t position) const;

 private:
  struct EqualitySet {
    std::vector<int> ids;
    std::unordered_set<std::string> rows;
  };
  std::vector<int64_t> positions_;  // sorted
  std::vector<EqualitySet> equalities_;
  std::vector<Field> fields_;
};

}  // namespace sluice::iceberg
