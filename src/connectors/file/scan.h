#pragma once
// From files to splits to rows; shared by batch reads and streams.
#include <memory>
#include <vector>

#include "connectors/file/format.h"
#include "connectors/file/partitions.h"

namespace sluice::connectors::file {

/// What a read of files needs besides the files.
struct Shape {
  FormatPtr format;
  Root root;
  DataType data;        // columns of the files
  DataType partitions;  // columns of the folders
  int64_t max_split_bytes = 0, open_cost_bytes = 0;
  bool ignore_corrupt = false, ignore_missing = false;

  /// Columns of the table: those of the files, then those of the folders, which win when both have one.
  DataType Schema() const;
};
using ShapePtr = std::shared_ptr<const Shape>;
/// Settings from options and config (spark.sql.files.*); the rest is the caller's.
Status ReadScanSettings(const OptionMap& options, const Config& config, Shape* shape);

/// Files that may hold wanted rows, cut into parts; the largest first, as Spark has them.
std::vector<SplitPtr> PlanSplits(const ShapePtr& shape, const PartitionedFiles& files, const ScanRequest& request);
Result<std::unique_ptr<BatchReader>> OpenSplit(const ShapePtr& shape, const SplitPtr& split,
                                               const ScanRequest& request);

std::unique_ptr<Scan> NewFileScan(ShapePtr shape, std::shared_ptr<const PartitionedFiles> files,
                                  const ScanRequest& request);

}  // namespace sluice::connectors::file
