#include "exec/stateful_dedup.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "exec/expression.h"
#include "exec/first_rows.h"
#include "exec/group_table.h"

namespace sluice::exec {
namespace {

DataType OneColumn(const char* name, const DataType& type, bool nullable) {
  return DataType::Struct({{name, type, nullable, ""}});
}

/// Rows dropped before they reach the state, over all tasks.
struct Dropped {
  std::atomic<int64_t> late{0}, duplicates{0};
};

/// Drops late rows, and of the others all but the first of each key that a task sees.
class OnTimeSink final : public Sink {
 public:
  OnTimeSink(ExpressionSetPtr keys, const std::vector<DataType>& types,
             const std::optional<EventTimeColumn>& event_time, int64_t late_watermark_us, TaskContext& task,
             Exchange* exchange, Dropped* dropped)
      : event_time_(event_time), late_watermark_us_(late_watermark_us), dropped_(dropped),
        first_(std::move(keys), types, task, exchange, &dropped->duplicates) {}
  Status Push(Batch batch) override {
    if (event_time_) {
      ARROW_ASSIGN_OR_RAISE(ArrayPtr times,
                            event_time_->Times(batch.columns[static_cast<size_t>(event_time_->column)], batch.rows));
      const std::vector<int32_t> late = RowsUpTo(times, late_watermark_us_);
      if (!late.empty()) {
        dropped_->late += static_cast<int64_t>(late.size());
        std::vector<int32_t> kept;
        for (int32_t i = 0; i < batch.rows; ++i) {
          if (!std::binary_search(late.begin(), late.end(), i)) kept.push_back(i);
        }
        if (kept.empty()) return Status::OK();
        ARROW_ASSIGN_OR_RAISE(batch, TakeRows(batch, kept));
      }
    }
    return first_.Push(std::move(batch));
  }

 private:
  const std::optional<EventTimeColumn>& event_time_;
  const int64_t late_watermark_us_;
  Dropped* dropped_;
  FirstRowsSink first_;
};

class StatefulDedupNode final : public ExecNode {
 public:
  StatefulDedupNode(const plan::Attributes& keys, ExpressionSetPtr set, bool within_watermark,
                    state::StatefulOperator op, ExecNodePtr child)
      : ExecNode(child->output(), {child}), set_(std::move(set)), within_watermark_(within_watermark),
        op_(std::move(op)), event_time_(EventTimeColumn::Find(output())), key_time_(EventTimeColumn::Find(keys)) {
    for (const auto& key : keys) types_.push_back(*key->type);
    op_.stores[0].key = StateSchemaOf(keys);
    op_.stores[0].value = within_watermark ? OneColumn("expiresAtMicros", DataType::Long(), false)
                                           : OneColumn("__dummy__", DataType::Void(), true);
  }

  Result<Pipeline> Start(RunState& run) const override {
    ARROW_ASSIGN_OR_RAISE(Pipeline input, children()[0]->Start(run));
    Exchange exchange(op_.partitions);
    Dropped dropped;
    const int64_t late = LateWatermarkUs(run, *this);
    ARROW_RETURN_NOT_OK(RunPipeline(run, input, [&](TaskContext& task) -> Result<std::unique_ptr<Sink>> {
      return std::make_unique<OnTimeSink>(set_, types_, event_time_, late, task, &exchange, &dropped);
    }));
    auto output = RunStateful(run, *this, op_, op_.partitions, [&](StatefulPartition& at) -> Status {
      at.metrics.custom["numDroppedDuplicateRows"] += 0;
      for (auto& item : exchange.Take(at.partition)) ARROW_RETURN_NOT_OK(PassNew(std::move(item.batch), at));
      return Evict(at);
    });
    std::lock_guard lock(run.mutex);
    auto& metrics = run.metrics.operators[op_.id];
    metrics.rows_dropped_by_watermark += dropped.late;
    metrics.custom["numDroppedDuplicateRows"] += dropped.duplicates;
    return output;
  }
  std::string text() const override {
    return std::string(within_watermark_ ? "StreamingDeduplicateWithinWatermark" : "StreamingDeduplicate") +
           ", state info [ opId = " + std::to_string(op_.id) + ", numPartitions = " + std::to_string(op_.partitions) +
           "]";
  }

