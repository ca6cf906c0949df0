#pragma once
// How expressions are written out; see also ExpressionName and ExpressionSql in plan/transform.h.
#include <string>
#include <string_view>
#include <vector>

#include "plan/expression.h"

namespace sluice::plan {

/// A call of `name` as Spark shows it: "(a + b)", "CASE WHEN a THEN b END", "sum(DISTINCT a)". `name` is the display
/// name:
/// "-" with one argument is the operator, "negative" the function. `quantifier` is "" or "DISTINCT ".
std::string CallText(std::string_view name, const std::vector<std::string>& args, std::string_view quantifier = "");

/// The display_name that a Call made from `call` carries so that its text tells `-a` from `negative(a)`.
std::string OperatorDisplayName(const UnresolvedFunction& call);

/// Name of a select-list item without alias: as ExpressionName, but CAST of a column keeps the column's name and a.b is
/// b.
std::string SelectItemName(const Expression& expr, const std::string& time_zone = "UTC");

/// As plan trees show it: (a#1 > 3), cast(a#1 as string), 'unresolved.
std::string ExpressionTreeText(const Expression& expr);

}  // namespace sluice::plan
