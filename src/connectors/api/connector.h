#pragma once
// A format by name ("kafka", "iceberg", "socket" ...), and kinds of catalogs.
#include "connectors/api/catalog.h"
#include "connectors/api/table.h"

namespace sluice::connectors {

/// What read/write.format(...).options(...).load(paths)/save(path) gave.
struct FormatRequest {
  OptionMap options;
  std::vector<std::string> paths;
  std::optional<DataType> schema;  // given by the user
  bool is_streaming = false;
  bool for_write = false;
  const Config* config = nullptr;
};

/// One connector: a folder, registered by one line of connectors/all.cc.
struct Connector {
  std::string_view name;                       // short name
  std::vector<std::string_view> aliases = {};  // Spark's class names and packages
  std::string_view doc = {};
  /// A Table for the request. Errors name the option at fault.
  Result<TablePtr> (*load)(const FormatRequest& request) = nullptr;
};

/// Makes a catalog from spark.sql.catalog.NAME = class and its .properties.
struct CatalogProvider {
  std::vector<std::string_view> classes;  // "org.apache.iceberg.spark.SparkCatalog"
  Result<std::shared_ptr<Catalog>> (*make)(const std::string& name, const Properties& properties,
                                           const Config& config) = nullptr;
};

/// connectors/all.cc.
const std::vector<const Connector*>& AllConnectors();
const std::vector<const CatalogProvider*>& AllCatalogProviders();
/// By short name or alias, case-insensitive. DATA_SOURCE_NOT_FOUND.
Result<const Connector*> FindConnector(std::string_view format);

}  // namespace sluice::connectors
