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
    if (!intersect && keyword != Keyword::kUNION && keyword != Keyword::kEXCEPT && keyword != Keyword::kMINUS) return left;
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
  if (At(Keyword::kWHERE)) {
    const int at = Start();
    ++next_;
    ARROW_ASSIGN_OR_RAISE(ExprPtr condition, Expression());
    auto filter = Over<plan::Filter>(std::move(child), OriginSince(at));
    filter->condition = std::move(condition);
    child = std::move(filter);
  }
  const bool grouped = AcceptWords({Keyword::kGROUP, Keyword::kBY});
  PlanPtr group;
  if (grouped) {
    ARROW_ASSIGN_OR_RAISE(group, GroupBy());
  }
  ExprPtr having;
  const int having_start = Start();
  if (Accept(Keyword::kHAVING)) {
    ARROW_ASSIGN_OR_RAISE(having, Expression());
  }
  const Origin having_origin = OriginSince(having_start);
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
  const Origin origin = OriginSince(start);
  if (group || having) {
    auto aggregate = group ? std::make_shared<plan::Aggregate>(static_cast<const plan::Aggregate&>(*group))
                           : std::make_shared<plan::Aggregate>();
    aggregate->children = {std::move(child)};
    aggregate->aggregates = std::move(list);
    aggregate->origin = origin;
    out = std::move(aggregate);
    if (having) {
      auto filter = Over<plan::Filter>(std::move(out), having_origin);
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
        return ErrorSince(start, "INVALID_SQL_SYNTAX.REPETITIVE_WINDOW_DEFINITION", {{"windowName", QuoteIdentifier(name)}});
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
                     {{"windowName", window->window_name}, {"docroot", "https://spark.apache.org/docs/latest"}}, &window->origin);
  });
}

// ---- GROUP BY ------------------------------------------------------------------------------------------------------

Result<ExprList> Parser::GroupingSet() {
  if (!At("(")) {
    ARROW_ASSIGN_OR_RAISE(ExprPtr expr, Expression());
    return ExprList{std::move(expr)};
  }
  if (At(")", 1)) {
    next_ += 2;
    return ExprList{};
  }
  // "(a, b)" is a set; "(a + b) * 2" an expression.
  ARROW_ASSIGN_OR_RAISE(ExprPtr expr, Expression());
  const auto* row = plan::As<plan::UnresolvedFunction>(expr);
  if (row != nullptr && row->is_operator && row->name[0] == "struct") return expr->children;
  return ExprList{std::move(expr)};
}

