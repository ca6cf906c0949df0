#include "formats/parquet/statistics.h"

#include <arrow/compute/api.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/metadata.h>
#include <parquet/statistics.h>

namespace sluice::parquet_io {

int FieldIdOf(const arrow::Field& field) {
  if (!field.metadata()) return -1;
  int i = field.metadata()->FindKey("PARQUET:field_id");
  if (i < 0) return -1;
  const std::string& text = field.metadata()->value(i);
  char* end = nullptr;
  long id = std::strtol(text.c_str(), &end, 10);
  return end && *end == 0 && id >= 0 && id <= INT32_MAX ? static_cast<int>(id) : -1;
}

namespace {
void Collect(const ::parquet::arrow::SchemaField& field, bool repeated, std::vector<LeafColumn>* out) {
  if (field.is_leaf()) {
    out->push_back({field.column_index, FieldIdOf(*field.field), repeated, field.field->type()});
    return;
  }
  auto id = field.field->type()->id();
  repeated |= id == arrow::Type::LIST || id == arrow::Type::LARGE_LIST || id == arrow::Type::MAP;
  for (const auto& child : field.children) Collect(child, repeated, out);
}

/// -1, 0, 1; nullopt when the type has no order here.
std::optional<int> Order(const std::shared_ptr<arrow::Scalar>& a, const std::shared_ptr<arrow::Scalar>& b) {
  auto less = arrow::compute::CallFunction("less", {a, b});
  if (!less.ok() || !less->is_scalar() || !less->scalar()->is_valid) return std::nullopt;
  if (static_cast<const arrow::BooleanScalar&>(*less->scalar()).value) return -1;
  return a->Equals(*b) ? 0 : 1;
}
}  // namespace

std::vector<LeafColumn> LeafColumns(const ::parquet::arrow::SchemaManifest& manifest) {
  std::vector<LeafColumn> out;
  for (const auto& field : manifest.schema_fields) Collect(field, false, &out);
  return out;
}

ColumnStatistics ChunkStatistics(const ::parquet::RowGroupMetaData& row_group, int column) {
  ColumnStatistics out;
  try {
    auto chunk = row_group.ColumnChunk(column);
    out.value_count = chunk->num_values();
    out.compressed_size = chunk->total_compressed_size();
    auto statistics = chunk->statistics();
    if (!statistics) return out;
    if (statistics->HasNullCount()) out.null_count = statistics->null_count();
    if (statistics->HasMinMax()) {
      // Fails for types without an Arrow form; then there are no bounds.
      if (!::parquet::arrow::StatisticsAsScalars(*statistics, &out.min, &out.max).ok()) out.min = out.max = nullptr;
    }
  } catch (const std::exception&) {
    out.min = out.max = nullptr;  // odd statistics of other writers are no reason to fail
  }
  return out;
}

ColumnStatistics FileStatistics(const ::parquet::FileMetaData& file, int column) {
  ColumnStatistics out;
  out.null_count = 0;
  bool bounded = true;
  for (int i = 0; i < file.num_row_groups(); ++i) {
    auto chunk = ChunkStatistics(*file.RowGroup(i), column);
    out.value_count += chunk.value_count;
    out.compressed_size += chunk.compressed_size;
    if (out.null_count && chunk.null_count)
      *out.null_count += *chunk.null_count;
    else
      out.null_count.reset();
    if (chunk.null_count && *chunk.null_count == chunk.value_count) continue;
    if (!chunk.min || !chunk.max) {
      bounded = false;
      continue;
    }
    if (!out.min) {
      out.min = chunk.min;
      out.max = chunk.max;
      continue;
    }
    auto low = Order(chunk.min, out.min), high = Order(out.max, chunk.max);
    if (!low || !high) bounded = false;
    if (low && *low < 0) out.min = chunk.min;
    if (high && *high < 0) out.max = chunk.max;
  }
  if (!bounded) out.min = out.max = nullptr;
  return out;
}

}  // namespace sluice::parquet_io
