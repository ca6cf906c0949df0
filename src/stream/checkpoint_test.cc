#include "stream/checkpoint.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace sluice::stream {
namespace {

namespace fs = std::filesystem;

class CheckpointTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = fs::temp_directory_path() / ("checkpoint_test_" + NewUuid());
    fs::create_directories(path_);
  }
  void TearDown() override { fs::remove_all(path_); }
  void Put(const std::string& name, const std::string& text) {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
  }
  fs::path path_;
};

// Written by Spark 4.1.1 for Kafka -> Iceberg.
constexpr const char* kSparkOffsets =
    "v1\n"
    R"({"batchWatermarkMs":0,"batchTimestampMs":1795254917834,"conf":{"spark.sql.streaming.stateStore.providerClass":"org.apache.spark.sql.execution.streaming.state.HDFSBackedStateStoreProvider","spark.sql.streaming.stateStore.rocksdb.formatVersion":"5","spark.sql.streaming.stateStore.encodingFormat":"unsaferow","spark.sql.streaming.statefulOperator.useStrictDistribution":"true","spark.sql.streaming.flatMapGroupsWithState.stateFormatVersion":"2","spark.sql.streaming.multipleWatermarkPolicy":"min","spark.sql.streaming.aggregation.stateFormatVersion":"2","spark.sql.shuffle.partitions":"2","spark.sql.streaming.join.stateFormatVersion":"2","spark.sql.streaming.stateStore.compression.codec":"lz4","spark.sql.optimizer.pruneFiltersCanPruneStreamingSubplan":"false"}})"
    "\n"
    R"({"fake_people":{"0":5}})";

TEST_F(CheckpointTest, OffsetLogIsSparksByteForByte) {
  auto entry = ParseOffsetLogEntry(kSparkOffsets, "offsets/0");
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_EQ(entry->batch_timestamp_ms, 1795254917834);
  ASSERT_EQ(entry->offsets.size(), 1u);
  EXPECT_EQ(*entry->offsets[0], R"({"fake_people":{"0":5}})");
  EXPECT_EQ(ToText(*entry), kSparkOffsets);

  Config config;
  config.Set("spark.sql.shuffle.partitions", "2");
  entry->conf = RecordedConf(config);
  EXPECT_EQ(ToText(*entry), kSparkOffsets);
}

TEST_F(CheckpointTest, CommitLogIsSparks) {
  EXPECT_EQ(ToText(CommitLogEntry{}), "v1\n{\"nextBatchWatermarkMs\":0}");
  EXPECT_EQ(ParseCommitLogEntry("v1\n{\"nextBatchWatermarkMs\":77}", "commits/0")->next_batch_watermark_ms, 77);
}

TEST_F(CheckpointTest, MissingOffsetIsADash) {
  OffsetLogEntry entry;
  entry.offsets = {std::nullopt, "{}"};
  auto back = ParseOffsetLogEntry(ToText(entry), "x");
  ASSERT_TRUE(back.ok());
  EXPECT_FALSE(back->offsets[0].has_value());
  EXPECT_EQ(*back->offsets[1], "{}");
}

TEST_F(CheckpointTest, ForeignOrCutFilesAreNamed) {
  EXPECT_EQ(ConditionOf(ParseOffsetLogEntry("", "p").status()), "MALFORMED_LOG_FILE");
  EXPECT_EQ(ConditionOf(ParseOffsetLogEntry("v1", "p").status()), "MALFORMED_LOG_FILE");
  EXPECT_EQ(ConditionOf(ParseOffsetLogEntry("v1\n{\"batchW", "p").status()), "MALFORMED_LOG_FILE");
  EXPECT_EQ(ConditionOf(ParseOffsetLogEntry("v1\n{\"conf\":{\"a\":1}}", "p").status()), "MALFORMED_LOG_FILE");
  EXPECT_EQ(ConditionOf(ParseOffsetLogEntry("v2\n{}", "p").status()), "INVALID_LOG_VERSION.MAX_SUPPORTED_VERSION");
  EXPECT_NE(ParseOffsetLogEntry("hello", "some/path").status().message().find("some/path"), std::string::npos);
}

