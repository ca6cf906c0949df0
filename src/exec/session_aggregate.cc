#include "exec/session_aggregate.h"

#include <absl/container/flat_hash_map.h>
#include <absl/strings/string_view.h>
#include <arrow/array/array_nested.h>
#include <arrow/buffer.h>

#include <algorithm>
#include <numeric>

#include "exec/stateful_aggregate.h"
#include "types/arrow_types.h"

namespace sluice::exec {
namespace {

/// Starts and ends of a column of sessions.
struct Sessions {
  explicit Sessions(const ArrayPtr& column)
      : windows(std::static_pointer_cast<arrow::StructArray>(column)),
        start(windows->field(0)->data()->GetValues<int64_t>(1)), end(windows->field(1)->data()->GetValues<int64_t>(1)) {
  }
  std::shared_ptr<arrow::StructArray> windows;
  const int64_t *start, *end;
};

std::vector<Vector> WithoutSession(std::span<const Vector> keys, int session) {
  std::vector<Vector> others(keys.begin(), keys.end());
  others.erase(others.begin() + session);
  return others;
}

Result<ArrayPtr> TimesArray(const std::vector<int64_t>& times, const DataType& type) {
  const auto arrow_type = ToArrowType(type);
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(static_cast<int64_t>(times.size() * sizeof(int64_t))));
  std::copy(times.begin(), times.end(), reinterpret_cast<int64_t*>(buffer->mutable_data()));
  return arrow::MakeArray(
      arrow::ArrayData::Make(arrow_type, static_cast<int64_t>(times.size()), {nullptr, std::move(buffer)}));
}

/// `rows` (keys and session, buffers) with the sessions of a key merged where one begins no later than the other ends.
Result<Batch> MergeSessions(const AggregateSpec& spec, const functions::EvalContext& context,
                            const std::vector<Batch>& batches,
                            const std::vector<std::shared_ptr<arrow::DataType>>& types) {
  ARROW_ASSIGN_OR_RAISE(Batch rows, ConcatBatches(batches, types));
  if (rows.rows == 0) return rows;
  const size_t session = static_cast<size_t>(spec.session_key), num_keys = static_cast<size_t>(spec.num_keys());
  std::vector<uint32_t> key(static_cast<size_t>(rows.rows), 0);
  if (num_keys > 1) {
    std::vector<DataType> key_types = spec.key_types;
    key_types.erase(key_types.begin() + spec.session_key);
    GroupTable table(key_types);
    ARROW_RETURN_NOT_OK(table.Map(
        WithoutSession(std::span<const Vector>(rows.columns).first(num_keys), spec.session_key), rows.rows, &key));
  }
  std::vector<int32_t> order(static_cast<size_t>(rows.rows));
  std::iota(order.begin(), order.end(), 0);
  {
    const Sessions sessions(rows.columns[session].array);
    std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
      return key[a] != key[b] ? key[a] < key[b] : sessions.start[a] < sessions.start[b];
    });
  }
  ARROW_ASSIGN_OR_RAISE(rows, TakeRows(rows, order));
  const Sessions sessions(rows.columns[session].array);
  std::vector<uint32_t> ids(static_cast<size_t>(rows.rows));
  std::vector<int32_t> first_rows;
  std::vector<int64_t> starts, ends;
  for (int32_t i = 0; i < rows.rows; ++i) {
    const bool same = i > 0 && key[order[i]] == key[order[i - 1]] && sessions.start[i] <= ends.back();
    if (same) {
      ends.back() = std::max(ends.back(), sessions.end[i]);
    } else {
      first_rows.push_back(i);
      starts.push_back(sessions.start[i]);
      ends.push_back(sessions.end[i]);
    }
    ids[static_cast<size_t>(i)] = static_cast<uint32_t>(first_rows.size() - 1);
  }
  const auto columns = std::span<const Vector>(rows.columns);
  ARROW_ASSIGN_OR_RAISE(auto buffers, Aggregator::CombineBuffers(spec, context, columns.subspan(num_keys), ids,
                                                                 static_cast<int64_t>(first_rows.size())));
  ARROW_ASSIGN_OR_RAISE(Batch merged,
                        TakeRows(Batch{rows.rows, {columns.begin(), columns.begin() + spec.num_keys()}}, first_rows));
  const DataType& type = spec.key_types[session];
  ARROW_ASSIGN_OR_RAISE(ArrayPtr start, TimesArray(starts, type.fields()[0].type));
  ARROW_ASSIGN_OR_RAISE(ArrayPtr end, TimesArray(ends, type.fields()[1].type));
  merged.columns[session].array =
      std::make_shared<arrow::StructArray>(ToArrowType(type), merged.rows, arrow::ArrayVector{start, end});
  merged.columns.insert(merged.columns.end(), buffers.begin(), buffers.end());
  return merged;
}

