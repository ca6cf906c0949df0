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

namespace sluice::exec {

/// One streaming source's part of a micro-batch. start == end: no rows.
struct SourceRange {
  connectors::StreamSource* source = nullptr;
  connectors::Offset start, end;
};

/// What changes from run to run. Everything else was settled by Compile.
struct RunContext {
  TaskPool* pool = nullptr;                  // shared; tasks of one run occupy at most pool->threads()
  CancelToken cancel;
  functions::EvalContext eval;               // zone, ansi, now_us
  int64_t batch_id = 0;
  std::map<int, SourceRange> sources;        // by plan::Relation::source_id
  int64_t watermark_us = INT64_MIN;          // streams only, from the next issue on
};

struct RunMetrics {
  std::map<int, int64_t> source_rows;        // rows read, by source_id
  int64_t output_rows = 0;
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
  /// Physical plan text for EXPLAIN.
  virtual std::string ToString() const = 0;
};

/// `plan` is resolved and optimized. Errors: UNSUPPORTED_FEATURE naming an operator without a lowering.
Result<std::unique_ptr<CompiledQuery>> Compile(const plan::PlanPtr& plan, const Config& config);

/// Runs a batch query and returns its rows in order.
Result<std::vector<std::shared_ptr<arrow::RecordBatch>>> Collect(CompiledQuery* query, const RunContext& context);

/// Evaluates an expression without columns (constant folding, LIMIT counts, options).
Result<TypedValue> EvaluateConstant(const plan::ExprPtr& expr, const functions::EvalContext& context);

}  // namespace sluice::exec
