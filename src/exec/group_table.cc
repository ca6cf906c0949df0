#include "exec/group_table.h"

#include <absl/hash/hash.h>
#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/util/bit_util.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "types/arrow_types.h"
#include "types/unsafe_row.h"

namespace sluice::exec {
namespace {

bool HasFloats(const DataType& type) {
  switch (type.id()) {
    case TypeId::kFloat:
    case TypeId::kDouble: return true;
    case TypeId::kArray: return HasFloats(type.elementType());
    case TypeId::kMap: return HasFloats(type.keyType()) || HasFloats(type.valueType());
    case TypeId::kStruct:
      for (const auto& field : type.fields()) {
        if (HasFloats(field.type)) return true;
      }
      return false;
    default: return false;
  }
}

template <typename T>
Result<std::shared_ptr<arrow::ArrayData>> NormalizeValues(const arrow::ArrayData& data) {
  auto copy = data.Copy();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer((data.offset + data.length) * sizeof(T)));
  const T* in = data.GetValues<T>(1);
  T* out = reinterpret_cast<T*>(buffer->mutable_data());
  std::memset(out, 0, data.offset * sizeof(T));
  out += data.offset;
  for (int64_t i = 0; i < data.length; ++i) {
    out[i] = std::isnan(in[i]) ? std::numeric_limits<T>::quiet_NaN() : in[i] + T{0};  // -0.0 + 0.0 is 0.0
  }
  copy->buffers[1] = std::move(buffer);
  return copy;
}

Result<std::shared_ptr<arrow::ArrayData>> Normalize(const std::shared_ptr<arrow::ArrayData>& data,
                                                    const DataType& type) {
  if (!HasFloats(type) || data->type->id() == arrow::Type::NA) return data;
  switch (type.id()) {
    case TypeId::kFloat: return NormalizeValues<float>(*data);
    case TypeId::kDouble: return NormalizeValues<double>(*data);
    default: break;
  }
  auto copy = data->Copy();
  if (type.id() == TypeId::kArray) {
    ARROW_ASSIGN_OR_RAISE(copy->child_data[0], Normalize(data->child_data[0], type.elementType()));
  } else if (type.id() == TypeId::kStruct) {
    for (size_t i = 0; i < type.fields().size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(copy->child_data[i], Normalize(data->child_data[i], type.fields()[i].type));
    }
  } else if (type.id() == TypeId::kMap) {
    auto entries = data->child_data[0]->Copy();
    ARROW_ASSIGN_OR_RAISE(entries->child_data[0], Normalize(entries->child_data[0], type.keyType()));
    ARROW_ASSIGN_OR_RAISE(entries->child_data[1], Normalize(entries->child_data[1], type.valueType()));
    copy->child_data[0] = std::move(entries);
  }
  return copy;
}

/// Values of a fixed-width column of up to 64 bits as int64.
void WidenValues(const arrow::Array& array, std::vector<int64_t>* out) {
  const arrow::ArrayData& data = *array.data();
  out->resize(data.length);
  if (data.type->id() == arrow::Type::BOOL) {
    const uint8_t* bits = data.buffers[1]->data();
    for (int64_t i = 0; i < data.length; ++i) (*out)[i] = arrow::bit_util::GetBit(bits, data.offset + i);
    return;
  }
  const auto widen = [&](auto zero) {
    const auto* values = data.GetValues<decltype(zero)>(1);
    for (int64_t i = 0; i < data.length; ++i) (*out)[i] = values[i];
  };
  switch (data.type->byte_width()) {
    case 1: return widen(int8_t{});
    case 2: return widen(int16_t{});
    case 4: return widen(int32_t{});
    default: return widen(int64_t{});
  }
}

uint64_t Mix(int64_t key) {
  uint64_t h = static_cast<uint64_t>(key) * 0x9E3779B97F4A7C15ull;
  return h ^ (h >> 32);
}

}  // namespace

Result<ArrayPtr> NormalizeFloats(const ArrayPtr& array, const DataType& type) {
  if (!HasFloats(type)) return array;
  ARROW_ASSIGN_OR_RAISE(auto data, Normalize(array->data(), type));
  return arrow::MakeArray(data);
}

struct GroupTable::Input {
  std::vector<ArrayPtr> columns;  // materialized and normalised
  std::vector<int64_t> fixed;     // kFixed
  UnsafeRows rows;                // kRow
};

