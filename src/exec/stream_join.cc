#include "exec/stream_join.h"

#include <absl/container/flat_hash_set.h>
#include <limits>

#include <algorithm>
#include <numeric>
#include <set>

#include "exec/expression.h"
#include "exec/group_table.h"
#include "exec/join_keys.h"
#include "exec/join_side_state.h"
#include "exec/join_watermark.h"
#include "plan/transform.h"

namespace sluice::exec {
namespace {

using plan::JoinType;
using state::Bytes;

/// Rows where all conditions are true.
std::vector<int32_t> RowsWhereAll(const std::vector<Vector>& conditions, int64_t rows) {
  std::vector<int32_t> passed(static_cast<size_t>(rows));
  std::iota(passed.begin(), passed.end(), 0);
  for (const Vector& condition : conditions) {
    const Selection selection = TrueRows(condition, rows);
    if (selection.all) continue;
    std::vector<int32_t> both;
    std::set_intersection(passed.begin(), passed.end(), selection.rows.begin(), selection.rows.end(),
                          std::back_inserter(both));
    passed = std::move(both);
  }
  return passed;
}

/// What is settled about one side when the query starts.
struct Side {
  plan::Attributes columns;
  std::vector<std::shared_ptr<arrow::DataType>> types;
  ExpressionSetPtr keys, filter;  // filter: conjuncts of the condition over this side alone; may be null
  JoinSideSchema schema;
  std::optional<EventTimeColumn> event_time;   // of its rows
  std::optional<int64_t> watermark_offset_ms;  // rows up to watermark + offset are old
  bool bounded = false;                        // by the condition; only rows with an event time of their own go, though
  bool preserved = false;                      // unmatched rows come out, with nulls
};

/// Sends a side's rows to the partitions of their keys; the keys go before the columns.
class KeyedSink final : public Sink {
 public:
  KeyedSink(const Side& side, const std::vector<DataType>& types, TaskContext& task, Exchange* exchange)
      : types_(types), task_(task), exchange_(exchange), keys_(side.keys) {}
  Status Push(Batch batch) override {
    ARROW_ASSIGN_OR_RAISE(auto keys, keys_.Evaluate(batch, task_));
    Batch keyed{batch.rows, {}};
    for (size_t k = 0; k < keys.size(); ++k) {
      ARROW_ASSIGN_OR_RAISE(ArrayPtr key, Materialize(keys[k], batch.rows));
      ARROW_ASSIGN_OR_RAISE(key, NormalizeFloats(key, types_[k]));
      keyed.columns.push_back({std::move(key), false});
    }
    keyed.columns.insert(keyed.columns.end(), batch.columns.begin(), batch.columns.end());
    return exchange_->Route(keyed, std::span<const Vector>(keyed.columns).first(types_.size()), types_);
  }

 private:
  const std::vector<DataType>& types_;
  TaskContext& task_;
  Exchange* exchange_;
  Evaluator keys_;
};

class StreamJoinNode final : public ExecNode {
 public:
  StreamJoinNode(plan::Attributes output, ExecNodePtr left, ExecNodePtr right, JoinType type, Side left_side,
                 Side right_side, std::vector<DataType> key_types, std::optional<EventTimeColumn> key_time,
                 ExpressionSetPtr residual, state::StatefulOperator op)
      : ExecNode(std::move(output), {std::move(left), std::move(right)}), type_(type),
        sides_{std::move(left_side), std::move(right_side)}, key_types_(std::move(key_types)), key_time_(key_time),
        residual_(std::move(residual)), op_(std::move(op)) {
    op_.stores.clear();
    const char* const names[] = {"left", "right"};
    for (int s : {0, 1}) {
      const JoinSideSchema& schema = sides_[s].schema;
      op_.stores.push_back({std::string(names[s]) + "-keyToNumValues", schema.key, schema.count, 0, false});
      op_.stores.push_back({std::string(names[s]) + "-keyWithIndexToValue", schema.indexed_key, schema.value, 0, true});
    }
  }

