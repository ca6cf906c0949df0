// Starting streams: sinks, checkpoint locations, names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "session/test_stream.h"

namespace sluice {
namespace {

using session::NumberFeed;
using session::StreamOf;
using testing::HasSubstr;

class StreamingTest : public testing::Test {
 protected:
  StreamingTest()
      : folder_(std::filesystem::temp_directory_path() / ("sluice-streaming-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(folder_);
    spark_ = SparkSession::builder()
                 .master("local[2]")
                 .config("spark.sql.session.timeZone", "UTC")
                 .config("spark.sql.catalog.demo", "org.apache.iceberg.spark.SparkCatalog")
                 .config("spark.sql.catalog.demo.type", "hadoop")
                 .config("spark.sql.catalog.demo.warehouse", (folder_ / "demo").string())
                 .create();
  }
  ~StreamingTest() override {
    spark_->stop();
    std::filesystem::remove_all(folder_);
  }
  std::string Checkpoint() const { return (folder_ / "checkpoint").string(); }
  std::shared_ptr<NumberFeed> feed_ = std::make_shared<NumberFeed>();
  std::filesystem::path folder_;
  std::optional<SparkSession> spark_;
};

TEST_F(StreamingTest, MemorySinkIsATable) {
  auto query = StreamOf(*spark_, feed_)
                   .select((Column("value") * 10).as("v"))
                   .writeStream()
                   .format("memory")
                   .queryName("out")
                   .start();
  EXPECT_TRUE(query.isActive());
  feed_->Add({1, 2});
  query.processAllAvailable();
  feed_->Add({3});
  query.processAllAvailable();
  auto rows = spark_->sql("SELECT v FROM out ORDER BY v").collect();
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[2].getLong(0), 30);
  EXPECT_EQ(query.lastProgress()->numInputRows, 1);
  EXPECT_EQ(query.name(), "out");
  EXPECT_EQ(spark_->streams().active().size(), 1u);
  query.stop();
  EXPECT_FALSE(query.isActive());
  EXPECT_FALSE(query.exception());
}

TEST_F(StreamingTest, SeveralSourcesWaitTogether) {
  auto other = std::make_shared<NumberFeed>();
  auto query = StreamOf(*spark_, feed_)
                   .union_(StreamOf(*spark_, other))
                   .writeStream()
                   .format("memory")
                   .queryName("out")
                   .start();
  auto rows = [&] { return spark_->table("out").count(); };
  for (auto& feed : {feed_, other, feed_}) {
    feed->Add({1});
    query.processAllAvailable();
  }
  EXPECT_EQ(rows(), 3);
  const auto asked = [&] {
    std::lock_guard lock(feed_->mutex);
    return feed_->asked;
  };
  const int64_t before = asked();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_LE(asked() - before, 3);  // idle: nobody asks
  other->Add({2});
  const auto began = std::chrono::steady_clock::now();
  while (rows() < 4 && std::chrono::steady_clock::now() - began < std::chrono::seconds(5))
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(rows(), 4);
  query.stop();
}

TEST_F(StreamingTest, ASourceThatThrowsFailsItsQueryAlone) {
  auto other = std::make_shared<NumberFeed>();
  auto query = StreamOf(*spark_, feed_).writeStream().format("memory").queryName("out").start();
  auto unharmed = StreamOf(*spark_, other).writeStream().format("memory").queryName("other").start();
  feed_->Break();
  try {
    query.awaitTermination(10'000);
    FAIL() << "expected STREAM_FAILED";
  } catch (const Error& error) {
    EXPECT_EQ(error.getCondition(), "STREAM_FAILED");
    EXPECT_THAT(error.what(), HasSubstr("broken"));
  }
  other->Add({1});
  unharmed.processAllAvailable();
  EXPECT_EQ(spark_->table("other").count(), 1);
}

// As in Spark, where every batch has seeds of its own, even those of rand(7).
TEST_F(StreamingTest, RandomNumbersDifferFromBatchToBatch) {
  auto numbers = StreamOf(*spark_, feed_)
                     .selectExpr({"rand() AS a", "rand(7) AS b", "randn(7) AS c", "randstr(8, 7) AS d",
                                  "uniform(0.0D, 1.0D, 7) AS e"});
  auto query = numbers.writeStream().format("memory").queryName("out").start();
  for (int64_t batch = 0; batch < 4; ++batch) {
    feed_->Add({1, 2, 3});
    query.processAllAvailable();
  }
  query.stop();
  for (const char* column : {"a", "b", "c", "d", "e"}) {
    EXPECT_EQ(spark_->sql(std::string("SELECT count(DISTINCT ") + column + ") FROM out").collect()[0].getLong(0), 12)
        << column;
  }
}

TEST_F(StreamingTest, RetainsAtLeastOneBatch) {
  spark_->conf().set("spark.sql.streaming.minBatchesToRetain", "-1");
  try {
    StreamOf(*spark_, feed_).writeStream().format("memory").queryName("out").start();
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.getCondition(), "INVALID_CONF_VALUE.REQUIREMENT");
  }
}

TEST_F(StreamingTest, ToTableMakesTheTableAndGoesOnFromTheCheckpoint) {
  spark_->sql("CREATE NAMESPACE demo.db");
  auto run = [&] {
    auto query = StreamOf(*spark_, feed_)
                     .writeStream()
                     .option("checkpointLocation", Checkpoint())
                     .trigger(Trigger::AvailableNow())
                     .toTable("demo.db.t");
    query.awaitTermination();
    return query.id();
  };
  feed_->Add({1, 2, 3});
  std::string first = run();
  feed_->Add({4});
  EXPECT_EQ(run(), first);
  EXPECT_EQ(spark_->table("demo.db.t").count(), 4);
  EXPECT_EQ(spark_->table("demo.db.t.snapshots").count(), 2);
  EXPECT_EQ(spark_->table("demo.db.t").schema().simpleString(), "struct<value:bigint>");
}

TEST_F(StreamingTest, ForeachBatchGetsDataFrames) {
  std::vector<std::pair<int64_t, int64_t>> seen;
  feed_->Add({5, 6, 7});
  auto query =
      StreamOf(*spark_, feed_)
          .writeStream()
          .trigger(Trigger::AvailableNow())
          .foreachBatch([&](DataFrame batch, int64_t id) { seen.emplace_back(id, batch.filter("value > 5").count()); })
          .start();
  query.awaitTermination();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0], std::make_pair(int64_t{0}, int64_t{2}));
}

