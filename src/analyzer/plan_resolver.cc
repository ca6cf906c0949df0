#include "analyzer/plan_resolver.h"

#include "analyzer/depth.h"

#include "plan/transform.h"

namespace sluice::analyzer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {
constexpr int kMaxDepth = 1000;
}

PlanResolver::Handler PlanResolver::HandlerFor(PlanKind kind) {
  static const std::map<PlanKind, Handler> kHandlers = {
      {PlanKind::kUnresolvedRelation, &PlanResolver::ResolveRelation},
      {PlanKind::kUnresolvedDataSource, &PlanResolver::ResolveDataSource},
      {PlanKind::kUnresolvedInlineTable, &PlanResolver::ResolveInlineTable},
      {PlanKind::kUnresolvedTableFunction, &PlanResolver::ResolveTableFunction},
      {PlanKind::kWith, &PlanResolver::ResolveWith},
      {PlanKind::kSubqueryAlias, &PlanResolver::ResolveSubqueryAlias},
      {PlanKind::kProject, &PlanResolver::ResolveProject},
      {PlanKind::kFilter, &PlanResolver::ResolveFilter},
      {PlanKind::kLimit, &PlanResolver::ResolveLimit},
      {PlanKind::kOffset, &PlanResolver::ResolveLimit},
      {PlanKind::kRepartition, &PlanResolver::ResolveByExpressions},
      {PlanKind::kDeduplicate, &PlanResolver::ResolveDeduplicate},
      {PlanKind::kEventTimeWatermark, &PlanResolver::ResolveWatermark},
      {PlanKind::kAggregate, &PlanResolver::ResolveAggregate},
      {PlanKind::kSort, &PlanResolver::ResolveSort},
      {PlanKind::kGenerate, &PlanResolver::ResolveGenerate},
      {PlanKind::kPivot, &PlanResolver::ResolvePivot},
      {PlanKind::kUnpivot, &PlanResolver::ResolveUnpivot},
      {PlanKind::kJoin, &PlanResolver::ResolveJoin},
      {PlanKind::kUnion, &PlanResolver::ResolveUnion},
      {PlanKind::kSetOperation, &PlanResolver::ResolveSetOperation},
      {PlanKind::kCommand, &PlanResolver::ResolveCommand},
      {PlanKind::kOneRow, &PlanResolver::ResolveChildrenOf},
      {PlanKind::kLocalRelation, &PlanResolver::ResolveChildrenOf},
      {PlanKind::kRange, &PlanResolver::ResolveChildrenOf},
      {PlanKind::kRelation, &PlanResolver::ResolveChildrenOf},
      {PlanKind::kDistinct, &PlanResolver::ResolveDistinct},
      {PlanKind::kTail, &PlanResolver::ResolveChildrenOf},
      {PlanKind::kSample, &PlanResolver::ResolveChildrenOf},
      {PlanKind::kHint, &PlanResolver::ResolveChildrenOf},
      {PlanKind::kCollectMetrics, &PlanResolver::ResolveCollectMetrics},
      {PlanKind::kMapPartitions, &PlanResolver::ResolveChildrenOf},
      {PlanKind::kMapGroups, &PlanResolver::ResolveMapGroups},
  };
  auto it = kHandlers.find(kind);
  return it == kHandlers.end() ? nullptr : it->second;
}

Result<PlanPtr> PlanResolver::ResolveChildrenOf(const PlanPtr& plan) {
  std::vector<PlanPtr> children;
  for (const auto& child : plan->children) {
    ARROW_ASSIGN_OR_RAISE(PlanPtr resolved, Resolve(child));
    children.push_back(std::move(resolved));
  }
  auto copy = plan->Clone();
  copy->children = std::move(children);
  copy->resolved = true;
  return PlanPtr(copy);
}

Result<PlanPtr> PlanResolver::Resolve(const PlanPtr& plan) {
  if (plan->resolved) return plan;
  if (depth_ >= kMaxDepth) return MakeError("FAILED_TO_PARSE_TOO_COMPLEX", {}, &plan->origin);
  Handler handler = HandlerFor(plan->kind);
  if (!handler) return UnsupportedFeature(PlanNodeString(*plan), &plan->origin);
  ++depth_;
  auto result = (this->*handler)(plan);
  --depth_;
  const bool tagged = !plan->plan_id || (result.ok() && (*result)->plan_id == plan->plan_id);
  if (!result.ok() || ((*result)->resolved && tagged)) return result;
  auto copy = (*result)->Clone();
  copy->resolved = true;
  if (plan->plan_id) copy->plan_id = plan->plan_id;
  return PlanPtr(copy);
}

PlanPtr FreshIds(const PlanPtr& plan) {
  auto project = std::make_shared<Project>();
  project->children = {plan};
  project->resolved = true;
  for (const auto& attribute : plan->output()) project->list.push_back(MakeAlias(attribute, attribute->name));
  return project;
}

DataType SchemaOf(const LogicalPlan& plan) {
  std::vector<StructField> fields;
  for (const auto& attribute : plan.output())
    fields.push_back({attribute->name, *attribute->type, attribute->nullable, attribute->metadata_json});
  return DataType::Struct(std::move(fields));
}

Result<PlanPtr> Analyze(const PlanPtr& plan, const AnalyzerContext& context) {
  ARROW_RETURN_NOT_OK(CheckDepth(plan));
  return PlanResolver(context).Resolve(plan);
}

}  // namespace sluice::analyzer
