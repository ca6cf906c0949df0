// Subqueries in expressions: scalar, EXISTS, IN. Their plans keep columns of the outer query as OuterReferences; the
// optimizer turns both into joins.
#include "analyzer/plan_resolver.h"
#include "functions/coercion.h"
#include "plan/transform.h"

namespace sluice::analyzer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

std::string SqlList(const ExprList& exprs, const std::string& time_zone) {
  std::string out;
  for (const auto& e : exprs) out += (out.empty() ? "" : ", ") + InDoubleQuotes(ExpressionSql(*e, time_zone));
  return out;
}

/// Casts the left side of IN and the columns of the query to their common types.
Status AlignIn(ExprList* values, PlanPtr* query, const Origin& origin, const AnalyzerContext& context) {
  Attributes output = (*query)->output();
  const ExprList columns(output.begin(), output.end());
  if (values->size() != output.size())
    return MakeError("DATATYPE_MISMATCH.IN_SUBQUERY_LENGTH_MISMATCH",
                     {{"sqlExpr", "\"in\""},
                      {"leftLength", std::to_string(values->size())},
                      {"rightLength", std::to_string(output.size())},
                      {"leftColumns", SqlList(*values, context.time_zone)},
                      {"rightColumns", SqlList(columns, context.time_zone)}},
                     &origin);
  auto project = std::make_shared<Project>();
  bool changed = false;
  for (size_t i = 0; i < output.size(); ++i) {
    const DataType &left = *(*values)[i]->type, &right = *output[i]->type;
    auto type = functions::SameShape(left, right) ? std::optional<DataType>(left)
                                                  : functions::WiderType(left, right, context.ansi);
    if (!type || !functions::IsOrderable(*type))
      return MakeError("DATATYPE_MISMATCH.IN_SUBQUERY_DATA_TYPE_MISMATCH",
                       {{"sqlExpr", "\"in\""},
                        {"mismatchedColumns", SqlList({(*values)[i], columns[i]}, context.time_zone)},
                        {"leftType", InDoubleQuotes(left.sql())},
                        {"rightType", InDoubleQuotes(right.sql())}},
                       &origin);
    (*values)[i] = CastTo((*values)[i], *type, context);
    const bool same = right.sameType(*type);
    project->list.push_back(same ? columns[i] : MakeAlias(CastTo(columns[i], *type, context), output[i]->name));
    changed = changed || !same;
  }
  if (!changed) return Status::OK();
  project->children = {*query};
  project->resolved = true;
  *query = project;
  return Status::OK();
}

/// Where columns of the outer query may be read, Spark's rule.
Status CheckHosts(const LogicalPlan& plan, const AnalyzerContext& context) {
  const bool hosts = plan.kind == PlanKind::kFilter || plan.kind == PlanKind::kProject ||
                     plan.kind == PlanKind::kJoin || plan.kind == PlanKind::kGenerate;
  if (!hosts)
    for (const auto& e : plan.expressions())
      if (Contains(e, ExprKind::kOuterReference))
        return MakeError("UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.CORRELATED_REFERENCE",
                         {{"sqlExprs", InDoubleQuotes(ExpressionSql(*e, context.time_zone))}}, &plan.origin);
  for (const auto& child : plan.children) ARROW_RETURN_NOT_OK(CheckHosts(*child, context));
  return Status::OK();
}

}  // namespace

Result<PlanPtr> PlanResolver::ResolveInside(const PlanPtr& plan, const Scope& scope, Attributes* used) {
  outer_queries_.push_back({&scope, used});
  auto resolved = Resolve(plan);
  outer_queries_.pop_back();
  if (resolved.ok() && !used->empty()) ARROW_RETURN_NOT_OK(CheckHosts(**resolved, context_));
  return resolved;
}

Result<ExprPtr> PlanResolver::ResolveOuterColumn(const std::vector<std::string>& parts, const Origin& origin) {
  if (outer_queries_.empty() || !outer_queries_.back().scope) return ExprPtr();
  const auto [scope, used] = outer_queries_.back();
  const Scope names{scope->input, {}, {}};
  ARROW_ASSIGN_OR_RAISE(ExprPtr column, ExpressionResolver(context_, names).TryResolveColumn(parts, origin));
  if (!column) return column;
  return TransformUp(column, [used = used](const ExprPtr& e) -> Result<ExprPtr> {
    const auto* attribute = As<Attribute>(e);
    if (!attribute) return e;
    bool known = false;
    for (const auto& u : *used) known = known || u->id == attribute->id;
    if (!known) used->push_back(ToAttribute(e));
    auto outer = std::make_shared<OuterReference>();
    outer->name = attribute->name;
    outer->qualifier = attribute->qualifier;
    outer->id = attribute->id;
    outer->type = attribute->type;
    outer->nullable = attribute->nullable;
    outer->origin = attribute->origin;
    return ExprPtr(outer);
  });
}

Result<ExprPtr> PlanResolver::ResolveSubquery(const SubqueryExpression& subquery, ExprList values, const Scope& scope) {
  Attributes used;
  ARROW_ASSIGN_OR_RAISE(PlanPtr query, ResolveInside(subquery.plan, scope, &used));
  if (IsStreaming(*query)) return MakeError("INVALID_SUBQUERY_EXPRESSION.STREAMING_QUERY", {}, &subquery.origin);
  auto copy = std::make_shared<SubqueryExpression>();
  copy->origin = subquery.origin;
  copy->subquery_kind = subquery.subquery_kind;
  copy->type = DataType::Boolean();
  copy->nullable = false;
  if (subquery.subquery_kind == SubqueryKind::kScalar) {
    Attributes output = query->output();
    if (output.size() != 1)
      return MakeError("INVALID_SUBQUERY_EXPRESSION.SCALAR_SUBQUERY_RETURN_MORE_THAN_ONE_OUTPUT_COLUMN",
                       {{"number", std::to_string(output.size())}}, &subquery.origin);
    copy->type = output[0]->type;
    copy->nullable = true;
  } else if (subquery.subquery_kind == SubqueryKind::kIn) {
    ARROW_RETURN_NOT_OK(AlignIn(&values, &query, subquery.origin, context_));
    copy->nullable = true;
  }
  copy->plan = query;
  copy->children = std::move(values);
  for (const auto& column : used) {
    copy->outer_ids.push_back(column->id);
    copy->children.push_back(column);
  }
  return ExprPtr(copy);
}

}  // namespace sluice::analyzer
