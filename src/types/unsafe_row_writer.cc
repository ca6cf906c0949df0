// Columns -> UnsafeRows. Two passes: sizes, then values, each column at a time.
#include <arrow/array.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "types/big_integer.h"
#include "types/unsafe_row.h"
#include "types/unsafe_row_layout.h"

namespace sluice {
namespace {

using namespace unsafe;  // NOLINT: the layout is this file's vocabulary

/// A column with what is in it taken apart once: Arrow gives the fields of a struct only for a lock.
struct Column {
  Column(const DataType& t, const arrow::Array& a) : type(t), array(a), fixed_width(FixedWidth(t)) {
    if (a.type_id() == arrow::Type::NA) return;  // nulls of any type
    switch (t.id()) {
      case TypeId::kArray: Add(t.elementType(), static_cast<const arrow::ListArray&>(a).values()); break;
      case TypeId::kMap:
        Add(t.keyType(), static_cast<const arrow::MapArray&>(a).keys());
        Add(t.valueType(), static_cast<const arrow::MapArray&>(a).items());
        break;
      case TypeId::kStruct:
        for (size_t f = 0; f < t.fields().size(); ++f)
          Add(t.fields()[f].type, static_cast<const arrow::StructArray&>(a).field(static_cast<int>(f)));
        break;
      default: break;
    }
  }
  void Add(const DataType& t, const std::shared_ptr<arrow::Array>& a) {
    children.emplace_back(t, *a);
    held.push_back(a);
  }

