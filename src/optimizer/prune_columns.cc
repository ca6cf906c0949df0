#include <algorithm>
#include <set>

#include "optimizer/calls.h"
#include "optimizer/rules.h"

namespace sluice::optimizer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

using IdSet = std::set<ExprId>;

void AddReferences(const ExprList& exprs, IdSet* ids) {
  for (const auto& e : exprs)
    for (ExprId id : References(e)) ids->insert(id);
}
IdSet All(const Attributes& attributes) {
  IdSet ids;
  for (const auto& a : attributes) ids.insert(a->id);
  return ids;
}

ExprList Keep(const ExprList& list, const IdSet& needed) {
  ExprList kept;
  for (const auto& item : list) {
    AttributePtr attribute = ToAttribute(item);
    if (!attribute || needed.count(attribute->id)) kept.push_back(item);
  }
  return kept;
}

/// `node` giving at least `needed`, and little more. The order of what stays is kept.
PlanPtr Prune(const PlanPtr& node, const IdSet& needed);

/// Children of set operations match by position: nothing may go.
PlanPtr PruneNothing(const PlanPtr& node) {
  std::vector<PlanPtr> children;
  for (const auto& child : node->children) children.push_back(Prune(child, All(child->output())));
  return children.empty() ? node : node->WithChildren(std::move(children));
}

/// Exactly `needed` below an operator that keeps rows or looks for an event time among its columns: as in Spark, what
/// is not read is not in the state, and an event time that is not read makes no row late.
PlanPtr PruneForState(const PlanPtr& child, const IdSet& needed) {
  PlanPtr pruned = Prune(child, needed);
  if (!IsStreaming(*pruned)) return pruned;
  const Attributes given = pruned->output();
  ExprList kept;
  for (const auto& attribute : given)
    if (needed.count(attribute->id)) kept.push_back(attribute);
  return kept.size() == given.size() ? pruned : MakeProject(pruned, std::move(kept));
}

PlanPtr Prune(const PlanPtr& node, const IdSet& needed) {
  switch (node->kind) {
    case PlanKind::kRelation: {
      auto copy = std::static_pointer_cast<Relation>(node->Clone());
      IdSet wanted = needed;
      std::erase_if(copy->attributes, [&](const auto& a) { return !wanted.count(a->id); });
      return copy;
    }
    case PlanKind::kProject: {
      auto copy = std::static_pointer_cast<Project>(node->Clone());
      copy->list = Keep(copy->list, needed);
      IdSet below;
      AddReferences(copy->list, &below);
      copy->children = {Prune(node->children[0], below)};
      return copy;
    }
    case PlanKind::kAggregate: {
      auto copy = std::static_pointer_cast<Aggregate>(node->Clone());
      copy->aggregates = Keep(copy->aggregates, needed);
      IdSet below;
      AddReferences(copy->expressions(), &below);
      copy->children = {Prune(node->children[0], below)};
      return copy;
    }
    case PlanKind::kWindow: {
      auto copy = std::static_pointer_cast<Window>(node->Clone());
      copy->window_expressions = Keep(copy->window_expressions, needed);
      if (copy->window_expressions.empty()) return Prune(node->children[0], needed);
      IdSet below = needed;
      AddReferences(copy->window_expressions, &below);
      copy->children = {Prune(node->children[0], below)};
      return copy;
    }
    case PlanKind::kGenerate: {
      auto copy = std::static_pointer_cast<Generate>(node->Clone());
      IdSet below = needed;
      AddReferences({copy->generator}, &below);
      PlanPtr child = Prune(node->children[0], below);
      copy->unneeded_child_output.clear();
      Attributes output = child->output();
      for (size_t i = 0; i < output.size(); ++i)
        if (!needed.count(output[i]->id)) copy->unneeded_child_output.push_back(static_cast<int>(i));
      copy->children = {child};
      return copy;
    }
    case PlanKind::kExpand: {
      auto copy = std::static_pointer_cast<Expand>(node->Clone());
      copy->attributes.clear();
      for (auto& projection : copy->projections) projection.clear();
      const auto& expand = *As<Expand>(node);
      for (size_t i = 0; i < expand.attributes.size(); ++i) {
        if (!needed.count(expand.attributes[i]->id)) continue;
        copy->attributes.push_back(expand.attributes[i]);
        for (size_t p = 0; p < copy->projections.size(); ++p) copy->projections[p].push_back(expand.projections[p][i]);
      }
      IdSet below;
      AddReferences(copy->expressions(), &below);
      copy->children = {Prune(node->children[0], below)};
      return copy;
    }
    case PlanKind::kFilter:
    case PlanKind::kSort:
    case PlanKind::kRepartition:
    case PlanKind::kEventTimeWatermark:
    case PlanKind::kCollectMetrics: {
      IdSet below = needed;
      AddReferences(node->expressions(), &below);
      return node->WithChildren({Prune(node->children[0], below)});
    }
    case PlanKind::kLimit:
    case PlanKind::kOffset:
    case PlanKind::kTail:
    case PlanKind::kSample:
    case PlanKind::kHint: return node->WithChildren({Prune(node->children[0], needed)});
    case PlanKind::kDeduplicate: {
      IdSet below = needed;
      AddReferences(node->expressions(), &below);
      if (As<Deduplicate>(node)->within_watermark) {
        for (const auto& a : node->children[0]->output())
          if (a->watermark_delay_us) below.insert(a->id);
      }
      return node->WithChildren({PruneForState(node->children[0], below)});
    }
    case PlanKind::kJoin: {
      IdSet below = needed;
      AddReferences(node->expressions(), &below);
      return node->WithChildren({PruneForState(node->children[0], below), PruneForState(node->children[1], below)});
    }
    case PlanKind::kUnion: {
      auto copy = std::static_pointer_cast<Union>(node->Clone());
      std::vector<bool> keep;
      for (const auto& a : copy->attributes) keep.push_back(needed.count(a->id) > 0);
      // A child narrows to the kept positions, through a Project when it can't do so itself.
      std::vector<PlanPtr> children;
      for (const auto& child : node->children) {
        Attributes output = child->output();
        auto project = std::make_shared<Project>();
        project->resolved = true;
        IdSet below;
        for (size_t i = 0; i < output.size(); ++i) {
          if (!keep[i]) continue;
          project->list.push_back(output[i]);
          below.insert(output[i]->id);
        }
        project->children = {Prune(child, below)};
        children.push_back(project);
      }
      Attributes attributes;
      for (size_t i = 0; i < keep.size(); ++i)
        if (keep[i]) attributes.push_back(copy->attributes[i]);
      copy->attributes = attributes;
      copy->children = std::move(children);
      return copy;
    }
    case PlanKind::kLocalRelation:
    case PlanKind::kRange:
    case PlanKind::kOneRow: return node;
    default: return PruneNothing(node);
  }
}

}  // namespace

Result<PlanPtr> PruneColumns(const PlanPtr& plan, const OptimizerContext&) {
  Attributes output = plan->output();
  PlanPtr pruned = Prune(plan, All(output));
  Attributes now = pruned->output();
  bool same = now.size() == output.size();
  for (size_t i = 0; same && i < now.size(); ++i) same = now[i]->id == output[i]->id;
  if (same || plan->kind == PlanKind::kCommand) return pruned;
  auto project = std::make_shared<Project>();
  project->list.assign(output.begin(), output.end());
  project->children = {pruned};
  project->resolved = true;
  return PlanPtr(project);
}

}  // namespace sluice::optimizer
