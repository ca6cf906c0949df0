#include "functions/select_rows.h"

#include <arrow/array/concatenate.h>
#include <arrow/compute/api_vector.h>

namespace sluice::functions {

size_t RowAssembler::AddPiece(const ArrayPtr& piece) {
  pieces_.push_back(piece);
  starts_.push_back(total_);
  total_ += piece->length();
  return pieces_.size() - 1;
}

void RowAssembler::Add(const Vector& piece, std::span<const int32_t> rows) {
  const int64_t start = starts_[AddPiece(piece.array)];
  for (size_t k = 0; k < rows.size(); ++k)
    picks_[static_cast<size_t>(rows[k])] = start + piece.At(static_cast<int64_t>(k));
}

void RowAssembler::AddAll(const Vector& piece) {
  const int64_t start = starts_[AddPiece(piece.array)];
  for (size_t i = 0; i < picks_.size(); ++i) picks_[i] = start + piece.At(static_cast<int64_t>(i));
}

Result<ArrayPtr> RowAssembler::Finish() {
  if (pieces_.empty()) return NullArray(type_, static_cast<int64_t>(picks_.size()));
  const auto arrow_type = ToArrowType(type_);
  arrow::ArrayVector pieces;
  for (const ArrayPtr& piece : pieces_) {
    if (piece->type()->Equals(*arrow_type)) {
      pieces.push_back(piece);
    } else if (piece->type_id() == arrow::Type::NA) {
      ARROW_ASSIGN_OR_RAISE(auto nulls, arrow::MakeArrayOfNull(arrow_type, piece->length()));
      pieces.push_back(std::move(nulls));
    } else if (piece->type_id() != arrow_type->id()) {
      return MakeError("INTERNAL_ERROR",
                       {{"message", "rows of " + piece->type()->ToString() + " among " + arrow_type->ToString()}});
    } else {  // the same but for names and null flags inside
      auto data = piece->data()->Copy();
      data->type = arrow_type;
      pieces.push_back(arrow::MakeArray(std::move(data)));
    }
  }
  ArrayPtr all = pieces[0];
  if (pieces.size() > 1) {
    ARROW_ASSIGN_OR_RAISE(all, arrow::Concatenate(pieces));
  }
  return TakeRows(all, picks_);
}

Result<ArrayPtr> TakeRows(const ArrayPtr& array, std::span<const int64_t> indices) {
  bool identity = static_cast<int64_t>(indices.size()) == array->length(), nulls = false;
  for (size_t i = 0; i < indices.size(); ++i) {
    identity = identity && indices[i] == static_cast<int64_t>(i);
    nulls = nulls || indices[i] < 0;
  }
  if (identity) return array;
  auto buffer = arrow::Buffer::Wrap(indices.data(), indices.size());
  std::shared_ptr<arrow::Buffer> validity;
  if (nulls) {
    NullMask mask(static_cast<int64_t>(indices.size()));
    for (size_t i = 0; i < indices.size(); ++i) {
      if (indices[i] < 0) mask.SetNull(static_cast<int64_t>(i));
    }
    validity = mask.buffer();
  }
  auto picks = arrow::MakeArray(
      arrow::ArrayData::Make(arrow::int64(), static_cast<int64_t>(indices.size()), {validity, buffer}));
  return arrow::compute::Take(*array, *picks, arrow::compute::TakeOptions::NoBoundsCheck());
}

}  // namespace sluice::functions
