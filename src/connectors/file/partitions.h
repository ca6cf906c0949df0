#pragma once
// Columns in the names of folders: "year=2024/month=1".
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/api/filter.h"
#include "connectors/file/listing.h"
#include "sluice/types.h"

namespace sluice::connectors::file {

/// The partition that a file is in.
struct Partition {
  std::vector<std::optional<std::string>> texts;      // as in the path, unescaped; null for __HIVE_DEFAULT_PARTITION__
  std::vector<std::shared_ptr<arrow::Array>> values;  // of length 1, of the columns' types
};

struct PartitionedFiles {
  DataType schema = DataType::Struct({});  // of the partition columns
  std::vector<FileInfo> files;
  std::vector<std::shared_ptr<const Partition>> partitions;  // of each file; empty without columns
};

struct PartitionOptions {
  std::optional<DataType> user_schema;  // types of partition columns that it names
  std::optional<std::string> base_path;
  bool infer_types = true;  // spark.sql.sources.partitionColumnTypeInference.enabled
  bool case_sensitive = false;
  std::shared_ptr<const TimeZone> zone;
};
/// Errors: CONFLICTING_PARTITION_COLUMN_NAMES, CONFLICTING_DIRECTORY_STRUCTURES, or a value that is not of the user's
/// type.
Result<PartitionedFiles> DiscoverPartitions(const Listing& listing, bool recursive, const PartitionOptions& options);

/// May rows with these values pass all filters? Filters on other columns do not count.
bool MayMatch(const Partition& partition, const DataType& schema, const std::vector<ColumnFilter>& filters);

/// "a%2Fb" of "a/b": what Hive and Spark do to values in paths.
std::string EscapePathName(std::string_view name);
std::string UnescapePathName(std::string_view name);
inline constexpr std::string_view kDefaultPartition = "__HIVE_DEFAULT_PARTITION__";

}  // namespace sluice::connectors::file
