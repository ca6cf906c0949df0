#include "exec/batch.h"

#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/compute/api.h>
#include <arrow/compute/initialize.h>
#include <arrow/util/bit_block_counter.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/byte_size.h>

#include <mutex>

namespace sluice::exec {
namespace {

Status InitializeCompute() {
  static const Status status = arrow::compute::Initialize();
  return status;
}

Result<std::shared_ptr<arrow::ArrayData>> RelabelData(const std::shared_ptr<arrow::ArrayData>& data,
                                                      const std::shared_ptr<arrow::DataType>& type) {
  if (data->type->Equals(*type)) return data;
  if (data->type->id() == arrow::Type::NA) {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr nulls, NullArray(type, data->length));
    return nulls->data();
  }
  if (data->type->id() != type->id() || data->type->num_fields() != type->num_fields() || type->num_fields() == 0) {
    return MakeError("INTERNAL_ERROR",
                     {{"message", "a column of " + data->type->ToString() + " where " + type->ToString() + " is due"}});
  }
  auto copy = data->Copy();
  copy->type = type;
  for (int i = 0; i < type->num_fields(); ++i) {
    ARROW_ASSIGN_OR_RAISE(copy->child_data[i], RelabelData(data->child_data[i], type->field(i)->type()));
  }
  return copy;
}

}  // namespace

Result<ArrayPtr> Relabel(const ArrayPtr& array, const std::shared_ptr<arrow::DataType>& type) {
  if (array->type() == type || array->type()->Equals(*type)) return array;
  ARROW_ASSIGN_OR_RAISE(auto data, RelabelData(array->data(), type));
  return arrow::MakeArray(data);
}

Batch FromRecordBatch(const arrow::RecordBatch& batch) {
  Batch result{batch.num_rows(), {}};
  result.columns.reserve(batch.num_columns());
  for (int i = 0; i < batch.num_columns(); ++i) result.columns.push_back({batch.column(i), false});
  return result;
}

Result<std::shared_ptr<arrow::RecordBatch>> ToRecordBatch(const Batch& batch,
                                                          const std::shared_ptr<arrow::Schema>& schema) {
  std::vector<ArrayPtr> columns;
  columns.reserve(batch.columns.size());
  for (const Vector& column : batch.columns) {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr array, Materialize(column, batch.rows));
    ARROW_ASSIGN_OR_RAISE(array, Relabel(array, schema->field(static_cast<int>(columns.size()))->type()));
    columns.push_back(std::move(array));
  }
  return arrow::RecordBatch::Make(schema, batch.rows, std::move(columns));
}

Result<ArrayPtr> TakeRows(const ArrayPtr& array, std::span<const int32_t> rows, bool may_be_negative) {
  ARROW_RETURN_NOT_OK(InitializeCompute());
  const int64_t n = static_cast<int64_t>(rows.size());
  if (array->type_id() == arrow::Type::NA) return NullArray(array->type(), n);
  auto values = arrow::Buffer::Wrap(rows.data(), rows.size());
  std::shared_ptr<arrow::Buffer> validity;
  int64_t nulls = 0;
  if (may_be_negative) {
    for (int32_t row : rows) nulls += row < 0;
    if (nulls == n) return NullArray(array->type(), n);
    if (nulls > 0) {
      ARROW_ASSIGN_OR_RAISE(validity, arrow::AllocateEmptyBitmap(n));
      for (int64_t i = 0; i < n; ++i) {
        if (rows[i] >= 0) arrow::bit_util::SetBit(validity->mutable_data(), i);
      }
    }
  }
  auto indices = arrow::ArrayData::Make(arrow::int32(), n, {validity, values}, nulls);
  ARROW_ASSIGN_OR_RAISE(arrow::Datum taken, arrow::compute::Take(arrow::Datum(array), arrow::Datum(indices),
                                                                 arrow::compute::TakeOptions::NoBoundsCheck()));
  return taken.make_array();
}

