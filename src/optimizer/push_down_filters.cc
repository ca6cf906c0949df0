#include <algorithm>
#include <set>

#include "functions/registry.h"
#include "optimizer/rules.h"

namespace sluice::optimizer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

std::set<ExprId> Ids(const Attributes& attributes) {
  std::set<ExprId> ids;
  for (const auto& a : attributes) ids.insert(a->id);
  return ids;
}
bool ReadsOnly(const ExprPtr& expr, const std::set<ExprId>& ids) {
  auto references = References(expr);
  return std::all_of(references.begin(), references.end(), [&](ExprId id) { return ids.count(id) > 0; });
}

PlanPtr FilterOver(const PlanPtr& child, const ExprList& conjuncts) {
  if (conjuncts.empty()) return child;
  auto filter = std::make_shared<Filter>();
  filter->condition = JoinConjuncts(conjuncts);
  filter->children = {child};
  filter->resolved = true;
  return filter;
}

/// column op literal, column IS [NOT] NULL, column IN (literals): what a table may use to skip data.
bool IsSimple(const ExprPtr& expr) {
  const auto* call = As<Call>(expr);
  if (!call || call->children.empty()) return false;
  static const std::set<std::string_view> kOperators = {
      "=", "==", "<", "<=", ">", ">=", "!=", "<>", "in", "isnull", "isnotnull", "startswith"};
  if (!kOperators.count(call->def->name)) return false;
  auto column = [](const ExprPtr& e) {
    const Expression* at = e.get();
    while (at->kind == ExprKind::kGetField && !static_cast<const GetField*>(at)->over_array) at = at->children[0].get();
    return at->kind == ExprKind::kAttribute;
  };
  size_t columns = 0, literals = 0;
  for (const auto& child : call->children) {
    columns += column(child);
    literals += child->kind == ExprKind::kLiteral;
  }
  return columns == 1 && columns + literals == call->children.size();
}

/// Puts `conjuncts`, which read columns of `node`, as far down below `node` as they may go.
PlanPtr Push(const PlanPtr& node, ExprList conjuncts);

PlanPtr PushIntoJoin(const Join& join, ExprList conjuncts) {
  auto left_ids = Ids(join.children[0]->output()), right_ids = Ids(join.children[1]->output());
  // A side may be filtered before the join only if the join never makes up nulls for it.
  bool left_ok = join.type != JoinType::kRightOuter && join.type != JoinType::kFullOuter;
  bool right_ok = join.type == JoinType::kInner || join.type == JoinType::kCross || join.type == JoinType::kRightOuter;
  ExprList left, right, stay;
  for (const auto& c : conjuncts) {
    if (IsDeterministic(c) && left_ok && ReadsOnly(c, left_ids)) {
      left.push_back(c);
    } else if (IsDeterministic(c) && right_ok && ReadsOnly(c, right_ids)) {
      right.push_back(c);
    } else {
      stay.push_back(c);
    }
  }
  auto copy = std::static_pointer_cast<Join>(join.Clone());
  if (join.condition) {
    // Sides of the ON condition: the side that is not preserved may be filtered by it.
    ExprList on;
    bool inner = join.type == JoinType::kInner || join.type == JoinType::kCross || join.type == JoinType::kLeftSemi;
    for (const auto& c : SplitConjunction(join.condition)) {
      if (IsDeterministic(c) && (inner || join.type == JoinType::kRightOuter) && ReadsOnly(c, left_ids)) {
        left.push_back(c);
      } else if (IsDeterministic(c) &&
                 (inner || join.type == JoinType::kLeftOuter || join.type == JoinType::kLeftAnti) &&
                 ReadsOnly(c, right_ids)) {
        right.push_back(c);
      } else {
        on.push_back(c);
      }
    }
    copy->condition = JoinConjuncts(on);
  }
  if (join.type == JoinType::kInner || join.type == JoinType::kCross) {
    // What reads both sides becomes part of the condition: an equality there makes a hash join.
    ExprList on = copy->condition ? SplitConjunction(copy->condition) : ExprList{};
    ExprList rest;
    for (const auto& c : stay) (IsDeterministic(c) ? on : rest).push_back(c);
    copy->condition = JoinConjuncts(on);
    if (copy->condition) copy->type = JoinType::kInner;
    stay = rest;
  }
  copy->children = {Push(join.children[0], left), Push(join.children[1], right)};
  return FilterOver(copy, stay);
}

