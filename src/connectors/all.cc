// The one place that names the connectors: a line each.
#include "connectors/api/connector.h"
#include "connectors/console/table.h"
#include "connectors/file/table.h"
#include "connectors/iceberg/provider.h"
#include "connectors/kafka/table.h"
#include "connectors/memory/table.h"
#include "connectors/noop/table.h"
#include "connectors/rate/rate.h"
#include "connectors/socket/socket.h"
#include "connectors/state/table.h"

namespace sluice::connectors {

const std::vector<const Connector*>& AllConnectors() {
  static const std::vector<const Connector*> all = {
      &kAvroConnector,   &kConsoleConnector, &kCsvConnector,           &iceberg::kIcebergConnector,
      &kJsonConnector,   &kKafkaConnector,   &kMemoryConnector,        &kNoopConnector,
      &kOrcConnector,    &kParquetConnector, &kRateConnector,          &kRateMicroBatchConnector,
      &kSocketConnector, &kStateConnector,   &kStateMetadataConnector, &kTextConnector,
  };
  return all;
}

const std::vector<const CatalogProvider*>& AllCatalogProviders() {
  static const std::vector<const CatalogProvider*> all = {
      &iceberg::kIcebergCatalogs,
  };
  return all;
}

namespace {

/// Formats of Spark's own that are still to come: refused by name, not as a misspelling.
constexpr std::string_view kToCome[] = {
    "binaryFile", "jdbc", "libsvm", "statestore", "xml",
};

}  // namespace

Result<const Connector*> FindConnector(std::string_view format) {
  const auto same = [&](std::string_view name) {
    const CaseInsensitiveLess less;
    const std::string a(name), b(format);
    return !less(a, b) && !less(b, a);
  };
  for (const Connector* connector : AllConnectors()) {
    if (same(connector->name)) return connector;
    for (std::string_view alias : connector->aliases) {
      if (same(alias)) return connector;
    }
  }
  for (std::string_view name : kToCome) {
    if (same(name)) return UnsupportedFeature("The format " + std::string(name));
  }
  return MakeError("DATA_SOURCE_NOT_FOUND", {{"provider", std::string(format)}});
}

}  // namespace sluice::connectors
