#include <algorithm>
#include <functional>
#include <set>

#include "functions/external.h"
#include "optimizer/calls.h"
#include "optimizer/rules.h"
#include "plan/external.h"

namespace sluice::optimizer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

const functions::ExternalCall* ExternalOf(const Expression& expression) {
  const auto* call = As<Call>(expression);
  return call && call->bound ? functions::AsExternal(*call->bound) : nullptr;
}

bool HasExternal(const ExprPtr& expression) {
  bool found = false;
  Visit(expression, [&](const Expression& e) {
    found = found || ExternalOf(e);
    return !found;
  });
  return found;
}

/// External calls whose own arguments hold none, each once when calling it twice gives the same.
void CollectInnermost(const ExprPtr& expression, ExprList* calls) {
  bool inner = false;
  for (const auto& child : expression->children) {
    if (!HasExternal(child)) continue;
    inner = true;
    CollectInnermost(child, calls);
  }
  if (inner || !ExternalOf(*expression)) return;
  for (const auto& known : *calls)
    if (known == expression || (IsDeterministic(expression) && SameExpression(*known, *expression) &&
                                ExternalOf(*known)->argument_names == ExternalOf(*expression)->argument_names))
      return;
  calls->push_back(expression);
}

/// `child` with a column for each of `calls`; `columns` are those, in order. Calls that can go together do.
PlanPtr AddColumns(PlanPtr child, const ExprList& calls, ExprList* columns) {
  columns->assign(calls.size(), nullptr);
  for (size_t i = 0; i < calls.size(); ++i) {
    if ((*columns)[i]) continue;
    auto node = std::make_shared<ExternalColumns>();
    const external::Function& function = ExternalOf(*calls[i])->function();
    for (size_t j = i; j < calls.size(); ++j) {
      if ((*columns)[j]) continue;
      const bool together = j == i || (function.shape() == external::Shape::kColumn &&
                                       function.CanShareStream(ExternalOf(*calls[j])->function()));
      if (!together) continue;
      ExprPtr alias = MakeAlias(calls[j], "pythonUDF" + std::to_string(j));
      node->calls.push_back(alias);
      (*columns)[j] = ToAttribute(alias);
    }
    node->children = {child};
    node->resolved = true;
    child = node;
  }
  return child;
}

ExprPtr Replace(const ExprPtr& expression, const ExprList& calls, const ExprList& columns) {
  for (size_t i = 0; i < calls.size(); ++i) {
    const bool same =
        expression == calls[i] ||
        (ExternalOf(*expression) && IsDeterministic(expression) && SameExpression(*expression, *calls[i]) &&
         ExternalOf(*expression)->argument_names == ExternalOf(*calls[i])->argument_names);
    if (same) return columns[i];
  }
  ExprList children;
  bool changed = false;
  for (const auto& child : expression->children) {
    children.push_back(Replace(child, calls, columns));
    changed = changed || children.back() != child;
  }
  return changed ? expression->WithChildren(std::move(children)) : expression;
}

PlanPtr WithExpressions(const PlanPtr& node, std::vector<PlanPtr> children, ExprList expressions) {
  auto copy = node->Clone();
  copy->children = std::move(children);
  copy->set_expressions(std::move(expressions));
  return copy;
}

/// `made` gives the columns of `node` and no others.
PlanPtr WithOutputOf(const PlanPtr& node, const PlanPtr& made) {
  const Attributes output = node->output();
  if (made->output().size() == output.size()) return made;
  return MakeProject(made, ExprList(output.begin(), output.end()));
}

bool AnyExternal(const ExprList& list) { return std::any_of(list.begin(), list.end(), &HasExternal); }

Status CheckWindows(const PlanPtr& node) {
  Status status;
  for (const auto& expression : node->expressions())
    Visit(expression, [&](const Expression& e) {
      const auto* window = As<WindowExpression>(e);
      const auto* call = window ? As<AggregateCall>(window->children[0]) : nullptr;
      const auto* external = call ? functions::AsExternal(*call->bound) : nullptr;
      if (external && status.ok())
        status = UnsupportedFeature("the Python function " + external->function().name() + " over a window",
                                    &window->origin);
      return true;
    });
  return status;
}

PlanPtr OverChild(const PlanPtr& node) {
  PlanPtr child = node->children[0];
  ExprList expressions = node->expressions();
  while (AnyExternal(expressions)) {
    ExprList calls, columns;
    for (const auto& expression : expressions) CollectInnermost(expression, &calls);
    child = AddColumns(child, calls, &columns);
    for (auto& expression : expressions) expression = Replace(expression, calls, columns);
  }
  return WithOutputOf(node, WithExpressions(node, {child}, std::move(expressions)));
}

