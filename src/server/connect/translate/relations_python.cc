// mapInPandas, applyInPandas, cogroup and the like, and table functions: operators over Python functions.
#include "plan/external.h"
#include "server/connect/translate/python.h"
#include "server/connect/translate/relations.h"
#include "types/ddl.h"

namespace sluice::connect {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

/// Columns of the rows that a function gives.
Result<Attributes> ColumnsOf(const external::Function& function) {
  if (function.result_type().id() != TypeId::kStruct)
    return InvalidPlan("The function " + function.name() + " must give rows, not " +
                       function.result_type().simpleString() + ".");
  Attributes out;
  for (const auto& field : function.result_type().fields())
    out.push_back(MakeAttribute(field.name, field.type, field.nullable));
  return out;
}

Result<external::FunctionPtr> FunctionOf(const proto::CommonInlineUserDefinedFunction& message, external::Shape shape,
                                         TranslateContext& context) {
  ARROW_ASSIGN_OR_RAISE(auto function, ToFunction(message, context));
  if (function->shape() != shape)
    return InvalidPlan("The function " + function->name() + " is of another kind than its operator.");
  return function;
}

/// `child`'s rows, and its keys.
struct Grouping {
  PlanPtr plan;
  ExprList keys;
};
Result<Grouping> GroupingOf(const proto::Relation& input,
                            const google::protobuf::RepeatedPtrField<proto::Expression>& keys,
                            TranslateContext& context) {
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, ToPlan(input, context));
  Inputs inputs(context, {child});
  Grouping out;
  ARROW_ASSIGN_OR_RAISE(out.keys, ToSelectList(keys, inputs));
  out.plan = inputs.plan();
  return out;
}

/// "append", "update" or "complete".
Result<std::string> ModeOf(const std::string& text) {
  std::string mode = session::LowerCase(text);
  if (mode == "append" || mode == "update" || mode == "complete") return mode;
  return MakeError("STREAMING_OUTPUT_MODE.INVALID", {{"outputMode", text}});
}

/// Rows of a function with state: a call for a key without rows knows nothing of the other columns.
Attributes Nullable(const Attributes& attributes) {
  Attributes out;
  for (const auto& column : attributes) out.push_back(MakeAttribute(column->name, *column->type, true));
  return out;
}

Result<PlanPtr> FromTransformWithState(const proto::GroupMap& message, TranslateContext& context) {
  ARROW_ASSIGN_OR_RAISE(Grouping grouping, GroupingOf(message.input(), message.grouping_expressions(), context));
  auto node = Over<MapGroups>(std::move(grouping.plan));
  ARROW_ASSIGN_OR_RAISE(node->function, FunctionOf(message.func(), external::Shape::kProcessor, context));
  ARROW_ASSIGN_OR_RAISE(Attributes columns, ColumnsOf(*node->function));
  node->attributes = Nullable(columns);
  node->keys = {std::move(grouping.keys)};
  if (message.has_initial_input()) {
    ARROW_ASSIGN_OR_RAISE(Grouping initial,
                          GroupingOf(message.initial_input(), message.initial_grouping_expressions(), context));
    node->children.push_back(std::move(initial.plan));
    node->keys.push_back(std::move(initial.keys));
  }
  auto memory = std::make_shared<GroupMemory>();
  memory->kind = GroupMemory::Kind::kProcessor;
  ARROW_ASSIGN_OR_RAISE(memory->output_mode, ModeOf(message.output_mode()));
  const std::string& time = message.transform_with_state_info().time_mode();
  for (const char* mode : {"None", "ProcessingTime", "EventTime"})
    if (session::LowerCase(mode) == session::LowerCase(time)) memory->time = mode;
  if (memory->time.empty()) return MakeError("STATEFUL_PROCESSOR_UNKNOWN_TIME_MODE", {{"timeMode", time}});
  memory->event_time = message.transform_with_state_info().event_time_column_name();
  node->memory = std::move(memory);
  return PlanPtr(node);
}

}  // namespace

Result<PlanPtr> FromMapPartitions(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.map_partitions();
  if (message.is_barrier()) return UnsupportedFeature("mapInPandas and mapInArrow in barrier mode");
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, ToPlan(message.input(), context));
  auto node = Over<MapPartitions>(std::move(child));
  ARROW_ASSIGN_OR_RAISE(node->function, FunctionOf(message.func(), external::Shape::kPartition, context));
  ARROW_ASSIGN_OR_RAISE(node->attributes, ColumnsOf(*node->function));
  return PlanPtr(node);
}

