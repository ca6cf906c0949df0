#pragma once
// Functions over groups of rows that keep one value of each group from batch to batch (applyInPandasWithState).
#include <span>
#include <string_view>

#include "external/api/function.h"

namespace sluice::external {

struct GroupStateRequest {
  StreamRequest task;   // one call, one input
  DataType state;       // STRUCT: of the value
  std::string timeout;  // "NoTimeout", "ProcessingTimeTimeout", "EventTimeTimeout"
  int64_t batch_ms = 0;
  std::optional<int64_t> watermark_ms;  // where the rows have one
};

/// Groups of a batch on their way to the function.
struct Groups {
  Stream::BatchPtr rows;                       // group after group, in physical form
  std::vector<int64_t> sizes;                  // rows of each group, > 0
  std::vector<std::span<const uint8_t>> keys;  // of each group; they come back with its changes
  std::shared_ptr<arrow::Array> states;        // of each group; null: it has none
  bool timed_out = false;                      // they are here for their time is up: one row each, of keys alone
};

/// What a call of the function did to the value of its group.
struct GroupChange {
  std::string_view key;
  bool exists = false;  // there is a value after the call
  bool updated = false, removed = false;
  int64_t timeout_ms = -1, timeout_before_ms = -1;  // -1: none
};

/// As Stream, for one batch.
class GroupStateStream {
 public:
  virtual ~GroupStateStream() = default;
  /// `states`: the new value of each change, of the state's type; null where there is none.
  using Changes = std::function<Status(std::span<const GroupChange>, std::shared_ptr<arrow::Array> states)>;
  virtual Status Write(const Groups& groups, const Stream::Consume& consume, const Changes& changes) = 0;
  virtual Status Finish(const Stream::Consume& consume, const Changes& changes) = 0;
};

}  // namespace sluice::external
