#include <algorithm>
#include <map>
#include <set>

#include "functions/registry.h"
#include "optimizer/rules.h"

namespace sluice::optimizer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

struct Use {
  const Call* call;
  std::set<int> fields;
  bool whole = false;
};

Use* Find(std::vector<Use>* uses, const Call& call) {
  for (auto& use : *uses)
    if (SameExpression(*use.call, call)) return &use;
  uses->push_back({&call, {}, false});
  return &uses->back();
}

const Call* Prunable(const ExprPtr& expr) {
  const auto* call = As<Call>(expr);
  return call && call->def->prune && call->type->id() == TypeId::kStruct ? call : nullptr;
}

void Collect(const ExprPtr& expr, std::vector<Use>* uses) {
  if (const auto* get = As<GetField>(expr))
    if (const Call* call = Prunable(expr->children[0])) {
      Find(uses, *call)->fields.insert(get->ordinal);
      for (const auto& arg : call->children) Collect(arg, uses);
      return;
    }
  if (const Call* call = Prunable(expr)) Find(uses, *call)->whole = true;
  for (const auto& child : expr->children) Collect(child, uses);
}

ExprPtr Rewrite(const ExprPtr& expr, std::vector<Use>* uses, const std::map<const Call*, ExprPtr>& pruned) {
  if (const auto* get = As<GetField>(expr))
    if (const Call* call = Prunable(expr->children[0])) {
      Use* use = Find(uses, *call);
      auto it = pruned.find(use->call);
      if (it != pruned.end()) {
        auto copy = std::static_pointer_cast<GetField>(get->Clone());
        copy->ordinal = static_cast<int>(std::distance(use->fields.begin(), use->fields.find(get->ordinal)));
        copy->children = {it->second};
        return copy;
      }
    }
  ExprList children;
  bool changed = false;
  for (const auto& child : expr->children) {
    children.push_back(Rewrite(child, uses, pruned));
    changed = changed || children.back() != child;
  }
  return changed ? expr->WithChildren(std::move(children)) : expr;
}

}  // namespace

Result<PlanPtr> PruneStructFunctions(const PlanPtr& plan, const OptimizerContext&) {
  return TransformUp(plan, [](const PlanPtr& node) -> Result<PlanPtr> {
    std::vector<Use> uses;
    ExprList exprs = node->expressions();
    for (const auto& e : exprs) Collect(e, &uses);
    std::map<const Call*, ExprPtr> pruned;
    for (auto& use : uses) {
      if (use.whole || use.fields.size() == use.call->type->fields().size()) continue;
      std::vector<int> fields(use.fields.begin(), use.fields.end());
      auto bound = use.call->def->prune(*use.call->bound, fields);
      if (!bound) continue;
      auto call = std::static_pointer_cast<Call>(use.call->Clone());
      call->bound = bound;
      call->type = bound->result_type;
      pruned[use.call] = call;
    }
    if (pruned.empty()) return node;
    for (auto& e : exprs) e = Rewrite(e, &uses, pruned);
    auto copy = node->Clone();
    copy->set_expressions(std::move(exprs));
    return PlanPtr(copy);
  });
}

}  // namespace sluice::optimizer