Result<PlanPtr> FromGroupMap(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.group_map();
  if (message.has_transform_with_state_info()) return FromTransformWithState(message, context);
  if (message.has_initial_input() || message.has_state_schema() || message.is_map_groups_with_state())
    return UnsupportedFeature("flatMapGroupsWithState (function " + message.func().function_name() + ")");
  if (message.sorting_expressions_size() > 0) return UnsupportedFeature("sorted groups of applyInPandas");
  ARROW_ASSIGN_OR_RAISE(Grouping grouping, GroupingOf(message.input(), message.grouping_expressions(), context));
  auto node = Over<MapGroups>(std::move(grouping.plan));
  ARROW_ASSIGN_OR_RAISE(node->function, FunctionOf(message.func(), external::Shape::kGroup, context));
  ARROW_ASSIGN_OR_RAISE(node->attributes, ColumnsOf(*node->function));
  node->keys = {std::move(grouping.keys)};
  return PlanPtr(node);
}

Result<PlanPtr> FromApplyInPandasWithState(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.apply_in_pandas_with_state();
  ARROW_ASSIGN_OR_RAISE(Grouping grouping, GroupingOf(message.input(), message.grouping_expressions(), context));
  auto node = Over<MapGroups>(std::move(grouping.plan));
  ARROW_ASSIGN_OR_RAISE(node->function, FunctionOf(message.func(), external::Shape::kGroupState, context));
  ARROW_ASSIGN_OR_RAISE(Attributes columns, ColumnsOf(*node->function));
  node->attributes = Nullable(columns);
  node->keys = {std::move(grouping.keys)};
  auto memory = std::make_shared<GroupMemory>();
  ARROW_ASSIGN_OR_RAISE(memory->output_mode, ModeOf(message.output_mode()));
  memory->time = message.timeout_conf();
  if (memory->time != "NoTimeout" && memory->time != "ProcessingTimeTimeout" && memory->time != "EventTimeTimeout")
    return MakeError("INTERNAL_ERROR", {{"message", "Invalid string for GroupStateTimeout: " + memory->time}});
  ARROW_ASSIGN_OR_RAISE(memory->value, message.state_schema().starts_with('{') ? ParseSchemaJson(message.state_schema())
                                                                               : ParseSchema(message.state_schema()));
  node->memory = std::move(memory);
  return PlanPtr(node);
}

Result<PlanPtr> FromCoGroupMap(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.co_group_map();
  if (message.input_sorting_expressions_size() > 0 || message.other_sorting_expressions_size() > 0)
    return UnsupportedFeature("sorted groups of cogroup");
  ARROW_ASSIGN_OR_RAISE(Grouping left, GroupingOf(message.input(), message.input_grouping_expressions(), context));
  ARROW_ASSIGN_OR_RAISE(Grouping right, GroupingOf(message.other(), message.other_grouping_expressions(), context));
  auto node = Over<MapGroups>(std::move(left.plan));
  node->children.push_back(std::move(right.plan));
  ARROW_ASSIGN_OR_RAISE(node->function, FunctionOf(message.func(), external::Shape::kCoGroup, context));
  ARROW_ASSIGN_OR_RAISE(node->attributes, ColumnsOf(*node->function));
  node->keys = {std::move(left.keys), std::move(right.keys)};
  return PlanPtr(node);
}

Result<PlanPtr> FromInlineTableFunction(const proto::Relation& relation, TranslateContext& context) {
  const auto& message = relation.common_inline_user_defined_table_function();
  ARROW_ASSIGN_OR_RAISE(auto function, ToFunction(message, context));
  Inputs none(context);
  auto call = std::make_shared<UnresolvedFunction>();
  call->name = {message.function_name()};
  call->external = functions::MakeExternalFunction(std::move(function));
  ARROW_ASSIGN_OR_RAISE(call->children, ToExpressions(message.arguments(), none));
  auto generate = Over<Generate>(std::make_shared<OneRow>());
  generate->generator = call;
  return PlanPtr(generate);
}

}  // namespace sluice::connect
