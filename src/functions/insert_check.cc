#include "functions/insert_check.h"

#include <algorithm>

#include "functions/coercion.h"

namespace sluice::functions {

namespace {
Result<ArrayPtr> Check(const KernelCall& call, LazyArgs& args) {
  auto value = args.Evaluate(0);
  if (value.ok()) return Materialize(*value, call.length);
  const std::string condition = ConditionOf(value.status());
  if (condition != "CAST_OVERFLOW" && !condition.starts_with("NUMERIC_VALUE_OUT_OF_RANGE")) return value.status();
  const auto& column = static_cast<const InsertColumn&>(*call.bound.state);
  return MakeError("CAST_OVERFLOW_IN_TABLE_INSERT", {{"sourceType", InDoubleQuotes(column.from.sql())},
                                                     {"targetType", InDoubleQuotes(call.bound.result_type.sql())},
                                                     {"columnName", QuoteIdentifier(column.name)}});
}

bool HasIntegralOrDecimal(const DataType& type) {
  switch (type.id()) {
    case TypeId::kArray: return HasIntegralOrDecimal(type.elementType());
    case TypeId::kMap: return HasIntegralOrDecimal(type.keyType()) || HasIntegralOrDecimal(type.valueType());
    case TypeId::kStruct:
      return std::any_of(type.fields().begin(), type.fields().end(),
                         [](const auto& f) { return HasIntegralOrDecimal(f.type); });
    default: return type.isIntegral() || type.id() == TypeId::kDecimal;
  }
}
}  // namespace

const FunctionDef& InsertCheck() {
  static const FunctionDef def = {
      .name = "checkoverflowintableinsert", .signature = "(T) -> T", .nulls = NullRule::kCustom, .lazy = &Check};
  return def;
}

bool CanOverflowInInsert(const DataType& from, const DataType& to) {
  return HasIntegralOrDecimal(to) && !CanUpCast(from, to);
}

}  // namespace sluice::functions
