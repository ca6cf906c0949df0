#pragma once
// Which files, manifests and row groups can hold rows that pass the filters.
#include <vector>

#include "connectors/api/filter.h"
#include "connectors/iceberg/manifest.h"
#include "formats/parquet/reader.h"

namespace sluice::iceberg {

/// What is known of a set of values; a null literal is an unknown bound.
struct ValueRange {
  Literal lower, upper;
  bool may_be_null = true;
  bool may_be_value = true;  // false: all null (NaN counts as a value)
};

/// A filter bound to a column of the table.
struct BoundFilter {
  const Field* field = nullptr;
  connectors::FilterOp op = connectors::FilterOp::kEq;
  std::vector<Literal> values;

  /// False only when no value in the range can pass.
  bool MayMatch(const ValueRange& range) const;
  /// Likewise for values transformed by a partition transform.
  bool MayMatch(const Transform& transform, const ValueRange& range) const;
};

/// Filters on columns the schema lacks, or of values that cannot be compared, are left out.
std::vector<BoundFilter> BindFilters(const Schema& schema, const std::vector<connectors::ColumnFilter>& filters);

bool MayMatchManifest(const std::vector<BoundFilter>& filters, const ManifestFile& manifest, const PartitionSpec& spec,
                      const Type& partition_type);
/// All filters (kEq and kIsNull) hold for every row of the file.
bool MustMatchFile(const std::vector<BoundFilter>& filters, const DataFile& file, const PartitionSpec& spec);
bool MayMatchFile(const std::vector<BoundFilter>& filters, const DataFile& file, const PartitionSpec& spec);
bool MayMatchRowGroup(const std::vector<BoundFilter>& filters, const parquet_io::FileReader& reader, int row_group);

}  // namespace sluice::iceberg
