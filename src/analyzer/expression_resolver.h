#pragma once
// Resolves expressions against the columns in scope.
#include <map>
#include <span>

#include "analyzer/analyzer.h"

namespace sluice::analyzer {

class PlanResolver;

/// Names an expression may use.
struct Scope {
  plan::Attributes input;
  /// Earlier items of the same select list (lateral column aliases), looked up after `input`.
  std::vector<std::pair<std::string, plan::ExprPtr>> lateral_aliases;
  /// Columns below the select list, for HAVING and ORDER BY: looked up last, but first inside aggregate functions.
  plan::Attributes hidden;
  /// Columns that JOIN USING merged away: found by their qualified names, and by t.*.
  plan::Attributes join_columns;
  /// ORDER BY and HAVING: a name of several columns in `input` is looked up in `hidden`. Without luck it is ambiguous
  /// in HAVING, and in ORDER BY not resolved.
  enum class Ambiguous : uint8_t { kRefused, kLookedUpBelow, kUnresolved } ambiguous = Ambiguous::kRefused;
};

class ExpressionResolver {
 public:
  /// `plans` resolves subqueries and columns of the query around this one; without it there are none.
  ExpressionResolver(const AnalyzerContext& context, const Scope& scope, PlanResolver* plans = nullptr)
      : context_(context), scope_(scope), plans_(plans) {}

  /// A resolved expression, or the error with its origin.
  Result<plan::ExprPtr> Resolve(const plan::ExprPtr& expr);
  /// Resolves one item of a select list: stars give several; nameless ones get Spark's generated names.
  Result<plan::ExprList> ResolveSelectItem(const plan::ExprPtr& item);
  /// Null when no column in scope has this name (ambiguity is an error).
  Result<plan::ExprPtr> TryResolveColumn(const std::vector<std::string>& parts, const Origin& origin) {
    return TryResolveColumn(parts, scope_.input, origin);
  }

 private:
  Result<plan::ExprPtr> TryResolveColumn(const std::vector<std::string>& parts, const plan::Attributes& columns,
                                         const Origin& origin);
  Result<plan::ExprPtr> ResolveAttribute(const plan::UnresolvedAttribute& attribute);
  Result<plan::ExprPtr> ResolveLateralAlias(const plan::UnresolvedAttribute& attribute);
  /// A STRUCT without the field at the end of `path`.
  Result<plan::ExprPtr> WithoutField(const plan::ExprPtr& base, std::span<const std::string> path,
                                     const Origin& origin);
  Result<plan::ExprPtr> ResolveFunction(const plan::UnresolvedFunction& function);
  Result<plan::ExprPtr> ResolveExtract(const plan::UnresolvedExtract& extract);
  Result<plan::ExprPtr> ResolveCast(const plan::Cast& cast);
  Result<plan::ExprPtr> ResolveWindow(const plan::WindowExpression& window);  // window.cc
  Status ResolveFrame(plan::WindowExpression* window);
  Result<plan::ExprPtr> ResolveSubquery(const plan::SubqueryExpression& subquery);
  Result<plan::ExprPtr> ResolveHigherOrder(const plan::UnresolvedFunction& function, const functions::FunctionDef& def);
  Result<plan::ExprList> ExpandStar(const plan::UnresolvedStar& star);
  Result<plan::ExprPtr> Bind(const plan::UnresolvedFunction& function, const functions::FunctionDef& def,
                             plan::ExprList args, std::span<const plan::ExprPtr> written = {});
  /// external_call.cc
  Result<plan::ExprPtr> BindExternal(const plan::UnresolvedFunction& call,
                                     const std::shared_ptr<const functions::ExternalFunction>& target,
                                     plan::ExprList args);
  Result<plan::ExprPtr> ResolveAggregateFilter(const plan::UnresolvedFunction& function);
  Status CheckWithinGroup(const plan::UnresolvedFunction& function, const functions::FunctionDef& def,
                          const plan::ExprList& args) const;
  bool IsStarOfTable(const plan::UnresolvedStar& star) const;
  Status UnresolvedColumn(const std::vector<std::string>& parts, const Origin& origin) const;

  const AnalyzerContext& context_;
  const Scope& scope_;
  PlanResolver* plans_;
  std::vector<std::map<std::string, plan::ExprPtr>> lambda_frames_;
  const plan::Expression* over_ = nullptr;          // the function an OVER clause is being resolved for
  const plan::Expression* generator_at_ = nullptr;  // where a select list allows a generator; null outside of one
  bool lateral_used_ = false;                       // a lateral column alias was met
  bool lateral_as_names_ = false;                   // leave them as references, to name the item
  int depth_ = 0;
  int aggregate_depth_ = 0;  // > 0: inside the arguments of an aggregate function
};

/// `child`, or a cast of it to `to` when the types differ. `implicit` casts do not show in generated names; `origin` is
/// what they are blamed on (the call or the operator that needs the type), else the child.
plan::ExprPtr CastTo(const plan::ExprPtr& child, const DataType& to, const AnalyzerContext& context,
                     bool implicit = true, std::optional<plan::CastMode> mode = std::nullopt,
                     const Origin* origin = nullptr);
/// What Spark takes for nullable after a cast, in ANSI mode as well as without.
bool CastMayGiveNull(const DataType& from, const DataType& to);
/// child.name for a STRUCT (or an array of them) by case rule; FIELD_NOT_FOUND, AMBIGUOUS_REFERENCE_TO_FIELDS.
Result<plan::ExprPtr> ExtractField(const plan::ExprPtr& child, const std::string& name, const AnalyzerContext& context,
                                   const Origin& origin);
bool NamesEqual(const std::string& a, const std::string& b, bool case_sensitive);
/// Name of a select-list item: alias, attribute name or the generated text.
std::string NameOf(const plan::ExprPtr& item, const AnalyzerContext& context);
plan::ExprPtr MakeAlias(const plan::ExprPtr& child, std::string name);
bool Contains(const plan::ExprPtr& expr, plan::ExprKind kind);
/// An aggregate function outside of OVER: sum(x), rank() OVER (ORDER BY sum(x)), but not sum(x) OVER ().
bool ContainsAggregate(const plan::ExprPtr& expr);
/// True when both compute the same: same structure, literals, attributes by id.
bool SemanticallyEqual(const plan::ExprPtr& a, const plan::ExprPtr& b);
bool IsFoldable(const plan::ExprPtr& expr);
std::string JoinParts(const std::vector<std::string>& parts);  // `a`.`b`

}  // namespace sluice::analyzer