  Result<Pipeline> Start(RunState& run) const override {
    Exchange left(op_.partitions), right(op_.partitions);
    for (int s : {0, 1}) {
      ARROW_ASSIGN_OR_RAISE(Pipeline input, children()[s]->Start(run));
      Exchange* exchange = s == 0 ? &left : &right;
      ARROW_RETURN_NOT_OK(RunPipeline(run, input, [&](TaskContext& task) -> Result<std::unique_ptr<Sink>> {
        return std::make_unique<KeyedSink>(sides_[s], key_types_, task, exchange);
      }));
    }
    return RunStateful(run, *this, op_, op_.partitions, [&](StatefulPartition& at) -> Status {
      JoinSideState states[] = {{sides_[0].schema, at.rows(0), at.rows(1)}, {sides_[1].schema, at.rows(2), at.rows(3)}};
      {
        StateTimer timer(&at.metrics.update_us);
        for (auto& item : left.Take(at.partition)) ARROW_RETURN_NOT_OK(Join(0, item.batch, states, at));
        for (auto& item : right.Take(at.partition)) ARROW_RETURN_NOT_OK(Join(1, item.batch, states, at));
      }
      if (!at.watermark_moved()) return Status::OK();
      StateTimer timer(&at.metrics.removal_us);
      for (int s : {0, 1}) ARROW_RETURN_NOT_OK(RemoveOld(s, &states[s], at));
      return Status::OK();
    });
  }
  std::string text() const override {
    return "StreamingSymmetricHashJoin, state info [ opId = " + std::to_string(op_.id) +
           ", numPartitions = " + std::to_string(op_.partitions) + "]";
  }
  std::optional<int64_t> watermark_offset_ms() const override {
    const auto input = ExecNode::watermark_offset_ms();
    if (key_time_ || !input) return input;
    std::optional<int64_t> kept;  // of the side that waits longest
    for (const Side& side : sides_)
      if (side.watermark_offset_ms) kept = std::min(kept.value_or(INT64_MAX), *side.watermark_offset_ms);
    if (!kept) return std::nullopt;
    return *input + *kept;
  }

 private:
  /// A row and one of the other side that has the same key.
  struct Pair {
    int32_t row;
    int64_t index;
  };

  /// Event time up to which rows of a side have no partner to wait for, where there is one.
  int64_t OldUpTo(int s, const StatefulPartition& at) const {
    return key_time_ ? at.watermark_us : at.watermark_us + *sides_[s].watermark_offset_ms * 1000;
  }
  bool grows_old(int s) const { return key_time_ || sides_[s].watermark_offset_ms; }
  std::optional<int64_t> TimeOf(int s, Bytes key, size_t key_fields, Bytes value) const {
    if (key_time_) return key_time_->TimeOf(key, key_fields);
    return sides_[s].event_time->TimeOf(value, sides_[s].columns.size() + 1);
  }
  bool Old(int s, Bytes key, Bytes value, const StatefulPartition& at) const {
    if (!grows_old(s)) return false;
    const auto time = TimeOf(s, key, key_types_.size(), value);
    return time && *time <= OldUpTo(s, at);
  }

  Result<Batch> InTime(const Side& side, Batch rows, StatefulPartition& at) const {
    if (!side.event_time) return rows;
    const size_t column = key_types_.size() + static_cast<size_t>(side.event_time->column);
    ARROW_ASSIGN_OR_RAISE(ArrayPtr times, side.event_time->Times(rows.columns[column], rows.rows));
    const std::vector<int32_t> late = RowsUpTo(times, at.late_watermark_us);
    if (late.empty()) return rows;
    at.metrics.rows_dropped_by_watermark += static_cast<int64_t>(late.size());
    std::vector<int32_t> kept;
    for (int32_t i = 0; i < rows.rows; ++i) {
      if (!std::binary_search(late.begin(), late.end(), i)) kept.push_back(i);
    }
    return TakeRows(rows, kept);
  }

