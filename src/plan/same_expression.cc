#include "plan/transform.h"

namespace sluice::plan {

namespace {

bool SameBound(const std::optional<FrameBound>& a, const std::optional<FrameBound>& b) {
  if (!a || !b) return !a && !b;
  if (a->kind != b->kind || !a->offset != !b->offset) return false;
  return !a->offset || SameExpression(*a->offset, *b->offset);
}

/// The node itself, children aside.
bool SameNode(const Expression& a, const Expression& b) {
  switch (a.kind) {
    case ExprKind::kAttribute: return As<Attribute>(a)->id == As<Attribute>(b)->id;
    case ExprKind::kLambdaVariable: return As<LambdaVariable>(a)->id == As<LambdaVariable>(b)->id;
    case ExprKind::kLiteral:
      return As<Literal>(a)->value->Equals(*As<Literal>(b)->value, arrow::EqualOptions::Defaults().nans_equal(true));
    case ExprKind::kCall: return As<Call>(a)->def == As<Call>(b)->def;
    case ExprKind::kGeneratorCall: return As<GeneratorCall>(a)->def == As<GeneratorCall>(b)->def;
    case ExprKind::kAggregateCall: {
      const auto *x = As<AggregateCall>(a), *y = As<AggregateCall>(b);
      return x->def == y->def && x->distinct == y->distinct && x->has_filter == y->has_filter &&
             x->ignore_nulls == y->ignore_nulls && x->within_group == y->within_group;
    }
    case ExprKind::kCast: return As<Cast>(a)->to == As<Cast>(b)->to && As<Cast>(a)->mode == As<Cast>(b)->mode;
    case ExprKind::kGetField:
      return As<GetField>(a)->ordinal == As<GetField>(b)->ordinal &&
             As<GetField>(a)->over_array == As<GetField>(b)->over_array;
    case ExprKind::kSortOrder:
      return As<SortOrder>(a)->ascending == As<SortOrder>(b)->ascending &&
             As<SortOrder>(a)->nulls_first == As<SortOrder>(b)->nulls_first;
    case ExprKind::kAlias: return true;
    case ExprKind::kOuterReference: return As<OuterReference>(a)->id == As<OuterReference>(b)->id;
    case ExprKind::kSubquery:
      return As<SubqueryExpression>(a)->plan == As<SubqueryExpression>(b)->plan &&
             As<SubqueryExpression>(a)->subquery_kind == As<SubqueryExpression>(b)->subquery_kind;
    case ExprKind::kWindow: {
      const auto *x = As<WindowExpression>(a), *y = As<WindowExpression>(b);
      return x->num_partition_keys == y->num_partition_keys && x->ignore_nulls == y->ignore_nulls &&
             x->unit == y->unit && SameBound(x->lower, y->lower) && SameBound(x->upper, y->upper);
    }
    default: return false;
  }
}

}  // namespace

bool SameExpression(const Expression& a, const Expression& b) {
  if (&a == &b) return true;
  if (a.kind != b.kind || a.children.size() != b.children.size() || a.type != b.type || !SameNode(a, b)) return false;
  for (size_t i = 0; i < a.children.size(); ++i)
    if (!SameExpression(*a.children[i], *b.children[i])) return false;
  return true;
}

}  // namespace sluice::plan
