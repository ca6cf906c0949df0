#include "base/task_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "base/blocking_scope.h"
#include "base/cancel.h"
#include "base/log.h"

namespace sluice {
namespace {

using Tasks = std::vector<std::function<Status()>>;

TEST(TaskPool, BlockedTasksDoNotKeepOthersWaiting) {
  TaskPool pool(1);
  std::atomic<bool> go{false};
  std::thread slow([&] {
    EXPECT_TRUE(pool.RunAll({[&] {
                      BlockingScope blocking;
                      while (!go) std::this_thread::sleep_for(std::chrono::milliseconds(1));
                      return Status::OK();
                    }})
                    .ok());
  });
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> done{0}, at_once{0}, most{0};
    Tasks tasks;
    for (int i = 0; i < 4; ++i) {
      tasks.push_back([&] {
        most = std::max<int>(most, ++at_once);
        ++done;
        --at_once;
        return Status::OK();
      });
    }
    EXPECT_TRUE(pool.RunAll(std::move(tasks)).ok());
    EXPECT_EQ(done, 4);
    EXPECT_EQ(most, 1);  // one thread stands in for the blocked one, not more
  }
  go = true;
  slow.join();
}

int Threads() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (word == "Threads:" && status >> word) return std::stoi(word);
  return -1;
}

TEST(TaskPool, ThreadsThatStoodInForBlockedOnesEnd) {
  TaskPool pool(1);
  const int before = Threads();
  std::atomic<int> blocked{0}, most{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i)
    callers.emplace_back([&] {
      EXPECT_TRUE(pool.RunAll({[&] {
                        BlockingScope blocking;
                        ++blocked;
                        while (blocked < 8) std::this_thread::sleep_for(std::chrono::milliseconds(1));
                        most = std::max<int>(most, Threads());
                        return Status::OK();
                      }})
                      .ok());
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_GE(most, before + 8);
  for (int i = 0; i < 1000 && Threads() > before + 1; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_LE(Threads(), before + 1);
  std::atomic<int> done{0};
  EXPECT_TRUE(pool.RunAll({[&] { return ++done, Status::OK(); }}).ok());
  EXPECT_EQ(done, 1);
}

TEST(TaskPool, RunsAllAndWaits) {
  TaskPool pool(3);
  EXPECT_EQ(pool.threads(), 3);
  EXPECT_TRUE(pool.RunAll({}).ok());
  for (int round = 0; round < 200; ++round) {
    std::atomic<int> done{0};
    Tasks tasks;
    for (int i = 0; i < 17; ++i) tasks.push_back([&] { return ++done, Status::OK(); });
    EXPECT_TRUE(pool.RunAll(std::move(tasks)).ok());
    EXPECT_EQ(done, 17);
  }
}

TEST(TaskPool, FirstFailureStopsWhatHasNotStarted) {
  TaskPool pool(1);
  std::atomic<int> ran{0};
  Tasks tasks;
  for (int i = 0; i < 10; ++i) {
    tasks.push_back([&, i] { return ++ran, i == 3 ? Status::IOError("three") : Status::OK(); });
  }
  EXPECT_EQ(pool.RunAll(std::move(tasks)).message(), "three");
  EXPECT_EQ(ran, 4);
  EXPECT_TRUE(pool.RunAll({[] { return Status::OK(); }}).ok());
}

TEST(TaskPool, ExceptionsBecomeErrors) {
  TaskPool pool(2);
  EXPECT_EQ(ConditionOf(pool.RunAll({[]() -> Status { throw std::runtime_error("boom"); }})), "INTERNAL_ERROR");
  EXPECT_EQ(ConditionOf(pool.RunAll({[]() -> Status { Throw(MakeError("NULL_MAP_KEY")); }})), "NULL_MAP_KEY");
}

TEST(TaskPool, SeveralCallersShareThePool) {
  TaskPool pool(2);
  std::atomic<int> done{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 4; ++c) {
    callers.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        Tasks tasks(5, [&] { return ++done, Status::OK(); });
        EXPECT_TRUE(pool.RunAll(std::move(tasks)).ok());
      }
    });
  }
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(done, 4 * 50 * 5);
}

TEST(TaskPool, ReleasesCapturesBeforeReturning) {
  TaskPool pool(2);
  auto shared = std::make_shared<int>(1);
  Tasks tasks(8, [shared] { return Status::OK(); });
  EXPECT_TRUE(pool.RunAll(std::move(tasks)).ok());
  EXPECT_EQ(shared.use_count(), 1);
}

TEST(CancelToken, IsSharedByCopies) {
  CancelToken token, copy = token;
  EXPECT_TRUE(copy.Check().ok());
  token.Cancel();
  EXPECT_TRUE(copy.cancelled());
  EXPECT_EQ(ConditionOf(copy.Check()), "OPERATION_CANCELED");
}

TEST(Log, LinesAreKeyValue) {
  EXPECT_EQ(FormatLogLine("batch done", {{"batch", 3}, {"rows", int64_t{10}}, {"query", "my query"}}),
            "batch done batch=3 rows=10 query=\"my query\"");
  EXPECT_EQ(FormatLogLine("x", {{"a", ""}, {"b", "q\"\n\\"}, {"c", 1.5}, {"d", true}}),
            "x a=\"\" b=\"q\\\"\\n\\\\\" c=1.5 d=true");
  EXPECT_EQ(FormatLogLine("x", {{"error", Status::IOError("no disk")}}), "x error=\"no disk\"");
}

TEST(Log, Levels) {
  EXPECT_TRUE(LogEnabled(LogLevel::kError));
  EXPECT_FALSE(LogEnabled(LogLevel::kDebug));
  ASSERT_TRUE(SetLogLevel("DEBUG").ok());
  EXPECT_TRUE(LogEnabled(LogLevel::kDebug));
  ASSERT_TRUE(SetLogLevel("warn").ok());
  EXPECT_EQ(ConditionOf(SetLogLevel("loud")), "INVALID_CONF_VALUE.OUT_OF_RANGE_OF_OPTIONS");
}

}  // namespace
}  // namespace sluice
