#pragma once
// Small tables computed in memory: metadata tables.
#include <functional>
#include <string>
#include <vector>

#include "connectors/api/table.h"
#include "formats/avro/container.h"

namespace sluice::iceberg {

/// A cell: integers for all integral, date and timestamp types; Items for structs and lists; Items of (key, value)
/// Items for maps; big-endian bytes for decimals.
using Cell = avro::Value;
using Rows = std::vector<std::vector<Cell>>;

/// A read-only table whose rows are made when it is scanned.
connectors::TablePtr MakeRowsTable(std::string name, DataType schema, std::function<Result<Rows>()> rows);

}  // namespace sluice::iceberg
