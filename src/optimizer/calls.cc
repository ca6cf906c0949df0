#include "optimizer/calls.h"

#include "functions/registry.h"
#include "optimizer/rules.h"

namespace sluice::optimizer {

using namespace plan;  // NOLINT: this room speaks of little else

Result<ExprPtr> MakeCall(std::string_view name, ExprList args) {
  const functions::FunctionDef* def = functions::FunctionRegistry::Builtins().Find(name);
  if (!def) return Status::Invalid("no function ", name);
  functions::BindContext bind;
  bind.name = name;
  std::vector<TypedValue> literals;
  literals.reserve(args.size());
  for (const auto& arg : args) {
    bind.arg_types.push_back(*arg->type);
    bind.arg_nullable.push_back(arg->nullable);
    bind.arg_names.emplace_back();
    const auto* literal = As<Literal>(arg);
    if (literal) literals.push_back({*arg->type, literal->value});
    bind.arg_literals.push_back(literal ? &literals.back() : nullptr);
  }
  ARROW_RETURN_NOT_OK(functions::BindFunction(*def, &bind));
  auto call = std::make_shared<Call>();
  call->children = std::move(args);
  call->def = bind.target ? bind.target : def;
  call->bound = std::make_shared<functions::BoundCall>(functions::MakeBoundCall(bind));
  call->display_name = name;
  call->display = call->def->display;
  call->type = bind.result_type;
  call->nullable = bind.result_nullable;
  return ExprPtr(call);
}

ExprPtr MakeAlias(const ExprPtr& child, std::string name) {
  auto alias = std::make_shared<Alias>();
  alias->children = {child};
  alias->name = std::move(name);
  alias->id = NextExprId();
  alias->type = child->type;
  alias->nullable = child->nullable;
  return alias;
}

PlanPtr MakeProject(const PlanPtr& child, ExprList list) {
  auto project = std::make_shared<Project>();
  project->list = std::move(list);
  project->children = {child};
  project->resolved = true;
  return project;
}

PlanPtr MakeFilter(const PlanPtr& child, const ExprList& conjuncts) {
  if (conjuncts.empty()) return child;
  auto filter = std::make_shared<Filter>();
  filter->condition = JoinConjuncts(conjuncts);
  filter->children = {child};
  filter->resolved = true;
  return filter;
}

PlanPtr MakeJoin(JoinType type, const PlanPtr& left, const PlanPtr& right, const ExprList& conjuncts) {
  auto join = std::make_shared<Join>();
  join->type = type;
  join->condition = JoinConjuncts(conjuncts);
  join->children = {left, right};
  join->resolved = true;
  return join;
}

Result<ExprPtr> ValueOverNothing(const AggregateCall& call) {
  if (!call.def->aggregate.make) return MakeLiteral(NullValue(*call.type), call.origin);  // not the engine's own
  functions::EvalContext context;
  ARROW_ASSIGN_OR_RAISE(context.zone, TimeZone::Find("UTC"));
  auto accumulator = call.def->aggregate.make(*call.bound, context);
  ARROW_RETURN_NOT_OK(accumulator->Resize(1));
  ARROW_ASSIGN_OR_RAISE(ArrayPtr value, accumulator->Finish());
  return MakeLiteral({*call.type, value}, call.origin);
}

}  // namespace sluice::optimizer
