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

/// Both of the above in one step.
class FilterProjectOperator final : public Operator {
 public:
  FilterProjectOperator(ExpressionSetPtr set, TaskContext& task, Consumer* next)
      : Operator(next), evaluator_(std::move(set)), task_(task) {}
  Status Push(Batch batch) override {
    ARROW_ASSIGN_OR_RAISE(Batch result, evaluator_.EvaluateWhere(batch, task_));
    return result.rows == 0 ? Status::OK() : next_->Push(std::move(result));
  }

 private:
  Evaluator evaluator_;
  TaskContext& task_;
};

template <typename Op>
void Append(const ExpressionSetPtr& set, Pipeline* pipeline) {
  pipeline->operators.push_back([set](TaskContext& task, Consumer* next) -> Result<std::unique_ptr<Consumer>> {
    return std::make_unique<Op>(set, task, next);
  });
}

class FilterNode final : public ExecNode {
 public:
  FilterNode(ExecNodePtr child, plan::ExprPtr condition, ExpressionSetPtr set)
      : ExecNode(child->output(), {child}), condition_(std::move(condition)), set_(std::move(set)) {}
  Result<Pipeline> Start(RunState& run) const override {
    ARROW_ASSIGN_OR_RAISE(Pipeline pipeline, children()[0]->Start(run));
    Append<FilterOperator>(set_, &pipeline);
    return pipeline;
  }
  std::string text() const override { return "Filter " + plan::ExpressionTreeText(*condition_); }
  bool streams() const override { return true; }
  const plan::ExprPtr& condition() const { return condition_; }

 private:
  plan::ExprPtr condition_;
  ExpressionSetPtr set_;
};

/// The condition of a filter and what is projected over it, when both can be evaluated in one step: a from_json they
/// share parses a document once. Null: they stay two operators.
Result<ExpressionSetPtr> WithCondition(const plan::ExprList& expressions, const ExecNode& child) {
  const auto* filter = dynamic_cast<const FilterNode*>(&child);
  if (filter == nullptr) return ExpressionSetPtr();
  plan::ExprList all{filter->condition()};
  all.insert(all.end(), expressions.begin(), expressions.end());
  ARROW_ASSIGN_OR_RAISE(auto set, ExpressionSet::Compile(all, filter->output()));
  return set->deterministic() ? set : nullptr;
}

/// `filtered`: the set begins with the condition of the filter below, which it replaces.
class ProjectNode final : public ExecNode {
 public:
  ProjectNode(plan::Attributes output, ExecNodePtr child, plan::ExprList list, ExpressionSetPtr set, bool filtered)
      : ExecNode(std::move(output), {std::move(child)}), list_(std::move(list)), set_(std::move(set)),
        filtered_(filtered) {}
  Result<Pipeline> Start(RunState& run) const override {
    const ExecNode& input = filtered_ ? *children()[0]->children()[0] : *children()[0];
    ARROW_ASSIGN_OR_RAISE(Pipeline pipeline, input.Start(run));
    filtered_ ? Append<FilterProjectOperator>(set_, &pipeline) : Append<ProjectOperator>(set_, &pipeline);
    return pipeline;
  }
  std::string text() const override { return "Project " + ListText(list_); }
  std::optional<int64_t> known_rows() const override { return children()[0]->known_rows(); }
  bool streams() const override { return true; }

 private:
  plan::ExprList list_;
  ExpressionSetPtr set_;
  bool filtered_;
};

}  // namespace

Result<ExecNodePtr> MakeProject(const plan::ExprList& expressions, ExecNodePtr child) {
  plan::Attributes output;
  for (const auto& expression : expressions) {
    auto attribute = plan::ToAttribute(expression);
    if (attribute == nullptr) {
      return MakeError("INTERNAL_ERROR", {{"message", "a projected expression has no name"}});
    }
    output.push_back(std::move(attribute));
  }
  ARROW_ASSIGN_OR_RAISE(auto set, WithCondition(expressions, *child));
  const bool filtered = set != nullptr;
  if (!filtered) {
    ARROW_ASSIGN_OR_RAISE(set, ExpressionSet::Compile(expressions, child->output()));
  }
  return std::make_shared<ProjectNode>(std::move(output), std::move(child), expressions, std::move(set), filtered);
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
