// Plans that nest too deeply for the passes behind, which all recurse.
#include "analyzer/depth.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>

#include "plan/transform.h"

namespace sluice::analyzer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

// Plans take more of the stack. The bounds that the resolvers set to what is new hold for plans built step by step too.
constexpr int kPlanWeight = 2, kExpressionWeight = 1, kMaxDepth = 2000;

/// A plan or an expression on the way down, with what is below it.
struct Step {
  const void* node;
  int weight;
  std::vector<PlanPtr> plans;
  ExprList expressions;
  size_t next = 0;
  int below = 0;
};

Step StepInto(const LogicalPlan& plan) { return {&plan, kPlanWeight, plan.children, plan.expressions()}; }
Step StepInto(const Expression& expr) {
  Step step{&expr, kExpressionWeight, {}, expr.children};
  if (const auto* subquery = As<SubqueryExpression>(expr); subquery && subquery->plan)
    step.plans.push_back(subquery->plan);
  return step;
}

}  // namespace

Status CheckDepth(const PlanPtr& plan) {
  absl::flat_hash_map<const void*, int> depths;  // of what has been seen: shared parts count once
  std::vector<Step> path;
  int above = 0;  // weight of the path
  auto push = [&](Step step) {
    above += step.weight;
    path.push_back(std::move(step));
  };
  push(StepInto(*plan));
  while (!path.empty()) {
    Step& step = path.back();
    if (above > kMaxDepth) return MakeError("FAILED_TO_PARSE_TOO_COMPLEX", {}, &plan->origin);
    if (step.next == step.plans.size() + step.expressions.size()) {
      const int depth = step.below + step.weight;
      depths.emplace(step.node, depth);
      above -= step.weight;
      path.pop_back();
      if (!path.empty()) path.back().below = std::max(path.back().below, depth);
      continue;
    }
    const size_t i = step.next++;
    const PlanPtr child_plan = i < step.plans.size() ? step.plans[i] : nullptr;
    const ExprPtr child = child_plan ? nullptr : step.expressions[i - step.plans.size()];
    if (!child_plan && !child) continue;
    const void* node = child_plan ? static_cast<const void*>(child_plan.get()) : child.get();
    if (auto seen = depths.find(node); seen != depths.end()) {
      step.below = std::max(step.below, seen->second);
      if (above + seen->second > kMaxDepth) return MakeError("FAILED_TO_PARSE_TOO_COMPLEX", {}, &plan->origin);
      continue;
    }
    push(child_plan ? StepInto(*child_plan) : StepInto(*child));
  }
  return Status::OK();
}

}  // namespace sluice::analyzer
