#include "optimizer/rules.h"

namespace sluice::optimizer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

PlanPtr Push(const PlanPtr& node, int64_t rows) {
  switch (node->kind) {
    case PlanKind::kProject: return node->WithChildren({Push(node->children[0], rows)});
    case PlanKind::kUnion: {
      std::vector<PlanPtr> children;
      for (const auto& child : node->children) children.push_back(Push(child, rows));
      return node->WithChildren(std::move(children));
    }
    case PlanKind::kRelation: {
      if (As<Relation>(node)->is_streaming) return node;
      auto copy = std::static_pointer_cast<Relation>(node->Clone());
      copy->pushed_limit = rows;
      return copy;
    }
    default: return node;
  }
}

}  // namespace

Result<PlanPtr> PushDownLimits(const PlanPtr& plan, const OptimizerContext&) {
  return TransformUp(plan, [](const PlanPtr& node) -> Result<PlanPtr> {
    const auto* limit = As<Limit>(node);
    const auto* count = limit ? As<Literal>(limit->count) : nullptr;
    if (!count) return node;
    ARROW_ASSIGN_OR_RAISE(int64_t rows, IntegralOf({*count->type, count->value}));
    return node->WithChildren({Push(node->children[0], rows)});
  });
}

}  // namespace sluice::optimizer
