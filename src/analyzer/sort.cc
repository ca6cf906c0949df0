// ORDER BY, and columns an operator needs that its child's select list does not give.
#include <algorithm>
#include <functional>

#include "analyzer/metadata_columns.h"
#include "analyzer/plan_resolver.h"
#include "plan/transform.h"

namespace sluice::analyzer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

bool Has(const Attributes& attributes, ExprId id) {
  return std::any_of(attributes.begin(), attributes.end(), [&](const auto& a) { return a->id == id; });
}

/// ORDER BY takes uncorrelated scalar subqueries only.
Status CheckSortSubqueries(const Expression& expr, const Sort& sort) {
  if (const auto* subquery = As<SubqueryExpression>(expr)) {
    const bool scalar = subquery->subquery_kind == SubqueryKind::kScalar;
    if (!scalar || !subquery->outer_ids.empty())
      return MakeError(std::string("UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.") +
                           (scalar ? "UNSUPPORTED_CORRELATED_SCALAR_SUBQUERY" : "UNSUPPORTED_IN_EXISTS_SUBQUERY"),
                       {{"treeNode", PlanNodeString(sort)}}, &subquery->origin);
  }
  for (const auto& child : expr.children) ARROW_RETURN_NOT_OK(CheckSortSubqueries(*child, sort));
  return Status::OK();
}

}  // namespace

