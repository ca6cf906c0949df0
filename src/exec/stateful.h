#pragma once
// What all stateful operators share: a store per partition at the batch's version, opened, changed and committed by a
// task, and what progress tells about it.
#include <functional>

#include "exec/event_time.h"
#include "exec/exchange.h"
#include "state/state_stores.h"
#include "types/unsafe_row.h"

namespace sluice::exec {

/// One partition of a stateful operator in one batch. The work on it changes `rows`, counts in `metrics` and pushes the
/// operator's output for this partition.
struct StatefulPartition {
  int partition;
  std::vector<state::StateStore*> stores;  // in the order of StatefulOperator::stores
  TaskContext& task;
  Consumer& out;
  state::OperatorMetrics& metrics;
  int64_t watermark_us, late_watermark_us;  // for this operator; see RunContext

  state::StateStore& store() { return *stores[0]; }
  state::RowTable& rows(size_t i = 0) { return stores[i]->rows(); }
  /// Whether rows may have become old since the store was last looked through; remembers the watermark.
  bool watermark_moved();
};

/// Runs `work` on each of the operator's partitions and commits their stores; all state is written when this returns.
/// `partitions`: how many have rows at all.
Result<Pipeline> RunStateful(RunState& run, const ExecNode& node, const state::StatefulOperator& op, int partitions,
                             const std::function<Status(StatefulPartition&)>& work);

/// Event time up to which rows of the operator's input come too late.
int64_t LateWatermarkUs(const RunState& run, const ExecNode& node);

/// The operator with the next id, its partitions as the checkpoint has it. Ids count from the outermost: call before
/// the operator's input is lowered.
Result<state::StatefulOperator> NextStatefulOperator(Lowering& lowering, std::string name, bool has_variables = false);

/// STRUCT for the schema file: as SchemaOf, with the watermark of the event time.
DataType StateSchemaOf(const plan::Attributes& attributes);

/// Columns of the partition's rows -> UnsafeRows.
Result<UnsafeRows> EncodeRows(const DataType& schema, std::span<const Vector> columns, int64_t rows);
constexpr size_t kDecodedRows = 64 * 1024;  // to take out of state at a time
/// The reverse; columns in the physical form of the schema.
Result<Batch> DecodeRows(const DataType& schema, const std::vector<std::span<const uint8_t>>& rows);

/// Adds the time until destruction to `us`.
class StateTimer {
 public:
  explicit StateTimer(int64_t* us);
  ~StateTimer();

 private:
  int64_t* us_;
  int64_t start_;
};

}  // namespace sluice::exec
