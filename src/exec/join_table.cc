#include "exec/join_table.h"

#include <arrow/builder.h>

namespace sluice::exec {
namespace {

/// Pairs that are joined at once.
constexpr size_t kPairs = 4 * kBatchRows;

/// Whether row i has a null in a key that null does not equal.
bool HasNullKey(const JoinSpec& spec, const std::vector<Vector>& keys, int64_t i) {
  for (size_t k = 0; k < keys.size(); ++k) {
    if (!spec.null_safe[k] && keys[k].IsNull(i)) return true;
  }
  return false;
}

bool MayHaveNulls(const JoinSpec& spec, const std::vector<Vector>& keys) {
  for (size_t k = 0; k < keys.size(); ++k) {
    if (!spec.null_safe[k] && keys[k].array->null_count() > 0) return true;
  }
  return false;
}

}  // namespace

Result<std::shared_ptr<JoinTable>> JoinTable::Build(const JoinSpec& spec, const std::vector<Batch>& batches,
                                                    const functions::EvalContext& context) {
  std::shared_ptr<JoinTable> table(new JoinTable(spec.key_types));
  ARROW_ASSIGN_OR_RAISE(table->rows_, ConcatBatches(batches, spec.build_types));
  const int64_t n = table->rows_.rows;
  if (n > INT32_MAX) return Status::CapacityError("the build side of a join has too many rows");
  if (spec.key_types.empty()) {
    table->row_ids_.resize(n);
    for (int64_t i = 0; i < n; ++i) table->row_ids_[i] = static_cast<int32_t>(i);
    table->starts_ = {0, static_cast<int32_t>(n)};
    return table;
  }
  std::vector<uint32_t> ids;
  std::vector<int32_t> keyed;  // rows that can match
  if (n > 0) {
    Evaluator evaluator(spec.build_keys);
    ARROW_ASSIGN_OR_RAISE(auto keys, evaluator.Evaluate(table->rows_, context));
    const bool may_have_nulls = MayHaveNulls(spec, keys);
    for (int64_t i = 0; i < n; ++i) {
      if (may_have_nulls && HasNullKey(spec, keys, i)) {
        table->has_null_key_ = true;
      } else {
        keyed.push_back(static_cast<int32_t>(i));
      }
    }
    if (static_cast<int64_t>(keyed.size()) < n) {
      for (Vector& key : keys) {
        ARROW_ASSIGN_OR_RAISE(key, TakeRows(key, keyed));
      }
    }
    ARROW_RETURN_NOT_OK(table->groups_.Map(keys, static_cast<int64_t>(keyed.size()), &ids));
  }
  // Rows in order of group: count, then place.
  table->starts_.assign(table->groups_.size() + 1, 0);
  for (uint32_t id : ids) ++table->starts_[id + 1];
  for (size_t g = 1; g < table->starts_.size(); ++g) table->starts_[g] += table->starts_[g - 1];
  table->row_ids_.resize(ids.size());
  std::vector<int32_t> next(table->starts_.begin(), table->starts_.end());
  for (size_t i = 0; i < ids.size(); ++i) table->row_ids_[next[ids[i]]++] = keyed[i];
  return table;
}

JoinProber::JoinProber(const JoinSpec& spec, std::shared_ptr<const JoinTable> table, TaskContext& task)
    : spec_(spec), table_(std::move(table)), task_(task) {
  if (spec.probe_keys != nullptr) keys_.emplace(spec.probe_keys);
  if (spec.residual != nullptr) residual_.emplace(spec.residual);
  if (spec.keeps_build_rows()) build_matched_.assign(table_->rows().rows, false);
}

Status JoinProber::Probe(const Batch& batch, Consumer& out) {
  std::vector<Vector> keys;
  bool may_have_nulls = false;
  if (keys_) {
    ARROW_ASSIGN_OR_RAISE(keys, keys_->Evaluate(batch, task_));
    ARROW_RETURN_NOT_OK(table_->groups().Find(keys, batch.rows, &ids_));
    may_have_nulls = MayHaveNulls(spec_, keys);
  }
  probe_matched_.assign(batch.rows, false);
  probe_rows_.clear();
  build_rows_.clear();
  // Without a residual one match decides semi and anti joins.
  const bool first_only = spec_.probe_only() && !residual_;
  // Rows without a match come out where they stand, unless it takes a residual to know them.
  const bool in_place = spec_.keeps_probe_rows() && !residual_;
  for (int64_t i = 0; i < batch.rows; ++i) {
    uint32_t id = keys_ ? ids_[i] : 0;
    if (may_have_nulls && HasNullKey(spec_, keys, i)) {
      if (spec_.null_aware && table_->rows().rows > 0) probe_matched_[i] = true;
      if (in_place) AddPair(i, -1);
      continue;
    }
    if (spec_.null_aware && table_->has_null_key()) {
      probe_matched_[i] = true;
      continue;
    }
    if (id == kNoGroup || (in_place && table_->RowsOf(id).empty())) {
      if (in_place) AddPair(i, -1);
      continue;
    }
    if (first_only) {
      probe_matched_[i] = !table_->RowsOf(id).empty();
      continue;
    }
    for (int32_t row : table_->RowsOf(id)) {
      AddPair(i, row);
      if (probe_rows_.size() >= kPairs) {
        ARROW_RETURN_NOT_OK(task_.run->context.cancel.Check());
        ARROW_RETURN_NOT_OK(Flush(batch, out));
        if (out.done()) return Status::OK();
      }
    }
  }
  ARROW_RETURN_NOT_OK(Flush(batch, out));
  if (in_place || (!spec_.keeps_probe_rows() && !spec_.probe_only())) return Status::OK();
  if (spec_.type == plan::JoinType::kExistence) return PushExistence(batch, out);
  const bool wanted = spec_.type == plan::JoinType::kLeftSemi;
  std::vector<int32_t> rows;
  for (int64_t i = 0; i < batch.rows; ++i) {
    if (probe_matched_[i] == wanted) rows.push_back(static_cast<int32_t>(i));
  }
  if (rows.empty()) return Status::OK();
  if (spec_.probe_only()) {
    if (static_cast<int64_t>(rows.size()) == batch.rows) return out.Push(batch);
    ARROW_ASSIGN_OR_RAISE(Batch chosen, TakeRows(batch, rows));
    return out.Push(std::move(chosen));
  }
  const std::vector<int32_t> none(rows.size(), -1);
  ARROW_ASSIGN_OR_RAISE(Batch unmatched, Combine(batch, rows, none, true));
  return out.Push(std::move(unmatched));
}

/// The batch with a column that tells which rows have a match.
Status JoinProber::PushExistence(Batch batch, Consumer& out) {
  arrow::BooleanBuilder exists;
  ARROW_RETURN_NOT_OK(exists.AppendValues(probe_matched_));
  ARROW_ASSIGN_OR_RAISE(ArrayPtr column, exists.Finish());
  batch.columns.push_back({std::move(column), false});
  return out.Push(std::move(batch));
}

/// Joins the candidate pairs and forgets them.
Status JoinProber::Flush(const Batch& batch, Consumer& out) {
  if (probe_rows_.empty()) return Status::OK();
  const bool in_place = spec_.keeps_probe_rows() && !residual_;
  ARROW_ASSIGN_OR_RAISE(Batch joined, Combine(batch, probe_rows_, build_rows_, in_place));
  Selection selection{true, {}};
  if (residual_) {
    ARROW_ASSIGN_OR_RAISE(auto condition, residual_->Evaluate(joined, task_));
    selection = TrueRows(condition[0], joined.rows);
  }
  bool twice = false;
  const auto matched = [&](size_t pair) {
    twice = twice || probe_matched_[probe_rows_[pair]];
    probe_matched_[probe_rows_[pair]] = true;
    if (!build_matched_.empty() && build_rows_[pair] >= 0) build_matched_[build_rows_[pair]] = true;
  };
  if (selection.all) {
    for (size_t pair = 0; pair < probe_rows_.size(); ++pair) matched(pair);
  } else {
    for (int32_t pair : selection.rows) matched(pair);
  }
  if (twice && spec_.type == plan::JoinType::kLeftSingle) return MakeError("SCALAR_SUBQUERY_TOO_MANY_ROWS", {});
  probe_rows_.clear();
  build_rows_.clear();
  if (spec_.probe_only() || (!selection.all && selection.rows.empty())) return Status::OK();
  if (selection.all) return out.Push(std::move(joined));
  ARROW_ASSIGN_OR_RAISE(Batch chosen, TakeRows(joined, selection.rows));
  return out.Push(std::move(chosen));
}

Result<Batch> JoinProber::Combine(const Batch& probe, std::span<const int32_t> probe_rows,
                                  std::span<const int32_t> build_rows, bool nullable) {
  ARROW_ASSIGN_OR_RAISE(Batch probed, TakeRows(probe, probe_rows));
  ARROW_ASSIGN_OR_RAISE(Batch built, TakeRows(table_->rows(), build_rows, nullable));
  Batch& left = spec_.build_left ? built : probed;
  Batch& right = spec_.build_left ? probed : built;
  for (Vector& column : right.columns) left.columns.push_back(std::move(column));
  return std::move(left);
}

Status JoinProber::Unmatched(Consumer& out) {
  std::vector<int32_t> rows;
  for (size_t i = 0; i < build_matched_.size(); ++i) {
    if (!build_matched_[i]) rows.push_back(static_cast<int32_t>(i));
  }
  if (rows.empty()) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(Batch built, TakeRows(table_->rows(), rows));
  Batch nulls{built.rows, {}};
  for (const auto& type : spec_.probe_types) {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr null, NullArray(type, 1));
    nulls.columns.push_back({std::move(null), true});
  }
  Batch& left = spec_.build_left ? built : nulls;
  Batch& right = spec_.build_left ? nulls : built;
  for (Vector& column : right.columns) left.columns.push_back(std::move(column));
  return PushSlices(left, out);
}

}  // namespace sluice::exec
