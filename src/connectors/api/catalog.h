#pragma once
// Catalogs: namespaces and tables by name.
#include "connectors/api/table.h"

namespace sluice::connectors {

using Namespace = std::vector<std::string>;
using Properties = std::map<std::string, std::string>;

struct TableIdentifier {
  Namespace ns;
  std::string name;
};

struct PartitionTransform {
  std::string transform = "identity";  // identity, bucket, truncate, year(s), month(s), day(s), hour(s)
  std::vector<std::string> column;
  std::optional<int> argument;  // bucket count, truncate width
};

struct TableDefinition {
  DataType schema;
  std::vector<PartitionTransform> partitioning;
  Properties properties;
  std::optional<std::string> comment, location;
};

/// Time travel of one table reference. At most one is set.
struct TableVersion {
  std::optional<std::string> version;  // snapshot id, branch or tag
  std::optional<int64_t> timestamp_us;
};

/// A transaction that creates (or replaces) a table together with its first rows.
class StagedTable {
 public:
  virtual ~StagedTable() = default;
  virtual TablePtr table() = 0;
  virtual Status Commit() = 0;
  virtual void Abort() = 0;
};

/// Thread-safe. Errors: SCHEMA_NOT_FOUND, TABLE_OR_VIEW_NOT_FOUND, ... with quoted full names.
class Catalog {
 public:
  virtual ~Catalog() = default;
  virtual const std::string& name() const = 0;
  /// Where `USE catalog` lands: {} or {"default"}.
  virtual Namespace default_namespace() const { return {}; }

  virtual Result<std::vector<Namespace>> ListNamespaces(const Namespace& parent) = 0;
  virtual Result<bool> NamespaceExists(const Namespace& ns) = 0;
  virtual Status CreateNamespace(const Namespace& ns, const Properties& properties, bool if_not_exists) = 0;
  virtual Status DropNamespace(const Namespace& ns, bool if_exists, bool cascade) = 0;
  virtual Result<Properties> LoadNamespace(const Namespace& ns) = 0;

  virtual Result<std::vector<std::string>> ListTables(const Namespace& ns) = 0;
  virtual Result<bool> TableExists(const TableIdentifier& id) = 0;
  /// Also metadata tables: ns = {db, t}, name = "snapshots".
  virtual Result<TablePtr> LoadTable(const TableIdentifier& id, const TableVersion& version,
                                     const OptionMap& options) = 0;
  virtual Result<TablePtr> CreateTable(const TableIdentifier& id, const TableDefinition& definition) = 0;
  /// CTAS and REPLACE: nothing is visible before Commit.
  virtual Result<std::unique_ptr<StagedTable>> StageTable(const TableIdentifier& id, const TableDefinition& definition,
                                                          bool replace) = 0;
  /// False when there was no such table.
  virtual Result<bool> DropTable(const TableIdentifier& id, bool purge) = 0;
};

}  // namespace sluice::connectors
