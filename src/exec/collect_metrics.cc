#include "exec/collect_metrics.h"

#include <arrow/record_batch.h>

#include "exec/aggregate.h"
#include "exec/external_groups.h"
#include "plan/collect_metrics.h"
#include "types/arrow_types.h"

namespace sluice::exec {

namespace {

/// What is computed, whichever run.
struct Metrics {
  AggregateSpec spec;
  ExpressionSetPtr results;  // over what Aggregator::Results gives
  DataType schema;
};

/// The totals of one run. Thread-safe.
class Totals {
 public:
  Totals(std::shared_ptr<const Metrics> metrics, functions::EvalContext context)
      : metrics_(std::move(metrics)), context_(std::move(context)), groups_(metrics_->spec, context_) {}

  void Add(Aggregator& part) {
    std::lock_guard lock(mutex_);
    auto partials = part.Partials();
    if (!partials.ok()) {
      status_ = partials.status();
      return;
    }
    for (size_t tag = 0; tag < partials->size(); ++tag)
      if (status_.ok()) status_ = groups_.Merge(static_cast<int>(tag), (*partials)[tag]);
  }
  Result<plan::ObservedRow> Row() {
    std::lock_guard lock(mutex_);
    ARROW_RETURN_NOT_OK(status_);
    ARROW_ASSIGN_OR_RAISE(Batch groups, groups_.Results());
    ARROW_ASSIGN_OR_RAISE(auto values, Evaluator(metrics_->results).Evaluate(groups, context_));
    arrow::ArrayVector columns;
    for (const auto& value : values) {
      ARROW_ASSIGN_OR_RAISE(auto column, Materialize(value, groups.rows));
      columns.push_back(std::move(column));
    }
    return plan::ObservedRow{
        metrics_->schema, arrow::RecordBatch::Make(ToArrowSchema(metrics_->schema), groups.rows, std::move(columns))};
  }

 private:
  std::shared_ptr<const Metrics> metrics_;
  functions::EvalContext context_;
  std::mutex mutex_;
  Aggregator groups_;
  Status status_;
};

/// Hands what it saw to the totals when the task ends.
class CollectOperator final : public Operator {
 public:
  CollectOperator(std::shared_ptr<const Metrics> metrics, std::shared_ptr<Totals> totals, TaskContext& task,
                  Consumer* next)
      : Operator(next), metrics_(std::move(metrics)), totals_(std::move(totals)), task_(task),
        inputs_(metrics_->spec.inputs), groups_(metrics_->spec, task.eval) {}
  ~CollectOperator() override { totals_->Add(groups_); }
  Status Push(Batch batch) override {
    ARROW_ASSIGN_OR_RAISE(auto inputs, inputs_.Evaluate(batch, task_));
    ARROW_RETURN_NOT_OK(groups_.Update(inputs, batch.rows));
    return next_->Push(std::move(batch));
  }

 private:
  std::shared_ptr<const Metrics> metrics_;
  std::shared_ptr<Totals> totals_;
  TaskContext& task_;
  Evaluator inputs_;
  Aggregator groups_;
};

class CollectMetricsNode final : public ExecNode {
 public:
  CollectMetricsNode(const plan::CollectMetrics& node, std::shared_ptr<const Metrics> metrics, ExecNodePtr child)
      : ExecNode(child->output(), {child}), name_(node.name), list_(node.metrics), observed_(node.observed),
        metrics_(std::move(metrics)) {}
  Result<Pipeline> Start(RunState& run) const override {
    auto totals = std::make_shared<Totals>(metrics_, run.context.eval);
    observed_->Begin([totals] { return totals->Row(); });
    ARROW_ASSIGN_OR_RAISE(Pipeline pipeline, children()[0]->Start(run));
    pipeline.operators.push_back(
        [metrics = metrics_, totals](TaskContext& task, Consumer* next) -> Result<std::unique_ptr<Consumer>> {
          return std::make_unique<CollectOperator>(metrics, totals, task, next);
        });
    return pipeline;
  }
  std::string text() const override { return "CollectMetrics " + name_ + ", " + ListText(list_); }
  bool streams() const override { return true; }

 private:
  std::string name_;
  plan::ExprList list_;
  std::shared_ptr<plan::Observed> observed_;
  std::shared_ptr<const Metrics> metrics_;
};

}  // namespace

Result<ExecNodePtr> LowerCollectMetrics(const plan::PlanPtr& plan, Lowering& lowering) {
  const auto& node = *plan::As<plan::CollectMetrics>(plan);
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr child, lowering.Lower(plan->children[0]));
  plan::Aggregate aggregate;
  aggregate.aggregates = node.metrics;
  if (HasExternalAggregate(aggregate)) return UnsupportedFeature("observing Python aggregate functions", &plan->origin);
  ARROW_ASSIGN_OR_RAISE(CompiledAggregate compiled, CompileAggregate(aggregate, child->output()));
  auto metrics = std::make_shared<Metrics>();
  metrics->spec = std::move(compiled.spec);
  ARROW_ASSIGN_OR_RAISE(metrics->results, ExpressionSet::Compile(compiled.results, compiled.group_output));
  plan::Attributes output;
  for (const auto& metric : node.metrics) output.push_back(plan::ToAttribute(metric));
  metrics->schema = SchemaOf(output);
  return std::make_shared<CollectMetricsNode>(node, std::move(metrics), std::move(child));
}

}  // namespace sluice::exec
