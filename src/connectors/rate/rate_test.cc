// Values and times as Spark 4.1 gave them.
#include "connectors/rate/rate.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "connectors/rate/rows.h"

namespace sluice::connectors {
namespace {

namespace fs = std::filesystem;

class RateTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "rate-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  static Result<TablePtr> Load(const Connector& connector, OptionMap options, bool streaming = true) {
    FormatRequest request;
    request.options = std::move(options);
    request.is_streaming = streaming;
    return connector.load(request);
  }
  std::unique_ptr<StreamSource> Source(const Connector& connector, OptionMap options) {
    auto table = Load(connector, std::move(options));
    EXPECT_TRUE(table.ok()) << table.status();
    auto source = (*table)->NewStreamSource({folder_, {}, nullptr});
    EXPECT_TRUE(source.ok()) << source.status();
    return std::move(*source);
  }
  /// (value, milliseconds) of all splits, in order.
  static std::vector<std::pair<int64_t, int64_t>> Read(StreamSource& source, const std::string& start,
                                                       const std::string& end, int64_t batch_rows = 3) {
    ScanRequest request;
    request.schema = rate::RateSchema();
    request.batch_rows = batch_rows;
    request.parallelism = 2;
    std::vector<std::pair<int64_t, int64_t>> out;
    const auto splits = source.Plan({start}, {end}, request).ValueOrDie();
    for (const auto& split : splits) {
      auto reader = source.Open(split, request).ValueOrDie();
      while (auto batch = reader->Next().ValueOrDie()) {
        const auto& times = static_cast<const arrow::TimestampArray&>(*batch->column(0));
        const auto& values = static_cast<const arrow::Int64Array&>(*batch->column(1));
        for (int64_t i = 0; i < batch->num_rows(); ++i) out.emplace_back(values.Value(i), times.Value(i) / 1000);
      }
    }
    return out;
  }
  void StartedAt(int64_t ms) { std::ofstream(folder_ + "/0") << "v1\n" << ms; }

  std::string folder_;
};

TEST_F(RateTest, ValuesClimbWhileItRampsUp) {
  // rampUpTime 3 s, 12 rows a second: 3, 9, 18, 30 and then 12 more each second.
  const int64_t expected[] = {0, 3, 9, 18, 30, 42, 54};
  for (int64_t second = 0; second < 7; ++second)
    EXPECT_EQ(rate::ValueAtSecond(second, 12, 3), expected[second]) << second;
  EXPECT_EQ(rate::ValueAtSecond(5, 7, 0), 35);
}

TEST_F(RateTest, RowsAreThoseOfSpark) {
  StartedAt(1795281261300);
  auto source = Source(kRateConnector, {{"rowsPerSecond", "7"}, {"numPartitions", "2"}});
  EXPECT_EQ(source->description(), "RateStreamV2[rowsPerSecond=7, rampUpTimeSeconds=0, numPartitions=2");
  const std::vector<std::pair<int64_t, int64_t>> expected = {
      {7, 1795281262300}, {9, 1795281262586},  {11, 1795281262871}, {13, 1795281263157},
      {8, 1795281262443}, {10, 1795281262729}, {12, 1795281263014}};
  EXPECT_EQ(Read(*source, "1", "2"), expected);
  EXPECT_TRUE(Read(*source, "2", "2").empty());
}

TEST_F(RateTest, TheStartIsKeptInTheCheckpoint) {
  auto source = Source(kRateConnector, {});
  EXPECT_EQ(source->InitialOffset().ValueOrDie().json, "0");
  EXPECT_EQ(source->LatestOffset({"0"}, ReadLimit::kDefault).ValueOrDie().json, "0");
  std::ifstream in(folder_ + "/0");
  std::string version, start;
  in >> version >> start;
  EXPECT_EQ(version, "v1");
  auto again = Source(kRateConnector, {});
  const auto rows = Read(*again, "0", "1");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].second, std::stoll(start));
}

TEST_F(RateTest, AMicroBatchHasItsRowsWhateverTheClock) {
  auto source = Source(
      kRateMicroBatchConnector,
      {{"rowsPerBatch", "10"}, {"numPartitions", "3"}, {"startTimestamp", "5000"}, {"advanceMillisPerBatch", "700"}});
  EXPECT_EQ(source->description(),
            "RatePerMicroBatchStream[rowsPerBatch=10, numPartitions=3, startTimestamp=5000, advanceMsPerBatch=700]");
  const auto first = source->LatestOffset(source->InitialOffset().ValueOrDie(), ReadLimit::kDefault).ValueOrDie();
  EXPECT_EQ(first.json, R"({"offset":10,"timestamp":5700})");
  const auto second = source->LatestOffset(first, ReadLimit::kDefault).ValueOrDie();
  const auto rows = Read(*source, first.json, second.json);
  ASSERT_EQ(rows.size(), 10u);
  const int64_t order[] = {10, 13, 16, 19, 11, 14, 17, 12, 15, 18};
  for (size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(rows[i].first, order[i]);
    EXPECT_EQ(rows[i].second, 5700);
  }
}

TEST_F(RateTest, AvailableNowIsOneMicroBatch) {
  auto source = Source(kRateMicroBatchConnector, {{"rowsPerBatch", "10"}});
  ASSERT_TRUE(source->PrepareForAvailableNow().ok());
  const auto end = source->LatestOffset(source->InitialOffset().ValueOrDie(), ReadLimit::kDefault).ValueOrDie();
  EXPECT_EQ(end.json, R"({"offset":10,"timestamp":1000})");
  EXPECT_EQ(source->LatestOffset(end, ReadLimit::kDefault).ValueOrDie(), end);
}

TEST_F(RateTest, RefusesWhatSparkRefuses) {
  const auto refused = [&](const Connector& connector, OptionMap options, const std::string& text) {
    const auto table = Load(connector, std::move(options));
    ASSERT_FALSE(table.ok());
    EXPECT_NE(table.status().message().find(text), std::string::npos) << table.status();
  };
  refused(kRateConnector, {{"rowsPerSecond", "0"}}, "Invalid value '0'. The option 'rowsPerSecond' must be positive");
  refused(kRateConnector, {{"rowsPerSecond", "x"}}, "rowsPerSecond");
  refused(kRateConnector, {{"rampUpTime", "-1s"}}, "Invalid value '-1'. The option 'rampUpTime' must not be negative");
  refused(kRateConnector, {{"rampUpTime", "zz"}}, "Failed to parse time string: zz");
  refused(kRateConnector, {{"numPartitions", "0"}}, "Invalid value '0'. The option 'numPartitions' must be positive");
  refused(kRateMicroBatchConnector, {}, "Invalid value '0'. The option 'rowsPerBatch' must be positive");
  refused(kRateMicroBatchConnector, {{"rowsPerBatch", "1"}, {"startTimestamp", "-1"}},
          "The option 'startTimestamp' must be non-negative");
  EXPECT_EQ(ConditionOf(Load(kRateConnector, {}, /*streaming=*/false).status()), "_LEGACY_ERROR_TEMP_1135");
}

}  // namespace
}  // namespace sluice::connectors
