// window(), session_window() and window_time(): columns made below the operator that names them, so that it can group
// by them, and read `window.start` in its list. Rows without a time have no window and are dropped.
#include <algorithm>

#include "analyzer/plan_resolver.h"
#include "functions/time_window.h"
#include "plan/transform.h"

namespace sluice::analyzer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

constexpr const char* kWindow = "window";
constexpr const char* kSession = "session_window";
constexpr const char* kWindowTime = "window_time";

/// "window" for any spelling of a call of it, likewise the others; null for anything else.
const char* WindowFunction(const ExprPtr& expr) {
  const auto* call = As<UnresolvedFunction>(expr);
  if (call == nullptr || call->name.size() != 1 || call->is_operator) return nullptr;
  for (const char* name : {kWindow, kSession, kWindowTime})
    if (NamesEqual(call->name[0], name, /*case_sensitive=*/false)) return name;
  return nullptr;
}

bool AnyWindow(const std::vector<ExprList*>& lists) {
  bool found = false;
  for (const ExprList* list : lists)
    for (const auto& expr : *list)
      Visit(expr, [&](const Expression& e) {
        found = found || WindowFunction(ExprPtr(ExprPtr(), &e)) != nullptr;
        return !found;
      });
  return found;
}

ExprPtr Function(std::string name, ExprList args) {
  auto call = std::make_shared<UnresolvedFunction>();
  call->name = {std::move(name)};
  call->children = std::move(args);
  call->is_operator = true;
  return call;
}

ExprPtr FieldOf(const ExprPtr& window, int ordinal) {
  auto field = std::make_shared<GetField>();
  field->children = {window};
  field->ordinal = ordinal;
  field->name = window->type->fields()[static_cast<size_t>(ordinal)].name;
  field->type = window->type->fields()[static_cast<size_t>(ordinal)].type;
  return field;
}

PlanPtr FilterOver(const PlanPtr& child, const ExprPtr& condition) {
  auto filter = std::make_shared<Filter>();
  filter->condition = condition;
  filter->children = {child};
  filter->resolved = true;
  return filter;
}

/// `child` with one more column.
PlanPtr WithColumn(const PlanPtr& child, const ExprPtr& column) {
  auto project = std::make_shared<Project>();
  const Attributes input = child->output();
  project->list.assign(input.begin(), input.end());
  project->list.push_back(column);
  project->children = {child};
  project->resolved = true;
  return project;
}

/// The marks of an event time go from `source`, if it is a column, to the window made of it.
std::shared_ptr<Alias> NameWindow(const ExprPtr& value, const char* name, const ExprPtr& source, const char* marker) {
  auto alias = std::make_shared<Alias>(*As<Alias>(MakeAlias(value, name)));
  if (marker != nullptr) alias->metadata_json = std::string("{\"") + marker + "\":true}";
  if (const auto* column = As<Attribute>(source)) alias->watermark_delay_us = column->watermark_delay_us;
  return alias;
}

/// One window of each of `calls` a row.
PlanPtr Slide(const PlanPtr& child, const ExprList& calls, const AttributePtr& column) {
  auto expand = std::make_shared<Expand>();
  const Attributes input = child->output();
  expand->attributes = input;
  expand->attributes.push_back(column);
  for (const auto& call : calls) {
    expand->projections.emplace_back(input.begin(), input.end());
    expand->projections.back().push_back(call);
  }
  expand->children = {child};
  expand->resolved = true;
  return expand;
}

}  // namespace

