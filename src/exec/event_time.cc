#include "exec/event_time.h"

#include <arrow/array/array_nested.h>

#include <algorithm>

#include "plan/transform.h"
#include "types/unsafe_row_layout.h"

namespace sluice::exec {
namespace {

bool IsWindow(const DataType& type) { return type.id() == TypeId::kStruct; }

int64_t MsOf(int64_t us) { return us >= 0 ? us / 1000 : (us - 999) / 1000; }

/// Hands its figures to the run when the task ends.
class WatermarkOperator final : public Operator {
 public:
  WatermarkOperator(EventTimeColumn column, int position, RunState* run, Consumer* next)
      : Operator(next), column_(column), position_(position), run_(run) {}
  ~WatermarkOperator() override {
    std::lock_guard lock(run_->mutex);
    run_->metrics.event_times[position_].Add(stats_);
  }
  Status Push(Batch batch) override {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr times,
                          column_.Times(batch.columns[static_cast<size_t>(column_.column)], batch.rows));
    const int64_t* values = times->data()->GetValues<int64_t>(1);
    const bool nulls = times->null_count() > 0;
    for (int64_t i = 0; i < batch.rows; ++i) {
      const int64_t ms = nulls && times->IsNull(i) ? 0 : MsOf(values[i]);
      stats_.min_ms = std::min(stats_.min_ms, ms);
      stats_.max_ms = std::max(stats_.max_ms, ms);
      stats_.sum_ms += static_cast<double>(ms);
    }
    stats_.count += batch.rows;
    return next_->Push(std::move(batch));
  }

 private:
  const EventTimeColumn column_;
  const int position_;
  RunState* run_;
  EventTimeStats stats_;
};

class WatermarkNode final : public ExecNode {
 public:
  WatermarkNode(const plan::EventTimeWatermark& watermark, EventTimeColumn column, int position, ExecNodePtr child)
      : ExecNode(watermark.output(), {std::move(child)}), column_(column), position_(position),
        text_("EventTimeWatermark " + output()[static_cast<size_t>(column.column)]->name + ", " +
              watermark.delay_text) {}
  Result<Pipeline> Start(RunState& run) const override {
    ARROW_ASSIGN_OR_RAISE(Pipeline pipeline, children()[0]->Start(run));
    pipeline.operators.push_back([column = column_, position = position_](
                                     TaskContext& task, Consumer* next) -> Result<std::unique_ptr<Consumer>> {
      return std::make_unique<WatermarkOperator>(column, position, task.run, next);
    });
    return pipeline;
  }
  std::string text() const override { return text_; }
  bool streams() const override { return true; }
  std::optional<int64_t> watermark_offset_ms() const override { return 0; }

 private:
  EventTimeColumn column_;
  int position_;
  std::string text_;
};

}  // namespace

std::optional<EventTimeColumn> EventTimeColumn::Find(const plan::Attributes& attributes) {
  for (size_t i = 0; i < attributes.size(); ++i) {
    if (!attributes[i]->watermark_delay_us) continue;
    return EventTimeColumn{static_cast<int>(i), IsWindow(*attributes[i]->type), *attributes[i]->watermark_delay_us};
  }
  return std::nullopt;
}

Result<ArrayPtr> EventTimeColumn::Times(const Vector& values, int64_t rows) const {
  ARROW_ASSIGN_OR_RAISE(ArrayPtr array, Materialize(values, rows));
  if (!window) return array;
  const auto& windows = static_cast<const arrow::StructArray&>(*array);
  return windows.Flatten().Map([](const arrow::ArrayVector& fields) { return fields.back(); });
}

std::optional<int64_t> EventTimeColumn::TimeOf(std::span<const uint8_t> row, size_t num_fields) const {
  using namespace unsafe;  // NOLINT: its words are what follows
  const auto inside = [&](size_t at, size_t size) { return at + size <= row.size(); };
  const size_t slot = NullBytes(num_fields) + 8 * static_cast<size_t>(column);
  if (!inside(slot, 8) || GetBit(row.data(), static_cast<size_t>(column))) return std::nullopt;
  if (!window) return Load<int64_t>(row.data() + slot);
  // A window is a row of two timestamps within the row.
  const size_t at = Load<uint64_t>(row.data() + slot) >> 32, end = at + NullBytes(2) + 8;
  if (!inside(end, 8) || GetBit(row.data() + at, 1)) return std::nullopt;
  return Load<int64_t>(row.data() + end);
}

Result<int64_t> RemoveLate(const EventTimeColumn& event_time, int64_t watermark_us, Batch* batch) {
  ARROW_ASSIGN_OR_RAISE(ArrayPtr times,
                        event_time.Times(batch->columns[static_cast<size_t>(event_time.column)], batch->rows));
  const std::vector<int32_t> late = RowsUpTo(times, watermark_us);
  if (late.empty()) return 0;
  std::vector<int32_t> kept;
  for (int32_t i = 0; i < batch->rows; ++i)
    if (!std::binary_search(late.begin(), late.end(), i)) kept.push_back(i);
  ARROW_ASSIGN_OR_RAISE(*batch, TakeRows(*batch, kept));
  return static_cast<int64_t>(late.size());
}

std::vector<int32_t> RowsUpTo(const ArrayPtr& times, int64_t watermark_us) {
  std::vector<int32_t> rows;
  const int64_t* values = times->data()->GetValues<int64_t>(1);
  for (int64_t i = 0; i < times->length(); ++i) {
    if (values[i] <= watermark_us && times->IsValid(i)) rows.push_back(static_cast<int32_t>(i));
  }
  return rows;
}

Result<ExecNodePtr> LowerEventTimeWatermark(const plan::PlanPtr& plan, Lowering& lowering) {
  const auto& watermark = *plan::As<plan::EventTimeWatermark>(plan);
  // A watermark on a table that does not stream says nothing.
  if (!plan::IsStreaming(*plan)) return lowering.Lower(plan->children[0]);
  auto& watermarks = lowering.traits().watermarks;
  const int position = static_cast<int>(watermarks.size());
  watermarks.push_back({watermark.id, watermark.delay_us / 1000});
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr child, lowering.Lower(plan->children[0]));
  const auto* event_time = plan::As<plan::Attribute>(watermark.event_time);
  const plan::Attributes& input = child->output();
  for (size_t i = 0; event_time != nullptr && i < input.size(); ++i) {
    if (input[i]->id != event_time->id) continue;
    const EventTimeColumn column{static_cast<int>(i), IsWindow(*input[i]->type), watermark.delay_us};
    return std::make_shared<WatermarkNode>(watermark, column, position, std::move(child));
  }
  return UnsupportedFeature("withWatermark on an expression that is no column", &plan->origin);
}

}  // namespace sluice::exec
