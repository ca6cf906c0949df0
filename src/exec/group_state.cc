// State as in Spark's FlatMapGroupsWithState, state format version 2: keys -> (groupState, timeoutTimestamp).
#include "exec/group_state.h"

#include <arrow/builder.h>

#include <algorithm>

#include "exec/group_rows.h"
#include "exec/stateful.h"
#include "external/api/group_state.h"
#include "plan/external.h"
#include "types/arrow_types.h"
#include "types/unsafe_row_layout.h"

namespace sluice::exec {
namespace {

using BatchPtr = external::Stream::BatchPtr;

constexpr int64_t kNoTimestamp = -1;
constexpr size_t kTimedOutAtOnce = 64 * 1024;

/// No group times out before this; so batches do not look through all groups.
struct NextTimeout final : state::RowIndex {
  int64_t ms = INT64_MAX;
};

class GroupStateNode final : public ExecNode {
 public:
  GroupStateNode(const plan::MapGroups& node, GroupSide side, state::StatefulOperator op, Config config,
                 ExecNodePtr child)
      : ExecNode(node.attributes, {child}), function_(node.function), memory_(node.memory), side_(std::move(side)),
        op_(std::move(op)), config_(std::move(config)), event_time_(EventTimeColumn::Find(child->output())) {
    plan::Attributes keys;
    for (const auto& key : node.keys[0]) keys.push_back(plan::ToAttribute(key));
    op_.stores[0].key = StateSchemaOf(keys);
    std::vector<StructField> value{{"groupState", memory_->value, true, ""}};
    if (times_out()) value.push_back({"timeoutTimestamp", DataType::Long(), false, ""});
    op_.stores[0].value = DataType::Struct(std::move(value));
    // Groups whose time is up come with nulls beside their keys.
    std::vector<StructField> fields = side_.input.fields();
    for (auto& field : fields) field.nullable = true;
    side_.input = DataType::Struct(std::move(fields));
    side_.schema = ToArrowSchema(side_.input);
  }

  Result<Pipeline> Start(RunState& run) const override {
    ARROW_ASSIGN_OR_RAISE(Pipeline input, children()[0]->Start(run));
    Exchange exchange(op_.partitions);
    ARROW_RETURN_NOT_OK(RouteGroups(run, input, side_, &exchange));
    return RunStateful(run, *this, op_, op_.partitions, [&](StatefulPartition& at) -> Status {
      {
        StateTimer timer(&at.metrics.update_us);
        ARROW_RETURN_NOT_OK(CallOnNew(exchange.Take(at.partition), at));
      }
      StateTimer timer(&at.metrics.removal_us);
      return times_out() ? CallOnTimedOut(at) : Status::OK();
    });
  }
  std::string text() const override {
    return std::string(function_->operator_name()) + " " + function_->name() + ", " + ListText(output()) +
           ", state info [ opId = " + std::to_string(op_.id) + ", numPartitions = " + std::to_string(op_.partitions) +
           "], " + memory_->time;
  }
  /// Nothing says which of the output's columns follow the event time.
  std::optional<int64_t> watermark_offset_ms() const override { return std::nullopt; }

 private:
  bool times_out() const { return memory_->time != "NoTimeout"; }
  bool by_event_time() const { return memory_->time == "EventTimeTimeout"; }
  const state::StatefulOperator::Store& schema() const { return op_.stores[0]; }
  static int64_t NowMs(const StatefulPartition& at) { return at.task.eval.now_us / 1000; }

  Result<std::unique_ptr<external::GroupStateStream>> Open(const StatefulPartition& at) const {
    external::GroupStateRequest request;
    request.task.calls = {{function_.get(), {}}};
    request.task.inputs = {side_.input};
    request.task.groups = {side_.columns};
    request.task.partition = at.partition;
    request.task.batch_id = at.task.run->context.batch_id;
    request.task.config = config_;
    request.task.cancel = at.task.run->context.cancel;
    request.state = memory_->value;
    request.timeout = memory_->time;
    request.batch_ms = NowMs(at);
    if (event_time_) request.watermark_ms = at.watermark_us / 1000;
    return function_->OpenGroupState(std::move(request));
  }

