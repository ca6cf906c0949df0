#pragma once
// writeStream.foreach and foreachBatch with Python functions.
#include "server/connect/commands.h"
#include "session/streams.h"

namespace sluice::connect {

/// Turns `plan` and `request` into what runs the functions that `start` brings; leaves them alone when there are none.
Status ApplyPythonSink(const proto::WriteStreamOperationStart& start, CommandContext& context, plan::PlanPtr* plan,
                       session::StreamRequest* request);

}  // namespace sluice::connect
