#include <algorithm>
#include <map>

#include "functions/registry.h"
#include "optimizer/rules.h"

namespace sluice::optimizer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

/// Keeps name, id and marks of `item` while its inside changes.
ExprPtr KeepIdentity(const ExprPtr& item, const ExprPtr& replaced) {
  if (replaced == item) return replaced;
  const AttributePtr attribute = ToAttribute(item);
  if (!attribute) return replaced;
  auto alias = std::make_shared<Alias>();
  if (const auto* named = As<Alias>(replaced)) {
    if (!attribute->watermark_delay_us && attribute->metadata_json.empty()) return replaced;
    alias = std::make_shared<Alias>(*named);
    alias->metadata_json = attribute->metadata_json;
    alias->watermark_delay_us = attribute->watermark_delay_us;
    return alias;
  }
  alias->name = attribute->name;
  alias->id = attribute->id;
  alias->metadata_json = attribute->metadata_json;
  alias->watermark_delay_us = attribute->watermark_delay_us;
  alias->children = {replaced};
  alias->type = replaced->type;
  alias->nullable = replaced->nullable;
  return alias;
}

/// How an upper list reads a column of the lower one.
struct Uses {
  int all = 0;
  int of_a_field = 0;  // GetField right above it
};

void CountUses(const ExprPtr& expr, bool field, std::map<ExprId, Uses>* uses) {
  if (const auto* attribute = As<Attribute>(expr)) {
    Uses& one = (*uses)[attribute->id];
    ++one.all;
    one.of_a_field += field;
  }
  for (const auto& child : expr->children) CountUses(child, expr->kind == ExprKind::kGetField, uses);
}

/// A call giving a STRUCT that is best merged with what takes it apart, so that it makes only the fields asked for; the
/// operators evaluate its copies once. Bounded, as chains of such calls grow with every merge.
bool IsStructMaker(const ExprPtr& expr) {
  constexpr int kMostNodes = 64;
  const auto* call = As<Call>(expr);
  if (!call || call->type->id() != TypeId::kStruct || !(call->def->prune || call->def->name == "named_struct"))
    return false;
  int nodes = 0;
  Visit(expr, [&](const Expression&) { return ++nodes <= kMostNodes; });
  return nodes <= kMostNodes;
}

/// Costs nothing to evaluate again.
bool IsCheap(const ExprPtr& expr) {
  if (expr->kind == ExprKind::kAttribute || expr->kind == ExprKind::kLiteral) return true;
  if (expr->kind == ExprKind::kGetField) return IsCheap(expr->children[0]) || IsStructMaker(expr->children[0]);
  const auto* call = As<Call>(expr);
  return call && (call->def->name == "getarrayitem" || call->def->name == "getmapvalue") &&
         std::all_of(call->children.begin(), call->children.end(), IsCheap);
}

/// Merging must neither repeat work nor double an expression with each level of a deep chain of projections.
bool MayMerge(const ExprList& upper, const Substitution& definitions) {
  std::map<ExprId, Uses> uses;
  for (const auto& item : upper) CountUses(item, false, &uses);
  return std::all_of(definitions.begin(), definitions.end(), [&](const auto& definition) {
    auto it = uses.find(definition.first);
    if (it == uses.end() || it->second.all == 1 || IsCheap(definition.second)) return true;
    return it->second.all - it->second.of_a_field <= 1 && IsStructMaker(definition.second);
  });
}

}  // namespace

Result<PlanPtr> CollapseProjects(const PlanPtr& plan, const OptimizerContext&) {
  return TransformUp(plan, [](const PlanPtr& node) -> Result<PlanPtr> {
    const auto* upper = As<Project>(node);
    if (!upper) return node;
    const auto* lower = As<Project>(node->children[0]);
    if (!lower) {
      // A projection of exactly the child's columns does nothing.
      Attributes below = node->children[0]->output();
      bool same = below.size() == upper->list.size() && !below.empty();
      for (size_t i = 0; same && i < below.size(); ++i) {
        const auto* attribute = As<Attribute>(upper->list[i]);
        same = attribute && attribute->id == below[i]->id && attribute->name == below[i]->name;
      }
      return same ? node->children[0] : node;
    }
    if (!std::all_of(lower->list.begin(), lower->list.end(), IsDeterministic)) return node;
    Substitution definitions = DefinitionsOf(lower->list);
    if (!MayMerge(upper->list, definitions)) return node;
    auto merged = std::make_shared<Project>(*upper);
    for (auto& item : merged->list) item = KeepIdentity(item, Substitute(item, definitions));
    merged->children = lower->children;
    return PlanPtr(merged);
  });
}

}  // namespace sluice::optimizer