 private:
  const state::StatefulOperator::Store& schema() const { return op_.stores[0]; }

  /// What the state keeps of each row: when its key may be forgotten, or nothing.
  Result<UnsafeRows> Values(const Batch& rows, StatefulPartition& at) const {
    if (!within_watermark_) {
      ARROW_ASSIGN_OR_RAISE(ArrayPtr nothing, NullArray(arrow::null(), rows.rows));
      return EncodeRows(schema().value, std::vector<Vector>{{nothing, false}}, rows.rows);
    }
    ARROW_ASSIGN_OR_RAISE(ArrayPtr times,
                          event_time_->Times(rows.columns[static_cast<size_t>(event_time_->column)], rows.rows));
    // Rows without an event time may be forgotten at once, wherever the watermark stands.
    if (times->null_count() > 0) at.store().evicted_to_us() = std::numeric_limits<int64_t>::min();
    const int64_t* from = times->data()->GetValues<int64_t>(1);
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer, arrow::AllocateBuffer(rows.rows * 8));
    auto* to = reinterpret_cast<int64_t*>(buffer->mutable_data());
    for (int64_t i = 0; i < rows.rows; ++i) to[i] = (times->IsNull(i) ? 0 : from[i]) + event_time_->delay_us;
    const ArrayPtr expiry =
        arrow::MakeArray(arrow::ArrayData::Make(arrow::int64(), rows.rows, {nullptr, std::move(buffer)}));
    return EncodeRows(schema().value, std::vector<Vector>{{expiry, false}}, rows.rows);
  }

  /// `keyed`: keys, then the row.
  Status PassNew(Batch keyed, StatefulPartition& at) const {
    StateTimer timer(&at.metrics.update_us);
    ARROW_ASSIGN_OR_RAISE(
        UnsafeRows keys,
        EncodeRows(schema().key, std::span<const Vector>(keyed.columns).first(types_.size()), keyed.rows));
    Batch rows{keyed.rows, {keyed.columns.begin() + static_cast<int64_t>(types_.size()), keyed.columns.end()}};
    ARROW_ASSIGN_OR_RAISE(UnsafeRows values, Values(rows, at));
    constexpr size_t kAhead = 8;
    std::vector<int32_t> fresh;
    for (int32_t i = 0; i < rows.rows; ++i) {
      const auto row = static_cast<size_t>(i);
      if (row + kAhead < keys.size()) at.rows().Prefetch(keys.row(row + kAhead));
      if (at.rows().PutNew(keys.row(row), values.row(row))) fresh.push_back(i);
    }
    at.metrics.rows_updated += static_cast<int64_t>(fresh.size());
    at.metrics.custom["numDroppedDuplicateRows"] += rows.rows - static_cast<int64_t>(fresh.size());
    if (fresh.empty()) return Status::OK();
    if (static_cast<int64_t>(fresh.size()) == rows.rows) return PushSlices(rows, at.out);
    ARROW_ASSIGN_OR_RAISE(Batch passed, TakeRows(rows, fresh));
    return PushSlices(passed, at.out);
  }

  Status Evict(StatefulPartition& at) const {
    if (!(within_watermark_ || key_time_) || !at.watermark_moved()) return Status::OK();
    StateTimer timer(&at.metrics.removal_us);
    const EventTimeColumn expiry;  // the only column of the value
    at.metrics.rows_removed += at.rows().RemoveUpTo(
        at.watermark_us, within_watermark_ ? state::RowTable::Time::kInValue : state::RowTable::Time::kInKey,
        [&](state::Bytes key, state::Bytes value) {
          return within_watermark_ ? expiry.TimeOf(value, 1) : key_time_->TimeOf(key, types_.size());
        },
        [](state::Bytes, state::Bytes) {});
    return Status::OK();
  }