Result<Vector> TakeRows(const Vector& vector, std::span<const int32_t> rows, bool may_be_negative) {
  if (vector.constant && !may_be_negative) return vector;
  if (vector.constant) {
    std::vector<int32_t> first(rows.begin(), rows.end());
    for (int32_t& row : first) row = row < 0 ? -1 : 0;
    ARROW_ASSIGN_OR_RAISE(ArrayPtr taken, TakeRows(vector.array, first, true));
    return Vector{std::move(taken), false};
  }
  ARROW_ASSIGN_OR_RAISE(ArrayPtr taken, TakeRows(vector.array, rows, may_be_negative));
  return Vector{std::move(taken), false};
}

Result<Batch> TakeRows(const Batch& batch, std::span<const int32_t> rows, bool may_be_negative) {
  Batch result{static_cast<int64_t>(rows.size()), {}};
  result.columns.reserve(batch.columns.size());
  for (const Vector& column : batch.columns) {
    ARROW_ASSIGN_OR_RAISE(Vector taken, TakeRows(column, rows, may_be_negative));
    result.columns.push_back(std::move(taken));
  }
  return result;
}

Batch SliceBatch(const Batch& batch, int64_t offset, int64_t length) {
  Batch result{length, batch.columns};
  if (offset == 0 && length == batch.rows) return result;
  for (Vector& column : result.columns) {
    if (!column.constant) column.array = column.array->Slice(offset, length);
  }
  return result;
}

Result<Batch> ConcatBatches(const std::vector<Batch>& batches,
                            const std::vector<std::shared_ptr<arrow::DataType>>& types) {
  if (batches.size() == 1) return batches[0];
  Batch result;
  for (const Batch& batch : batches) result.rows += batch.rows;
  for (size_t c = 0; c < types.size(); ++c) {
    std::vector<ArrayPtr> pieces;
    pieces.reserve(batches.size());
    for (const Batch& batch : batches) {
      ARROW_ASSIGN_OR_RAISE(ArrayPtr piece, Materialize(batch.columns[c], batch.rows));
      ARROW_ASSIGN_OR_RAISE(piece, Relabel(piece, types[c]));
      pieces.push_back(std::move(piece));
    }
    ArrayPtr column;
    if (pieces.empty()) {
      ARROW_ASSIGN_OR_RAISE(column, arrow::MakeEmptyArray(types[c]));
    } else {
      ARROW_ASSIGN_OR_RAISE(column, arrow::Concatenate(pieces));
    }
    result.columns.push_back({std::move(column), false});
  }
  return result;
}

Selection TrueRows(const Vector& condition, int64_t rows) {
  Selection selection;
  if (condition.array->type_id() == arrow::Type::NA) return selection;
  const auto& array = static_cast<const arrow::BooleanArray&>(*condition.array);
  if (condition.constant) {
    selection.all = array.IsValid(0) && array.Value(0);
    return selection;
  }
  const int64_t trues = array.true_count();
  if (trues == rows) {
    selection.all = true;
    return selection;
  }
  if (trues == 0) return selection;
  selection.rows.reserve(trues);
  const uint8_t* validity = array.null_bitmap_data();
  const uint8_t* values = array.values()->data();
  const int64_t offset = array.offset();
  for (int64_t i = 0; i < rows; ++i) {
    if (arrow::bit_util::GetBit(values, offset + i) &&
        (validity == nullptr || arrow::bit_util::GetBit(validity, offset + i))) {
      selection.rows.push_back(static_cast<int32_t>(i));
    }
  }
  return selection;
}

Result<ArrayPtr> NullArray(const std::shared_ptr<arrow::DataType>& type, int64_t length) {
  return arrow::MakeArrayOfNull(type, length);
}

int64_t BatchBytes(const Batch& batch) {
  int64_t bytes = 0;
  for (const Vector& column : batch.columns) {
    auto size = arrow::util::ReferencedBufferSize(*column.array);
    if (size.ok()) bytes += *size;
  }
  return bytes;
}

}  // namespace sluice::exec
