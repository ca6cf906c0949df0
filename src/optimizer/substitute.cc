#include <span>

#include "functions/registry.h"
#include "optimizer/rules.h"

namespace sluice::optimizer {

using namespace plan;  // NOLINT: this room speaks of little else

ExprPtr Substitute(const ExprPtr& expr, const Substitution& definitions) {
  if (const auto* attribute = As<Attribute>(expr)) {
    auto it = definitions.find(attribute->id);
    return it == definitions.end() ? expr : it->second;
  }
  ExprList children;
  bool changed = false;
  for (const auto& child : expr->children) {
    children.push_back(Substitute(child, definitions));
    changed = changed || children.back() != child;
  }
  return changed ? expr->WithChildren(std::move(children)) : expr;
}

Substitution DefinitionsOf(const ExprList& list) {
  Substitution definitions;
  for (const auto& item : list)
    if (const auto* alias = As<Alias>(item)) definitions[alias->id] = alias->children[0];
  return definitions;
}

bool IsDeterministic(const ExprPtr& expr) {
  bool deterministic = true;
  Visit(expr, [&](const Expression& e) {
    if (const auto* call = As<Call>(e)) deterministic = deterministic && call->def->deterministic;
    return deterministic;
  });
  return deterministic;
}

namespace {

/// Halves rather than a chain: what walks the tree recurses no deeper than the logarithm of its length.
ExprPtr Conjunction(std::span<const ExprPtr> conjuncts) {
  static const functions::FunctionDef* const kAnd = functions::FunctionRegistry::Builtins().Find("and");
  if (conjuncts.size() == 1) return conjuncts[0];
  const size_t half = conjuncts.size() / 2;
  auto call = std::make_shared<Call>();
  call->children = {Conjunction(conjuncts.first(half)), Conjunction(conjuncts.subspan(half))};
  call->def = kAnd;
  call->display_name = "and";
  call->type = DataType::Boolean();
  call->nullable = call->children[0]->nullable || call->children[1]->nullable;
  auto bound = std::make_shared<functions::BoundCall>();
  bound->arg_types = {DataType::Boolean(), DataType::Boolean()};
  bound->result_type = DataType::Boolean();
  call->bound = bound;
  return call;
}

}  // namespace

ExprPtr JoinConjuncts(const ExprList& conjuncts) { return conjuncts.empty() ? nullptr : Conjunction(conjuncts); }

}  // namespace sluice::optimizer
