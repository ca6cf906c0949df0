// What a streaming query may hold. Source: Structured Streaming guide, "Unsupported Operations", and the conditions real
// Spark raises for them.
#include "analyzer/analyzer.h"
#include "plan/transform.h"

namespace sluice::analyzer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

int CountStreams(const LogicalPlan& plan) {
  if (const auto* relation = As<Relation>(plan)) return relation->is_streaming ? 1 : 0;
  int n = 0;
  for (const auto& child : plan.children) n += CountStreams(*child);
  return n;
}

Status Refuse(const std::string& what) { return MakeError("_LEGACY_ERROR_TEMP_3102", {{"msg", what}}); }

/// Operators with state, until the state store is here.
Status Stateful(const std::string& name) { return UnsupportedFeature("stateful streaming operator " + name); }

Status CheckNode(const LogicalPlan& plan, const std::string& mode, bool has_aggregate) {
  if (!IsStreaming(plan)) return Status::OK();
  switch (plan.kind) {
    case PlanKind::kCommand:
      return Refuse("Commands like CreateTable*, AlterTable*, Show* are not supported with streaming DataFrames/Datasets");
    case PlanKind::kSort:
      if (!As<Sort>(plan)->global) break;
      if (!(has_aggregate && mode == "complete"))
        return Refuse("Sorting is not supported on streaming DataFrames/Datasets, unless it is on aggregated DataFrame/Dataset in Complete output mode");
      break;
    case PlanKind::kLimit:
      if (mode == "update") return Refuse("Limits are not supported on streaming DataFrames/Datasets in Update output mode");
      return Stateful("limit");
    case PlanKind::kOffset:
      return Refuse("Offset is not supported on streaming DataFrames/Datasets");
    case PlanKind::kTail:
      return Refuse("Tail is not supported on streaming DataFrames/Datasets");
    case PlanKind::kSample:
      return Refuse("Sampling is not supported on streaming DataFrames/Datasets");
    case PlanKind::kWindow:
      return MakeError("NON_TIME_WINDOW_NOT_SUPPORTED_IN_STREAMING", {{"windowFunc", ""}, {"columnName", ""}, {"windowSpec", ""}});
    case PlanKind::kAggregate:
      return Stateful("aggregate");
    case PlanKind::kDistinct:
    case PlanKind::kDeduplicate:
      return Stateful("deduplicate");
    case PlanKind::kSetOperation: {
      bool left = IsStreaming(*plan.children[0]), right = IsStreaming(*plan.children[1]);
      if (As<SetOperation>(plan)->type == SetOperationType::kExcept && right) return Refuse("Except on a streaming DataFrame/Dataset on the right is not supported");
      if (left && right) return Refuse("Intersect of two streaming DataFrames/Datasets is not supported");
      return Stateful("set operation");
    }
    case PlanKind::kUnion:
      for (const auto& child : plan.children)
        if (!IsStreaming(*child)) return Refuse("Union between streaming and batch DataFrames/Datasets is not supported");
      break;
    case PlanKind::kJoin: {
      const auto& join = *As<Join>(plan);
      bool left = IsStreaming(*plan.children[0]), right = IsStreaming(*plan.children[1]);
      if (left && right) return Stateful("stream-stream join");
      auto refuse = [](const char* type, const char* side) {
        return Refuse(std::string(type) + " join with a streaming DataFrame/Dataset on the " + side + " and a static DataFrame/Dataset on the " +
                      (std::string(side) == "left" ? "right" : "left") + " is not supported");
      };
      if (join.type == JoinType::kFullOuter) return Refuse("Full outer joins with streaming and static DataFrames/Datasets are not supported");
      if (right && join.type == JoinType::kLeftOuter) return refuse("LeftOuter", "right");
      if (left && join.type == JoinType::kRightOuter) return refuse("RightOuter", "left");
      if (right && join.type == JoinType::kLeftSemi) return refuse("LeftSemi", "right");
      if (right && join.type == JoinType::kLeftAnti) return refuse("LeftAnti", "right");
      break;
    }
    default:
      break;
  }
  return Status::OK();
}

}  // namespace

Status CheckStreaming(const PlanPtr& plan, const std::string& mode) {
  bool has_aggregate = false;
  Visit(plan, [&](const LogicalPlan& node) {
    has_aggregate = has_aggregate || (node.kind == PlanKind::kAggregate && IsStreaming(node));
    return true;
  });
  if (mode == "complete" && !has_aggregate)
    return MakeError("STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION",
                     {{"outputMode", "complete"}, {"operation", "no streaming aggregations"}});
  Status status;
  Visit(plan, [&](const LogicalPlan& node) {
    if (status.ok()) status = CheckNode(node, mode, has_aggregate);
    return status.ok();
  });
  return status;
}

Status CheckBatch(const PlanPtr& plan) {
  if (CountStreams(*plan) > 0) return Refuse("Queries with streaming sources must be executed with writeStream.start()");
  return Status::OK();
}

}  // namespace sluice::analyzer
