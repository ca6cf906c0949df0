// Calls of functions that run outside of the engine: arguments go as they are, the result type is the function's own.
#include "analyzer/expression_resolver.h"
#include "analyzer/plan_resolver.h"
#include "functions/external.h"
#include "plan/external.h"
#include "plan/transform.h"

namespace sluice::analyzer {

using namespace plan;  // NOLINT: this room speaks of little else
using functions::ExternalFunctionPtr;

Result<ExprPtr> ExpressionResolver::BindExternal(const UnresolvedFunction& call, const ExternalFunctionPtr& target,
                                                 ExprList args) {
  const external::Function& function = *target->function;
  if (call.distinct || call.filter || !call.within_group.empty())
    return UnsupportedFeature("DISTINCT, FILTER or WITHIN GROUP with the " + std::string(function.language()) +
                                  " function " + function.name(),
                              &call.origin);
  if (!lambda_frames_.empty() && !args.empty()) {
    std::string list;
    for (const auto& arg : args) list += (list.empty() ? "" : ", ") + ExpressionSql(*arg, context_.time_zone);
    return MakeError("UNSUPPORTED_FEATURE.LAMBDA_FUNCTION_WITH_PYTHON_UDF",
                     {{"funcName", InDoubleQuotes(function.name() + "(" + list + ")")}}, &call.origin);
  }
  auto kept = std::make_shared<functions::ExternalCall>();
  kept->target = target;
  auto bound = std::make_shared<functions::BoundCall>();
  for (auto& arg : args) {
    const auto* named = As<NamedArgument>(arg);
    kept->argument_names.push_back(named ? named->name : "");
    if (named) arg = named->children[0];
    bound->arg_types.push_back(*arg->type);
  }
  bound->result_type = function.result_type();
  bound->ansi = context_.ansi;
  bound->state = kept;
  auto finish = [&](auto node) -> ExprPtr {
    node->children = std::move(args);
    node->def = &target->def;
    node->bound = bound;
    node->display_name = function.name();
    node->origin = call.origin;
    node->type = function.result_type();
    node->nullable = true;
    return node;
  };
  switch (target->def.kind) {
    case functions::FunctionKind::kAggregate: return finish(std::make_shared<AggregateCall>());
    case functions::FunctionKind::kGenerator: {
      auto node = std::make_shared<GeneratorCall>();
      node->outputs = function.result_type().fields();
      return finish(node);
    }
    default: return finish(std::make_shared<Call>());
  }
}

Result<PlanPtr> PlanResolver::ResolveMapGroups(const PlanPtr& plan) {
  auto copy = std::static_pointer_cast<MapGroups>(plan->Clone());
  for (size_t side = 0; side < copy->children.size(); ++side) {
    ARROW_ASSIGN_OR_RAISE(PlanPtr child, Resolve(copy->children[side]));
    copy->values.push_back(child->output());
    Scope scope{child->output(), {}, {}};
    ExpressionResolver expressions(context_, scope, this);
    ExprList computed;
    for (auto& key : copy->keys[side]) {
      ARROW_ASSIGN_OR_RAISE(ExprList named, expressions.ResolveSelectItem(key));
      if (named.size() != 1) return UnsupportedFeature("* as a grouping of applyInPandas and applyInArrow");
      if (!As<Attribute>(named[0])) computed.push_back(named[0]);
      key = ToAttribute(named[0]);
    }
    if (!computed.empty()) {
      auto project = std::make_shared<Project>();
      const Attributes input = child->output();
      project->list.assign(input.begin(), input.end());
      project->list.insert(project->list.end(), computed.begin(), computed.end());
      project->children = {child};
      project->resolved = true;
      child = project;
    }
    copy->children[side] = child;
  }
  return PlanPtr(copy);
}

}  // namespace sluice::analyzer
