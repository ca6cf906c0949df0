#include <mutex>

#include "connectors/iceberg/definition.h"
#include "connectors/iceberg/hadoop_catalog.h"
#include "connectors/iceberg/iceberg_table.h"
#include "connectors/iceberg/rest_operations.h"

namespace sluice::iceberg {

using namespace connectors;  // NOLINT: this file implements its interfaces
using Json = nlohmann::json;

namespace {
class RestStagedTable final : public StagedTable {
 public:
  RestStagedTable(TableOperationsPtr operations, MetadataPtr base, std::shared_ptr<StagedOperations> staged,
                  TablePtr table, std::string quoted_name)
      : operations_(std::move(operations)), base_(std::move(base)), staged_(std::move(staged)),
        table_(std::move(table)), quoted_name_(std::move(quoted_name)) {}
  TablePtr table() override { return table_; }
  Status Commit() override {
    Status status = operations_->Commit(base_, *staged_->current());
    if (status.IsAlreadyExists() && !base_)
      return MakeError("TABLE_OR_VIEW_ALREADY_EXISTS", {{"relationName", quoted_name_}});
    return status;
  }
  void Abort() override {}  // the write's own Abort removes its files; the server knows of nothing

 private:
  TableOperationsPtr operations_;
  MetadataPtr base_;
  std::shared_ptr<StagedOperations> staged_;
  TablePtr table_;
  std::string quoted_name_;
};

class RestCatalog final : public Catalog {
 public:
  RestCatalog(std::string name, std::shared_ptr<RestClient> client)
      : name_(std::move(name)), client_(std::move(client)) {}

  const std::string& name() const override { return name_; }

  Result<std::vector<Namespace>> ListNamespaces(const Namespace& parent) override {
    std::string path = "namespaces";
    if (!parent.empty()) path += "?parent=" + Encoded(parent);
    ARROW_ASSIGN_OR_RAISE(auto items, ListAll(path, "namespaces", parent));
    std::vector<Namespace> out;
    for (const Json& item : items) {
      Namespace ns;
      if (item.is_array()) {
        for (const Json& part : item) ns.push_back(part.is_string() ? part.get<std::string>() : "");
      }
      out.push_back(std::move(ns));
    }
    return out;
  }

  Result<bool> NamespaceExists(const Namespace& ns) override {
    if (ns.empty()) return true;
    ARROW_ASSIGN_OR_RAISE(auto response, client_->Send("GET", "namespaces/" + Encoded(ns)));
    if (response.status == 404) return false;
    return response.ok() ? Result<bool>(true) : client_->Failure("looking up a namespace", response);
  }

  Status CreateNamespace(const Namespace& ns, const connectors::Properties& properties, bool if_not_exists) override {
    Json body = {{"namespace", ns}, {"properties", properties.empty() ? Json::object() : Json(properties)}};
    ARROW_ASSIGN_OR_RAISE(auto response, client_->Send("POST", "namespaces", body));
    if (response.ok()) return Status::OK();
    if (response.status != 409) return client_->Failure("creating a namespace", response);
    return if_not_exists ? Status::OK() : MakeError("SCHEMA_ALREADY_EXISTS", {{"schemaName", QuotedName(ns)}});
  }

  Status DropNamespace(const Namespace& ns, bool if_exists, bool cascade) override {
    if (cascade) {
      ARROW_ASSIGN_OR_RAISE(bool exists, NamespaceExists(ns));
      if (exists) {
        ARROW_ASSIGN_OR_RAISE(auto tables, ListTables(ns));
        for (const auto& table : tables) ARROW_RETURN_NOT_OK(DropTable({ns, table}, false).status());
        ARROW_ASSIGN_OR_RAISE(auto children, ListNamespaces(ns));
        for (const auto& child : children) ARROW_RETURN_NOT_OK(DropNamespace(child, true, true));
      }
    }
    ARROW_ASSIGN_OR_RAISE(auto response, client_->Send("DELETE", "namespaces/" + Encoded(ns)));
    if (response.ok()) return Status::OK();
    if (response.status == 404) return if_exists ? Status::OK() : NoNamespace(ns);
    bool not_empty = response.status == 409 || response.Reason().find("NotEmpty") != std::string::npos;
    if (not_empty) return MakeError("SCHEMA_NOT_EMPTY", {{"schemaName", QuotedName(ns, "", name_)}});
    return client_->Failure("dropping a namespace", response);
  }

