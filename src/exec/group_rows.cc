#include "exec/group_rows.h"

#include "plan/transform.h"
#include "types/arrow_types.h"

namespace sluice::exec {
namespace {

using BatchPtr = external::Stream::BatchPtr;

/// Routes rows to the partition of their keys.
class RoutingSink final : public Sink {
 public:
  RoutingSink(const GroupSide& side, TaskContext& task, Exchange* exchange)
      : side_(side), task_(task), keys_(side.keys), exchange_(exchange) {}
  Status Push(Batch batch) override {
    std::vector<Vector> keys;
    if (!side_.key_types.empty()) {
      ARROW_ASSIGN_OR_RAISE(keys, keys_.Evaluate(batch, task_));
    }
    return exchange_->Route(batch, keys, side_.key_types);
  }

 private:
  const GroupSide& side_;
  TaskContext& task_;
  Evaluator keys_;
  Exchange* exchange_;
};

int PositionOf(const plan::Attributes& attributes, plan::ExprId id) {
  for (size_t i = 0; i < attributes.size(); ++i)
    if (attributes[i]->id == id) return static_cast<int>(i);
  return -1;
}

}  // namespace

Result<GroupSide> MakeGroupSide(const plan::ExprList& keys, const plan::Attributes& rows) {
  GroupSide side;
  for (const auto& key : keys) side.key_types.push_back(*key->type);
  ARROW_ASSIGN_OR_RAISE(side.keys, ExpressionSet::Compile(keys, rows));
  side.row_types = ArrowTypesOf(rows);
  return side;
}

Result<GroupSide> MakeRowSide(const plan::ExprList& keys, const plan::Attributes& values,
                              const plan::Attributes& rows) {
  ARROW_ASSIGN_OR_RAISE(GroupSide side, MakeGroupSide(keys, rows));
  side.input = SchemaOf(rows);
  side.schema = ToArrowSchema(side.input);
  for (const auto& key : keys) side.columns.keys.push_back(PositionOf(rows, plan::As<plan::Attribute>(key)->id));
  for (const auto& value : values) side.columns.values.push_back(PositionOf(rows, value->id));
  return side;
}

Status RouteGroups(RunState& run, const Pipeline& input, const GroupSide& side, Exchange* exchange) {
  return RunPipeline(run, input, [&](TaskContext& task) -> Result<std::unique_ptr<Sink>> {
    return std::make_unique<RoutingSink>(side, task, exchange);
  });
}

Status DropLate(const EventTimeColumn& event_time, StatefulPartition& at, std::vector<Exchange::Item>* items) {
  for (auto& item : *items) {
    ARROW_ASSIGN_OR_RAISE(int64_t late, RemoveLate(event_time, at.late_watermark_us, &item.batch));
    at.metrics.rows_dropped_by_watermark += late;
  }
  std::erase_if(*items, [](const Exchange::Item& item) { return item.batch.rows == 0; });
  return Status::OK();
}

Result<GroupedRows> GroupRows(std::vector<Exchange::Item> items, const GroupSide& side, TaskContext& task) {
  std::vector<SortColumn> columns;
  for (const auto& type : side.key_types) columns.push_back({type});
  GroupedRows out{{}, SortKeys(columns), {}};
  std::vector<Batch> batches;
  for (auto& item : items) batches.push_back(std::move(item.batch));
  ARROW_ASSIGN_OR_RAISE(Batch all, ConcatBatches(batches, side.row_types));
  if (all.rows == 0) return out;
  if (all.rows > INT32_MAX) return Status::CapacityError("too many rows in one partition of groups");
  if (side.key_types.empty()) {
    out.rows = std::move(all);
    ARROW_RETURN_NOT_OK(out.keys.Append({}, out.rows.rows));
    out.groups.emplace_back(0, out.rows.rows);
    return out;
  }
  Evaluator keys(side.keys);
  ARROW_ASSIGN_OR_RAISE(auto values, keys.Evaluate(all, task));
  ARROW_RETURN_NOT_OK(out.keys.Append(values, all.rows));
  const std::vector<int32_t> order = SortedRows(out.keys);
  ARROW_ASSIGN_OR_RAISE(out.rows, TakeRows(all, order));
  out.keys.Keep(order);
  for (int64_t row = 0; row < out.rows.rows; ++row) {
    if (row == 0 || out.keys.key(row) != out.keys.key(row - 1)) out.groups.emplace_back(row, row);
    out.groups.back().second = row + 1;
  }
  return out;
}

Result<BatchPtr> SentRows(const GroupedRows& grouped, const GroupSide& side, TaskContext& task) {
  if (grouped.rows.rows == 0) return arrow::RecordBatch::MakeEmpty(side.schema);
  if (!side.sent) return ToRecordBatch(grouped.rows, side.schema);
  if (side.schema->num_fields() == 0)
    return arrow::RecordBatch::Make(side.schema, grouped.rows.rows, arrow::ArrayVector{});
  Evaluator sent(side.sent);
  ARROW_ASSIGN_OR_RAISE(auto columns, sent.Evaluate(grouped.rows, task));
  return ToRecordBatch({grouped.rows.rows, std::move(columns)}, side.schema);
}

}  // namespace sluice::exec
