#pragma once
#include "connectors/api/connector.h"

namespace sluice::connectors {
extern const Connector kTextConnector, kJsonConnector, kCsvConnector, kParquetConnector, kOrcConnector, kAvroConnector;
}
