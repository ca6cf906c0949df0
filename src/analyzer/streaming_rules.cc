// What a streaming query may hold. Source: Structured Streaming guide, "Unsupported Operations" and "Output Modes", and
// the conditions real Spark raises for them.
#include <algorithm>

#include "analyzer/analyzer.h"
#include "functions/registry.h"
#include "plan/external.h"
#include "plan/transform.h"

namespace sluice::analyzer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

constexpr std::string_view kCorrectness =
    "Detected pattern of possible 'correctness' issue due to global watermark. The query contains stateful operation "
    "which "
    "can emit rows older than the current watermark plus allowed late record delay, which are \"late rows\" in "
    "downstream "
    "stateful operations and these rows can be discarded.";

int CountStreams(const LogicalPlan& plan) {
  if (const auto* relation = As<Relation>(plan)) return relation->is_streaming ? 1 : 0;
  int n = 0;
  for (const auto& child : plan.children) n += CountStreams(*child);
  return n;
}

Status Refuse(std::string_view what) { return MakeError("_LEGACY_ERROR_TEMP_3102", {{"msg", std::string(what)}}); }

Status RefuseMode(const std::string& mode, const char* operation) {
  return MakeError("STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION", {{"outputMode", mode}, {"operation", operation}});
}

/// Stateful operators that are not there.
Status Stateful(const std::string& name) { return UnsupportedFeature("stateful streaming operator " + name); }

/// As Spark prints pieces of statements in messages.
std::string UpperCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

Status RefuseWindow(const Window& window) {
  std::string functions, columns, specifications;
  const auto add = [](const std::string& text, std::string* list) { *list += (list->empty() ? "" : ", ") + text; };
  for (const auto& item : window.window_expressions) {
    const auto* alias = As<Alias>(*item);
    const auto* over = alias ? As<WindowExpression>(*alias->children[0]) : nullptr;
    if (over == nullptr) continue;
    const std::string function = ExpressionSql(*over->children[0]), whole = ExpressionSql(*over);
    add(UpperCase(function), &functions);
    add(QuoteIdentifier(alias->name), &columns);
    constexpr std::string_view kOver = " OVER ";
    const size_t at = whole.find(kOver, std::min(function.size(), whole.size()));
    add(UpperCase(at == std::string::npos ? whole : whole.substr(at + kOver.size())), &specifications);
  }
  return MakeError("NON_TIME_WINDOW_NOT_SUPPORTED_IN_STREAMING",
                   {{"windowFunc", functions}, {"columnName", columns}, {"windowSpec", specifications}});
}

bool HasWatermark(const Attributes& attributes) {
  return std::any_of(attributes.begin(), attributes.end(),
                     [](const auto& a) { return a->watermark_delay_us.has_value(); });
}

/// The columns a node groups a stream by; a DISTINCT is an aggregation by all.
std::optional<Attributes> StreamGroupings(const LogicalPlan& node) {
  if (!IsStreaming(node)) return std::nullopt;
  if (node.kind == PlanKind::kDistinct) return node.children[0]->output();
  const auto* aggregate = As<Aggregate>(node);
  if (!aggregate) return std::nullopt;
  Attributes groupings;
  for (const auto& g : aggregate->grouping)
    if (AttributePtr attribute = ToAttribute(g)) groupings.push_back(attribute);
  return groupings;
}

bool IsStateful(const LogicalPlan& node) {
  switch (node.kind) {
    case PlanKind::kAggregate:
    case PlanKind::kDistinct:
    case PlanKind::kDeduplicate: return IsStreaming(node);
    case PlanKind::kJoin: return IsStreaming(*node.children[0]) && IsStreaming(*node.children[1]);
    case PlanKind::kMapGroups: return As<MapGroups>(node)->memory && IsStreaming(node);
    default: return false;
  }
}

bool OrdersItself(const AggregateCall& call) {
  const size_t key = call.children.size() - (call.has_filter ? 2 : 1);
  return call.within_group.size() == 1 && SameExpression(*call.children[0], *call.children[key]);
}

Status CheckAggregate(const Aggregate& aggregate) {
  Status status;
  auto check = [&](const Expression& e) {
    const auto* call = As<AggregateCall>(e);
    if (call && call->distinct)
      status = Refuse(
          "Distinct aggregations are not supported on streaming DataFrames/Datasets. Consider using "
          "approx_count_distinct() instead.");
    // In state Spark keeps the values alone then, not with their keys as for other orders.
    else if (call && call->def->name == "listagg" && OrdersItself(*call))
      status = UnsupportedFeature("listagg in the order of its own values on a stream", &call->origin);
    return status.ok();
  };
  for (const auto& e : aggregate.aggregates)
    if (status.ok()) Visit(e, check);
  return status;
}