/// Types of keys and buffers.
std::vector<std::shared_ptr<arrow::DataType>> PartialTypes(const AggregateSpec& spec) {
  std::vector<std::shared_ptr<arrow::DataType>> types;
  for (const auto& type : spec.key_types) types.push_back(ToArrowType(type));
  const DataType buffers = BufferSchema(spec);
  for (const auto& field : buffers.fields()) types.push_back(ToArrowType(field.type));
  return types;
}

std::vector<Batch> BatchesOf(std::vector<Exchange::Item> items) {
  std::vector<Batch> batches;
  for (auto& item : items) batches.push_back(std::move(item.batch));
  return batches;
}

class SessionNode final : public ExecNode {
 public:
  SessionNode(CompiledAggregate compiled, ExecNodePtr child)
      : ExecNode(compiled.group_output, {std::move(child)}), spec_(std::move(compiled.spec)) {}
  Result<Pipeline> Start(RunState& run) const override {
    ARROW_ASSIGN_OR_RAISE(Pipeline input, children()[0]->Start(run));
    const int partitions = spec_.num_keys() > 1 ? run.threads() : 1;
    auto exchange = std::make_shared<Exchange>(partitions);
    ARROW_RETURN_NOT_OK(RunPartialAggregate(run, input, spec_, exchange.get()));
    auto produce = [this, exchange](int64_t split, TaskContext& task, Consumer& out) -> Status {
      ARROW_ASSIGN_OR_RAISE(
          Batch merged,
          MergeSessions(spec_, task.eval, BatchesOf(exchange->Take(static_cast<int>(split))), PartialTypes(spec_)));
      if (merged.rows == 0) return Status::OK();
      ARROW_ASSIGN_OR_RAISE(Batch results, Aggregator::ResultsOf(spec_, task.eval, merged));
      return PushSlices(results, out);
    };
    return Pipeline{std::make_shared<FunctionSource>(partitions, std::move(produce)), {}};
  }
  std::string text() const override { return "MergingSessions " + ListText(output()); }

 private:
  AggregateSpec spec_;
};

/// Where the sessions of a key begin.
struct SessionIndex final : state::RowIndex {
  absl::flat_hash_map<std::string, std::vector<int64_t>> starts;  // by the UnsafeRow of the keys without session
};

