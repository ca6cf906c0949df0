#include "exec/stateful_aggregate.h"

#include <numeric>

namespace sluice::exec {
namespace {

constexpr size_t kRestoredRows = 4096;  // in no order: from as many places of the file, if the state is beyond memory

/// Rows of the state on their way out: results are made of many at once.
class ResultWriter {
 public:
  ResultWriter(const AggregateSpec& spec, const state::StatefulOperator::Store& schema, StatefulPartition& at)
      : spec_(spec), schema_(schema), at_(at) {}
  void Add(state::Bytes key, state::Bytes value) {
    keys_.push_back(key);
    values_.push_back(value);
  }
  bool full() const { return keys_.size() >= kDecodedRows; }
  Status Flush() {
    if (keys_.empty()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(Batch groups, DecodeRows(schema_.key, keys_));
    ARROW_ASSIGN_OR_RAISE(Batch buffers, DecodeRows(schema_.value, values_));
    keys_.clear();
    values_.clear();
    groups.columns.insert(groups.columns.end(), buffers.columns.begin(), buffers.columns.end());
    ARROW_ASSIGN_OR_RAISE(Batch results, Aggregator::ResultsOf(spec_, at_.task.eval, groups));
    return PushSlices(results, at_.out);
  }

 private:
  const AggregateSpec& spec_;
  const state::StatefulOperator::Store& schema_;
  StatefulPartition& at_;
  std::vector<state::Bytes> keys_, values_;
};

class StatefulAggregateNode final : public ExecNode {
 public:
  StatefulAggregateNode(CompiledAggregate compiled, state::StatefulOperator op, std::string mode, ExecNodePtr child)
      : ExecNode(compiled.group_output, {std::move(child)}), spec_(std::move(compiled.spec)), op_(std::move(op)),
        append_(mode == "append"), complete_(mode == "complete") {
    const plan::Attributes keys(output().begin(), output().begin() + spec_.num_keys());
    event_time_ = EventTimeColumn::Find(keys);
    op_.stores[0].key = StateSchemaOf(keys);
    op_.stores[0].value = BufferSchema(spec_);
  }

  Result<Pipeline> Start(RunState& run) const override {
    ARROW_ASSIGN_OR_RAISE(Pipeline input, children()[0]->Start(run));
    const int partitions = spec_.key_types.empty() ? 1 : op_.partitions;
    Exchange exchange(partitions);
    ARROW_RETURN_NOT_OK(RunPartialAggregate(run, input, spec_, &exchange));
    return RunStateful(run, *this, op_, partitions, [&](StatefulPartition& at) -> Status {
      ARROW_RETURN_NOT_OK(Merge(exchange.Take(at.partition), at));
      if (complete_) return PushAll(at);
      return event_time_ ? CloseOld(at) : Status::OK();
    });
  }
  std::string text() const override {
    std::string functions;
    for (const auto& call : spec_.calls) functions += (functions.empty() ? "" : ", ") + call.text;
    plan::Attributes keys(output().begin(), output().begin() + spec_.num_keys());
    return "StateStoreSave " + ListText(keys) + ", state info [ opId = " + std::to_string(op_.id) +
           ", numPartitions = " + std::to_string(op_.partitions) + "], functions=[" + functions + "]";
  }

 private:
  const state::StatefulOperator::Store& schema() const { return op_.stores[0]; }

  /// The batch's groups, each continued from what the state has of it, back into the state.
  Status Merge(std::vector<Exchange::Item> items, StatefulPartition& at) const {
    StateTimer timer(&at.metrics.update_us);
    const size_t num_keys = static_cast<size_t>(spec_.num_keys());
    if (items.empty() && num_keys > 0) return Status::OK();  // most of many partitions in a small batch
    Aggregator groups(spec_, at.task.eval);
    if (num_keys == 0) {  // there is one group, whether rows came or not
      std::vector<uint32_t> none;
      ARROW_RETURN_NOT_OK(groups.MapKeys({}, 0, &none));
    }
    std::vector<std::vector<uint32_t>> ids(items.size());
    for (size_t i = 0; i < items.size(); ++i) {
      const auto keys = std::span<const Vector>(items[i].batch.columns).first(num_keys);
      ARROW_RETURN_NOT_OK(groups.MapKeys(keys, items[i].batch.rows, &ids[i]));
    }
    ARROW_ASSIGN_OR_RAISE(Batch keys, groups.Keys());
    ARROW_ASSIGN_OR_RAISE(UnsafeRows key_rows, EncodeRows(schema().key, keys.columns, keys.rows));
    // What was there comes first: first() and the like depend on the order.
    ARROW_RETURN_NOT_OK(Restore(key_rows, at.rows(), &groups));
    for (size_t i = 0; i < items.size(); ++i) {
      const auto buffers = std::span<const Vector>(items[i].batch.columns).subspan(num_keys);
      ARROW_RETURN_NOT_OK(groups.MergeBuffers(buffers, ids[i]));
    }
    ARROW_ASSIGN_OR_RAISE(std::vector<uint32_t> kept, InTime(keys, at));
    ARROW_ASSIGN_OR_RAISE(auto partials, groups.Partials());
    const auto buffers = std::span<const Vector>(partials[0].columns).subspan(num_keys);
    ARROW_ASSIGN_OR_RAISE(UnsafeRows values, EncodeRows(schema().value, buffers, keys.rows));
    for (uint32_t g : kept) at.rows().Put(key_rows.row(g), values.row(g));
    at.metrics.rows_updated += static_cast<int64_t>(kept.size());
    if (append_ || complete_) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(Batch results, groups.Results());
    if (static_cast<int64_t>(kept.size()) < results.rows) {
      const std::vector<int32_t> rows(kept.begin(), kept.end());
      ARROW_ASSIGN_OR_RAISE(results, TakeRows(results, rows));
    }
    return PushSlices(results, at.out);
  }

