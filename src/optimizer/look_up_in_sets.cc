#include <arrow/array/array_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/concatenate.h>

#include <algorithm>

#include "functions/in_set.h"
#include "optimizer/rules.h"
#include "types/arrow_types.h"

namespace sluice::optimizer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

constexpr size_t kFewest = 10;

bool IsListOfConstants(const Call& call) {
  if (call.def->name != "in" || call.children.size() <= kFewest + 1) return false;
  return std::all_of(call.children.begin() + 1, call.children.end(), [&](const ExprPtr& item) {
    return item->kind == ExprKind::kLiteral && item->type->sameType(*call.children[0]->type);
  });
}

}  // namespace

Result<PlanPtr> LookUpInSets(const PlanPtr& plan, const OptimizerContext&) {
  static const functions::FunctionDef* const kLookup = functions::FunctionRegistry::Builtins().Find(functions::kInSet);
  return TransformUp(plan, [&](const PlanPtr& node) -> Result<PlanPtr> {
    return TransformExpressions(node, [&](const ExprPtr& expr) -> Result<ExprPtr> {
      const auto* call = As<Call>(expr);
      if (call == nullptr || !IsListOfConstants(*call)) return expr;
      arrow::ArrayVector items;
      for (size_t i = 1; i < call->children.size(); ++i)
        items.push_back(static_cast<const Literal&>(*call->children[i]).value);
      ARROW_ASSIGN_OR_RAISE(ArrayPtr values, arrow::Concatenate(items));
      const DataType type = *call->children[0]->type, list_type = DataType::Array(type);
      auto lookup = std::static_pointer_cast<Call>(call->Clone());
      ARROW_ASSIGN_OR_RAISE(lookup->bound, functions::BindInSet(type, values));
      arrow::Int32Builder ends;
      ARROW_RETURN_NOT_OK(ends.AppendValues({0, static_cast<int32_t>(values->length())}));
      ARROW_ASSIGN_OR_RAISE(ArrayPtr offsets, ends.Finish());
      ArrayPtr list =
          std::make_shared<arrow::ListArray>(ToArrowType(list_type), 1, offsets->data()->buffers[1], values);
      lookup->def = kLookup;
      lookup->display = kLookup->display;
      lookup->children = {call->children[0], MakeLiteral(TypedValue{list_type, list})};
      return ExprPtr(lookup);
    });
  });
}

}  // namespace sluice::optimizer
