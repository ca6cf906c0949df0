#pragma once
// Manifests and manifest lists.
// Source: Iceberg table spec, "Manifests", "Manifest Lists"; v2 written, v1 and v2 read.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/iceberg/metadata.h"

namespace sluice::iceberg {

enum class FileContent : uint8_t { kData = 0, kPositionDeletes = 1, kEqualityDeletes = 2 };

struct DataFile {
  FileContent content = FileContent::kData;
  std::string path;
  std::string format = "PARQUET";
  int spec_id = 0;
  std::vector<Literal> partition;  // one per field of the spec
  int64_t record_count = 0, file_size = 0;
  std::map<int, int64_t> column_sizes, value_counts, null_counts, nan_counts;
  std::map<int, std::string> lower_bounds, upper_bounds;
  std::optional<std::string> key_metadata;
  std::vector<int64_t> split_offsets;
  std::vector<int> equality_ids;
  std::optional<int> sort_order_id;
  std::optional<std::string> referenced_data_file;
};

enum class EntryStatus : uint8_t { kExisting = 0, kAdded = 1, kDeleted = 2 };

struct ManifestEntry {
  EntryStatus status = EntryStatus::kAdded;
  std::optional<int64_t> snapshot_id, sequence_number, file_sequence_number;  // read: inherited ones are filled in
  DataFile file;
};

struct FieldSummary {
  bool contains_null = false;
  std::optional<bool> contains_nan;
  std::optional<std::string> lower, upper;
};

struct ManifestFile {
  std::string path;
  int64_t length = 0;
  int spec_id = 0;
  bool deletes = false;
  int64_t sequence_number = 0, min_sequence_number = 0, added_snapshot_id = 0;
  int added_files = 0, existing_files = 0, deleted_files = 0;
  int64_t added_rows = 0, existing_rows = 0, deleted_rows = 0;
  std::vector<FieldSummary> partitions;
  std::optional<std::string> key_metadata;

  bool has_live_files() const { return added_files + existing_files > 0; }
};

/// The bytes of a manifest of files of one spec; entries with the null ids of the spec where they are nullopt.
Result<std::string> WriteManifest(const Schema& schema, const PartitionSpec& spec, bool deletes,
                                  const std::vector<ManifestEntry>& entries);
/// Counts, bounds and minimum sequence number of `entries` for the manifest list; path, length and ids are left.
Result<ManifestFile> SummarizeManifest(const Schema& schema, const PartitionSpec& spec, bool deletes,
                                       const std::vector<ManifestEntry>& entries);
/// `manifest` gives what entries inherit. Corrupt bytes: Invalid.
Result<std::vector<ManifestEntry>> ReadManifest(std::string_view bytes, const ManifestFile& manifest);

Result<std::string> WriteManifestList(const Snapshot& snapshot, const std::vector<ManifestFile>& manifests);
Result<std::vector<ManifestFile>> ReadManifestList(std::string_view bytes);

}  // namespace sluice::iceberg
