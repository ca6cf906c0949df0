#pragma once
// The build side of a join: rows found by key, or all of them when there is no key.
#include <memory>
#include <vector>

#include "exec/expression.h"
#include "exec/group_table.h"
#include "exec/pipeline.h"
#include "plan/logical_plan.h"

namespace sluice::exec {

/// A join as compiled: which side is built, on which keys, and what else must hold.
struct JoinSpec {
  plan::JoinType type = plan::JoinType::kInner;  // kCross is kInner without keys
  bool build_left = false;
  bool null_aware = false;                  // NOT IN: a null on either side keeps the probe row out
  std::vector<DataType> key_types;          // empty: nested loop
  std::vector<bool> null_safe;              // <=>: null equals null
  ExpressionSetPtr probe_keys, build_keys;  // over the columns of their side
  ExpressionSetPtr residual;                // over left columns then right columns; null: none
  std::vector<std::shared_ptr<arrow::DataType>> probe_types, build_types;

  bool keeps_probe_rows() const {  // unmatched probe rows come out, with nulls
    return type == plan::JoinType::kFullOuter || type == plan::JoinType::kLeftOuter ||
           type == plan::JoinType::kRightOuter || type == plan::JoinType::kLeftSingle;
  }
  bool keeps_build_rows() const { return type == plan::JoinType::kFullOuter; }
  bool probe_only() const {  // no columns of the build side come out
    return type == plan::JoinType::kLeftSemi || type == plan::JoinType::kLeftAnti || type == plan::JoinType::kExistence;
  }
};

/// All build rows in memory. Probed by many tasks at once.
class JoinTable {
 public:
  static Result<std::shared_ptr<JoinTable>> Build(const JoinSpec& spec, const std::vector<Batch>& batches,
                                                  const functions::EvalContext& context);
  const Batch& rows() const { return rows_; }
  bool has_null_key() const { return has_null_key_; }
  /// Build rows whose key is group `id` of `groups()`; with no keys, id 0 gives all rows.
  std::span<const int32_t> RowsOf(uint32_t id) const {
    return {row_ids_.data() + starts_[id], static_cast<size_t>(starts_[id + 1] - starts_[id])};
  }
  const GroupTable& groups() const { return groups_; }

 private:
  explicit JoinTable(std::vector<DataType> types) : groups_(std::move(types)) {}
  Batch rows_;
  GroupTable groups_;
  std::vector<int32_t> row_ids_, starts_;
  bool has_null_key_ = false;
};

/// Joins probe batches with a table; one task's. Pushes left columns then right columns (semi, anti: left only).
class JoinProber {
 public:
  JoinProber(const JoinSpec& spec, std::shared_ptr<const JoinTable> table, TaskContext& task);
  Status Probe(const Batch& batch, Consumer& out);
  /// FULL OUTER: the build rows that no Probe of this instance matched.
  Status Unmatched(Consumer& out);

 private:
  Status Flush(const Batch& batch, Consumer& out);
  Status PushExistence(Batch batch, Consumer& out);
  void AddPair(int64_t probe_row, int32_t build_row) {
    probe_rows_.push_back(static_cast<int32_t>(probe_row));
    build_rows_.push_back(build_row);
  }
  Result<Batch> Combine(const Batch& probe, std::span<const int32_t> probe_rows, std::span<const int32_t> build_rows,
                        bool nullable);

  const JoinSpec& spec_;
  std::shared_ptr<const JoinTable> table_;
  TaskContext& task_;
  std::optional<Evaluator> keys_, residual_;
  std::vector<uint32_t> ids_;
  std::vector<int32_t> probe_rows_, build_rows_;  // candidate pairs
  std::vector<bool> probe_matched_, build_matched_;
};

}  // namespace sluice::exec
