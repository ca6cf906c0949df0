// Processes that get a signal while they stream.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "session/test_stream.h"

namespace sluice {
namespace {

using session::NumberFeed;
using session::StreamOf;
using namespace std::chrono_literals;  // NOLINT

/// A program with one query whose batch takes `batch_time`, and which waits as `wait` does. Exits with the number of
/// batches that ended when wait returns.
class ShutdownTest : public testing::Test {
 protected:
  ShutdownTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

  static void Program(std::chrono::milliseconds batch_time, const std::function<void(StreamingQuery&)>& wait,
                      const char* graceful = "true") {
    static std::atomic<int> began{0}, ended{0};
    auto feed = std::make_shared<NumberFeed>();
    {
      auto spark = SparkSession::builder()
                       .master("local[1]")
                       .config("spark.streaming.stopGracefullyOnShutdown", graceful)
                       .create();
      auto query = StreamOf(spark, feed)
                       .writeStream()
                       .foreachBatch([batch_time](DataFrame, int64_t) {
                         ++began;
                         std::this_thread::sleep_for(batch_time);
                         ++ended;
                       })
                       .start();
      feed->Add({1});
      while (began == 0) std::this_thread::sleep_for(1ms);
      wait(query);
    }
    std::exit(10 + ended);
  }
};

TEST_F(ShutdownTest, TheRunningBatchIsFinished) {
  for (int number : {SIGTERM, SIGINT}) {
    EXPECT_EXIT(Program(300ms,
                        [number](StreamingQuery& query) {
                          ::raise(number);
                          query.awaitTermination();
                        }),
                testing::ExitedWithCode(11), "");
  }
}

TEST_F(ShutdownTest, AProgramThatDoesNotEndIsEnded) {
  EXPECT_EXIT(Program(10ms,
                      [](StreamingQuery&) {
                        ::raise(SIGTERM);
                        std::this_thread::sleep_for(60s);
                      }),
              testing::KilledBySignal(SIGTERM), "");
}

TEST_F(ShutdownTest, WithoutRunningQueriesAtOnce) {
  EXPECT_EXIT(Program(0ms,
                      [](StreamingQuery& query) {
                        query.stop();
                        ::raise(SIGINT);
                        std::this_thread::sleep_for(2s);
                      }),
              testing::KilledBySignal(SIGINT), "");
}

TEST_F(ShutdownTest, ASecondSignalDoesNotWait) {
  EXPECT_EXIT(Program(60s,
                      [](StreamingQuery&) {
                        ::raise(SIGTERM);
                        std::this_thread::sleep_for(100ms);
                        ::raise(SIGINT);
                      }),
              testing::KilledBySignal(SIGINT), "");
}

TEST_F(ShutdownTest, ProgramsWithHandlersOfTheirOwnAreLeftAlone) {
  EXPECT_EXIT(
      {
        ::signal(SIGTERM, [](int) { ::_exit(7); });
        Program(300ms, [](StreamingQuery&) { ::raise(SIGTERM); });
      },
      testing::ExitedWithCode(7), "");
  EXPECT_EXIT(
      {
        ::signal(SIGINT, SIG_IGN);
        Program(300ms, [](StreamingQuery& query) {
          ::raise(SIGINT);
          query.processAllAvailable();
        });
      },
      testing::ExitedWithCode(11), "");
}

TEST_F(ShutdownTest, SwitchedOff) {
  EXPECT_EXIT(Program(
                  60s, [](StreamingQuery&) { ::raise(SIGTERM); }, "false"),
              testing::KilledBySignal(SIGTERM), "");
}

}  // namespace
}  // namespace sluice
