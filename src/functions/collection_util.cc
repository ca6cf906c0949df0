#include "functions/collection_util.h"

#include <arrow/array/concatenate.h>

#include <bit>

#include "functions/coercion.h"
#include "functions/compare.h"
#include "functions/select_rows.h"
#include "functions/signature.h"
#include "types/format.h"

namespace sluice::functions {

Lists::Lists(const Vector& v) : vector(&v), offsets(v.array->data()->GetValues<int32_t>(1)), step(v.constant ? 0 : 1) {
  if (v.array->type_id() == arrow::Type::MAP) {
    const auto& map = static_cast<const arrow::MapArray&>(*v.array);
    keys = map.keys();
    items = map.items();
  } else {
    values = static_cast<const arrow::ListArray&>(*v.array).values();
  }
}

namespace {

void RetypeData(arrow::ArrayData* data, const std::shared_ptr<arrow::DataType>& type) {
  data->type = type;
  for (size_t i = 0; i < data->child_data.size() && static_cast<int>(i) < type->num_fields(); ++i) {
    const auto& child_type = type->field(static_cast<int>(i))->type();
    if (data->child_data[i]->type->Equals(*child_type)) continue;
    auto child = data->child_data[i]->Copy();
    RetypeData(child.get(), child_type);
    data->child_data[i] = std::move(child);
  }
}

}  // namespace

ArrayPtr Retype(const ArrayPtr& array, const DataType& type) {
  const auto arrow_type = ToArrowType(type);
  if (array->type()->Equals(*arrow_type)) return array;
  if (array->type_id() == arrow::Type::NA) return *arrow::MakeArrayOfNull(arrow_type, array->length());
  auto data = array->data()->Copy();
  RetypeData(data.get(), arrow_type);
  return arrow::MakeArray(std::move(data));
}

Result<ArrayPtr> Combine(const DataType& type, std::span<const ArrayPtr> pieces) {
  if (pieces.empty()) return NullArray(type, 0);
  if (pieces.size() == 1) return Retype(pieces[0], type);
  arrow::ArrayVector retyped;
  for (const ArrayPtr& piece : pieces) retyped.push_back(Retype(piece, type));
  return arrow::Concatenate(retyped);
}

Status ArrayTooLarge(std::string_view function, std::string_view parameter, int64_t elements) {
  return MakeError("COLLECTION_SIZE_LIMIT_EXCEEDED.PARAMETER",
                   {{"numberOfElements", std::to_string(elements)},
                    {"maxRoundedArrayLength", std::to_string(kMaxArraySize)},
                    {"functionName", QuoteIdentifier(function)},
                    {"parameter", QuoteIdentifier(parameter)}});
}

ListAssembler::ListAssembler(const DataType& list_type, int64_t rows) : type_(list_type), mask_(rows) {
  offsets_.reserve(static_cast<size_t>(rows) + 1);
}

int64_t ListAssembler::AddPiece(const ArrayPtr& values) {
  pieces_.push_back(values);
  const int64_t start = total_;
  total_ += values->length();
  return start;
}

void ListAssembler::CloseNull() {
  mask_.SetNull(static_cast<int64_t>(offsets_.size()) - 1);
  CloseRow();
}

Result<ArrayPtr> ListAssembler::Finish() {
  if (picks_.size() > INT32_MAX) return ListsTooLarge();
  const DataType element = type_.elementType();
  ARROW_ASSIGN_OR_RAISE(ArrayPtr all, Combine(element, pieces_));
  if (picks_.empty()) {
    all = all->Slice(0, 0);
  } else if (all->length() == 0) {  // nulls only
    ARROW_ASSIGN_OR_RAISE(all, NullArray(element, static_cast<int64_t>(picks_.size())));
  } else {
    ARROW_ASSIGN_OR_RAISE(all, TakeRows(all, picks_));
  }
  return MakeList(type_, offsets_, mask_, all);
}

Result<ArrayPtr> MakeList(const DataType& list_type, std::span<const int32_t> offsets, const NullMask& mask,
                          const ArrayPtr& elements) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, NewBuffer(static_cast<int64_t>(offsets.size_bytes())));
  std::memcpy(buffer->mutable_data(), offsets.data(), offsets.size_bytes());
  return ArrayOf(list_type, static_cast<int64_t>(offsets.size()) - 1, {mask.buffer(), buffer},
                 {Retype(elements, list_type.elementType())});
}

