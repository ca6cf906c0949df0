// grouping() and grouping_id(): the analyzer replaces them by bits of the id that grouping sets give each row.
#include "functions/families.h"
#include "functions/kernel.h"

namespace sluice::functions {

namespace {

Result<ArrayPtr> OutsideGroupingSets(const KernelCall& call, std::span<const Vector>) {
  return MakeError("UNSUPPORTED_GROUPING_EXPRESSION", {}, call.origin);
}

Status BindGroupingId(BindContext& context) {
  context.result_type = DataType::Long();
  context.result_nullable = false;
  return Status::OK();
}
Status BindGrouping(BindContext& context) {
  context.result_nullable = false;
  return Status::OK();
}

}  // namespace

std::span<const FunctionDef> GroupingFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "grouping",
       .signature = "(any) -> tinyint",
       .bind = &BindGrouping,
       .nulls = NullRule::kCustom,
       .deterministic = false,  // not a value of its argument: nothing to fold
       .group = "agg_funcs",
       .doc = "1 when the column is aggregated over in this row of a GROUP BY with several sets, else 0.",
       .kernel = &OutsideGroupingSets},
      {.name = "grouping_id",
       .bind = &BindGroupingId,
       .nulls = NullRule::kCustom,
       .deterministic = false,
       .group = "agg_funcs",
       .doc = "The grouping() bits of the columns, or of all of GROUP BY, as one number.",
       .kernel = &OutsideGroupingSets},
  };
  return kTable;
}

}  // namespace sluice::functions
