// collect_list collect_set array_agg.
#include "functions/coercion.h"
#include "functions/collect.h"
#include "functions/display.h"
#include "functions/families.h"
#include "functions/signature.h"

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