namespace {

Result<ArrayPtr> MapOf(const DataType& map_type, std::span<const int32_t> offsets, const NullMask& mask,
                       const ArrayPtr& keys, const ArrayPtr& items) {
  const auto arrow_type = ToArrowType(map_type);
  auto entries = arrow::ArrayData::Make(static_cast<const arrow::MapType&>(*arrow_type).value_type(), keys->length(),
                                        {nullptr}, 0);
  entries->child_data = {Retype(keys, map_type.keyType())->data(), Retype(items, map_type.valueType())->data()};
  ARROW_ASSIGN_OR_RAISE(auto buffer, NewBuffer(static_cast<int64_t>(offsets.size_bytes())));
  std::memcpy(buffer->mutable_data(), offsets.data(), offsets.size_bytes());
  return ArrayOf(map_type, static_cast<int64_t>(offsets.size()) - 1, {mask.buffer(), buffer},
                 {arrow::MakeArray(entries)});
}

}  // namespace

Result<ArrayPtr> MakeMap(const KernelCall& call, const DataType& map_type, std::span<const int32_t> offsets,
                         const NullMask& mask, const ArrayPtr& keys, const ArrayPtr& items) {
  if (keys->length() > 0 && keys->null_count() > 0) return MakeError("NULL_MAP_KEY");
  const ElementKeys elements(keys, false);
  ElementSet set(elements);
  std::vector<int64_t> kept_keys, kept_items;  // in use from the first duplicate on
  std::vector<int32_t> kept_offsets{0};
  bool duplicates = false;
  for (size_t row = 0; row + 1 < offsets.size() && !duplicates; ++row) {
    if (offsets[row + 1] - offsets[row] < 2) continue;
    set.Reset(offsets[row + 1] - offsets[row]);
    for (int64_t k = offsets[row]; k < offsets[row + 1] && !duplicates; ++k) {
      if (set.FindOrAdd(k) < 0) continue;
      duplicates = true;
      if (call.context.last_map_key_wins) break;
      std::string text;
      AppendValueText(*keys, k, map_type.keyType(), *call.context.zone, TextStyle::kCast, &text);
      return MakeError("DUPLICATED_MAP_KEY", {{"key", text}, {"mapKeyDedupPolicy", "\"spark.sql.mapKeyDedupPolicy\""}});
    }
  }
  if (!duplicates) return MapOf(map_type, offsets, mask, keys, items);
  std::vector<int64_t> place(static_cast<size_t>(keys->length()));
  for (size_t row = 0; row + 1 < offsets.size(); ++row) {
    set.Reset(offsets[row + 1] - offsets[row]);
    for (int64_t k = offsets[row]; k < offsets[row + 1]; ++k) {
      if (const int64_t first = set.FindOrAdd(k); first >= 0) {
        kept_items[static_cast<size_t>(place[static_cast<size_t>(first)])] = k;
        continue;
      }
      place[static_cast<size_t>(k)] = static_cast<int64_t>(kept_keys.size());
      kept_keys.push_back(k);
      kept_items.push_back(k);
    }
    kept_offsets.push_back(static_cast<int32_t>(kept_keys.size()));
  }
  ARROW_ASSIGN_OR_RAISE(ArrayPtr new_keys, TakeRows(keys, kept_keys));
  ARROW_ASSIGN_OR_RAISE(ArrayPtr new_items, TakeRows(items, kept_items));
  return MapOf(map_type, kept_offsets, mask, new_keys, new_items);
}

MapAssembler::MapAssembler(const DataType& map_type, int64_t rows)
    : type_(map_type), keys_(DataType::Array(map_type.keyType()), rows),
      items_(DataType::Array(map_type.valueType()), rows) {}
int64_t MapAssembler::AddKeys(const ArrayPtr& keys) { return keys_.AddPiece(keys); }
int64_t MapAssembler::AddItems(const ArrayPtr& items) { return items_.AddPiece(items); }

Result<ArrayPtr> MapAssembler::Finish(const KernelCall& call) {
  ARROW_ASSIGN_OR_RAISE(ArrayPtr keys, keys_.Finish());
  ARROW_ASSIGN_OR_RAISE(ArrayPtr items, items_.Finish());
  const auto& key_lists = static_cast<const arrow::ListArray&>(*keys);
  const auto& item_lists = static_cast<const arrow::ListArray&>(*items);
  NullMask mask(keys->length());
  for (int64_t i = 0; i < keys->length(); ++i) {
    if (keys->IsNull(i)) mask.SetNull(i);
  }
  return MakeMap(call, type_, {key_lists.raw_value_offsets(), static_cast<size_t>(keys->length()) + 1}, mask,
                 key_lists.values(), item_lists.values());
}

// ---- equality ------------------------------------------------------------------------------------------------------

namespace {

uint64_t Mix(uint64_t h) {
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccdULL;
  return h ^ (h >> 33);
}

template <typename T>
uint64_t Canonical(T v, bool bits) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(v)) v = std::numeric_limits<T>::quiet_NaN();
    if (!bits && v == 0) v = 0;
    if constexpr (sizeof(T) == 4)
      return std::bit_cast<uint32_t>(v);
    else
      return std::bit_cast<uint64_t>(v);
  } else {
    return static_cast<uint64_t>(v);
  }
}

