#include "exec/union.h"

namespace sluice::exec {
namespace {

class UnionReader final : public SplitReader {
 public:
  UnionReader(const std::vector<Pipeline>& pipelines, TaskContext& task)
      : pipelines_(pipelines), task_(task), chains_(pipelines.size()) {}

  Status Read(int64_t split, Consumer& out) override {
    forward_.target = &out;
    size_t child = 0;
    while (split >= pipelines_[child].source->num_splits()) split -= pipelines_[child++].source->num_splits();
    if (chains_[child] == nullptr) {
      ARROW_ASSIGN_OR_RAISE(chains_[child], TaskChain::Make(pipelines_[child], task_, &forward_));
    }
    return chains_[child]->Read(split);
  }

 private:
  struct Forward final : Consumer {
    Status Push(Batch batch) override { return target->Push(std::move(batch)); }
    bool done() const override { return target->done(); }
    Consumer* target = nullptr;
  };
  const std::vector<Pipeline>& pipelines_;
  TaskContext& task_;
  Forward forward_;
  std::vector<std::unique_ptr<TaskChain>> chains_;
};

class UnionSource final : public SplitSource {
 public:
  explicit UnionSource(std::vector<Pipeline> pipelines) : pipelines_(std::move(pipelines)) {}
  int64_t num_splits() const override {
    int64_t splits = 0;
    for (const Pipeline& pipeline : pipelines_) splits += pipeline.source->num_splits();
    return splits;
  }
  Result<std::unique_ptr<SplitReader>> NewReader(TaskContext& task) override {
    return std::make_unique<UnionReader>(pipelines_, task);
  }

 private:
  std::vector<Pipeline> pipelines_;
};

class UnionNode final : public ExecNode {
 public:
  using ExecNode::ExecNode;
  Result<Pipeline> Start(RunState& run) const override {
    std::vector<Pipeline> pipelines;
    for (const auto& child : children()) {
      ARROW_ASSIGN_OR_RAISE(Pipeline pipeline, child->Start(run));
      pipelines.push_back(std::move(pipeline));
    }
    return ConcatPipelines(std::move(pipelines));
  }
  std::string text() const override { return "Union"; }
  std::optional<int64_t> size_bytes() const override {
    int64_t bytes = 0;
    for (const auto& child : children()) {
      auto size = child->size_bytes();
      if (!size) return std::nullopt;
      bytes += *size;
    }
    return bytes;
  }
};

}  // namespace

Pipeline ConcatPipelines(std::vector<Pipeline> pipelines) {
  return Pipeline{std::make_shared<UnionSource>(std::move(pipelines)), {}};
}

Result<ExecNodePtr> LowerUnion(const plan::PlanPtr& plan, Lowering& lowering) {
  std::vector<ExecNodePtr> children;
  for (const auto& child : plan->children) {
    ARROW_ASSIGN_OR_RAISE(ExecNodePtr lowered, lowering.Lower(child));
    children.push_back(std::move(lowered));
  }
  return std::make_shared<UnionNode>(plan->output(), std::move(children));
}

}  // namespace sluice::exec
