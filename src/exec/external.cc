#include "exec/external.h"

#include <algorithm>
#include <deque>

#include "exec/expression.h"
#include "functions/external.h"
#include "plan/expression_text.h"
#include "plan/external.h"
#include "plan/transform.h"
#include "types/arrow_types.h"

namespace sluice::exec {

namespace {

using BatchPtr = external::Stream::BatchPtr;
using StreamPtr = std::unique_ptr<external::Stream>;

/// Rows that wait for an iterator's results are kept in memory.
constexpr int64_t kMostWaitingBytes = int64_t{4} << 30;

class FeedingReader final : public SplitReader {
 public:
  FeedingReader(const FeederFactory& make, TaskContext& task) : make_(make), task_(task) {}
  Status Begin(const Pipeline& input) {
    ARROW_ASSIGN_OR_RAISE(chain_, TaskChain::Make(input, task_, &relay_));
    return Status::OK();
  }
  Status Read(int64_t split, Consumer& out) override {
    ARROW_ASSIGN_OR_RAISE(auto feeder, make_(task_, out));
    relay_.to = feeder.get();
    ARROW_RETURN_NOT_OK(chain_->Read(split));
    return feeder->Finish();
  }

 private:
  struct Relay final : Consumer {
    Status Push(Batch batch) override { return to->Push(std::move(batch)); }
    bool done() const override { return to->done(); }
    Consumer* to = nullptr;
  };
  const FeederFactory& make_;
  TaskContext& task_;
  Relay relay_;
  std::unique_ptr<TaskChain> chain_;
};

class FeedingSource final : public SplitSource {
 public:
  FeedingSource(Pipeline input, FeederFactory make) : input_(std::move(input)), make_(std::move(make)) {}
  int64_t num_splits() const override { return input_.source->num_splits(); }
  Result<std::unique_ptr<SplitReader>> NewReader(TaskContext& task) override {
    auto reader = std::make_unique<FeedingReader>(make_, task);
    ARROW_RETURN_NOT_OK(reader->Begin(input_));
    return reader;
  }

 private:
  Pipeline input_;
  FeederFactory make_;
};

/// What all tasks of an operator share.
struct Spec {
  std::vector<external::Call> calls;
  DataType input;                         // what goes out
  std::shared_ptr<arrow::Schema> schema;  // of it, in physical form
  ExpressionSetPtr arguments;             // null: the columns as they are
  Config config;
};

Result<StreamPtr> Open(const Spec& spec, const TaskContext& task) {
  external::StreamRequest request;
  request.calls = spec.calls;
  request.inputs = {spec.input};
  request.partition = task.eval.task_partition;
  request.batch_id = task.run->context.batch_id;
  request.config = spec.config;
  request.cancel = task.run->context.cancel;
  return spec.calls[0].function->Open(std::move(request));
}

class SpecFeeder : public Feeder {
 public:
  SpecFeeder(const Spec& spec, TaskContext& task, Consumer& out) : spec_(spec), task_(task), out_(out) {
    if (spec.arguments) evaluator_.emplace(spec.arguments);
  }
  bool done() const override { return out_.done() || (stream_ && stream_->ended()); }

 protected:
  Status Ensure() {
    if (stream_) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(stream_, Open(spec_, task_));
    return Status::OK();
  }
  Result<BatchPtr> Arguments(const Batch& batch) {
    if (!evaluator_) return ToRecordBatch(batch, spec_.schema);
    if (spec_.schema->num_fields() == 0)
      return arrow::RecordBatch::Make(spec_.schema, batch.rows, arrow::ArrayVector{});
    ARROW_ASSIGN_OR_RAISE(auto columns, evaluator_->Evaluate(batch, task_));
    return ToRecordBatch({batch.rows, std::move(columns)}, spec_.schema);
  }
  Status Send(const BatchPtr& batch, const external::Stream::Consume& consume) {
    return stream_->Write({&batch, 1}, consume);
  }