/// ROLLUP (...), CUBE (...) or GROUPING SETS (...), written out as its grouping sets.
Result<std::vector<ExprList>> Parser::GroupingAnalytics() {
  SLUICE_ENTER();
  const int start = Start();
  std::vector<ExprList> out;
  const bool sets = AcceptWords({Keyword::kGROUPING, Keyword::kSETS});
  const bool rollup = !sets && Accept(Keyword::kROLLUP);
  if (!sets && !rollup) ARROW_RETURN_NOT_OK(Expect(Keyword::kCUBE));
  ARROW_RETURN_NOT_OK(Expect("("));
  std::vector<ExprList> elements;
  do {
    const bool nested = AtWords({Keyword::kGROUPING, Keyword::kSETS}) ||
                        (AtAny({Keyword::kROLLUP, Keyword::kCUBE}) && At("(", 1));
    if (sets && nested) {
      ARROW_ASSIGN_OR_RAISE(std::vector<ExprList> inner, GroupingAnalytics());
      elements.insert(elements.end(), inner.begin(), inner.end());
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(ExprList set, GroupingSet());
    if (!sets && set.empty()) {
      return ErrorSince(start, "_LEGACY_ERROR_TEMP_0051", {{"element", rollup ? "ROLLUP" : "CUBE"}});
    }
    elements.push_back(std::move(set));
  } while (Accept(","));
  ARROW_RETURN_NOT_OK(Expect(")"));
  if (sets) return elements;
  return rollup ? RollupSets(elements) : CubeSets(elements);
}

std::vector<ExprList> Parser::RollupSets(const std::vector<ExprList>& elements) {
  std::vector<ExprList> out;
  for (size_t count = elements.size() + 1; count-- > 0;) {
    ExprList set;
    for (size_t i = 0; i < count; ++i) set.insert(set.end(), elements[i].begin(), elements[i].end());
    out.push_back(std::move(set));
  }
  return out;
}

Result<std::vector<ExprList>> Parser::CubeSets(const std::vector<ExprList>& elements) {
  constexpr size_t kMaxCube = 12;
  if (elements.size() > kMaxCube) return TooComplex();
  std::vector<ExprList> out;
  // Fuller sets first, as Spark writes them out.
  for (size_t left_out = 0; left_out < (size_t{1} << elements.size()); ++left_out) {
    ExprList set;
    for (size_t i = 0; i < elements.size(); ++i) {
      const bool skip = (left_out >> (elements.size() - 1 - i)) & 1;
      if (!skip) set.insert(set.end(), elements[i].begin(), elements[i].end());
    }
    out.push_back(std::move(set));
  }
  return out;
}

/// One item of GROUP BY as the sets it stands for; a plain expression is one set of one.
Status Parser::GroupingItem(std::vector<std::vector<ExprList>>* factors, bool* analytics) {
  if (AtWords({Keyword::kGROUPING, Keyword::kSETS}) || (AtAny({Keyword::kROLLUP, Keyword::kCUBE}) && At("(", 1))) {
    *analytics = true;
    ARROW_ASSIGN_OR_RAISE(std::vector<ExprList> sets, GroupingAnalytics());
    factors->push_back(std::move(sets));
    return Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(ExprPtr expr, Expression());
  factors->push_back({{std::move(expr)}});
  return Status::OK();
}

/// After GROUP BY. The result is an Aggregate without its output list.
Result<PlanPtr> Parser::GroupBy() {
  std::vector<std::vector<ExprList>> factors;
  bool analytics = false;
  auto aggregate = std::make_shared<plan::Aggregate>();
  const Keyword first = Peek().keyword;
  do {
    ARROW_RETURN_NOT_OK(GroupingItem(&factors, &analytics));
  } while (Accept(","));
  if (!analytics) {
    std::vector<ExprList> elements;
    for (const auto& factor : factors) elements.push_back(factor[0]);
    if (factors.size() == 1) {
      const auto* name = plan::As<plan::UnresolvedAttribute>(elements[0][0]);
      if (name != nullptr && name->parts.size() == 1 && EqualsIgnoreCase(name->parts[0], "all")) {
        aggregate->grouping_kind = plan::GroupingKind::kAll;
      }
    }
    if (AcceptWords({Keyword::kWITH, Keyword::kROLLUP})) {
      aggregate->grouping_kind = plan::GroupingKind::kRollup;
      factors = {RollupSets(elements)};
    } else if (AcceptWords({Keyword::kWITH, Keyword::kCUBE})) {
      aggregate->grouping_kind = plan::GroupingKind::kCube;
      ARROW_ASSIGN_OR_RAISE(std::vector<ExprList> sets, CubeSets(elements));
      factors = {std::move(sets)};
    } else if (AtWords({Keyword::kGROUPING, Keyword::kSETS})) {
      aggregate->grouping_kind = plan::GroupingKind::kGroupingSets;
      ARROW_ASSIGN_OR_RAISE(std::vector<ExprList> sets, GroupingAnalytics());
      factors = {std::move(sets)};
      for (const auto& element : elements) aggregate->grouping.push_back(element[0]);
    } else {
      for (const auto& element : elements) aggregate->grouping.push_back(element[0]);
      return aggregate;
    }
  } else {
    const bool alone = factors.size() == 1;
    aggregate->grouping_kind = alone && first == Keyword::kROLLUP ? plan::GroupingKind::kRollup
                               : alone && first == Keyword::kCUBE ? plan::GroupingKind::kCube
                                                                  : plan::GroupingKind::kGroupingSets;
  }
  // The product of all items, each grouping expression kept once.
  std::vector<std::string> texts;
  for (const auto& expr : aggregate->grouping) texts.push_back(Lower(plan::ExpressionSql(*expr)));
  const auto index_of = [&](const ExprPtr& expr) {
    const std::string text = Lower(plan::ExpressionSql(*expr));
    const auto it = std::find(texts.begin(), texts.end(), text);
    if (it != texts.end()) return static_cast<int>(it - texts.begin());
    texts.push_back(text);
    aggregate->grouping.push_back(expr);
    return static_cast<int>(texts.size() - 1);
  };
  std::vector<std::vector<int>> product = {{}};
  for (const auto& factor : factors) {
    std::vector<std::vector<int>> next;
    if (product.size() * factor.size() > 4096) return TooComplex();
    for (const auto& prefix : product) {
      for (const auto& set : factor) {
        std::vector<int> combined = prefix;
        for (const auto& expr : set) {
          const int index = index_of(expr);
          if (std::find(combined.begin(), combined.end(), index) == combined.end()) combined.push_back(index);
        }
        next.push_back(std::move(combined));
      }
    }
    product = std::move(next);
  }
  aggregate->grouping_sets = std::move(product);
  return aggregate;
}

}  // namespace sluice::sql
