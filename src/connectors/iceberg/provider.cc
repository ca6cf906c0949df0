#include "connectors/iceberg/provider.h"

#include <arrow/compute/initialize.h>

#include "connectors/iceberg/hadoop_catalog.h"
#include "connectors/iceberg/iceberg_table.h"
#include "connectors/iceberg/write_options.h"

namespace sluice::iceberg {

using namespace connectors;  // NOLINT: this file implements its interfaces

namespace {
Result<std::shared_ptr<Catalog>> MakeCatalog(const std::string& name, const connectors::Properties& properties,
                                             const Config&) {
  auto get = [&](const char* key) {
    auto it = properties.find(key);
    return it == properties.end() ? std::string() : it->second;
  };
  if (!get("catalog-impl").empty())
    return UnsupportedFeature("The Iceberg catalog implementation " + get("catalog-impl"));
  std::string type = get("type");
  std::transform(type.begin(), type.end(), type.begin(), [](unsigned char c) { return std::tolower(c); });
  if (type.empty()) type = get("uri").rfind("http", 0) == 0 ? "rest" : "hive";  // Iceberg's default is hive
  if (type == "hadoop") return MakeHadoopCatalog(name, properties);
  if (type == "rest") return MakeRestCatalog(name, properties);
  return UnsupportedFeature(
      fmt::format("The Iceberg catalog type {} (spark.sql.catalog.{}.type takes hadoop or rest)", type, name));
}

/// read.format("iceberg").load("/path/to/table") or "/path/to/table#snapshots".
Result<TablePtr> LoadPath(const FormatRequest& request) {
  std::string path = request.paths.size() == 1 ? request.paths[0] : GetOption(request.options, "path").value_or("");
  if (request.paths.size() > 1) return UnsupportedFeature("Several paths of the format iceberg");
  if (path.empty()) return MakeError("DATA_SOURCE_NOT_FOUND", {{"provider", "iceberg: load() needs a table's path"}});
  std::string metadata_table;
  if (size_t hash = path.rfind('#'); hash != std::string::npos) {
    metadata_table = path.substr(hash + 1);
    path.resize(hash);
  }
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  connectors::Properties properties(request.options.begin(), request.options.end());
  ARROW_ASSIGN_OR_RAISE(FileLocation at, ResolveLocation(path, properties));
  if (at.local && path.find(':') == std::string::npos) path = at.path;
  auto operations = MakeHadoopOperations(std::make_shared<FileIo>(properties), path);
  ARROW_ASSIGN_OR_RAISE(auto metadata, operations->Refresh());
  if (!metadata) return MakeError("PATH_NOT_FOUND", {{"path", path + " (no Iceberg table there)"}});
  TableOrigin origin{path, QuoteIdentifier(path)};
  if (metadata_table.empty()) {
    OptionMap options = request.options;
    for (const char* key : kWriteAuditSettings) {
      auto value = request.config ? request.config->Get(key) : std::nullopt;
      if (value) options.try_emplace(key, *value);
    }
    return MakeIcebergTable(operations, metadata, origin, {}, options);
  }
  if (!IsMetadataTableName(metadata_table)) {
    return MakeError("TABLE_OR_VIEW_NOT_FOUND",
                     {{"relationName", origin.quoted_name + "." + QuoteIdentifier(metadata_table)}});
  }
  return MakeMetadataTable(operations, metadata, origin, metadata_table, {}, request.options);
}
}  // namespace

const Connector kIcebergConnector = {
    .name = "iceberg",
    .aliases = {"org.apache.iceberg.spark.source.IcebergSource"},
    .doc = "Tables in Apache Iceberg, by path; by name through a catalog.",
    .load = &LoadPath,
};

const CatalogProvider kIcebergCatalogs = {
    .classes = {"org.apache.iceberg.spark.SparkCatalog", "org.apache.iceberg.spark.SparkSessionCatalog"},
    .make = &MakeCatalog,
};

}  // namespace sluice::iceberg
