// Names and small queries over expressions.
#include <strings.h>

#include <algorithm>
#include <cctype>

#include "analyzer/expression_resolver.h"
#include "plan/expression_text.h"
#include "plan/transform.h"

namespace sluice::analyzer {

using namespace plan;  // NOLINT: this room speaks of little else

bool NamesEqual(const std::string& a, const std::string& b, bool case_sensitive) {
  return case_sensitive ? a == b : a.size() == b.size() && strcasecmp(a.c_str(), b.c_str()) == 0;
}

std::string JoinParts(const std::vector<std::string>& parts) {
  std::string out;
  for (const auto& part : parts) {
    if (!out.empty()) out += '.';
    out += QuoteIdentifier(part);
  }
  return out;
}

ExprPtr MakeAlias(const ExprPtr& child, std::string name) {
  auto alias = std::make_shared<Alias>();
  alias->children = {child};
  alias->name = std::move(name);
  alias->id = NextExprId();
  alias->origin = child->origin;
  alias->type = child->type;
  alias->nullable = child->nullable;
  if (const auto* attribute = As<Attribute>(child)) alias->metadata_json = attribute->metadata_json;
  return alias;
}

std::string NameOf(const ExprPtr& item, const AnalyzerContext& context) {
  if (const auto* attribute = As<Attribute>(item)) return attribute->name;
  if (const auto* alias = As<Alias>(item)) return alias->name;
  if (const auto* outer = As<OuterReference>(item)) return outer->name;
  return SelectItemName(*item, context.time_zone);
}

bool Contains(const ExprPtr& expr, ExprKind kind) {
  bool found = false;
  Visit(expr, [&](const Expression& e) {
    found = found || e.kind == kind;
    return !found;
  });
  return found;
}

bool ContainsAggregate(const ExprPtr& expr) {
  if (expr->kind == ExprKind::kAggregateCall) return true;
  const bool over = expr->kind == ExprKind::kWindow;
  const auto within = [](const ExprPtr& child) { return ContainsAggregate(child); };
  if (!over) return std::any_of(expr->children.begin(), expr->children.end(), within);
  const ExprList& args = expr->children[0]->children;
  return std::any_of(args.begin(), args.end(), within) ||
         std::any_of(expr->children.begin() + 1, expr->children.end(), within);
}

bool IsFoldable(const ExprPtr& expr) {
  bool foldable = true;
  Visit(expr, [&](const Expression& e) {
    switch (e.kind) {
      case ExprKind::kLiteral:
      case ExprKind::kCast:
      case ExprKind::kAlias:
      case ExprKind::kGetField:
      case ExprKind::kLambda:
      case ExprKind::kLambdaVariable: break;
      case ExprKind::kCall: foldable = foldable && static_cast<const Call&>(e).def->deterministic; break;
      default: foldable = false;
    }
    return foldable;
  });
  return foldable;
}

bool SemanticallyEqual(const ExprPtr& a, const ExprPtr& b) {
  if (a == b) return true;
  bool deterministic = true;
  Visit(a, [&](const Expression& e) {
    if (const auto* call = As<Call>(e)) deterministic = deterministic && call->def->deterministic;
    return deterministic;
  });
  return deterministic && SameExpression(*a, *b);
}

}  // namespace sluice::analyzer
