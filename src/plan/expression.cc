#include "plan/expression.h"

namespace sluice::plan {

ExprId NextExprId() {
  static std::atomic<ExprId> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

ExprPtr MakeLiteral(TypedValue value, Origin origin) {
  auto literal = std::make_shared<Literal>();
  literal->nullable = value.is_null();
  literal->type = std::move(value.type);
  literal->value = std::move(value.value);
  literal->origin = std::move(origin);
  return literal;
}

AttributePtr MakeAttribute(std::string name, DataType type, bool nullable, std::vector<std::string> qualifier) {
  auto attribute = std::make_shared<Attribute>();
  attribute->name = std::move(name);
  attribute->type = std::move(type);
  attribute->nullable = nullable;
  attribute->qualifier = std::move(qualifier);
  attribute->id = NextExprId();
  return attribute;
}

}  // namespace sluice::plan
