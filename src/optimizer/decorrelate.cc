#include "optimizer/decorrelate.h"

#include <algorithm>

#include "functions/registry.h"
#include "optimizer/calls.h"
#include "optimizer/rules.h"

namespace sluice::optimizer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

using IdSet = std::set<ExprId>;
using Columns = std::map<ExprId, ExprPtr>;

void AddOuterIds(const ExprPtr& expr, IdSet* ids) {
  Visit(expr, [&](const Expression& e) {
    if (const auto* outer = As<OuterReference>(e)) ids->insert(outer->id);
    return true;
  });
}
IdSet OuterIds(const ExprList& exprs) {
  IdSet ids;
  for (const auto& e : exprs) AddOuterIds(e, &ids);
  return ids;
}
void AddOuterIds(const PlanPtr& plan, IdSet* ids) {
  Visit(plan, [&](const LogicalPlan& node) {
    for (const auto& e : node.expressions()) AddOuterIds(e, ids);
    return true;
  });
}
IdSet Merged(IdSet a, const IdSet& b) {
  a.insert(b.begin(), b.end());
  return a;
}
bool Has(const Attributes& attributes, ExprId id) {
  return std::any_of(attributes.begin(), attributes.end(), [&](const auto& a) { return a->id == id; });
}

Columns Known(const Decorrelated& query) {
  Columns columns;
  for (const auto& [id, attribute] : query.known) columns[id] = attribute;
  return columns;
}

/// Columns that must reach the join with the outer query.
Attributes Carried(const Decorrelated& query) {
  Attributes out;
  const auto add = [&](const AttributePtr& a) {
    if (!Has(out, a->id)) out.push_back(a);
  };
  for (const auto& key : query.keys) add(key.inner);
  for (const auto& [id, attribute] : query.known) add(attribute);
  const Attributes columns = query.plan->output();
  for (const auto& condition : query.conditions)
    for (ExprId id : References(condition))
      for (const auto& column : columns)
        if (column->id == id) add(column);
  return out;
}

Result<ExprPtr> Equality(const CorrelationKey& key, const ExprPtr& outer) {
  return MakeCall(key.null_safe ? "<=>" : "=", {key.inner, outer});
}

class Decorrelator {
 public:
  explicit Decorrelator(PlanPtr outer) : outer_(std::move(outer)) {}

  /// `needed`: outer columns that must be `known` in the result. `exact`: rows of different outer rows may not mix, so
  /// that nothing but keys may be left to the join. `top`: only projections are above, in a scalar subquery.
  Result<Decorrelated> Rewrite(const PlanPtr& plan, const IdSet& needed, bool exact, bool top) {
    if (!HasOuterReferences(plan)) {
      Decorrelated query{plan, {}, {}, {}, {}, nullptr};
      return needed.empty() ? query : JoinDomain(std::move(query), needed);
    }
    switch (plan->kind) {
      case PlanKind::kFilter: return RewriteFilter(*As<Filter>(plan), needed, exact);
      case PlanKind::kProject: return RewriteProject(*As<Project>(plan), needed, exact, top);
      case PlanKind::kAggregate: return RewriteAggregate(*As<Aggregate>(plan), needed, top);
      case PlanKind::kDistinct: return RewriteUnary(plan, needed, true);
      case PlanKind::kSort:
      case PlanKind::kGenerate:
      case PlanKind::kHint:
      case PlanKind::kRepartition:
      case PlanKind::kSample: return RewriteUnary(plan, needed, exact);
      case PlanKind::kWindow: return RewriteWindow(*As<Window>(plan), needed);
      case PlanKind::kExpand: return RewriteExpand(*As<Expand>(plan), needed);
      case PlanKind::kLimit:
      case PlanKind::kOffset: return RewriteLimit(plan, needed);
      case PlanKind::kJoin: return RewriteJoin(*As<Join>(plan), needed, exact);
      case PlanKind::kUnion:
      case PlanKind::kSetOperation: return RewriteSetOperation(plan);
      default: return UnsupportedFeature("a column of the outer query below " + PlanNodeString(*plan), &plan->origin);
    }
  }