GroupTable::GroupTable(std::vector<DataType> key_types) : types_(std::move(key_types)), key_pieces_(types_.size()) {
  form_ = Form::kRow;
  if (types_.size() != 1) return;
  switch (types_[0].id()) {
    case TypeId::kString:
    case TypeId::kBinary: form_ = Form::kBytes; break;
    case TypeId::kVoid:
    case TypeId::kDecimal:
    case TypeId::kCalendarInterval:
    case TypeId::kArray:
    case TypeId::kMap:
    case TypeId::kStruct: break;
    default: form_ = Form::kFixed;
  }
}

Result<GroupTable::Input> GroupTable::Prepare(std::span<const Vector> keys, int64_t rows) const {
  Input input;
  for (size_t k = 0; k < keys.size(); ++k) {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr column, Materialize(keys[k], rows));
    ARROW_ASSIGN_OR_RAISE(column, NormalizeFloats(column, types_[k]));
    input.columns.push_back(std::move(column));
  }
  if (form_ == Form::kFixed) {
    if (input.columns[0]->type_id() == arrow::Type::NA) {
      input.fixed.resize(rows);
    } else {
      WidenValues(*input.columns[0], &input.fixed);
    }
  } else if (form_ == Form::kRow) {
    std::vector<StructField> fields;
    for (const DataType& type : types_) fields.push_back({"", type});
    ARROW_ASSIGN_OR_RAISE(input.rows, EncodeUnsafeRows(DataType::Struct(std::move(fields)), input.columns, rows));
  }
  return input;
}

template <bool kInsert>
uint32_t GroupTable::Fixed(int64_t key) {
  if (fixed_.empty()) {
    if (!kInsert) return kNoGroup;
    GrowFixed();
  }
  const size_t mask = fixed_.size() - 1;
  for (size_t i = Mix(key) & mask;; i = (i + 1) & mask) {
    FixedSlot& slot = fixed_[i];
    if (slot.id == kNoGroup) {
      if (!kInsert) return kNoGroup;
      slot = {key, size_};
      if (++size_ * 2ull > fixed_.size()) GrowFixed();
      return size_ - 1;
    }
    if (slot.key == key) return slot.id;
  }
}

template <bool kInsert>
uint32_t GroupTable::Bytes(std::string_view key, uint32_t tag) {
  if (bytes_.empty()) {
    if (!kInsert) return kNoGroup;
    GrowBytes();
  }
  const size_t mask = bytes_.size() - 1;
  // The place comes from the tag alone, so that growing need not read the keys.
  for (size_t i = Mix(tag) & mask;; i = (i + 1) & mask) {
    BytesSlot& slot = bytes_[i];
    if (slot.id == kNoGroup) {
      if (!kInsert) return kNoGroup;
      slot = {tag, size_};
      arena_.insert(arena_.end(), key.begin(), key.end());
      offsets_.push_back(arena_.size());
      if (++size_ * 2ull > bytes_.size()) GrowBytes();
      return size_ - 1;
    }
    if (slot.hash == tag && BytesOf(slot.id) == key) return slot.id;
  }
}

template <bool kInsert, typename KeyOf>
void GroupTable::ResolveBytes(int64_t rows, uint32_t* ids, KeyOf&& key_of) {
  // A large table is not in the cache: the slots of some rows are on their way while others are looked at.
  constexpr int64_t kAhead = 16;
  uint32_t tags[kAhead];
  for (int64_t from = 0; from < rows; from += kAhead) {
    const int64_t count = std::min(kAhead, rows - from);
    for (int64_t k = 0; k < count; ++k) {
      tags[k] = static_cast<uint32_t>(absl::HashOf(key_of(from + k)) >> 32);
      if (!bytes_.empty()) __builtin_prefetch(&bytes_[Mix(tags[k]) & (bytes_.size() - 1)]);
    }
    for (int64_t k = 0; k < count; ++k) ids[from + k] = Bytes<kInsert>(key_of(from + k), tags[k]);
  }
}

void GroupTable::GrowFixed() {
  std::vector<FixedSlot> old(std::max<size_t>(64, fixed_.size() * 2));
  old.swap(fixed_);
  const size_t mask = fixed_.size() - 1;
  for (const FixedSlot& slot : old) {
    if (slot.id == kNoGroup) continue;
    size_t i = Mix(slot.key) & mask;
    while (fixed_[i].id != kNoGroup) i = (i + 1) & mask;
    fixed_[i] = slot;
  }
}

void GroupTable::GrowBytes() {
  std::vector<BytesSlot> old(std::max<size_t>(64, bytes_.size() * 2));
  old.swap(bytes_);
  const size_t mask = bytes_.size() - 1;
  for (const BytesSlot& slot : old) {
    if (slot.id == kNoGroup) continue;
    size_t i = Mix(slot.hash) & mask;
    while (bytes_[i].id != kNoGroup) i = (i + 1) & mask;
    bytes_[i] = slot;
  }
}

