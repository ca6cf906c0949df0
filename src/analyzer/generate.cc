// LATERAL VIEW and generators in select lists.
#include "analyzer/plan_resolver.h"
#include "plan/transform.h"

namespace sluice::analyzer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

Result<Attributes> GeneratorAttributes(const GeneratorCall& call, const std::vector<std::string>& names, bool outer,
                                       const std::string& qualifier, const Origin& origin) {
  if (!names.empty() && names.size() != call.outputs.size())
    return MakeError(
        "UDTF_ALIAS_NUMBER_MISMATCH",
        {{"aliasesSize", std::to_string(call.outputs.size())}, {"aliasesNames", std::to_string(names.size())}},
        &origin);
  Attributes out;
  for (size_t i = 0; i < call.outputs.size(); ++i) {
    const StructField& field = call.outputs[i];
    out.push_back(MakeAttribute(names.empty() ? field.name : names[i], field.type, field.nullable || outer,
                                qualifier.empty() ? std::vector<std::string>{} : std::vector<std::string>{qualifier}));
  }
  return out;
}

/// What stands in LATERAL VIEW is judged before its arguments are.
Status CheckIsGenerator(const Generate& node, const AnalyzerContext& context) {
  const auto* function = As<UnresolvedFunction>(node.generator);
  if (!function || function->external || function->name.size() > 1) return Status::OK();
  const std::string& name = function->name[0];
  const functions::FunctionDef* def = context.session_functions ? context.session_functions->Find(name) : nullptr;
  if (!def) def = context.functions->Find(name);
  if (!def) return MakeError("ROUTINE_NOT_FOUND", {{"routineName", QuoteIdentifier(name)}}, &node.origin);
  if (def->kind == functions::FunctionKind::kGenerator) return Status::OK();
  return MakeError("UNSUPPORTED_GENERATOR.NOT_GENERATOR",
                   {{"functionName", QuoteIdentifier(name)}, {"classCanonicalName", "Expression"}}, &node.origin);
}

}  // namespace

Result<PlanPtr> PlanResolver::ResolveGenerate(const PlanPtr& plan) {
  const auto& node = *As<Generate>(plan);
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, Resolve(node.children[0]));
  Scope scope{child->output(), {}, {}};
  ARROW_RETURN_NOT_OK(CheckIsGenerator(node, context_));
  ARROW_ASSIGN_OR_RAISE(ExprList resolved, ExpressionResolver(context_, scope, this).ResolveSelectItem(node.generator));
  const ExprPtr generator = resolved.empty() ? node.generator : resolved[0];
  const auto* call = As<GeneratorCall>(generator);
  if (!call)
    return MakeError(
        "UNSUPPORTED_GENERATOR.NOT_GENERATOR",
        {{"functionName", QuoteIdentifier(ExpressionName(*generator))}, {"classCanonicalName", "Expression"}},
        &node.origin);
  auto copy = std::static_pointer_cast<Generate>(node.Clone());
  copy->outer = node.outer || call->outer;
  ARROW_ASSIGN_OR_RAISE(copy->generator_output,
                        GeneratorAttributes(*call, node.names, copy->outer, node.qualifier, node.origin));
  copy->generator = generator;
  copy->children = {child};
  return PlanPtr(copy);
}

Result<PlanPtr> PlanResolver::ExtractGenerator(PlanPtr child, ExprList items) {
  auto project = std::make_shared<Project>();
  for (const auto& item : items) {
    if (!Contains(item, ExprKind::kGeneratorCall)) {
      project->list.push_back(item);
      continue;
    }
    std::vector<std::string> names;
    const Expression* inner = item.get();
    if (const auto* alias = As<Alias>(item)) {
      if (As<GeneratorCall>(alias->children[0])) names = {alias->name};
      inner = alias->children[0].get();
    } else if (const auto* multi = As<MultiAlias>(item)) {
      names = multi->names;
      inner = multi->children[0].get();
    }
    const auto* call = As<GeneratorCall>(*inner);
    if (!call)
      return MakeError("UNSUPPORTED_GENERATOR.NESTED_IN_EXPRESSIONS",
                       {{"expression", InDoubleQuotes(ExpressionSql(*inner, context_.time_zone))}}, &item->origin);
    for (const auto& arg : call->children)
      if (Contains(arg, ExprKind::kGeneratorCall))
        return MakeError("UNSUPPORTED_GENERATOR.NESTED_IN_EXPRESSIONS",
                         {{"expression", InDoubleQuotes(ExpressionSql(*call, context_.time_zone))}}, &item->origin);
    auto generate = std::make_shared<Generate>();  // several of them multiply the rows, one after the other
    generate->generator = inner == item.get() ? item : item->children[0];
    generate->outer = call->outer;
    // An alias of a generator with several columns names none of them, unless there is just one.
    if (names.size() == 1 && call->outputs.size() != 1) names.clear();
    ARROW_ASSIGN_OR_RAISE(generate->generator_output, GeneratorAttributes(*call, names, call->outer, "", item->origin));
    for (const auto& attribute : generate->generator_output) project->list.push_back(attribute);
    generate->children = {child};
    generate->resolved = true;
    child = generate;
  }
  project->children = {child};
  return PlanPtr(project);
}

}  // namespace sluice::analyzer
