// WITH, SELECT, set operations, ORDER BY ... LIMIT.

#include "plan/transform.h"
#include "sql/parser_impl.h"
#include "sql/text.h"

namespace sluice::sql {

using plan::LogicalPlan;

namespace {

template <typename T>
std::shared_ptr<T> Over(PlanPtr child, Origin origin) {
  auto node = std::make_shared<T>();
  node->children = {std::move(child)};
  node->origin = std::move(origin);
  return node;
}

}  // namespace

Result<PlanPtr> Parser::Query() {
  SLUICE_ENTER();
  const int outer_height = height_;
  height_ = 0;
  const int start = Start();
  std::shared_ptr<plan::With> with;
  if (At(Keyword::kWITH)) {
    ARROW_ASSIGN_OR_RAISE(with, Ctes());
  }
  ARROW_ASSIGN_OR_RAISE(PlanPtr query, QueryTerm(0));
  ARROW_ASSIGN_OR_RAISE(query, QueryOrganization(std::move(query)));
  if (with) {
    ARROW_RETURN_NOT_OK(CheckCteNames(*with, start));
    with->children = {std::move(query)};
    with->origin = OriginSince(start);
    query = std::move(with);
  }
  height_ = std::max(outer_height, height_ + 1);
  return query;
}

Result<std::shared_ptr<plan::With>> Parser::Ctes() {
  ARROW_RETURN_NOT_OK(Expect(Keyword::kWITH));
  auto with = std::make_shared<plan::With>();
  if (At(Keyword::kRECURSIVE) && AtIdentifier(1) && !At(Keyword::kAS, 1)) {
    ++next_;
    with->recursive = true;
  }
  do {
    plan::With::Definition definition;
    ARROW_ASSIGN_OR_RAISE(definition.name, CapturingIdentifier());
    if (At("(") && !AtQueryStart(1)) {
      ARROW_ASSIGN_OR_RAISE(definition.column_aliases, IdentifierList());
    }
    Accept(Keyword::kAS);
    ARROW_RETURN_NOT_OK(Expect("("));
    ARROW_ASSIGN_OR_RAISE(definition.plan, Query());
    ARROW_RETURN_NOT_OK(Expect(")"));
    with->definitions.push_back(std::move(definition));
  } while (Accept(","));
  return with;
}

/// Once the whole statement is read: its text is what the error shows.
Status Parser::CheckCteNames(const plan::With& with, int start) const {
  std::string duplicates;
  for (size_t i = 0; i < with.definitions.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (!EqualsIgnoreCase(with.definitions[i].name, with.definitions[j].name)) continue;
      duplicates += (duplicates.empty() ? "" : ", ") + QuoteIdentifier(with.definitions[i].name);
      break;
    }
  }
  if (duplicates.empty()) return Status::OK();
  return ErrorSince(start, "DUPLICATED_CTE_NAMES", {{"duplicateNames", duplicates}});
}

// ---- set operations ------------------------------------------------------------------------------------------------

Result<PlanPtr> Parser::QueryTerm(int min_precedence) {
  const int start = Start();
  ARROW_ASSIGN_OR_RAISE(PlanPtr left, QueryPrimary());
  return ContinueQueryTerm(std::move(left), start, min_precedence);
}

/// INTERSECT (2) binds tighter than UNION, EXCEPT and MINUS (1).
Result<PlanPtr> Parser::ContinueQueryTerm(PlanPtr left, int start, int min_precedence) {
  for (;;) {
    if (At("|>") && min_precedence == 0) {
      ++next_;
      ARROW_RETURN_NOT_OK(Grow());
      ARROW_ASSIGN_OR_RAISE(left, PipeOperator(std::move(left), start));
      continue;
    }
    const Keyword keyword = Peek().keyword;
    const bool intersect = keyword == Keyword::kINTERSECT;
    if (!intersect && keyword != Keyword::kUNION && keyword != Keyword::kEXCEPT && keyword != Keyword::kMINUS)
      return left;
    const int precedence = intersect ? 2 : 1;
    if (precedence < min_precedence) return left;
    ++next_;
    const bool all = Accept(Keyword::kALL);
    if (!all) Accept(Keyword::kDISTINCT);
    ARROW_ASSIGN_OR_RAISE(PlanPtr right, QueryTerm(precedence + 1));
    ARROW_RETURN_NOT_OK(Grow());
    const Origin origin = OriginSince(start);
    if (keyword == Keyword::kUNION) {
      auto node = std::make_shared<plan::Union>();
      node->children = {std::move(left), std::move(right)};
      node->origin = origin;
      left = std::move(node);
      if (!all) left = Over<plan::Distinct>(std::move(left), origin);
    } else {
      auto node = std::make_shared<plan::SetOperation>();
      node->type = intersect ? plan::SetOperationType::kIntersect : plan::SetOperationType::kExcept;
      node->all = all;
      node->children = {std::move(left), std::move(right)};
      node->origin = origin;
      left = std::move(node);
    }
  }
}

