#pragma once
// spark_catalog: namespaces of one part, `default` always there; tables are kept by an Iceberg catalog of type hadoop
// under spark.sql.warehouse.dir.
#include "connectors/api/connector.h"

namespace sluice::session {

std::shared_ptr<connectors::Catalog> MakeSessionCatalog(const Config& config);

}  // namespace sluice::session
