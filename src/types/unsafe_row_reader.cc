// UnsafeRows -> columns. Bytes come from files: every offset is checked before it is followed.
#include <arrow/builder.h>

#include "types/arrow_types.h"
#include "types/big_integer.h"
#include "types/unsafe_row.h"
#include "types/unsafe_row_layout.h"

namespace sluice {
namespace {

using namespace unsafe;  // NOLINT: the layout is this file's vocabulary
using Bytes = std::span<const uint8_t>;

Status Corrupt(const char* what) {
  return MakeError("INTERNAL_ERROR", {{"message", std::string("Corrupt UnsafeRow: ") + what + "."}});
}

/// The part a slot points to.
Result<Bytes> Follow(Bytes base, const uint8_t* slot) {
  uint64_t v = Load<uint64_t>(slot);
  uint64_t offset = v >> 32, size = v & 0xFFFFFFFFu;
  if (offset > base.size() || size > base.size() - offset) return Corrupt("a field lies outside its row");
  return base.subspan(offset, size);
}

Status AppendFixed(const DataType& type, const uint8_t* at, arrow::ArrayBuilder* builder) {
  switch (type.id()) {
    case TypeId::kVoid: return builder->AppendNull();
    case TypeId::kBoolean: return static_cast<arrow::BooleanBuilder*>(builder)->Append(*at != 0);
    case TypeId::kByte: return static_cast<arrow::Int8Builder*>(builder)->Append(Load<int8_t>(at));
    case TypeId::kShort: return static_cast<arrow::Int16Builder*>(builder)->Append(Load<int16_t>(at));
    case TypeId::kInteger: return static_cast<arrow::Int32Builder*>(builder)->Append(Load<int32_t>(at));
    case TypeId::kDate: return static_cast<arrow::Date32Builder*>(builder)->Append(Load<int32_t>(at));
    case TypeId::kYearMonthInterval:
      return static_cast<arrow::MonthIntervalBuilder*>(builder)->Append(Load<int32_t>(at));
    case TypeId::kLong: return static_cast<arrow::Int64Builder*>(builder)->Append(Load<int64_t>(at));
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz: return static_cast<arrow::TimestampBuilder*>(builder)->Append(Load<int64_t>(at));
    case TypeId::kDayTimeInterval: return static_cast<arrow::DurationBuilder*>(builder)->Append(Load<int64_t>(at));
    case TypeId::kFloat: return static_cast<arrow::FloatBuilder*>(builder)->Append(Load<float>(at));
    case TypeId::kDouble: return static_cast<arrow::DoubleBuilder*>(builder)->Append(Load<double>(at));
    case TypeId::kDecimal:
      return static_cast<arrow::Decimal128Builder*>(builder)->Append(arrow::Decimal128(Load<int64_t>(at)));
    default: return Corrupt("unexpected type");
  }
}

Status AppendArray(const DataType& element, Bytes base, arrow::ArrayBuilder* values, uint64_t* count,
                   bool nulls_allowed = true);
Status AppendStruct(const DataType& type, Bytes base, arrow::StructBuilder* builder);

Status AppendVariable(const DataType& type, Bytes part, arrow::ArrayBuilder* builder) {
  switch (type.id()) {
    case TypeId::kString:
      return static_cast<arrow::StringBuilder*>(builder)->Append(part.data(), static_cast<int32_t>(part.size()));
    case TypeId::kBinary:
      return static_cast<arrow::BinaryBuilder*>(builder)->Append(part.data(), static_cast<int32_t>(part.size()));
    case TypeId::kDecimal:
      if (part.empty() || part.size() > 16) return Corrupt("a decimal has a wrong size");
      return static_cast<arrow::Decimal128Builder*>(builder)->Append(
          BigIntegerFromBytes({reinterpret_cast<const char*>(part.data()), part.size()}));
    case TypeId::kCalendarInterval: {
      if (part.size() != 16) return Corrupt("an interval has a wrong size");
      arrow::MonthDayNanoIntervalType::MonthDayNanos v;
      v.months = Load<int32_t>(part.data());
      v.days = Load<int32_t>(part.data() + 4);
      if (__builtin_mul_overflow(Load<int64_t>(part.data() + 8), int64_t{1000}, &v.nanoseconds)) {
        return Corrupt("an interval is out of range");
      }
      return static_cast<arrow::MonthDayNanoIntervalBuilder*>(builder)->Append(v);
    }
    case TypeId::kArray: {
      auto* list = static_cast<arrow::ListBuilder*>(builder);
      ARROW_RETURN_NOT_OK(list->Append());
      uint64_t count;
      return AppendArray(type.elementType(), part, list->value_builder(), &count);
    }
    case TypeId::kMap: {
      auto* map = static_cast<arrow::MapBuilder*>(builder);
      ARROW_RETURN_NOT_OK(map->Append());
      if (part.size() < 8) return Corrupt("a map is too short");
      uint64_t keys = Load<uint64_t>(part.data());
      if (keys > part.size() - 8) return Corrupt("a map's keys lie outside");
      uint64_t key_count, value_count;
      ARROW_RETURN_NOT_OK(AppendArray(type.keyType(), part.subspan(8, keys), map->key_builder(), &key_count, false));
      ARROW_RETURN_NOT_OK(AppendArray(type.valueType(), part.subspan(8 + keys), map->item_builder(), &value_count));
      return key_count == value_count ? Status::OK() : Corrupt("a map has other keys than values");
    }
    case TypeId::kStruct: return AppendStruct(type, part, static_cast<arrow::StructBuilder*>(builder));
    default: return Corrupt("unexpected type");
  }
}

Status AppendArray(const DataType& element, Bytes base, arrow::ArrayBuilder* values, uint64_t* count,
                   bool nulls_allowed) {
  if (base.size() < 8) return Corrupt("an array is too short");
  uint64_t n = *count = Load<uint64_t>(base.data());
  size_t size = ElementSize(element);
  // One bit and at least one byte for each element: bounds n before it is multiplied.
  if (n > base.size() || 8 + NullBytes(n) + n * size > base.size()) return Corrupt("an array has too many elements");
  const uint8_t* nulls = base.data() + 8;
  const uint8_t* fixed = nulls + NullBytes(n);
  ARROW_RETURN_NOT_OK(values->Reserve(static_cast<int64_t>(n)));
  for (uint64_t k = 0; k < n; ++k) {
    if (GetBit(nulls, k)) {
      if (!nulls_allowed) return Corrupt("a map's key is null");
      ARROW_RETURN_NOT_OK(values->AppendNull());
    } else if (FixedWidth(element)) {
      ARROW_RETURN_NOT_OK(AppendFixed(element, fixed + k * size, values));
    } else {
      ARROW_ASSIGN_OR_RAISE(Bytes part, Follow(base, fixed + k * size));
      ARROW_RETURN_NOT_OK(AppendVariable(element, part, values));
    }
  }
  return Status::OK();
}

Status AppendField(const DataType& type, Bytes row, size_t field, size_t num_fields, arrow::ArrayBuilder* builder) {
  if (GetBit(row.data(), field)) return builder->AppendNull();
  const uint8_t* slot = row.data() + NullBytes(num_fields) + 8 * field;
  if (FixedWidth(type)) return AppendFixed(type, slot, builder);
  ARROW_ASSIGN_OR_RAISE(Bytes part, Follow(row, slot));
  return AppendVariable(type, part, builder);
}

Status AppendStruct(const DataType& type, Bytes base, arrow::StructBuilder* builder) {
  size_t n = type.fields().size();
  if (base.size() < NullBytes(n) + 8 * n) return Corrupt("a struct is too short");
  ARROW_RETURN_NOT_OK(builder->Append());
  for (size_t f = 0; f < n; ++f) {
    ARROW_RETURN_NOT_OK(AppendField(type.fields()[f].type, base, f, n, builder->field_builder(static_cast<int>(f))));
  }
  return Status::OK();
}

}  // namespace

Result<std::vector<std::shared_ptr<arrow::Array>>> DecodeUnsafeRows(const DataType& schema,
                                                                    const std::vector<std::span<const uint8_t>>& rows) {
  const auto& fields = schema.fields();
  const size_t n = fields.size(), fixed = NullBytes(n) + 8 * n;
  for (Bytes row : rows) {
    if (row.size() < fixed) return Corrupt("it is shorter than its fields");
  }
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (size_t f = 0; f < n; ++f) {
    ARROW_ASSIGN_OR_RAISE(auto builder, arrow::MakeBuilder(ToArrowType(fields[f].type)));
    ARROW_RETURN_NOT_OK(builder->Reserve(static_cast<int64_t>(rows.size())));
    for (Bytes row : rows) ARROW_RETURN_NOT_OK(AppendField(fields[f].type, row, f, n, builder.get()));
    ARROW_ASSIGN_OR_RAISE(auto column, builder->Finish());
    columns.push_back(std::move(column));
  }
  return columns;
}

}  // namespace sluice
