#include "exec/sort_keys.h"

#include <arrow/array.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/decimal.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace sluice::exec {
namespace {

template <typename U>
void PutBigEndian(U v, char* out) {
  for (size_t i = 0; i < sizeof(U); ++i) out[i] = static_cast<char>(v >> (8 * (sizeof(U) - 1 - i)));
}

template <typename U>
U OrderedInt(std::make_signed_t<U> v) {
  return static_cast<U>(v) ^ (U{1} << (8 * sizeof(U) - 1));
}

template <typename U, typename F>
U OrderedFloat(F v) {
  if (std::isnan(v)) return ~U{0};
  if (v == 0) v = 0;  // -0.0
  const U bits = std::bit_cast<U>(v);
  const U sign = U{1} << (8 * sizeof(U) - 1);
  return bits & sign ? ~bits : bits | sign;
}

/// Bytes of a fixed-width value; 0 for others.
int FixedWidth(const DataType& type) {
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
    case TypeId::kDecimal: return 16;
    default: return 0;
  }
}

void PutFixed(const arrow::ArrayData& data, const DataType& type, int64_t i, char* out) {
  switch (type.id()) {
    case TypeId::kBoolean: *out = arrow::bit_util::GetBit(data.buffers[1]->data(), data.offset + i) ? 1 : 0; return;
    case TypeId::kByte: return PutBigEndian(OrderedInt<uint8_t>(data.GetValues<int8_t>(1)[i]), out);
    case TypeId::kShort: return PutBigEndian(OrderedInt<uint16_t>(data.GetValues<int16_t>(1)[i]), out);
    case TypeId::kFloat: return PutBigEndian(OrderedFloat<uint32_t>(data.GetValues<float>(1)[i]), out);
    case TypeId::kDouble: return PutBigEndian(OrderedFloat<uint64_t>(data.GetValues<double>(1)[i]), out);
    case TypeId::kDecimal: {
      const arrow::Decimal128 v(data.buffers[1]->data() + (data.offset + i) * 16);
      PutBigEndian(OrderedInt<uint64_t>(v.high_bits()), out);
      return PutBigEndian(v.low_bits(), out + 8);
    }
    case TypeId::kInteger:
    case TypeId::kDate:
    case TypeId::kYearMonthInterval: return PutBigEndian(OrderedInt<uint32_t>(data.GetValues<int32_t>(1)[i]), out);
    default: return PutBigEndian(OrderedInt<uint64_t>(data.GetValues<int64_t>(1)[i]), out);
  }
}

/// 0x00 is written 0x00 0xFF, the end 0x00 0x00: a prefix sorts first.
void PutText(std::string_view text, std::vector<char>* out) {
  while (!text.empty()) {
    const size_t zero = text.find('\0');
    const std::string_view plain = text.substr(0, zero);
    out->insert(out->end(), plain.begin(), plain.end());
    if (zero == std::string_view::npos) break;
    out->push_back(0);
    out->push_back(static_cast<char>(0xFF));
    text.remove_prefix(zero + 1);
  }
  out->push_back(0);
  out->push_back(0);
}

/// A value that is not null, ascending.
void PutValue(const arrow::Array& array, const DataType& type, int64_t i, std::vector<char>* out) {
  const auto put_nullable = [out](const arrow::Array& child, const DataType& child_type, int64_t row) {
    const bool null = child.IsNull(row);
    out->push_back(null ? 1 : 2);
    if (!null) PutValue(child, child_type, row, out);
  };
  if (const int width = FixedWidth(type); width > 0) {
    out->resize(out->size() + width);
    return PutFixed(*array.data(), type, i, out->data() + out->size() - width);
  }
  switch (type.id()) {
    case TypeId::kString:
    case TypeId::kBinary: return PutText(static_cast<const arrow::BinaryArray&>(array).GetView(i), out);
    case TypeId::kStruct: {
      const auto& structs = static_cast<const arrow::StructArray&>(array);
      for (size_t f = 0; f < type.fields().size(); ++f) {
        put_nullable(*structs.field(static_cast<int>(f)), type.fields()[f].type, i);
      }
      return;
    }
    case TypeId::kArray: {
      const auto& lists = static_cast<const arrow::ListArray&>(array);
      for (int64_t k = lists.value_offset(i); k < lists.value_offset(i + 1); ++k) {
        put_nullable(*lists.values(), type.elementType(), k);
      }
      out->push_back(0);
      return;
    }
    default: return;  // VOID is never anything but null
  }
}

