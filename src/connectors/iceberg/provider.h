#pragma once
// What connectors/all.cc registers.
#include "connectors/api/connector.h"

namespace sluice::iceberg {

extern const connectors::Connector kIcebergConnector;
extern const connectors::CatalogProvider kIcebergCatalogs;

}  // namespace sluice::iceberg
