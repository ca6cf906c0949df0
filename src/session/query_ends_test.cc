// How queries end: beside listeners, by the next start on their checkpoint, and what they leave.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "session/test_stream.h"

namespace sluice {
namespace {

using session::NumberFeed;
using session::StreamOf;
using namespace std::chrono_literals;  // NOLINT

struct OnTerminated final : StreamingQueryListener {
  explicit OnTerminated(std::function<void()> function) : call(std::move(function)) {}
  void onQueryTerminated(const std::string&, const std::string&, const std::string&) override { call(); }
  std::function<void()> call;
};

/// False when `condition` does not come true within 20 seconds.
bool Soon(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

std::string ConditionOf(const std::function<void()>& call) {
  try {
    call();
    return "";
  } catch (const Error& error) {
    return error.getCondition();
  }
}

class QueryEndsTest : public testing::Test {
 protected:
  QueryEndsTest()
      : folder_(std::filesystem::temp_directory_path() / ("sluice-query-ends-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(folder_);
    feed_->Add({1});
  }
  ~QueryEndsTest() override {
    spark_.stop();
    std::filesystem::remove_all(folder_);
  }
  std::string Checkpoint() const { return (folder_ / "checkpoint").string(); }
  DataStreamWriter Writer(const SparkSession& spark) const {
    return StreamOf(spark, feed_).writeStream().format("noop");
  }
  DataStreamWriter Checkpointed(const SparkSession& spark) const {
    return Writer(spark).option("checkpointLocation", Checkpoint());
  }
  void AddListener(std::function<void()> on_terminated) {
    spark_.streams().addListener(std::make_shared<OnTerminated>(std::move(on_terminated)));
  }
  std::shared_ptr<NumberFeed> feed_ = std::make_shared<NumberFeed>();
  std::filesystem::path folder_;
  SparkSession spark_ = SparkSession::builder().master("local[2]").create();
};

TEST_F(QueryEndsTest, AListenerStartsTheQueryAgain) {
  constexpr int kRuns = 20;
  std::atomic<int> ends = 0;
  auto start = [&] { Checkpointed(spark_).queryName("again").trigger(Trigger::AvailableNow()).start(); };
  AddListener([&] {
    if (++ends < kRuns) start();
  });
  start();
  EXPECT_TRUE(Soon([&] { return ends == kRuns; })) << ends;
  spark_.stop();
}

TEST_F(QueryEndsTest, AListenerMayAskWhileAnotherQueryStarts) {
  std::atomic<bool> asks = false, answered = false;
  AddListener([&] {
    asks = true;
    std::this_thread::sleep_for(100ms);
    spark_.streams().active();
    answered = true;
  });
  Writer(spark_).trigger(Trigger::AvailableNow()).start();
  ASSERT_TRUE(Soon([&] { return asks.load(); }));
  Writer(spark_).start();
  EXPECT_TRUE(Soon([&] { return answered.load(); }));
  spark_.stop();
}

TEST_F(QueryEndsTest, ASessionWaitsForListenersOfEndedQueries) {
  std::atomic<bool> began = false, ended = false;
  AddListener([&] {
    began = true;
    std::this_thread::sleep_for(200ms);
    ended = true;
  });
  auto query = Writer(spark_).trigger(Trigger::AvailableNow()).start();
  ASSERT_TRUE(Soon([&] { return began.load(); }));
  EXPECT_FALSE(query.isActive());
  spark_.stop();
  EXPECT_TRUE(ended);
}

TEST_F(QueryEndsTest, StopsBeforeALongWaitForTheTrigger) {
  for (int i = 0; i < 100; ++i) {
    auto query = Writer(spark_).trigger(Trigger::ProcessingTime("1 hour")).start();
    while (!query.lastProgress()) std::this_thread::yield();
    query.stop();
  }
}

TEST_F(QueryEndsTest, ARestartStopsTheActiveRun) {
  std::atomic<int64_t> rows = 0;
  auto start = [&](const SparkSession& spark, const std::string& checkpoint) {
    return StreamOf(spark, feed_)
        .writeStream()
        .option("checkpointLocation", checkpoint)
        .foreachBatch([&](DataFrame batch, int64_t) { rows += batch.count(); })
        .start();
  };
  auto first = start(spark_, Checkpoint());
  first.processAllAvailable();
  auto second = start(spark_, Checkpoint());
  EXPECT_FALSE(first.isActive());
  EXPECT_FALSE(first.exception());
  EXPECT_EQ(second.id(), first.id());
  EXPECT_NE(second.runId(), first.runId());
  EXPECT_EQ(spark_.streams().active().size(), 1u);
  feed_->Add({2, 3});
  second.processAllAvailable();
  EXPECT_EQ(rows, 3);

  const SparkSession other = spark_.newSession();
  std::filesystem::create_directory_symlink(Checkpoint(), folder_ / "link");
  auto third = start(other, (folder_ / "link/").string());
  EXPECT_FALSE(second.isActive());
  EXPECT_TRUE(third.isActive());
  other.stop();
}

TEST_F(QueryEndsTest, ARestartIsRefusedWhenTheActiveRunShallStay) {
  auto query = Checkpointed(spark_).start();
  spark_.conf().set("spark.sql.streaming.stopActiveRunOnRestart", "false");
  EXPECT_EQ(ConditionOf([&] { Checkpointed(spark_).start(); }), "CONCURRENT_QUERY");
  EXPECT_TRUE(query.isActive());
  query.stop();
  Checkpointed(spark_).start().stop();
}

TEST_F(QueryEndsTest, AQueryCannotRestartItself) {
  std::string condition;
  auto query =
      StreamOf(spark_, feed_)
          .writeStream()
          .option("checkpointLocation", Checkpoint())
          .foreachBatch([&](DataFrame, int64_t) { condition = ConditionOf([&] { Checkpointed(spark_).start(); }); })
          .start();
  query.processAllAvailable();
  EXPECT_EQ(condition, "CONCURRENT_QUERY");
  EXPECT_TRUE(query.isActive());
  query.stop();
}

TEST_F(QueryEndsTest, TemporaryCheckpointsOfFailedQueries) {
  struct TemporaryFolder {
    explicit TemporaryFolder(const std::filesystem::path& path) {
      std::filesystem::create_directories(path);
      if (const char* value = std::getenv("TMPDIR")) before = value;
      ::setenv("TMPDIR", path.c_str(), 1);
    }
    ~TemporaryFolder() { before ? ::setenv("TMPDIR", before->c_str(), 1) : ::unsetenv("TMPDIR"); }
    std::optional<std::string> before;
  } const temporary(folder_ / "tmp");
  auto left = [&] {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "tmp"))
      count += entry.path().filename().string().starts_with("temporary-");
    return count;
  };
  feed_->Break();
  auto fail = [&] { Writer(spark_).start().awaitTermination(); };
  EXPECT_EQ(ConditionOf(fail), "STREAM_FAILED");
  EXPECT_EQ(left(), 1);
  spark_.conf().set("spark.sql.streaming.forceDeleteTempCheckpointLocation", "true");
  EXPECT_EQ(ConditionOf(fail), "STREAM_FAILED");
  EXPECT_EQ(left(), 1);
}

}  // namespace
}  // namespace sluice
