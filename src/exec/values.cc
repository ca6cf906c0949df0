#include "exec/values.h"

#include <arrow/array/array_primitive.h>
#include <arrow/buffer.h>

#include <algorithm>

namespace sluice::exec {
namespace {

/// Small relations are one split, so that they give one output file and one task.
constexpr int64_t kSplitRows = 64 * 1024;

class LocalRelationNode final : public ExecNode {
 public:
  explicit LocalRelationNode(const plan::LocalRelation& relation) : ExecNode(relation.attributes, {}) {
    std::vector<Batch> split;
    int64_t rows = 0;
    for (const auto& record_batch : relation.batches) {
      if (record_batch->num_rows() == 0) continue;
      split.push_back(FromRecordBatch(*record_batch));
      bytes_ += BatchBytes(split.back());
      rows += record_batch->num_rows();
      if (rows >= kSplitRows) {
        splits_.push_back(std::move(split));
        split.clear();
        rows = 0;
      }
    }
    if (!split.empty()) splits_.push_back(std::move(split));
  }
  Result<Pipeline> Start(RunState&) const override { return Pipeline{std::make_shared<BatchSource>(splits_), {}}; }
  std::string text() const override { return "LocalTableScan " + ListText(output()); }
  std::optional<int64_t> size_bytes() const override { return bytes_; }

 private:
  std::vector<std::vector<Batch>> splits_;
  int64_t bytes_ = 0;
};

class OneRowNode final : public ExecNode {
 public:
  OneRowNode() : ExecNode({}, {}) {}
  Result<Pipeline> Start(RunState&) const override {
    return Pipeline{std::make_shared<BatchSource>(std::vector<std::vector<Batch>>{{Batch{1, {}}}}), {}};
  }
  std::string text() const override { return "Scan OneRowRelation[]"; }
  bool streams() const override { return true; }
  std::optional<int64_t> size_bytes() const override { return 1; }
};

class RangeNode final : public ExecNode {
 public:
  explicit RangeNode(const plan::Range& range)
      : ExecNode({range.attribute}, {}), start_(range.start), end_(range.end), step_(range.step),
        partitions_(range.num_partitions) {
    const __int128 span = static_cast<__int128>(end_) - start_;
    if (step_ != 0 && span != 0 && (span > 0) == (step_ > 0)) {
      const __int128 count = (span + step_ + (step_ > 0 ? -1 : 1)) / step_;
      count_ = static_cast<int64_t>(std::min<__int128>(count, INT64_MAX));
    }
  }
  Result<Pipeline> Start(RunState& run) const override {
    const int64_t partitions = std::max<int64_t>(
        1, std::min<int64_t>(partitions_ ? *partitions_ : run.threads(), partitions_ ? INT32_MAX : count_));
    auto produce = [this, partitions](int64_t split, TaskContext& task, Consumer& out) -> Status {
      // Spark's bounds: partition i is [i * n / p, (i + 1) * n / p).
      const auto bound = [&](int64_t i) {
        return static_cast<int64_t>(static_cast<__int128>(i) * count_ / partitions);
      };
      const int64_t last = bound(split + 1);
      for (int64_t row = bound(split); row < last && !out.done(); row += kBatchRows) {
        ARROW_RETURN_NOT_OK(task.run->context.cancel.Check());
        const int64_t rows = std::min(kBatchRows, last - row);
        ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(rows * sizeof(int64_t)));
        auto* values = reinterpret_cast<int64_t*>(buffer->mutable_data());
        for (int64_t i = 0; i < rows; ++i)
          values[i] = start_ + static_cast<int64_t>((row + i) * static_cast<__int128>(step_));
        auto array = std::make_shared<arrow::Int64Array>(rows, std::shared_ptr<arrow::Buffer>(std::move(buffer)));
        ARROW_RETURN_NOT_OK(out.Push({rows, {{std::move(array), false}}}));
      }
      return Status::OK();
    };
    return Pipeline{std::make_shared<FunctionSource>(partitions, std::move(produce)), {}};
  }
  std::string text() const override {
    return "Range (" + std::to_string(start_) + ", " + std::to_string(end_) + ", step=" + std::to_string(step_) +
           (partitions_ ? ", splits=" + std::to_string(*partitions_) : "") + ")";
  }
  bool streams() const override { return true; }
  std::optional<int64_t> known_rows() const override { return count_; }
  std::optional<int64_t> size_bytes() const override { return count_ > (INT64_MAX >> 3) ? INT64_MAX : count_ * 8; }

 private:
  int64_t start_, end_, step_;
  std::optional<int> partitions_;
  int64_t count_ = 0;
};

}  // namespace

Result<ExecNodePtr> LowerLocalRelation(const plan::PlanPtr& plan, Lowering&) {
  return std::make_shared<LocalRelationNode>(*plan::As<plan::LocalRelation>(plan));
}

Result<ExecNodePtr> LowerRange(const plan::PlanPtr& plan, Lowering&) {
  return std::make_shared<RangeNode>(*plan::As<plan::Range>(plan));
}

Result<ExecNodePtr> LowerOneRow(const plan::PlanPtr&, Lowering&) { return std::make_shared<OneRowNode>(); }

}  // namespace sluice::exec
