// GROUP BY, with ROLLUP, CUBE and GROUPING SETS written out as sets of indexes.
#include <algorithm>

#include "plan/transform.h"
#include "sql/parser_impl.h"
#include "sql/text.h"

namespace sluice::sql {

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
    const bool nested =
        AtWords({Keyword::kGROUPING, Keyword::kSETS}) || (AtAny({Keyword::kROLLUP, Keyword::kCUBE}) && At("(", 1));
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