bool Orderable(const DataType& type) {
  switch (type.id()) {
    case TypeId::kMap:
    case TypeId::kCalendarInterval: return false;
    case TypeId::kArray: return Orderable(type.elementType());
    case TypeId::kStruct:
      return std::all_of(type.fields().begin(), type.fields().end(), [](const auto& f) { return Orderable(f.type); });
    default: return true;
  }
}

}  // namespace

Status SortKeys::Append(std::span<const Vector> values, int64_t rows) {
  int64_t fixed_bytes = 0;
  bool all_fixed = true;
  for (const SortColumn& column : columns_) {
    if (!Orderable(column.type)) {
      return MakeError("INTERNAL_ERROR", {{"message", "no order for " + column.type.sql()}});
    }
    const int width = FixedWidth(column.type);
    all_fixed = all_fixed && width > 0;
    fixed_bytes += 1 + width;
  }
  const auto null_byte = [](const SortColumn& c) { return static_cast<char>(c.nulls_first ? 0 : 2); };
  if (all_fixed) {  // column at a time
    const size_t start = bytes_.size();
    bytes_.resize(start + rows * fixed_bytes, 0);
    int64_t position = 0;
    for (size_t c = 0; c < columns_.size(); ++c) {
      const SortColumn& column = columns_[c];
      const int width = FixedWidth(column.type);
      const Vector& vector = values[c];
      for (int64_t i = 0; i < rows; ++i) {
        char* out = bytes_.data() + start + i * fixed_bytes + position;
        if (vector.IsNull(i)) {
          *out = null_byte(column);
          continue;
        }
        *out++ = 1;
        PutFixed(*vector.array->data(), column.type, vector.At(i), out);
        if (!column.ascending) {
          for (int b = 0; b < width; ++b) out[b] = static_cast<char>(~out[b]);
        }
      }
      position += 1 + width;
    }
    for (int64_t i = 1; i <= rows; ++i) offsets_.push_back(start + i * fixed_bytes);
    return Status::OK();
  }
  for (int64_t i = 0; i < rows; ++i) {
    for (size_t c = 0; c < columns_.size(); ++c) {
      const SortColumn& column = columns_[c];
      if (values[c].IsNull(i)) {
        bytes_.push_back(null_byte(column));
        continue;
      }
      bytes_.push_back(1);
      const size_t start = bytes_.size();
      PutValue(*values[c].array, column.type, values[c].At(i), &bytes_);
      if (!column.ascending) {
        for (size_t b = start; b < bytes_.size(); ++b) bytes_[b] = static_cast<char>(~bytes_[b]);
      }
    }
    offsets_.push_back(bytes_.size());
  }
  return Status::OK();
}

uint64_t SortKeys::prefix(int64_t row) const {
  const std::string_view k = key(row);
  unsigned char padded[8] = {};
  std::copy_n(k.begin(), std::min<size_t>(8, k.size()), padded);
  uint64_t v = 0;
  for (unsigned char byte : padded) v = v << 8 | byte;
  return v;
}

void SortKeys::Keep(std::span<const int32_t> rows) {
  SortKeys kept(columns_);
  for (int32_t row : rows) {
    const std::string_view k = key(row);
    kept.bytes_.insert(kept.bytes_.end(), k.begin(), k.end());
    kept.offsets_.push_back(kept.bytes_.size());
  }
  *this = std::move(kept);
}

std::vector<int32_t> SortedRows(const SortKeys& keys, int64_t limit) {
  struct Entry {
    uint64_t prefix;
    int32_t row;
  };
  std::vector<Entry> entries(keys.size());
  for (int64_t i = 0; i < keys.size(); ++i) entries[i] = {keys.prefix(i), static_cast<int32_t>(i)};
  const auto less = [&keys](const Entry& a, const Entry& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    const int order = keys.key(a.row).compare(keys.key(b.row));
    return order != 0 ? order < 0 : a.row < b.row;
  };
  const int64_t needed = std::min<int64_t>(limit, keys.size());
  if (needed * 4 < keys.size()) {
    std::partial_sort(entries.begin(), entries.begin() + needed, entries.end(), less);
  } else {
    std::sort(entries.begin(), entries.end(), less);
  }
  std::vector<int32_t> rows(needed);
  for (int64_t i = 0; i < needed; ++i) rows[i] = entries[i].row;
  return rows;
}

}  // namespace sluice::exec
