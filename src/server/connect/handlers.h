#pragma once
// Calls that answer at once.
#include <spark/connect/base.pb.h>

#include "server/connect/sessions.h"

namespace sluice::connect {

/// config.cc
Status HandleConfig(const proto::ConfigRequest& request, ConnectSession& session, proto::ConfigResponse* response);
/// analyze.cc
Status HandleAnalyze(const proto::AnalyzePlanRequest& request, ConnectSession& session,
                     proto::AnalyzePlanResponse* response);

}  // namespace sluice::connect
