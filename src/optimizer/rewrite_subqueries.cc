// Subqueries become joins: EXISTS and IN a semi, anti or existence join, scalar subqueries a left join with at most one
// match, LATERAL an ordinary join.
#include <algorithm>

#include "functions/registry.h"
#include "optimizer/calls.h"
#include "optimizer/decorrelate.h"
#include "optimizer/rules.h"

namespace sluice::optimizer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

using Columns = std::map<ExprId, ExprPtr>;

bool HasSubquery(const ExprPtr& expr) {
  bool found = false;
  Visit(expr, [&](const Expression& e) {
    found = found || e.kind == ExprKind::kSubquery;
    return !found;
  });
  return found;
}
bool HasSubquery(const ExprList& list) {
  return std::any_of(list.begin(), list.end(), [](const auto& e) { return HasSubquery(e); });
}
bool Gives(const Attributes& attributes, ExprId id) {
  return std::any_of(attributes.begin(), attributes.end(), [&](const auto& a) { return a->id == id; });
}

const SubqueryExpression* AsPredicate(const ExprPtr& expr) {
  const auto* subquery = As<SubqueryExpression>(expr);
  return subquery && subquery->subquery_kind != SubqueryKind::kScalar ? subquery : nullptr;
}
const SubqueryExpression* AsNegated(const ExprPtr& expr) {
  const auto* call = As<Call>(expr);
  return call && (call->def->name == "not" || call->def->name == "!") ? AsPredicate(call->children[0]) : nullptr;
}

bool IsNullLiteral(const ExprPtr& expr) {
  if (expr->kind == ExprKind::kCast) return IsNullLiteral(expr->children[0]);
  const auto* literal = As<Literal>(expr);
  return literal && literal->value->IsNull(0);
}

/// The same rows with new ids for columns that `other` has too, as when a relation is joined with itself; `renamed`
/// tells.
PlanPtr Distinguish(const PlanPtr& plan, const Attributes& other, Substitution* renamed) {
  ExprList list;
  for (const auto& column : plan->output()) {
    const bool clashes = Gives(other, column->id);
    list.push_back(clashes ? MakeAlias(column, column->name) : ExprPtr(column));
    if (clashes) (*renamed)[column->id] = ToAttribute(list.back());
  }
  return renamed->empty() ? plan : MakeProject(plan, std::move(list));
}

/// Distinguish for a decorrelated query and all that refers to its columns.
void Distinguish(Decorrelated* query, const Attributes& other, Substitution* renamed) {
  query->plan = Distinguish(query->plan, other, renamed);
  for (auto& key : query->keys) key.inner = ToAttribute(Substitute(key.inner, *renamed));
  for (auto& condition : query->conditions) condition = Substitute(condition, *renamed);
  if (query->matched) query->matched = ToAttribute(Substitute(query->matched, *renamed));
}

/// What each OuterReference of the subquery means in the outer query.
Columns OuterColumns(const SubqueryExpression& subquery) {
  Columns columns;
  for (size_t i = 0; i < subquery.outer_ids.size(); ++i)
    columns[subquery.outer_ids[i]] = subquery.children[subquery.num_values() + i];
  return columns;
}

/// Whether rows exist does not depend on their order, number or columns.
PlanPtr BareForExists(PlanPtr plan) {
  while (true) {
    const auto* limit = As<Limit>(plan);
    const auto* count = limit ? As<Literal>(limit->count) : nullptr;
    bool some = false;
    if (count) {
      auto rows = IntegralOf({*count->type, count->value});
      some = rows.ok() && *rows > 0;
    }
    const bool generates = plan->kind == PlanKind::kProject;
    if (!some && !generates && plan->kind != PlanKind::kSort && plan->kind != PlanKind::kDistinct) return plan;
    plan = plan->children[0];
  }
}

/// The subqueries of one node's expressions, joined to one of its children.
class Attacher {
 public:
  explicit Attacher(PlanPtr child) : child_(std::move(child)) {}
  const PlanPtr& child() const { return child_; }

  Result<ExprPtr> Replace(const ExprPtr& expr) {
    if (const auto* negated = AsNegated(expr); negated && negated->subquery_kind == SubqueryKind::kIn) {
      ARROW_ASSIGN_OR_RAISE(ExprPtr exists, Exists(*negated, true));
      return MakeCall("not", {exists});
    }
    if (const auto* predicate = AsPredicate(expr)) return Exists(*predicate, false);
    if (const auto* subquery = As<SubqueryExpression>(expr)) return Scalar(*subquery);
    ExprList children;
    bool changed = false;
    for (const auto& child : expr->children) {
      ARROW_ASSIGN_OR_RAISE(ExprPtr replaced, HasSubquery(child) ? Replace(child) : Result<ExprPtr>(child));
      changed = changed || replaced != child;
      children.push_back(std::move(replaced));
    }
    return changed ? expr->WithChildren(std::move(children)) : expr;
  }

