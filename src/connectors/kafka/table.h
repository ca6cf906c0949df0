#pragma once
// format("kafka").
#include "connectors/api/connector.h"

namespace sluice::connectors {

extern const Connector kKafkaConnector;

}  // namespace sluice::connectors
