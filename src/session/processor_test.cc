// Processors in C++: variables, timers, values that expire, over batches and restarts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "session/test_stream.h"
#include "sluice/functions.h"
#include "sluice/sluice.h"

namespace sluice {
namespace {

using namespace functions;  // NOLINT: the API under test
using session::NumberFeed;
using session::StreamOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kRocksDb[] = "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider";

/// Of each kind of state something: the sum of a key's numbers, the numbers, how often there was each.
class Sums final : public StatefulProcessor {
 public:
  void init(StatefulProcessorHandle& handle) override {
    sum_ = handle.getValueState<int64_t>("sum");
    numbers_ = handle.getListState<Row>("numbers", {}, "n BIGINT, odd BOOLEAN");
    times_ = handle.getMapState<std::string, int32_t>("times");
  }
  void handleInputRows(const Row& key, const std::vector<Row>& rows, const TimerValues&, const Emit& emit) override {
    int64_t sum = sum_.get().value_or(0);
    for (const Row& row : rows) {
      const int64_t n = row.getAs<int64_t>("value");
      if (n < 0) throw std::runtime_error("a number below zero");
      sum += n;
      numbers_.appendValue(Row{n, n % 2 == 1});
      const std::string name = std::to_string(n);
      times_.updateValue(name, times_.getValue(name).value_or(0) + 1);
    }
    sum_.update(sum);
    std::string text;
    for (const Row& row : numbers_.get()) text += row.toString();
    for (const auto& [name, times] : times_.iterator()) text += " " + name + "x" + std::to_string(times);
    emit(Row{key[0], sum, text});
    if (sum > 100) {
      sum_.clear();
      numbers_.clear();
      times_.clear();
    }
  }

 private:
  ValueState<int64_t> sum_;
  ListState<Row> numbers_;
  MapState<std::string, int32_t> times_;
};

/// A timer for each key, five minutes after its last row.
class Silence final : public StatefulProcessor {
 public:
  void init(StatefulProcessorHandle& handle) override { handle_ = &handle; }
  void handleInputRows(const Row& key, const std::vector<Row>& rows, const TimerValues&, const Emit& emit) override {
    for (int64_t timer : handle_->listTimers()) handle_->deleteTimer(timer);
    handle_->registerTimer(rows.back().getAs<Timestamp>("ts").micros / 1000 + 300'000);
    emit(Row{key[0], static_cast<int64_t>(rows.size()), "heard"});
  }
  void handleExpiredTimer(const Row& key, const TimerValues& times, const ExpiredTimerInfo& timer,
                          const Emit& emit) override {
    emit(Row{key[0], int64_t{0}, timer.getExpiryTimeInMs() < times.getCurrentWatermarkInMs() ? "silent" : "too early"});
  }

 private:
  StatefulProcessorHandle* handle_ = nullptr;
};

/// How many rows a call got, and its key so far.
class Counts final : public StatefulProcessor {
 public:
  void init(StatefulProcessorHandle& handle) override { total_ = handle.getValueState<int64_t>("total"); }
  void handleInputRows(const Row& key, const std::vector<Row>& rows, const TimerValues&, const Emit& emit) override {
    const auto count = static_cast<int64_t>(rows.size());
    total_.update(total_.get().value_or(0) + count);
    emit(Row{key[0].toString(), count, *total_.get()});
  }
  static DataType output() { return DataType::fromDDL("k STRING, n BIGINT, total BIGINT"); }

