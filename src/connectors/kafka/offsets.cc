#include "connectors/kafka/offsets.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

namespace sluice::connectors::kafka {
namespace {

/// The order in which Scala 2.13's mutable.HashMap walks its keys: by bucket, within one by hash.
/// Spark's offset JSON comes out in it, and a checkpoint is compared by bytes.
class ScalaHashOrder {
 public:
  /// One `map += key -> value`. `hash` is the key's hashCode.
  void Put(uint32_t hash, size_t item, bool is_new) {
    if (count_ + 1 >= buckets_ * 3 / 4) buckets_ *= 2;
    if (!is_new) return;
    ++count_;
    entries_.push_back({hash ^ (hash >> 16), item});
  }
  std::vector<size_t> Order() const {
    auto sorted = entries_;
    std::stable_sort(sorted.begin(), sorted.end(), [mask = buckets_ - 1](const Entry& a, const Entry& b) {
      const size_t x = a.hash & mask, y = b.hash & mask;
      return x != y ? x < y : static_cast<int32_t>(a.hash) < static_cast<int32_t>(b.hash);
    });
    std::vector<size_t> order;
    for (const Entry& entry : sorted) order.push_back(entry.item);
    return order;
  }

 private:
  struct Entry {
    uint32_t hash;
    size_t item;
  };
  size_t buckets_ = 16, count_ = 0;
  std::vector<Entry> entries_;
};

uint32_t JavaHash(std::string_view ascii) {
  uint32_t hash = 0;
  for (unsigned char c : ascii) hash = 31 * hash + c;
  return hash;
}

bool ReadPartition(const std::string& text, int32_t* out) {
  if (text.empty() || text.size() > 10 || text.find_first_not_of("0123456789") != text.npos) return false;
  const int64_t value = std::stoll(text);
  *out = static_cast<int32_t>(value);
  return value <= std::numeric_limits<int32_t>::max();
}

int64_t PartCount(int64_t size, int64_t total, int64_t min_parts) {
  const double share = static_cast<double>(size) / static_cast<double>(total) * static_cast<double>(min_parts);
  return std::max<int64_t>(static_cast<int64_t>(std::floor(share + 0.5)), 1);
}

void Divide(const OffsetRange& range, int64_t parts, std::vector<OffsetRange>* out) {
  int64_t remaining = range.size(), start = range.start;
  for (int64_t part = 0; part < parts; ++part) {
    const int64_t size = remaining / (parts - part);
    remaining -= size;
    const int64_t end = std::min(start + size, range.end);
    if (end > start) out->push_back({range.partition, start, end});
    start = end;
  }
}

/// Larger ones would wrap, and -1 and -2 mean something.
template <typename T>
bool Fits(const nlohmann::json& number) {
  if (!number.is_number_integer()) return false;
  return !number.is_number_unsigned() || std::in_range<T>(number.get<uint64_t>());
}

}  // namespace

std::string OffsetsToJson(const PartitionOffsets& offsets) {
  struct Topic {
    std::string_view name;
    ScalaHashOrder order;
    std::vector<std::pair<int32_t, int64_t>> partitions;
  };
  std::vector<Topic> topics;
  ScalaHashOrder topic_order;
  for (const auto& [tp, offset] : offsets) {
    const bool is_new = topics.empty() || topics.back().name != tp.topic;
    if (is_new) topics.push_back({tp.topic, {}, {}});
    Topic& topic = topics.back();
    topic.order.Put(static_cast<uint32_t>(tp.partition), topic.partitions.size(), true);
    topic.partitions.emplace_back(tp.partition, offset);
    topic_order.Put(JavaHash(tp.topic), topics.size() - 1, is_new);
  }
  std::string json = "{";
  for (size_t t : topic_order.Order()) {
    if (json.size() > 1) json += ',';
    json += nlohmann::json(std::string(topics[t].name)).dump() + ":{";
    bool first = true;
    for (size_t p : topics[t].order.Order()) {
      const auto& [partition, offset] = topics[t].partitions[p];
      json += fmt::format("{}\"{}\":{}", first ? "" : ",", partition, offset);
      first = false;
    }
    json += '}';
  }
  return json + '}';
}

std::optional<PartitionOffsets> ParseOffsets(std::string_view json) {
  const auto root = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) return std::nullopt;
  PartitionOffsets offsets;
  for (const auto& [topic, partitions] : root.items()) {
    if (!partitions.is_object()) return std::nullopt;
    for (const auto& [key, offset] : partitions.items()) {
      int32_t partition;
      if (!Fits<int64_t>(offset) || !ReadPartition(key, &partition)) return std::nullopt;
      offsets[{topic, partition}] = offset.get<int64_t>();
    }
  }
  return offsets;
}