  Result<connectors::Properties> LoadNamespace(const Namespace& ns) override {
    ARROW_ASSIGN_OR_RAISE(auto response, client_->Send("GET", "namespaces/" + Encoded(ns)));
    if (response.status == 404) return NoNamespace(ns);
    if (!response.ok()) return client_->Failure("loading a namespace", response);
    connectors::Properties out;
    if (response.body.is_object() && response.body.contains("properties") && response.body["properties"].is_object()) {
      for (const auto& [key, value] : response.body["properties"].items()) {
        if (value.is_string()) out[key] = value.get<std::string>();
      }
    }
    return out;
  }

  Result<std::vector<std::string>> ListTables(const Namespace& ns) override {
    ARROW_ASSIGN_OR_RAISE(auto items, ListAll("namespaces/" + Encoded(ns) + "/tables", "identifiers", ns));
    std::vector<std::string> out;
    for (const Json& item : items) {
      if (item.is_object()) out.push_back(TextOf(item, "name"));
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  Result<bool> TableExists(const TableIdentifier& id) override {
    if (id.ns.empty()) return false;
    ARROW_ASSIGN_OR_RAISE(auto response, client_->Send("GET", Path(id)));
    if (response.status == 404) return false;
    return response.ok() ? Result<bool>(true) : client_->Failure("looking up a table", response);
  }

  Result<TablePtr> LoadTable(const TableIdentifier& id, const TableVersion& version,
                             const OptionMap& options) override {
    return LoadNamedTable(name_, id, version, options, [this](const TableIdentifier& wanted) { return Find(wanted); });
  }

  Result<TablePtr> CreateTable(const TableIdentifier& id, const TableDefinition& definition) override {
    ARROW_ASSIGN_OR_RAISE(auto response, Create(id, definition, false));
    ARROW_ASSIGN_OR_RAISE(auto found, Opened(id, response.body));
    return MakeIcebergTable(found.operations, found.metadata, OriginOf(name_, id), {}, {});
  }

  Result<std::unique_ptr<StagedTable>> StageTable(const TableIdentifier& id, const TableDefinition& definition,
                                                  bool replace) override {
    ARROW_ASSIGN_OR_RAISE(auto found, Find(id));
    if (found.metadata && !replace) return TableExistsError(id);
    MetadataPtr base = found.metadata;
    std::shared_ptr<StagedOperations> staged;
    if (base) {
      ARROW_ASSIGN_OR_RAISE(auto next,
                            MetadataOf(WithCatalogProperties(definition, client_->properties()), base->location));
      staged = std::make_shared<StagedOperations>(found.operations->io(), Replacing(*base, std::move(next)));
    } else {
      ARROW_ASSIGN_OR_RAISE(auto response, Create(id, definition, true));
      ARROW_ASSIGN_OR_RAISE(found, Opened(id, response.body));
      staged = std::make_shared<StagedOperations>(found.operations->io(), *found.metadata);
    }
    ARROW_ASSIGN_OR_RAISE(auto table, MakeIcebergTable(staged, staged->current(), OriginOf(name_, id), {}, {}));
    return std::make_unique<RestStagedTable>(found.operations, base, staged, std::move(table),
                                             QuotedName(id.ns, id.name));
  }

  Result<bool> DropTable(const TableIdentifier& id, bool purge) override {
    ARROW_ASSIGN_OR_RAISE(
        auto response, client_->Send("DELETE", Path(id) + (purge ? "?purgeRequested=true" : "?purgeRequested=false")));
    if (response.status == 404) return false;
    if (!response.ok()) return client_->Failure("dropping a table", response);
    std::lock_guard lock(mutex_);
    operations_.erase(Path(id));
    return true;
  }

 private:
  std::string Encoded(const Namespace& ns) const {
    auto separator = client_->properties().find("namespace-separator");  // servers may choose theirs, encoded
    std::string out;
    for (const auto& part : ns) {
      if (!out.empty()) out += separator == client_->properties().end() ? "%1F" : separator->second;
      out += UrlEncode(part);
    }
    return out;
  }
  std::string Path(const TableIdentifier& id) const {
    return "namespaces/" + Encoded(id.ns) + "/tables/" + UrlEncode(id.name);
  }
  Status NoNamespace(const Namespace& ns) const {
    return MakeError("SCHEMA_NOT_FOUND", {{"schemaName", QuotedName(ns, "", name_)}});
  }
  static Status TableExistsError(const TableIdentifier& id) {
    return MakeError("TABLE_OR_VIEW_ALREADY_EXISTS", {{"relationName", QuotedName(id.ns, id.name)}});
  }

  Result<std::vector<Json>> ListAll(const std::string& path, const char* key, const Namespace& ns) {
    std::vector<Json> out;
    std::string token;
    do {
      std::string page = path;
      if (!token.empty())
        page += (path.find('?') == std::string::npos ? "?pageToken=" : "&pageToken=") + UrlEncode(token);
      ARROW_ASSIGN_OR_RAISE(auto response, client_->Send("GET", page));
      if (response.status == 404) return NoNamespace(ns);
      if (!response.ok()) return client_->Failure("listing", response);
      if (!response.body.is_object() || !response.body.contains(key) || !response.body[key].is_array()) break;
      for (Json& item : response.body[key]) out.push_back(std::move(item));
      auto next = response.body.find("next-page-token");
      token = next != response.body.end() && next->is_string() ? next->get<std::string>() : "";
    } while (!token.empty());
    return out;
  }

  Result<FoundTable> Find(const TableIdentifier& id) {
    if (id.ns.empty()) return FoundTable{};
    {
      std::lock_guard lock(mutex_);
      auto it = operations_.find(Path(id));
      if (it != operations_.end()) {
        FoundTable found{it->second, nullptr};
        ARROW_ASSIGN_OR_RAISE(found.metadata, found.operations->Refresh());
        return found;
      }
    }
    ARROW_ASSIGN_OR_RAISE(auto response, client_->Send("GET", Path(id)));
    // Some servers take names of several levels for malformed ones.
    if (response.status == 404 || (response.status == 400 && id.ns.size() > 1)) return FoundTable{};
    if (!response.ok()) return client_->Failure("loading a table", response);
    return Opened(id, response.body);
  }

  /// Operations on the table of a LoadTableResult, with the file settings the server gave for it.
  Result<FoundTable> Opened(const TableIdentifier& id, const Json& result) {
    Properties properties = client_->properties();
    if (result.is_object() && result.contains("config") && result["config"].is_object()) {
      for (const auto& [key, value] : result["config"].items()) {
        if (value.is_string()) properties[key] = value.get<std::string>();
      }
    }
    auto operations = std::make_shared<RestOperations>(client_, std::make_shared<FileIo>(std::move(properties)),
                                                       Path(id), Json{{"namespace", id.ns}, {"name", id.name}});
    ARROW_RETURN_NOT_OK(operations->Accept(result));
    std::lock_guard lock(mutex_);
    operations_[Path(id)] = operations;
    return FoundTable{operations, operations->current()};
  }

  Result<RestResponse> Create(const TableIdentifier& id, const TableDefinition& definition, bool stage) {
    ARROW_ASSIGN_OR_RAISE(auto metadata, MetadataOf(WithCatalogProperties(definition, client_->properties()),
                                                    definition.location.value_or("/")));
    Json properties = Json::object();
    for (const auto& [key, value] : metadata.properties) properties[key] = value;
    Json body = {{"name", id.name},
                 {"schema", SchemaToJson(metadata.schema())},
                 {"partition-spec", {{"spec-id", 0}, {"fields", SpecToJson(metadata.spec())}}},
                 {"write-order", {{"order-id", 0}, {"fields", Json::array()}}},
                 {"stage-create", stage},
                 {"properties", std::move(properties)}};
    if (definition.location) body["location"] = *definition.location;
    ARROW_ASSIGN_OR_RAISE(auto response, client_->Send("POST", "namespaces/" + Encoded(id.ns) + "/tables", body));
    if (response.ok()) return response;
    if (response.status == 404) return NoNamespace(id.ns);
    if (response.status == 409) return TableExistsError(id);
    return client_->Failure("creating a table", response);
  }

  const std::string name_;
  std::shared_ptr<RestClient> client_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<RestOperations>> operations_;
};
}  // namespace

Result<std::shared_ptr<Catalog>> MakeRestCatalog(const std::string& name, const connectors::Properties& properties) {
  ARROW_ASSIGN_OR_RAISE(auto client, RestClient::Connect(name, properties));
  return std::make_shared<RestCatalog>(name, std::move(client));
}

}  // namespace sluice::iceberg
