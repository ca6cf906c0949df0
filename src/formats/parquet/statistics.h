#pragma once
// What a Parquet footer says about a column, in Arrow's terms.
#include <arrow/scalar.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <optional>
#include <vector>

#include "base/error.h"

namespace parquet {
class FileMetaData;
class RowGroupMetaData;
namespace arrow {
struct SchemaField;
struct SchemaManifest;
}  // namespace arrow
}  // namespace parquet

namespace sluice::parquet_io {

/// `PARQUET:field_id` of a field; -1 when absent.
int FieldIdOf(const arrow::Field& field);

/// A leaf column of a file.
struct LeafColumn {
  int index = -1;         // in the file
  int field_id = -1;      // -1 when absent
  bool repeated = false;  // below a list or map
  std::shared_ptr<arrow::DataType> type;
};
std::vector<LeafColumn> LeafColumns(const ::parquet::arrow::SchemaManifest& manifest);

struct ColumnStatistics {
  int64_t value_count = 0;  // nulls included
  int64_t compressed_size = 0;
  std::optional<int64_t> null_count;
  std::shared_ptr<arrow::Scalar> min, max;  // null when unknown; of the column's Arrow type, NaN left out
};
/// Of one row group's column chunk.
ColumnStatistics ChunkStatistics(const ::parquet::RowGroupMetaData& row_group, int column);
/// Of the whole file. Bounds only when every row group with values has them.
ColumnStatistics FileStatistics(const ::parquet::FileMetaData& file, int column);

}  // namespace sluice::parquet_io
