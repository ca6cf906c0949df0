#include "exec/generate.h"

#include <algorithm>

#include "exec/expression.h"
#include "exec/external.h"
#include "plan/expression_text.h"
#include "plan/transform.h"

namespace sluice::exec {
namespace {

struct GenerateSpec {
  std::shared_ptr<const plan::GeneratorCall> call;
  ExpressionSetPtr args;
  bool outer = false;
  std::vector<int> kept;  // child columns in the output
};

class GenerateOperator final : public Operator {
 public:
  GenerateOperator(const GenerateSpec& spec, TaskContext& task, Consumer* next)
      : Operator(next), spec_(spec), task_(task), args_(spec.args) {}
  Status Push(Batch batch) override {
    ARROW_ASSIGN_OR_RAISE(auto args, args_.Evaluate(batch, task_));
    functions::KernelCall call{*spec_.call->bound, task_.eval, batch.rows, &spec_.call->origin};
    ARROW_ASSIGN_OR_RAISE(auto generated, spec_.call->def->generator(call, args, spec_.outer));
    Batch result{static_cast<int64_t>(generated.input_rows.size()), {}};
    if (result.rows == 0) return Status::OK();
    for (int ordinal : spec_.kept) {
      ARROW_ASSIGN_OR_RAISE(Vector column, TakeRows(batch.columns[ordinal], generated.input_rows));
      result.columns.push_back(std::move(column));
    }
    for (ArrayPtr& column : generated.columns) result.columns.push_back({std::move(column), false});
    return PushSlices(result, *next_);
  }

 private:
  const GenerateSpec& spec_;
  TaskContext& task_;
  Evaluator args_;
};

class GenerateNode final : public ExecNode {
 public:
  GenerateNode(plan::Attributes output, ExecNodePtr child, GenerateSpec spec, plan::Attributes generated)
      : ExecNode(std::move(output), {std::move(child)}), spec_(std::move(spec)), generated_(std::move(generated)) {}
  Result<Pipeline> Start(RunState& run) const override {
    ARROW_ASSIGN_OR_RAISE(Pipeline pipeline, children()[0]->Start(run));
    pipeline.operators.push_back([this](TaskContext& task, Consumer* next) -> Result<std::unique_ptr<Consumer>> {
      return std::make_unique<GenerateOperator>(spec_, task, next);
    });
    return pipeline;
  }
  std::string text() const override {
    plan::Attributes kept(output().begin(), output().begin() + static_cast<int64_t>(spec_.kept.size()));
    return "Generate " + plan::ExpressionTreeText(*spec_.call) + ", " + ListText(kept) + ", " +
           (spec_.outer ? "true" : "false") + ", " + ListText(generated_);
  }
  bool streams() const override { return true; }

 private:
  GenerateSpec spec_;
  plan::Attributes generated_;
};

class ExpandOperator final : public Operator {
 public:
  ExpandOperator(ExpressionSetPtr set, size_t width, TaskContext& task, Consumer* next)
      : Operator(next), evaluator_(std::move(set)), width_(width), task_(task) {}
  Status Push(Batch batch) override {
    ARROW_ASSIGN_OR_RAISE(auto values, evaluator_.Evaluate(batch, task_));
    for (size_t start = 0; start < values.size() && !next_->done(); start += width_) {
      const auto first = values.begin() + static_cast<int64_t>(start);
      ARROW_RETURN_NOT_OK(next_->Push({batch.rows, {first, first + static_cast<int64_t>(width_)}}));
    }
    return Status::OK();
  }

 private:
  Evaluator evaluator_;
  size_t width_;
  TaskContext& task_;
};

class ExpandNode final : public ExecNode {
 public:
  ExpandNode(ExecNodePtr child, const plan::Expand& expand, ExpressionSetPtr set)
      : ExecNode(expand.attributes, {std::move(child)}), projections_(expand.projections), set_(std::move(set)) {}
  Result<Pipeline> Start(RunState& run) const override {
    ARROW_ASSIGN_OR_RAISE(Pipeline pipeline, children()[0]->Start(run));
    pipeline.operators.push_back([this](TaskContext& task, Consumer* next) -> Result<std::unique_ptr<Consumer>> {
      return std::make_unique<ExpandOperator>(set_, output().size(), task, next);
    });
    return pipeline;
  }
  std::string text() const override {
    std::string text = "Expand [";
    for (const auto& projection : projections_) text += (text.size() > 8 ? ", " : "") + ListText(projection);
    return text + "], " + ListText(output());
  }
  bool streams() const override { return true; }
  std::optional<int64_t> size_bytes() const override {
    auto size = children()[0]->size_bytes();
    return size ? std::optional<int64_t>(*size * static_cast<int64_t>(projections_.size())) : std::nullopt;
  }

 private:
  std::vector<plan::ExprList> projections_;
  ExpressionSetPtr set_;
};

}  // namespace

Result<ExecNodePtr> LowerGenerate(const plan::PlanPtr& plan, Lowering& lowering) {
  const auto& generate = *plan::As<plan::Generate>(plan);
  const auto* call = plan::As<plan::GeneratorCall>(*generate.generator);
  if (call != nullptr && ExternalFunctionOf(*call)) return LowerExternalGenerate(generate, lowering);
  if (call == nullptr || call->def == nullptr || call->def->generator == nullptr) {
    return UnsupportedFeature("generator " + plan::ExpressionSql(*generate.generator), &plan->origin);
  }
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr child, lowering.Lower(plan->children[0]));
  GenerateSpec spec;
  spec.call = std::static_pointer_cast<const plan::GeneratorCall>(generate.generator);
  spec.outer = generate.outer || call->outer;
  ARROW_ASSIGN_OR_RAISE(spec.args, ExpressionSet::Compile(call->children, child->output()));
  const auto& unneeded = generate.unneeded_child_output;
  for (int i = 0; i < static_cast<int>(child->output().size()); ++i) {
    if (std::find(unneeded.begin(), unneeded.end(), i) == unneeded.end()) spec.kept.push_back(i);
  }
  return std::make_shared<GenerateNode>(plan->output(), std::move(child), std::move(spec), generate.generator_output);
}

Result<ExecNodePtr> LowerExpand(const plan::PlanPtr& plan, Lowering& lowering) {
  const auto& expand = *plan::As<plan::Expand>(plan);
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr child, lowering.Lower(plan->children[0]));
  plan::ExprList all;
  for (const auto& projection : expand.projections) {
    if (projection.size() != expand.attributes.size()) {
      return MakeError("INTERNAL_ERROR", {{"message", "an Expand projection has another width than its output"}});
    }
    all.insert(all.end(), projection.begin(), projection.end());
  }
  ARROW_ASSIGN_OR_RAISE(auto set, ExpressionSet::Compile(all, child->output()));
  return std::make_shared<ExpandNode>(std::move(child), expand, std::move(set));
}

}  // namespace sluice::exec
