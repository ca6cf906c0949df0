#include <algorithm>

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
    auto merged = std::make_shared<Project>(*upper);
    for (auto& item : merged->list) item = KeepIdentity(item, Substitute(item, definitions));
    merged->children = lower->children;
    return PlanPtr(merged);
  });
}

}  // namespace sluice::optimizer
