#pragma once
// Puts a column together from rows of others.
#include <span>
#include <vector>

#include "functions/kernel.h"

namespace sluice::functions {

/// Each result row is one row of one of the pieces, or null.
class RowAssembler {
 public:
  RowAssembler(const DataType& type, int64_t length) : type_(type), picks_(static_cast<size_t>(length), -1) {}
  /// Row rows[k] of the result is row k of `piece` (row 0 when constant).
  void Add(const Vector& piece, std::span<const int32_t> rows);
  /// Every row of the result is that of `piece`, unless added since.
  void AddAll(const Vector& piece);
  void Set(int64_t row, size_t piece, int64_t piece_row) {
    picks_[static_cast<size_t>(row)] = starts_[piece] + piece_row;
  }
  size_t AddPiece(const ArrayPtr& piece);
  Result<ArrayPtr> Finish();

 private:
  DataType type_;
  std::vector<ArrayPtr> pieces_;
  std::vector<int64_t> starts_;
  int64_t total_ = 0;
  std::vector<int64_t> picks_;  // in the concatenated pieces; -1 null
};

/// array[indices]; -1 gives null.
Result<ArrayPtr> TakeRows(const ArrayPtr& array, std::span<const int64_t> indices);

}  // namespace sluice::functions