  const Spec& spec_;
  TaskContext& task_;
  Consumer& out_;
  std::optional<Evaluator> evaluator_;
  StreamPtr stream_;
};

/// Puts results beside the rows they are of.
class ColumnFeeder final : public SpecFeeder {
 public:
  using SpecFeeder::SpecFeeder;
  Status Push(Batch batch) override {
    ARROW_RETURN_NOT_OK(Ensure());
    ARROW_ASSIGN_OR_RAISE(BatchPtr arguments, Arguments(batch));
    waiting_bytes_ += BatchBytes(batch);
    if (waiting_bytes_ > kMostWaitingBytes)
      return MakeError("UNABLE_TO_ACQUIRE_MEMORY",
                       {{"requestedBytes", std::to_string(waiting_bytes_)}, {"receivedBytes", "0"}});
    waiting_.push_back(std::move(batch));
    return Send(arguments, [this](BatchPtr results) { return Join(*results); });
  }
  Status Finish() override {
    if (!stream_ || out_.done()) return Status::OK();
    ARROW_RETURN_NOT_OK(stream_->Finish([this](BatchPtr results) { return Join(*results); }));
    return waiting_.empty() || out_.done() ? Status::OK() : Mismatch();
  }

 private:
  Status Join(const arrow::RecordBatch& results) {
    Batch found = FromRecordBatch(results);
    for (int64_t at = 0; at < found.rows;) {
      if (waiting_.empty()) return Mismatch();
      Batch& front = waiting_.front();
      const int64_t rows = std::min(front.rows, found.rows - at);
      Batch joined = SliceBatch(front, 0, rows);
      Batch made = SliceBatch(found, at, rows);
      joined.columns.insert(joined.columns.end(), made.columns.begin(), made.columns.end());
      at += rows;
      if (rows == front.rows) {
        waiting_bytes_ -= BatchBytes(front);
        waiting_.pop_front();
      } else {
        const int64_t before = BatchBytes(front);
        front = SliceBatch(front, rows, front.rows - rows);
        waiting_bytes_ += BatchBytes(front) - before;
      }
      if (!out_.done()) ARROW_RETURN_NOT_OK(out_.Push(std::move(joined)));
    }
    return Status::OK();
  }
  Status Mismatch() const {
    return MakeError("INTERNAL_ERROR", {{"message", "The function " + spec_.calls[0].function->name() +
                                                        " gave another number of rows than it got."}});
  }

  std::deque<Batch> waiting_;
  int64_t waiting_bytes_ = 0;
};

class PartitionFeeder final : public SpecFeeder {
 public:
  using SpecFeeder::SpecFeeder;
  Status Push(Batch batch) override {
    ARROW_RETURN_NOT_OK(Ensure());
    ARROW_ASSIGN_OR_RAISE(BatchPtr rows, Arguments(batch));
    return Send(rows, [this](BatchPtr results) { return Give(*results); });
  }
  Status Finish() override {
    if (out_.done()) return Status::OK();
    ARROW_RETURN_NOT_OK(Ensure());
    return stream_->Finish([this](BatchPtr results) { return Give(*results); });
  }

 private:
  Status Give(const arrow::RecordBatch& results) {
    return out_.done() ? Status::OK() : PushSlices(FromRecordBatch(results), out_);
  }
};

/// Results of table functions begin with the number of the row, within its batch, that they are of; -1: the last there
/// was.
class TableFeeder final : public SpecFeeder {
 public:
  TableFeeder(const Spec& spec, const std::vector<int>& kept, TaskContext& task, Consumer& out)
      : SpecFeeder(spec, task, out), kept_(kept) {}
  Status Push(Batch batch) override {
    ARROW_RETURN_NOT_OK(Ensure());
    for (int64_t at = 0; at < batch.rows && !done(); at += kBatchRows) {
      Batch piece = SliceBatch(batch, at, std::min(kBatchRows, batch.rows - at));
      ARROW_ASSIGN_OR_RAISE(BatchPtr arguments, Arguments(piece));
      last_ = SliceBatch(piece, piece.rows - 1, 1);
      waiting_.push_back(std::move(piece));
      ARROW_RETURN_NOT_OK(Send(arguments, [this](BatchPtr results) { return Join(*results); }));
    }
    return Status::OK();
  }
  Status Finish() override {
    if (out_.done()) return Status::OK();
    if (!stream_) return Status::OK();
    return stream_->Finish([this](BatchPtr results) { return Join(*results); });
  }