PlanPtr Push(const PlanPtr& node, ExprList conjuncts) {
  switch (node->kind) {
    case PlanKind::kFilter: {
      ExprList all = SplitConjunction(As<Filter>(node)->condition);
      if (!std::all_of(all.begin(), all.end(), IsDeterministic)) break;
      all.insert(all.end(), conjuncts.begin(), conjuncts.end());
      return Push(node->children[0], std::move(all));
    }
    case PlanKind::kProject: {
      const auto& project = *As<Project>(node);
      if (!std::all_of(project.list.begin(), project.list.end(), IsDeterministic)) break;
      Substitution definitions = DefinitionsOf(project.list);
      ExprList below, stay;
      for (const auto& c : conjuncts)
        (IsDeterministic(c) ? below : stay).push_back(IsDeterministic(c) ? Substitute(c, definitions) : c);
      return FilterOver(node->WithChildren({Push(node->children[0], below)}), stay);
    }
    case PlanKind::kUnion: {
      std::vector<PlanPtr> children;
      for (const auto& child : node->children) {
        Substitution definitions;
        Attributes to = child->output(), from = node->output();
        for (size_t i = 0; i < from.size(); ++i) definitions[from[i]->id] = to[i];
        ExprList below;
        for (const auto& c : conjuncts) below.push_back(Substitute(c, definitions));
        children.push_back(Push(child, below));
      }
      return node->WithChildren(std::move(children));
    }
    case PlanKind::kAggregate: {
      // Only conditions on groupings commute; a global aggregate has a row even without input.
      const auto& aggregate = *As<Aggregate>(node);
      std::set<ExprId> groupings;
      Substitution definitions = DefinitionsOf(aggregate.aggregates);
      for (const auto& g : aggregate.grouping)
        if (const auto* a = As<Attribute>(g)) groupings.insert(a->id);
      ExprList below, stay;
      for (const auto& c : conjuncts) {
        ExprPtr replaced = Substitute(c, definitions);
        bool pushable = !groupings.empty() && IsDeterministic(replaced) && ReadsOnly(replaced, groupings) &&
                        !References(replaced).empty();
        Visit(replaced, [&](const Expression& e) {
          pushable = pushable && e.kind != ExprKind::kAggregateCall;
          return pushable;
        });
        (pushable ? below : stay).push_back(pushable ? replaced : c);
      }
      return FilterOver(node->WithChildren({Push(node->children[0], below)}), stay);
    }
    case PlanKind::kDeduplicate: {
      // What reads keys alone keeps or drops all rows of a key. The state of a stream holds all keys, as Spark's does.
      if (As<Deduplicate>(node)->within_watermark || IsStreaming(*node)) break;
      std::set<ExprId> keys;
      for (const auto& key : As<Deduplicate>(node)->keys)
        if (const auto* a = As<Attribute>(key)) keys.insert(a->id);
      ExprList below, stay;
      for (const auto& c : conjuncts) (IsDeterministic(c) && ReadsOnly(c, keys) ? below : stay).push_back(c);
      return FilterOver(node->WithChildren({Push(node->children[0], below)}), stay);
    }
    case PlanKind::kEventTimeWatermark: {
      // Conditions on the event time stay: the watermark is that of all rows.
      const auto event_time = References(As<EventTimeWatermark>(node)->event_time);
      ExprList below, stay;
      for (const auto& c : conjuncts) {
        const auto read = References(c);
        const bool timed = std::any_of(read.begin(), read.end(), [&](ExprId id) {
          return std::count(event_time.begin(), event_time.end(), id) > 0;
        });
        (IsDeterministic(c) && !timed ? below : stay).push_back(c);
      }
      return FilterOver(node->WithChildren({Push(node->children[0], below)}), stay);
    }
    case PlanKind::kJoin: return PushIntoJoin(*As<Join>(node), std::move(conjuncts));
    case PlanKind::kGenerate: {
      auto ids = Ids(node->children[0]->output());
      ExprList below, stay;
      for (const auto& c : conjuncts) (IsDeterministic(c) && ReadsOnly(c, ids) ? below : stay).push_back(c);
      return FilterOver(node->WithChildren({Push(node->children[0], below)}), stay);
    }
    case PlanKind::kSort:
    case PlanKind::kDistinct:
    case PlanKind::kRepartition: return node->WithChildren({Push(node->children[0], std::move(conjuncts))});
    case PlanKind::kRelation: {
      auto copy = std::static_pointer_cast<Relation>(node->Clone());
      for (const auto& c : conjuncts) {
        auto& pushed = copy->pushed_filters;
        if (IsSimple(c) && std::find(pushed.begin(), pushed.end(), c) == pushed.end()) pushed.push_back(c);
      }
      return FilterOver(copy, conjuncts);  // tables skip by these filters, they do not have to be exact
    }
    default: break;
  }
  std::vector<PlanPtr> children;
  for (const auto& child : node->children) children.push_back(Push(child, {}));
  return FilterOver(children.empty() ? node : node->WithChildren(std::move(children)), conjuncts);
}

}  // namespace

Result<PlanPtr> PushDownFilters(const PlanPtr& plan, const OptimizerContext&) { return Push(plan, {}); }

}  // namespace sluice::optimizer