  ExpressionSetPtr set_;
  bool within_watermark_;
  state::StatefulOperator op_;
  std::optional<EventTimeColumn> event_time_;  // of the rows
  std::optional<EventTimeColumn> key_time_;    // among the keys
  std::vector<DataType> types_;
};

class StatefulLimitNode final : public ExecNode {
 public:
  StatefulLimitNode(int64_t count, state::StatefulOperator op, ExecNodePtr child)
      : ExecNode(child->output(), {child}), count_(count), op_(std::move(op)) {
    op_.stores[0].key = OneColumn("key", DataType::Void(), true);
    op_.stores[0].value = OneColumn("value", DataType::Long(), true);
  }
  Result<Pipeline> Start(RunState& run) const override {
    ARROW_ASSIGN_OR_RAISE(Pipeline input, children()[0]->Start(run));
    ARROW_ASSIGN_OR_RAISE(std::vector<Batch> batches, RunAndKeep(run, input, count_));
    return RunStateful(run, *this, op_, 1, [&](StatefulPartition& at) -> Status {
      ARROW_ASSIGN_OR_RAISE(ArrayPtr nothing, NullArray(arrow::null(), 1));
      ARROW_ASSIGN_OR_RAISE(UnsafeRows key, EncodeRows(schema().key, std::vector<Vector>{{nothing, false}}, 1));
      int64_t before = 0;
      if (auto value = at.rows().Get(key.row(0))) before = EventTimeColumn{}.TimeOf(*value, 1).value_or(0);
      int64_t passed = before;
      for (const Batch& batch : batches) {
        const int64_t take = std::min(batch.rows, count_ - passed);
        if (take <= 0) break;
        ARROW_RETURN_NOT_OK(PushSlices(SliceBatch(batch, 0, take), at.out));
        passed += take;
      }
      if (passed == before) return Status::OK();
      ARROW_ASSIGN_OR_RAISE(UnsafeRows value,
                            EncodeRows(schema().value, std::vector<Vector>{{IntegralValue(passed).value, false}}, 1));
      at.rows().Put(key.row(0), value.row(0));
      at.metrics.rows_updated = passed - before;
      return Status::OK();
    });
  }
  std::string text() const override { return "StreamingGlobalLimit " + std::to_string(count_); }

 private:
  const state::StatefulOperator::Store& schema() const { return op_.stores[0]; }
  int64_t count_;
  state::StatefulOperator op_;
};

}  // namespace

Result<ExecNodePtr> LowerStatefulDeduplicate(const plan::PlanPtr& plan, Lowering& lowering) {
  const auto& dedup = *plan::As<plan::Deduplicate>(plan);
  ARROW_ASSIGN_OR_RAISE(state::StatefulOperator op,
                        NextStatefulOperator(lowering, dedup.within_watermark ? "dedupeWithinWatermark" : "dedupe"));
  lowering.traits().watermark_closes_state = true;
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr child, lowering.Lower(plan->children[0]));
  plan::ExprList keys = dedup.keys;
  if (keys.empty()) keys.assign(child->output().begin(), child->output().end());
  plan::Attributes attributes;
  for (const auto& key : keys) attributes.push_back(plan::ToAttribute(key));
  ARROW_ASSIGN_OR_RAISE(auto set, ExpressionSet::Compile(keys, child->output()));
  return std::make_shared<StatefulDedupNode>(attributes, std::move(set), dedup.within_watermark, std::move(op),
                                             std::move(child));
}

Result<ExecNodePtr> LowerStatefulLimit(const plan::PlanPtr& plan, int64_t count, Lowering& lowering) {
  ARROW_ASSIGN_OR_RAISE(state::StatefulOperator op, NextStatefulOperator(lowering, "globalLimit"));
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr child, lowering.Lower(plan->children[0]));
  return std::make_shared<StatefulLimitNode>(count, std::move(op), std::move(child));
}

}  // namespace sluice::exec