  Status CallOnNew(std::vector<Exchange::Item> items, StatefulPartition& at) const {
    if (by_event_time()) ARROW_RETURN_NOT_OK(DropLate(*event_time_, at, &items));
    ARROW_ASSIGN_OR_RAISE(GroupedRows grouped, GroupRows(std::move(items), side_, at.task));
    if (grouped.groups.empty()) return Status::OK();
    external::Groups groups;
    ARROW_ASSIGN_OR_RAISE(groups.rows, SentRows(grouped, side_, at.task));
    std::vector<int32_t> firsts;
    for (const auto& [first, past] : grouped.groups) {
      firsts.push_back(static_cast<int32_t>(first));
      groups.sizes.push_back(past - first);
    }
    UnsafeRows keys;
    ARROW_ASSIGN_OR_RAISE(keys, KeysOf(grouped.rows, firsts, at));
    for (size_t g = 0; g < keys.size(); ++g) groups.keys.push_back(keys.row(g));
    ARROW_ASSIGN_OR_RAISE(groups.states, StatesOf(groups.keys, at.rows()));
    return Call(groups, at);
  }

  Result<UnsafeRows> KeysOf(const Batch& rows, const std::vector<int32_t>& firsts, StatefulPartition& at) const {
    ARROW_ASSIGN_OR_RAISE(Batch heads, TakeRows(rows, firsts));
    Evaluator evaluator(side_.keys);
    ARROW_ASSIGN_OR_RAISE(auto keys, evaluator.Evaluate(heads, at.task));
    return EncodeRows(schema().key, keys, heads.rows);
  }

  /// The value of each key, null where it has none.
  Result<ArrayPtr> StatesOf(const std::vector<state::Bytes>& keys, const state::RowTable& rows) const {
    std::vector<state::Bytes> found;
    std::vector<int32_t> positions;
    for (state::Bytes key : keys) {
      const auto value = rows.Get(key);
      positions.push_back(value ? static_cast<int32_t>(found.size()) : -1);
      if (value) found.push_back(*value);
    }
    if (found.empty()) return NullArray(ToArrowType(memory_->value), static_cast<int64_t>(keys.size()));
    ARROW_ASSIGN_OR_RAISE(Batch values, DecodeRows(schema().value, found));
    return TakeRows(values.columns[0].array, positions, /*may_be_negative=*/true);
  }

  /// Of a row of the state.
  int64_t TimeoutOf(state::Bytes value) const {
    const size_t at = unsafe::NullBytes(2) + 8;
    return at + 8 <= value.size() ? unsafe::Load<int64_t>(value.data() + at) : kNoTimestamp;
  }

  NextTimeout& Next(StatefulPartition& at) const {
    auto& index = at.store().index();
    if (!index) {
      auto next = std::make_unique<NextTimeout>();
      next->ms = INT64_MIN;
      index = std::move(next);
    }
    return static_cast<NextTimeout&>(*index);
  }

  Status CallOnTimedOut(StatefulPartition& at) const {
    const int64_t until_ms = by_event_time() ? at.watermark_us / 1000 : NowMs(at);
    NextTimeout& next = Next(at);
    if (next.ms >= until_ms) return Status::OK();
    // Copies: the calls change what is looked through.
    std::vector<std::vector<uint8_t>> keys;
    int64_t least = INT64_MAX;
    at.rows().ForEach([&](state::Bytes key, state::Bytes value) {
      const int64_t timeout = TimeoutOf(value);
      if (timeout == kNoTimestamp) return;
      if (timeout < until_ms) keys.emplace_back(key.begin(), key.end());
      least = std::min(least, timeout);
    });
    next.ms = least;
    for (size_t from = 0; from < keys.size(); from += kTimedOutAtOnce) {
      external::Groups groups;
      for (size_t i = from; i < std::min(keys.size(), from + kTimedOutAtOnce); ++i) groups.keys.emplace_back(keys[i]);
      groups.sizes.assign(groups.keys.size(), 1);
      groups.timed_out = true;
      ARROW_ASSIGN_OR_RAISE(groups.rows, RowsOfKeys(groups.keys));
      ARROW_ASSIGN_OR_RAISE(groups.states, StatesOf(groups.keys, at.rows()));
      ARROW_RETURN_NOT_OK(Call(groups, at));
    }
    return Status::OK();
  }