 private:
  /// The distinct values of outer columns, under new ids.
  Result<PlanPtr> Domain(const IdSet& ids, std::map<ExprId, AttributePtr>* known) {
    ExprList list;
    for (const auto& column : outer_->output()) {
      if (!ids.count(column->id) || known->count(column->id)) continue;
      ExprPtr alias = MakeAlias(column, column->name);
      list.push_back(alias);
      (*known)[column->id] = ToAttribute(alias);
    }
    if (list.size() != ids.size()) return UnsupportedFeature("a column of a query two levels around a subquery");
    for (const auto& column : list)
      if (column->type->id() == TypeId::kMap)
        return MakeError(
            "UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.UNSUPPORTED_CORRELATED_REFERENCE_DATA_TYPE",
            {{"expr", InDoubleQuotes(As<Alias>(column)->name)}, {"dataType", InDoubleQuotes(column->type->sql())}});
    auto distinct = std::make_shared<Distinct>();
    distinct->children = {MakeProject(outer_, std::move(list))};
    distinct->resolved = true;
    return PlanPtr(distinct);
  }

  static ExprPtr ReferenceTo(ExprId id, const Attribute& column) {
    auto outer = std::make_shared<OuterReference>();
    outer->id = id;
    outer->name = column.name;
    outer->type = column.type;
    outer->nullable = column.nullable;
    return outer;
  }

  Result<Decorrelated> JoinDomain(Decorrelated query, const IdSet& needed) {
    IdSet missing;
    for (ExprId id : needed)
      if (!query.known.count(id)) missing.insert(id);
    if (missing.empty()) return query;
    std::map<ExprId, AttributePtr> columns;
    ARROW_ASSIGN_OR_RAISE(PlanPtr domain, Domain(missing, &columns));
    query.plan = MakeJoin(JoinType::kInner, query.plan, domain, {});
    for (const auto& [id, column] : columns) {
      query.known[id] = column;
      query.keys.push_back({column, ReferenceTo(id, *column), true});
    }
    return query;
  }

  /// inner = outer, whichever way round.
  static bool AsKey(const ExprPtr& conjunct, ExprPtr* inner, ExprPtr* outer, bool* null_safe) {
    const auto* call = As<Call>(conjunct);
    if (!call || call->children.size() != 2) return false;
    const std::string_view name = call->def->name;
    if (name != "=" && name != "==" && name != "<=>") return false;
    *null_safe = name == "<=>";
    for (int side : {0, 1}) {
      const ExprPtr &a = call->children[static_cast<size_t>(side)], &b = call->children[static_cast<size_t>(1 - side)];
      if (References(a).empty() || !OuterIds({a}).empty() || !References(b).empty() || OuterIds({b}).empty()) continue;
      if (!IsDeterministic(a) || !IsDeterministic(b)) return false;
      *inner = a;
      *outer = b;
      return true;
    }
    return false;
  }

  Result<Decorrelated> RewriteFilter(const Filter& filter, const IdSet& needed, bool exact) {
    ExprList local, conditions;
    struct Found {
      ExprPtr inner, outer;
      bool null_safe;
    };
    std::vector<Found> found;
    IdSet below, told;
    for (const auto& conjunct : SplitConjunction(filter.condition)) {
      ExprPtr inner, outer;
      bool null_safe = false;
      if (OuterIds({conjunct}).empty()) {
        local.push_back(conjunct);
      } else if (AsKey(conjunct, &inner, &outer, &null_safe)) {
        found.push_back({inner, outer, null_safe});
        if (const auto* reference = As<OuterReference>(outer)) told.insert(reference->id);
      } else if (exact) {
        local.push_back(conjunct);
        AddOuterIds(conjunct, &below);
      } else {
        conditions.push_back(conjunct);
      }
    }
    below.insert(needed.begin(), needed.end());
    for (ExprId id : told) below.erase(id);
    ARROW_ASSIGN_OR_RAISE(Decorrelated query, Rewrite(filter.children[0], below, exact, false));
    ExprList computed;
    for (const auto& key : found) {
      AttributePtr column = As<Attribute>(key.inner) ? ToAttribute(key.inner) : nullptr;
      if (!column) {
        computed.push_back(MakeAlias(key.inner, "key"));
        column = ToAttribute(computed.back());
      }
      query.keys.push_back({column, key.outer, key.null_safe});
      if (const auto* reference = As<OuterReference>(key.outer)) query.known.emplace(reference->id, column);
    }
    if (!computed.empty()) {
      Attributes output = query.plan->output();
      ExprList list(output.begin(), output.end());
      list.insert(list.end(), computed.begin(), computed.end());
      query.plan = MakeProject(query.plan, std::move(list));
    }
    const Columns known = Known(query);
    for (auto& conjunct : local) conjunct = ReplaceOuter(conjunct, known);
    query.plan = MakeFilter(query.plan, local);
    query.conditions.insert(query.conditions.end(), conditions.begin(), conditions.end());
    query.unmatched.clear();
    return query;
  }