 private:
  Status Join(const arrow::RecordBatch& results) {
    const auto& numbers = static_cast<const arrow::Int32Array&>(*results.column(0));
    const bool of_last = results.num_rows() > 0 && numbers.Value(0) < 0;
    Batch rows;
    if (of_last) {
      rows = last_;
    } else if (!waiting_.empty()) {
      rows = std::move(waiting_.front());
      waiting_.pop_front();
    }
    if (results.num_rows() == 0 || out_.done()) return Status::OK();
    std::vector<int32_t> taken(static_cast<size_t>(results.num_rows()));
    for (size_t i = 0; i < taken.size(); ++i) {
      taken[i] = of_last ? 0 : numbers.Value(static_cast<int64_t>(i));
      if (taken[i] < 0 || taken[i] >= rows.rows)
        return MakeError("INTERNAL_ERROR", {{"message", "A table function gave a row of no input."}});
    }
    Batch joined{results.num_rows(), {}};
    for (int ordinal : kept_) {
      ARROW_ASSIGN_OR_RAISE(Vector column, TakeRows(rows.columns[ordinal], taken));
      joined.columns.push_back(std::move(column));
    }
    for (int i = 1; i < results.num_columns(); ++i) joined.columns.push_back({results.column(i), false});
    return PushSlices(joined, out_);
  }

  const std::vector<int>& kept_;
  std::deque<Batch> waiting_;  // bounded by what a worker has been sent and not answered
  Batch last_;
};

class ExternalNode final : public ExecNode {
 public:
  ExternalNode(plan::Attributes output, ExecNodePtr child, Spec spec, std::vector<int> kept, std::string text)
      : ExecNode(std::move(output), {std::move(child)}), spec_(std::move(spec)), kept_(std::move(kept)),
        text_(std::move(text)) {}
  Result<Pipeline> Start(RunState& run) const override {
    ARROW_ASSIGN_OR_RAISE(Pipeline input, children()[0]->Start(run));
    return FeedSplits(std::move(input), [this](TaskContext& task, Consumer& out) -> Result<std::unique_ptr<Feeder>> {
      switch (spec_.calls[0].function->shape()) {
        case external::Shape::kPartition: return std::make_unique<PartitionFeeder>(spec_, task, out);
        case external::Shape::kTable: return std::make_unique<TableFeeder>(spec_, kept_, task, out);
        default: return std::make_unique<ColumnFeeder>(spec_, task, out);
      }
    });
  }
  std::string text() const override { return text_; }

