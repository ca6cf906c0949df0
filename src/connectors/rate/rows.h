#pragma once
// Rows (timestamp, value) that count up: what both generating sources hand out.
#include <memory>
#include <vector>

#include "connectors/api/table.h"

namespace sluice::connectors::rate {

/// STRUCT<timestamp: TIMESTAMP, value: BIGINT>
const DataType& RateSchema();

/// The values [start, end); value v is `ms_per_value` * (v - start) past `start_ms`, rounded to milliseconds.
struct ValueRange {
  int64_t start = 0, end = 0;
  int64_t start_ms = 0;
  double ms_per_value = 0;
};

/// Partition p of n takes start + p, start + p + n ...; an empty range has no splits.
std::vector<SplitPtr> SplitRange(const ValueRange& range, int partitions);
Result<std::unique_ptr<BatchReader>> OpenRange(const SplitPtr& split, const ScanRequest& request);

/// `partitions` of the option numPartitions; 0 when it is not set. INVALID_SOURCE_OPTION.
Result<int> NumPartitions(const OptionMap& options);
/// A whole number that is at least `least`; else INVALID_SOURCE_OPTION saying that it `must` be so.
Result<int64_t> NumberOption(const OptionMap& options, const std::string& key, int64_t default_value, int64_t least,
                             const char* must);

}  // namespace sluice::connectors::rate