  Result<Decorrelated> RewriteProject(const Project& project, const IdSet& needed, bool exact, bool top) {
    ARROW_ASSIGN_OR_RAISE(Decorrelated query,
                          Rewrite(project.children[0], Merged(needed, OuterIds(project.list)), exact, top));
    const Columns known = Known(query);
    ExprList list;
    for (const auto& item : project.list) list.push_back(ReplaceOuter(item, known));
    if (query.matched) {
      Substitution values(query.unmatched.begin(), query.unmatched.end());
      query.unmatched.clear();
      for (const auto& item : project.list) {
        ExprPtr value = Substitute(As<Alias>(item) ? item->children[0] : item, values);
        query.unmatched[ToAttribute(item)->id] = value;
      }
    }
    Attributes carried = Carried(query);
    if (query.matched) carried.push_back(query.matched);
    for (const auto& column : carried) {
      bool given = false;
      for (const auto& item : list) given = given || ToAttribute(item)->id == column->id;
      if (!given) list.push_back(column);
    }
    query.plan = MakeProject(query.plan, std::move(list));
    return query;
  }

  Result<Decorrelated> RewriteAggregate(const Aggregate& aggregate, const IdSet& needed, bool top) {
    ARROW_ASSIGN_OR_RAISE(Decorrelated query, Rewrite(aggregate.children[0],
                                                      Merged(needed, OuterIds(aggregate.expressions())), true, false));
    const Columns known = Known(query);
    auto copy = std::static_pointer_cast<Aggregate>(aggregate.Clone());
    ExprList expressions;
    for (const auto& e : aggregate.expressions()) expressions.push_back(ReplaceOuter(e, known));
    copy->set_expressions(std::move(expressions));
    copy->children = {query.plan};
    const Attributes carried = Carried(query);
    for (const auto& column : carried) {
      bool grouped = false, given = false;
      for (const auto& g : copy->grouping)
        grouped = grouped || (As<Attribute>(g) && As<Attribute>(g)->id == column->id);
      for (const auto& item : copy->aggregates) given = given || ToAttribute(item)->id == column->id;
      if (!grouped) copy->grouping.push_back(column);
      if (!given) copy->aggregates.push_back(column);
    }
    query.plan = copy;
    if (!aggregate.grouping.empty() || carried.empty()) return query;
    // A global aggregate gives a row for every outer row; grouped by the keys it has none where there was no input.
    for (const auto& item : aggregate.aggregates) {
      const auto* alias = As<Alias>(item);
      if (!alias) continue;
      ARROW_ASSIGN_OR_RAISE(ExprPtr value, TransformUp(alias->children[0], [](const ExprPtr& e) -> Result<ExprPtr> {
                              const auto* call = As<AggregateCall>(e);
                              return call ? ValueOverNothing(*call) : Result<ExprPtr>(e);
                            }));
      query.unmatched[alias->id] = value;
    }
    ExprPtr mark = MakeAlias(MakeLiteral(BooleanValue(true)), "matched");
    Attributes output = query.plan->output();
    ExprList list(output.begin(), output.end());
    list.push_back(mark);
    query.plan = MakeProject(query.plan, std::move(list));
    query.matched = ToAttribute(mark);
    if (top) return query;
    return AddMissingGroups(std::move(query), aggregate);
  }

