#pragma once
// The metadata tables of files: files, data_files, delete_files, all_*, entries.
#include "connectors/api/table.h"
#include "connectors/iceberg/rows_table.h"
#include "connectors/iceberg/table_operations.h"

namespace sluice::iceberg {

StructField MetadataColumn(const std::string& name, DataType type, bool nullable = true, const char* comment = nullptr);

enum class EntryFilter : uint8_t { kLive, kAll };
/// Entries of all manifests of a snapshot (null: none).
Result<std::vector<ManifestEntry>> ReadEntries(TableOperations& operations, const SnapshotPtr& snapshot,
                                               EntryFilter filter);

/// The fields of all partition specs of the table, by field id.
Result<TypePtr> AllPartitionsType(const TableMetadata& metadata);
/// A file's partition as a struct of AllPartitionsType.
Cell PartitionCell(const Type& all, const PartitionSpec& spec, const DataFile& file);
/// Equal for the same partition, also across specs that agree on it.
std::string PartitionIdentity(const PartitionSpec& spec, const Type& partition_type, const DataFile& file);

Result<connectors::TablePtr> MakeFileTable(const TableOperationsPtr& operations, const MetadataPtr& metadata,
                                           const std::string& full_name, const std::string& name,
                                           const SnapshotPtr& snapshot);

}  // namespace sluice::iceberg
