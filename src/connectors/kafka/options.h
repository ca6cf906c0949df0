#pragma once
// Options of the Kafka source and sink, checked as Spark does and with its words.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/config.h"
#include "connectors/kafka/client_config.h"
#include "connectors/kafka/offsets.h"

namespace sluice::connectors::kafka {

struct Subscription {
  enum Kind : uint8_t { kTopics, kPattern, kAssign } kind = kTopics;
  std::vector<std::string> topics;  // as given
  std::string pattern;
  PartitionSet partitions;
  /// "Subscribe[a, b]".
  std::string ToString() const;
};

/// Where to start or to end.
struct Position {
  enum Kind : uint8_t { kEarliest, kLatest, kOffsets, kTimestamp, kTimestamps } kind = kEarliest;
  PartitionOffsets per_partition;  // offsets (kLatest, kEarliest allowed) or milliseconds
  int64_t timestamp_ms = 0;
};

struct SourceOptions {
  ClientConfig client;
  Subscription subscription;
  Position starting, ending;
  bool latest_when_no_timestamp = false;  // startingOffsetsByTimestampStrategy
  bool fail_on_data_loss = true;
  bool include_headers = false;
  std::optional<int64_t> min_offsets, max_offsets;  // per trigger
  int64_t max_trigger_delay_ms = 15 * 60'000;
  std::optional<int64_t> min_partitions, max_records_per_partition;
  int64_t fetch_retries = 3, fetch_retry_interval_ms = 10;
  int64_t poll_timeout_ms = 120'000;
};

/// Errors: KAFKA_INVALID_OPTION with Spark's text; UNRESOLVED_START_OFFSET_GREATER_THAN_END_OFFSET and
/// MISMATCHED_TOPIC_PARTITIONS_BETWEEN_START_OFFSET_AND_END_OFFSET for batches. `config` may be null.
Result<SourceOptions> ParseSourceOptions(const OptionMap& options, bool streaming, const Config* config);

struct SinkOptions {
  ClientConfig client;
  std::optional<std::string> topic;
};
Result<SinkOptions> ParseSinkOptions(const OptionMap& options);

/// Just includeHeaders, which fixes the schema.
Result<bool> IncludeHeaders(const OptionMap& options);

}  // namespace sluice::connectors::kafka
