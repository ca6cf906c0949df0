#include "exec/query.h"

#include "exec/expression.h"
#include "exec/lowering.h"
#include "exec/ordered_output.h"
#include "state/state_stores.h"
#include "types/arrow_types.h"

namespace sluice::exec {
namespace {

/// Hands a task's rows to its writer.
class WriterSink final : public Sink {
 public:
  WriterSink(std::unique_ptr<connectors::TaskWriter> writer, const std::shared_ptr<arrow::Schema>& schema,
             RunState& run, std::vector<std::string>* messages)
      : writer_(std::move(writer)), schema_(schema), run_(run), messages_(messages) {}
  Status Push(Batch batch) override {
    rows_ += batch.rows;
    ARROW_ASSIGN_OR_RAISE(auto record_batch, ToRecordBatch(batch, schema_));
    return writer_->Write(*record_batch);
  }
  Status Finish() override {
    ARROW_ASSIGN_OR_RAISE(std::string message, writer_->Close());
    std::lock_guard lock(run_.mutex);
    messages_->push_back(std::move(message));
    run_.metrics.output_rows += rows_;
    return Status::OK();
  }

 private:
  std::unique_ptr<connectors::TaskWriter> writer_;
  const std::shared_ptr<arrow::Schema>& schema_;
  RunState& run_;
  std::vector<std::string>* messages_;  // guarded by run_.mutex
  int64_t rows_ = 0;
};

class CompiledQueryImpl final : public CompiledQuery {
 public:
  CompiledQueryImpl(ExecNodePtr root, StreamTraits traits)
      : root_(std::move(root)), traits_(std::move(traits)), schema_(SchemaOf(root_->output())),
        arrow_schema_(ToArrowSchema(schema_)) {}

  const DataType& schema() const override { return schema_; }
  const StreamTraits& stream_traits() const override { return traits_; }

  Result<std::vector<std::string>> Run(const RunContext& context, connectors::BatchWrite* output,
                                       RunMetrics* metrics) override {
    RunState run{context, {}, {}};
    std::vector<std::string> messages;
    Status status = RunInto(run, output, &messages);
    if (!status.ok()) {
      output->Abort(messages);
      return status;
    }
    if (metrics != nullptr) *metrics = std::move(run.metrics);
    return messages;
  }

  Result<std::vector<std::shared_ptr<arrow::RecordBatch>>> Collect(const RunContext& context) {
    RunState run{context, {}, {}};
    ARROW_ASSIGN_OR_RAISE(Pipeline pipeline, root_->Start(run));
    ARROW_ASSIGN_OR_RAISE(std::vector<Batch> batches, RunAndKeep(run, pipeline));
    std::vector<std::shared_ptr<arrow::RecordBatch>> result;
    for (const Batch& batch : batches) {
      ARROW_ASSIGN_OR_RAISE(auto record_batch, ToRecordBatch(batch, arrow_schema_));
      result.push_back(std::move(record_batch));
    }
    return result;
  }

  Status CollectInto(const RunContext& context, const ConsumeBatch& consume) {
    RunState run{context, {}, {}};
    ARROW_ASSIGN_OR_RAISE(Pipeline pipeline, root_->Start(run));
    OrderedOutput output([&](Batch batch) -> Status {
      ARROW_ASSIGN_OR_RAISE(auto record_batch, ToRecordBatch(batch, arrow_schema_));
      return consume(record_batch);
    });
    return RunPipeline(run, pipeline, output.Sinks());
  }

  std::string ToString() const override { return "== Physical Plan ==\n" + ExplainTree(*root_); }

 private:
  Status RunInto(RunState& run, connectors::BatchWrite* output, std::vector<std::string>* messages) {
    ARROW_ASSIGN_OR_RAISE(Pipeline pipeline, root_->Start(run));
    return RunPipeline(run, pipeline, [&](TaskContext& task) -> Result<std::unique_ptr<Sink>> {
      ARROW_ASSIGN_OR_RAISE(auto writer, output->NewTask(task.task));
      return std::make_unique<WriterSink>(std::move(writer), arrow_schema_, run, messages);
    });
  }

  ExecNodePtr root_;
  StreamTraits traits_;
  DataType schema_;
  std::shared_ptr<arrow::Schema> arrow_schema_;
};

}  // namespace

void EventTimeStats::Add(const EventTimeStats& other) {
  count += other.count;
  min_ms = std::min(min_ms, other.min_ms);
  max_ms = std::max(max_ms, other.max_ms);
  sum_ms += other.sum_ms;
}

RunMetrics::RunMetrics() = default;
RunMetrics::~RunMetrics() = default;
RunMetrics::RunMetrics(RunMetrics&&) noexcept = default;
RunMetrics& RunMetrics::operator=(RunMetrics&&) noexcept = default;

Result<std::unique_ptr<CompiledQuery>> Compile(const plan::PlanPtr& plan, const Config& config,
                                               const std::string& output_mode) {
  Lowering lowering(config, output_mode);
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr root, lowering.Lower(plan));
  return std::make_unique<CompiledQueryImpl>(std::move(root), lowering.traits());
}

Result<std::vector<std::shared_ptr<arrow::RecordBatch>>> Collect(CompiledQuery* query, const RunContext& context) {
  return static_cast<CompiledQueryImpl*>(query)->Collect(context);
}

Status CollectInto(CompiledQuery* query, const RunContext& context, const ConsumeBatch& consume) {
  return static_cast<CompiledQueryImpl*>(query)->CollectInto(context, consume);
}

Result<TypedValue> EvaluateConstant(const plan::ExprPtr& expr, const functions::EvalContext& context) {
  ARROW_ASSIGN_OR_RAISE(auto set, ExpressionSet::Compile({expr}, {}));
  Evaluator evaluator(set);
  ARROW_ASSIGN_OR_RAISE(auto values, evaluator.Evaluate(Batch{1, {}}, context));
  return TypedValue{*expr->type, values[0].array};
}

}  // namespace sluice::exec