 private:
  ValueState<int64_t> total_;
};

class ProcessorTest : public testing::Test {
 protected:
  ProcessorTest()
      : folder_(std::filesystem::temp_directory_path() / ("sluice-processor-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(folder_);
    spark_ = SparkSession::builder()
                 .master("local[2]")
                 .config("spark.sql.session.timeZone", "UTC")
                 .config("spark.sql.shuffle.partitions", "3")
                 .config("spark.sql.streaming.stateStore.providerClass", kRocksDb)
                 .create();
  }
  ~ProcessorTest() override {
    spark_->stop();
    std::filesystem::remove_all(folder_);
  }
  template <typename Processor>
  DataFrame Processed(const std::string& time_mode = "None") const {
    return StreamOf(*spark_, feed_)
        .selectExpr("timestamp_seconds(1735732800 + value * 60) AS ts", "value % 3 AS k", "value")
        .withWatermark("ts", "10 minutes")
        .groupBy("k")
        .transformWithState([] { return std::make_unique<Processor>(); },
                            DataType::fromDDL("k BIGINT, n BIGINT, text STRING"), time_mode);
  }
  /// Not to a table in memory: such queries do not start again from their checkpoints.
  StreamingQuery Start(const DataFrame& df) {
    seen_.clear();
    sunk_.clear();
    return df.writeStream()
        .foreachBatch([this](const DataFrame& batch, int64_t) {
          std::lock_guard lock(mutex_);
          for (const auto& row : batch.collect()) sunk_.push_back(row.toString());
        })
        .option("checkpointLocation", (folder_ / "chk").string())
        .start();
  }
  /// Adds a batch of numbers; gives the rows of the sink that are new.
  std::vector<std::string> Rows(const StreamingQuery& query, std::vector<int64_t> numbers) {
    feed_->Add(std::move(numbers));
    query.processAllAvailable();
    std::vector<std::string> all, rows;
    {
      std::lock_guard lock(mutex_);
      all = sunk_;
    }
    std::sort(all.begin(), all.end());
    std::set_difference(all.begin(), all.end(), seen_.begin(), seen_.end(), std::back_inserter(rows));
    seen_ = all;
    return rows;
  }

  std::shared_ptr<NumberFeed> feed_ = std::make_shared<NumberFeed>();
  std::filesystem::path folder_;
  std::optional<SparkSession> spark_;
  std::mutex mutex_;
  std::vector<std::string> sunk_, seen_;
};

TEST_F(ProcessorTest, StateStaysFromBatchToBatchAndOverARestart) {
  auto query = Start(Processed<Sums>());
  EXPECT_THAT(Rows(query, {1, 4, 2}), ElementsAre("[1,5,[1,true][4,false] 1x1 4x1]", "[2,2,[2,false] 2x1]"));
  EXPECT_THAT(Rows(query, {4}), ElementsAre("[1,9,[1,true][4,false][4,false] 1x1 4x2]"));
  query.stop();
  query = Start(Processed<Sums>());
  EXPECT_THAT(Rows(query, {97}), ElementsAre("[1,106,[1,true][4,false][4,false][97,true] 1x1 4x2 97x1]"));
  EXPECT_THAT(Rows(query, {7, 2}), ElementsAre("[1,7,[7,true] 7x1]", "[2,4,[2,false][2,false] 2x2]"));
  query.stop();
  auto state = [&](const char* name) {
    std::vector<std::string> rows;
    for (const Row& row : spark_->read()
                              .format("statestore")
                              .option("stateVarName", name)
                              .load((folder_ / "chk").string())
                              .drop("partition_id")
                              .collect())
      rows.push_back(row.toString());
    std::sort(rows.begin(), rows.end());
    return rows;
  };
  EXPECT_THAT(state("sum"), ElementsAre("[[1],[7]]", "[[2],[4]]"));
  EXPECT_THAT(state("numbers"), ElementsAre("[[1],[7,true]]", "[[2],[2,false]]", "[[2],[2,false]]"));
  EXPECT_THAT(state("times"), ElementsAre("[[1],[7],[1]]", "[[2],[2],[2]]"));
  EXPECT_THROW(state("nothing"), Error);
}

TEST_F(ProcessorTest, TimersOfEventTime) {
  auto query = Start(Processed<Silence>("EventTime"));
  EXPECT_THAT(Rows(query, {1, 2}), ElementsAre("[1,1,heard]", "[2,1,heard]"));
  EXPECT_THAT(Rows(query, {16, 4}), ElementsAre("[1,2,heard]"));
  EXPECT_THAT(Rows(query, {30}), ElementsAre("[0,1,heard]", "[1,0,silent]", "[2,0,silent]"));
  EXPECT_THAT(Rows(query, {3, 31}), ElementsAre("[1,1,heard]"));  // 12:03 is late
}

TEST_F(ProcessorTest, WhatAProcessorThrowsEndsTheQuery) {
  auto query = Start(Processed<Sums>());
  feed_->Add({-1});
  try {
    query.awaitTermination();
    ADD_FAILURE() << "the query goes on";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("a number below zero"));
  }
}

TEST_F(ProcessorTest, ATableIsOneBatch) {
  auto rows = spark_->sql("SELECT id % 2 AS k, id AS value FROM range(5)")
                  .groupBy("k")
                  .transformWithState([] { return std::make_unique<Sums>(); },
                                      DataType::fromDDL("k BIGINT, n BIGINT, text STRING"))
                  .orderBy("k")
                  .collect();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].getLong(1), 6);
  EXPECT_EQ(rows[1].getLong(1), 4);
}

TEST_F(ProcessorTest, NaNIsOneKeyAndZeroAnother) {
  const std::string number = "CAST(CASE value % 3 WHEN 0 THEN 'NaN' WHEN 1 THEN '-0.0' ELSE '0.0' END AS DOUBLE)";
  const std::string nested = "named_struct('list', array(" + number + "))";
  const auto make = [] { return std::make_unique<Counts>(); };
  auto of_table = [&](const std::string& key) {
    std::vector<std::string> rows;
    for (const Row& row : spark_->sql("SELECT " + key + " AS k FROM (SELECT id AS value FROM range(6))")
                              .groupBy("k")
                              .transformWithState(make, Counts::output())
                              .collect())
      rows.push_back(row.toString());
    std::sort(rows.begin(), rows.end());
    return rows;
  };
  EXPECT_THAT(of_table(number), ElementsAre("[0.0,4,4]", "[NaN,2,2]"));
  EXPECT_THAT(of_table(nested), ElementsAre("[[[0.0]],4,4]", "[[[NaN]],2,2]"));
  auto query = Start(
      StreamOf(*spark_, feed_).selectExpr(nested + " AS k").groupBy("k").transformWithState(make, Counts::output()));
  EXPECT_THAT(Rows(query, {0, 1, 3}), ElementsAre("[[[0.0]],1,1]", "[[[NaN]],2,2]"));
  EXPECT_THAT(Rows(query, {2, 6}), ElementsAre("[[[0.0]],1,2]", "[[[NaN]],1,3]"));
}

TEST_F(ProcessorTest, ModesAndProviders) {
  EXPECT_THROW(Processed<Sums>("Sometime"), Error);
  spark_->conf().set("spark.sql.streaming.stateStore.providerClass",
                     "org.apache.spark.sql.execution.streaming.state.HDFSBackedStateStoreProvider");
  auto query = Start(Processed<Sums>());
  feed_->Add({1});
  try {
    query.awaitTermination();
    ADD_FAILURE() << "the query goes on";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("HDFSBackedStateStoreProvider"));
  }
}

}  // namespace
}  // namespace sluice
