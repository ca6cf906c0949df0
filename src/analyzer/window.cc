// Window functions: f(...) OVER (PARTITION BY ... ORDER BY ... frame), and the Window nodes that compute them.
#include <algorithm>

#include "analyzer/plan_resolver.h"
#include "functions/coercion.h"
#include "functions/registry.h"
#include "plan/transform.h"

namespace sluice::analyzer {

using namespace plan;  // NOLINT: this room speaks of little else
using functions::WindowFrameRule;

namespace {

FrameBound At(FrameBound::Kind kind) { return {kind, nullptr}; }

const functions::FunctionDef* WindowDefOf(const ExprPtr& function) {
  const auto* call = As<Call>(function);
  return call && call->def->kind == functions::FunctionKind::kWindow ? call->def : nullptr;
}

std::string FrameText(const WindowExpression& window, const std::string& zone) {
  WindowExpression frame;
  frame.children = {MakeLiteral(NullValue())};
  frame.unit = window.unit;
  frame.lower = window.lower;
  frame.upper = window.upper;
  const std::string text = ExpressionSql(frame, zone);  // NULL OVER (frame)
  const size_t open = text.find('(');
  return open == std::string::npos ? text : text.substr(open + 1, text.size() - open - 2);
}

/// A RANGE with offsets: one ORDER BY expression whose type they can be added to.
template <typename Mismatch>
Status CheckRange(const WindowExpression& window, const DataType& order_type, const Mismatch& mismatch) {
  const FrameBound &lower = *window.lower, &upper = *window.upper;
  if (!lower.offset && !upper.offset) return Status::OK();
  const size_t orders = window.children.size() - 1 - static_cast<size_t>(window.num_partition_keys);
  if (orders == 0) return mismatch("RANGE_FRAME_WITHOUT_ORDER", {});
  if (orders > 1) return mismatch("RANGE_FRAME_MULTI_ORDER", {{"orderSpec", "several"}});
  const DataType& type = lower.offset ? *lower.offset->type : *upper.offset->type;
  const bool interval = !type.isNumeric();
  const bool fits = order_type.sameType(type) ||
                    (order_type.id() == TypeId::kDate && (type.id() == TypeId::kInteger || interval)) ||
                    ((order_type.id() == TypeId::kTimestamp || order_type.id() == TypeId::kTimestampNtz) && interval);
  if (fits) return Status::OK();
  return mismatch("RANGE_FRAME_INVALID_TYPE", {{"orderSpecType", InDoubleQuotes(order_type.sql())},
                                               {"valueBoundaryType", InDoubleQuotes(type.sql())}});
}

}  // namespace

Status ExpressionResolver::ResolveFrame(WindowExpression* window) {
  using Kind = FrameBound::Kind;
  const std::string& zone = context_.time_zone;
  const bool rows = *window->unit == FrameUnit::kRows;
  const size_t first_order = 1 + static_cast<size_t>(window->num_partition_keys);
  const size_t orders = window->children.size() - first_order;
  const ErrorParameters frame_sql{{"sqlExpr", InDoubleQuotes(FrameText(*window, zone))}};
  const auto mismatch = [&](const char* what, ErrorParameters parameters) {
    parameters.insert(frame_sql.begin(), frame_sql.end());
    return MakeError(std::string("DATATYPE_MISMATCH.") + what, parameters, &window->origin);
  };
  const DataType order_type = orders == 1 ? *window->children[first_order]->type : DataType::Void();
  for (FrameBound* bound : {&*window->lower, &*window->upper}) {
    if (!bound->offset) continue;
    const bool temporal = order_type.id() == TypeId::kDate || order_type.id() == TypeId::kTimestamp ||
                          order_type.id() == TypeId::kTimestampNtz;
    const char* location = bound == &*window->lower ? "lower" : "upper";
    ARROW_ASSIGN_OR_RAISE(bound->offset, Resolve(bound->offset));
    if (!IsFoldable(bound->offset))
      return mismatch("SPECIFIED_WINDOW_FRAME_WITHOUT_FOLDABLE",
                      {{"location", location}, {"expression", InDoubleQuotes(ExpressionSql(*bound->offset, zone))}});
    // Preceding is a minus, which makes a number of a string.
    if (bound->kind == Kind::kPreceding && bound->offset->type->id() == TypeId::kString)
      bound->offset = CastTo(bound->offset, DataType::Double(), context_);
    const DataType& type = *bound->offset->type;
    // In a RANGE over one column an offset takes that column's type, as far as numbers go.
    if (!rows && orders == 1 && !type.sameType(order_type) && !temporal &&
        functions::CanCast(type, order_type, context_.ansi)) {
      bound->written = bound->offset;
      bound->offset = CastTo(bound->offset, order_type, context_);
    }
    const DataType& settled = *bound->offset->type;
    const bool interval = settled.id() == TypeId::kCalendarInterval || settled.id() == TypeId::kDayTimeInterval ||
                          settled.id() == TypeId::kYearMonthInterval;
    if (rows ? settled.id() != TypeId::kInteger : !(settled.isNumeric() || interval))
      return mismatch(
          "SPECIFIED_WINDOW_FRAME_UNACCEPTED_TYPE",
          {{"location", location},
           {"exprType", InDoubleQuotes(settled.sql())},
           {"expectedType",
            rows ? "\"INT\""
                 : "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL\")"}});
  }
  const FrameBound &lower = *window->lower, &upper = *window->upper;
  const auto invalid = [&] {
    return mismatch("SPECIFIED_WINDOW_FRAME_INVALID_BOUND", {{"lower", "lower"}, {"upper", "upper"}});
  };
  if (lower.kind == Kind::kUnboundedFollowing || upper.kind == Kind::kUnboundedPreceding) return invalid();
  if (lower.offset && upper.offset && !lower.offset->type->sameType(*upper.offset->type))
    return mismatch("SPECIFIED_WINDOW_FRAME_DIFF_TYPES", {{"lower", "lower"},
                                                          {"lowerType", InDoubleQuotes(lower.offset->type->sql())},
                                                          {"upper", "upper"},
                                                          {"upperType", InDoubleQuotes(upper.offset->type->sql())}});
  bool crossed = lower.offset && upper.offset && lower.kind == Kind::kFollowing && upper.kind == Kind::kPreceding;
  if (lower.offset && upper.offset && lower.kind == upper.kind) {
    auto call = std::make_shared<UnresolvedFunction>();
    call->name = {lower.kind == Kind::kPreceding ? "<" : ">"};
    call->is_operator = true;
    call->children = {lower.offset, upper.offset};
    ARROW_ASSIGN_OR_RAISE(ExprPtr greater, Resolve(call));
    ARROW_ASSIGN_OR_RAISE(TypedValue value, context_.evaluate_constant(greater));
    if (!value.is_null()) {
      crossed = static_cast<const arrow::BooleanArray&>(*value.value).Value(0);
    }
  }
  if (crossed) return mismatch("SPECIFIED_WINDOW_FRAME_WRONG_COMPARISON", {{"comparison", "less than or equal"}});
  if (!rows) ARROW_RETURN_NOT_OK(CheckRange(*window, order_type, mismatch));
  for (FrameBound* bound : {&*window->lower, &*window->upper}) {
    if (!bound->offset) continue;
    ARROW_ASSIGN_OR_RAISE(TypedValue value, context_.evaluate_constant(bound->offset));
    bound->offset = MakeLiteral(value, bound->offset->origin);
  }
  return Status::OK();
}

Result<ExprPtr> ExpressionResolver::ResolveWindow(const WindowExpression& window) {
  const std::string& zone = context_.time_zone;
  const auto* function = As<UnresolvedFunction>(window.children[0]);
  if (!window.window_name.empty())
    return MakeError("MISSING_WINDOW_SPECIFICATION",
                     {{"windowName", window.window_name}, {"docroot", "https://spark.apache.org/docs/latest"}},
                     &window.origin);
  if (function && function->filter) return MakeError("_LEGACY_ERROR_TEMP_1030", {}, &window.origin);
  auto copy = std::static_pointer_cast<WindowExpression>(window.Clone());
  for (size_t i = 0; i < window.children.size(); ++i) {
    const Expression* around = std::exchange(over_, i == 0 ? window.children[0].get() : nullptr);
    auto child = Resolve(window.children[i]);
    over_ = around;
    ARROW_RETURN_NOT_OK(child.status());
    copy->children[i] = *child;
  }
  const ExprPtr& resolved = copy->children[0];
  const auto* aggregate = As<AggregateCall>(resolved);
  const auto* def = WindowDefOf(resolved);
  if (!aggregate && !def)
    return MakeError("UNSUPPORTED_EXPR_FOR_WINDOW", {{"sqlExpr", InDoubleQuotes(ExpressionSql(*resolved, zone))}},
                     &window.origin);
  const size_t first_order = 1 + static_cast<size_t>(copy->num_partition_keys);
  const bool ordered = copy->children.size() > first_order;
  for (size_t i = 1; i < copy->children.size(); ++i) {
    const DataType& type = *copy->children[i]->type;
    if (!functions::IsOrderable(type))
      return MakeError(
          "EXPRESSION_TYPE_IS_NOT_ORDERABLE",
          {{"expr", InDoubleQuotes(ExpressionSql(*copy->children[i], zone))}, {"exprType", InDoubleQuotes(type.sql())}},
          &window.origin);
  }
  using Kind = FrameBound::Kind;
  const bool specified = copy->unit.has_value();
  if (specified) ARROW_RETURN_NOT_OK(ResolveFrame(copy.get()));
  WindowExpression given = *copy;
  if (def && def->window.frame == WindowFrameRule::kRowsSoFar) {
    copy->unit = FrameUnit::kRows;
    copy->lower = At(Kind::kUnboundedPreceding);
    copy->upper = At(Kind::kCurrentRow);
  } else if (def && def->window.frame != WindowFrameRule::kAny) {
    int64_t distance = 1;
    if (resolved->children.size() > 1) {
      ARROW_ASSIGN_OR_RAISE(TypedValue value, context_.evaluate_constant(resolved->children[1]));
      ARROW_ASSIGN_OR_RAISE(distance, IntegralOf(value));
    }
    if (def->window.frame == WindowFrameRule::kRowBehind) distance = -distance;
    copy->unit = FrameUnit::kRows;
    copy->lower = copy->upper = FrameBound{Kind::kFollowing, MakeLiteral(IntegralValue(distance, DataType::Integer()))};
  } else if (!specified) {
    copy->unit = ordered ? FrameUnit::kRange : FrameUnit::kRows;
    copy->lower = At(Kind::kUnboundedPreceding);
    copy->upper = At(ordered ? Kind::kCurrentRow : Kind::kUnboundedFollowing);
  }
  if (specified && FrameText(given, zone) != FrameText(*copy, zone))
    return MakeError("_LEGACY_ERROR_TEMP_1036", {{"wf", FrameText(given, zone)}, {"required", FrameText(*copy, zone)}},
                     &window.origin);
  if (def && !ordered)
    return MakeError("_LEGACY_ERROR_TEMP_1037", {{"wf", ExpressionSql(*resolved, zone)}}, &window.origin);
  if (aggregate && aggregate->distinct)
    return MakeError("DISTINCT_WINDOW_FUNCTION_UNSUPPORTED",
                     {{"windowExpr", InDoubleQuotes(ExpressionSql(*copy, zone))}}, &window.origin);
  copy->ignore_nulls = def && function && function->ignore_nulls;
  copy->type = resolved->type;
  // lag and the like find no row at the edges, and a frame may be empty.
  copy->nullable = resolved->nullable || (aggregate && !aggregate->def->aggregate.counts);
  return ExprPtr(copy);
}

Result<PlanPtr> PlanResolver::ExtractWindows(PlanPtr child, ExprList* items) {
  std::vector<std::shared_ptr<Window>> nodes;
  const auto same_window = [](const Expression& a, const Expression& b) {
    const auto &x = *As<WindowExpression>(a), &y = *As<WindowExpression>(b);
    if (x.num_partition_keys != y.num_partition_keys || x.children.size() != y.children.size()) return false;
    for (size_t i = 1; i < x.children.size(); ++i)
      if (!SameExpression(*x.children[i], *y.children[i])) return false;
    return true;
  };
  const auto column_of = [&](const ExprPtr& window) -> ExprPtr {
    std::shared_ptr<Window> node;
    const std::vector<ExprId> read = References(window);
    for (const auto& n : nodes) {
      bool below = false;  // a function of another's result comes above it
      for (const auto& item : n->window_expressions) {
        if (SemanticallyEqual(item->children[0], window)) return ToAttribute(item);
        below = below || std::find(read.begin(), read.end(), ToAttribute(item)->id) != read.end();
      }
      if (below)
        node = nullptr;
      else if (same_window(*n->window_expressions[0]->children[0], *window))
        node = n;
    }
    if (!node) {
      node = std::make_shared<Window>();
      node->resolved = true;
      nodes.push_back(node);
    }
    node->window_expressions.push_back(MakeAlias(window, "_we" + std::to_string(node->window_expressions.size())));
    return ToAttribute(node->window_expressions.back());
  };
  for (auto& item : *items) {
    ARROW_ASSIGN_OR_RAISE(item, TransformUp(item, [&](const ExprPtr& e) -> Result<ExprPtr> {
                            return e->kind == ExprKind::kWindow ? column_of(e) : e;
                          }));
  }
  for (const auto& node : nodes) {
    node->children = {child};
    child = node;
  }
  return child;
}

}  // namespace sluice::analyzer
