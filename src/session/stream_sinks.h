#pragma once
// Where a streaming query writes to.
#include "session/session.h"
#include "session/streams.h"

namespace sluice::session {

/// A sink that hands each batch to a function as a plan over its rows.
std::unique_ptr<connectors::StreamSink> MakeForeachBatchSink(
    const DataType& schema, std::function<Status(const plan::PlanPtr&, int64_t)> function);

/// The plan to run and how to make its sink.
struct SinkPlan {
  plan::PlanPtr plan;  // fitted to the table where there is one
  std::function<Result<std::unique_ptr<connectors::StreamSink>>(const std::string& query_id,
                                                                const std::string& checkpoint)>
      make;
};
Result<SinkPlan> PlanSink(Session& session, const plan::PlanPtr& analyzed, const StreamRequest& request);

}  // namespace sluice::session
