#pragma once
// What a worker reads before the rows: the task, the session's settings, the functions.
#include <string>

#include "external/api/function.h"
#include "external/python/function.h"

namespace sluice::python {

/// How rows travel for a kind of function.
struct Framing {
  EvalType type;               // what the worker is told
  bool groups = false;         // each group is a stream of its own behind the number of its inputs
  bool one_struct = false;     // rows go in as one STRUCT column
  bool struct_result = false;  // rows come back as one
  bool sees_batches = false;   // so they must be as large as Spark's
};
Framing FramingOf(EvalType type);

/// The message for `request`, whose calls are all of one kind. `state`: what the worker reads of the function's state,
/// behind the settings.
Result<std::string> TaskMessage(const external::StreamRequest& request, const Version& version,
                                const SessionFiles& files, const std::string& state = "");

/// Rows of a batch that a worker sees, at most.
int64_t MostRows(const Config& config);
std::string TimeZoneOf(const Config& config);

}  // namespace sluice::python
