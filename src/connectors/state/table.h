#pragma once
// The sources "statestore" and "state-metadata": what a checkpoint keeps of a query's stateful operators.
#include "connectors/api/connector.h"

namespace sluice::connectors {

extern const Connector kStateConnector;
extern const Connector kStateMetadataConnector;

}  // namespace sluice::connectors
