#pragma once
// Rows divided by key and put together again, group after group, for functions over groups.
#include "exec/event_time.h"
#include "exec/exchange.h"
#include "exec/expression.h"
#include "exec/lowering.h"
#include "exec/sort_keys.h"
#include "exec/stateful.h"
#include "external/api/function.h"

namespace sluice::exec {

/// One side of a grouping.
struct GroupSide {
  ExpressionSetPtr keys;
  std::vector<DataType> key_types;
  std::vector<std::shared_ptr<arrow::DataType>> row_types;
  ExpressionSetPtr sent;                  // null: the rows as they are
  DataType input;                         // what goes out
  std::shared_ptr<arrow::Schema> schema;  // of it, in physical form
  external::GroupColumns columns;
};

/// Rows of `rows` by keys; what is sent of them is the caller's to say.
Result<GroupSide> MakeGroupSide(const plan::ExprList& keys, const plan::Attributes& rows);
/// Sends the rows as they are; `values` are those that the function sees.
Result<GroupSide> MakeRowSide(const plan::ExprList& keys, const plan::Attributes& values, const plan::Attributes& rows);

/// Runs `input` into `exchange`, each row to the partition of its key.
Status RouteGroups(RunState& run, const Pipeline& input, const GroupSide& side, Exchange* exchange);

/// Removes rows up to the watermark for late ones, and counts them.
Status DropLate(const EventTimeColumn& event_time, StatefulPartition& at, std::vector<Exchange::Item>* items);

/// The rows of a partition in order of their keys.
struct GroupedRows {
  Batch rows;
  SortKeys keys;
  std::vector<std::pair<int64_t, int64_t>> groups;  // first row, past the last
  std::string_view key(size_t group) const { return keys.key(groups[group].first); }
};

Result<GroupedRows> GroupRows(std::vector<Exchange::Item> items, const GroupSide& side, TaskContext& task);
/// What is sent of all rows of a partition; groups are slices of it.
Result<external::Stream::BatchPtr> SentRows(const GroupedRows& grouped, const GroupSide& side, TaskContext& task);

}  // namespace sluice::exec
