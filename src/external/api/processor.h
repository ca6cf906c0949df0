#pragma once
// Functions over groups of rows that keep variables and timers of their own (transformWithState). They open a Stream:
// what is written is the rows of one group, or of several, group after group; where the request has a second input, the
// rows of one group and, beside them, those that its state begins with. The rest they ask of `variables`.
#include "external/api/function.h"

namespace sluice::state {
class Variables;  // state/variables.h
}

namespace sluice::external {

struct ProcessorRequest {
  StreamRequest task;     // one call
  DataType key;           // STRUCT: of the grouping
  std::string time_mode;  // "None", "ProcessingTime", "EventTime"
  int64_t batch_ms = 0;
  int64_t watermark_ms = 0;
  state::Variables* variables = nullptr;  // of the partition
};

}  // namespace sluice::external
