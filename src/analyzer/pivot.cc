// PIVOT: an aggregate with a column for each value.
#include <algorithm>
#include <set>

#include "analyzer/plan_resolver.h"
#include "functions/coercion.h"
#include "plan/transform.h"

namespace sluice::analyzer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

ExprPtr Operator(const char* name, ExprList args) {
  auto call = std::make_shared<UnresolvedFunction>();
  call->name = {name};
  call->is_operator = true;
  call->children = std::move(args);
  return call;
}

const ExprPtr& Unaliased(const ExprPtr& expr) {
  return expr->kind == ExprKind::kAlias || expr->kind == ExprKind::kUnresolvedAlias ? expr->children[0] : expr;
}

Result<std::string> TextOf(const ExprPtr& value, const AnalyzerContext& context) {
  ARROW_ASSIGN_OR_RAISE(TypedValue text, context.evaluate_constant(CastTo(value, DataType::String(), context)));
  if (text.is_null()) return "null";
  return StringOf(text);
}

}  // namespace

Result<PlanPtr> PlanResolver::ResolvePivot(const PlanPtr& plan) {
  const auto& pivot = *As<Pivot>(plan);
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, Resolve(pivot.children[0]));
  const Scope scope{child->output(), {}, {}};
  ExpressionResolver expressions(context_, scope);
  ARROW_ASSIGN_OR_RAISE(ExprPtr column, expressions.Resolve(Unaliased(pivot.column)));
  if (!functions::IsOrderable(*column->type))
    return MakeError("INCOMPARABLE_PIVOT_COLUMN", {{"columnName", QuoteIdentifier(NameOf(column, context_))}},
                     &pivot.origin);
  std::set<ExprId> read;
  for (ExprId id : References(column)) read.insert(id);
  struct Output {
    ExprPtr aggregate;
    std::string name;
  };
  std::vector<Output> outputs;
  for (const auto& item : pivot.aggregates) {
    ARROW_ASSIGN_OR_RAISE(ExprPtr aggregate, expressions.Resolve(Unaliased(item)));
    if (!ContainsAggregate(aggregate))
      return MakeError("_LEGACY_ERROR_TEMP_1006", {{"sql", ExpressionSql(*aggregate, context_.time_zone)}},
                       &pivot.origin);
    for (ExprId id : References(aggregate)) read.insert(id);
    outputs.push_back({aggregate, As<Alias>(item) ? As<Alias>(item)->name : NameOf(aggregate, context_)});
  }
  ExprList grouping;
  if (pivot.has_grouping) {
    for (const auto& item : pivot.grouping) {
      ARROW_ASSIGN_OR_RAISE(ExprPtr key, expressions.Resolve(item));
      grouping.push_back(key);
    }
  } else {
    for (const auto& attribute : child->output())
      if (!read.count(attribute->id)) grouping.push_back(attribute);
  }
  ExprList items;
  for (auto& key : grouping) {
    items.push_back(As<Attribute>(key) || As<Alias>(key) ? key : MakeAlias(key, NameOf(key, context_)));
    if (As<Alias>(key)) key = key->children[0];
  }
  for (const auto& item : pivot.values) {
    ARROW_ASSIGN_OR_RAISE(ExprPtr value, expressions.Resolve(Unaliased(item)));
    if (!IsFoldable(value))
      return MakeError("NON_LITERAL_PIVOT_VALUES",
                       {{"expression", InDoubleQuotes(ExpressionSql(*value, context_.time_zone))}}, &pivot.origin);
    if (!functions::SameShape(*value->type, *column->type) &&
        !functions::CanCast(*value->type, *column->type, context_.ansi))
      return MakeError("PIVOT_VALUE_DATA_TYPE_MISMATCH",
                       {{"value", NameOf(value, context_)},
                        {"valueType", value->type->simpleString()},
                        {"pivotType", column->type->simpleString()}},
                       &pivot.origin);
    std::string value_name;
    if (const auto* alias = As<Alias>(item)) {
      value_name = alias->name;
    } else {
      ARROW_ASSIGN_OR_RAISE(value_name, TextOf(value, context_));
    }
    ARROW_ASSIGN_OR_RAISE(ExprPtr matches,
                          expressions.Resolve(Operator("<=>", {column, CastTo(value, *column->type, context_)})));
    // A group without such rows gets null from every aggregate, count too.
    auto count = std::make_shared<UnresolvedFunction>();
    count->name = {"count"};
    count->children = {MakeLiteral(IntegralValue(1, DataType::Integer()))};
    count->filter = matches;
    ARROW_ASSIGN_OR_RAISE(ExprPtr none, expressions.Resolve(Operator("=", {count, MakeLiteral(IntegralValue(0))})));
    for (const auto& output : outputs) {
      ARROW_ASSIGN_OR_RAISE(
          ExprPtr filtered, TransformUp(output.aggregate, [&](const ExprPtr& e) -> Result<ExprPtr> {
            const auto* call = As<AggregateCall>(e);
            if (!call) return e;
            auto copy = std::static_pointer_cast<AggregateCall>(call->Clone());
            ExprPtr filter = matches;
            if (call->has_filter) {
              ARROW_ASSIGN_OR_RAISE(filter, expressions.Resolve(Operator("and", {matches, call->children.back()})));
              copy->children.pop_back();
            }
            copy->children.push_back(filter);
            copy->has_filter = true;
            return ExprPtr(copy);
          }));
      ARROW_ASSIGN_OR_RAISE(
          ExprPtr cell, expressions.Resolve(Operator("if", {none, MakeLiteral(NullValue(*filtered->type)), filtered})));
      items.push_back(MakeAlias(cell, outputs.size() == 1 ? value_name : value_name + "_" + output.name));
    }
  }
  const Aggregate node;
  return BuildAggregate(child, std::move(grouping), std::move(items), &node, pivot.origin);
}

}  // namespace sluice::analyzer