template <typename T>
void CanonicalValues(const arrow::Array& values, bool bits, std::vector<uint64_t>* out) {
  const T* data = values.data()->GetValues<T>(1);
  for (size_t i = 0; i < out->size(); ++i) (*out)[i] = Canonical(data[i], bits);
}

}  // namespace

ElementKeys::ElementKeys(ArrayPtr values, bool bits)
    : values_(std::move(values)), hashes_(static_cast<size_t>(values_->length()), 0) {
  const arrow::Array& v = *values_;
  exact_ = true;
  switch (v.type_id()) {
    case arrow::Type::BOOL:
      for (size_t i = 0; i < hashes_.size(); ++i)
        hashes_[i] = static_cast<const arrow::BooleanArray&>(v).Value(static_cast<int64_t>(i));
      return;
    case arrow::Type::INT8: CanonicalValues<int8_t>(v, bits, &hashes_); return;
    case arrow::Type::INT16: CanonicalValues<int16_t>(v, bits, &hashes_); return;
    case arrow::Type::INT32:
    case arrow::Type::DATE32:
    case arrow::Type::INTERVAL_MONTHS: CanonicalValues<int32_t>(v, bits, &hashes_); return;
    case arrow::Type::INT64:
    case arrow::Type::TIMESTAMP:
    case arrow::Type::DURATION: CanonicalValues<int64_t>(v, bits, &hashes_); return;
    case arrow::Type::FLOAT: CanonicalValues<float>(v, bits, &hashes_); return;
    case arrow::Type::DOUBLE: CanonicalValues<double>(v, bits, &hashes_); return;
    default: break;
  }
  exact_ = false;
  if (v.type_id() == arrow::Type::STRING || v.type_id() == arrow::Type::BINARY) {
    const auto& texts = static_cast<const arrow::BinaryArray&>(v);
    for (size_t i = 0; i < hashes_.size(); ++i)
      hashes_[i] = std::hash<std::string_view>{}(texts.GetView(static_cast<int64_t>(i)));
  } else if (v.type_id() == arrow::Type::DECIMAL128) {
    const auto& decimals = static_cast<const arrow::Decimal128Array&>(v);
    for (size_t i = 0; i < hashes_.size(); ++i)
      hashes_[i] = arrow::Decimal128(decimals.GetValue(static_cast<int64_t>(i))).low_bits();
  }  // nested values: one chain
}

bool ElementKeys::Equal(int64_t i, int64_t j) const {
  return hash(i) == hash(j) && (exact_ || CompareRows(*values_, i, *values_, j) == 0);
}

void ElementSet::Reset(int64_t expected) {
  const size_t size = std::bit_ceil(static_cast<size_t>(expected) * 2 + 2);
  slots_.assign(size, -1);
  mask_ = size - 1;
}

size_t ElementSet::Slot(int64_t i) const {
  size_t slot = Mix(keys_.hash(i)) & mask_;
  while (slots_[slot] >= 0 && !keys_.Equal(slots_[slot], i)) slot = (slot + 1) & mask_;
  return slot;
}

int64_t ElementSet::Find(int64_t i) const { return slots_[Slot(i)]; }

int64_t ElementSet::FindOrAdd(int64_t i) {
  int64_t& slot = slots_[Slot(i)];
  if (slot >= 0) return slot;
  slot = i;
  return -1;
}

// ---- bind steps ----------------------------------------------------------------------------------------------------

Status ExpectArgs(const BindContext& context, size_t count) {
  if (context.arg_types.size() == count) return Status::OK();
  return WrongNumArgs(context.name, std::to_string(count), context.arg_types.size());
}

Status ExpectArray(BindContext& context, size_t i, bool void_too) {
  DataType& t = context.arg_types[i];
  if (t.id() == TypeId::kArray) return Status::OK();
  if (t.id() != TypeId::kVoid || !void_too) return UnexpectedInputType(context, i, "\"ARRAY\"");
  t = DataType::Array(DataType::Void());
  return Status::OK();
}

Status ExpectMap(BindContext& context, size_t i, bool void_too) {
  DataType& t = context.arg_types[i];
  if (t.id() == TypeId::kMap) return Status::OK();
  if (t.id() != TypeId::kVoid || !void_too) return UnexpectedInputType(context, i, "\"MAP\"");
  t = DataType::Map(DataType::Void(), DataType::Void());
  return Status::OK();
}

Status ExpectType(BindContext& context, size_t i, const DataType& type) {
  if (!CanImplicitlyCast(context.arg_types[i], type, context.ansi))
    return UnexpectedInputType(context, i, InDoubleQuotes(type.sql()));
  context.arg_types[i] = type;
  return Status::OK();
}

}  // namespace sluice::functions
