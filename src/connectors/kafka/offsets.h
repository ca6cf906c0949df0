#pragma once
// Positions in Kafka: topic-partitions, their offsets as Spark writes them, and the arithmetic of micro-batches.
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sluice::connectors::kafka {

struct TopicPartition {
  std::string topic;
  int32_t partition = 0;
  auto operator<=>(const TopicPartition&) const = default;
  std::string ToString() const { return topic + "-" + std::to_string(partition); }
};

constexpr int64_t kLatest = -1, kEarliest = -2;  // Spark's and Kafka's numbers

/// Offset: the next record to read.
using PartitionOffsets = std::map<TopicPartition, int64_t>;
using PartitionSet = std::set<TopicPartition>;

/// {"topic":{"0":12,"1":3}} with keys in the order that Spark's (Scala's mutable HashMap) gives them.
std::string OffsetsToJson(const PartitionOffsets& offsets);
/// Errors: nullopt when `json` isn't of that form.
std::optional<PartitionOffsets> ParseOffsets(std::string_view json);
/// {"topic":[0,1]}.
std::optional<PartitionSet> ParsePartitions(std::string_view json);
/// "a-0, a-1".
std::string Join(const PartitionSet& partitions);
PartitionSet KeysOf(const PartitionOffsets& offsets);

/// Shares `limit` rows over the partitions in proportion to what each has to read; `from` holds a start for each
/// partition that is to be limited.
PartitionOffsets RateLimit(int64_t limit, const PartitionOffsets& from, const PartitionOffsets& until);

struct OffsetRange {
  TopicPartition partition;
  int64_t start = 0, end = 0;
  int64_t size() const { return end - start; }
  bool operator==(const OffsetRange&) const = default;
};

/// Drops empty ranges, cuts those above `max_records`, then cuts the large ones so that there are about
/// `min_partitions`.
std::vector<OffsetRange> SplitRanges(std::vector<OffsetRange> ranges, std::optional<int64_t> min_partitions,
                                     std::optional<int64_t> max_records);

}  // namespace sluice::connectors::kafka
