#include "exec/window.h"

#include "exec/exchange.h"
#include "exec/expression.h"
#include "exec/frame_aggregate.h"
#include "exec/sort_keys.h"
#include "exec/window_frame.h"
#include "plan/transform.h"
#include "types/arrow_types.h"

namespace sluice::exec {

namespace {

/// One function, its columns being numbers in WindowSpec::inputs.
struct WindowFunction {
  const functions::FunctionDef* def = nullptr;
  std::shared_ptr<const functions::BoundCall> bound;
  bool ignore_nulls = false;
  std::vector<int> args;
  WindowFrame frame;
};

struct WindowSpec {
  ExpressionSetPtr partition_keys;  // null: one partition
  std::vector<DataType> partition_types;
  ExpressionSetPtr inputs;  // partition keys, order keys, arguments, values that frames need
  std::vector<SortColumn> partition, order;
  std::vector<WindowFunction> functions;
  std::vector<std::shared_ptr<arrow::DataType>> types;  // of the rows
};

class PartitionSink final : public Sink {
 public:
  PartitionSink(const WindowSpec& spec, TaskContext& task, Exchange* exchange)
      : spec_(spec), task_(task), exchange_(exchange) {
    if (spec.partition_keys != nullptr) keys_.emplace(spec.partition_keys);
  }
  Status Push(Batch batch) override {
    std::vector<Vector> keys;
    if (keys_) {
      ARROW_ASSIGN_OR_RAISE(keys, keys_->Evaluate(batch, task_));
    }
    return exchange_->Route(batch, keys, spec_.partition_types);
  }

 private:
  const WindowSpec& spec_;
  TaskContext& task_;
  Exchange* exchange_;
  std::optional<Evaluator> keys_;
};

Result<ArrayPtr> Evaluate(const WindowFunction& function, const std::vector<Vector>& inputs,
                          const PartitionBounds& bounds, int64_t rows, TaskContext& task) {
  std::vector<Vector> args;
  for (int arg : function.args) args.push_back(inputs[arg]);
  ARROW_ASSIGN_OR_RAISE(const FrameBounds frames, FindFrames(function.frame, bounds, inputs, rows));
  if (function.def->kind == functions::FunctionKind::kAggregate) {
    return AggregateFrames(*function.def, *function.bound, task.eval, args, frames, task.run->context.cancel);
  }
  const functions::WindowCall call{
      *function.bound, rows,       bounds.partition_start, bounds.partition_end, bounds.peer_start, bounds.peer_end,
      frames.start,    frames.end, function.ignore_nulls};
  return function.def->window.kernel(call, args);
}

/// Sorts the rows of one exchange partition and pushes them with their new columns.
Status ComputePartition(const WindowSpec& spec, std::vector<Batch> batches, TaskContext& task, Consumer& out) {
  ARROW_ASSIGN_OR_RAISE(Batch all, ConcatBatches(batches, spec.types));
  batches.clear();
  if (all.rows == 0) return Status::OK();
  if (all.rows > INT32_MAX) return Status::CapacityError("too many rows in one window partition");
  const size_t num_partition = spec.partition.size(), num_order = spec.order.size();
  std::vector<SortColumn> columns = spec.partition;
  columns.insert(columns.end(), spec.order.begin(), spec.order.end());
  Evaluator evaluator(spec.inputs);
  ARROW_ASSIGN_OR_RAISE(auto inputs, evaluator.Evaluate(all, task));
  {
    SortKeys keys(columns);
    ARROW_RETURN_NOT_OK(keys.Append({inputs.data(), columns.size()}, all.rows));
    const std::vector<int32_t> order = SortedRows(keys);
    ARROW_ASSIGN_OR_RAISE(all, TakeRows(all, order));
    for (Vector& input : inputs) {
      ARROW_ASSIGN_OR_RAISE(input, TakeRows(input, order));
    }
  }
  SortKeys partition(spec.partition), order(spec.order);
  ARROW_RETURN_NOT_OK(partition.Append({inputs.data(), num_partition}, all.rows));
  ARROW_RETURN_NOT_OK(order.Append({inputs.data() + num_partition, num_order}, all.rows));
  const PartitionBounds bounds = FindBounds(partition, order, all.rows);
  for (const WindowFunction& function : spec.functions) {
    ARROW_RETURN_NOT_OK(task.run->context.cancel.Check());
    ARROW_ASSIGN_OR_RAISE(ArrayPtr column, Evaluate(function, inputs, bounds, all.rows, task));
    all.columns.push_back({std::move(column), false});
  }
  return PushSlices(all, out);
}

class WindowNode final : public ExecNode {
 public:
  WindowNode(plan::Attributes output, ExecNodePtr child, WindowSpec spec, std::string text)
      : ExecNode(std::move(output), {std::move(child)}), spec_(std::move(spec)), text_(std::move(text)) {}

