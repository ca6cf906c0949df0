#pragma once
// An Iceberg table as the engine sees it.
#include <functional>
#include <memory>
#include <string>

#include "connectors/api/catalog.h"
#include "connectors/iceberg/table_operations.h"

namespace sluice::iceberg {

struct TableOrigin {
  std::string display_name;  // "demo.db.t" or a path
  std::string quoted_name;   // "`demo`.`db`.`t`", for errors
};

/// `version` chooses a snapshot, else options ("snapshot-id", "as-of-timestamp", "branch", "tag") do, else the current.
Result<connectors::TablePtr> MakeIcebergTable(const TableOperationsPtr& operations, const MetadataPtr& metadata,
                                              const TableOrigin& origin, const connectors::TableVersion& version,
                                              const OptionMap& options);

/// snapshots, history, files ...; TABLE_OR_VIEW_NOT_FOUND is the caller's: null when `name` is none of them.
Result<connectors::TablePtr> MakeMetadataTable(const TableOperationsPtr& operations, const MetadataPtr& metadata,
                                               const TableOrigin& origin, const std::string& name,
                                               const connectors::TableVersion& version, const OptionMap& options);
bool IsMetadataTableName(const std::string& name);

TableOrigin OriginOf(const std::string& catalog, const connectors::TableIdentifier& id);

struct FoundTable {
  TableOperationsPtr operations;
  MetadataPtr metadata;  // null: there is none
};
using FindTable = std::function<Result<FoundTable>(const connectors::TableIdentifier&)>;
/// A table of a catalog by name: itself, db.t.snapshots, db.t.branch_b, db.t.tag_x, db.t.snapshot_id_1.
/// TABLE_OR_VIEW_NOT_FOUND.
Result<connectors::TablePtr> LoadNamedTable(const std::string& catalog, const connectors::TableIdentifier& id,
                                            const connectors::TableVersion& version, const OptionMap& options,
                                            const FindTable& find);

/// The snapshot that `version` and `options` choose; null when the table is empty.
struct ChosenSnapshot {
  SnapshotPtr snapshot;
  bool travels = false;  // not simply the current one
  std::string branch;    // when a branch was named
};
Result<ChosenSnapshot> ChooseSnapshot(const TableMetadata& metadata, const connectors::TableVersion& version,
                                      const OptionMap& options);

/// spark.app.id, engine-name ... of each snapshot's summary.
Properties EngineSummary(const Config* config);

}  // namespace sluice::iceberg
