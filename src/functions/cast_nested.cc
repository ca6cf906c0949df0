#include <arrow/array/array_nested.h>

#include "functions/cast_internal.h"

namespace sluice::functions::internal {
namespace {

Result<ArrayPtr> Child(const CastCall& call, const ArrayPtr& values, const DataType& from, const DataType& to) {
  return CastArray(values, from, to, call.behavior, call.context, call.origin);
}

/// The list's buffers over other values, which start where the first row's do not reach.
ArrayPtr WithValues(const CastCall& call, std::vector<std::shared_ptr<arrow::ArrayData>> children) {
  auto data = call.input->data()->Copy();
  data->type = ToArrowType(call.to);
  data->child_data = std::move(children);
  return arrow::MakeArray(std::move(data));
}

}  // namespace

Result<ArrayPtr> CastNested(const CastCall& call) {
  if (call.from.id() == TypeId::kArray) {
    const auto& list = static_cast<const arrow::ListArray&>(*call.input);
    ARROW_ASSIGN_OR_RAISE(auto values, Child(call, list.values(), call.from.elementType(), call.to.elementType()));
    return WithValues(call, {values->data()});
  }
  if (call.from.id() == TypeId::kMap) {
    const auto& map = static_cast<const arrow::MapArray&>(*call.input);
    ARROW_ASSIGN_OR_RAISE(auto keys, Child(call, map.keys(), call.from.keyType(), call.to.keyType()));
    ARROW_ASSIGN_OR_RAISE(auto items, Child(call, map.items(), call.from.valueType(), call.to.valueType()));
    if (keys->null_count() > 0) return MakeError("NULL_MAP_KEY", {}, call.origin);
    const auto map_type = ToArrowType(call.to);
    const auto& entry_type = static_cast<const arrow::MapType&>(*map_type).value_type();
    auto entries = arrow::ArrayData::Make(entry_type, keys->length(), {nullptr}, {keys->data(), items->data()}, 0);
    return WithValues(call, {entries});
  }
  // Fields under a null struct do not count: their bad values must not fail.
  const auto& rows = static_cast<const arrow::StructArray&>(*call.input);
  ARROW_ASSIGN_OR_RAISE(auto columns, rows.Flatten());
  std::vector<ArrayPtr> fields;
  for (size_t i = 0; i < columns.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto field, Child(call, columns[i], call.from.fields()[i].type, call.to.fields()[i].type));
    fields.push_back(std::move(field));
  }
  const Vector vector{call.input, false};
  ARROW_ASSIGN_OR_RAISE(NullMask mask, NullMask::Combine(std::span(&vector, 1), rows.length()));
  return ArrayOf(call.to, rows.length(), {mask.buffer()}, std::move(fields));
}

}  // namespace sluice::functions::internal
