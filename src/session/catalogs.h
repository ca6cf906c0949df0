#pragma once
// Catalogs by Spark's keys: spark.sql.catalog.NAME = class, with its properties below NAME.
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/config.h"
#include "connectors/api/connector.h"

namespace sluice::session {

using NameParts = std::vector<std::string>;

inline constexpr char kSessionCatalog[] = "spark_catalog";

/// `a`.`b`, as messages show names.
std::string QuoteName(const NameParts& parts);

/// A name cut into its catalog and what that catalog knows it by.
struct ResolvedName {
  std::shared_ptr<connectors::Catalog> catalog;
  NameParts rest;
  connectors::TableIdentifier table() const { return {NameParts(rest.begin(), rest.end() - 1), rest.back()}; }
};

/// The catalogs of one session and where unqualified names land. Thread-safe.
class Catalogs {
 public:
  /// The catalog `name`; CATALOG_NOT_FOUND when no key names it.
  Result<std::shared_ptr<connectors::Catalog>> Get(const std::string& name, const Config& config);
  /// Catalogs used so far and spark_catalog, sorted.
  std::vector<std::string> Names(const Config& config) const;
  /// Becomes what `other` is now.
  void CopyFrom(const Catalogs& other);
  static bool IsConfigured(const std::string& name, const Config& config);

  std::string current_catalog(const Config& config) const;
  connectors::Namespace current_namespace(const Config& config);
  Status SetCurrentCatalog(const std::string& name, const Config& config);
  /// SCHEMA_NOT_FOUND when it is not there.
  Status SetCurrentNamespace(const std::string& catalog, const connectors::Namespace& ns, const Config& config);

  /// A table's name: catalog.ns.table, ns.table in the current catalog, table in the current namespace.
  Result<ResolvedName> ResolveTable(const NameParts& name, const Config& config);
  /// A namespace's name; {} is the current one.
  Result<ResolvedName> ResolveNamespace(const NameParts& name, const Config& config);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<connectors::Catalog>> loaded_;
  std::string current_;
  bool namespace_set_ = false;
  connectors::Namespace namespace_;
};

}  // namespace sluice::session