  Status Restore(const UnsafeRows& keys, const state::RowTable& rows, Aggregator* groups) const {
    std::vector<uint32_t> found;
    std::vector<state::Bytes> saved;
    auto merge = [&]() -> Status {
      if (found.empty()) return Status::OK();
      ARROW_ASSIGN_OR_RAISE(Batch buffers, DecodeRows(schema().value, saved));
      ARROW_RETURN_NOT_OK(groups->MergeBuffers(buffers.columns, found));
      found.clear();
      saved.clear();
      return Status::OK();
    };
    for (size_t g = 0; g < keys.size(); ++g) {
      auto value = rows.Get(keys.row(g));
      if (!value) continue;
      found.push_back(static_cast<uint32_t>(g));
      saved.push_back(*value);
      if (found.size() >= kRestoredRows) ARROW_RETURN_NOT_OK(merge());
    }
    return merge();
  }

  /// The groups that are not late; counts the others.
  Result<std::vector<uint32_t>> InTime(const Batch& keys, StatefulPartition& at) const {
    std::vector<uint32_t> kept(static_cast<size_t>(keys.rows));
    std::iota(kept.begin(), kept.end(), 0);
    if (!event_time_ || complete_) return kept;
    ARROW_ASSIGN_OR_RAISE(ArrayPtr times,
                          event_time_->Times(keys.columns[static_cast<size_t>(event_time_->column)], keys.rows));
    const std::vector<int32_t> late = RowsUpTo(times, at.late_watermark_us);
    at.metrics.rows_dropped_by_watermark += static_cast<int64_t>(late.size());
    auto next = late.begin();
    std::erase_if(kept, [&](uint32_t g) {
      if (next == late.end() || static_cast<uint32_t>(*next) != g) return false;
      ++next;
      return true;
    });
    return kept;
  }

  Status PushAll(StatefulPartition& at) const {
    ResultWriter results(spec_, schema(), at);
    Status status;
    at.rows().ForEach([&](state::Bytes key, state::Bytes value) {
      if (!status.ok()) return;
      results.Add(key, value);
      if (results.full()) status = results.Flush();
    });
    ARROW_RETURN_NOT_OK(status);
    return results.Flush();
  }

  /// Removes the groups that no row in time can reach any more; in append mode they are the output.
  Status CloseOld(StatefulPartition& at) const {
    if (!at.watermark_moved()) return Status::OK();
    StateTimer timer(&at.metrics.removal_us);
    ResultWriter results(spec_, schema(), at);
    const size_t num_keys = spec_.key_types.size();
    Status status;
    at.metrics.rows_removed += at.rows().RemoveUpTo(
        at.watermark_us, state::RowTable::Time::kInKey,
        [&](state::Bytes key, state::Bytes) { return event_time_->TimeOf(key, num_keys); },
        [&](state::Bytes key, state::Bytes value) {
          if (!append_ || !status.ok()) return;
          results.Add(key, value);
          if (results.full()) status = results.Flush();
        });
    ARROW_RETURN_NOT_OK(status);
    return results.Flush();
  }

  AggregateSpec spec_;
  state::StatefulOperator op_;
  bool append_, complete_;
  std::optional<EventTimeColumn> event_time_;
};

}  // namespace

DataType BufferSchema(const AggregateSpec& spec) {
  std::vector<StructField> fields;
  for (const auto& call : spec.calls) {
    const DataType buffer = call.def->aggregate.buffer_schema(*call.bound);
    fields.insert(fields.end(), buffer.fields().begin(), buffer.fields().end());
  }
  return DataType::Struct(std::move(fields));
}

Result<ExecNodePtr> MakeStatefulAggregate(CompiledAggregate compiled, state::StatefulOperator op,
                                          std::string output_mode, ExecNodePtr child) {
  return std::make_shared<StatefulAggregateNode>(std::move(compiled), std::move(op), std::move(output_mode),
                                                 std::move(child));
}

}  // namespace sluice::exec