absl::string_view TextOf(state::Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

class StatefulSessionNode final : public ExecNode {
 public:
  StatefulSessionNode(CompiledAggregate compiled, state::StatefulOperator op, std::string mode, ExecNodePtr child)
      : ExecNode(compiled.group_output, {std::move(child)}), spec_(std::move(compiled.spec)), op_(std::move(op)),
        append_(mode == "append"), complete_(mode == "complete"), types_(PartialTypes(spec_)) {
    plan::Attributes keys(output().begin(), output().begin() + spec_.num_keys());
    event_time_ = EventTimeColumn::Find(keys);
    std::vector<StructField> value = StateSchemaOf(keys).fields();
    const DataType buffers = BufferSchema(spec_);
    value.insert(value.end(), buffers.fields().begin(), buffers.fields().end());
    keys.erase(keys.begin() + spec_.session_key);
    prefix_ = StateSchemaOf(keys);
    std::vector<StructField> key = prefix_.fields();
    key.push_back({"sessionStartTime", DataType::Timestamp(), false, ""});
    op_.stores[0].key = DataType::Struct(std::move(key));
    op_.stores[0].value = DataType::Struct(std::move(value));
    op_.stores[0].prefix_columns = static_cast<int>(keys.size());
  }

  Result<Pipeline> Start(RunState& run) const override {
    ARROW_ASSIGN_OR_RAISE(Pipeline input, children()[0]->Start(run));
    const int partitions = spec_.num_keys() > 1 ? op_.partitions : 1;
    Exchange exchange(partitions);
    ARROW_RETURN_NOT_OK(RunPartialAggregate(run, input, spec_, &exchange));
    return RunStateful(run, *this, op_, partitions, [&](StatefulPartition& at) -> Status {
      ARROW_RETURN_NOT_OK(Merge(BatchesOf(exchange.Take(at.partition)), at));
      if (complete_) return PushAll(at);
      return event_time_ ? CloseOld(at) : Status::OK();
    });
  }
  std::string text() const override {
    return "SessionWindowStateStoreSave " + ListText(output()) + ", state info [ opId = " + std::to_string(op_.id) +
           ", numPartitions = " + std::to_string(op_.partitions) + "]";
  }

 private:
  const state::StatefulOperator::Store& schema() const { return op_.stores[0]; }

  Result<UnsafeRows> Prefixes(const Batch& rows) const {
    return EncodeRows(
        prefix_, WithoutSession(std::span<const Vector>(rows.columns).first(spec_.key_types.size()), spec_.session_key),
        rows.rows);
  }
  Result<UnsafeRows> StateKeys(const Batch& rows) const {
    std::vector<Vector> keys =
        WithoutSession(std::span<const Vector>(rows.columns).first(spec_.key_types.size()), spec_.session_key);
    keys.push_back({Sessions(SessionsOf(rows)).windows->field(0), false});
    return EncodeRows(schema().key, keys, rows.rows);
  }
  const ArrayPtr& SessionsOf(const Batch& rows) const {
    return rows.columns[static_cast<size_t>(spec_.session_key)].array;
  }

  Result<SessionIndex*> IndexOf(StatefulPartition& at) const {
    auto& index = at.store().index();
    if (index == nullptr) {
      auto made = std::make_unique<SessionIndex>();
      std::vector<state::Bytes> values;
      at.rows().ForEach([&](state::Bytes, state::Bytes value) { values.push_back(value); });
      ARROW_ASSIGN_OR_RAISE(Batch rows, DecodeRows(schema().value, values));
      ARROW_ASSIGN_OR_RAISE(UnsafeRows prefixes, Prefixes(rows));
      const Sessions sessions(SessionsOf(rows));
      for (int64_t i = 0; i < rows.rows; ++i)
        made->starts[std::string(TextOf(prefixes.row(static_cast<size_t>(i))))].push_back(sessions.start[i]);
      index = std::move(made);
    }
    return static_cast<SessionIndex*>(index.get());
  }

  /// Rows in time join the sessions that the state has of their keys.
  Status Merge(std::vector<Batch> batches, StatefulPartition& at) const {
    StateTimer timer(&at.metrics.update_us);
    ARROW_ASSIGN_OR_RAISE(Batch rows, ConcatBatches(batches, types_));
    if (event_time_) {
      ARROW_ASSIGN_OR_RAISE(rows, DropLate(rows, at));
    }
    if (rows.rows == 0) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(SessionIndex * index, IndexOf(at));
    ARROW_ASSIGN_OR_RAISE(UnsafeRows prefixes, Prefixes(rows));
    ARROW_ASSIGN_OR_RAISE(Batch saved, TakeSaved(prefixes, index, at));
    ARROW_ASSIGN_OR_RAISE(Batch merged, MergeSessions(spec_, at.task.eval, {saved, rows}, types_));
    return Save(merged, index, at);
  }

  Result<Batch> DropLate(const Batch& rows, StatefulPartition& at) const {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr times,
                          event_time_->Times(rows.columns[static_cast<size_t>(event_time_->column)], rows.rows));
    const std::vector<int32_t> late = RowsUpTo(times, at.late_watermark_us);
    if (late.empty()) return rows;
    at.metrics.rows_dropped_by_watermark += static_cast<int64_t>(late.size());
    std::vector<int32_t> kept;
    for (int32_t i = 0; i < rows.rows; ++i) {
      if (!std::binary_search(late.begin(), late.end(), i)) kept.push_back(i);
    }
    return TakeRows(rows, kept);
  }

  /// The sessions of `keys`, of which some come more than once, which leave state and index.
  Result<Batch> TakeSaved(const UnsafeRows& keys, SessionIndex* index, StatefulPartition& at) const {
    std::vector<state::Bytes> prefixes;
    std::vector<int64_t> starts;
    for (size_t i = 0; i < keys.size(); ++i) {
      const state::Bytes key = keys.row(i);
      auto found = index->starts.find(TextOf(key));
      if (found == index->starts.end()) continue;  // the state has none, or a row before took them
      for (int64_t start : found->second) {
        prefixes.push_back(key);
        starts.push_back(start);
      }
      index->starts.erase(found);
    }
    ARROW_ASSIGN_OR_RAISE(Batch rows, DecodeRows(prefix_, prefixes));
    ARROW_ASSIGN_OR_RAISE(ArrayPtr start, TimesArray(starts, DataType::Timestamp()));
    rows.columns.push_back({start, false});
    ARROW_ASSIGN_OR_RAISE(UnsafeRows state_keys, EncodeRows(schema().key, rows.columns, rows.rows));
    std::vector<state::Bytes> values;
    for (size_t i = 0; i < state_keys.size(); ++i) {
      if (auto value = at.rows().Get(state_keys.row(i))) values.push_back(*value);
    }
    ARROW_ASSIGN_OR_RAISE(Batch saved, DecodeRows(schema().value, values));
    for (size_t i = 0; i < state_keys.size(); ++i) at.rows().Remove(state_keys.row(i));
    return saved;
  }

  Status Save(const Batch& merged, SessionIndex* index, StatefulPartition& at) const {
    ARROW_ASSIGN_OR_RAISE(UnsafeRows prefixes, Prefixes(merged));
    ARROW_ASSIGN_OR_RAISE(UnsafeRows keys, StateKeys(merged));
    ARROW_ASSIGN_OR_RAISE(UnsafeRows values, EncodeRows(schema().value, merged.columns, merged.rows));
    const Sessions sessions(SessionsOf(merged));
    for (int64_t i = 0; i < merged.rows; ++i) {
      const size_t row = static_cast<size_t>(i);
      at.rows().Put(keys.row(row), values.row(row));
      index->starts[std::string(TextOf(prefixes.row(row)))].push_back(sessions.start[i]);
    }
    at.metrics.rows_updated += merged.rows;
    return Status::OK();
  }

  Status PushResults(const std::vector<state::Bytes>& values, StatefulPartition& at) const {
    if (values.empty()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(Batch rows, DecodeRows(schema().value, values));
    ARROW_ASSIGN_OR_RAISE(Batch results, Aggregator::ResultsOf(spec_, at.task.eval, rows));
    return PushSlices(results, at.out);
  }

  Status PushAll(StatefulPartition& at) const {
    std::vector<state::Bytes> values;
    at.rows().ForEach([&](state::Bytes, state::Bytes value) { values.push_back(value); });
    return PushResults(values, at);
  }

  Status CloseOld(StatefulPartition& at) const {
    if (!at.watermark_moved()) return Status::OK();
    StateTimer timer(&at.metrics.removal_us);
    std::vector<state::Bytes> closed;
    const size_t num_fields = schema().value.fields().size();
    at.metrics.rows_removed += at.rows().RemoveUpTo(
        at.watermark_us, state::RowTable::Time::kInValue,
        [&](state::Bytes, state::Bytes value) { return event_time_->TimeOf(value, num_fields); },
        [&](state::Bytes, state::Bytes value) { closed.push_back(value); });
    if (closed.empty()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(SessionIndex * index, IndexOf(at));
    ARROW_ASSIGN_OR_RAISE(Batch rows, DecodeRows(schema().value, closed));
    ARROW_ASSIGN_OR_RAISE(UnsafeRows prefixes, Prefixes(rows));
    const Sessions sessions(SessionsOf(rows));
    for (int64_t i = 0; i < rows.rows; ++i) {
      auto found = index->starts.find(TextOf(prefixes.row(static_cast<size_t>(i))));
      if (found == index->starts.end()) continue;
      std::erase(found->second, sessions.start[i]);
      if (found->second.empty()) index->starts.erase(found);
    }
    return append_ ? PushResults(closed, at) : Status::OK();
  }

  AggregateSpec spec_;
  state::StatefulOperator op_;
  bool append_, complete_;
  std::vector<std::shared_ptr<arrow::DataType>> types_;
  DataType prefix_;  // STRUCT of the keys without session
  std::optional<EventTimeColumn> event_time_;
};

}  // namespace

int SessionKeyOf(const plan::Aggregate& aggregate) {
  for (size_t i = 0; i < aggregate.grouping.size(); ++i) {
    const auto attribute = plan::ToAttribute(aggregate.grouping[i]);
    if (attribute != nullptr && attribute->metadata_json.find("\"spark.sessionWindow\":true") != std::string::npos)
      return static_cast<int>(i);
  }
  return -1;
}

Result<ExecNodePtr> MakeSessions(CompiledAggregate compiled, ExecNodePtr child) {
  return std::make_shared<SessionNode>(std::move(compiled), std::move(child));
}

Result<ExecNodePtr> MakeStatefulSessions(CompiledAggregate compiled, state::StatefulOperator op,
                                         std::string output_mode, ExecNodePtr child) {
  return std::make_shared<StatefulSessionNode>(std::move(compiled), std::move(op), std::move(output_mode),
                                               std::move(child));
}

}  // namespace sluice::exec
