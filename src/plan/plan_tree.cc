// Plans as EXPLAIN prints them.
#include "plan/command.h"
#include "plan/expression_text.h"
#include "plan/external.h"
#include "plan/transform.h"

namespace sluice::plan {

namespace {

std::string JoinTexts(const std::vector<std::string>& parts, std::string_view separator = ", ") {
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += separator;
    out += parts[i];
  }
  return out;
}

std::string List(const ExprList& list) {
  std::vector<std::string> texts;
  for (const auto& expr : list) texts.push_back(ExpressionTreeText(*expr));
  return "[" + JoinTexts(texts) + "]";
}

std::string List(const Attributes& list) {
  std::vector<std::string> texts;
  for (const auto& attribute : list) texts.push_back(ExpressionTreeText(*attribute));
  return "[" + JoinTexts(texts) + "]";
}

std::string Text(const ExprPtr& expr) { return expr ? ExpressionTreeText(*expr) : "none"; }

const char* JoinName(JoinType type) {
  switch (type) {
    case JoinType::kInner: return "Inner";
    case JoinType::kLeftOuter: return "LeftOuter";
    case JoinType::kRightOuter: return "RightOuter";
    case JoinType::kFullOuter: return "FullOuter";
    case JoinType::kLeftSemi: return "LeftSemi";
    case JoinType::kLeftAnti: return "LeftAnti";
    case JoinType::kCross: return "Cross";
    case JoinType::kLeftSingle: return "LeftSingle";
    case JoinType::kExistence: return "ExistenceJoin";
  }
  return "Inner";
}

std::string JoinText(const Join& join) {
  std::string out = join.lateral ? "LateralJoin " : "Join ";
  if (join.natural) return out + "NaturalJoin(" + JoinName(join.type) + ")";
  if (!join.using_columns.empty()) {
    return out + "UsingJoin(" + JoinName(join.type) + ", [" + JoinTexts(join.using_columns) + "])";
  }
  out += JoinName(join.type);
  return join.condition ? out + ", " + Text(join.condition) : out;
}

std::string AggregateText(const Aggregate& aggregate) {
  std::string grouping = List(aggregate.grouping);
  switch (aggregate.grouping_kind) {
    case GroupingKind::kRollup: grouping = "rollup" + grouping; break;
    case GroupingKind::kCube: grouping = "cube" + grouping; break;
    case GroupingKind::kGroupingSets: grouping = "grouping sets" + grouping; break;
    case GroupingKind::kAll: grouping = "all"; break;
    case GroupingKind::kGroupBy: break;
  }
  return "Aggregate " + grouping + ", " + List(aggregate.aggregates);
}

const char* CommandName(CommandKind kind) {
  static constexpr const char* kNames[] = {"CreateNamespace",
                                           "DropNamespace",
                                           "CreateTable",
                                           "ReplaceTable",
                                           "DropTable",
                                           "InsertIntoStatement",
                                           "DeleteFromTable",
                                           "UpdateTable",
                                           "MergeIntoTable",
                                           "TruncateTable",
                                           "AlterTable",
                                           "ShowNamespaces",
                                           "ShowTables",
                                           "ShowTableProperties",
                                           "ShowCreateTable",
                                           "ShowColumns",
                                           "ShowFunctions",
                                           "ShowCatalogs",
                                           "ShowViews",
                                           "ShowPartitions",
                                           "DescribeRelation",
                                           "DescribeQuery",
                                           "DescribeNamespace",
                                           "DescribeFunction",
                                           "SetCatalogAndNamespace",
                                           "SetCatalog",
                                           "SetCommand",
                                           "ResetCommand",
                                           "ExplainCommand",
                                           "CreateViewCommand",
                                           "DropView",
                                           "CacheTable",
                                           "UncacheTable",
                                           "Call",
                                           "ShowCurrentNamespace"};
  return kNames[static_cast<size_t>(kind)];
}

std::string CommandText(const LogicalPlan& plan) {
  std::string out = CommandName(static_cast<const Command&>(plan).command);
  if (const auto* insert = AsCommand<InsertInto>(plan)) {
    out += " [" + JoinTexts(insert->table, ".") + "], overwrite=" + (insert->overwrite ? "true" : "false");
  } else if (const auto* create = AsCommand<CreateTable>(plan)) {
    out += " " + JoinTexts(create->name, ".");
  } else if (const auto* view = AsCommand<CreateView>(plan)) {
    out += " " + JoinTexts(view->name, ".");
  }
  return out;
}

std::string LeafText(const LogicalPlan& plan) {
  switch (plan.kind) {
    case PlanKind::kUnresolvedRelation: {
      const auto& relation = static_cast<const UnresolvedRelation&>(plan);
      return "'UnresolvedRelation [" + JoinTexts(relation.name) + "], [], " +
             (relation.is_streaming ? "true" : "false");
    }
    case PlanKind::kUnresolvedDataSource:
      return "'UnresolvedDataSource " + static_cast<const UnresolvedDataSource&>(plan).format;
    case PlanKind::kUnresolvedTableFunction: {
      const auto& function = static_cast<const UnresolvedTableFunction&>(plan);
      return "'UnresolvedTableValuedFunction [" + function.name + "], " + List(function.args);
    }
    case PlanKind::kUnresolvedInlineTable: {
      const auto& table = static_cast<const UnresolvedInlineTable&>(plan);
      return "'UnresolvedInlineTable [" + JoinTexts(table.names) + "], " + std::to_string(table.rows.size()) + " rows";
    }
    case PlanKind::kLocalRelation: return "LocalRelation " + List(plan.output());
    case PlanKind::kRange: {
      const auto& range = static_cast<const Range&>(plan);
      return "Range (" + std::to_string(range.start) + ", " + std::to_string(range.end) +
             ", step=" + std::to_string(range.step) + ")";
    }
    case PlanKind::kOneRow: return "OneRowRelation";
    case PlanKind::kRelation: {
      const auto& relation = static_cast<const Relation&>(plan);
      std::string out =
          (relation.is_streaming ? "StreamingRelation " : "Relation ") + relation.name + List(plan.output());
      if (!relation.pushed_filters.empty()) out += ", pushed=" + List(relation.pushed_filters);
      if (relation.pushed_limit) out += ", limit=" + std::to_string(*relation.pushed_limit);
      return out;
    }
    default: return "CteReference";
  }
}

}  // namespace