 private:
  Spec spec_;
  std::vector<int> kept_;  // of a table function: columns of the child in the output
  std::string text_;
};

std::string Named(const external::Function& function) { return std::string(function.operator_name()) + " "; }

const functions::ExternalCall* CallOf(const plan::Expression& expression) {
  if (const auto* call = plan::As<plan::Call>(expression))
    return call->bound ? functions::AsExternal(*call->bound) : nullptr;
  if (const auto* call = plan::As<plan::AggregateCall>(expression))
    return call->bound ? functions::AsExternal(*call->bound) : nullptr;
  if (const auto* call = plan::As<plan::GeneratorCall>(expression))
    return call->bound ? functions::AsExternal(*call->bound) : nullptr;
  return nullptr;
}

}  // namespace

const external::Function* ExternalFunctionOf(const plan::Expression& call) {
  const auto* found = CallOf(call);
  return found ? &found->function() : nullptr;
}

Pipeline FeedSplits(Pipeline input, FeederFactory make) {
  return Pipeline{std::make_shared<FeedingSource>(std::move(input), std::move(make)), {}};
}

ExternalCalls CollectArguments(const std::vector<const plan::Expression*>& calls) {
  ExternalCalls out;
  std::vector<StructField> fields;
  for (const plan::Expression* expression : calls) {
    const auto* call = CallOf(*expression);
    external::Call made{&call->function(), {}};
    for (size_t i = 0; i < expression->children.size(); ++i) {
      const plan::ExprPtr& argument = expression->children[i];
      size_t at = 0;
      while (at < out.arguments.size() &&
             !(plan::SameExpression(*out.arguments[at], *argument) && IsDeterministic(argument)))
        ++at;
      if (at == out.arguments.size()) {
        out.arguments.push_back(argument);
        fields.push_back({"_" + std::to_string(at), *argument->type, true, ""});
      }
      made.arguments.push_back({static_cast<int>(at), call->argument_names[i]});
    }
    out.calls.push_back(std::move(made));
  }
  out.input = DataType::Struct(std::move(fields));
  return out;
}

Result<ExecNodePtr> LowerExternalColumns(const plan::PlanPtr& plan, Lowering& lowering) {
  const auto& node = *plan::As<plan::ExternalColumns>(plan);
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr child, lowering.Lower(plan->children[0]));
  std::vector<const plan::Expression*> calls;
  for (const auto& alias : node.calls) calls.push_back(alias->children[0].get());
  ExternalCalls collected = CollectArguments(calls);
  Spec spec{collected.calls, collected.input, ToArrowSchema(collected.input), nullptr, lowering.config()};
  ARROW_ASSIGN_OR_RAISE(spec.arguments, ExpressionSet::Compile(collected.arguments, child->output()));
  plan::Attributes made;
  for (const auto& alias : node.calls) made.push_back(plan::ToAttribute(alias));
  plan::ExprList shown;
  for (const auto& alias : node.calls) shown.push_back(alias->children[0]);
  std::string text = Named(*collected.calls[0].function) + ListText(shown) + ", " + ListText(made);
  return std::make_shared<ExternalNode>(node.output(), std::move(child), std::move(spec), std::vector<int>{},
                                        std::move(text));
}

Result<ExecNodePtr> LowerMapPartitions(const plan::PlanPtr& plan, Lowering& lowering) {
  const auto& node = *plan::As<plan::MapPartitions>(plan);
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr child, lowering.Lower(plan->children[0]));
  const DataType input = SchemaOf(child->output());
  Spec spec{{{node.function.get(), {}}}, input, ToArrowSchema(input), nullptr, lowering.config()};
  std::string text =
      Named(*node.function) + node.function->name() + ListText(child->output()) + ", " + ListText(node.attributes);
  return std::make_shared<ExternalNode>(node.attributes, std::move(child), std::move(spec), std::vector<int>{},
                                        std::move(text));
}

Result<ExecNodePtr> LowerExternalGenerate(const plan::Generate& generate, Lowering& lowering) {
  const auto& call = *plan::As<plan::GeneratorCall>(*generate.generator);
  if (generate.outer || call.outer)
    return UnsupportedFeature("LATERAL VIEW OUTER of the table function " + ExternalFunctionOf(call)->name(),
                              &generate.origin);
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr child, lowering.Lower(generate.children[0]));
  ExternalCalls collected = CollectArguments({&call});
  Spec spec{collected.calls, collected.input, ToArrowSchema(collected.input), nullptr, lowering.config()};
  ARROW_ASSIGN_OR_RAISE(spec.arguments, ExpressionSet::Compile(collected.arguments, child->output()));
  std::vector<int> kept;
  const auto& unneeded = generate.unneeded_child_output;
  for (int i = 0; i < static_cast<int>(child->output().size()); ++i)
    if (std::find(unneeded.begin(), unneeded.end(), i) == unneeded.end()) kept.push_back(i);
  std::string text =
      Named(*spec.calls[0].function) + plan::ExpressionTreeText(call) + ", " + ListText(generate.generator_output);
  return std::make_shared<ExternalNode>(generate.output(), std::move(child), std::move(spec), std::move(kept),
                                        std::move(text));
}

}  // namespace sluice::exec
