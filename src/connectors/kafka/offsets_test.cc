#include "connectors/kafka/offsets.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace sluice::connectors::kafka {
namespace {

PartitionOffsets Of(std::initializer_list<std::pair<int, int64_t>> offsets, const std::string& topic = "t") {
  PartitionOffsets result;
  for (const auto& [partition, offset] : offsets) result[{topic, partition}] = offset;
  return result;
}

TEST(KafkaOffsets, Json) {
  EXPECT_EQ(OffsetsToJson({}), "{}");
  EXPECT_EQ(OffsetsToJson(Of({{0, 12}, {1, 3}}, "topic")), R"({"topic":{"0":12,"1":3}})");
  EXPECT_EQ(ParseOffsets(R"({"topic":{"1":3,"0":12}})"), Of({{0, 12}, {1, 3}}, "topic"));
  EXPECT_EQ(ParseOffsets("12"), std::nullopt);
  EXPECT_EQ(ParseOffsets(R"({"t":{"a":1}})"), std::nullopt);
  EXPECT_EQ(ParseOffsets(R"({"t":{"0":1.5}})"), std::nullopt);
  EXPECT_EQ(ParseOffsets(R"({"t":{"0":)"), std::nullopt);
  EXPECT_EQ(ParseOffsets(R"({"t":{"0":18446744073709551615}})"), std::nullopt);
  EXPECT_EQ(ParseOffsets(R"({"t":{"0":9223372036854775807}})"), Of({{0, INT64_MAX}}));
  EXPECT_EQ(ParsePartitions(R"({"t":[4294967296]})"), std::nullopt);
}

// Orders printed by scala.collection.mutable.HashMap of Scala 2.13.16, filled as Spark does it.
TEST(KafkaOffsets, KeyOrderOfScala) {
  EXPECT_EQ(OffsetsToJson(Of({{0, 0}, {1, 1}, {16, 16}, {33, 33}})), R"({"t":{"0":0,"16":16,"1":1,"33":33}})");
  PartitionOffsets topics;
  for (const char* name : {"events", "clicks", "orders", "a", "b", "fake_people"}) topics[{name, 0}] = 1;
  EXPECT_EQ(OffsetsToJson(topics),
            R"({"a":{"0":1},"b":{"0":1},"clicks":{"0":1},"orders":{"0":1},"events":{"0":1},"fake_people":{"0":1}})");

  auto names = [](const PartitionOffsets& offsets) {
    const std::string json = OffsetsToJson(offsets);
    std::string result;
    for (size_t at = 0; (at = json.find("\"topic", at)) != json.npos; ++at) {
      result += json.substr(at + 6, json.find('"', at + 1) - at - 6) + " ";
    }
    return result;
  };
  PartitionOffsets eleven;
  for (int i = 0; i < 11; ++i) eleven[{"topic" + std::to_string(i), 0}] = 1;
  EXPECT_EQ(names(eleven), "1 2 0 5 6 10 3 4 9 7 8 ");
  eleven[{"topic9", 1}] = 1;  // adding to an entry makes the full map grow
  EXPECT_EQ(names(eleven), "1 2 0 5 6 3 4 9 7 8 10 ");
}

RC_GTEST_PROP(KafkaOffsets, JsonRoundTrip, ()) {
  PartitionOffsets offsets;
  for (const auto& [topic, partition] : *rc::gen::container<std::vector<std::pair<int, int>>>(
           rc::gen::pair(rc::gen::inRange(0, 20), rc::gen::inRange(0, 300)))) {
    offsets[{"topic" + std::to_string(topic), partition}] = partition * 7;
  }
  RC_ASSERT(ParseOffsets(OffsetsToJson(offsets)) == offsets);
}

TEST(KafkaOffsets, RateLimitIsProRata) {
  const auto from = Of({{0, 0}, {1, 100}, {2, 5}}), until = Of({{0, 900}, {1, 1000}, {2, 6}});
  // 1801 rows to read; 10 of them: 4.99, 4.99 and, so that it does not starve, 1.
  EXPECT_EQ(RateLimit(10, from, until), Of({{0, 4}, {1, 104}, {2, 6}}));
  EXPECT_EQ(RateLimit(5000, from, until), until);
  EXPECT_EQ(RateLimit(10, until, until), until);
  // A partition whose offset went back is left to the check for lost data.
  EXPECT_EQ(RateLimit(10, Of({{0, 50}}), Of({{0, 40}})), Of({{0, 40}}));
}

TEST(KafkaOffsets, Splits) {
  const TopicPartition a{"t", 0}, b{"t", 1};
  EXPECT_EQ(SplitRanges({{a, 0, 10}, {b, 5, 5}}, {}, {}), (std::vector<OffsetRange>{{a, 0, 10}}));
  EXPECT_EQ(SplitRanges({{a, 0, 10}}, 3, {}), (std::vector<OffsetRange>{{a, 0, 3}, {a, 3, 6}, {a, 6, 10}}));
  EXPECT_EQ(SplitRanges({{a, 0, 10}}, {}, 4), (std::vector<OffsetRange>{{a, 0, 3}, {a, 3, 6}, {a, 6, 10}}));
  // A small one stays whole, the rest goes to the large one.
  EXPECT_EQ(SplitRanges({{a, 0, 1}, {b, 0, 100}}, 3, {}),
            (std::vector<OffsetRange>{{a, 0, 1}, {b, 0, 50}, {b, 50, 100}}));
  EXPECT_EQ(SplitRanges({{a, 0, 1}, {b, 0, 100}}, 2, {}), (std::vector<OffsetRange>{{a, 0, 1}, {b, 0, 100}}));
}

RC_GTEST_PROP(KafkaOffsets, SplitsCoverTheRanges, (int64_t min_partitions, int64_t max_records)) {
  const auto sizes = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 1000));
  std::vector<OffsetRange> ranges;
  for (size_t i = 0; i < sizes.size(); ++i) ranges.push_back({{"t", static_cast<int>(i)}, 100, 100 + sizes[i]});
  const auto limit = [](int64_t v) { return v % 50 > 0 ? std::optional<int64_t>(v % 50) : std::nullopt; };
  const auto splits = SplitRanges(ranges, limit(min_partitions), limit(max_records));
  std::map<int, int64_t> at;
  for (const OffsetRange& split : splits) {
    auto [it, first] = at.emplace(split.partition.partition, 100);
    RC_ASSERT(split.start == it->second);
    RC_ASSERT(split.size() > 0);
    if (limit(max_records)) RC_ASSERT(split.size() <= *limit(max_records));
    it->second = split.end;
  }
  for (const OffsetRange& range : ranges) {
    if (range.size() > 0) RC_ASSERT(at.at(range.partition.partition) == range.end);
  }
}

}  // namespace
}  // namespace sluice::connectors::kafka
