#pragma once
// What flows between operators: columns of equal length, each an array or a constant.
#include <arrow/record_batch.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "types/literal.h"
#include "types/vector.h"

namespace sluice::exec {

/// Aim of sources and of operators that cut large results into pieces.
constexpr int64_t kBatchRows = 8192;

struct Batch {
  int64_t rows = 0;
  std::vector<Vector> columns;
};

/// The same data under a type that differs in names and nullability of nested fields only. Zero-copy.
Result<ArrayPtr> Relabel(const ArrayPtr& array, const std::shared_ptr<arrow::DataType>& type);

Batch FromRecordBatch(const arrow::RecordBatch& batch);
/// Constants are expanded. `schema` gives names; column types are as they are.
Result<std::shared_ptr<arrow::RecordBatch>> ToRecordBatch(const Batch& batch,
                                                          const std::shared_ptr<arrow::Schema>& schema);

/// Row i of the result is row rows[i]; a negative row gives null. Constants stay constant unless `may_be_negative`.
Result<ArrayPtr> TakeRows(const ArrayPtr& array, std::span<const int32_t> rows, bool may_be_negative = false);
Result<Vector> TakeRows(const Vector& vector, std::span<const int32_t> rows, bool may_be_negative = false);
Result<Batch> TakeRows(const Batch& batch, std::span<const int32_t> rows, bool may_be_negative = false);

/// Zero-copy rows [offset, offset + length).
Batch SliceBatch(const Batch& batch, int64_t offset, int64_t length);
/// One batch of all rows. `types` give the columns when `batches` is empty.
Result<Batch> ConcatBatches(const std::vector<Batch>& batches,
                            const std::vector<std::shared_ptr<arrow::DataType>>& types);

/// Rows where a BOOLEAN vector is true; `all` is set instead when that is every row.
struct Selection {
  bool all = false;
  std::vector<int32_t> rows;
};
Selection TrueRows(const Vector& condition, int64_t rows);

Result<ArrayPtr> NullArray(const std::shared_ptr<arrow::DataType>& type, int64_t length);
/// Rough size in memory of what the batch refers to.
int64_t BatchBytes(const Batch& batch);

}  // namespace sluice::exec
