// What a name in a catalog means.
#include "connectors/iceberg/definition.h"
#include "connectors/iceberg/iceberg_table.h"

namespace sluice::iceberg {

using namespace connectors;  // NOLINT: this file implements its interfaces

TableOrigin OriginOf(const std::string& catalog, const TableIdentifier& id) {
  return {DottedName(id.ns, id.name, catalog), QuotedName(id.ns, id.name, catalog)};
}

Result<TablePtr> LoadNamedTable(const std::string& catalog, const TableIdentifier& id, const TableVersion& version,
                                const OptionMap& options, const FindTable& find) {
  ARROW_ASSIGN_OR_RAISE(auto found, find(id));
  if (found.metadata)
    return MakeIcebergTable(found.operations, found.metadata, OriginOf(catalog, id), version, options);
  auto not_found = [&] {
    return MakeError("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", QuotedName(id.ns, id.name, catalog)}});
  };
  if (id.ns.size() < 2) return not_found();
  // The last part may choose something of a table.
  TableIdentifier base{{id.ns.begin(), id.ns.end() - 1}, id.ns.back()};
  OptionMap chosen = options;
  bool metadata_table = IsMetadataTableName(id.name);
  if (id.name.rfind("branch_", 0) == 0)
    chosen["branch"] = id.name.substr(7);
  else if (id.name.rfind("tag_", 0) == 0)
    chosen["tag"] = id.name.substr(4);
  else if (id.name.rfind("snapshot_id_", 0) == 0)
    chosen["snapshot-id"] = id.name.substr(12);
  else if (id.name.rfind("at_timestamp_", 0) == 0)
    chosen["as-of-timestamp"] = id.name.substr(13);
  else if (!metadata_table)
    return not_found();
  ARROW_ASSIGN_OR_RAISE(found, find(base));
  if (!found.metadata) return not_found();
  TableOrigin origin = OriginOf(catalog, base);
  return metadata_table ? MakeMetadataTable(found.operations, found.metadata, origin, id.name, version, options)
                        : MakeIcebergTable(found.operations, found.metadata, origin, version, chosen);
}

}  // namespace sluice::iceberg