TEST_F(CheckpointTest, SettingsThatWereNotRecordedYet) {
  using Conf = std::vector<std::pair<std::string, std::string>>;
  const std::pair<std::string, std::string> partitions{"spark.sql.shuffle.partitions", "7"};
  const std::string aggregation = "spark.sql.streaming.aggregation.stateFormatVersion";
  const std::string join = "spark.sql.streaming.join.stateFormatVersion";
  EXPECT_EQ(WithFormerDefaults({partitions, {aggregation, "2"}}), (Conf{partitions, {aggregation, "2"}, {join, "1"}}));
  EXPECT_EQ(WithFormerDefaults({partitions}), (Conf{partitions, {aggregation, "1"}, {join, "1"}}));
}

TEST_F(CheckpointTest, IdIsKept) {
  std::string id;
  {
    auto first = Checkpoint::Open(path_);
    ASSERT_TRUE(first.ok()) << first.status();
    id = (*first)->query_id();
  }
  EXPECT_EQ((*Checkpoint::Open("file://" + path_.string()))->query_id(), id);
}

TEST_F(CheckpointTest, SecondQueryIsRefused) {
  auto first = Checkpoint::Open(path_);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(ConditionOf(Checkpoint::Open(path_).status()), "CONCURRENT_QUERY");
  (*first)->Release();
  EXPECT_TRUE(Checkpoint::Open(path_).ok());
}

TEST_F(CheckpointTest, TheLockIsTriedAgainWhenWayWasMade) {
  auto first = Checkpoint::Open(path_);
  ASSERT_TRUE(first.ok());
  std::string asked;
  auto stays = [&](const std::string& path) {
    asked = path;
    return true;
  };
  EXPECT_EQ(ConditionOf(Checkpoint::Open(path_, stays).status()), "CONCURRENT_QUERY");
  EXPECT_EQ(asked, (*first)->path());
  auto goes = [&](const std::string&) {
    (*first)->Release();
    return true;
  };
  auto second = Checkpoint::Open(path_, goes);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(ConditionOf(Checkpoint::Open(path_, [](const std::string&) { return false; }).status()),
            "CONCURRENT_QUERY");
}

TEST_F(CheckpointTest, LogRefusesABatchThatIsThere) {
  auto checkpoint = *Checkpoint::Open(path_);
  EXPECT_TRUE(checkpoint->offsets().Add(0, "v1\n{}").ok());
  EXPECT_EQ(ConditionOf(checkpoint->offsets().Add(0, "v1\n{}")), "CONCURRENT_STREAM_LOG_UPDATE");
  EXPECT_EQ(**checkpoint->offsets().Get(0), "v1\n{}");
}

TEST_F(CheckpointTest, LatestSkipsWhatIsNoBatchAndPurgeRemovesBelow) {
  auto checkpoint = *Checkpoint::Open(path_);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(checkpoint->offsets().Add(i, "v1\n{}").ok());
  Put("offsets/.4.crc", "x");
  Put("offsets/.1.crc", "x");
  Put("offsets/.9.abc.tmp", "x");
  EXPECT_EQ(**checkpoint->offsets().Latest(), 4);
  ASSERT_TRUE(checkpoint->offsets().PurgeBelow(3).ok());
  EXPECT_FALSE(fs::exists(path_ / "offsets/2"));
  EXPECT_FALSE(fs::exists(path_ / "offsets/.1.crc"));
  EXPECT_TRUE(fs::exists(path_ / "offsets/3"));
}

TEST_F(CheckpointTest, LostMetadataIsNotMadeUp) {
  Put("offsets/0", kSparkOffsets);
  EXPECT_EQ(ConditionOf(Checkpoint::Open(path_).status()), "MALFORMED_LOG_FILE");
  Put("metadata", "not json");
  EXPECT_EQ(ConditionOf(Checkpoint::Open(path_).status()), "MALFORMED_LOG_FILE");
}

TEST_F(CheckpointTest, RemoteCheckpointIsRefusedByName) {
  auto status = Checkpoint::Open("hdfs://host/x").status();
  EXPECT_EQ(ConditionOf(status).rfind("UNSUPPORTED_FEATURE", 0), 0u) << status;
}

}  // namespace
}  // namespace sluice::stream