/// Which side `expression` reads: 0, 1, or -1 for both.
int SideOf(const ExprPtr& expression, const PlanPtr& left, const PlanPtr& right) {
  auto reads = [&](const PlanPtr& side) {
    std::set<ExprId> ids;
    for (const auto& attribute : side->output()) ids.insert(attribute->id);
    const auto references = References(expression);
    return std::all_of(references.begin(), references.end(), [&](ExprId id) { return ids.count(id) > 0; });
  };
  return reads(left) ? 0 : reads(right) ? 1 : -1;
}

/// Calls of columns of one side become columns there; in inner joins, conditions over both become a filter above.
Result<PlanPtr> OverJoin(const PlanPtr& node) {
  const auto& join = *As<Join>(node);
  std::vector<PlanPtr> sides = node->children;
  ExprList conjuncts = SplitConjunction(join.condition), kept, above;
  while (AnyExternal(conjuncts)) {
    ExprList calls, of_side[2];
    for (const auto& conjunct : conjuncts) CollectInnermost(conjunct, &calls);
    for (const auto& call : calls)
      if (int side = SideOf(call, sides[0], sides[1]); side >= 0) of_side[side].push_back(call);
    if (of_side[0].empty() && of_side[1].empty()) break;
    for (int side : {0, 1}) {
      ExprList columns;
      sides[side] = AddColumns(sides[side], of_side[side], &columns);
      for (auto& conjunct : conjuncts) conjunct = Replace(conjunct, of_side[side], columns);
    }
  }
  for (const auto& conjunct : conjuncts) (HasExternal(conjunct) ? above : kept).push_back(conjunct);
  if (!above.empty() && join.type != JoinType::kInner && join.type != JoinType::kCross)
    return UnsupportedFeature("a Python function of columns of both sides in the condition of an outer join",
                              &node->origin);
  auto copy = std::static_pointer_cast<Join>(node->Clone());
  copy->children = std::move(sides);
  copy->condition = JoinConjuncts(kept);
  PlanPtr made = copy;
  if (!above.empty()) made = OverChild(MakeFilter(made, above));
  return WithOutputOf(node, made);
}

/// f(sum(x)): the aggregation gives its keys and aggregates, what is computed from them stands above it.
PlanPtr OverAggregate(const PlanPtr& node) {
  auto below = std::static_pointer_cast<Aggregate>(node->Clone());
  ExprList calls, columns, list;
  below->aggregates = below->grouping;
  std::function<ExprPtr(const ExprPtr&)> lift = [&](const ExprPtr& expression) -> ExprPtr {
    if (expression->kind == ExprKind::kAggregateCall) {
      for (size_t i = 0; i < calls.size(); ++i)
        if (SameExpression(*calls[i], *expression)) return columns[i];
      ExprPtr alias = MakeAlias(expression, "aggregate" + std::to_string(calls.size()));
      below->aggregates.push_back(alias);
      calls.push_back(expression);
      columns.push_back(ToAttribute(alias));
      return columns.back();
    }
    ExprList children;
    for (const auto& child : expression->children) children.push_back(lift(child));
    return children.empty() ? expression : expression->WithChildren(std::move(children));
  };
  for (const auto& output : As<Aggregate>(node)->aggregates) list.push_back(lift(output));
  PlanPtr made = AnyExternal(below->expressions()) ? OverChild(below) : PlanPtr(below);
  PlanPtr above = MakeProject(made, std::move(list));
  return AnyExternal(above->expressions()) ? OverChild(above) : above;
}

}  // namespace

Result<PlanPtr> ExtractExternalCalls(const PlanPtr& plan, const OptimizerContext&) {
  return TransformUp(plan, [](const PlanPtr& node) -> Result<PlanPtr> {
    if (node->kind == PlanKind::kWindow) ARROW_RETURN_NOT_OK(CheckWindows(node));
    if (node->kind == PlanKind::kExternalColumns || !AnyExternal(node->expressions())) return node;
    if (node->kind == PlanKind::kJoin) return OverJoin(node);
    if (node->kind == PlanKind::kAggregate) return OverAggregate(node);
    return node->children.size() == 1 ? OverChild(node) : node;
  });
}

}  // namespace sluice::optimizer
