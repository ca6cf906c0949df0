#include "connectors/iceberg/hadoop_catalog.h"

namespace sluice::iceberg {
Result<std::shared_ptr<connectors::Catalog>> MakeRestCatalog(const std::string& name, const connectors::Properties&) {
  return UnsupportedFeature("The Iceberg REST catalog " + name);
}
}  // namespace sluice::iceberg
