#pragma once
#include <arrow/array.h>

#include <memory>

#include "connectors/api/filter.h"

namespace sluice::connectors::file {

/// What is known of the values of a column somewhere.
struct ValueRange {
  std::shared_ptr<arrow::Array> min, max;  // of length 1; null: unknown
  bool may_be_null = true, may_be_value = true;
};
/// False: no value of the range passes the filter.
bool MayMatch(const ColumnFilter& filter, const ValueRange& range);

}  // namespace sluice::connectors::file
