#include "exec/frame_aggregate.h"

#include <arrow/array/concatenate.h>

#include <algorithm>

#include "functions/decimal.h"

namespace sluice::exec {

namespace {

/// Rows fed to accumulators at once: memory of a step.
constexpr size_t kStepRows = 8 * kBatchRows;
/// Growing frames fed side by side: each takes the rows since the step began, so a step costs its square.
constexpr size_t kStepGrowing = 64;

struct Frame {
  int32_t start, end;
};

class FrameAggregator {
 public:
  FrameAggregator(const functions::FunctionDef& def, const functions::BoundCall& bound,
                  const functions::EvalContext& context, std::span<const Vector> args, const CancelToken& cancel)
      : def_(def), bound_(bound), context_(context), args_(args), cancel_(cancel) {}

  Result<ArrayPtr> Run(const std::vector<Frame>& frames) {
    for (size_t at = 0; at < frames.size();) {
      ARROW_RETURN_NOT_OK(cancel_.Check());
      ARROW_ASSIGN_OR_RAISE(at, Step(frames, at));
    }
    return arrow::Concatenate(results_);
  }

 private:
  static bool Grows(const std::vector<Frame>& frames, size_t at) {
    return at > 0 && frames[at].start == frames[at - 1].start && frames[at].end >= frames[at - 1].end &&
           frames[at - 1].end > frames[at - 1].start;
  }

  /// Computes frames from `first` on, as many as a step takes; returns the next.
  Result<size_t> Step(const std::vector<Frame>& frames, size_t first) {
    const bool carried = !carry_.empty() && Grows(frames, first);
    std::vector<uint32_t> carry_ids, ids;
    std::vector<int32_t> rows;
    int32_t base = carried ? frames[first - 1].end : frames[first].start;
    bool continues = carried;  // the run of growing frames began in an earlier step
    size_t at = first, run = 0;
    for (; at < frames.size(); ++at, ++run) {
      if (at > first && !Grows(frames, at)) {
        base = frames[at].start;
        continues = false;
        run = 0;
      }
      const size_t more = static_cast<size_t>(std::max(0, frames[at].end - base));
      if (at > first && (rows.size() + more > kStepRows || run >= kStepGrowing)) break;
      const auto id = static_cast<uint32_t>(at - first);
      if (continues) carry_ids.push_back(id);
      for (int32_t row = base; row < frames[at].end; ++row) {
        rows.push_back(row);
        ids.push_back(id);
      }
    }
    auto accumulator = def_.aggregate.make(bound_, context_);
    ARROW_RETURN_NOT_OK(accumulator->Resize(static_cast<int64_t>(at - first)));
    if (!carry_ids.empty()) {
      const std::vector<int32_t> same(carry_ids.size(), 0);
      std::vector<ArrayPtr> buffers;
      for (const ArrayPtr& column : carry_) {
        ARROW_ASSIGN_OR_RAISE(ArrayPtr repeated, TakeRows(column, same));
        buffers.push_back(std::move(repeated));
      }
      ARROW_RETURN_NOT_OK(accumulator->Merge(buffers, carry_ids));
    }
    if (!rows.empty()) {
      std::vector<Vector> args;
      for (const Vector& arg : args_) {
        ARROW_ASSIGN_OR_RAISE(Vector taken, TakeRows(arg, rows));
        args.push_back(std::move(taken));
      }
      ARROW_RETURN_NOT_OK(accumulator->Update(args, ids));
    }
    carry_.clear();
    if (at < frames.size() && Grows(frames, at)) {
      ARROW_ASSIGN_OR_RAISE(auto buffers, accumulator->Buffers());
      for (const ArrayPtr& column : buffers) carry_.push_back(column->Slice(static_cast<int64_t>(at - first) - 1, 1));
    }
    auto finished = accumulator->Finish();
    // A frame's sum is no aggregation buffer in Spark: what fails there is making it a DECIMAL of the result's type.
    if (bound_.result_type.id() == TypeId::kDecimal && ConditionOf(finished.status()) == "ARITHMETIC_OVERFLOW") {
      const DataType& type = bound_.result_type;
      return functions::DecimalOutOfRange("The sum", type.precision(), type.scale(), nullptr);
    }
    ARROW_ASSIGN_OR_RAISE(ArrayPtr values, std::move(finished));
    results_.push_back(std::move(values));
    return at;
  }

  const functions::FunctionDef& def_;
  const functions::BoundCall& bound_;
  const functions::EvalContext& context_;
  std::span<const Vector> args_;
  const CancelToken& cancel_;
  std::vector<ArrayPtr> carry_, results_;
};

}  // namespace

Result<ArrayPtr> AggregateFrames(const functions::FunctionDef& def, const functions::BoundCall& bound,
                                 const functions::EvalContext& context, std::span<const Vector> args,
                                 const FrameBounds& frames, const CancelToken& cancel) {
  // Rows that share a frame share its value.
  std::vector<Frame> distinct;
  std::vector<int32_t> frame_of(frames.start.size());
  for (size_t i = 0; i < frame_of.size(); ++i) {
    const Frame frame{frames.start[i], std::max(frames.start[i], frames.end[i])};
    if (distinct.empty() || distinct.back().start != frame.start || distinct.back().end != frame.end)
      distinct.push_back(frame);
    frame_of[i] = static_cast<int32_t>(distinct.size()) - 1;
  }
  ARROW_ASSIGN_OR_RAISE(ArrayPtr values, FrameAggregator(def, bound, context, args, cancel).Run(distinct));
  return TakeRows(values, frame_of);
}

}  // namespace sluice::exec