TEST_F(StreamingTest, AFailingFunctionEndsTheQuery) {
  feed_->Add({1});
  auto query = StreamOf(*spark_, feed_)
                   .writeStream()
                   .trigger(Trigger::AvailableNow())
                   .foreachBatch([](DataFrame, int64_t) { throw std::runtime_error("no more"); })
                   .start();
  try {
    query.awaitTermination();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.getCondition(), "STREAM_FAILED");
    EXPECT_THAT(error.getMessage(), HasSubstr("no more"));
  }
  EXPECT_EQ(query.exception()->getCondition(), "STREAM_FAILED");
}

TEST_F(StreamingTest, ConsolePrintsAsSparkDoes) {
  feed_->Add({1, 2});
  testing::internal::CaptureStdout();
  StreamOf(*spark_, feed_).writeStream().format("console").trigger(Trigger::AvailableNow()).start().awaitTermination();
  EXPECT_EQ(testing::internal::GetCapturedStdout(),
            "-------------------------------------------\nBatch: 0\n-------------------------------------------\n"
            "+-----+\n|value|\n+-----+\n|    1|\n|    2|\n+-----+\n\n");
}

TEST_F(StreamingTest, Refusals) {
  auto condition = [](auto&& f) {
    try {
      f();
      return std::string("none");
    } catch (const Error& error) {
      return error.getCondition() + " " + error.getMessage();
    }
  };
  auto stream = StreamOf(*spark_, feed_);
  EXPECT_THAT(condition([&] { spark_->range(3).writeStream(); }), HasSubstr("WRITE_STREAM_NOT_ALLOWED"));
  EXPECT_THAT(condition([&] { stream.collect(); }), HasSubstr("writeStream.start()"));
  EXPECT_THAT(condition([&] { stream.writeStream().format("kafka").start(); }),
              HasSubstr("checkpointLocation must be specified"));
  EXPECT_THAT(condition([&] { stream.writeStream().format("memory").start(); }),
              HasSubstr("queryName must be specified"));
  EXPECT_THAT(condition([&] { stream.writeStream().outputMode("sometimes"); }),
              HasSubstr("STREAMING_OUTPUT_MODE.INVALID"));
  auto query = stream.writeStream().format("noop").queryName("one").start();
  EXPECT_THAT(condition([&] { stream.writeStream().format("noop").queryName("one").start(); }),
              HasSubstr("already active"));
  query.stop();
}

}  // namespace
}  // namespace sluice