  /// Left outer join of the outer values with the groups, so that each has its row below whatever is above.
  Result<Decorrelated> AddMissingGroups(Decorrelated query, const Aggregate& aggregate) {
    IdSet ids;
    for (const auto& key : query.keys) AddOuterIds(key.outer, &ids);
    Decorrelated full{nullptr, {}, {}, {}, {}, nullptr};
    ARROW_ASSIGN_OR_RAISE(PlanPtr domain, Domain(ids, &full.known));
    for (const auto& [id, column] : full.known) full.keys.push_back({column, ReferenceTo(id, *column), true});
    const Columns columns = Known(full);
    ExprList on;
    for (const auto& key : query.keys) {
      ARROW_ASSIGN_OR_RAISE(ExprPtr equal, Equality(key, ReplaceOuter(key.outer, columns)));
      on.push_back(equal);
    }
    PlanPtr join = MakeJoin(JoinType::kLeftOuter, domain, query.plan, on);
    ARROW_ASSIGN_OR_RAISE(ExprPtr missing, MakeCall("isnull", {query.matched}));
    ExprList list;
    for (const auto& item : aggregate.aggregates) {
      AttributePtr column = ToAttribute(item);
      auto alias = std::make_shared<Alias>();
      alias->name = column->name;
      alias->id = column->id;
      ExprPtr unmatched = query.unmatched.count(column->id) ? ReplaceOuter(query.unmatched[column->id], columns)
                                                            : MakeLiteral(NullValue(*column->type));
      ARROW_ASSIGN_OR_RAISE(ExprPtr value, MakeCall("if", {missing, unmatched, column}));
      alias->children = {value};
      alias->type = column->type;
      alias->nullable = column->nullable;
      list.push_back(alias);
    }
    for (const auto& [id, column] : full.known) list.push_back(column);
    full.plan = MakeProject(join, std::move(list));
    return full;
  }

  Result<Decorrelated> RewriteUnary(const PlanPtr& plan, const IdSet& needed, bool exact) {
    ARROW_ASSIGN_OR_RAISE(Decorrelated query,
                          Rewrite(plan->children[0], Merged(needed, OuterIds(plan->expressions())), exact, false));
    const Columns known = Known(query);
    auto copy = plan->Clone();
    ExprList expressions;
    for (const auto& e : plan->expressions()) expressions.push_back(ReplaceOuter(e, known));
    if (!expressions.empty()) copy->set_expressions(std::move(expressions));
    copy->children = {query.plan};
    query.plan = copy;
    return query;
  }

  Result<Decorrelated> RewriteWindow(const Window& window, const IdSet& needed) {
    ARROW_ASSIGN_OR_RAISE(
        Decorrelated query,
        Rewrite(window.children[0], Merged(needed, OuterIds(window.window_expressions)), true, false));
    const Columns known = Known(query);
    const Attributes carried = Carried(query);
    auto copy = std::static_pointer_cast<Window>(window.Clone());
    for (auto& item : copy->window_expressions) {
      item = ReplaceOuter(item, known);
      auto expr = std::static_pointer_cast<WindowExpression>(item->children[0]->Clone());
      expr->children.insert(expr->children.begin() + 1, carried.begin(), carried.end());
      expr->num_partition_keys += static_cast<int>(carried.size());
      item = item->WithChildren({expr});
    }
    copy->children = {query.plan};
    query.plan = copy;
    return query;
  }

  Result<Decorrelated> RewriteExpand(const Expand& expand, const IdSet& needed) {
    ARROW_ASSIGN_OR_RAISE(Decorrelated query,
                          Rewrite(expand.children[0], Merged(needed, OuterIds(expand.expressions())), true, false));
    const Columns known = Known(query);
    auto copy = std::static_pointer_cast<Expand>(expand.Clone());
    for (auto& projection : copy->projections)
      for (auto& e : projection) e = ReplaceOuter(e, known);
    for (const auto& column : Carried(query)) {
      if (Has(copy->attributes, column->id)) continue;
      copy->attributes.push_back(column);
      for (auto& projection : copy->projections) projection.push_back(column);
    }
    copy->children = {query.plan};
    query.plan = copy;
    return query;
  }