template <bool kInsert>
void GroupTable::Resolve(const Input& input, int64_t rows, uint32_t* ids) {
  if (form_ == Form::kRow) {
    return ResolveBytes<kInsert>(rows, ids, [&](int64_t i) {
      const auto row = input.rows.row(static_cast<size_t>(i));
      return std::string_view(reinterpret_cast<const char*>(row.data()), row.size());
    });
  }
  const arrow::Array& column = *input.columns[0];
  const bool has_nulls = column.null_count() > 0;
  const auto null_id = [&] {
    if (kInsert && null_id_ == kNoGroup) {
      null_id_ = size_++;
      if (form_ == Form::kBytes) offsets_.push_back(arena_.size());
    }
    return null_id_;
  };
  if (column.type_id() == arrow::Type::NA) {
    for (int64_t i = 0; i < rows; ++i) ids[i] = null_id();
  } else if (form_ == Form::kFixed) {
    for (int64_t i = 0; i < rows; ++i) {
      ids[i] = has_nulls && column.IsNull(i) ? null_id() : Fixed<kInsert>(input.fixed[i]);
    }
  } else {
    const auto& texts = static_cast<const arrow::BinaryArray&>(column);
    if (!has_nulls) return ResolveBytes<kInsert>(rows, ids, [&](int64_t i) { return texts.GetView(i); });
    for (int64_t i = 0; i < rows; ++i) {
      if (column.IsNull(i)) {
        ids[i] = null_id();
      } else {
        ResolveBytes<kInsert>(1, ids + i, [&](int64_t) { return texts.GetView(i); });
      }
    }
  }
}

Status GroupTable::Map(std::span<const Vector> keys, int64_t rows, std::vector<uint32_t>* ids,
                       std::vector<int32_t>* new_rows) {
  ids->resize(rows);
  if (new_rows != nullptr) new_rows->clear();
  if (rows == 0) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(Input input, Prepare(keys, rows));
  const uint32_t before = size_;
  Resolve<true>(input, rows, ids->data());
  if (size_ == before) return Status::OK();
  std::vector<int32_t> first_rows;
  first_rows.reserve(size_ - before);
  for (int64_t i = 0; i < rows; ++i) {
    if ((*ids)[i] == before + first_rows.size()) first_rows.push_back(static_cast<int32_t>(i));
  }
  for (size_t k = 0; k < types_.size(); ++k) {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr piece, TakeRows(input.columns[k], first_rows));
    piece_bytes_ += 8 * piece->length();
    key_pieces_[k].push_back(std::move(piece));
  }
  if (new_rows != nullptr) *new_rows = std::move(first_rows);
  return Status::OK();
}

Status GroupTable::Find(std::span<const Vector> keys, int64_t rows, std::vector<uint32_t>* ids) const {
  ids->resize(rows);
  if (rows == 0) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(Input input, Prepare(keys, rows));
  // Without insertion nothing is written.
  const_cast<GroupTable*>(this)->Resolve<false>(input, rows, ids->data());
  return Status::OK();
}

Result<std::vector<ArrayPtr>> GroupTable::Keys() const {
  std::vector<ArrayPtr> columns;
  for (size_t k = 0; k < types_.size(); ++k) {
    const auto type = ToArrowType(types_[k]);
    if (key_pieces_[k].empty()) {
      ARROW_ASSIGN_OR_RAISE(ArrayPtr empty, arrow::MakeEmptyArray(type));
      columns.push_back(std::move(empty));
      continue;
    }
    std::vector<ArrayPtr> pieces;
    for (const ArrayPtr& piece : key_pieces_[k]) {
      ARROW_ASSIGN_OR_RAISE(ArrayPtr relabelled, Relabel(piece, type));
      pieces.push_back(std::move(relabelled));
    }
    ARROW_ASSIGN_OR_RAISE(ArrayPtr column, arrow::Concatenate(pieces));
    columns.push_back(std::move(column));
  }
  return columns;
}

int64_t GroupTable::bytes_used() const {
  return static_cast<int64_t>(fixed_.size() * sizeof(FixedSlot) + bytes_.size() * sizeof(BytesSlot) +
                              offsets_.size() * 8 + arena_.size()) +
         piece_bytes_;
}

void GroupTable::Clear() { *this = GroupTable(types_); }

}  // namespace sluice::exec
