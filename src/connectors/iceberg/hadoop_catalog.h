#pragma once
#include <memory>
#include <string>

#include "connectors/api/catalog.h"

namespace sluice::iceberg {

/// A catalog of folders: warehouse/namespace/table/metadata. Its property "warehouse" is required.
Result<std::shared_ptr<connectors::Catalog>> MakeHadoopCatalog(const std::string& name,
                                                               const connectors::Properties& properties);

/// Over Iceberg's REST protocol. Its property "uri" is required.
Result<std::shared_ptr<connectors::Catalog>> MakeRestCatalog(const std::string& name,
                                                             const connectors::Properties& properties);

}  // namespace sluice::iceberg