  /// Rows of the input that hold the keys and nothing else.
  Result<BatchPtr> RowsOfKeys(const std::vector<state::Bytes>& keys) const {
    ARROW_ASSIGN_OR_RAISE(Batch columns, DecodeRows(schema().key, keys));
    const auto rows = static_cast<int64_t>(keys.size());
    Batch out{rows, {}};
    for (int i = 0; i < side_.schema->num_fields(); ++i) {
      const auto& positions = side_.columns.keys;
      const auto key = std::find(positions.begin(), positions.end(), i);
      if (key != positions.end()) {
        out.columns.push_back(columns.columns[static_cast<size_t>(key - positions.begin())]);
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(ArrayPtr nothing, NullArray(side_.schema->field(i)->type(), rows));
      out.columns.push_back({std::move(nothing), false});
    }
    return ToRecordBatch(out, side_.schema);
  }

  Status Call(const external::Groups& groups, StatefulPartition& at) const {
    const external::Stream::Consume give = [&](const BatchPtr& rows) {
      return at.out.done() ? Status::OK() : PushSlices(FromRecordBatch(*rows), at.out);
    };
    const external::GroupStateStream::Changes change = [&](std::span<const external::GroupChange> changes,
                                                           const ArrayPtr& states) {
      return Apply(changes, states, at);
    };
    ARROW_ASSIGN_OR_RAISE(auto stream, Open(at));
    ARROW_RETURN_NOT_OK(stream->Write(groups, give, change));
    return stream->Finish(give, change);
  }

  Status Apply(std::span<const external::GroupChange> changes, const ArrayPtr& states, StatefulPartition& at) const {
    const auto bytes = [](std::string_view key) {
      return state::Bytes(reinterpret_cast<const uint8_t*>(key.data()), key.size());
    };
    std::vector<int32_t> written;
    arrow::Int64Builder timeouts;
    for (size_t i = 0; i < changes.size(); ++i) {
      const external::GroupChange& change = changes[i];
      if (change.removed && change.timeout_ms == kNoTimestamp) {
        at.rows().Remove(bytes(change.key));
        ++at.metrics.rows_removed;
      } else if (change.updated || change.removed || change.timeout_ms != change.timeout_before_ms) {
        written.push_back(static_cast<int32_t>(i));
        ARROW_RETURN_NOT_OK(timeouts.Append(change.timeout_ms));
      }
    }
    if (written.empty()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(ArrayPtr values, TakeRows(states, written));
    std::vector<Vector> columns{{std::move(values), false}};
    if (times_out()) {
      ARROW_ASSIGN_OR_RAISE(ArrayPtr times, timeouts.Finish());
      columns.push_back({std::move(times), false});
    }
    ARROW_ASSIGN_OR_RAISE(UnsafeRows rows, EncodeRows(schema().value, columns, static_cast<int64_t>(written.size())));
    for (size_t i = 0; i < written.size(); ++i) {
      const external::GroupChange& change = changes[static_cast<size_t>(written[i])];
      at.rows().Put(bytes(change.key), rows.row(i));
      if (times_out() && change.timeout_ms != kNoTimestamp) {
        NextTimeout& next = Next(at);
        next.ms = std::min(next.ms, change.timeout_ms);
      }
    }
    at.metrics.rows_updated += static_cast<int64_t>(written.size());
    return Status::OK();
  }

  const plan::ExternalFunctionPtr function_;
  const std::shared_ptr<const plan::GroupMemory> memory_;
  GroupSide side_;
  state::StatefulOperator op_;
  Config config_;
  std::optional<EventTimeColumn> event_time_;
};

}  // namespace

Result<ExecNodePtr> LowerGroupState(const plan::MapGroups& node, Lowering& lowering) {
  ARROW_ASSIGN_OR_RAISE(state::StatefulOperator op, NextStatefulOperator(lowering, "applyInPandasWithState"));
  if (node.memory->time == "EventTimeTimeout") lowering.traits().watermark_closes_state = true;
  if (node.memory->time == "ProcessingTimeTimeout") lowering.traits().time_closes_state = true;
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr child, lowering.Lower(node.children[0]));
  ARROW_ASSIGN_OR_RAISE(GroupSide side, MakeRowSide(node.keys[0], node.values[0], child->output()));
  return std::make_shared<GroupStateNode>(node, std::move(side), std::move(op), lowering.config(), std::move(child));
}

}  // namespace sluice::exec