Result<ExprPtr> OverAggregate(const ExprPtr& expr, Aggregate* aggregate, bool* added, const AnalyzerContext& context) {
  for (const auto& item : aggregate->aggregates) {
    const auto* alias = As<Alias>(item);
    if (alias && SemanticallyEqual(alias->children[0], expr)) return ExprPtr(ToAttribute(item));
  }
  auto expose = [&](const ExprPtr& e) -> ExprPtr {
    ExprPtr named = As<Attribute>(e) ? e : MakeAlias(e, ExpressionName(*e, context.time_zone));
    aggregate->aggregates.push_back(named);
    *added = true;
    return ToAttribute(named);
  };
  if (expr->kind == ExprKind::kAggregateCall) return expose(expr);
  for (size_t i = 0; i < aggregate->grouping.size(); ++i) {
    const ExprPtr& grouping = aggregate->grouping[i];
    const bool from = i < aggregate->grouping_sources.size() && SemanticallyEqual(aggregate->grouping_sources[i], expr);
    if (!from && !SemanticallyEqual(grouping, expr)) continue;
    for (const auto& item : aggregate->aggregates) {
      if (As<Attribute>(item) && SemanticallyEqual(item, grouping)) return item;
      if (const auto* alias = As<Alias>(item); alias && SemanticallyEqual(alias->children[0], grouping))
        return ExprPtr(ToAttribute(item));
    }
    return expose(grouping);
  }
  if (const auto* attribute = As<Attribute>(expr)) {
    if (Has(aggregate->output(), attribute->id)) return expr;
    if (aggregate->grouping.empty()) return MakeError("MISSING_GROUP_BY", {}, &aggregate->origin);
    return MakeError("MISSING_AGGREGATION",
                     {{"expression", InDoubleQuotes(attribute->name)},
                      {"expressionAnyValue", InDoubleQuotes("any_value(" + attribute->name + ")")}},
                     &attribute->origin);
  }
  ExprList children;
  for (const auto& child : expr->children) {
    const bool over = expr->kind == ExprKind::kWindow && children.empty();  // f of f(...) OVER: its arguments only
    if (over) {
      ExprList args;
      for (const auto& arg : child->children) {
        ARROW_ASSIGN_OR_RAISE(ExprPtr rewritten, OverAggregate(arg, aggregate, added, context));
        args.push_back(std::move(rewritten));
      }
      children.push_back(child->WithChildren(std::move(args)));
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(ExprPtr rewritten, OverAggregate(child, aggregate, added, context));
    children.push_back(std::move(rewritten));
  }
  return children.empty() ? expr : expr->WithChildren(std::move(children));
}

Result<PlanResolver::WithHidden> PlanResolver::ResolveOverChild(const PlanPtr& given, const ExprList& unresolved,
                                                                Scope::Ambiguous ambiguous) {
  ExprList exprs = unresolved;
  const WithMetadata with = ExposeMetadata(given, {&exprs}, context_);
  const PlanPtr& child = with.child;
  // Look through what only trims or filters: Project(Filter(Aggregate)) is how HAVING with hidden columns looks.
  std::vector<PlanPtr> above;  // from the top
  PlanPtr core = child;
  while (true) {
    if (core->kind == PlanKind::kFilter && core->children[0]->kind != PlanKind::kRelation) {
      above.push_back(core);
      core = core->children[0];
      continue;
    }
    const auto* project = As<Project>(core);
    bool trims = project && core->children[0]->kind == PlanKind::kFilter && As<Filter>(core->children[0])->having &&
                 std::all_of(project->list.begin(), project->list.end(),
                             [](const auto& e) { return e->kind == ExprKind::kAttribute; });
    if (!trims) break;
    core = core->children[0];  // the trimming Project is put back by the caller
  }
  Scope scope{given->output(), {}, {}};
  scope.ambiguous = ambiguous;
  const auto* aggregate = As<Aggregate>(core);
  const auto* project = As<Project>(core);
  if (aggregate) {
    const PlanPtr& input = aggregate->children[0];
    scope.hidden = (input->kind == PlanKind::kExpand ? input->children[0] : input)->output();
  } else if (project) {
    scope.hidden = project->children[0]->output();
  } else {
    core = child;
    above.clear();
  }
  for (const auto& column : with.hidden)
    if (!Has(scope.hidden, column->id)) scope.hidden.push_back(column);
  ExpressionResolver resolver(context_, scope, this);
  WithHidden result;
  result.added = !with.hidden.empty();
  for (const auto& expr : exprs) {
    ARROW_ASSIGN_OR_RAISE(ExprPtr resolved, resolver.Resolve(expr));
    result.exprs.push_back(std::move(resolved));
  }
  PlanPtr new_core = core;
  if (aggregate) {
    auto copy = std::static_pointer_cast<Aggregate>(aggregate->Clone());
    const size_t sources = copy->grouping_sources.size();
    const ExprPtr set_id = copy->grouping.size() > sources ? copy->grouping[sources] : nullptr;
    for (auto& expr : result.exprs) {
      ARROW_ASSIGN_OR_RAISE(expr, ReplaceGroupingCalls(expr, copy->grouping_sources, copy->grouping, set_id, context_));
      ARROW_ASSIGN_OR_RAISE(expr, OverAggregate(expr, copy.get(), &result.added, context_));
    }
    new_core = copy;
  } else if (project) {
    auto copy = std::static_pointer_cast<Project>(project->Clone());
    Attributes shown = project->output(), below = project->children[0]->output();
    for (const auto& expr : result.exprs)
      for (ExprId id : References(expr)) {
        if (Has(shown, id)) continue;
        auto it = std::find_if(below.begin(), below.end(), [&](const auto& a) { return a->id == id; });
        if (it == below.end()) continue;
        copy->list.push_back(*it);
        shown.push_back(*it);
        result.added = true;
      }
    new_core = copy;
  }
  if (!result.added && !(aggregate && !above.empty())) {
    result.child = child;
    return result;
  }
  result.child = new_core;
  for (auto it = above.rbegin(); it != above.rend(); ++it) result.child = (*it)->WithChildren({result.child});
  result.added = result.added || result.child->output().size() != child->output().size();
  return result;
}

Result<PlanPtr> PlanResolver::ResolveSort(const PlanPtr& plan) {
  const auto& sort = *As<Sort>(plan);
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, Resolve(sort.children[0]));
  Attributes output = child->output();
  ExprList orders;
  if (sort.order_by_all) {
    const auto* pattern = sort.orders.empty() ? nullptr : As<SortOrder>(sort.orders[0]);
    for (const auto& attribute : output) {
      auto order = std::make_shared<SortOrder>();
      if (pattern) {
        order->ascending = pattern->ascending;
        order->nulls_first = pattern->nulls_first;
      }
      order->children = {attribute};
      orders.push_back(order);
    }
  } else {
    for (const auto& order : sort.orders) {
      const auto* literal = As<Literal>(order->children[0]);
      if (!context_.order_by_ordinal || !literal || literal->type->id() != TypeId::kInteger ||
          literal->value->IsNull(0)) {
        orders.push_back(order);
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(int64_t position, IntegralOf({*literal->type, literal->value}));
      if (position < 1 || position > static_cast<int64_t>(output.size()))
        return MakeError("ORDER_BY_POS_OUT_OF_RANGE",
                         {{"index", std::to_string(position)}, {"size", std::to_string(output.size())}},
                         &literal->origin);
      orders.push_back(order->WithChildren({output[static_cast<size_t>(position - 1)]}));
    }
  }
  ARROW_ASSIGN_OR_RAISE(WithHidden over, ResolveOverChild(child, orders, Scope::Ambiguous::kUnresolved));
  for (const auto& order : over.exprs) {
    if (Contains(order, ExprKind::kWindow))
      return MakeError("UNSUPPORTED_EXPR_FOR_OPERATOR",
                       {{"invalidExprSqls", InDoubleQuotes(ExpressionSql(*order->children[0], context_.time_zone))}},
                       &sort.origin);
    ARROW_RETURN_NOT_OK(CheckSortSubqueries(*order, sort));
  }
  for (const auto& order : over.exprs) {
    std::function<bool(const DataType&)> orderable = [&](const DataType& type) {
      if (type.id() == TypeId::kMap || type.id() == TypeId::kCalendarInterval) return false;
      if (type.id() == TypeId::kArray) return orderable(type.elementType());
      return std::all_of(type.fields().begin(), type.fields().end(), [&](const auto& f) { return orderable(f.type); });
    };
    if (!orderable(*order->type))
      return MakeError("DATATYPE_MISMATCH.INVALID_ORDERING_TYPE",
                       {{"sqlExpr", InDoubleQuotes(ExpressionSql(*order, context_.time_zone))},
                        {"functionName", "`sortorder`"},
                        {"dataType", InDoubleQuotes(order->type->sql())}},
                       &order->origin);
  }
  auto copy = std::make_shared<Sort>();
  copy->orders = over.exprs;
  copy->global = sort.global;
  copy->origin = sort.origin;
  copy->children = {over.child};
  copy->resolved = true;
  if (!over.added) return PlanPtr(copy);
  auto trim = std::make_shared<Project>();
  trim->list.assign(output.begin(), output.end());
  trim->children = {copy};
  return PlanPtr(trim);
}

}  // namespace sluice::analyzer
