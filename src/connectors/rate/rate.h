#pragma once
#include "connectors/api/connector.h"

namespace sluice::connectors {

extern const Connector kRateConnector, kRateMicroBatchConnector;

namespace rate {

/// The number of values that are out after `seconds`: the rate climbs in even steps during `ramp_up` seconds.
int64_t ValueAtSecond(int64_t seconds, int64_t rows_per_second, int64_t ramp_up);

}  // namespace rate
}  // namespace sluice::connectors
