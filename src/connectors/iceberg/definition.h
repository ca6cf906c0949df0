#pragma once
// From the engine's table definitions to Iceberg's.
#include <string>

#include "connectors/api/catalog.h"
#include "connectors/iceberg/metadata.h"

namespace sluice::iceberg {

/// A new table's metadata. Partition fields are named as Iceberg names them: ts_day, id_bucket, name_trunc.
Result<TableMetadata> MetadataOf(const connectors::TableDefinition& definition, const std::string& location);
/// Fresh partition fields over `schema`.
Result<PartitionSpec> SpecOf(const std::vector<connectors::PartitionTransform>& partitioning, const Schema& schema);
/// `next` as a replacement of `old`: same uuid, history kept, ids that clash with old ones avoided.
TableMetadata Replacing(const TableMetadata& old, TableMetadata next);

/// With the catalog's table-default.* and table-override.* properties.
connectors::TableDefinition WithCatalogProperties(connectors::TableDefinition definition, const Properties& catalog);

/// "`a`.`b`.`c`"
std::string QuotedName(const connectors::Namespace& ns, const std::string& last = "", const std::string& catalog = "");
std::string DottedName(const connectors::Namespace& ns, const std::string& last, const std::string& catalog);

}  // namespace sluice::iceberg
