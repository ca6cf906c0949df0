#include "plan/transform.h"

#include <algorithm>

#include "plan/command.h"

namespace sluice::plan {

namespace {

using ExprRule = std::function<Result<ExprPtr>(const ExprPtr&)>;
using PlanRule = std::function<Result<PlanPtr>(const PlanPtr&)>;

/// Calls `f` on every expression of the list; true when any came back changed.
template <typename F>
Result<bool> MapList(ExprList* list, const F& f) {
  bool changed = false;
  for (auto& item : *list) {
    ARROW_ASSIGN_OR_RAISE(ExprPtr mapped, f(item));
    if (mapped != item) {
      changed = true;
      item = std::move(mapped);
    }
  }
  return changed;
}

/// Expressions a node holds beside its children, in a fixed order.
ExprList Extras(const Expression& expr) {
  ExprList out;
  if (const auto* call = As<UnresolvedFunction>(expr)) {
    out = call->within_group;
    if (call->filter) out.push_back(call->filter);
  } else if (const auto* window = As<WindowExpression>(expr)) {
    if (window->lower && window->lower->offset) out.push_back(window->lower->offset);
    if (window->upper && window->upper->offset) out.push_back(window->upper->offset);
  }
  return out;
}

void SetExtras(Expression* expr, ExprList extras) {
  size_t next = 0;
  if (expr->kind == ExprKind::kUnresolvedFunction) {
    auto* call = static_cast<UnresolvedFunction*>(expr);
    for (auto& order : call->within_group) order = std::move(extras[next++]);
    if (call->filter) call->filter = std::move(extras[next++]);
  } else if (expr->kind == ExprKind::kWindow) {
    auto* window = static_cast<WindowExpression*>(expr);
    if (window->lower && window->lower->offset) window->lower->offset = std::move(extras[next++]);
    if (window->upper && window->upper->offset) window->upper->offset = std::move(extras[next++]);
  }
}

template <typename F>
Result<ExprPtr> MapChildren(const ExprPtr& expr, const F& f) {
  ExprList children = expr->children;
  ARROW_ASSIGN_OR_RAISE(const bool children_changed, MapList(&children, f));
  ExprList extras = Extras(*expr);
  ARROW_ASSIGN_OR_RAISE(const bool extras_changed, MapList(&extras, f));
  if (!children_changed && !extras_changed) return expr;
  auto copy = expr->Clone();
  copy->children = std::move(children);
  if (extras_changed) SetExtras(copy.get(), std::move(extras));
  return copy;
}

template <typename F>
Result<PlanPtr> MapChildren(const PlanPtr& plan, const F& f) {
  std::vector<PlanPtr> children = plan->children;
  bool changed = false;
  for (auto& child : children) {
    ARROW_ASSIGN_OR_RAISE(PlanPtr mapped, f(child));
    changed = changed || mapped != child;
    child = std::move(mapped);
  }
  std::vector<With::Definition> definitions;
  bool definitions_changed = false;
  if (const auto* with = As<With>(plan)) {
    definitions = with->definitions;
    for (auto& definition : definitions) {
      ARROW_ASSIGN_OR_RAISE(PlanPtr mapped, f(definition.plan));
      definitions_changed = definitions_changed || mapped != definition.plan;
      definition.plan = std::move(mapped);
    }
  }
  if (!changed && !definitions_changed) return plan;
  auto copy = plan->Clone();
  copy->children = std::move(children);
  if (definitions_changed) static_cast<With*>(copy.get())->definitions = std::move(definitions);
  return copy;
}

}  // namespace

Result<ExprPtr> TransformUp(const ExprPtr& expr, const ExprRule& rule) {
  ARROW_ASSIGN_OR_RAISE(ExprPtr mapped,
                        MapChildren(expr, [&](const ExprPtr& child) { return TransformUp(child, rule); }));
  return rule(mapped);
}

Result<ExprPtr> TransformDown(const ExprPtr& expr, const ExprRule& rule) {
  ARROW_ASSIGN_OR_RAISE(ExprPtr mapped, rule(expr));
  return MapChildren(mapped, [&](const ExprPtr& child) { return TransformDown(child, rule); });
}

Result<PlanPtr> TransformUp(const PlanPtr& plan, const PlanRule& rule) {
  ARROW_ASSIGN_OR_RAISE(PlanPtr mapped,
                        MapChildren(plan, [&](const PlanPtr& child) { return TransformUp(child, rule); }));
  return rule(mapped);
}

Result<PlanPtr> TransformDown(const PlanPtr& plan, const PlanRule& rule) {
  ARROW_ASSIGN_OR_RAISE(PlanPtr mapped, rule(plan));
  return MapChildren(mapped, [&](const PlanPtr& child) { return TransformDown(child, rule); });
}

Result<PlanPtr> TransformExpressions(const PlanPtr& plan, const ExprRule& rule) {
  ExprList list = plan->expressions();
  if (list.empty()) return plan;
  ARROW_ASSIGN_OR_RAISE(const bool changed,
                        MapList(&list, [&](const ExprPtr& expr) { return TransformUp(expr, rule); }));
  if (!changed) return plan;
  auto copy = plan->Clone();
  copy->set_expressions(std::move(list));
  return copy;
}

void Visit(const ExprPtr& expr, const std::function<bool(const Expression&)>& visit) {
  if (!visit(*expr)) return;
  for (const auto& child : expr->children) Visit(child, visit);
  for (const auto& extra : Extras(*expr)) Visit(extra, visit);
}

void Visit(const PlanPtr& plan, const std::function<bool(const LogicalPlan&)>& visit) {
  if (!visit(*plan)) return;
  if (const auto* with = As<With>(plan)) {
    for (const auto& definition : with->definitions) Visit(definition.plan, visit);
  }
  for (const auto& child : plan->children) Visit(child, visit);
}

std::vector<ExprId> References(const ExprPtr& expr) {
  std::vector<ExprId> out;
  Visit(expr, [&](const Expression& e) {
    if (const auto* attribute = As<Attribute>(e)) {
      if (std::find(out.begin(), out.end(), attribute->id) == out.end()) out.push_back(attribute->id);
    }
    return true;
  });
  return out;
}

namespace {

bool IsAnd(const Expression& expr) {
  if (expr.children.size() != 2) return false;
  if (const auto* call = As<Call>(expr)) return call->display_name == "and";
  if (const auto* call = As<UnresolvedFunction>(expr)) {
    return call->name.size() == 1 && call->name[0] == "and";
  }
  return false;
}

void AddConjuncts(const ExprPtr& condition, ExprList* out) {
  if (!IsAnd(*condition)) {
    out->push_back(condition);
    return;
  }
  for (const auto& child : condition->children) AddConjuncts(child, out);
}

}  // namespace

ExprList SplitConjunction(const ExprPtr& condition) {
  ExprList out;
  AddConjuncts(condition, &out);
  return out;
}

bool IsStreaming(const LogicalPlan& plan) {
  if (const auto* relation = As<Relation>(plan)) {
    if (relation->is_streaming) return true;
  } else if (const auto* unresolved = As<UnresolvedRelation>(plan)) {
    if (unresolved->is_streaming) return true;
  } else if (const auto* source = As<UnresolvedDataSource>(plan)) {
    if (source->is_streaming) return true;
  }
  const auto streams = [](const PlanPtr& child) { return IsStreaming(*child); };
  return std::any_of(plan.children.begin(), plan.children.end(), streams);
}

}  // namespace sluice::plan
