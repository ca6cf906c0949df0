// Streams with state: what they give in each mode, across restarts, and what progress tells. The answers are Spark's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "session/test_stream.h"
#include "sluice/functions.h"

namespace sluice {
namespace {

using namespace functions;  // NOLINT: the API under test
using session::NumberFeed;
using session::StreamOf;
using testing::ElementsAre;
using testing::IsEmpty;

class StatefulStreamTest : public testing::Test {
 protected:
  StatefulStreamTest()
      : folder_(std::filesystem::temp_directory_path() / ("sluice-stateful-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(folder_);
    spark_ = SparkSession::builder()
                 .master("local[2]")
                 .config("spark.sql.session.timeZone", "UTC")
                 .config("spark.sql.shuffle.partitions", "3")
                 .create();
  }
  ~StatefulStreamTest() override {
    spark_->stop();
    std::filesystem::remove_all(folder_);
  }
  DataFrame Stream() const { return StreamOf(*spark_, feed_); }
  /// The numbers as minutes after 12:00, with a watermark of 10 minutes.
  DataFrame Clicks() const {
    return Stream()
        .selectExpr("timestamp_seconds(1735732800 + value * 60) AS ts", "value % 3 AS k", "value")
        .withWatermark("ts", "10 minutes");
  }
  /// Not to a table in memory: such queries do not start again from their checkpoints.
  StreamingQuery Start(const DataFrame& df, const std::string& mode) {
    sunk_.clear();
    return df.writeStream()
        .foreachBatch([this, mode](const DataFrame& batch, int64_t) {
          std::lock_guard lock(mutex_);
          if (mode == "complete") sunk_.clear();
          for (const auto& row : batch.selectExpr("CAST(struct(*) AS STRING)").collect())
            sunk_.push_back(row.getString(0));
        })
        .outputMode(mode)
        .option("checkpointLocation", (folder_ / "chk").string())
        .start();
  }
  /// Adds a batch of numbers; gives the rows of the sink that are new (all of them in complete mode).
  std::vector<std::string> Rows(const StreamingQuery& query, std::vector<int64_t> numbers) {
    if (!numbers.empty()) feed_->Add(std::move(numbers));
    query.processAllAvailable();
    std::vector<std::string> all = Sunk(), rows;
    std::sort(all.begin(), all.end());
    std::set_difference(all.begin(), all.end(), seen_.begin(), seen_.end(), std::back_inserter(rows));
    seen_ = all;
    return rows;
  }
  std::vector<std::string> Sunk() {
    std::lock_guard lock(mutex_);
    return sunk_;
  }
  nlohmann::json LastProgress(const StreamingQuery& query) const {
    return nlohmann::json::parse(query.lastProgress()->json);
  }

  std::shared_ptr<NumberFeed> feed_ = std::make_shared<NumberFeed>();
  std::filesystem::path folder_;
  std::optional<SparkSession> spark_;
  std::mutex mutex_;
  std::vector<std::string> sunk_, seen_;
};

TEST_F(StatefulStreamTest, UpdateGivesTheGroupsOfTheBatch) {
  auto query = Start(Stream()
                         .selectExpr("value % 10 AS k", "value")
                         .groupBy("k")
                         .agg({count(lit(1)).as("n"), sum(col("value")).as("s")}),
                     "update");
  EXPECT_THAT(Rows(query, {1, 2, 11}), ElementsAre("{1, 2, 12}", "{2, 1, 2}"));
  EXPECT_THAT(Rows(query, {21, 3}), ElementsAre("{1, 3, 33}", "{3, 1, 3}"));
  const auto op = LastProgress(query)["stateOperators"][0];
  EXPECT_EQ(op["operatorName"], "stateStoreSave");
  EXPECT_EQ(op["numRowsTotal"], 3);
  EXPECT_EQ(op["numRowsUpdated"], 2);
  EXPECT_EQ(op["numShufflePartitions"], 3);
  EXPECT_EQ(op["numStateStoreInstances"], 3);
  query.stop();
}

TEST_F(StatefulStreamTest, CompleteGivesAllGroupsSortedAndLimited) {
  auto query =
      Start(Stream().selectExpr("value % 3 AS k").groupBy("k").count().orderBy(col("count").desc(), col("k")).limit(2),
            "complete");
  EXPECT_THAT(Rows(query, {0, 1, 2, 3}), ElementsAre("{0, 2}", "{1, 1}"));
  seen_.clear();
  EXPECT_THAT(Rows(query, {1, 4}), ElementsAre("{0, 2}", "{1, 3}"));
  query.stop();
}

TEST_F(StatefulStreamTest, GlobalAggregateHasOneRow) {
  auto query = Start(Stream().agg({count(lit(1)), sum(col("value"))}), "update");
  EXPECT_THAT(Rows(query, {5}), ElementsAre("{1, 5}"));
  EXPECT_THAT(Rows(query, {6, 7}), ElementsAre("{3, 18}"));
  query.stop();
}

TEST_F(StatefulStreamTest, GlobalAggregateInABatchWithoutRows) {
  auto query = Start(Clicks().agg({count(lit(1))}), "update");
  Rows(query, {5});
  EXPECT_EQ(LastProgress(query)["numInputRows"], 0);
  EXPECT_EQ(LastProgress(query)["stateOperators"][0]["numRowsTotal"], 1);
  EXPECT_EQ(Sunk().size(), 2u);
  query.stop();
}

TEST_F(StatefulStreamTest, StateOutlivesARestart) {
  auto counts = [&] { return Stream().selectExpr("value % 2 AS k").groupBy("k").count(); };
  auto query = Start(counts(), "update");
  EXPECT_THAT(Rows(query, {1, 2, 3}), ElementsAre("{0, 1}", "{1, 2}"));
  query.stop();
  seen_.clear();
  // The number of partitions is the checkpoint's, whatever the session says now.
  spark_->conf().set("spark.sql.shuffle.partitions", "7");
  query = Start(counts(), "update");
  EXPECT_THAT(Rows(query, {5}), ElementsAre("{1, 3}"));
  EXPECT_EQ(LastProgress(query)["stateOperators"][0]["numShufflePartitions"], 3);
  query.stop();
}

TEST_F(StatefulStreamTest, ABatchThatWasNotCommittedRunsAgainFromTheStateBefore) {
  auto counts = [&] { return Stream().selectExpr("value % 2 AS k").groupBy("k").count(); };
  auto query = Start(counts(), "update");
  Rows(query, {1});
  Rows(query, {1});
  query.stop();
  std::filesystem::remove(folder_ / "chk" / "commits" / "1");
  seen_.clear();
  query = Start(counts(), "update");
  EXPECT_THAT(Rows(query, {}), ElementsAre("{1, 2}"));
  query.stop();
}

TEST_F(StatefulStreamTest, AppendGivesAGroupWhenTheWatermarkClosesIt) {
  auto query = Start(Clicks().groupBy("ts").count(), "append");
  EXPECT_THAT(Rows(query, {1, 1, 2}), IsEmpty());
  EXPECT_EQ(LastProgress(query)["eventTime"]["watermark"], "2025-01-01T11:52:00.000Z");
  EXPECT_EQ(LastProgress(query)["numInputRows"], 0);  // a batch without data followed
  EXPECT_THAT(Rows(query, {11, 2}), ElementsAre("{2025-01-01 12:01:00, 2}"));
  // Late now, and counted.
  EXPECT_THAT(Rows(query, {1, 12}), ElementsAre("{2025-01-01 12:02:00, 2}"));
  int64_t late = 0;
  for (const auto& p : query.recentProgress()) {
    const auto progress = nlohmann::json::parse(p.json);
    for (const auto& op : progress["stateOperators"]) late += op["numRowsDroppedByWatermark"].get<int64_t>();
  }
  EXPECT_EQ(late, 1);
  query.stop();
}

TEST_F(StatefulStreamTest, TheWatermarkOutlivesARestart) {
  auto df = [&] { return Clicks().groupBy("ts").count(); };
  auto query = Start(df(), "append");
  Rows(query, {30});
  query.stop();
  seen_.clear();
  query = Start(df(), "append");
  EXPECT_THAT(Rows(query, {5, 21}), IsEmpty());  // 12:05 is late, though this run has seen nothing before
  EXPECT_EQ(LastProgress(query)["stateOperators"][0]["numRowsTotal"], 2);
  query.stop();
}

TEST_F(StatefulStreamTest, WithoutNoDataBatchesTheNextDataClosesGroups) {
  spark_->conf().set("spark.sql.streaming.noDataMicroBatches.enabled", "false");
  auto query = Start(Clicks().groupBy("ts").count(), "append");
  EXPECT_THAT(Rows(query, {1}), IsEmpty());
  EXPECT_THAT(Rows(query, {20}), IsEmpty());
  EXPECT_THAT(Rows(query, {20}), ElementsAre("{2025-01-01 12:01:00, 1}"));
  query.stop();
}

TEST_F(StatefulStreamTest, SlidingWindows) {
  auto query =
      Start(Clicks().groupBy(window(col("ts"), "10 minutes", "5 minutes")).count().selectExpr("window.start", "count"),
            "append");
  Rows(query, {1, 3});
  EXPECT_THAT(Rows(query, {21}), ElementsAre("{2025-01-01 11:55:00, 2}", "{2025-01-01 12:00:00, 2}"));
  query.stop();
}

TEST_F(StatefulStreamTest, WindowsOfWindows) {
  auto inner = Clicks().groupBy(window(col("ts"), "5 minutes").as("w")).count();
  auto outer =
      inner.groupBy(window(call_function("window_time", {col("w")}), "20 minutes").as("v")).agg({sum(col("count"))});
  auto query = Start(outer.selectExpr("v.start", "`sum(count)`"), "append");
  EXPECT_THAT(Rows(query, {1, 7, 14}), IsEmpty());
  EXPECT_THAT(Rows(query, {31}), ElementsAre("{2025-01-01 12:00:00, 3}"));
  EXPECT_EQ(LastProgress(query)["stateOperators"].size(), 2u);
  query.stop();
}

TEST_F(StatefulStreamTest, SessionsGrowTogetherAndClose) {
  auto query = Start(Clicks()
                         .selectExpr("ts", "'k' AS user")
                         .groupBy({session_window(col("ts"), "5 minutes"), col("user")})
                         .count()
                         .selectExpr("session_window.start", "session_window.end", "count"),
                     "append");
  EXPECT_THAT(Rows(query, {1, 9}), IsEmpty());
  EXPECT_EQ(LastProgress(query)["stateOperators"][0]["numRowsTotal"], 2);
  EXPECT_THAT(Rows(query, {5}), IsEmpty());  // joins both: 12:01 to 12:14
  EXPECT_EQ(LastProgress(query)["stateOperators"][0]["numRowsTotal"], 1);
  EXPECT_THAT(Rows(query, {30}), ElementsAre("{2025-01-01 12:01:00, 2025-01-01 12:14:00, 3}"));
  query.stop();
}

TEST_F(StatefulStreamTest, SessionsOutliveARestart) {
  auto df = [&] {
    return Clicks()
        .groupBy({session_window(col("ts"), "5 minutes"), col("k")})
        .count()
        .selectExpr("session_window.start", "k", "count");
  };
  auto query = Start(df(), "append");
  Rows(query, {1, 4, 7});
  query.stop();
  seen_.clear();
  query = Start(df(), "append");
  EXPECT_THAT(Rows(query, {10, 2}), IsEmpty());
  EXPECT_THAT(Rows(query, {40}), ElementsAre("{2025-01-01 12:01:00, 1, 4}", "{2025-01-01 12:02:00, 2, 1}"));
  query.stop();
}

TEST_F(StatefulStreamTest, DropDuplicatesForgetsWhatTheWatermarkPassed) {
  auto query = Start(Clicks().dropDuplicates({"ts", "k"}).select("value"), "append");
  EXPECT_THAT(Rows(query, {1, 1, 2}), ElementsAre("{1}", "{2}"));
  EXPECT_THAT(Rows(query, {2, 14}), ElementsAre("{14}"));
  EXPECT_EQ(LastProgress(query)["stateOperators"][0]["numRowsTotal"], 1);
  EXPECT_THAT(Rows(query, {3}), IsEmpty());  // late
  query.stop();
}

TEST_F(StatefulStreamTest, DropDuplicatesWithinWatermark) {
  auto query = Start(Clicks().dropDuplicatesWithinWatermark({"k"}).select("value"), "append");
  EXPECT_THAT(Rows(query, {1, 4, 2}), ElementsAre("{1}", "{2}"));  // 4 is a duplicate of 1
  EXPECT_THAT(Rows(query, {7, 30}), ElementsAre("{30}"));
  EXPECT_THAT(Rows(query, {31}), ElementsAre("{31}"));  // the 1 before has expired
  query.stop();
}

TEST_F(StatefulStreamTest, DistinctIsAnAggregationOfNothing) {
  Clicks().createOrReplaceTempView("clicks");
  auto query = Start(spark_->sql("SELECT DISTINCT k FROM clicks"), "update");
  EXPECT_THAT(Rows(query, {1, 2, 4}), ElementsAre("{1}", "{2}"));
  EXPECT_EQ(LastProgress(query)["stateOperators"][0]["operatorName"], "stateStoreSave");
  query.stop();
}

TEST_F(StatefulStreamTest, LimitCountsOverBatches) {
  auto query = Start(Stream().limit(3), "append");
  EXPECT_THAT(Rows(query, {1, 2}), ElementsAre("{1}", "{2}"));
  EXPECT_THAT(Rows(query, {3, 4}), ElementsAre("{3}"));
  EXPECT_THAT(Rows(query, {5}), IsEmpty());
  query.stop();
}

TEST_F(StatefulStreamTest, LeftOuterJoinOfStreams) {
  Clicks().filter("value < 1000").createOrReplaceTempView("a");
  Stream()
      .filter("value >= 1000")
      .selectExpr("timestamp_seconds(1735732800 + (value - 1000) * 60) AS t", "value - 1000 AS n")
      .withWatermark("t", "10 minutes")
      .createOrReplaceTempView("b");
  auto query =
      Start(spark_->sql("SELECT value, n FROM a LEFT JOIN b ON k = n % 3 AND t >= ts AND t <= ts + INTERVAL 3 MINUTES"),
            "append");
  EXPECT_THAT(Rows(query, {1, 2, 1004}), ElementsAre("{1, 4}"));
  EXPECT_THAT(Rows(query, {1005, 1}), ElementsAre("{1, 4}", "{2, 5}"));
  EXPECT_THAT(Rows(query, {3, 30}), IsEmpty());  // the slower watermark counts
  EXPECT_THAT(Rows(query, {1031}), ElementsAre("{3, null}"));
  EXPECT_EQ(LastProgress(query)["stateOperators"][0]["operatorName"], "symmetricHashJoin");
  EXPECT_EQ(LastProgress(query)["stateOperators"][0]["numStateStoreInstances"], 12);
  query.stop();
}

}  // namespace
}  // namespace sluice
