#include "exec/lowering.h"

#include "exec/aggregate.h"
#include "exec/collect_metrics.h"
#include "exec/dedup.h"
#include "exec/event_time.h"
#include "exec/external.h"
#include "exec/external_groups.h"
#include "exec/generate.h"
#include "exec/join.h"
#include "exec/limit.h"
#include "exec/project.h"
#include "exec/repartition.h"
#include "exec/sample.h"
#include "exec/scan.h"
#include "exec/sort.h"
#include "exec/union.h"
#include "exec/values.h"
#include "exec/window.h"
#include "plan/transform.h"

namespace sluice::exec {
namespace {

using plan::PlanKind;

/// Nodes that change nothing about rows once a plan is resolved.
Result<ExecNodePtr> LowerChild(const plan::PlanPtr& plan, Lowering& lowering) {
  return lowering.Lower(plan->children[0]);
}

struct Line {
  PlanKind kind;
  LoweringFunction lower;
};

const Line kLines[] = {
    {PlanKind::kRelation, &LowerRelation},
    {PlanKind::kLocalRelation, &LowerLocalRelation},
    {PlanKind::kRange, &LowerRange},
    {PlanKind::kOneRow, &LowerOneRow},
    {PlanKind::kProject, &LowerProject},
    {PlanKind::kFilter, &LowerFilter},
    {PlanKind::kAggregate, &LowerAggregate},
    {PlanKind::kDistinct, &LowerDistinct},
    {PlanKind::kDeduplicate, &LowerDeduplicate},
    {PlanKind::kSetOperation, &LowerSetOperation},
    {PlanKind::kSort, &LowerSort},
    {PlanKind::kJoin, &LowerJoin},
    {PlanKind::kGenerate, &LowerGenerate},
    {PlanKind::kExpand, &LowerExpand},
    {PlanKind::kWindow, &LowerWindow},
    {PlanKind::kSample, &LowerSample},
    {PlanKind::kLimit, &LowerLimit},
    {PlanKind::kOffset, &LowerOffset},
    {PlanKind::kTail, &LowerTail},
    {PlanKind::kUnion, &LowerUnion},
    {PlanKind::kSubqueryAlias, &LowerChild},
    {PlanKind::kHint, &LowerChild},
    {PlanKind::kCollectMetrics, &LowerCollectMetrics},
    {PlanKind::kRepartition, &LowerRepartition},
    {PlanKind::kEventTimeWatermark, &LowerEventTimeWatermark},
    {PlanKind::kExternalColumns, &LowerExternalColumns},
    {PlanKind::kMapPartitions, &LowerMapPartitions},
    {PlanKind::kMapGroups, &LowerMapGroups},
};

}  // namespace

Result<ExecNodePtr> Lowering::Lower(const plan::PlanPtr& plan) {
  for (const Line& line : kLines) {
    if (line.kind == plan->kind) return line.lower(plan, *this);
  }
  return UnsupportedFeature("this operator in a query (" + plan::PlanNodeString(*plan) + ")", &plan->origin);
}

}  // namespace sluice::exec
