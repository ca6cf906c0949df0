#pragma once
// format("console"): prints each micro-batch (or a batch query's rows) as show() does.
#include "connectors/api/connector.h"

namespace sluice::connectors {

extern const Connector kConsoleConnector;

}  // namespace sluice::connectors
