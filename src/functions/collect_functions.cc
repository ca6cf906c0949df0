// collect_list collect_set array_agg.
#include "functions/coercion.h"
#include "functions/collect.h"
#include "functions/display.h"
#include "functions/families.h"
#include "functions/signature.h"
#include "types/arrow_types.h"

namespace sluice::functions {
namespace {

DataType CollectBuffer(const BoundCall&) { return BufferOf({{"buf", DataType::Binary(), true, ""}}); }

Status BindCollect(BindContext& context) {
  if (context.name == "collect_set" && HasMap(context.arg_types[0])) {
    return DatatypeMismatch(context, "UNSUPPORTED_INPUT_TYPE",
                            {{"functionName", QuoteIdentifier(context.name)}, {"dataType", "\"MAP\""}});
  }
  context.result_type = DataType::Array(context.arg_types[0], false);
  context.result_nullable = false;
  return Status::OK();
}

}  // namespace

DataType ByteArrays() { return DataType::Array(DataType::Array(DataType::Byte(), true), false); }

// Both have the same offsets and the same bytes.
ArrayPtr ArraysOfBytes(const ArrayPtr& lists_of_binary) {
  auto lists = lists_of_binary->data()->Copy();
  const auto binary = lists->child_data[0];
  const int64_t size = binary->buffers[2] == nullptr ? 0 : binary->buffers[2]->size();
  auto bytes = arrow::ArrayData::Make(arrow::int8(), size, {nullptr, binary->buffers[2]}, 0);
  lists->type = ToArrowType(ByteArrays());
  lists->child_data[0] =
      arrow::ArrayData::Make(ToArrowType(ByteArrays().elementType()), binary->length,
                             {binary->buffers[0], binary->buffers[1]}, {std::move(bytes)}, -1, binary->offset);
  return arrow::MakeArray(lists);
}

ArrayPtr BytesOfArrays(const ArrayPtr& lists_of_arrays, const DataType& type) {
  auto lists = lists_of_arrays->data()->Copy();
  const auto arrays = lists->child_data[0];
  lists->type = ToArrowType(type);
  lists->child_data[0] = arrow::ArrayData::Make(
      ToArrowType(type.elementType()), arrays->length,
      {arrays->buffers[0], arrays->buffers[1], arrays->child_data[0]->buffers[1]}, -1, arrays->offset);
  return arrow::MakeArray(lists);
}

std::span<const FunctionDef> CollectFunctions() {
  constexpr FunctionKind kAggregate = FunctionKind::kAggregate;
  static const FunctionDef kTable[] = {
      {.name = "collect_list",
       .aliases = {"array_agg"},
       .signature = "(any)",
       .bind = &BindCollect,
       .nulls = NullRule::kCustom,
       .deterministic = false,
       .kind = kAggregate,
       .group = "agg_funcs",
       .doc = "The values as an array, nulls left out.",
       .example = {"collect_list(1)", "[1]"},
       .aggregate = {.buffer_schema = &CollectBuffer, .make = &Make<Collect<false>>, .algebraic = false},
       .display = &FixedName<"collect_list">},
      {.name = "collect_set",
       .signature = "(any)",
       .bind = &BindCollect,
       .nulls = NullRule::kCustom,
       .deterministic = false,
       .kind = kAggregate,
       .group = "agg_funcs",
       .doc = "The distinct values as an array, nulls left out.",
       .example = {"collect_set(1)", "[1]"},
       .aggregate = {.buffer_schema = &CollectBuffer, .make = &Make<Collect<true>>, .algebraic = false}},
  };
  return kTable;
}

}  // namespace sluice::functions
