// Nodes of the DataFrame API as relations of the protocol: a line of the table per kind.
#include "remote/relation.h"

#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>

#include <functional>
#include <map>

#include "types/arrow_types.h"

namespace sluice::remote {

using namespace plan;  // NOLINT: this room speaks of little else

const RemoteTable* RemoteOf(const LogicalPlan& plan) {
  const auto* relation = As<Relation>(plan);
  return relation ? dynamic_cast<const RemoteTable*>(relation->table.get()) : nullptr;
}

PlanPtr MakeLeaf(proto::Relation relation, DataType schema, std::vector<PlanPtr> inputs, bool is_streaming) {
  auto leaf = std::make_shared<Relation>();
  leaf->plan_id = relation.common().plan_id();
  leaf->is_streaming = is_streaming;
  leaf->resolved = true;
  leaf->name = "remote";
  for (const auto& field : schema.fields())
    leaf->attributes.push_back(MakeAttribute(field.name, field.type, field.nullable));
  leaf->table = std::make_shared<RemoteTable>(std::move(relation), std::move(schema), std::move(inputs));
  return leaf;
}

namespace {

using Expressions = google::protobuf::RepeatedPtrField<proto::Expression>;

/// What an encoder works with: the node's children are encoded into `input` before.
struct Work {
  const LogicalPlan& plan;
  proto::Relation* out;