Status CheckJoin(const Join& join, const std::string& mode) {
  const bool left = IsStreaming(*join.children[0]), right = IsStreaming(*join.children[1]);
  if (left && right) {
    if (mode != "append")
      return Refuse("Join between two streaming DataFrames/Datasets is not supported in " + mode +
                    " output mode, only in Append output mode");
    const char* outer = join.type == JoinType::kLeftOuter    ? "LeftOuter"
                        : join.type == JoinType::kRightOuter ? "RightOuter"
                        : join.type == JoinType::kFullOuter  ? "FullOuter"
                        : join.type == JoinType::kLeftSemi   ? "LeftSemi"
                                                             : nullptr;
    if (join.type == JoinType::kLeftAnti)
      return Refuse("LeftAnti joins with streaming DataFrames/Datasets on the right are not supported");
    if (outer && !HasWatermark(join.children[0]->output()) && !HasWatermark(join.children[1]->output()))
      return Refuse(std::string("Stream-stream ") + outer +
                    " join between two streaming DataFrame/Datasets is not supported without a watermark in the join "
                    "keys, or a watermark on the nullable side and an appropriate range condition");
    return Status::OK();
  }
  auto refuse = [](const char* type, const char* side, const char* other) {
    return Refuse(std::string(type) + " join with a streaming DataFrame/Dataset on the " + side +
                  " and a static DataFrame/Dataset on the " + other + " is not supported");
  };
  if (join.type == JoinType::kFullOuter)
    return Refuse("Full outer joins with streaming and static DataFrames/Datasets are not supported");
  if (right && join.type == JoinType::kLeftOuter) return refuse("LeftOuter", "right", "left");
  if (left && join.type == JoinType::kRightOuter) return refuse("RightOuter", "left", "right");
  if (right && join.type == JoinType::kLeftSemi) return refuse("LeftSemi", "right", "left");
  if (right && join.type == JoinType::kLeftAnti) return refuse("LeftAnti", "right", "left");
  return Status::OK();
}

Status CheckMapGroups(const MapGroups& groups, const std::string& mode, bool has_aggregate) {
  const GroupMemory& memory = *groups.memory;
  if (memory.kind == GroupMemory::Kind::kProcessor) return Status::OK();
  const std::string what = "applyInPandasWithState in " + memory.output_mode + " mode is not supported ";
  if (!has_aggregate) {
    std::string shown = mode;
    shown[0] = static_cast<char>(std::toupper(shown[0]));
    if (memory.output_mode != mode)
      return Refuse(what + "with " + shown + " output mode on a streaming DataFrame/Dataset");
  } else if (memory.output_mode == "update") {
    return Refuse(what + "with aggregation on a streaming DataFrame/Dataset");
  } else {
    bool after = false;
    Visit(groups.children[0], [&](const LogicalPlan& below) {
      after = after || StreamGroupings(below);
      return !after;
    });
    if (after) return Refuse(what + "after aggregation on a streaming DataFrame/Dataset");
  }
  if (memory.time == "EventTimeTimeout" && !HasWatermark(groups.children[0]->output()))
    return Refuse(
        "Watermark must be specified in the query using '[Dataset/DataFrame].withWatermark()' for using event-time "
        "timeout in a applyInPandasWithState. Event-time timeout not supported without watermark.");
  return Status::OK();
}

/// Spark finds a second watermark on the way of a row once the first one moves.
Status CheckWatermark(const EventTimeWatermark& watermark) {
  bool again = false;
  Visit(watermark.children[0], [&](const LogicalPlan& below) {
    again = again || (below.kind == PlanKind::kEventTimeWatermark && IsStreaming(below));
    // Rows of arbitrary state have no event time but a new one.
    return !again && !(below.kind == PlanKind::kMapGroups && As<MapGroups>(below)->memory);
  });
  if (!again) return Status::OK();
  return MakeError("_LEGACY_ERROR_TEMP_3076", {{"config", "spark.sql.streaming.statefulOperator.allowMultiple"}});
}

