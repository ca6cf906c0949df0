#include <algorithm>
#include <map>
#include <set>

#include "analyzer/plan_resolver.h"
#include "functions/coercion.h"
#include "plan/transform.h"

namespace sluice::analyzer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

Result<AttributePtr> FindUsing(const Attributes& columns, const std::string& name, const char* side,
                               bool case_sensitive, const Origin& origin) {
  AttributePtr found;
  for (const auto& a : columns) {
    if (!NamesEqual(a->name, name, case_sensitive)) continue;
    if (found)
      return MakeError("AMBIGUOUS_REFERENCE",
                       {{"name", QuoteIdentifier(name)},
                        {"referenceNames", "[" + QuoteIdentifier(name) + ", " + QuoteIdentifier(name) + "]"}},
                       &origin);
    found = a;
  }
  if (found) return found;
  std::string suggestion;
  std::vector<std::string> names;
  for (const auto& a : columns) names.push_back(QuoteIdentifier(a->name));
  std::sort(names.begin(), names.end());
  for (const auto& n : names) suggestion += (suggestion.empty() ? "" : ", ") + n;
  return MakeError("UNRESOLVED_USING_COLUMN_FOR_JOIN",
                   {{"colName", QuoteIdentifier(name)}, {"side", side}, {"suggestion", suggestion}}, &origin);
}

}  // namespace

Attributes JoinColumns(const PlanPtr& plan) {
  if (plan->kind == PlanKind::kFilter) return JoinColumns(plan->children[0]);
  const auto* project = As<Project>(plan);
  return project ? project->join_columns : Attributes{};
}

PlanPtr WithJoinColumns(const PlanPtr& plan, const ExprList& exprs) {
  const auto* project = As<Project>(plan);
  if (!project)
    return plan->kind == PlanKind::kFilter ? plan->WithChildren({WithJoinColumns(plan->children[0], exprs)}) : plan;
  auto copy = std::make_shared<Project>(*project);
  for (const auto& column : project->join_columns) {
    const bool read = std::any_of(exprs.begin(), exprs.end(), [&](const auto& e) {
      const auto ids = References(e);
      return std::find(ids.begin(), ids.end(), column->id) != ids.end();
    });
    if (read) copy->list.push_back(column);
  }
  return copy->list.size() == project->list.size() ? plan : PlanPtr(copy);
}

/// The streams that give columns with one of `ids` become sources of their own, as in Spark, whose offset log has a
/// line for each.
Result<PlanPtr> WithOwnSources(const PlanPtr& plan, const std::set<ExprId>& ids) {
  std::map<std::pair<const connectors::Table*, ExprId>, ExprId> instances;
  return TransformUp(plan, [&](const PlanPtr& node) -> Result<PlanPtr> {
    const auto* stream = As<Relation>(node);
    if (!stream || !stream->is_streaming ||
        std::none_of(stream->attributes.begin(), stream->attributes.end(),
                     [&](const auto& a) { return ids.count(a->id) > 0; }))
      return node;
    ExprId& instance = instances[{stream->table.get(), stream->instance}];
    if (instance == 0) instance = NextExprId();
    auto copy = std::static_pointer_cast<Relation>(stream->Clone());
    copy->instance = instance;
    return PlanPtr(copy);
  });
}