Result<PlanPtr> PlanResolver::ExtractTimeWindows(PlanPtr child, const std::vector<ExprList*>& lists,
                                                 Attributes* columns, const Origin& origin) {
  if (!AnyWindow(lists)) return child;
  const Scope scope{child->output(), {}, {}, {}};
  struct Made {
    ExprPtr call;
    AttributePtr column;
  };
  std::vector<Made> made;
  int windows = 0;

  /// The column for a resolved call of `name`, made on first sight.
  auto column_of = [&](const char* name, const ExprPtr& resolved) -> Result<ExprPtr> {
    for (const auto& known : made)
      if (SemanticallyEqual(known.call, resolved)) return ExprPtr(known.column);
    if (name != kWindowTime && ++windows > 1) return MakeError("_LEGACY_ERROR_TEMP_1039", {}, &origin);
    const auto& call = *As<Call>(resolved);
    const ExprPtr& time = call.children[0];
    ExpressionResolver expressions(context_, scope, this);
    auto condition = [&](std::string f, ExprList args) {
      return expressions.Resolve(Function(std::move(f), std::move(args)));
    };
    if (name == kWindowTime) {
      auto alias = NameWindow(resolved, "", time, nullptr);
      alias->name = ExpressionName(*resolved, context_.time_zone);
      made.push_back({resolved, ToAttribute(alias)});
      child = WithColumn(child, alias);
    } else if (name == kSession) {
      auto value = std::static_pointer_cast<Call>(call.Clone());
      value->nullable = false;  // rows without a time are gone
      auto alias = NameWindow(value, kSession, time, "spark.sessionWindow");
      const AttributePtr column = ToAttribute(alias);
      ARROW_ASSIGN_OR_RAISE(ExprPtr longer, condition(">", {FieldOf(column, 1), FieldOf(column, 0)}));
      ARROW_ASSIGN_OR_RAISE(ExprPtr timed, condition("isnotnull", {time}));
      made.push_back({resolved, column});
      child = FilterOver(WithColumn(FilterOver(child, timed), alias), longer);
    } else {
      const auto& window = static_cast<const functions::TimeWindow&>(*call.bound->state);
      ARROW_ASSIGN_OR_RAISE(ExprPtr timed, condition("isnotnull", {time}));
      child = FilterOver(child, timed);
      auto value = std::static_pointer_cast<Call>(call.Clone());
      value->nullable = false;
      auto alias = NameWindow(value, kWindow, time, "spark.timeWindow");
      auto column = std::make_shared<Attribute>(*ToAttribute(alias));
      if (window.overlapping() == 1 && window.slide_us == window.length_us) {
        child = WithColumn(child, alias);
      } else {
        column->nullable = true;
        ExprList calls;
        for (int i = 0; i < window.overlapping(); ++i) {
          auto state = std::make_shared<functions::TimeWindow>(window);
          state->index = i;
          auto bound = std::make_shared<functions::BoundCall>(*call.bound);
          bound->state = state;
          auto ith = std::static_pointer_cast<Call>(value->Clone());
          // An argument more, so that the calls can be told apart.
          ith->children.push_back(MakeLiteral(IntegralValue(i)));
          bound->arg_types.push_back(*ith->children.back()->type);
          ith->bound = bound;
          calls.push_back(ith);
        }
        child = Slide(child, calls, column);
        if (window.length_us % window.slide_us != 0) {  // the earliest may end before the time
          ARROW_ASSIGN_OR_RAISE(ExprPtr begun, condition(">=", {time, FieldOf(column, 0)}));
          ARROW_ASSIGN_OR_RAISE(ExprPtr open, condition("<", {time, FieldOf(column, 1)}));
          child = FilterOver(FilterOver(child, begun), open);
        }
      }
      made.push_back({resolved, column});
    }
    columns->push_back(made.back().column);
    return ExprPtr(made.back().column);
  };

  auto replace = [&](const ExprPtr& expr) -> Result<ExprPtr> {
    const char* name = WindowFunction(expr);
    if (name == nullptr) return expr;
    ExpressionResolver expressions(context_, scope, this);
    ARROW_ASSIGN_OR_RAISE(ExprPtr first,
                          expr->children.empty() ? Result<ExprPtr>(expr) : expressions.Resolve(expr->children[0]));
    ExprPtr call = expr;
    if (name == kWindow && !expr->children.empty() && first->type->id() == TypeId::kStruct) {  // a window of windows
      ARROW_ASSIGN_OR_RAISE(ExprPtr time, expressions.Resolve(Function(kWindowTime, {first})));
      ARROW_ASSIGN_OR_RAISE(time, column_of(kWindowTime, time));
      ExprList args = expr->children;
      args[0] = time;
      call = expr->WithChildren(std::move(args));
    }
    ARROW_ASSIGN_OR_RAISE(ExprPtr resolved, expressions.Resolve(call));
    return column_of(name, resolved);
  };
  for (ExprList* list : lists) {
    for (ExprPtr& expr : *list) {
      ARROW_ASSIGN_OR_RAISE(expr, TransformUp(expr, replace));
    }
  }
  return child;
}

}  // namespace sluice::analyzer
