#include "session/catalogs.h"

#include <algorithm>
#include <set>

#include "session/session_catalog.h"
#include "session/settings.h"

namespace sluice::session {

namespace {
constexpr char kPrefix[] = "spark.sql.catalog.";
}

std::string QuoteName(const NameParts& parts) {
  std::string out;
  for (const auto& part : parts) out += (out.empty() ? "" : ".") + QuoteIdentifier(part);
  return out;
}

void Catalogs::CopyFrom(const Catalogs& other) {
  std::scoped_lock lock(mutex_, other.mutex_);
  loaded_ = other.loaded_;
  current_ = other.current_;
  namespace_set_ = other.namespace_set_;
  namespace_ = other.namespace_;
}

bool Catalogs::IsConfigured(const std::string& name, const Config& config) {
  return name == kSessionCatalog || config.values().count(kPrefix + name) > 0;
}

Result<std::shared_ptr<connectors::Catalog>> Catalogs::Get(const std::string& name, const Config& config) {
  std::lock_guard lock(mutex_);
  if (auto it = loaded_.find(name); it != loaded_.end()) return it->second;
  if (name == kSessionCatalog) return loaded_[name] = MakeSessionCatalog(config);
  auto cls = config.Get(kPrefix + name);
  if (!cls)
    return MakeError("CATALOG_NOT_FOUND",
                     {{"catalogName", QuoteIdentifier(name)}, {"config", "\"" + std::string(kPrefix) + name + "\""}});
  connectors::Properties properties;
  const std::string prefix = kPrefix + name + ".";
  for (const auto& [key, value] : config.values())
    if (key.rfind(prefix, 0) == 0) properties[key.substr(prefix.size())] = value;
  for (const auto* provider : connectors::AllCatalogProviders()) {
    if (std::find(provider->classes.begin(), provider->classes.end(), *cls) == provider->classes.end()) continue;
    ARROW_ASSIGN_OR_RAISE(auto catalog, provider->make(name, properties, config));
    return loaded_[name] = catalog;
  }
  return UnsupportedFeature("catalog class " + *cls + " (key " + kPrefix + name + ")");
}

std::vector<std::string> Catalogs::Names(const Config&) const {
  std::lock_guard lock(mutex_);
  std::set<std::string> names{kSessionCatalog};
  for (const auto& [name, _] : loaded_) names.insert(name);
  return {names.begin(), names.end()};
}

std::string Catalogs::current_catalog(const Config& config) const {
  std::lock_guard lock(mutex_);
  return current_.empty() ? config.Get(kDefaultCatalog) : current_;
}

connectors::Namespace Catalogs::current_namespace(const Config& config) {
  std::string name = current_catalog(config);
  {
    std::lock_guard lock(mutex_);
    if (namespace_set_) return namespace_;
  }
  auto catalog = Get(name, config);
  return catalog.ok() ? (*catalog)->default_namespace() : connectors::Namespace{};
}

Status Catalogs::SetCurrentCatalog(const std::string& name, const Config& config) {
  ARROW_RETURN_NOT_OK(Get(name, config).status());
  std::lock_guard lock(mutex_);
  if (current_ == name) return Status::OK();
  current_ = name;
  namespace_set_ = false;
  return Status::OK();
}

Status Catalogs::SetCurrentNamespace(const std::string& name, const connectors::Namespace& ns, const Config& config) {
  ARROW_ASSIGN_OR_RAISE(auto catalog, Get(name, config));
  ARROW_ASSIGN_OR_RAISE(bool exists, catalog->NamespaceExists(ns));
  if (!exists) {
    NameParts full{name};
    full.insert(full.end(), ns.begin(), ns.end());
    return MakeError("SCHEMA_NOT_FOUND", {{"schemaName", QuoteName(full)}});
  }
  std::lock_guard lock(mutex_);
  current_ = name;
  namespace_ = ns;
  namespace_set_ = true;
  return Status::OK();
}

Result<ResolvedName> Catalogs::ResolveTable(const NameParts& name, const Config& config) {
  ResolvedName out;
  if (name.size() > 1 && IsConfigured(name[0], config)) {
    ARROW_ASSIGN_OR_RAISE(out.catalog, Get(name[0], config));
    out.rest.assign(name.begin() + 1, name.end());
    if (out.rest.size() == 1) {
      connectors::Namespace ns = out.catalog->default_namespace();
      out.rest.insert(out.rest.begin(), ns.begin(), ns.end());
    }
    return out;
  }
  ARROW_ASSIGN_OR_RAISE(out.catalog, Get(current_catalog(config), config));
  if (name.size() == 1) out.rest = current_namespace(config);
  out.rest.insert(out.rest.end(), name.begin(), name.end());
  return out;
}

Result<ResolvedName> Catalogs::ResolveNamespace(const NameParts& name, const Config& config) {
  ResolvedName out;
  if (!name.empty() && IsConfigured(name[0], config)) {
    ARROW_ASSIGN_OR_RAISE(out.catalog, Get(name[0], config));
    out.rest.assign(name.begin() + 1, name.end());
    return out;
  }
  ARROW_ASSIGN_OR_RAISE(out.catalog, Get(current_catalog(config), config));
  out.rest = name.empty() ? current_namespace(config) : name;
  return out;
}

}  // namespace sluice::session