  /// LIMIT n of each outer row: the first n by row_number over the keys.
  Result<Decorrelated> RewriteLimit(const PlanPtr& plan, const IdSet& needed) {
    ARROW_ASSIGN_OR_RAISE(Decorrelated query, Rewrite(plan->children[0], needed, true, false));
    const Attributes carried = Carried(query);
    if (carried.empty()) {
      query.plan = plan->WithChildren({query.plan});
      return query;
    }
    ExprList orders;
    const LogicalPlan* below = query.plan.get();
    while (below->kind == PlanKind::kProject || below->kind == PlanKind::kFilter) below = below->children[0].get();
    if (const auto* sort = As<Sort>(*below)) orders = sort->orders;
    const Attributes output = query.plan->output();
    const bool visible = std::all_of(orders.begin(), orders.end(), [&](const auto& order) {
      const auto ids = References(order);
      return std::all_of(ids.begin(), ids.end(), [&](ExprId id) { return Has(output, id); });
    });
    if (!visible)
      return UnsupportedFeature("LIMIT of a correlated subquery ordered by a column that it does not give",
                                &plan->origin);
    auto expr = std::make_shared<WindowExpression>();
    ARROW_ASSIGN_OR_RAISE(ExprPtr row_number, MakeCall("row_number", {}));
    expr->children = {row_number};
    expr->children.insert(expr->children.end(), carried.begin(), carried.end());
    expr->num_partition_keys = static_cast<int>(carried.size());
    expr->children.insert(expr->children.end(), orders.begin(), orders.end());
    expr->unit = FrameUnit::kRows;
    expr->lower = FrameBound{FrameBound::Kind::kUnboundedPreceding, nullptr};
    expr->upper = FrameBound{FrameBound::Kind::kCurrentRow, nullptr};
    expr->type = DataType::Integer();
    expr->nullable = false;
    auto window = std::make_shared<Window>();
    window->window_expressions = {MakeAlias(expr, "row_number")};
    window->children = {query.plan};
    window->resolved = true;
    const AttributePtr number = ToAttribute(window->window_expressions[0]);
    ARROW_ASSIGN_OR_RAISE(ExprPtr within,
                          MakeCall(plan->kind == PlanKind::kLimit ? "<=" : ">", {number, plan->expressions()[0]}));
    query.plan = MakeProject(MakeFilter(window, {within}), {output.begin(), output.end()});
    return query;
  }

  Result<Decorrelated> RewriteJoin(const Join& join, const IdSet& needed, bool exact) {
    if (join.type == JoinType::kRightOuter) {
      auto mirrored = std::static_pointer_cast<Join>(join.Clone());
      mirrored->type = JoinType::kLeftOuter;
      mirrored->children = {join.children[1], join.children[0]};
      const Attributes output = join.output();
      return RewriteProject(*As<Project>(MakeProject(mirrored, {output.begin(), output.end()})), needed, exact, false);
    }
    if (join.type == JoinType::kFullOuter)
      return UnsupportedFeature("a column of the outer query below a full outer join", &join.origin);
    const bool inner = join.type == JoinType::kInner || join.type == JoinType::kCross;
    ExprList on = join.condition ? SplitConjunction(join.condition) : ExprList{};
    if (inner && !OuterIds(on).empty()) {  // the condition is as good as a filter above
      auto bare = std::static_pointer_cast<Join>(join.Clone());
      ExprList local, outer;
      for (const auto& c : on) (OuterIds({c}).empty() ? local : outer).push_back(c);
      bare->condition = JoinConjuncts(local);
      return RewriteFilter(*As<Filter>(MakeFilter(bare, outer)), needed, exact);
    }
    const bool right_outer = HasOuterReferences(join.children[1]);
    if (inner && !(HasOuterReferences(join.children[0]) && right_outer)) {
      // One side has it all.
      const size_t side = right_outer ? 1 : 0;
      ARROW_ASSIGN_OR_RAISE(Decorrelated query, Rewrite(join.children[side], needed, exact, false));
      std::vector<PlanPtr> children = join.children;
      children[side] = query.plan;
      query.plan = Arrange(join.WithChildren(std::move(children)), join.output(), query);
      return query;
    }
    IdSet right_needs = OuterIds(on);
    Decorrelated right{join.children[1], {}, {}, {}, {}, nullptr};
    if (right_outer) {
      ARROW_ASSIGN_OR_RAISE(right, Rewrite(join.children[1], {}, true, false));
    }
    IdSet left_needs = Merged(needed, right_needs);
    for (const auto& key : right.keys) AddOuterIds(key.outer, &left_needs);
    ARROW_ASSIGN_OR_RAISE(Decorrelated query, Rewrite(join.children[0], left_needs, exact, false));
    const Columns known = Known(query);
    for (auto& c : on) c = ReplaceOuter(c, known);
    for (const auto& key : right.keys) {
      ARROW_ASSIGN_OR_RAISE(ExprPtr equal, Equality(key, ReplaceOuter(key.outer, known)));
      on.push_back(equal);
    }
    auto copy = std::static_pointer_cast<Join>(join.Clone());
    copy->children = {query.plan, right.plan};
    copy->condition = JoinConjuncts(on);
    if (copy->condition && copy->type == JoinType::kCross) copy->type = JoinType::kInner;
    query.plan = Arrange(copy, join.output(), query);
    return query;
  }