Status CheckNode(const LogicalPlan& plan, const std::string& mode, bool has_aggregate) {
  if (!IsStreaming(plan)) return Status::OK();
  switch (plan.kind) {
    case PlanKind::kCommand:
      return Refuse(
          "Commands like CreateTable*, AlterTable*, Show* are not supported with streaming DataFrames/Datasets");
    case PlanKind::kSort:
      if (!As<Sort>(plan)->global) break;
      if (!(has_aggregate && mode == "complete"))
        return Refuse(
            "Sorting is not supported on streaming DataFrames/Datasets, unless it is on aggregated DataFrame/Dataset "
            "in Complete output mode");
      break;
    case PlanKind::kLimit:
      if (mode == "update")
        return Refuse("Limits are not supported on streaming DataFrames/Datasets in Update output mode");
      break;
    case PlanKind::kOffset: return Refuse("Offset is not supported on streaming DataFrames/Datasets");
    case PlanKind::kTail: return Refuse("Tail is not supported on streaming DataFrames/Datasets");
    case PlanKind::kSample: return Refuse("Sampling is not supported on streaming DataFrames/Datasets");
    case PlanKind::kWindow: return RefuseWindow(*As<Window>(plan));
    case PlanKind::kAggregate: return CheckAggregate(*As<Aggregate>(plan));
    case PlanKind::kDeduplicate:
      if (As<Deduplicate>(plan)->within_watermark && !HasWatermark(plan.children[0]->output()))
        return Refuse(
            "dropDuplicatesWithinWatermark is not supported on streaming DataFrames/DataSets without watermark");
      break;
    case PlanKind::kSetOperation: {
      bool left = IsStreaming(*plan.children[0]), right = IsStreaming(*plan.children[1]);
      if (As<SetOperation>(plan)->type == SetOperationType::kExcept && right)
        return Refuse("Except on a streaming DataFrame/Dataset on the right is not supported");
      if (left && right) return Refuse("Intersect of two streaming DataFrames/Datasets is not supported");
      return Stateful("set operation");
    }
    case PlanKind::kUnion:
      for (const auto& child : plan.children)
        if (!IsStreaming(*child))
          return Refuse("Union between streaming and batch DataFrames/Datasets is not supported");
      break;
    case PlanKind::kJoin: return CheckJoin(*As<Join>(plan), mode);
    case PlanKind::kEventTimeWatermark: return CheckWatermark(*As<EventTimeWatermark>(plan));
    case PlanKind::kMapGroups:
      if (As<MapGroups>(plan)->memory) return CheckMapGroups(*As<MapGroups>(plan), mode, has_aggregate);
      break;
    default: break;
  }
  return Status::OK();
}

/// Modes that say nothing about when a group is finished, or nothing that is not.
Status CheckMode(const PlanPtr& plan, const std::string& mode, bool* has_aggregate) {
  std::optional<Attributes> outermost;
  Visit(plan, [&](const LogicalPlan& node) {
    if (!outermost) outermost = StreamGroupings(node);
    return true;
  });
  *has_aggregate = outermost.has_value();
  if (mode == "complete" && !outermost) return RefuseMode(mode, "no streaming aggregations");
  if (mode == "append" && outermost && !HasWatermark(*outermost))
    return RefuseMode(mode, "streaming aggregations without watermark");
  if (mode == "update" && outermost && std::any_of(outermost->begin(), outermost->end(), [](const auto& a) {
        return a->metadata_json.find("\"spark.sessionWindow\":true") != std::string::npos;
      }))
    return RefuseMode(mode, "session window streaming aggregations");
  if (mode != "append" && outermost) {
    Status status;
    Visit(plan, [&](const LogicalPlan& node) {
      if (!status.ok() || !IsStateful(node)) return status.ok();
      for (const auto& child : node.children)
        Visit(child, [&](const LogicalPlan& below) {
          if (status.ok() && StreamGroupings(below)) status = Refuse(kCorrectness);
          return status.ok();
        });
      return status.ok();
    });
    ARROW_RETURN_NOT_OK(status);
  }
  return Status::OK();
}

}  // namespace

Status CheckStreaming(const PlanPtr& plan, const std::string& mode) {
  bool has_aggregate = false;
  ARROW_RETURN_NOT_OK(CheckMode(plan, mode, &has_aggregate));
  Status status;
  Visit(plan, [&](const LogicalPlan& node) {
    if (status.ok()) status = CheckNode(node, mode, has_aggregate);
    return status.ok();
  });
  return status;
}

Status CheckBatch(const PlanPtr& plan) {
  Status status;
  Visit(plan, [&](const LogicalPlan& node) {
    const auto* groups = As<MapGroups>(node);
    if (groups && groups->memory && groups->memory->kind == GroupMemory::Kind::kState && !IsStreaming(node))
      status = MakeError("_LEGACY_ERROR_TEMP_3176", {});
    return status.ok();
  });
  ARROW_RETURN_NOT_OK(status);
  if (CountStreams(*plan) > 0)
    return Refuse("Queries with streaming sources must be executed with writeStream.start()");
  return Status::OK();
}

}  // namespace sluice::analyzer
