#include "session/session_catalog.h"

#include <algorithm>
#include <filesystem>
#include <mutex>

#include "session/catalogs.h"
#include "session/settings.h"

namespace sluice::session {

namespace {

using connectors::Namespace;
using connectors::TableIdentifier;

class SessionCatalog final : public connectors::Catalog {
 public:
  explicit SessionCatalog(Config config) : config_(std::move(config)) {}

  const std::string& name() const override { return name_; }
  Namespace default_namespace() const override { return {"default"}; }

  Result<std::vector<Namespace>> ListNamespaces(const Namespace& parent) override {
    if (!parent.empty()) {
      ARROW_RETURN_NOT_OK(CheckExists(parent));
      return std::vector<Namespace>{};
    }
    std::vector<Namespace> out{{"default"}};
    if (!WarehouseExists()) return out;
    ARROW_ASSIGN_OR_RAISE(auto tables, Tables());
    ARROW_ASSIGN_OR_RAISE(auto listed, tables->ListNamespaces({}));
    for (auto& ns : listed)
      if (ns != out[0]) out.push_back(std::move(ns));
    std::sort(out.begin(), out.end());
    return out;
  }
  Result<bool> NamespaceExists(const Namespace& ns) override {
    ARROW_RETURN_NOT_OK(CheckParts(ns));
    if (ns[0] == "default") return true;
    if (!WarehouseExists()) return false;
    ARROW_ASSIGN_OR_RAISE(auto tables, Tables());
    return tables->NamespaceExists(ns);
  }
  Status CreateNamespace(const Namespace& ns, const connectors::Properties& properties, bool if_not_exists) override {
    ARROW_RETURN_NOT_OK(CheckParts(ns));
    if (ns[0] == "default")
      return if_not_exists ? Status::OK() : MakeError("SCHEMA_ALREADY_EXISTS", {{"schemaName", QuoteName(ns)}});
    ARROW_ASSIGN_OR_RAISE(auto tables, Tables());
    return tables->CreateNamespace(ns, properties, if_not_exists);
  }
  Status DropNamespace(const Namespace& ns, bool if_exists, bool cascade) override {
    ARROW_RETURN_NOT_OK(CheckParts(ns));
    if (ns[0] == "default") return MakeError("UNSUPPORTED_FEATURE.DROP_NAMESPACE", {{"namespace", QuoteName(ns)}});
    ARROW_ASSIGN_OR_RAISE(bool exists, NamespaceExists(ns));
    if (!exists) return if_exists ? Status::OK() : NotFound(ns);
    ARROW_ASSIGN_OR_RAISE(auto tables, Tables());
    return tables->DropNamespace(ns, if_exists, cascade);
  }
  Result<connectors::Properties> LoadNamespace(const Namespace& ns) override {
    ARROW_RETURN_NOT_OK(CheckExists(ns));
    connectors::Properties properties;
    if (WarehouseExists() && ns[0] != "default") {
      ARROW_ASSIGN_OR_RAISE(auto tables, Tables());
      ARROW_ASSIGN_OR_RAISE(properties, tables->LoadNamespace(ns));
    }
    if (ns[0] == "default") properties.emplace("comment", "default database");
    properties.emplace("location", "file:" + Warehouse() + (ns[0] == "default" ? "" : "/" + ns[0]));
    return properties;
  }

