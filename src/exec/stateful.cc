#include "exec/stateful.h"

#include "base/clock.h"
#include "types/unsafe_row.h"

namespace sluice::exec {
namespace {

const ConfigEntry kShufflePartitions("spark.sql.shuffle.partitions", "200", "Partitions of state and shuffles.");

constexpr const char* kWatermarkDelay = "spark.watermarkDelayMs";

void AddStoreMetrics(const state::StatefulOperator& op, const state::StateStores& stores, int partitions,
                     state::OperatorMetrics* total) {
  total->name = op.name;
  total->partitions = op.partitions;
  total->custom["loadedMapCacheHitCount"] = stores.cache_hits();
  total->custom["loadedMapCacheMissCount"] = stores.cache_misses();
  total->custom["stateOnCurrentVersionSizeBytes"] = total->state_bytes;
  int reported = 0;  // as many as Spark reports
  for (int p = 0; p < partitions; ++p)
    for (const auto& store : op.stores)
      if (reported++ < 5) total->custom["SnapshotLastUploaded.partition_" + std::to_string(p) + "_" + store.name] = -1;
}

/// The query's watermark as the operator's input has it.
int64_t WatermarkUs(int64_t query_ms, const ExecNode& node) {
  int64_t offset_ms = 0;
  for (const auto& child : node.children()) offset_ms = std::min(offset_ms, child->watermark_offset_ms().value_or(0));
  return (query_ms + offset_ms) * 1000;
}

}  // namespace

StateTimer::StateTimer(int64_t* us) : us_(us), start_(SteadyUs()) {}
StateTimer::~StateTimer() { *us_ += SteadyUs() - start_; }

bool StatefulPartition::watermark_moved() {
  const bool moved = watermark_us > store().evicted_to_us();
  store().evicted_to_us() = watermark_us;
  return moved;
}

int64_t LateWatermarkUs(const RunState& run, const ExecNode& node) {
  return WatermarkUs(run.context.late_watermark_ms, node);
}

Result<Pipeline> RunStateful(RunState& run, const ExecNode& node, const state::StatefulOperator& op, int partitions,
                             const std::function<Status(StatefulPartition&)>& work) {
  state::StateStores* stores = run.context.state;
  if (stores == nullptr) return MakeError("INTERNAL_ERROR", {{"message", "A stateful operator has no state store."}});
  ARROW_RETURN_NOT_OK(stores->Register(op));
  const int64_t version = run.context.batch_id;
  const int64_t watermark_us = WatermarkUs(run.context.watermark_ms, node);
  const int64_t late_watermark_us = LateWatermarkUs(run, node);
  std::vector<state::OperatorMetrics> metrics(static_cast<size_t>(partitions));
  auto task = [&](int64_t split, TaskContext& context, Consumer& out) -> Status {
    state::OperatorMetrics& own = metrics[static_cast<size_t>(split)];
    StatefulPartition partition{static_cast<int>(split), {}, context, out, own, watermark_us, late_watermark_us};
    for (const auto& store : op.stores) {
      ARROW_ASSIGN_OR_RAISE(state::StateStore * opened,
                            stores->Get(op.id, static_cast<int>(split), store.name, version));
      partition.stores.push_back(opened);
    }
    ARROW_RETURN_NOT_OK(work(partition));
    StateTimer timer(&own.commit_us);
    for (size_t i = 0; i < op.stores.size(); ++i) {
      state::StateStore& store = *partition.stores[i];
      ARROW_RETURN_NOT_OK(store.Commit());
      if (op.stores[i].counted) own.rows_total += store.rows().size();
      own.memory_bytes += store.rows().bytes_used();
      own.state_bytes += store.rows().live_bytes();
      ++own.stores;
    }
    return Status::OK();
  };
  // Every partition has to run, however few rows the operators above want.
  Pipeline all{std::make_shared<FunctionSource>(partitions, std::move(task)), {}};
  ARROW_ASSIGN_OR_RAISE(auto results, RunAndKeepSplits(run, all));
  state::OperatorMetrics total;
  for (const auto& m : metrics) total.Add(m);
  AddStoreMetrics(op, *stores, partitions, &total);
  {
    std::lock_guard lock(run.mutex);
    run.metrics.operators[op.id] = std::move(total);
  }
  return Pipeline{std::make_shared<BatchSource>(std::move(results)), {}};
}

Result<state::StatefulOperator> NextStatefulOperator(Lowering& lowering, std::string name, bool has_variables) {
  if (!has_variables) ARROW_RETURN_NOT_OK(state::StateStores::CheckProvider(lowering.config(), name));
  state::StatefulOperator op;
  op.has_variables = has_variables;
  auto& operators = lowering.traits().stateful_operators;
  op.id = static_cast<int64_t>(operators.size());
  op.name = operators[op.id] = std::move(name);
  ARROW_ASSIGN_OR_RAISE(int64_t partitions, lowering.config().GetInt(kShufflePartitions));
  op.partitions = static_cast<int>(std::max<int64_t>(1, partitions));
  op.stores.resize(1);
  return op;
}

DataType StateSchemaOf(const plan::Attributes& attributes) {
  std::vector<StructField> fields = SchemaOf(attributes).fields();
  for (size_t i = 0; i < fields.size(); ++i) {
    if (!attributes[i]->watermark_delay_us) continue;
    std::string& json = fields[i].metadata_json;
    const std::string mark =
        std::string("\"") + kWatermarkDelay + "\":" + std::to_string(*attributes[i]->watermark_delay_us / 1000);
    if (json.size() > 2) json.pop_back();
    json = (json.size() > 2 ? json + "," : "{") + mark + "}";
  }
  return DataType::Struct(std::move(fields));
}

Result<UnsafeRows> EncodeRows(const DataType& schema, std::span<const Vector> columns, int64_t rows) {
  std::vector<ArrayPtr> arrays;
  for (const Vector& column : columns) {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr array, Materialize(column, rows));
    arrays.push_back(std::move(array));
  }
  return EncodeUnsafeRows(schema, arrays, rows);
}

Result<Batch> DecodeRows(const DataType& schema, const std::vector<std::span<const uint8_t>>& rows) {
  ARROW_ASSIGN_OR_RAISE(auto arrays, DecodeUnsafeRows(schema, rows));
  Batch batch{static_cast<int64_t>(rows.size()), {}};
  for (ArrayPtr& array : arrays) batch.columns.push_back({std::move(array), false});
  return batch;
}

}  // namespace sluice::exec
