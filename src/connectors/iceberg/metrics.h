#pragma once
// Column metrics of data files from Parquet footers.
#include <arrow/scalar.h>
#include "connectors/iceberg/manifest.h"
#include "formats/parquet/statistics.h"

namespace sluice::iceberg {

/// How much is kept per column: write.metadata.metrics.default and .column.NAME.
struct MetricsMode {
  enum Kind : uint8_t { kNone, kCounts, kTruncate, kFull } kind = kTruncate;
  int width = 16;
};
struct MetricsConfig {
  MetricsMode by_default;
  std::map<int, MetricsMode> columns;  // field id
  MetricsMode For(int field_id) const {
    auto it = columns.find(field_id);
    return it == columns.end() ? by_default : it->second;
  }
};
Result<MetricsConfig> MetricsConfigOf(const TableMetadata& metadata);

/// Fills counts, sizes, bounds, split offsets and the record count.
Status FillMetrics(const Schema& schema, const MetricsConfig& config, const ::parquet::FileMetaData& footer,
                   const std::vector<parquet_io::LeafColumn>& leaves, const std::map<int, int64_t>& nan_counts,
                   DataFile* file);

/// A footer's bound as a value of `type`; null when it can't be one.
Literal BoundOf(const Type& type, const arrow::Scalar& scalar);

}  // namespace sluice::iceberg