  /// Left columns and right columns of pairs; `s` is the side of `rows`.
  static Batch Combine(int s, const Batch& rows, const Batch& others) {
    Batch both{rows.rows, s == 0 ? rows.columns : others.columns};
    const auto& second = s == 0 ? others.columns : rows.columns;
    both.columns.insert(both.columns.end(), second.begin(), second.end());
    return both;
  }

  Status PushWithNulls(int s, const Batch& rows, StatefulPartition& at) const {
    if (rows.rows == 0) return Status::OK();
    Batch nulls{rows.rows, {}};
    for (const auto& type : sides_[1 - s].types) {
      ARROW_ASSIGN_OR_RAISE(ArrayPtr column, NullArray(type, rows.rows));
      nulls.columns.push_back({std::move(column), false});
    }
    return PushSlices(Combine(s, rows, nulls), at.out);
  }

  /// New rows of side `s` meet the rows the other side has, and join their own.
  Status Join(int s, const Batch& arrived, JoinSideState* states, StatefulPartition& at) const {
    const Side &side = sides_[s], &other = sides_[1 - s];
    JoinSideState &own = states[s], &others = states[1 - s];
    ARROW_ASSIGN_OR_RAISE(Batch keyed, InTime(side, arrived, at));
    if (keyed.rows == 0) return Status::OK();
    const auto keys = std::span<const Vector>(keyed.columns).first(key_types_.size());
    const Batch rows{keyed.rows, {keyed.columns.begin() + static_cast<int64_t>(keys.size()), keyed.columns.end()}};

    // Keys that are null were filtered where they may not meet. Of a full outer join they do meet, as in Spark.
    std::vector<bool> kept(static_cast<size_t>(rows.rows), true);  // passes the conditions on its side alone
    if (side.filter != nullptr) {
      Evaluator filter(side.filter);
      ARROW_ASSIGN_OR_RAISE(auto condition, filter.Evaluate(rows, at.task));
      kept.assign(kept.size(), false);
      for (int32_t i : RowsWhereAll(condition, rows.rows)) kept[static_cast<size_t>(i)] = true;
    }

    ARROW_ASSIGN_OR_RAISE(UnsafeRows key_rows, EncodeRows(side.schema.key, keys, rows.rows));
    std::vector<Vector> with_index(keys.begin(), keys.end());
    with_index.push_back({IntegralValue(0).value, true});
    ARROW_ASSIGN_OR_RAISE(UnsafeRows indexed_keys, EncodeRows(side.schema.indexed_key, with_index, rows.rows));
    std::vector<Vector> with_matched = rows.columns;
    with_matched.push_back({BooleanValue(false).value, true});
    ARROW_ASSIGN_OR_RAISE(UnsafeRows values, EncodeRows(side.schema.value, with_matched, rows.rows));

    std::vector<bool> matched(static_cast<size_t>(rows.rows), false);
    std::vector<Pair> pairs;
    std::vector<Bytes> partners;
    const bool semi_from_right = type_ == JoinType::kLeftSemi && s == 1;
    auto flush = [&]() -> Status {
      ARROW_RETURN_NOT_OK(JoinPairs(s, rows, pairs, partners, indexed_keys, other, &others, &matched, at));
      pairs.clear();
      partners.clear();
      return Status::OK();
    };
    auto prefetch = [&](const JoinSideState& in, size_t row) {
      constexpr size_t kAhead = 8;
      if (row + kAhead < key_rows.size()) in.PrefetchCount(key_rows.row(row + kAhead));
    };
    for (int32_t i = 0; i < rows.rows; ++i) {
      prefetch(others, static_cast<size_t>(i));
      if (!kept[static_cast<size_t>(i)]) continue;
      const int64_t count = others.CountOf(key_rows.row(static_cast<size_t>(i)));
      for (int64_t index = 0; index < count; ++index) {
        auto value = others.ValueAt(indexed_keys.row(static_cast<size_t>(i)), index);
        if (!value || (semi_from_right && others.Matched(*value))) continue;
        pairs.push_back({i, index});
        partners.push_back(*value);
      }
      if (static_cast<int64_t>(pairs.size()) >= 8 * kBatchRows) ARROW_RETURN_NOT_OK(flush());
    }
    ARROW_RETURN_NOT_OK(flush());

    std::vector<int32_t> alone;  // come out with nulls right away
    for (size_t i = 0; i < kept.size(); ++i) {
      prefetch(own, i);
      const bool done = type_ == JoinType::kLeftSemi && s == 0 && matched[i];
      const bool old = Old(s, key_rows.row(i), values.row(i), at);
      // The right side's rows of this batch are still to come: an old left row meets them, and goes with the others.
      const bool waits = kept[i] && (!old || s == 0) && !done;
      if (waits) {
        if (old) at.store().evicted_to_us() = std::numeric_limits<int64_t>::min();
        own.Append(key_rows.row(i), indexed_keys.row(i), values.row(i), matched[i]);
        ++at.metrics.rows_updated;
      } else if (side.preserved && !matched[i]) {
        alone.push_back(static_cast<int32_t>(i));
      }
    }
    if (alone.empty()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(Batch unmatched, TakeRows(rows, alone));
    return PushWithNulls(s, unmatched, at);
  }

  /// Of pairs with equal keys those that the rest of the condition accepts: output, and marks on both sides.
  Status JoinPairs(int s, const Batch& rows, std::vector<Pair> pairs, const std::vector<Bytes>& partners,
                   const UnsafeRows& indexed_keys, const Side& other, JoinSideState* others, std::vector<bool>* matched,
                   StatefulPartition& at) const {
    if (pairs.empty()) return Status::OK();
    std::vector<int32_t> row_of;
    for (const Pair& pair : pairs) row_of.push_back(pair.row);
    ARROW_ASSIGN_OR_RAISE(Batch mine, TakeRows(rows, row_of));
    ARROW_ASSIGN_OR_RAISE(Batch theirs, DecodeRows(other.schema.value, partners));
    theirs.columns.pop_back();  // matched
    Batch both = Combine(s, mine, theirs);
    if (residual_ != nullptr) {
      Evaluator residual(residual_);
      ARROW_ASSIGN_OR_RAISE(auto condition, residual.Evaluate(both, at.task));
      const std::vector<int32_t> passed = RowsWhereAll(condition, both.rows);
      if (passed.size() < pairs.size()) {
        std::vector<Pair> kept;
        for (int32_t i : passed) kept.push_back(pairs[static_cast<size_t>(i)]);
        pairs = std::move(kept);
        ARROW_ASSIGN_OR_RAISE(both, TakeRows(both, passed));
      }
    }
    for (const Pair& pair : pairs) others->SetMatched(indexed_keys.row(static_cast<size_t>(pair.row)), pair.index);
    if (type_ == JoinType::kLeftSemi) {
      ARROW_ASSIGN_OR_RAISE(both, FirstOfEach(s, both, pairs, indexed_keys, *matched));
    }
    for (const Pair& pair : pairs) (*matched)[static_cast<size_t>(pair.row)] = true;
    return both.rows == 0 ? Status::OK() : PushSlices(both, at.out);
  }

  /// Left semi: each left row comes out once, and without the right side's columns.
  Result<Batch> FirstOfEach(int s, Batch both, const std::vector<Pair>& pairs, const UnsafeRows& indexed_keys,
                            const std::vector<bool>& matched) const {
    std::vector<int32_t> first;
    absl::flat_hash_set<std::pair<std::string, int64_t>> seen;
    for (size_t i = 0; i < pairs.size(); ++i) {
      const Pair& pair = pairs[i];
      const auto key = indexed_keys.row(static_cast<size_t>(pair.row));
      const bool fresh = s == 0 ? !matched[static_cast<size_t>(pair.row)] && (i == 0 || pairs[i - 1].row != pair.row)
                                : seen.emplace(std::string(key.begin(), key.end()), pair.index).second;
      if (fresh) first.push_back(static_cast<int32_t>(i));
    }
    both.columns.resize(sides_[0].columns.size());
    return TakeRows(both, first);
  }

  Status RemoveOld(int s, JoinSideState* side_state, StatefulPartition& at) const {
    const Side& side = sides_[s];
    if (!grows_old(s)) return Status::OK();
    using Time = state::RowTable::Time;
    const auto old =
        side_state->FindUpTo(OldUpTo(s, at), key_time_ ? Time::kInKey : Time::kInValue,
                             [&](Bytes key, Bytes value) { return TimeOf(s, key, key_types_.size() + 1, value); });
    if (old.empty()) return Status::OK();
    at.metrics.rows_removed += static_cast<int64_t>(old.size());
    if (side.preserved) {
      std::vector<Bytes> unmatched;
      const auto push = [&]() -> Status {
        ARROW_ASSIGN_OR_RAISE(Batch rows, DecodeRows(side.schema.value, unmatched));
        rows.columns.pop_back();  // matched
        unmatched.clear();
        return PushWithNulls(s, rows, at);
      };
      for (const auto& row : old) {
        if (!side_state->Matched(row.value)) unmatched.push_back(row.value);
        if (unmatched.size() == kDecodedRows) ARROW_RETURN_NOT_OK(push());
      }
      ARROW_RETURN_NOT_OK(push());
    }
    return side_state->Remove(old);
  }

  JoinType type_;
  Side sides_[2];
  std::vector<DataType> key_types_;
  std::optional<EventTimeColumn> key_time_;  // the key that is an event time, on either side
  ExpressionSetPtr residual_;                // over left columns then right columns; null: none
  state::StatefulOperator op_;
};

Status Refuse(const char* what) { return MakeError("_LEGACY_ERROR_TEMP_3102", {{"msg", what}}); }

/// The first key that withWatermark marked, on one side or the other.
std::optional<EventTimeColumn> KeyTime(const JoinKeys& keys) {
  for (const plan::ExprList* side : {&keys.left, &keys.right}) {
    for (size_t i = 0; i < side->size(); ++i) {
      const auto* column = plan::As<plan::Attribute>((*side)[i]);
      if (column != nullptr && column->watermark_delay_us)
        return EventTimeColumn{static_cast<int>(i), column->type->id() == TypeId::kStruct, *column->watermark_delay_us};
    }
  }
  return std::nullopt;
}

/// The columns of a side as Spark's state knows them: those that a filter right below says are there are not nullable,
/// as Spark's FilterExec gives them.
plan::Attributes StoredColumns(const plan::PlanPtr& input, const plan::Attributes& columns) {
  std::set<plan::ExprId> present;
  const plan::LogicalPlan* node = input.get();
  while (node->kind == plan::PlanKind::kFilter || node->kind == plan::PlanKind::kEventTimeWatermark) {
    if (const auto* filter = plan::As<plan::Filter>(*node)) {
      for (const auto& conjunct : plan::SplitConjunction(filter->condition)) {
        const auto* call = plan::As<plan::Call>(conjunct);
        if (call == nullptr || call->def->name != "isnotnull") continue;
        if (const auto* column = plan::As<plan::Attribute>(call->children[0])) present.insert(column->id);
      }
    }
    node = node->children[0].get();
  }
  plan::Attributes stored;
  for (const auto& column : columns) {
    stored.push_back(column);
    if (present.count(column->id) == 0) continue;
    auto certain = std::make_shared<plan::Attribute>(*column);
    certain->nullable = false;
    stored.back() = std::move(certain);
  }
  return stored;
}

Result<Side> MakeSide(const plan::PlanPtr& plan, const ExecNode& input, const plan::ExprList& keys,
                      const plan::ExprList& conjuncts, const plan::Attributes& other, bool key_time) {
  Side side;
  side.columns = input.output();
  side.types = ArrowTypesOf(side.columns);
  ARROW_ASSIGN_OR_RAISE(side.keys, ExpressionSet::Compile(keys, side.columns));
  plan::ExprList own;
  for (const auto& conjunct : conjuncts)
    if (ReadsOnly(conjunct, side.columns)) own.push_back(conjunct);
  if (!own.empty()) {
    ARROW_ASSIGN_OR_RAISE(side.filter, ExpressionSet::Compile(own, side.columns));
  }
  side.schema = JoinSideSchema::Of(keys, StoredColumns(plan, side.columns));
  side.event_time = EventTimeColumn::Find(side.columns);
  side.bounded = key_time || StateWatermarkOffsetMs(conjuncts, side.columns, other).has_value();
  if (!key_time && side.event_time) side.watermark_offset_ms = StateWatermarkOffsetMs(conjuncts, side.columns, other);
  return side;
}

}  // namespace

Result<ExecNodePtr> LowerStreamJoin(const plan::PlanPtr& plan, Lowering& lowering) {
  const auto& join = *plan::As<plan::Join>(plan);
  if (join.type == JoinType::kExistence || join.type == JoinType::kLeftSingle)
    return UnsupportedFeature("a subquery on a stream in an expression over a stream", &plan->origin);
  ARROW_ASSIGN_OR_RAISE(state::StatefulOperator op, NextStatefulOperator(lowering, "symmetricHashJoin"));
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr left, lowering.Lower(plan->children[0]));
  ARROW_ASSIGN_OR_RAISE(ExecNodePtr right, lowering.Lower(plan->children[1]));
  const JoinKeys keys = SplitJoinCondition(join, left->output(), right->output());
  if (keys.left.empty()) return Refuse("Stream-stream join without equality predicate is not supported");
  const std::optional<EventTimeColumn> key_time = KeyTime(keys);
  ARROW_ASSIGN_OR_RAISE(Side left_side, MakeSide(plan->children[0], *left, keys.left, keys.residual, right->output(),
                                                 key_time.has_value()));
  ARROW_ASSIGN_OR_RAISE(Side right_side, MakeSide(plan->children[1], *right, keys.right, keys.residual, left->output(),
                                                  key_time.has_value()));
  left_side.preserved = join.type == JoinType::kLeftOuter || join.type == JoinType::kFullOuter;
  right_side.preserved = join.type == JoinType::kRightOuter || join.type == JoinType::kFullOuter;