Result<PlanPtr> Parser::ContinueQuery(PlanPtr left, int start) {
  ARROW_ASSIGN_OR_RAISE(left, ContinueQueryTerm(std::move(left), start, 0));
  return QueryOrganization(std::move(left));
}

Result<PlanPtr> Parser::QueryPrimary() {
  const int start = Start();
  if (At(Keyword::kSELECT)) return Select(nullptr);
  if (At(Keyword::kVALUES)) return Values();
  if (At(Keyword::kFROM)) {
    ARROW_ASSIGN_OR_RAISE(PlanPtr from, FromClause());
    if (At("|>")) return from;
    if (At(Keyword::kINSERT)) return Unsupported("INSERT after FROM (multi-insert)");
    return Select(std::move(from));
  }
  if (Accept(Keyword::kTABLE)) {
    auto relation = std::make_shared<plan::UnresolvedRelation>();
    ARROW_ASSIGN_OR_RAISE(relation->name, NameReference());
    return Finish(std::move(relation), start);
  }
  if ((At(Keyword::kMAP) || At(Keyword::kREDUCE)) && AtIdentifier(1)) return Unsupported("MAP and REDUCE scripts");
  if (Accept("(")) {
    ARROW_ASSIGN_OR_RAISE(PlanPtr query, Query());
    ARROW_RETURN_NOT_OK(Expect(")"));
    return query;
  }
  return SyntaxError();
}

Result<PlanPtr> Parser::QueryOrganization(PlanPtr child) {
  const int start = Start();
  ExprList order, sort, distribute, cluster;
  if (AcceptWords({Keyword::kORDER, Keyword::kBY})) {
    ARROW_ASSIGN_OR_RAISE(order, SortItems());
  }
  if (AcceptWords({Keyword::kCLUSTER, Keyword::kBY})) {
    ARROW_ASSIGN_OR_RAISE(cluster, Expressions());
  }
  if (AcceptWords({Keyword::kDISTRIBUTE, Keyword::kBY})) {
    ARROW_ASSIGN_OR_RAISE(distribute, Expressions());
  }
  if (AcceptWords({Keyword::kSORT, Keyword::kBY})) {
    ARROW_ASSIGN_OR_RAISE(sort, SortItems());
  }
  const int kinds = !order.empty() + !cluster.empty() + (!distribute.empty() || !sort.empty());
  if (kinds > 1) return ErrorSince(start, "UNSUPPORTED_FEATURE.COMBINATION_QUERY_RESULT_CLAUSES");
  if (kinds > 0) {
    ExprList keys = cluster.empty() ? distribute : cluster;
    if (!keys.empty()) {
      auto repartition = Over<plan::Repartition>(std::move(child), OriginSince(start));
      repartition->keys = std::move(keys);
      child = std::move(repartition);
    }
    for (const auto& key : cluster) {
      auto item = std::make_shared<plan::SortOrder>();
      item->children = {key};
      item->origin = key->origin;
      sort.push_back(std::move(item));
    }
    if (!order.empty() || !sort.empty()) {
      auto node = Over<plan::Sort>(std::move(child), OriginSince(start));
      node->global = !order.empty();
      node->orders = order.empty() ? std::move(sort) : std::move(order);
      if (node->global && node->orders.size() == 1) {
        const auto* name = plan::As<plan::UnresolvedAttribute>(node->orders[0]->children[0]);
        node->order_by_all = name != nullptr && name->parts.size() == 1 && EqualsIgnoreCase(name->parts[0], "all");
      }
      child = std::move(node);
    }
  }
  if (At(Keyword::kWINDOW) && AtClause()) ARROW_RETURN_NOT_OK(WindowClause());
  ExprPtr limit;
  const int limit_start = Start();
  if (Accept(Keyword::kLIMIT) && !Accept(Keyword::kALL)) {
    ARROW_ASSIGN_OR_RAISE(limit, Expression());
  }
  if (Accept(Keyword::kOFFSET)) {
    ARROW_ASSIGN_OR_RAISE(ExprPtr count, Expression());
    auto node = Over<plan::Offset>(std::move(child), OriginSince(limit_start));
    node->count = std::move(count);
    child = std::move(node);
  }
  if (limit) {
    auto node = Over<plan::Limit>(std::move(child), OriginSince(limit_start));
    node->count = std::move(limit);
    child = std::move(node);
  }
  return child;
}

