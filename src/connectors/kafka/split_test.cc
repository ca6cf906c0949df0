#include <gtest/gtest.h>

#include "connectors/kafka/reader.h"

namespace sluice::connectors::kafka {
namespace {

std::vector<std::string> Texts(std::vector<OffsetRange> ranges, int parallelism) {
  std::vector<std::string> texts;
  for (const SplitPtr& split : MakeSplits(std::move(ranges), parallelism)) texts.push_back(split->ToString());
  return texts;
}

using Strings = std::vector<std::string>;

TEST(KafkaSplit, FewRecordsKeepASplitPerPartition) {
  EXPECT_EQ(Texts({{{"t", 0}, 0, 10}, {{"t", 1}, 5, 9}, {{"t", 2}, 0, 1}}, 2),
            (Strings{"t-0 [0, 10)", "t-1 [5, 9)", "t-2 [0, 1)"}));
}

TEST(KafkaSplit, ManyRecordsMakeOneSplitPerTaskOfLikeSize) {
  EXPECT_EQ(Texts({{{"t", 0}, 0, 300'000}, {{"t", 1}, 0, 100'000}, {{"t", 2}, 0, 150'000}, {{"t", 3}, 50, 60'050}}, 2),
            (Strings{"t-0 [0, 300000)", "t-2 [0, 150000), t-1 [0, 100000), t-3 [50, 60050)"}));
  EXPECT_EQ(Texts({{{"t", 0}, 0, 300'000}, {{"t", 1}, 0, 1}}, 2).size(), 2u) << "no more ranges than tasks";
}

TEST(KafkaSplit, PartsOfOnePartitionStayApart) {
  EXPECT_EQ(Texts({{{"t", 0}, 0, 200'000}, {{"t", 0}, 200'000, 400'000}, {{"t", 1}, 0, 5}}, 2).size(), 3u);
}

}  // namespace
}  // namespace sluice::connectors::kafka
