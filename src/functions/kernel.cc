#include "functions/kernel.h"

#include <arrow/util/bitmap_ops.h>

namespace sluice::functions {

Status TextTooLarge() { return UnsupportedFeature("a column of more than 2 GiB of text in one batch"); }
Status ListsTooLarge() { return UnsupportedFeature("a column of more than 2147483647 elements in one batch"); }

Result<std::shared_ptr<arrow::Buffer>> NewBuffer(int64_t bytes) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(bytes));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

void NullMask::Allocate() {
  buffer_ = *NewBuffer(arrow::bit_util::BytesForBits(length_));
  bits_ = buffer_->mutable_data();
  std::memset(bits_, 0xff, static_cast<size_t>(buffer_->size()));
}

Result<NullMask> NullMask::Combine(std::span<const Vector> args, int64_t length) {
  NullMask mask(length);
  for (const Vector& arg : args) {
    if (arg.array->null_count() == 0) continue;
    if (arg.constant || arg.array->type_id() == arrow::Type::NA) {
      if (mask.bits_ == nullptr) mask.Allocate();
      std::memset(mask.bits_, 0, static_cast<size_t>(mask.buffer_->size()));
      continue;
    }
    const uint8_t* bits = arg.array->null_bitmap_data();
    if (mask.bits_ == nullptr) {
      mask.Allocate();
      arrow::internal::CopyBitmap(bits, arg.array->offset(), length, mask.bits_, 0);
    } else {
      arrow::internal::BitmapAnd(mask.bits_, 0, bits, arg.array->offset(), length, 0, mask.bits_);
    }
  }
  return mask;
}

Result<ArrayPtr> NullArray(const DataType& type, int64_t length) {
  return arrow::MakeArrayOfNull(ToArrowType(type), length);
}

Result<ArrayPtr> MaskNulls(ArrayPtr result, std::span<const Vector> args) {
  if (result->type_id() == arrow::Type::NA) return result;
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(args, result->length()));
  if (!mask.has_nulls()) return result;
  const auto& data = result->data();
  if (data->buffers[0] != nullptr) {
    auto* bits = mask.buffer()->mutable_data();
    arrow::internal::BitmapAnd(bits, 0, data->buffers[0]->data(), data->offset, data->length, 0, bits);
  }
  auto masked = data->Copy();
  if (data->offset != 0) {
    // The array's own bitmap must start at its offset.
    ARROW_ASSIGN_OR_RAISE(auto shifted, NewBuffer(arrow::bit_util::BytesForBits(data->offset + data->length)));
    arrow::internal::CopyBitmap(mask.buffer()->data(), 0, data->length, shifted->mutable_data(), data->offset);
    masked->buffers[0] = std::move(shifted);
  } else {
    masked->buffers[0] = mask.buffer();
  }
  masked->null_count = arrow::kUnknownNullCount;
  return arrow::MakeArray(std::move(masked));
}

ArrayPtr ArrayOf(const DataType& type, int64_t length, std::vector<std::shared_ptr<arrow::Buffer>> buffers,
                 std::vector<ArrayPtr> children) {
  const int64_t null_count = buffers[0] == nullptr ? 0 : arrow::kUnknownNullCount;
  auto data = arrow::ArrayData::Make(ToArrowType(type), length, std::move(buffers), null_count);
  for (const ArrayPtr& child : children) data->child_data.push_back(child->data());
  return arrow::MakeArray(std::move(data));
}

}  // namespace sluice::functions