// ---- SELECT --------------------------------------------------------------------------------------------------------

Status Parser::SelectHints(std::vector<std::shared_ptr<plan::Hint>>* hints) {
  while (Peek().kind == TokenKind::kHintStart) {
    ++next_;
    do {
      const int start = Start();
      auto hint = std::make_shared<plan::Hint>();
      ARROW_ASSIGN_OR_RAISE(hint->name, Identifier());
      if (Accept("(")) {
        do {
          ARROW_ASSIGN_OR_RAISE(const ExprPtr parameter, Expression(kUnaryPrecedence));
          hint->parameters.push_back(plan::ExpressionName(*parameter, options_.time_zone));
        } while (Accept(","));
        ARROW_RETURN_NOT_OK(Expect(")"));
      }
      hint->origin = OriginSince(start);
      hints->push_back(std::move(hint));
      Accept(",");
    } while (AtIdentifier());
    if (Peek().kind != TokenKind::kHintEnd) return SyntaxError();
    ++next_;
  }
  return Status::OK();
}

Result<PlanPtr> Parser::Select(PlanPtr from) {
  SLUICE_ENTER();
  const int start = Start();
  const bool outer_names_used = window_names_used_;
  window_names_used_ = false;
  ARROW_RETURN_NOT_OK(Expect(Keyword::kSELECT));
  std::vector<std::shared_ptr<plan::Hint>> hints;
  ARROW_RETURN_NOT_OK(SelectHints(&hints));
  bool distinct = false;
  if (At(Keyword::kDISTINCT) && !AtTerminator(1)) {
    ++next_;
    distinct = true;
  } else if (At(Keyword::kALL) && !AtTerminator(1)) {
    ++next_;
  }
  ExprList list;
  do {
    if (!list.empty() && At(Keyword::kFROM) && AtClause()) {
      return ErrorSince(lexed_.tokens[next_ - 1].start, "TRAILING_COMMA_IN_SELECT");
    }
    ARROW_ASSIGN_OR_RAISE(ExprPtr item, NamedExpression());
    list.push_back(std::move(item));
  } while (Accept(","));

  PlanPtr child = std::move(from);
  if (!child && At(Keyword::kFROM)) {
    ARROW_ASSIGN_OR_RAISE(child, FromClause());
  }
  if (!child) {
    auto one = std::make_shared<plan::OneRow>();
    one->origin = OriginSince(start);
    child = std::move(one);
  }
  ARROW_ASSIGN_OR_RAISE(child, LateralViews(std::move(child)));
  std::shared_ptr<plan::Filter> where;
  if (Accept(Keyword::kWHERE)) {
    ARROW_ASSIGN_OR_RAISE(ExprPtr condition, Expression());
    where = Over<plan::Filter>(std::move(child), {});
    where->condition = std::move(condition);
    child = where;
  }
  const bool grouped = AcceptWords({Keyword::kGROUP, Keyword::kBY});
  PlanPtr group;
  if (grouped) {
    ARROW_ASSIGN_OR_RAISE(group, GroupBy());
  }
  ExprPtr having;
  if (Accept(Keyword::kHAVING)) {
    ARROW_ASSIGN_OR_RAISE(having, Expression());
  }
  if (At(Keyword::kWINDOW) && AtClause()) ARROW_RETURN_NOT_OK(WindowClause());
  if (window_names_used_) {
    for (auto& item : list) {
      ARROW_ASSIGN_OR_RAISE(item, ResolveWindows(item));
    }
  }
  windows_.clear();
  window_names_used_ = outer_names_used;

  for (auto& item : list) {
    if (item->kind == plan::ExprKind::kAlias || item->kind == plan::ExprKind::kMultiAlias ||
        item->kind == plan::ExprKind::kUnresolvedStar) {
      continue;
    }
    auto named = std::make_shared<plan::UnresolvedAlias>();
    named->origin = item->origin;
    named->children = {std::move(item)};
    item = std::move(named);
  }
  PlanPtr out;
  const Origin origin = OriginSince(start);  // WHERE and HAVING are blamed on the whole query as well
  if (where) where->origin = origin;
  if (group || having) {
    auto aggregate = group ? std::make_shared<plan::Aggregate>(static_cast<const plan::Aggregate&>(*group))
                           : std::make_shared<plan::Aggregate>();
    aggregate->children = {std::move(child)};
    aggregate->aggregates = std::move(list);
    aggregate->origin = origin;
    out = std::move(aggregate);
    if (having) {
      auto filter = Over<plan::Filter>(std::move(out), origin);
      filter->condition = std::move(having);
      filter->having = true;
      out = std::move(filter);
    }
  } else {
    auto project = Over<plan::Project>(std::move(child), origin);
    project->list = std::move(list);
    out = std::move(project);
  }
  if (distinct) out = Over<plan::Distinct>(std::move(out), origin);
  for (auto it = hints.rbegin(); it != hints.rend(); ++it) {
    (*it)->children = {std::move(out)};
    out = *it;
  }
  return out;
}