  const DataType& type;
  const arrow::Array& array;
  bool fixed_width;
  std::vector<Column> children;
  std::vector<std::shared_ptr<arrow::Array>> held;
};

size_t ArrayBytes(const Column& values, int64_t from, int64_t to);
size_t StructBytes(const Column& row, int64_t i);

/// Bytes of the variable part of a value; `in_row` since rows reserve room even for null decimals and intervals.
size_t VariableBytes(const Column& column, int64_t i, bool in_row) {
  if (column.fixed_width) return 0;
  const arrow::Array& array = column.array;
  const TypeId id = column.type.id();
  if (array.IsNull(i)) {
    bool reserves = id == TypeId::kDecimal || id == TypeId::kCalendarInterval;
    return in_row && reserves ? 16 : 0;
  }
  switch (id) {
    case TypeId::kString:
    case TypeId::kBinary:
      return RoundUp8(static_cast<size_t>(static_cast<const arrow::BinaryArray&>(array).value_length(i)));
    case TypeId::kDecimal: {
      if (in_row) return 16;
      char bytes[16];
      return RoundUp8(
          BigIntegerBytes(arrow::Decimal128(static_cast<const arrow::Decimal128Array&>(array).GetValue(i)), bytes));
    }
    case TypeId::kCalendarInterval: return 16;
    case TypeId::kArray: {
      const auto& list = static_cast<const arrow::ListArray&>(array);
      return ArrayBytes(column.children[0], list.value_offset(i), list.value_offset(i + 1));
    }
    case TypeId::kMap: {
      const auto& map = static_cast<const arrow::MapArray&>(array);
      int64_t from = map.value_offset(i), to = map.value_offset(i + 1);
      return 8 + ArrayBytes(column.children[0], from, to) + ArrayBytes(column.children[1], from, to);
    }
    default: return StructBytes(column, i);
  }
}

size_t ArrayBytes(const Column& values, int64_t from, int64_t to) {
  size_t n = static_cast<size_t>(to - from);
  size_t bytes = 8 + NullBytes(n) + RoundUp8(n * ElementSize(values.type));
  if (!values.fixed_width) {
    for (int64_t k = from; k < to; ++k) bytes += VariableBytes(values, k, false);
  }
  return bytes;
}

size_t StructBytes(const Column& row, int64_t i) {
  size_t n = row.children.size();
  size_t bytes = NullBytes(n) + 8 * n;
  for (const Column& field : row.children) bytes += VariableBytes(field, i, true);
  return bytes;
}

/// The value in the low bytes of a slot (rows) or an element (arrays).
void WriteFixed(const DataType& type, const arrow::Array& array, int64_t i, uint8_t* at) {
  switch (type.id()) {
    case TypeId::kVoid: break;
    case TypeId::kBoolean: *at = static_cast<const arrow::BooleanArray&>(array).Value(i); break;
    case TypeId::kByte: *at = static_cast<uint8_t>(static_cast<const arrow::Int8Array&>(array).Value(i)); break;
    case TypeId::kShort: Store(at, static_cast<const arrow::Int16Array&>(array).Value(i)); break;
    case TypeId::kFloat: {
      float v = static_cast<const arrow::FloatArray&>(array).Value(i);
      Store(at, std::isnan(v) ? 0x7fc00000 : std::bit_cast<int32_t>(v));
      break;
    }
    case TypeId::kDouble: {
      double v = static_cast<const arrow::DoubleArray&>(array).Value(i);
      Store(at, std::isnan(v) ? 0x7ff8000000000000LL : std::bit_cast<int64_t>(v));
      break;
    }
    case TypeId::kDecimal:
      Store(at, arrow::Decimal128(static_cast<const arrow::Decimal128Array&>(array).GetValue(i)).low_bits());
      break;
    case TypeId::kInteger:
    case TypeId::kDate:
    case TypeId::kYearMonthInterval: Store(at, array.data()->GetValues<int32_t>(1)[i]); break;
    default: Store(at, array.data()->GetValues<int64_t>(1)[i]); break;
  }
}

size_t WriteArray(const Column& values, int64_t from, int64_t to, uint8_t* base);
size_t WriteStruct(const Column& row, int64_t i, uint8_t* base);

/// Writes the variable part at `at`; returns its size before padding. The buffer is zero already.
size_t WriteVariable(const Column& column, int64_t i, uint8_t* at) {
  const arrow::Array& array = column.array;
  switch (column.type.id()) {
    case TypeId::kString:
    case TypeId::kBinary: {
      std::string_view v = static_cast<const arrow::BinaryArray&>(array).GetView(i);
      if (!v.empty()) std::memcpy(at, v.data(), v.size());
      return v.size();
    }
    case TypeId::kDecimal:
      return BigIntegerBytes(arrow::Decimal128(static_cast<const arrow::Decimal128Array&>(array).GetValue(i)),
                             reinterpret_cast<char*>(at));
    case TypeId::kCalendarInterval: {
      auto v = static_cast<const arrow::MonthDayNanoIntervalArray&>(array).GetValue(i);
      Store(at, v.months);
      Store(at + 4, v.days);
      Store(at + 8, v.nanoseconds / 1000);
      return 16;
    }
    case TypeId::kArray: {
      const auto& list = static_cast<const arrow::ListArray&>(array);
      return WriteArray(column.children[0], list.value_offset(i), list.value_offset(i + 1), at);
    }
    case TypeId::kMap: {
      const auto& map = static_cast<const arrow::MapArray&>(array);
      int64_t from = map.value_offset(i), to = map.value_offset(i + 1);
      size_t keys = WriteArray(column.children[0], from, to, at + 8);
      Store(at, static_cast<uint64_t>(keys));
      return 8 + keys + WriteArray(column.children[1], from, to, at + 8 + keys);
    }
    default: return WriteStruct(column, i, at);
  }
}

size_t WriteArray(const Column& values, int64_t from, int64_t to, uint8_t* base) {
  size_t n = static_cast<size_t>(to - from), size = ElementSize(values.type);
  Store(base, static_cast<uint64_t>(n));
  uint8_t* nulls = base + 8;
  uint8_t* fixed = nulls + NullBytes(n);
  size_t cursor = 8 + NullBytes(n) + RoundUp8(n * size);
  for (size_t k = 0; k < n; ++k) {
    int64_t i = from + static_cast<int64_t>(k);
    if (values.array.IsNull(i)) {
      SetBit(nulls, k);
    } else if (values.fixed_width) {
      WriteFixed(values.type, values.array, i, fixed + k * size);
    } else {
      size_t bytes = WriteVariable(values, i, base + cursor);
      Store(fixed + k * size, static_cast<uint64_t>(cursor) << 32 | bytes);
      cursor += RoundUp8(bytes);
    }
  }
  return cursor;
}

/// One field of a row that starts at `base`; `cursor` is where its next variable part goes.
void WriteField(const Column& column, int64_t i, size_t field, size_t num_fields, uint8_t* base, size_t* cursor) {
  const DataType& type = column.type;
  uint8_t* slot = base + NullBytes(num_fields) + 8 * field;
  bool reserves = type.id() == TypeId::kCalendarInterval || (type.id() == TypeId::kDecimal && !CompactDecimal(type));
  if (column.array.IsNull(i)) {
    SetBit(base, field);
    // Room and offset are kept, so that the value can be set in place later.
    if (reserves) {
      Store(slot, static_cast<uint64_t>(*cursor) << 32 | (type.id() == TypeId::kDecimal ? 0 : 16));
      *cursor += 16;
    }
  } else if (column.fixed_width) {
    WriteFixed(type, column.array, i, slot);
  } else {
    size_t bytes = WriteVariable(column, i, base + *cursor);
    Store(slot, static_cast<uint64_t>(*cursor) << 32 | bytes);
    *cursor += reserves ? 16 : RoundUp8(bytes);
  }
}

size_t WriteStruct(const Column& row, int64_t i, uint8_t* base) {
  size_t n = row.children.size(), cursor = NullBytes(n) + 8 * n;
  for (size_t f = 0; f < n; ++f) WriteField(row.children[f], i, f, n, base, &cursor);
  return cursor;
}

/// Fixed-width columns without nulls, the bulk of keys and buffers: each value `at` bytes after a place of its row.
template <typename T>
void WriteSlots(const arrow::Array& column, const size_t* places, size_t rows, size_t at, uint8_t* bytes) {
  const T* values = column.data()->GetValues<T>(1);
  for (size_t i = 0; i < rows; ++i) Store(bytes + places[i] + at, values[i]);
}

/// False: not such a column.
bool WriteAllSlots(const Column& column, const size_t* places, size_t rows, size_t at, uint8_t* bytes) {
  if (column.array.null_count() > 0) return false;
  switch (column.type.id()) {
    case TypeId::kInteger:
    case TypeId::kDate:
    case TypeId::kYearMonthInterval: WriteSlots<int32_t>(column.array, places, rows, at, bytes); return true;
    case TypeId::kLong:
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
    case TypeId::kDayTimeInterval: WriteSlots<int64_t>(column.array, places, rows, at, bytes); return true;
    default: return false;
  }
}

/// A struct that is never null and holds its values itself, as windows do: every row has the same bytes of it.
bool IsFlat(const Column& column) {
  return column.type.id() == TypeId::kStruct && column.array.null_count() == 0 &&
         std::all_of(column.children.begin(), column.children.end(), [](const Column& c) { return c.fixed_width; });
}

void WriteFlat(const Column& column, size_t slot, const size_t* offsets, std::vector<size_t>* cursors, uint8_t* bytes) {
  const size_t n = column.children.size(), size = NullBytes(n) + 8 * n, rows = cursors->size();
  std::vector<size_t> places(rows);
  for (size_t i = 0; i < rows; ++i) {
    size_t& cursor = (*cursors)[i];
    Store(bytes + offsets[i] + slot, static_cast<uint64_t>(cursor) << 32 | size);
    places[i] = offsets[i] + cursor;
    cursor += size;
  }
  for (size_t f = 0; f < n; ++f) {
    if (WriteAllSlots(column.children[f], places.data(), rows, NullBytes(n) + 8 * f, bytes)) continue;
    size_t none = 0;
    for (size_t i = 0; i < rows; ++i)
      WriteField(column.children[f], static_cast<int64_t>(i), f, n, bytes + places[i], &none);
  }
}

}  // namespace

Result<UnsafeRows> EncodeUnsafeRows(const DataType& schema, const std::vector<std::shared_ptr<arrow::Array>>& columns,
                                    int64_t num_rows) {
  const auto& fields = schema.fields();
  if (schema.id() != TypeId::kStruct || fields.size() != columns.size()) {
    return MakeError("INTERNAL_ERROR",
                     {{"message", "The columns do not match the schema " + schema.simpleString() + "."}});
  }
  for (const auto& column : columns) {
    if (column->length() < num_rows) return MakeError("INTERNAL_ERROR", {{"message", "A column is too short."}});
  }
  const size_t n = fields.size(), fixed = NullBytes(n) + 8 * n, rows = static_cast<size_t>(num_rows);
  std::vector<Column> parts;
  parts.reserve(n);
  for (size_t f = 0; f < n; ++f) parts.emplace_back(fields[f].type, *columns[f]);
  UnsafeRows out;
  out.offsets.assign(rows + 1, 0);
  if (rows == 0) return out;
  size_t same = fixed;  // bytes that every row has
  bool variable = false;
  std::vector<size_t> cursors(rows, 0);
  for (const Column& part : parts) {
    if (part.fixed_width) continue;
    variable = true;
    if (IsFlat(part)) {
      same += NullBytes(part.children.size()) + 8 * part.children.size();
      continue;
    }
    for (size_t i = 0; i < rows; ++i) cursors[i] += VariableBytes(part, static_cast<int64_t>(i), true);
  }
  for (size_t i = 0; i < rows; ++i) out.offsets[i + 1] = out.offsets[i] + same + cursors[i];
  out.bytes.assign(out.offsets[rows], 0);
  if (variable) std::fill(cursors.begin(), cursors.end(), fixed);
  uint8_t* bytes = out.bytes.data();
  for (size_t f = 0; f < n; ++f) {
    const size_t slot = NullBytes(n) + 8 * f;
    if (WriteAllSlots(parts[f], out.offsets.data(), rows, slot, bytes)) continue;
    if (IsFlat(parts[f])) {
      WriteFlat(parts[f], slot, out.offsets.data(), &cursors, bytes);
      continue;
    }
    for (size_t i = 0; i < rows; ++i) {
      WriteField(parts[f], static_cast<int64_t>(i), f, n, bytes + out.offsets[i], &cursors[i]);
    }
  }
  return out;
}

}  // namespace sluice
