#pragma once
// Batch reads of one snapshot.
#include <memory>

#include "connectors/api/table.h"
#include "connectors/iceberg/table_operations.h"

namespace sluice::iceberg {

/// What input_file_name() and its like read, a STRUCT: columns that scans give beside those of `schema`.
DataType InputFileColumns(const DataType& schema);

/// `snapshot` may be null: an empty table. `schema` is the one rows are read with.
Result<std::unique_ptr<connectors::Scan>> NewTableScan(const TableOperationsPtr& operations,
                                                       const MetadataPtr& metadata, const SnapshotPtr& snapshot,
                                                       const SchemaPtr& schema, const connectors::ScanRequest& request);

}  // namespace sluice::iceberg
