// PIVOT, UNPIVOT and the pipe operators |>.
#include "sql/parser_impl.h"

namespace sluice::sql {

Result<PlanPtr> Parser::Pivot(PlanPtr child, int start) {
  next_ += 2;
  auto pivot = std::make_shared<plan::Pivot>();
  ARROW_ASSIGN_OR_RAISE(pivot->aggregates, NamedExpressions());
  ARROW_RETURN_NOT_OK(Expect(Keyword::kFOR));
  const int at = Start();
  NameParts names;
  if (At("(")) {
    ARROW_ASSIGN_OR_RAISE(names, IdentifierList());
  } else {
    ARROW_ASSIGN_OR_RAISE(std::string name, CapturingIdentifier());
    names.push_back(std::move(name));
  }
  ExprList columns;
  for (auto& name : names) {
    auto attribute = std::make_shared<plan::UnresolvedAttribute>();
    attribute->parts = {std::move(name)};
    attribute->origin = OriginSince(at);
    columns.push_back(std::move(attribute));
  }
  pivot->column = columns.size() == 1 ? columns[0] : Function("struct", std::move(columns), at);
  ARROW_RETURN_NOT_OK(Expect(Keyword::kIN));
  ARROW_RETURN_NOT_OK(Expect("("));
  ARROW_ASSIGN_OR_RAISE(pivot->values, NamedExpressions());
  ARROW_RETURN_NOT_OK(Expect(")"));
  ARROW_RETURN_NOT_OK(Expect(")"));
  pivot->children = {std::move(child)};
  pivot->origin = OriginSince(start);
  return TableAlias(std::move(pivot), false);
}

Result<PlanPtr> Parser::Unpivot(PlanPtr child, int start) {
  ++next_;
  auto unpivot = std::make_shared<plan::Unpivot>();
  if (AtAny({Keyword::kINCLUDE, Keyword::kEXCLUDE})) {
    unpivot->include_nulls = At(Keyword::kINCLUDE);
    ++next_;
    ARROW_RETURN_NOT_OK(Expect(Keyword::kNULLS));
  }
  ARROW_RETURN_NOT_OK(Expect("("));
  const bool several = At("(");
  if (several) {
    ARROW_ASSIGN_OR_RAISE(unpivot->value_columns, IdentifierList());
  } else {
    ARROW_ASSIGN_OR_RAISE(std::string name, Identifier());
    unpivot->value_columns.push_back(std::move(name));
  }
  ARROW_RETURN_NOT_OK(Expect(Keyword::kFOR));
  ARROW_ASSIGN_OR_RAISE(unpivot->name_column, Identifier());
  ARROW_RETURN_NOT_OK(Expect(Keyword::kIN));
  ARROW_RETURN_NOT_OK(Expect("("));
  unpivot->values.emplace();
  do {
    if (several) ARROW_RETURN_NOT_OK(Expect("("));
    ExprList set;
    do {
      const int at = Start();
      auto attribute = std::make_shared<plan::UnresolvedAttribute>();
      ARROW_ASSIGN_OR_RAISE(attribute->parts, MultipartName());
      attribute->origin = OriginSince(at);
      set.push_back(std::move(attribute));
    } while (several && Accept(","));
    if (several) ARROW_RETURN_NOT_OK(Expect(")"));
    std::optional<std::string> alias;
    if (Accept(Keyword::kAS) || AtIdentifier()) {
      ARROW_ASSIGN_OR_RAISE(alias, CapturingIdentifier());
    }
    unpivot->values->push_back(std::move(set));
    unpivot->value_aliases.push_back(std::move(alias));
  } while (Accept(","));
  ARROW_RETURN_NOT_OK(Expect(")"));
  ARROW_RETURN_NOT_OK(Expect(")"));
  unpivot->children = {std::move(child)};
  unpivot->origin = OriginSince(start);
  return TableAlias(std::move(unpivot), false);
}

/// After |>. What the query so far gives becomes the input of one clause.
Result<PlanPtr> Parser::PipeOperator(PlanPtr left, int start) {
  if (left->kind == plan::PlanKind::kUnresolvedRelation) {
    // Keeps the table's name as qualifier: nothing to do.
  }
  const auto project = [&](ExprList list) {
    auto node = std::make_shared<plan::Project>();
    for (auto& item : list) {
      if (item->kind != plan::ExprKind::kAlias && item->kind != plan::ExprKind::kMultiAlias &&
          item->kind != plan::ExprKind::kUnresolvedStar) {
        auto named = std::make_shared<plan::UnresolvedAlias>();
        named->origin = item->origin;
        named->children = {std::move(item)};
        item = std::move(named);
      }
    }
    node->list = std::move(list);
    node->children = {std::move(left)};
    node->origin = OriginSince(start);
    return node;
  };
  if (Accept(Keyword::kSELECT)) {
    const bool distinct = At(Keyword::kDISTINCT) && !AtTerminator(1) ? Accept(Keyword::kDISTINCT) : false;
    ARROW_ASSIGN_OR_RAISE(ExprList list, NamedExpressions());
    PlanPtr out = project(std::move(list));
    if (!distinct) return out;
    auto node = std::make_shared<plan::Distinct>();
    node->children = {std::move(out)};
    node->origin = OriginSince(start);
    return node;
  }
  if (Accept(Keyword::kEXTEND)) {
    ARROW_ASSIGN_OR_RAISE(ExprList list, NamedExpressions());
    list.insert(list.begin(), std::make_shared<plan::UnresolvedStar>());
    return project(std::move(list));
  }
  if (Accept(Keyword::kDROP)) {
    auto star = std::make_shared<plan::UnresolvedStar>();
    do {
      ARROW_ASSIGN_OR_RAISE(NameParts name, MultipartName());
      star->except.push_back(std::move(name));
    } while (Accept(","));
    star->origin = OriginSince(start);
    return project({std::move(star)});
  }
  if (Accept(Keyword::kWHERE)) {
    auto filter = std::make_shared<plan::Filter>();
    ARROW_ASSIGN_OR_RAISE(filter->condition, Expression());
    filter->children = {std::move(left)};
    filter->origin = OriginSince(start);
    return filter;
  }
  if (Accept(Keyword::kAS)) {
    auto alias = std::make_shared<plan::SubqueryAlias>();
    ARROW_ASSIGN_OR_RAISE(std::string name, Identifier());
    alias->name = {std::move(name)};
    alias->children = {std::move(left)};
    alias->origin = OriginSince(start);
    return alias;
  }
  if (Accept(Keyword::kAGGREGATE)) {
    ExprList list;
    if (!At(Keyword::kGROUP)) {
      ARROW_ASSIGN_OR_RAISE(list, NamedExpressions());
    }
    std::shared_ptr<plan::Aggregate> aggregate;
    if (AcceptWords({Keyword::kGROUP, Keyword::kBY})) {
      // The groups come first in the output; each may carry an alias.
      ARROW_ASSIGN_OR_RAISE(ExprList groups, NamedExpressions());
      aggregate = std::make_shared<plan::Aggregate>();
      for (const auto& group : groups) {
        aggregate->grouping.push_back(group->kind == plan::ExprKind::kAlias ? group->children[0] : group);
      }
      list.insert(list.begin(), groups.begin(), groups.end());
    } else {
      aggregate = std::make_shared<plan::Aggregate>();
    }
    const PlanPtr named = project(std::move(list));
    aggregate->aggregates = static_cast<const plan::Project&>(*named).list;
    aggregate->children = named->children;
    aggregate->origin = OriginSince(start);
    return aggregate;
  }
  if (AtJoin()) return Join(std::move(left), start);
  if (At(Keyword::kPIVOT)) return Pivot(std::move(left), start);
  if (At(Keyword::kUNPIVOT)) return Unpivot(std::move(left), start);
  if (AtWords({Keyword::kLATERAL, Keyword::kVIEW})) return LateralViews(std::move(left));
  if (At(Keyword::kTABLESAMPLE) && At("(", 1)) return Sample(std::move(left));
  if (AtAny({Keyword::kUNION, Keyword::kEXCEPT, Keyword::kINTERSECT, Keyword::kMINUS})) {
    return ContinueQueryTerm(std::move(left), start, 1);
  }
  if (At(Keyword::kSET)) return Unsupported("|> SET");
  if (AtAny({Keyword::kORDER, Keyword::kSORT, Keyword::kCLUSTER, Keyword::kDISTRIBUTE, Keyword::kLIMIT,
             Keyword::kOFFSET})) {
    return QueryOrganization(std::move(left));
  }
  return SyntaxError();
}

}  // namespace sluice::sql
