#include "connectors/iceberg/hadoop_catalog.h"

#include <mutex>

#include "base/log.h"
#include "connectors/iceberg/definition.h"
#include "connectors/iceberg/errors.h"
#include "connectors/iceberg/iceberg_table.h"

namespace sluice::iceberg {

using namespace connectors;  // NOLINT: this file implements its interfaces

namespace {
class HadoopStagedTable final : public StagedTable {
 public:
  HadoopStagedTable(TableOperationsPtr operations, MetadataPtr base, std::shared_ptr<StagedOperations> staged,
                    TablePtr table)
      : operations_(std::move(operations)), base_(std::move(base)), staged_(std::move(staged)),
        table_(std::move(table)) {}
  ~HadoopStagedTable() override {
    if (!done_) Abort();
  }
  TablePtr table() override { return table_; }
  Status Commit() override {
    Status status = operations_->Commit(base_, *staged_->current());
    if (status.IsAlreadyExists() && !base_) {
      Abort();
      return MakeError("TABLE_OR_VIEW_ALREADY_EXISTS", {{"relationName", table_->name()}});
    }
    if (status.ok() || IsCommitStateUnknown(status)) done_ = true;
    return status;
  }
  void Abort() override {
    if (done_) return;
    done_ = true;
    auto location = table_->location();
    if (base_ || !location) return;  // a replaced table keeps its folder
    auto exists = staged_->io()->Exists(*location + "/metadata/v1.metadata.json");
    if (exists.ok() && !*exists) (void)staged_->io()->DeleteFolder(*location);
  }

 private:
  TableOperationsPtr operations_;
  MetadataPtr base_;
  std::shared_ptr<StagedOperations> staged_;
  TablePtr table_;
  bool done_ = false;
};

class HadoopCatalog final : public Catalog {
 public:
  HadoopCatalog(std::string name, std::string warehouse, const connectors::Properties& properties)
      : name_(std::move(name)), warehouse_(std::move(warehouse)), io_(std::make_shared<FileIo>(properties)),
        properties_(properties) {}

  const std::string& name() const override { return name_; }

  Result<std::vector<Namespace>> ListNamespaces(const Namespace& parent) override {
    if (!parent.empty()) ARROW_RETURN_NOT_OK(RequireNamespace(parent));
    ARROW_ASSIGN_OR_RAISE(auto entries, io_->List(Folder(parent)));
    std::vector<Namespace> out;
    for (const auto& entry : entries) {
      if (!entry.folder || entry.name.empty() || entry.name[0] == '.' || entry.name[0] == '_') continue;
      Namespace child = parent;
      child.push_back(entry.name);
      ARROW_ASSIGN_OR_RAISE(bool table, IsTableFolder(Folder(child)));
      if (!table) out.push_back(std::move(child));
    }
    return out;
  }

  Result<bool> NamespaceExists(const Namespace& ns) override {
    if (ns.empty()) return true;
    ARROW_RETURN_NOT_OK(CheckNames(ns));
    ARROW_ASSIGN_OR_RAISE(bool exists, io_->Exists(Folder(ns)));
    if (!exists) return false;
    ARROW_ASSIGN_OR_RAISE(bool table, IsTableFolder(Folder(ns)));
    return !table;
  }

  Status CreateNamespace(const Namespace& ns, const connectors::Properties& properties, bool if_not_exists) override {
    ARROW_RETURN_NOT_OK(CheckNames(ns));
    ARROW_ASSIGN_OR_RAISE(bool exists, io_->Exists(Folder(ns)));
    if (exists) {
      return if_not_exists ? Status::OK() : MakeError("SCHEMA_ALREADY_EXISTS", {{"schemaName", QuotedName(ns)}});
    }
    for (const auto& [key, value] : properties) {
      if (key != "owner") return UnsupportedFeature("Properties of namespaces in a hadoop catalog (" + key + ")");
    }
    return io_->CreateFolder(Folder(ns));
  }

