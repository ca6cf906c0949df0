#pragma once
// Functions that run in processes of their own, as the engine sees them: batches of rows out, batches of rows in.
#include <arrow/record_batch.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/config.h"
#include "sluice/types.h"

namespace sluice::external {

/// What a function takes and gives.
enum class Shape : uint8_t {
  kColumn,          // columns -> a column of as many rows, batch by batch
  kColumnIterator,  // the same over a whole partition; result batches end where they like
  kPartition,       // the rows of a partition -> rows
  kGroup,           // the rows of a group -> rows
  kCoGroup,         // the rows of a group on two sides -> rows
  kAggregate,       // columns of a group -> a value
  kTable,           // the values of a row -> rows
  kGroupState,      // the rows of a group and a value that stays from batch to batch -> rows and the new value
  kProcessor,  // the rows of a group -> rows, with variables and timers that it asks for (external/api/processor.h)
};

class Function;
class GroupStateStream;  // external/api/group_state.h
struct GroupStateRequest;
struct ProcessorRequest;  // external/api/processor.h

/// A column of the input, given by position or, with a name, as a keyword argument.
struct Argument {
  int column = 0;
  std::string name;
};
struct Call {
  const Function* function = nullptr;
  std::vector<Argument> arguments;
};

/// Which columns of an input are the keys of groups, and which the function sees as rows.
struct GroupColumns {
  std::vector<int> keys, values;
};

/// One task's use of some functions.
struct StreamRequest {
  std::vector<Call> calls;           // kColumn, kAggregate: one or more; else one
  std::vector<DataType> inputs;      // a STRUCT each; kCoGroup has two
  std::vector<GroupColumns> groups;  // kGroup, kCoGroup: for each input
  int64_t partition = 0;
  int64_t batch_id = 0;  // of a streaming query
  Config config;         // the session's
  CancelToken cancel;
};

/// Rows on their way through a process. Results are handed out while input is written, as they come, so that neither
/// side waits for the other. One thread at a time; destroyed early, it gives the task up.
class Stream {
 public:
  using BatchPtr = std::shared_ptr<arrow::RecordBatch>;
  /// Columns: one for each call (kColumn, kColumnIterator, kAggregate), else the fields of the function's result type,
  /// in the physical form of types/arrow_types.h.
  using Consume = std::function<Status(BatchPtr)>;

  virtual ~Stream() = default;
  /// Sends a batch or, of shapes with groups, all of a group: one batch for each input. Columns are in physical form.
  /// Errors of both: what the function raised, as its language shows it; a process that died; those of `consume`.
  virtual Status Write(std::span<const BatchPtr> inputs, const Consume& consume) = 0;
  /// No more input: returns when the last result was handed out.
  virtual Status Finish(const Consume& consume) = 0;
  /// The function takes no more input.
  virtual bool ended() const = 0;
};

/// Immutable; shared by plans.
class Function {
 public:
  virtual ~Function() = default;
  virtual const std::string& name() const = 0;
  virtual Shape shape() const = 0;
  /// A STRUCT for functions that give rows.
  virtual const DataType& result_type() const = 0;
  virtual bool deterministic() const = 0;
  /// Both can be evaluated by one stream.
  virtual bool CanShareStream(const Function& other) const = 0;
  /// "Python" ...
  virtual std::string_view language() const = 0;
  /// Its operator's name in EXPLAIN: "ArrowEvalPython".
  virtual std::string_view operator_name() const = 0;
  virtual Result<std::unique_ptr<Stream>> Open(StreamRequest request) const = 0;
  /// Of kGroupState and kProcessor, in place of Open.
  virtual Result<std::unique_ptr<GroupStateStream>> OpenGroupState(GroupStateRequest request) const;
  virtual Result<std::unique_ptr<Stream>> OpenProcessor(ProcessorRequest request) const;
};
using FunctionPtr = std::shared_ptr<const Function>;

}  // namespace sluice::external
