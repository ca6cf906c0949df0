#pragma once
// What expressions evaluate to: a column of a batch, or one value that stands for all its rows.
#include <arrow/array.h>

#include <memory>

namespace sluice {

struct Vector {
  std::shared_ptr<arrow::Array> array;
  bool constant = false;  // array->length() == 1 and stands for every row

  /// Row i of the batch within `array`.
  int64_t At(int64_t i) const { return constant ? 0 : i; }
  bool IsNull(int64_t i) const { return array->IsNull(At(i)); }
};

/// Expands a constant to `length` rows; others are returned as they are.
arrow::Result<std::shared_ptr<arrow::Array>> Materialize(const Vector& vector, int64_t length);

}  // namespace sluice
