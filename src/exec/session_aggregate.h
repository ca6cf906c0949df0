#pragma once
// GROUP BY session_window(...): rows of a key that follow each other within the gap form one group.
#include "exec/aggregate.h"
#include "exec/stateful.h"

namespace sluice::exec {

/// The grouping that is a session window; -1: none is.
int SessionKeyOf(const plan::Aggregate& aggregate);

/// Over a table. Each row is a session of its own at first (the analyzer's column); those that touch are merged.
Result<ExecNodePtr> MakeSessions(CompiledAggregate compiled, ExecNodePtr child);

/// Over a stream.
///
/// Output  keys and session..., a column a call: append: sessions that the watermark closed; complete: all
/// State   (keys without session, sessionStartTime) -> (keys and session, aggregation buffers), in Spark's layout
/// Late    sessions of one row that end <= the watermark of the batch before: dropped, even if they would join an open
/// one
Result<ExecNodePtr> MakeStatefulSessions(CompiledAggregate compiled, state::StatefulOperator op,
                                         std::string output_mode, ExecNodePtr child);

}  // namespace sluice::exec