  Status Child(size_t i, proto::Relation* input) const {
    ARROW_ASSIGN_OR_RAISE(*input, EncodeRelation(*plan.children[i]));
    return Status::OK();
  }
  Status Expr(const ExprPtr& expr, proto::Expression* message) const {
    return EncodeExpression(*expr, plan.children, message);
  }
  Status Exprs(const ExprList& exprs, Expressions* messages) const {
    for (const auto& expr : exprs) ARROW_RETURN_NOT_OK(Expr(expr, messages->Add()));
    return Status::OK();
  }
};

template <typename Node>
const Node& Of(const Work& work) {
  return static_cast<const Node&>(work.plan);
}

Status OrdersOf(const Work& work, const ExprList& orders,
                google::protobuf::RepeatedPtrField<proto::Expression::SortOrder>* out) {
  for (const auto& order : orders) {
    proto::Expression message;
    ARROW_RETURN_NOT_OK(work.Expr(order, &message));
    *out->Add() = message.sort_order();
  }
  return Status::OK();
}

Result<int32_t> Count(const ExprPtr& count) {
  const auto* literal = As<Literal>(count);
  if (!literal) return UnsupportedFeature("limits that are no numbers on a Spark Connect server");
  ARROW_ASSIGN_OR_RAISE(int64_t n, IntegralOf({*literal->type, literal->value}));
  return static_cast<int32_t>(n);
}

Status EncodeLocal(const Work& work) {
  const auto& local = Of<LocalRelation>(work);
  std::vector<StructField> fields;
  for (const auto& a : local.attributes) fields.push_back({a->name, *a->type, a->nullable, ""});
  const DataType schema = DataType::Struct(std::move(fields));
  ARROW_ASSIGN_OR_RAISE(auto sink, arrow::io::BufferOutputStream::Create());
  ARROW_ASSIGN_OR_RAISE(auto writer, arrow::ipc::MakeStreamWriter(sink, ToArrowSchema(schema)));
  for (const auto& batch : local.batches)
    ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(
        *arrow::RecordBatch::Make(ToArrowSchema(schema), batch->num_rows(), batch->columns())));
  ARROW_RETURN_NOT_OK(writer->Close());
  ARROW_ASSIGN_OR_RAISE(auto bytes, sink->Finish());
  work.out->mutable_local_relation()->set_data(bytes->ToString());
  work.out->mutable_local_relation()->set_schema(schema.json());
  return Status::OK();
}

Status EncodeRange(const Work& work) {
  const auto& range = Of<Range>(work);
  auto* message = work.out->mutable_range();
  message->set_start(range.start);
  message->set_end(range.end);
  message->set_step(range.step);
  if (range.num_partitions) message->set_num_partitions(*range.num_partitions);
  return Status::OK();
}

Status EncodeDataSource(const Work& work) {
  const auto& source = Of<UnresolvedDataSource>(work);
  work.out->mutable_read()->set_is_streaming(source.is_streaming);
  auto* message = work.out->mutable_read()->mutable_data_source();
  if (!source.format.empty()) message->set_format(source.format);
  if (source.schema) message->set_schema(source.schema->json());
  for (const auto& [key, value] : source.options) (*message->mutable_options())[key] = value;
  for (const auto& path : source.paths) message->add_paths(path);
  return Status::OK();
}

Status EncodeTable(const Work& work) {
  const auto& table = Of<UnresolvedRelation>(work);
  work.out->mutable_read()->set_is_streaming(table.is_streaming);
  auto* message = work.out->mutable_read()->mutable_named_table();
  message->set_unparsed_identifier(QuotedName(table.name));
  for (const auto& [key, value] : table.options) (*message->mutable_options())[key] = value;
  return Status::OK();
}

Status EncodeProject(const Work& work) {
  auto* message = work.out->mutable_project();
  ARROW_RETURN_NOT_OK(work.Child(0, message->mutable_input()));
  return work.Exprs(Of<Project>(work).list, message->mutable_expressions());
}

Status EncodeFilter(const Work& work) {
  auto* message = work.out->mutable_filter();
  ARROW_RETURN_NOT_OK(work.Child(0, message->mutable_input()));
  return work.Expr(Of<Filter>(work).condition, message->mutable_condition());
}

Status EncodeAggregate(const Work& work) {
  const auto& aggregate = Of<Aggregate>(work);
  auto* message = work.out->mutable_aggregate();
  ARROW_RETURN_NOT_OK(work.Child(0, message->mutable_input()));
  using Type = proto::Aggregate;
  switch (aggregate.grouping_kind) {
    case GroupingKind::kGroupBy: message->set_group_type(Type::GROUP_TYPE_GROUPBY); break;
    case GroupingKind::kRollup: message->set_group_type(Type::GROUP_TYPE_ROLLUP); break;
    case GroupingKind::kCube: message->set_group_type(Type::GROUP_TYPE_CUBE); break;
    default: return UnsupportedFeature("this kind of grouping on a Spark Connect server");
  }
  // The API puts the groupings first among the results, as named; the server does so by itself.
  const auto split = aggregate.aggregates.begin() + static_cast<std::ptrdiff_t>(aggregate.grouping.size());
  ARROW_RETURN_NOT_OK(work.Exprs({aggregate.aggregates.begin(), split}, message->mutable_grouping_expressions()));
  return work.Exprs({split, aggregate.aggregates.end()}, message->mutable_aggregate_expressions());
}

Status EncodePivot(const Work& work) {
  const auto& pivot = Of<Pivot>(work);
  auto* message = work.out->mutable_aggregate();
  message->set_group_type(proto::Aggregate::GROUP_TYPE_PIVOT);
  ARROW_RETURN_NOT_OK(work.Child(0, message->mutable_input()));
  ARROW_RETURN_NOT_OK(work.Exprs(pivot.grouping, message->mutable_grouping_expressions()));
  ARROW_RETURN_NOT_OK(work.Exprs(pivot.aggregates, message->mutable_aggregate_expressions()));
  ARROW_RETURN_NOT_OK(work.Expr(pivot.column, message->mutable_pivot()->mutable_col()));
  for (const auto& value : pivot.values) {
    proto::Expression literal;
    ARROW_RETURN_NOT_OK(work.Expr(value, &literal));
    *message->mutable_pivot()->add_values() = literal.literal();
  }
  return Status::OK();
}

Status EncodeSort(const Work& work) {
  const auto& sort = Of<Sort>(work);
  auto* message = work.out->mutable_sort();
  ARROW_RETURN_NOT_OK(work.Child(0, message->mutable_input()));
  message->set_is_global(sort.global);
  return OrdersOf(work, sort.orders, message->mutable_order());
}

Status EncodeLimit(const Work& work) {
  auto* message = work.out->mutable_limit();
  ARROW_ASSIGN_OR_RAISE(int32_t n, Count(Of<Limit>(work).count));
  message->set_limit(n);
  return work.Child(0, message->mutable_input());
}

Status EncodeOffset(const Work& work) {
  auto* message = work.out->mutable_offset();
  ARROW_ASSIGN_OR_RAISE(int32_t n, Count(Of<Offset>(work).count));
  message->set_offset(n);
  return work.Child(0, message->mutable_input());
}

Status EncodeTail(const Work& work) {
  auto* message = work.out->mutable_tail();
  message->set_limit(static_cast<int32_t>(Of<Tail>(work).count));
  return work.Child(0, message->mutable_input());
}

Status EncodeAlias(const Work& work) {
  auto* message = work.out->mutable_subquery_alias();
  message->set_alias(Of<SubqueryAlias>(work).name.back());
  return work.Child(0, message->mutable_input());
}

Status EncodeDistinct(const Work& work) {
  auto* message = work.out->mutable_deduplicate();
  message->set_all_columns_as_keys(true);
  return work.Child(0, message->mutable_input());
}

Status EncodeDeduplicate(const Work& work) {
  const auto& node = Of<Deduplicate>(work);
  auto* message = work.out->mutable_deduplicate();
  for (const auto& name : node.column_names) message->add_column_names(name);
  message->set_all_columns_as_keys(node.column_names.empty());
  message->set_within_watermark(node.within_watermark);
  return work.Child(0, message->mutable_input());
}

Status EncodeWatermark(const Work& work) {
  const auto& node = Of<EventTimeWatermark>(work);
  auto* message = work.out->mutable_with_watermark();
  proto::Expression column;
  ARROW_RETURN_NOT_OK(work.Expr(node.event_time, &column));
  message->set_event_time(column.unresolved_attribute().unparsed_identifier());
  message->set_delay_threshold(node.delay_text);
  return work.Child(0, message->mutable_input());
}

Status EncodeSample(const Work& work) {
  const auto& sample = Of<Sample>(work);
  auto* message = work.out->mutable_sample();
  message->set_lower_bound(sample.lower);
  message->set_upper_bound(sample.upper);
  message->set_with_replacement(sample.with_replacement);
  if (sample.seed) message->set_seed(*sample.seed);
  return work.Child(0, message->mutable_input());
}

Status EncodeRepartition(const Work& work) {
  const auto& node = Of<Repartition>(work);
  if (!node.keys.empty()) {
    auto* message = work.out->mutable_repartition_by_expression();
    if (node.num_partitions) message->set_num_partitions(*node.num_partitions);
    ARROW_RETURN_NOT_OK(work.Child(0, message->mutable_input()));
    return work.Exprs(node.keys, message->mutable_partition_exprs());
  }
  auto* message = work.out->mutable_repartition();
  message->set_num_partitions(node.num_partitions.value_or(1));
  message->set_shuffle(node.shuffle);
  return work.Child(0, message->mutable_input());
}

Status EncodeHint(const Work& work) {
  auto* message = work.out->mutable_hint();
  message->set_name(Of<Hint>(work).name);
  return work.Child(0, message->mutable_input());
}

Status EncodeJoin(const Work& work) {
  const auto& join = Of<Join>(work);
  auto* message = work.out->mutable_join();
  static const std::map<JoinType, proto::Join::JoinType> kTypes = {
      {JoinType::kInner, proto::Join::JOIN_TYPE_INNER},
      {JoinType::kLeftOuter, proto::Join::JOIN_TYPE_LEFT_OUTER},
      {JoinType::kRightOuter, proto::Join::JOIN_TYPE_RIGHT_OUTER},
      {JoinType::kFullOuter, proto::Join::JOIN_TYPE_FULL_OUTER},
      {JoinType::kLeftSemi, proto::Join::JOIN_TYPE_LEFT_SEMI},
      {JoinType::kLeftAnti, proto::Join::JOIN_TYPE_LEFT_ANTI},
      {JoinType::kCross, proto::Join::JOIN_TYPE_CROSS}};
  message->set_join_type(kTypes.at(join.type));
  ARROW_RETURN_NOT_OK(work.Child(0, message->mutable_left()));
  ARROW_RETURN_NOT_OK(work.Child(1, message->mutable_right()));
  for (const auto& name : join.using_columns) message->add_using_columns(name);
  return join.condition ? work.Expr(join.condition, message->mutable_join_condition()) : Status::OK();
}

Status EncodeSetOperation(const Work& work) {
  auto* message = work.out->mutable_set_op();
  ARROW_RETURN_NOT_OK(work.Child(0, message->mutable_left_input()));
  ARROW_RETURN_NOT_OK(work.Child(1, message->mutable_right_input()));
  if (const auto* all = As<Union>(work.plan)) {
    message->set_set_op_type(proto::SetOperation::SET_OP_TYPE_UNION);
    message->set_is_all(true);
    message->set_by_name(all->by_name);
    message->set_allow_missing_columns(all->allow_missing_columns);
    return Status::OK();
  }
  const auto& node = Of<SetOperation>(work);
  message->set_set_op_type(node.type == SetOperationType::kIntersect ? proto::SetOperation::SET_OP_TYPE_INTERSECT
                                                                     : proto::SetOperation::SET_OP_TYPE_EXCEPT);
  message->set_is_all(node.all);
  return Status::OK();
}

Status EncodeLeaf(const Work& work) {
  const RemoteTable* table = RemoteOf(work.plan);
  if (table == nullptr) return UnsupportedFeature("this machine's tables on a Spark Connect server");
  *work.out = table->relation();
  return Status::OK();
}

const std::map<PlanKind, Status (*)(const Work&)>& Encoders() {
  static const std::map<PlanKind, Status (*)(const Work&)> kEncoders = {
      {PlanKind::kRelation, &EncodeLeaf},
      {PlanKind::kLocalRelation, &EncodeLocal},
      {PlanKind::kRange, &EncodeRange},
      {PlanKind::kUnresolvedDataSource, &EncodeDataSource},
      {PlanKind::kUnresolvedRelation, &EncodeTable},
      {PlanKind::kProject, &EncodeProject},
      {PlanKind::kFilter, &EncodeFilter},
      {PlanKind::kAggregate, &EncodeAggregate},
      {PlanKind::kPivot, &EncodePivot},
      {PlanKind::kSort, &EncodeSort},
      {PlanKind::kLimit, &EncodeLimit},
      {PlanKind::kOffset, &EncodeOffset},
      {PlanKind::kTail, &EncodeTail},
      {PlanKind::kSubqueryAlias, &EncodeAlias},
      {PlanKind::kDistinct, &EncodeDistinct},
      {PlanKind::kDeduplicate, &EncodeDeduplicate},
      {PlanKind::kEventTimeWatermark, &EncodeWatermark},
      {PlanKind::kSample, &EncodeSample},
      {PlanKind::kRepartition, &EncodeRepartition},
      {PlanKind::kHint, &EncodeHint},
      {PlanKind::kJoin, &EncodeJoin},
      {PlanKind::kUnion, &EncodeSetOperation},
      {PlanKind::kSetOperation, &EncodeSetOperation},
  };
  return kEncoders;
}

}  // namespace

Result<proto::Relation> EncodeRelation(const LogicalPlan& plan) {
  auto it = Encoders().find(plan.kind);
  if (it == Encoders().end()) return UnsupportedFeature("this kind of plan on a Spark Connect server");
  proto::Relation out;
  ARROW_RETURN_NOT_OK(it->second({plan, &out}));
  return out;
}

}  // namespace sluice::remote