  Result<Pipeline> Start(RunState& run) const override {
    const int partitions = spec_.partition.empty() ? 1 : run.threads();
    auto exchange = std::make_shared<Exchange>(partitions);
    ARROW_ASSIGN_OR_RAISE(Pipeline input, children()[0]->Start(run));
    ARROW_RETURN_NOT_OK(RunPipeline(run, input, [&](TaskContext& task) -> Result<std::unique_ptr<Sink>> {
      return std::make_unique<PartitionSink>(spec_, task, exchange.get());
    }));
    auto produce = [this, exchange](int64_t split, TaskContext& task, Consumer& out) -> Status {
      std::vector<Batch> batches;
      for (auto& item : exchange->Take(static_cast<int>(split))) batches.push_back(std::move(item.batch));
      return ComputePartition(spec_, std::move(batches), task, out);
    };
    return Pipeline{std::make_shared<FunctionSource>(partitions, std::move(produce)), {}};
  }
  std::string text() const override { return text_; }

 private:
  WindowSpec spec_;
  std::string text_;
};

}  // namespace

Result<ExecNodePtr> LowerWindow(const plan::PlanPtr& plan, Lowering& lowering) {
  const auto& window = *plan::As<plan::Window>(plan);
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr child, lowering.Lower(plan->children[0]));
  const auto& first = *plan::As<plan::WindowExpression>(window.window_expressions[0]->children[0]);
  const auto keys_end = first.children.begin() + 1 + first.num_partition_keys;
  const plan::ExprList partition(first.children.begin() + 1, keys_end), orders(keys_end, first.children.end());
  WindowSpec spec;
  plan::ExprList inputs = partition;
  for (const auto& key : partition) {
    spec.partition.push_back({*key->type, true, true});
    spec.partition_types.push_back(*key->type);
  }
  for (const auto& item : orders) {
    const auto& order = *plan::As<plan::SortOrder>(item);
    inputs.push_back(order.children[0]);
    spec.order.push_back({*order.children[0]->type, order.ascending, order.nulls_first});
  }
  for (const auto& item : window.window_expressions) {
    const auto& expression = *plan::As<plan::WindowExpression>(item->children[0]);
    const plan::ExprPtr& call = expression.children[0];
    WindowFunction function;
    if (const auto* aggregate = plan::As<plan::AggregateCall>(call)) {
      function.def = aggregate->def;
      function.bound = aggregate->bound;
    } else {
      function.def = plan::As<plan::Call>(call)->def;
      function.bound = plan::As<plan::Call>(call)->bound;
    }
    function.ignore_nulls = expression.ignore_nulls;
    for (const auto& arg : call->children) {
      function.args.push_back(static_cast<int>(inputs.size()));
      inputs.push_back(arg);
    }
    ARROW_ASSIGN_OR_RAISE(function.frame, CompileFrame(expression, &inputs));
    spec.functions.push_back(std::move(function));
  }
  if (!partition.empty()) {
    ARROW_ASSIGN_OR_RAISE(spec.partition_keys, ExpressionSet::Compile(partition, child->output()));
  }
  ARROW_ASSIGN_OR_RAISE(spec.inputs, ExpressionSet::Compile(inputs, child->output()));
  spec.types = ArrowTypesOf(child->output());
  std::string text =
      "Window " + ListText(window.window_expressions) + ", " + ListText(partition) + ", " + ListText(orders);
  return std::make_shared<WindowNode>(plan->output(), std::move(child), std::move(spec), std::move(text));
}

}  // namespace sluice::exec