  const bool forgets = key_time || left_side.watermark_offset_ms || right_side.watermark_offset_ms;
  lowering.traits().watermark_closes_state |= forgets;

  const bool goes[] = {left_side.bounded, right_side.bounded};
  const bool needs_left = left_side.preserved || join.type == JoinType::kLeftSemi;
  if ((needs_left && !right_side.preserved && !goes[0]) || (right_side.preserved && !needs_left && !goes[1]) ||
      (needs_left && right_side.preserved && !goes[0] && !goes[1])) {
    return Refuse(
        "Stream-stream outer and semi joins are not supported without a watermark in the join keys, or a watermark on "
        "the nullable side and an appropriate range condition");
  }
  ExpressionSetPtr residual;
  plan::ExprList both_sides;
  for (const auto& conjunct : keys.residual)
    if (!ReadsOnly(conjunct, left->output()) && !ReadsOnly(conjunct, right->output())) both_sides.push_back(conjunct);
  if (!both_sides.empty()) {
    plan::Attributes both = left->output();
    both.insert(both.end(), right->output().begin(), right->output().end());
    ARROW_ASSIGN_OR_RAISE(residual, ExpressionSet::Compile(both_sides, both));
  }
  std::vector<DataType> key_types;
  for (const auto& key : keys.left) key_types.push_back(*key->type);
  return std::make_shared<StreamJoinNode>(plan->output(), std::move(left), std::move(right), join.type,
                                          std::move(left_side), std::move(right_side), std::move(key_types), key_time,
                                          std::move(residual), std::move(op));
}

}  // namespace sluice::exec
