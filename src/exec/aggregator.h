#pragma once
// The work of an aggregation, without pipelines: rows or partial results in, groups out. Batch and streaming
// aggregation differ only in who holds the groups between partial and final.
#include <memory>
#include <vector>

#include "exec/expression.h"
#include "exec/group_table.h"
#include "exec/pipeline.h"
#include "functions/registry.h"

namespace sluice::exec {

/// A compiled aggregation. Columns that flow from partial to final:
///   tag 0: keys..., then the buffer columns of every call that is not DISTINCT
///   tag d + 1: keys..., then the arguments of DISTINCT set d; equal rows are dropped before and after the exchange
struct AggregateSpec {
  struct CallSpec {
    const functions::FunctionDef* def = nullptr;
    std::shared_ptr<const functions::BoundCall> bound;
    std::vector<int> args;  // in `inputs`
    int filter = -1;        // in `inputs`
    int distinct_set = -1;  // in `distinct_sets`
    int first_buffer = 0;   // among the buffer columns, not DISTINCT only
    int num_buffers = 0;
    std::string text;  // "sum(a#1)"
  };
  struct DistinctSet {
    std::vector<int> args;
    int filter = -1;
    std::vector<DataType> types;  // keys, then args
  };
  std::vector<DataType> key_types;
  ExpressionSetPtr inputs;  // keys, then arguments and filters
  std::vector<CallSpec> calls;
  std::vector<DistinctSet> distinct_sets;
  int session_key = -1;  // the key that is a session window: rows of the other keys meet, whatever their session
  int64_t max_partial_groups = INT64_MAX;  // a task sends its groups on at this many
  int num_keys() const { return static_cast<int>(key_types.size()); }
};

/// Groups with their accumulators, of one task or one partition. Not thread-safe. Without keys there is always one
/// group.
class Aggregator {
 public:
  Aggregator(const AggregateSpec& spec, const functions::EvalContext& context);

  /// Rows: values of spec.inputs.
  Status Update(std::span<const Vector> inputs, int64_t rows);
  /// A batch of Partials().
  Status Merge(int tag, const Batch& partial);
  /// The two halves of Merge with tag 0: the groups of a batch's keys, new ones included; then the buffers of rows
  /// whose groups are known.
  Status MapKeys(std::span<const Vector> keys, int64_t rows, std::vector<uint32_t>* ids);
  Status MergeBuffers(std::span<const Vector> buffers, std::span<const uint32_t> ids);
  /// The key columns of the groups so far.
  Result<Batch> Keys() const;
  /// What Merge takes, by tag.
  Result<std::vector<Batch>> Partials();
  /// Keys..., then one column a call.
  Result<Batch> Results();
  /// Buffer columns of `num_groups` groups: row i of `buffers` goes to group ids[i].
  static Result<std::vector<Vector>> CombineBuffers(const AggregateSpec& spec, const functions::EvalContext& context,
                                                    std::span<const Vector> buffers, std::span<const uint32_t> ids,
                                                    int64_t num_groups);
  /// Results for groups kept elsewhere: a row of keys and buffers each, as in Partials().
  static Result<Batch> ResultsOf(const AggregateSpec& spec, const functions::EvalContext& context,
                                 const Batch& partial);

  uint32_t num_groups() const { return spec_.key_types.empty() ? 1 : groups_.size(); }
  int64_t bytes_used() const;

 private:
  Status MapGroups(std::span<const Vector> keys, int64_t rows);
  Status AddDistinct(int set, std::span<const Vector> columns, int64_t rows, std::vector<int32_t>* new_rows);

  const AggregateSpec& spec_;
  GroupTable groups_;
  std::vector<std::unique_ptr<functions::GroupedAccumulator>> accumulators_;
  std::vector<GroupTable> distinct_;
  std::vector<uint32_t> ids_, chosen_ids_, distinct_ids_;
};

}  // namespace sluice::exec