  Result<std::vector<std::string>> ListTables(const Namespace& ns) override {
    ARROW_RETURN_NOT_OK(CheckExists(ns));
    if (!WarehouseExists()) return std::vector<std::string>{};
    ARROW_ASSIGN_OR_RAISE(auto tables, Tables());
    ARROW_ASSIGN_OR_RAISE(bool exists, tables->NamespaceExists(ns));
    if (!exists) return std::vector<std::string>{};
    return tables->ListTables(ns);
  }
  Result<bool> TableExists(const TableIdentifier& id) override {
    ARROW_RETURN_NOT_OK(CheckParts(id.ns));
    if (!WarehouseExists()) return false;
    ARROW_ASSIGN_OR_RAISE(auto tables, Tables());
    return tables->TableExists(id);
  }
  Result<connectors::TablePtr> LoadTable(const TableIdentifier& id, const connectors::TableVersion& version,
                                         const OptionMap& options) override {
    if (id.ns.size() != 1 && id.ns.size() != 2) ARROW_RETURN_NOT_OK(CheckParts(id.ns));
    NameParts full = id.ns;
    full.push_back(id.name);
    if (!WarehouseExists()) {
      ARROW_RETURN_NOT_OK(CheckParts(id.ns));
      return MakeError("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", QuoteName(full)}});
    }
    ARROW_ASSIGN_OR_RAISE(auto tables, Tables());
    auto loaded = tables->LoadTable(id, version, options);
    if (!loaded.ok() && ConditionOf(loaded.status()) == "TABLE_OR_VIEW_NOT_FOUND")
      ARROW_RETURN_NOT_OK(CheckParts(id.ns));
    return loaded;
  }
  Result<connectors::TablePtr> CreateTable(const TableIdentifier& id,
                                           const connectors::TableDefinition& definition) override {
    ARROW_ASSIGN_OR_RAISE(auto tables, ForNewTable(id));
    return tables->CreateTable(id, definition);
  }
  Result<std::unique_ptr<connectors::StagedTable>> StageTable(const TableIdentifier& id,
                                                              const connectors::TableDefinition& definition,
                                                              bool replace) override {
    ARROW_ASSIGN_OR_RAISE(auto tables, ForNewTable(id));
    return tables->StageTable(id, definition, replace);
  }
  Result<bool> DropTable(const TableIdentifier& id, bool purge) override {
    ARROW_RETURN_NOT_OK(CheckParts(id.ns));
    if (!WarehouseExists()) return false;
    ARROW_ASSIGN_OR_RAISE(auto tables, Tables());
    return tables->DropTable(id, purge);
  }

 private:
  std::string Warehouse() const {
    std::string dir = config_.Get(kWarehouseDir);
    if (dir.rfind("file:", 0) == 0) dir = dir.substr(dir.rfind("file://", 0) == 0 ? 7 : 5);
    return dir.find("://") == std::string::npos ? std::filesystem::absolute(dir).lexically_normal().string() : dir;
  }
  /// Reading a session without tables leaves no folder behind.
  bool WarehouseExists() const {
    std::string dir = Warehouse();
    std::error_code ignored;
    return dir.find("://") != std::string::npos || std::filesystem::exists(dir, ignored);
  }
  static Status CheckParts(const Namespace& ns) {
    if (ns.size() == 1) return Status::OK();
    return MakeError("REQUIRES_SINGLE_PART_NAMESPACE",
                     {{"sessionCatalog", kSessionCatalog}, {"namespace", QuoteName(ns)}});
  }
  static Status NotFound(const Namespace& ns) {
    NameParts full{kSessionCatalog};
    full.insert(full.end(), ns.begin(), ns.end());
    return MakeError("SCHEMA_NOT_FOUND", {{"schemaName", QuoteName(full)}});
  }
  Status CheckExists(const Namespace& ns) {
    ARROW_ASSIGN_OR_RAISE(bool exists, NamespaceExists(ns));
    return exists ? Status::OK() : NotFound(ns);
  }
  Result<std::shared_ptr<connectors::Catalog>> ForNewTable(const TableIdentifier& id) {
    ARROW_RETURN_NOT_OK(CheckExists(id.ns));
    ARROW_ASSIGN_OR_RAISE(auto tables, Tables());
    if (id.ns[0] == "default") ARROW_RETURN_NOT_OK(tables->CreateNamespace(id.ns, {}, /*if_not_exists=*/true));
    return tables;
  }
  Result<std::shared_ptr<connectors::Catalog>> Tables() {
    std::lock_guard lock(mutex_);
    if (tables_) return tables_;
    connectors::Properties properties{{"type", "hadoop"}, {"warehouse", Warehouse()}};
    const std::string prefix = std::string("spark.sql.catalog.") + kSessionCatalog + ".";
    for (const auto& [key, value] : config_.values())
      if (key.rfind(prefix, 0) == 0 && value != "hive") properties[key.substr(prefix.size())] = value;
    for (const auto* provider : connectors::AllCatalogProviders())
      for (auto cls : provider->classes)
        if (cls == "org.apache.iceberg.spark.SparkCatalog") {
          ARROW_ASSIGN_OR_RAISE(tables_, provider->make(kSessionCatalog, properties, config_));
          return tables_;
        }
    return UnsupportedFeature("tables in spark_catalog");
  }

  const std::string name_ = kSessionCatalog;
  const Config config_;
  std::mutex mutex_;
  std::shared_ptr<connectors::Catalog> tables_;
};

}  // namespace

std::shared_ptr<connectors::Catalog> MakeSessionCatalog(const Config& config) {
  return std::make_shared<SessionCatalog>(config);
}

}  // namespace sluice::session