  Status DropNamespace(const Namespace& ns, bool if_exists, bool cascade) override {
    ARROW_ASSIGN_OR_RAISE(bool exists, NamespaceExists(ns));
    if (!exists || ns.empty()) {
      return if_exists ? Status::OK() : MakeError("SCHEMA_NOT_FOUND", {{"schemaName", QuotedName(ns, "", name_)}});
    }
    ARROW_ASSIGN_OR_RAISE(auto entries, io_->List(Folder(ns)));
    if (!entries.empty() && !cascade) return MakeError("SCHEMA_NOT_EMPTY", {{"schemaName", QuotedName(ns, "", name_)}});
    if (cascade) {
      std::lock_guard lock(mutex_);
      operations_.clear();
    }
    return io_->DeleteFolder(Folder(ns));
  }

  Result<connectors::Properties> LoadNamespace(const Namespace& ns) override {
    ARROW_RETURN_NOT_OK(RequireNamespace(ns));
    return connectors::Properties{{"location", Folder(ns)}};
  }

  Result<std::vector<std::string>> ListTables(const Namespace& ns) override {
    ARROW_RETURN_NOT_OK(RequireNamespace(ns));
    ARROW_ASSIGN_OR_RAISE(auto entries, io_->List(Folder(ns)));
    std::vector<std::string> out;
    for (const auto& entry : entries) {
      if (!entry.folder) continue;
      ARROW_ASSIGN_OR_RAISE(bool table, IsTableFolder(Folder(ns) + "/" + entry.name));
      if (table) out.push_back(entry.name);
    }
    return out;
  }

  Result<bool> TableExists(const TableIdentifier& id) override {
    if (!CheckNames(id.ns).ok() || !CheckNames({id.name}).ok()) return false;
    return IsTableFolder(Location(id));
  }

  Result<TablePtr> LoadTable(const TableIdentifier& id, const TableVersion& version,
                             const OptionMap& options) override {
    return LoadNamedTable(name_, id, version, options, [this](const TableIdentifier& wanted) { return Find(wanted); });
  }

  Result<TablePtr> CreateTable(const TableIdentifier& id, const TableDefinition& definition) override {
    ARROW_ASSIGN_OR_RAISE(auto prepared, Prepare(id, definition, false));
    Status status = prepared.operations->Commit(nullptr, std::move(prepared.metadata));
    if (status.IsAlreadyExists()) return AlreadyExists(id);
    ARROW_RETURN_NOT_OK(status);
    return MakeIcebergTable(prepared.operations, prepared.operations->current(), Origin(id), {}, {});
  }

  Result<std::unique_ptr<StagedTable>> StageTable(const TableIdentifier& id, const TableDefinition& definition,
                                                  bool replace) override {
    ARROW_ASSIGN_OR_RAISE(auto prepared, Prepare(id, definition, replace));
    MetadataPtr base = prepared.operations->current();
    auto staged = std::make_shared<StagedOperations>(
        prepared.operations->io(),
        base ? Replacing(*base, std::move(prepared.metadata)) : std::move(prepared.metadata));
    ARROW_ASSIGN_OR_RAISE(auto table, MakeIcebergTable(staged, staged->current(), Origin(id), {}, {}));
    return std::make_unique<HadoopStagedTable>(prepared.operations, base, staged, std::move(table));
  }

  Result<bool> DropTable(const TableIdentifier& id, bool purge) override {
    ARROW_ASSIGN_OR_RAISE(bool exists, TableExists(id));
    if (!exists) return false;
    (void)purge;  // the folder is the table: it goes either way, as with Spark
    {
      std::lock_guard lock(mutex_);
      operations_.erase(Location(id));
    }
    // Metadata first: what a crash leaves is no table.
    ARROW_RETURN_NOT_OK(io_->DeleteFolder(Location(id) + "/metadata"));
    ARROW_RETURN_NOT_OK(io_->DeleteFolder(Location(id)));
    return true;
  }

 private:
  struct Prepared {
    TableOperationsPtr operations;
    TableMetadata metadata;
  };

  std::string Folder(const Namespace& ns) const {
    std::string out = warehouse_;
    for (const auto& part : ns) out += "/" + part;
    return out;
  }
  std::string Location(const TableIdentifier& id) const { return Folder(id.ns) + "/" + id.name; }
  TableOrigin Origin(const TableIdentifier& id) const { return OriginOf(name_, id); }