  /// A conjunct of a filter that is [NOT] EXISTS or [NOT] IN.
  Status Restrict(const SubqueryExpression& subquery, bool negated) {
    PlanPtr query;
    ARROW_ASSIGN_OR_RAISE(ExprList on, Condition(subquery, negated, &query));
    child_ = MakeJoin(negated ? JoinType::kLeftAnti : JoinType::kLeftSemi, child_, query, on);
    return Status::OK();
  }

 private:
  Result<ExprList> Values(const SubqueryExpression& subquery) {
    ExprList values;
    for (size_t i = 0; i < subquery.num_values(); ++i) {
      ARROW_ASSIGN_OR_RAISE(ExprPtr value, Replace(subquery.children[i]));
      values.push_back(std::move(value));
    }
    return values;
  }

  /// What a row and a row of `query` must fulfil to match. `null_aware`: NOT IN, where unknown counts as a match.
  Result<ExprList> Condition(const SubqueryExpression& subquery, bool null_aware, PlanPtr* query) {
    ARROW_ASSIGN_OR_RAISE(ExprList values, Values(subquery));
    const bool exists = subquery.subquery_kind == SubqueryKind::kExists;
    ARROW_ASSIGN_OR_RAISE(Decorrelated inner,
                          Decorrelate(exists ? BareForExists(subquery.plan) : subquery.plan, child_, false));
    ExprList on;
    const Attributes output = subquery.plan->output();
    Substitution renamed;
    Distinguish(&inner, child_->output(), &renamed);
    for (size_t i = 0; i < values.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(ExprPtr equal, MakeCall("=", {values[i], Substitute(output[i], renamed)}));
      if (null_aware) {
        ARROW_ASSIGN_OR_RAISE(ExprPtr unknown, MakeCall("isnull", {equal}));
        ARROW_ASSIGN_OR_RAISE(equal, MakeCall("or", {equal, unknown}));
      }
      on.push_back(equal);
    }
    ARROW_ASSIGN_OR_RAISE(ExprList rest, Conjuncts(inner, OuterColumns(subquery)));
    on.insert(on.end(), rest.begin(), rest.end());
    *query = inner.plan;
    if (on.empty()) {  // one row tells all
      auto limit = std::make_shared<Limit>();
      limit->count = MakeLiteral(IntegralValue(1, DataType::Integer()));
      limit->children = {inner.plan};
      limit->resolved = true;
      *query = limit;
    }
    return on;
  }

  Result<ExprPtr> Exists(const SubqueryExpression& subquery, bool null_aware) {
    const bool null_value = subquery.num_values() == 1 && IsNullLiteral(subquery.children[0]);
    if (null_value && subquery.outer_ids.empty()) {  // NULL IN (...) is NULL, but false for no rows
      SubqueryExpression any = subquery;
      any.subquery_kind = SubqueryKind::kExists;
      any.children.clear();
      ARROW_ASSIGN_OR_RAISE(ExprPtr rows, Exists(any, false));
      ExprPtr null = MakeLiteral(NullValue(DataType::Boolean()));
      return MakeCall("if", {rows, null, MakeLiteral(BooleanValue(null_aware))});
    }
    PlanPtr query;
    ARROW_ASSIGN_OR_RAISE(ExprList on, Condition(subquery, null_aware, &query));
    auto join = std::static_pointer_cast<Join>(MakeJoin(JoinType::kExistence, child_, query, on)->Clone());
    join->exists = MakeAttribute("exists", DataType::Boolean(), false);
    child_ = join;
    return ExprPtr(join->exists);
  }

  Result<ExprPtr> Scalar(const SubqueryExpression& subquery) {
    const Columns columns = OuterColumns(subquery);
    const auto* project = As<Project>(subquery.plan);
    if (project && project->children[0]->kind == PlanKind::kOneRow) {  // (SELECT a + 1)
      const ExprPtr& item = project->list[0];
      return ReplaceOuter(As<Alias>(item) ? item->children[0] : item, columns);
    }
    ARROW_ASSIGN_OR_RAISE(Decorrelated query, Decorrelate(subquery.plan, child_, true));
    const AttributePtr column = subquery.plan->output()[0];
    Substitution renamed;
    Distinguish(&query, child_->output(), &renamed);
    ARROW_ASSIGN_OR_RAISE(ExprList on, Conjuncts(query, columns));
    child_ = MakeJoin(JoinType::kLeftSingle, child_, query.plan, on);
    auto value = std::make_shared<Attribute>(*ToAttribute(Substitute(column, renamed)));
    value->nullable = true;
    if (!query.matched) return ExprPtr(value);
    const ExprPtr unmatched = ReplaceOuter(query.unmatched[column->id], columns);
    if (const auto* literal = As<Literal>(unmatched); literal && literal->value->IsNull(0)) return ExprPtr(value);
    ARROW_ASSIGN_OR_RAISE(ExprPtr missing, MakeCall("isnull", {query.matched}));
    return MakeCall("if", {missing, unmatched, value});
  }

