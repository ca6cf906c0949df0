#pragma once
// format("noop"): takes rows and drops them, to measure what comes before.
#include "connectors/api/connector.h"

namespace sluice::connectors {

extern const Connector kNoopConnector;

}  // namespace sluice::connectors
