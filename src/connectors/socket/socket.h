#pragma once
#include "connectors/api/connector.h"

namespace sluice::connectors {
extern const Connector kSocketConnector;
}