std::string PlanNodeString(const LogicalPlan& plan) {
  switch (plan.kind) {
    case PlanKind::kProject: return "Project " + List(static_cast<const Project&>(plan).list);
    case PlanKind::kFilter: return "Filter " + Text(static_cast<const Filter&>(plan).condition);
    case PlanKind::kAggregate: return AggregateText(static_cast<const Aggregate&>(plan));
    case PlanKind::kSort: {
      const auto& sort = static_cast<const Sort&>(plan);
      return "Sort " + List(sort.orders) + (sort.global ? ", true" : ", false");
    }
    case PlanKind::kLimit: return "GlobalLimit " + Text(static_cast<const Limit&>(plan).count);
    case PlanKind::kOffset: return "Offset " + Text(static_cast<const Offset&>(plan).count);
    case PlanKind::kTail: return "Tail " + std::to_string(static_cast<const Tail&>(plan).count);
    case PlanKind::kGenerate: {
      const auto& generate = static_cast<const Generate&>(plan);
      std::string out = "Generate " + Text(generate.generator) + (generate.outer ? ", true" : ", false");
      if (!generate.qualifier.empty()) out += ", " + generate.qualifier;
      if (!generate.generator_output.empty()) return out + ", " + List(generate.generator_output);
      return generate.names.empty() ? out : out + ", [" + JoinTexts(generate.names) + "]";
    }
    case PlanKind::kSubqueryAlias:
      return "SubqueryAlias " + JoinTexts(static_cast<const SubqueryAlias&>(plan).name, ".");
    case PlanKind::kWith: {
      std::vector<std::string> names;
      for (const auto& definition : static_cast<const With&>(plan).definitions) names.push_back(definition.name);
      return "CTE [" + JoinTexts(names) + "]";
    }
    case PlanKind::kDistinct: return "Distinct";
    case PlanKind::kDeduplicate: {
      const auto& dedup = static_cast<const Deduplicate&>(plan);
      const std::string name = dedup.within_watermark ? "DeduplicateWithinWatermark " : "Deduplicate ";
      return name + (dedup.keys.empty() ? "[" + JoinTexts(dedup.column_names) + "]" : List(dedup.keys));
    }
    case PlanKind::kEventTimeWatermark: {
      const auto& watermark = static_cast<const EventTimeWatermark&>(plan);
      return "EventTimeWatermark " + Text(watermark.event_time) + ", " + watermark.delay_text;
    }
    case PlanKind::kWindow: return "Window " + List(plan.expressions());
    case PlanKind::kExpand: return "Expand " + List(plan.output());
    case PlanKind::kSample: {
      const auto& sample = static_cast<const Sample&>(plan);
      return "Sample " + std::to_string(sample.lower) + ", " + std::to_string(sample.upper) +
             (sample.with_replacement ? ", true" : ", false");
    }
    case PlanKind::kRepartition: {
      const auto& repartition = static_cast<const Repartition&>(plan);
      const std::string count =
          repartition.num_partitions ? std::to_string(*repartition.num_partitions) : std::string("default");
      if (!repartition.keys.empty()) return "RepartitionByExpression " + List(repartition.keys) + ", " + count;
      return "Repartition " + count + (repartition.shuffle ? ", true" : ", false");
    }
    case PlanKind::kHint: {
      const auto& hint = static_cast<const Hint&>(plan);
      return "UnresolvedHint " + hint.name + ", [" + JoinTexts(hint.parameters) + "]";
    }
    case PlanKind::kPivot: {
      const auto& pivot = static_cast<const Pivot&>(plan);
      return "Pivot " + Text(pivot.column) + ", " + List(pivot.values) + ", " + List(pivot.aggregates);
    }
    case PlanKind::kUnpivot: return "Unpivot " + List(plan.expressions());
    case PlanKind::kToSchema: return "Project " + List(plan.output());
    case PlanKind::kCollectMetrics: return "CollectMetrics";
    case PlanKind::kExternalColumns: return "ExternalColumns " + List(plan.expressions());
    case PlanKind::kMapPartitions: return "MapPartitions " + List(plan.output());
    case PlanKind::kJoin: return JoinText(static_cast<const Join&>(plan));
    case PlanKind::kUnion: return "Union";
    case PlanKind::kSetOperation: {
      const auto& operation = static_cast<const SetOperation&>(plan);
      return std::string(operation.type == SetOperationType::kExcept ? "Except" : "Intersect") +
             (operation.all ? " All true" : " All false");
    }
    case PlanKind::kMapGroups:
      return std::string(static_cast<const MapGroups&>(plan).memory ? "MapGroupsWithState " : "MapGroups ") +
             List(plan.expressions()) + ", " + List(plan.output());
    case PlanKind::kCommand: return CommandText(plan);
    default: return LeafText(plan);
  }
}

namespace {

/// `indent` precedes the lines of `plan`'s children.
void AppendTree(const LogicalPlan& plan, const std::string& indent, std::string* out) {
  *out += PlanNodeString(plan);
  *out += '\n';
  std::vector<PlanPtr> children;
  if (const auto* with = As<With>(plan)) {
    for (const auto& definition : with->definitions) children.push_back(definition.plan);
  }
  children.insert(children.end(), plan.children.begin(), plan.children.end());
  for (size_t i = 0; i < children.size(); ++i) {
    const bool last = i + 1 == children.size();
    *out += indent + (last ? "+- " : ":- ");
    AppendTree(*children[i], indent + (last ? "   " : ":  "), out);
  }
}

}  // namespace

std::string PlanTree(const LogicalPlan& plan) {
  std::string out;
  AppendTree(plan, "", &out);
  return out;
}

}  // namespace sluice::plan
