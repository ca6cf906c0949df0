#include "exec/project.h"

#include "exec/expression.h"
#include "plan/expression_text.h"

namespace sluice::exec {
namespace {

class ProjectOperator final : public Operator {
 public:
  ProjectOperator(ExpressionSetPtr set, TaskContext& task, Consumer* next)
      : Operator(next), evaluator_(std::move(set)), task_(task) {}
  Status Push(Batch batch) override {
    ARROW_ASSIGN_OR_RAISE(auto columns, evaluator_.Evaluate(batch, task_));
    return next_->Push({batch.rows, std::move(columns)});
  }

 private:
  Evaluator evaluator_;
  TaskContext& task_;
};

class FilterOperator final : public Operator {
 public:
  FilterOperator(ExpressionSetPtr set, TaskContext& task, Consumer* next)
      : Operator(next), evaluator_(std::move(set)), task_(task) {}
  Status Push(Batch batch) override {
    ARROW_ASSIGN_OR_RAISE(auto values, evaluator_.Evaluate(batch, task_));
    Selection selection = TrueRows(values[0], batch.rows);
    if (selection.all) return next_->Push(std::move(batch));
    if (selection.rows.empty()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(Batch chosen, TakeRows(batch, selection.rows));
    return next_->Push(std::move(chosen));
  }

 private:
  Evaluator evaluator_;
  TaskContext& task_;
};

class ProjectNode final : public ExecNode {
 public:
  ProjectNode(plan::Attributes output, ExecNodePtr child, plan::ExprList list, ExpressionSetPtr set)
      : ExecNode(std::move(output), {std::move(child)}), list_(std::move(list)), set_(std::move(set)) {}
  Result<Pipeline> Start(RunState& run) const override {
    ARROW_ASSIGN_OR_RAISE(Pipeline pipeline, children()[0]->Start(run));
    AppendProject(set_, &pipeline);
    return pipeline;
  }
  std::string text() const override { return "Project " + ListText(list_); }
  std::optional<int64_t> known_rows() const override { return children()[0]->known_rows(); }
  bool streams() const override { return true; }

 private:
  plan::ExprList list_;
  ExpressionSetPtr set_;
};

class FilterNode final : public ExecNode {
 public:
  FilterNode(ExecNodePtr child, plan::ExprPtr condition, ExpressionSetPtr set)
      : ExecNode(child->output(), {child}), condition_(std::move(condition)), set_(std::move(set)) {}
  Result<Pipeline> Start(RunState& run) const override {
    ARROW_ASSIGN_OR_RAISE(Pipeline pipeline, children()[0]->Start(run));
    AppendFilter(set_, &pipeline);
    return pipeline;
  }
  std::string text() const override { return "Filter " + plan::ExpressionTreeText(*condition_); }
  bool streams() const override { return true; }

 private:
  plan::ExprPtr condition_;
  ExpressionSetPtr set_;
};

}  // namespace

void AppendProject(const ExpressionSetPtr& expressions, Pipeline* pipeline) {
  pipeline->operators.push_back([expressions](TaskContext& task, Consumer* next) -> Result<std::unique_ptr<Consumer>> {
    return std::make_unique<ProjectOperator>(expressions, task, next);
  });
}

void AppendFilter(const ExpressionSetPtr& condition, Pipeline* pipeline) {
  pipeline->operators.push_back([condition](TaskContext& task, Consumer* next) -> Result<std::unique_ptr<Consumer>> {
    return std::make_unique<FilterOperator>(condition, task, next);
  });
}

Result<ExecNodePtr> MakeProject(const plan::ExprList& expressions, ExecNodePtr child) {
  plan::Attributes output;
  for (const auto& expression : expressions) {
    auto attribute = plan::ToAttribute(expression);
    if (attribute == nullptr) {
      return MakeError("INTERNAL_ERROR", {{"message", "a projected expression has no name"}});
    }
    output.push_back(std::move(attribute));
  }
  ARROW_ASSIGN_OR_RAISE(auto set, ExpressionSet::Compile(expressions, child->output()));
  return std::make_shared<ProjectNode>(std::move(output), std::move(child), expressions, std::move(set));
}

Result<ExecNodePtr> LowerProject(const plan::PlanPtr& plan, Lowering& lowering) {
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr child, lowering.Lower(plan->children[0]));
  return MakeProject(plan::As<plan::Project>(plan)->list, std::move(child));
}

Result<ExecNodePtr> LowerFilter(const plan::PlanPtr& plan, Lowering& lowering) {
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr child, lowering.Lower(plan->children[0]));
  const auto& condition = plan::As<plan::Filter>(plan)->condition;
  ARROW_ASSIGN_OR_RAISE(auto set, ExpressionSet::Compile({condition}, child->output()));
  return std::make_shared<FilterNode>(std::move(child), condition, std::move(set));
}

}  // namespace sluice::exec