  PlanPtr child_;
};

PlanPtr Trimmed(const PlanPtr& plan, const Attributes& output) {
  return MakeProject(plan, {output.begin(), output.end()});
}

Result<PlanPtr> RewriteFilter(const Filter& filter) {
  const Attributes output = filter.output();
  Attacher attacher(filter.children[0]);
  ExprList rest, later;
  for (const auto& conjunct : SplitConjunction(filter.condition))
    (HasSubquery(conjunct) ? later : rest).push_back(conjunct);
  if (!rest.empty()) attacher = Attacher(MakeFilter(filter.children[0], rest));
  rest.clear();
  for (const auto& conjunct : later) {
    const auto* negated = AsNegated(conjunct);
    const auto* predicate = negated ? negated : AsPredicate(conjunct);
    if (predicate) {
      ARROW_RETURN_NOT_OK(attacher.Restrict(*predicate, negated != nullptr));
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(ExprPtr replaced, attacher.Replace(conjunct));
    rest.push_back(replaced);
  }
  return Trimmed(MakeFilter(attacher.child(), rest), output);
}

/// Subqueries outside of aggregate functions are evaluated above the aggregation.
Result<PlanPtr> SplitAggregate(const Aggregate& aggregate) {
  auto below = std::static_pointer_cast<Aggregate>(aggregate.Clone());
  below->aggregates.clear();
  ExprList above;
  const auto expose = [&](const ExprPtr& e) -> ExprPtr {
    for (const auto& item : below->aggregates)
      if (SameExpression(As<Alias>(item) ? *item->children[0] : *item, *e)) return ToAttribute(item);
    below->aggregates.push_back(As<Attribute>(e) ? e : MakeAlias(e, "part"));
    return ToAttribute(below->aggregates.back());
  };
  const std::function<ExprPtr(const ExprPtr&)> lift = [&](const ExprPtr& e) -> ExprPtr {
    if (e->kind == ExprKind::kAggregateCall || e->kind == ExprKind::kAttribute) return expose(e);
    ExprList children;
    for (const auto& child : e->children) children.push_back(lift(child));
    return children.empty() ? e : e->WithChildren(std::move(children));
  };
  for (const auto& item : aggregate.aggregates) {
    if (HasSubquery(item)) {
      above.push_back(lift(item));
    } else {
      below->aggregates.push_back(item);
      above.push_back(ToAttribute(item));
    }
  }
  return MakeProject(below, std::move(above));
}

bool OutsideAggregateCalls(const ExprPtr& e) {
  if (e->kind == ExprKind::kAggregateCall) return false;
  if (e->kind == ExprKind::kSubquery) return true;
  return std::any_of(e->children.begin(), e->children.end(), OutsideAggregateCalls);
}

/// The child of a join that gives all columns a subquery of the condition reads.
Result<size_t> SideOf(const Join& join, const ExprList& expressions) {
  const Attributes left = join.children[0]->output(), right = join.children[1]->output();
  bool reads_left = false, reads_right = false;
  for (const auto& e : expressions)
    Visit(e, [&](const Expression& at) {
      if (const auto* subquery = As<SubqueryExpression>(at))
        for (const auto& child : subquery->children)
          for (ExprId id : References(child)) {
            reads_left = reads_left || Gives(left, id);
            reads_right = reads_right || Gives(right, id);
          }
      return true;
    });
  if (reads_left && reads_right)
    return MakeError("UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.UNSUPPORTED_CORRELATED_EXPRESSION_IN_JOIN_CONDITION",
                     {{"subqueryExpression", ExpressionSql(*join.condition)}}, &join.origin);
  return reads_right ? 1 : 0;
}

Result<PlanPtr> RewriteNode(const PlanPtr& node);

/// Subqueries within the plans of subqueries first.
Result<ExprPtr> RewriteInner(const ExprPtr& expr, const OptimizerContext& context) {
  const auto* subquery = As<SubqueryExpression>(expr);
  if (!subquery) return expr;
  auto copy = std::static_pointer_cast<SubqueryExpression>(subquery->Clone());
  ARROW_ASSIGN_OR_RAISE(copy->plan, RemoveSubqueryAliases(subquery->plan, context));
  ARROW_ASSIGN_OR_RAISE(copy->plan, RewriteSubqueries(copy->plan, context));
  return ExprPtr(copy);
}

Result<PlanPtr> RewriteNode(const PlanPtr& node) {
  if (!HasSubquery(node->expressions()) || node->children.empty()) return node;
  if (const auto* filter = As<Filter>(node)) return RewriteFilter(*filter);
  if (const auto* aggregate = As<Aggregate>(node);
      aggregate && std::any_of(aggregate->aggregates.begin(), aggregate->aggregates.end(), OutsideAggregateCalls)) {
    ARROW_ASSIGN_OR_RAISE(PlanPtr project, SplitAggregate(*aggregate));
    ARROW_ASSIGN_OR_RAISE(PlanPtr below, RewriteNode(project->children[0]));
    return RewriteNode(project->WithChildren({below}));
  }
  size_t side = 0;
  if (const auto* join = As<Join>(node)) {
    ARROW_ASSIGN_OR_RAISE(side, SideOf(*join, node->expressions()));
  }
  const Attributes output = node->output();
  Attacher attacher(node->children[side]);
  ExprList replaced;
  for (const auto& e : node->expressions()) {
    ARROW_ASSIGN_OR_RAISE(ExprPtr r, HasSubquery(e) ? attacher.Replace(e) : Result<ExprPtr>(e));
    replaced.push_back(std::move(r));
  }
  auto copy = node->Clone();
  copy->set_expressions(std::move(replaced));
  copy->children[side] = attacher.child();
  return copy->output().size() == output.size() ? PlanPtr(copy) : Trimmed(copy, output);
}

/// The projections above a FROM-less SELECT or a generator over nothing, from the top; null when there is anything
/// else.
PlanPtr SingleRowCore(PlanPtr plan, std::vector<const Project*>* above) {
  while (const auto* project = As<Project>(plan)) {
    above->push_back(project);
    plan = project->children[0];
  }
  const bool generates = plan->kind == PlanKind::kGenerate && plan->children[0]->kind == PlanKind::kOneRow;
  return generates || plan->kind == PlanKind::kOneRow ? plan : nullptr;
}

Result<PlanPtr> RewriteLateral(const Join& join) {
  const PlanPtr &left = join.children[0], &right = join.children[1];
  const Attributes left_output = left->output();
  Columns columns;
  for (const auto& column : left_output) columns[column->id] = column;
  auto plain = std::static_pointer_cast<Join>(join.Clone());
  plain->lateral = false;
  if (!HasOuterReferences(right)) return PlanPtr(plain);
  const bool keeps_left = join.type == JoinType::kLeftOuter;
  std::vector<const Project*> projects;
  PlanPtr core = SingleRowCore(right, &projects);
  if (core && !join.condition && (!keeps_left || projects.empty() || core->kind == PlanKind::kOneRow)) {
    // Nothing to join: the generator, or the expressions, work on the left rows themselves.
    PlanPtr current = left;
    if (const auto* generate = As<Generate>(core)) {
      auto copy = std::static_pointer_cast<Generate>(generate->Clone());
      copy->generator = ReplaceOuter(generate->generator, columns);
      copy->outer = copy->outer || keeps_left;
      copy->children = {left};
      current = copy;
    }
    for (auto project = projects.rbegin(); project != projects.rend(); ++project) {
      ExprList list(left_output.begin(), left_output.end());
      for (const auto& item : (*project)->list) list.push_back(ReplaceOuter(item, columns));
      current = MakeProject(current, std::move(list));
    }
    return current;
  }
  ARROW_ASSIGN_OR_RAISE(Decorrelated query, Decorrelate(right, left, false));
  Substitution renamed;
  Distinguish(&query, left_output, &renamed);  // columns carried along; those of the join are distinct already
  ARROW_ASSIGN_OR_RAISE(ExprList on, Conjuncts(query, columns));
  if (join.condition) on.push_back(join.condition);
  const Attributes output = join.output();
  return Trimmed(MakeJoin(keeps_left ? JoinType::kLeftOuter : JoinType::kInner, left, query.plan, on), output);
}

}  // namespace

Result<PlanPtr> RewriteSubqueries(const PlanPtr& plan, const OptimizerContext& context) {
  return TransformUp(plan, [&](const PlanPtr& node) -> Result<PlanPtr> {
    PlanPtr current = node;
    if (HasSubquery(node->expressions())) {
      ARROW_ASSIGN_OR_RAISE(current,
                            TransformExpressions(node, [&](const ExprPtr& e) { return RewriteInner(e, context); }));
      ARROW_ASSIGN_OR_RAISE(current, RewriteNode(current));
    }
    const auto* join = As<Join>(current);
    return join && join->lateral ? RewriteLateral(*join) : Result<PlanPtr>(current);
  });
}

}  // namespace sluice::optimizer
