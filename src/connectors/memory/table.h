#pragma once
// format("memory"): keeps what a stream wrote; the table it is written to can be read.
#include "connectors/api/connector.h"

namespace sluice::connectors {

extern const Connector kMemoryConnector;

}  // namespace sluice::connectors
