#include "formats/json/json_column.h"

#include <algorithm>
#include <cstring>

#include "types/arrow_types.h"

namespace sluice::formats {

namespace {

int WidthOf(const DataType& type) {
  switch (type.id()) {
    case TypeId::kBoolean:
    case TypeId::kByte: return 1;
    case TypeId::kShort: return 2;
    case TypeId::kInteger:
    case TypeId::kFloat:
    case TypeId::kDate:
    case TypeId::kYearMonthInterval: return 4;
    case TypeId::kLong:
    case TypeId::kDouble:
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
    case TypeId::kDayTimeInterval: return 8;
    case TypeId::kDecimal:
    case TypeId::kCalendarInterval: return 16;
    default: return 0;
  }
}

bool HasOffsets(const DataType& type) {
  return type.id() == TypeId::kString || type.id() == TypeId::kBinary || type.id() == TypeId::kArray ||
         type.id() == TypeId::kMap;
}

/// Owns a vector as an Arrow buffer.
template <typename T>
std::shared_ptr<arrow::Buffer> ToBuffer(std::vector<T> values) {
  return arrow::Buffer::FromVector(std::move(values));
}

}  // namespace

JsonColumn::JsonColumn(const DataType& type)
    : type_(type), is_struct_(type.id() == TypeId::kStruct), width_(WidthOf(type)) {
  if (HasOffsets(type)) offsets_.push_back(0);
  switch (type.id()) {
    case TypeId::kStruct:
      for (const auto& field : type.fields()) children_.push_back(std::make_unique<JsonColumn>(field.type));
      break;
    case TypeId::kArray: children_.push_back(std::make_unique<JsonColumn>(type.elementType())); break;
    case TypeId::kMap:
      children_.push_back(std::make_unique<JsonColumn>(type.keyType()));
      children_.push_back(std::make_unique<JsonColumn>(type.valueType()));
      break;
    default: break;
  }
}

void JsonColumn::Reserve(int64_t rows) {
  Grow(rows);
  if (is_struct_)
    for (auto& child : children_) child->Reserve(rows);
}

void JsonColumn::Grow(int64_t rows) {
  if (rows <= capacity_) return;
  capacity_ = std::max(rows, capacity_ * 2);
  valid_.resize(static_cast<size_t>(capacity_));
  fixed_.resize(static_cast<size_t>(capacity_) * width_);
  if (!offsets_.empty()) offsets_.resize(static_cast<size_t>(capacity_) + 1);
}

void JsonColumn::SetDecimal(const uint8_t* bytes16) {
  if (size_ >= capacity_) Grow(size_ + 1);
  std::memcpy(fixed_.data() + size_ * 16, bytes16, 16);
  touched_ = true;
}

char* JsonColumn::BeginBytes(size_t max_bytes) {
  if (size_ >= capacity_) Grow(size_ + 1);
  bytes_used_ = static_cast<size_t>(offsets_[size_]);  // what the row held before is replaced
  if (bytes_used_ + max_bytes > bytes_.size()) bytes_.resize(std::max(bytes_used_ + max_bytes, bytes_.size() * 2));
  return bytes_.data() + bytes_used_;
}

void JsonColumn::FinishBytes(size_t used) {
  bytes_used_ += used;
  touched_ = true;
}

void JsonColumn::SetBytes(std::string_view bytes) {
  std::copy(bytes.begin(), bytes.end(), BeginBytes(bytes.size()));  // none are at no address
  FinishBytes(bytes.size());
}

void JsonColumn::BeginNested() {
  Rollback();
  if (size_ >= capacity_) Grow(size_ + 1);
  if (is_struct_)
    for (auto& child : children_)
      if (child->size_ < size_) child->CatchUp(size_);
  touched_ = true;
}

void JsonColumn::CatchUp(int64_t rows) {
  if (rows > capacity_) Grow(rows);
  const auto from = static_cast<size_t>(size_), count = static_cast<size_t>(rows - size_);
  std::memset(valid_.data() + from, 0, count);
  if (width_ > 0) std::memset(fixed_.data() + from * width_, 0, count * width_);
  if (!offsets_.empty()) std::fill_n(offsets_.begin() + from + 1, count, offsets_[from]);
  nulls_ += static_cast<int64_t>(count);
  size_ = rows;  // fields of a struct may stay behind
}

void JsonColumn::Rollback() {
  if (!touched_) return;  // then nothing inside is pending
  touched_ = false;
  if (is_struct_) {
    for (auto& child : children_) child->Rollback();
  } else {
    // Elements committed for the pending row go again.
    for (auto& child : children_) child->Truncate(offsets_[static_cast<size_t>(size_)]);
  }
}

void JsonColumn::Truncate(int64_t rows) {
  while (size_ > rows) {
    --size_;
    if (!valid_[size_]) --nulls_;
  }
  touched_ = false;
  const int64_t rows_of_children =
      is_struct_ || children_.empty() ? rows : offsets_[static_cast<size_t>(std::min(rows, size_))];
  for (auto& child : children_) child->Truncate(rows_of_children);
}

void JsonColumn::Commit() {
  if (!touched_) return CatchUp(size_ + 1);
  valid_[size_] = 1;
  if (is_struct_) {
    for (auto& child : children_) child->Commit();
  } else if (!offsets_.empty()) {
    const int64_t end = children_.empty() ? static_cast<int64_t>(bytes_used_) : children_[0]->size_;
    if (end > INT32_MAX) overflow_ = true;
    offsets_[size_ + 1] = static_cast<int32_t>(end);
  }
  ++size_;
  touched_ = false;
}

Result<std::shared_ptr<arrow::Array>> JsonColumn::Finish() {
  if (overflow_) return Status::CapacityError("more than 2 GiB of text in one batch of a JSON column");
  std::shared_ptr<arrow::Buffer> validity;
  if (nulls_ > 0) {
    ARROW_ASSIGN_OR_RAISE(validity, arrow::AllocateEmptyBitmap(size_));
    uint8_t* bits = validity->mutable_data();
    for (int64_t i = 0; i < size_; ++i) bits[i >> 3] |= static_cast<uint8_t>(valid_[i] << (i & 7));
  }
  auto arrow_type = ToArrowType(type_);
  if (type_.id() == TypeId::kVoid) return std::make_shared<arrow::NullArray>(size_);
  std::vector<std::shared_ptr<arrow::Buffer>> buffers{validity};
  std::vector<std::shared_ptr<arrow::ArrayData>> children;
  for (auto& child : children_) {
    if (is_struct_ && child->size_ < size_) child->CatchUp(size_);
    ARROW_ASSIGN_OR_RAISE(auto array, child->Finish());
    children.push_back(array->data());
  }
  if (type_.id() == TypeId::kBoolean) {
    ARROW_ASSIGN_OR_RAISE(auto values, arrow::AllocateEmptyBitmap(size_));
    for (int64_t i = 0; i < size_; ++i)
      values->mutable_data()[i >> 3] |= static_cast<uint8_t>((fixed_[i] & 1) << (i & 7));
    buffers.emplace_back(std::move(values));
  } else if (width_ > 0) {
    fixed_.resize(static_cast<size_t>(size_) * width_);
    buffers.push_back(ToBuffer(std::move(fixed_)));
  } else if (!offsets_.empty()) {
    offsets_.resize(static_cast<size_t>(size_) + 1);
    size_t used = static_cast<size_t>(offsets_.back());
    buffers.push_back(ToBuffer(std::move(offsets_)));
    if (children.empty()) {
      bytes_.resize(used);
      buffers.push_back(ToBuffer(std::move(bytes_)));
    }
  }
  if (type_.id() == TypeId::kMap) {
    auto entries = arrow::ArrayData::Make(static_cast<const arrow::MapType&>(*arrow_type).value_type(),
                                          children[0]->length, {nullptr}, children, 0);
    children = {entries};
  }
  return arrow::MakeArray(arrow::ArrayData::Make(arrow_type, size_, std::move(buffers), std::move(children), nulls_));
}

}  // namespace sluice::formats
