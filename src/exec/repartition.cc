#include "exec/repartition.h"

#include <algorithm>

namespace sluice::exec {
namespace {

/// Split i of n reads the i-th part of the input's splits, one after the other.
class CoalescedSource final : public SplitSource {
 public:
  CoalescedSource(Pipeline input, int64_t splits)
      : input_(std::move(input)), splits_(std::min(splits, input_.source->num_splits())) {}
  int64_t num_splits() const override { return splits_; }
  Result<std::unique_ptr<SplitReader>> NewReader(TaskContext& task) override {
    return std::make_unique<Reader>(*this, task);
  }

 private:
  class Reader final : public SplitReader {
   public:
    Reader(const CoalescedSource& source, TaskContext& task) : source_(source), task_(task) {}
    Status Read(int64_t split, Consumer& out) override {
      if (chain_ == nullptr) {
        ARROW_ASSIGN_OR_RAISE(chain_, TaskChain::Make(source_.input_, task_, &out));
      }
      const int64_t all = source_.input_.source->num_splits();
      const int64_t last = (split + 1) * all / source_.splits_;
      for (int64_t i = split * all / source_.splits_; i < last && !out.done(); ++i) {
        ARROW_RETURN_NOT_OK(task_.run->context.cancel.Check());
        ARROW_RETURN_NOT_OK(chain_->Read(i));
      }
      return Status::OK();
    }

   private:
    const CoalescedSource& source_;
    TaskContext& task_;
    std::unique_ptr<TaskChain> chain_;  // ends in the consumer of the first Read; a reader has only one
  };

  Pipeline input_;
  int64_t splits_;
};

class RepartitionNode final : public ExecNode {
 public:
  RepartitionNode(ExecNodePtr child, int partitions, bool shuffle)
      : ExecNode(child->output(), {child}), partitions_(partitions), shuffle_(shuffle) {}
  Result<Pipeline> Start(RunState& run) const override {
    ARROW_ASSIGN_OR_RAISE(Pipeline input, children()[0]->Start(run));
    if (input.source->num_splits() <= partitions_) return input;
    return Pipeline{std::make_shared<CoalescedSource>(std::move(input), partitions_), {}};
  }
  std::string text() const override {
    const std::string n = std::to_string(partitions_);
    return shuffle_ ? "Exchange RoundRobinPartitioning(" + n + ")" : "Coalesce " + n;
  }
  std::optional<int64_t> known_rows() const override { return children()[0]->known_rows(); }

 private:
  int partitions_;
  bool shuffle_;
};

}  // namespace

Result<ExecNodePtr> LowerRepartition(const plan::PlanPtr& plan, Lowering& lowering) {
  const auto& repartition = *plan::As<plan::Repartition>(plan);
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr child, lowering.Lower(plan->children[0]));
  if (!repartition.num_partitions || !repartition.keys.empty()) return child;
  return std::make_shared<RepartitionNode>(std::move(child), std::max(1, *repartition.num_partitions),
                                           repartition.shuffle);
}

}  // namespace sluice::exec
