#pragma once
// A plan compiled once and run as often as there are micro-batches (a batch query: once).
#include <arrow/record_batch.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/config.h"
#include "base/task_pool.h"
#include "connectors/api/stream.h"
#include "connectors/api/table.h"
#include "functions/registry.h"
#include "plan/logical_plan.h"

namespace sluice::state {
class StateStores;  // state/state_stores.h
struct OperatorMetrics;
}  // namespace sluice::state

namespace sluice::exec {

/// One streaming source's part of a micro-batch. start == end: no rows.
struct SourceRange {
  connectors::StreamSource* source = nullptr;
  connectors::Offset start, end;
};

/// What changes from run to run. Everything else was settled by Compile.
struct RunContext {
  TaskPool* pool = nullptr;  // shared; tasks of one run occupy at most pool->threads()
  CancelToken cancel;
  functions::EvalContext eval;  // zone, ansi, now_us
  int64_t batch_id = 0;
  std::map<int, SourceRange> sources;  // by plan::Relation::source_id
  // Streams only.
  state::StateStores* state = nullptr;  // of queries with stateful operators, at version batch_id
  int64_t watermark_ms = 0;             // what is not newer is removed from state
  int64_t late_watermark_ms = 0;        // rows not newer come too late: the watermark of the batch before
};

/// Event times that one withWatermark saw.
struct EventTimeStats {
  int64_t count = 0, min_ms = INT64_MAX, max_ms = INT64_MIN;
  double sum_ms = 0;
  void Add(const EventTimeStats& other);
};

struct RunMetrics {
  RunMetrics();
  ~RunMetrics();
  RunMetrics(RunMetrics&&) noexcept;
  RunMetrics& operator=(RunMetrics&&) noexcept;
  std::map<int, int64_t> source_rows;  // rows read, by source_id
  int64_t output_rows = 0;
  std::map<int, EventTimeStats> event_times;            // by position in StreamTraits::watermarks
  std::map<int64_t, state::OperatorMetrics> operators;  // stateful ones, by id
};

/// What the micro-batch loop has to know of a streaming query.
struct StreamTraits {
  /// A place of a withWatermark in the plan. A stream that is read twice has two of one `id`.
  struct Watermark {
    uint64_t id;
    int64_t delay_ms;
  };
  std::vector<Watermark> watermarks;                  // outermost first
  std::map<int64_t, std::string> stateful_operators;  // names by id; ids are 0, 1 ..., outermost first
  /// A watermark that moves may close state: worth a batch without data.
  bool watermark_closes_state = false;
  /// Time that passes may close state: every trigger has a batch.
  bool time_closes_state = false;
};

/// Thread-compatible: one Run at a time.
class CompiledQuery {
 public:
  virtual ~CompiledQuery() = default;
  /// STRUCT of the output columns.
  virtual const DataType& schema() const = 0;
  /// Runs the pipelines; output batches go to `output` (one TaskWriter a task; ordered plans use one task, so rows
  /// arrive in order). Returns the messages of the closed writers, for BatchWrite::Commit, which is the caller's call.
  /// After an error every writer is gone and Abort was called.
  virtual Result<std::vector<std::string>> Run(const RunContext& context, connectors::BatchWrite* output,
                                               RunMetrics* metrics) = 0;
  virtual const StreamTraits& stream_traits() const = 0;
  /// Physical plan text for EXPLAIN.
  virtual std::string ToString() const = 0;
};

/// `plan` is resolved and optimized; `output_mode` is that of a streaming query: append, update or complete.
/// Errors: UNSUPPORTED_FEATURE naming an operator without a lowering.
Result<std::unique_ptr<CompiledQuery>> Compile(const plan::PlanPtr& plan, const Config& config,
                                               const std::string& output_mode = "append");

/// Runs a batch query and returns its rows in order.
Result<std::vector<std::shared_ptr<arrow::RecordBatch>>> Collect(CompiledQuery* query, const RunContext& context);

/// Evaluates an expression without columns (constant folding, LIMIT counts, options).
Result<TypedValue> EvaluateConstant(const plan::ExprPtr& expr, const functions::EvalContext& context);

}  // namespace sluice::exec