  /// The columns of `output` first, as they were, then those carried.
  static PlanPtr Arrange(const PlanPtr& plan, const Attributes& output, const Decorrelated& query) {
    Decorrelated with = query;
    with.plan = plan;
    ExprList list(output.begin(), output.end());
    for (const auto& column : Carried(with))
      if (!Has(output, column->id)) list.push_back(column);
    return MakeProject(plan, std::move(list));
  }

  /// Every branch with the outer values as further columns.
  Result<Decorrelated> RewriteSetOperation(const PlanPtr& plan) {
    IdSet ids;
    AddOuterIds(plan, &ids);
    std::vector<PlanPtr> children;
    Attributes first;
    for (const auto& child : plan->children) {
      ARROW_ASSIGN_OR_RAISE(Decorrelated query, Rewrite(child, ids, true, false));
      const Columns known = Known(query);
      ExprList local, list;
      for (const auto& key : query.keys) {
        if (As<OuterReference>(key.outer) && query.known[As<OuterReference>(key.outer)->id]->id == key.inner->id &&
            key.null_safe)
          continue;
        ARROW_ASSIGN_OR_RAISE(ExprPtr equal, Equality(key, ReplaceOuter(key.outer, known)));
        local.push_back(equal);
      }
      for (const auto& column : child->output()) list.push_back(column);
      for (ExprId id : ids) list.push_back(MakeAlias(query.known[id], query.known[id]->name));
      children.push_back(MakeProject(MakeFilter(query.plan, local), std::move(list)));
      if (first.empty()) first = children.back()->output();
    }
    Decorrelated result{nullptr, {}, {}, {}, {}, nullptr};
    const size_t width = plan->children[0]->output().size();
    auto copy = plan->Clone();
    copy->children = children;
    size_t next = width;
    for (ExprId id : ids) {
      AttributePtr column = first[next++];
      if (copy->kind == PlanKind::kUnion) {
        auto fresh = std::make_shared<Attribute>(*column);
        fresh->id = NextExprId();
        fresh->nullable = true;
        column = fresh;
        static_cast<Union*>(copy.get())->attributes.push_back(column);
      }
      result.known[id] = column;
      result.keys.push_back({column, ReferenceTo(id, *column), true});
    }
    result.plan = copy;
    return result;
  }

  PlanPtr outer_;
};

}  // namespace

Result<Decorrelated> Decorrelate(const PlanPtr& plan, const PlanPtr& outer, bool scalar) {
  return Decorrelator(outer).Rewrite(plan, {}, false, scalar);
}

bool HasOuterReferences(const PlanPtr& plan) {
  IdSet ids;
  AddOuterIds(plan, &ids);
  return !ids.empty();
}

ExprPtr ReplaceOuter(const ExprPtr& expr, const Columns& columns) {
  auto replaced = TransformUp(expr, [&](const ExprPtr& e) -> Result<ExprPtr> {
    const auto* outer = As<OuterReference>(e);
    if (!outer) return e;
    auto it = columns.find(outer->id);
    return it == columns.end() ? e : it->second;
  });
  return *replaced;  // the rule has no error
}

Result<ExprList> Conjuncts(const Decorrelated& query, const Columns& columns) {
  ExprList out;
  for (const auto& key : query.keys) {
    ARROW_ASSIGN_OR_RAISE(ExprPtr equal, Equality(key, ReplaceOuter(key.outer, columns)));
    out.push_back(equal);
  }
  for (const auto& condition : query.conditions) out.push_back(ReplaceOuter(condition, columns));
  return out;
}

}  // namespace sluice::optimizer
