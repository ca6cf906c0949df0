#pragma once
// The table that show() and the console sink print.
#include <arrow/record_batch.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/types.h"
#include "types/time_zone.h"

namespace sluice {

struct ShowOptions {
  int64_t num_rows = 20;
  int truncate = 20;  // characters of a cell; 0: whole cells, left-aligned
  bool vertical = false;
};

/// As Dataset.showString. `batches` hold at least num_rows + 1 rows if there are as many: that is how it knows that
/// there are more. `schema` is a STRUCT matching them.
std::string ShowString(const DataType& schema, const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches,
                       const TimeZone& zone, const ShowOptions& options);

/// One cell, uncut: what show() prints, control characters escaped.
std::string ShowCell(const arrow::Array& array, int64_t row, const DataType& type, const TimeZone& zone);

/// Columns of a terminal the text takes: East Asian wide characters count twice.
int64_t HalfWidth(std::string_view utf8);

}  // namespace sluice