std::optional<PartitionSet> ParsePartitions(std::string_view json) {
  const auto root = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) return std::nullopt;
  PartitionSet result;
  for (const auto& [topic, partitions] : root.items()) {
    if (!partitions.is_array()) return std::nullopt;
    for (const auto& partition : partitions) {
      if (!partition.is_number_unsigned() || !Fits<int32_t>(partition)) return std::nullopt;
      result.insert({topic, partition.get<int32_t>()});
    }
  }
  return result;
}

std::string Join(const PartitionSet& partitions) {
  std::string text;
  for (const TopicPartition& tp : partitions) text += (text.empty() ? "" : ", ") + tp.ToString();
  return text;
}

PartitionSet KeysOf(const PartitionOffsets& offsets) {
  PartitionSet keys;
  for (const auto& [tp, offset] : offsets) keys.insert(tp);
  return keys;
}

PartitionOffsets RateLimit(int64_t limit, const PartitionOffsets& from, const PartitionOffsets& until) {
  int64_t sum = 0;
  for (const auto& [tp, end] : until) {
    auto begin = from.find(tp);
    if (begin != from.end() && end > begin->second) sum += end - begin->second;
  }
  if (sum < 1) return until;
  const double total = static_cast<double>(sum);
  PartitionOffsets result;
  for (const auto& [tp, end] : until) {
    auto begin = from.find(tp);
    if (begin == from.end() || end <= begin->second) {
      result[tp] = end;
      continue;
    }
    const double share = static_cast<double>(limit) * (static_cast<double>(end - begin->second) / total);
    // A small partition is never starved.
    const double rounded = share < 1 ? std::ceil(share) : std::floor(share);
    const int64_t room = std::numeric_limits<int64_t>::max() - begin->second;
    const int64_t rows = rounded >= static_cast<double>(room) ? room : static_cast<int64_t>(rounded);
    result[tp] = std::min(end, begin->second + rows);
  }
  return result;
}

std::vector<OffsetRange> SplitRanges(std::vector<OffsetRange> ranges, std::optional<int64_t> min_partitions,
                                     std::optional<int64_t> max_records) {
  std::erase_if(ranges, [](const OffsetRange& range) { return range.size() <= 0; });
  if (max_records) {
    std::vector<OffsetRange> cut;
    for (const OffsetRange& range : ranges) {
      Divide(range, (range.size() + *max_records - 1) / *max_records, &cut);
    }
    ranges = std::move(cut);
  }
  if (!min_partitions || static_cast<int64_t>(ranges.size()) >= *min_partitions) return ranges;

  int64_t total = 0, whole_count = 0, whole_total = 0;
  for (const OffsetRange& range : ranges) total += range.size();
  auto stays_whole = [&](const OffsetRange& range) { return PartCount(range.size(), total, *min_partitions) == 1; };
  for (const OffsetRange& range : ranges) {
    if (!stays_whole(range)) continue;
    ++whole_count;
    whole_total += range.size();
  }
  const int64_t parts_left = std::max<int64_t>(*min_partitions - whole_count, 1);
  std::vector<OffsetRange> result;
  for (const OffsetRange& range : ranges) {
    Divide(range, stays_whole(range) ? 1 : PartCount(range.size(), total - whole_total, parts_left), &result);
  }
  return result;
}

}  // namespace sluice::connectors::kafka