Result<PlanPtr> PlanResolver::ResolveJoin(const PlanPtr& plan) {
  const auto& node = *As<Join>(plan);
  ARROW_ASSIGN_OR_RAISE(PlanPtr left, Resolve(node.children[0]));
  PlanPtr right;
  if (node.lateral) {
    const Scope around{left->output(), {}, {}};
    Attributes used;
    ARROW_ASSIGN_OR_RAISE(right, ResolveInside(node.children[1], around, &used));
  } else {
    ARROW_ASSIGN_OR_RAISE(right, Resolve(node.children[1]));
  }
  // The same relation on both sides: give the right one its own ids.
  std::set<ExprId> ids;
  for (const auto& a : left->output()) ids.insert(a->id);
  Attributes right_output = right->output();
  if (std::any_of(right_output.begin(), right_output.end(), [&](const auto& a) { return ids.count(a->id) > 0; })) {
    ARROW_ASSIGN_OR_RAISE(right, WithOwnSources(right, ids));
    auto project = std::make_shared<Project>();
    project->children = {right};
    project->resolved = true;
    for (const auto& a : right_output) project->list.push_back(MakeAlias(a, a->name));
    right = project;
    if (!right_output.empty() && !right_output[0]->qualifier.empty()) {
      auto alias = std::make_shared<SubqueryAlias>();
      alias->name = right_output[0]->qualifier;
      alias->children = {right};
      alias->resolved = true;
      right = alias;
    }
  }
  auto copy = std::static_pointer_cast<Join>(node.Clone());
  copy->children = {left, right};
  copy->using_columns.clear();
  copy->natural = false;

  std::vector<std::string> using_columns = node.using_columns;
  if (node.natural)
    for (const auto& a : left->output())
      for (const auto& b : right->output())
        if (NamesEqual(a->name, b->name, context_.case_sensitive)) using_columns.push_back(a->name);
  Scope scope{left->output(), {}, {}};
  for (const auto& a : right->output()) scope.input.push_back(a);
  ExpressionResolver expressions(context_, scope, this);

  auto call = [&](const char* name, ExprPtr a, ExprPtr b) -> Result<ExprPtr> {
    auto function = std::make_shared<UnresolvedFunction>();
    function->name = {name};
    function->is_operator = true;
    function->children = {std::move(a), std::move(b)};
    function->origin = node.origin;
    return expressions.Resolve(function);
  };
  if (using_columns.empty()) {
    if (node.condition) {
      ARROW_ASSIGN_OR_RAISE(copy->condition, expressions.Resolve(node.condition));
      if (ContainsAggregate(copy->condition) || Contains(copy->condition, ExprKind::kWindow) ||
          Contains(copy->condition, ExprKind::kGeneratorCall))
        return MakeError("UNSUPPORTED_EXPR_FOR_OPERATOR",
                         {{"invalidExprSqls", InDoubleQuotes(ExpressionSql(*copy->condition, context_.time_zone))}},
                         &node.origin);
      if (copy->condition->type->id() == TypeId::kVoid)
        copy->condition = CastTo(copy->condition, DataType::Boolean(), context_);
      if (copy->condition->type->id() != TypeId::kBoolean)
        return MakeError("JOIN_CONDITION_IS_NOT_BOOLEAN_TYPE",
                         {{"joinCondition", InDoubleQuotes(ExpressionSql(*copy->condition, context_.time_zone))},
                          {"conditionType", InDoubleQuotes(copy->condition->type->sql())}},
                         &node.origin);
    }
    return PlanPtr(copy);
  }
  // USING: equal columns appear once, first; the side that always has a row gives the value, both in a full join.
  ExprList keys, rest;
  std::set<ExprId> used;
  for (const auto& name : using_columns) {
    ARROW_ASSIGN_OR_RAISE(AttributePtr a,
                          FindUsing(left->output(), name, "left", context_.case_sensitive, node.origin));
    ARROW_ASSIGN_OR_RAISE(AttributePtr b,
                          FindUsing(right->output(), name, "right", context_.case_sensitive, node.origin));
    ARROW_ASSIGN_OR_RAISE(ExprPtr equal, call("=", a, b));
    if (copy->condition) {
      ARROW_ASSIGN_OR_RAISE(copy->condition, call("and", copy->condition, equal));
    } else {
      copy->condition = equal;
    }
    used.insert(a->id);
    used.insert(b->id);
    if (node.type == JoinType::kRightOuter) {
      keys.push_back(b);
    } else if (node.type == JoinType::kFullOuter) {
      ARROW_ASSIGN_OR_RAISE(ExprPtr either, call("coalesce", a, b));
      keys.push_back(MakeAlias(either, a->name));
    } else {
      keys.push_back(a);
    }
  }
  copy->resolved = true;
  for (const auto& a : copy->output())
    if (!used.count(a->id)) rest.push_back(a);
  auto project = std::make_shared<Project>();
  project->list = std::move(keys);
  project->list.insert(project->list.end(), rest.begin(), rest.end());
  for (const auto& a : copy->output()) {
    const bool given = std::any_of(project->list.begin(), project->list.end(),
                                   [&](const auto& e) { return ToAttribute(e)->id == a->id; });
    if (!given) project->join_columns.push_back(a);
  }
  project->children = {copy};
  return PlanPtr(project);
}

}  // namespace sluice::analyzer
