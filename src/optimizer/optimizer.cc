#include "optimizer/optimizer.h"

#include "optimizer/rules.h"

namespace sluice::optimizer {

namespace {

struct NamedRule {
  const char* name;
  Rule rule;
  bool required;  // operators rely on it
};

constexpr NamedRule kRules[] = {
    {"RemoveSubqueryAliases", &RemoveSubqueryAliases, true},
    {"RewriteSubqueries", &RewriteSubqueries, true},
    {"FoldConstants", &FoldConstants, false},
    {"SplitBetween", &SplitBetween, false},
    {"PushDownFilters", &PushDownFilters, false},
    {"InferNotNull", &InferNotNull, true},
    {"PushDownFilters", &PushDownFilters, false},
    {"CollapseProjects", &CollapseProjects, false},
    {"PruneColumns", &PruneColumns, false},
    {"CollapseProjects", &CollapseProjects, false},
    {"PushDownLimits", &PushDownLimits, false},
    {"LookUpInSets", &LookUpInSets, false},
    {"CheckCartesianProducts", &CheckCartesianProducts, true},
    {"ExtractExternalCalls", &ExtractExternalCalls, true},
};

}  // namespace

Result<plan::PlanPtr> Optimize(const plan::PlanPtr& plan, const OptimizerContext& context) {
  plan::PlanPtr current = plan;
  for (const auto& [name, rule, required] : kRules) {
    if (!required && (context.excluded.count(name) || context.excluded.count("*"))) continue;
    ARROW_ASSIGN_OR_RAISE(current, rule(current, context));
  }
  return current;
}

}  // namespace sluice::optimizer