// ---- named windows -------------------------------------------------------------------------------------------------

Status Parser::WindowClause() {
  const int start = Start();
  ARROW_RETURN_NOT_OK(Expect(Keyword::kWINDOW));
  windows_.clear();
  do {
    ARROW_ASSIGN_OR_RAISE(std::string name, CapturingIdentifier());
    ARROW_RETURN_NOT_OK(Expect(Keyword::kAS));
    const bool used = window_names_used_;
    ARROW_ASSIGN_OR_RAISE(ExprPtr definition, WindowSpec(Lit(NullValue(), Start()), Start()));
    window_names_used_ = used;
    const auto* window = plan::As<plan::WindowExpression>(definition);
    for (const auto& [other, spec] : windows_) {
      if (EqualsIgnoreCase(other, name)) {
        return ErrorSince(start, "INVALID_SQL_SYNTAX.REPETITIVE_WINDOW_DEFINITION",
                          {{"windowName", QuoteIdentifier(name)}});
      }
      if (!window->window_name.empty() && EqualsIgnoreCase(other, window->window_name)) definition = spec;
    }
    if (!window->window_name.empty() && plan::As<plan::WindowExpression>(definition) == window) {
      return ErrorSince(start, "INVALID_SQL_SYNTAX.UNRESOLVED_WINDOW_REFERENCE",
                        {{"windowName", QuoteIdentifier(window->window_name)}});
    }
    windows_.emplace_back(std::move(name), std::move(definition));
  } while (Accept(","));
  return Status::OK();
}

Result<ExprPtr> Parser::ResolveWindows(ExprPtr expr) {
  return plan::TransformUp(expr, [this](const ExprPtr& node) -> Result<ExprPtr> {
    const auto* window = plan::As<plan::WindowExpression>(node);
    if (window == nullptr || window->window_name.empty()) return node;
    for (const auto& [name, definition] : windows_) {
      if (!EqualsIgnoreCase(name, window->window_name)) continue;
      auto copy = definition->Clone();
      copy->children[0] = window->children[0];
      copy->origin = window->origin;
      return ExprPtr(std::move(copy));
    }
    return MakeError("MISSING_WINDOW_SPECIFICATION",
                     {{"windowName", window->window_name}, {"docroot", "https://spark.apache.org/docs/latest"}},
                     &window->origin);
  });
}

}  // namespace sluice::sql