  /// Names become folders: no way out of the warehouse.
  Status CheckNames(const Namespace& parts) const {
    for (const auto& part : parts) {
      if (part.empty() || part == "." || part == ".." || part.find('/') != std::string::npos ||
          part.find('\0') != std::string::npos) {
        return MakeError("INVALID_SCHEMA_OR_RELATION_NAME", {{"name", QuoteIdentifier(part)}});
      }
    }
    return Status::OK();
  }

  Status RequireNamespace(const Namespace& ns) {
    ARROW_ASSIGN_OR_RAISE(bool exists, NamespaceExists(ns));
    return exists ? Status::OK() : MakeError("SCHEMA_NOT_FOUND", {{"schemaName", QuotedName(ns, "", name_)}});
  }

  Status AlreadyExists(const TableIdentifier& id) const {
    return MakeError("TABLE_OR_VIEW_ALREADY_EXISTS", {{"relationName", QuotedName(id.ns, id.name)}});
  }

  Result<bool> IsTableFolder(const std::string& folder) const {
    ARROW_ASSIGN_OR_RAISE(bool hint, io_->Exists(folder + "/metadata/version-hint.text"));
    if (hint) return true;
    ARROW_ASSIGN_OR_RAISE(auto entries, io_->List(folder + "/metadata"));
    return std::any_of(entries.begin(), entries.end(), [](const FileIo::Entry& e) {
      return !e.folder && e.name.size() > 1 && e.name[0] == 'v' && e.name.find(".metadata.json") != std::string::npos;
    });
  }

  TableOperationsPtr OperationsOf(const TableIdentifier& id) {
    std::lock_guard lock(mutex_);
    auto& slot = operations_[Location(id)];
    if (!slot)
      slot = MakeHadoopOperations(std::make_shared<FileIo>(properties_),
                                  Location(id));  // its own: syncs are waited for per table
    return slot;
  }

  Result<FoundTable> Find(const TableIdentifier& id) {
    if (!CheckNames(id.ns).ok() || !CheckNames({id.name}).ok()) return FoundTable{};
    FoundTable found;
    found.operations = OperationsOf(id);
    ARROW_ASSIGN_OR_RAISE(found.metadata, found.operations->Refresh());
    return found;
  }

  Result<Prepared> Prepare(const TableIdentifier& id, const TableDefinition& definition, bool replace) {
    ARROW_RETURN_NOT_OK(CheckNames(id.ns));
    ARROW_RETURN_NOT_OK(CheckNames({id.name}));
    if (definition.location && *definition.location != Location(id)) {
      return UnsupportedFeature("LOCATION of a table in a hadoop catalog, other than " + Location(id));
    }
    ARROW_ASSIGN_OR_RAISE(auto found, Find(id));
    if (found.metadata && !replace) return AlreadyExists(id);
    ARROW_ASSIGN_OR_RAISE(TableMetadata metadata,
                          MetadataOf(WithCatalogProperties(definition, properties_), Location(id)));
    return Prepared{found.operations, std::move(metadata)};
  }

  const std::string name_, warehouse_;
  FileIoPtr io_;
  const connectors::Properties properties_;
  std::mutex mutex_;
  std::map<std::string, TableOperationsPtr> operations_;
};
}  // namespace

Result<std::shared_ptr<Catalog>> MakeHadoopCatalog(const std::string& name, const connectors::Properties& properties) {
  auto it = properties.find("warehouse");
  if (it == properties.end() || it->second.empty()) {
    return MakeError("CATALOG_OPERATION_FAILED",
                     {{"catalog", name}, {"reason", "set spark.sql.catalog." + name + ".warehouse"}});
  }
  std::string warehouse = it->second;
  while (warehouse.size() > 1 && warehouse.back() == '/') warehouse.pop_back();
  ARROW_ASSIGN_OR_RAISE(FileLocation at, ResolveLocation(warehouse, properties));
  // A relative folder is pinned down, so that metadata never depends on where a process was started.
  if (at.local && warehouse.find(':') == std::string::npos) warehouse = at.path;
  return std::make_shared<HadoopCatalog>(name, std::move(warehouse), properties);
}

}  // namespace sluice::iceberg
