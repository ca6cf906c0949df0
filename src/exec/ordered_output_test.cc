#include "exec/ordered_output.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "exec/test_support.h"

namespace sluice::exec {
namespace {

Batch Numbers(int64_t first, int64_t rows) {
  Batch batch;
  batch.rows = rows;
  std::string json = "[";
  for (int64_t i = 0; i < rows; ++i) json += (i ? "," : "") + std::to_string(first + i);
  batch.columns.push_back(Vector{testing::ArrayOf(DataType::Long(), json + "]"), false});
  return batch;
}

TEST(OrderedOutput, GivesSplitsInOrder) {
  std::vector<int64_t> seen;
  OrderedOutput output([&](Batch batch) {
    seen.push_back(batch.rows);
    return Status::OK();
  });
  CancelToken cancel;
  ASSERT_TRUE(output.Push(2, Numbers(0, 3), cancel).ok());
  ASSERT_TRUE(output.Push(1, Numbers(0, 2), cancel).ok());
  ASSERT_TRUE(output.End(2).ok());
  EXPECT_TRUE(seen.empty());
  ASSERT_TRUE(output.Push(0, Numbers(0, 1), cancel).ok());
  EXPECT_EQ(seen, (std::vector<int64_t>{1}));
  ASSERT_TRUE(output.End(0).ok());
  EXPECT_EQ(seen, (std::vector<int64_t>{1, 2}));  // 1 is not at its end yet
  ASSERT_TRUE(output.Push(1, Numbers(0, 4), cancel).ok());
  ASSERT_TRUE(output.End(1).ok());
  EXPECT_EQ(seen, (std::vector<int64_t>{1, 2, 4, 3}));
}

TEST(OrderedOutput, ManyTasksKeepTheOrder) {
  constexpr int64_t kSplits = 400;
  for (int64_t most : {int64_t{1}, int64_t{1} << 30}) {  // the first makes tasks wait for their turn
    std::vector<int64_t> seen;
    OrderedOutput output(
        [&](Batch batch) {
          seen.push_back(batch.rows);
          return Status::OK();
        },
        most);
    std::atomic<int64_t> next{0};
    CancelToken cancel;
    std::vector<std::thread> tasks;
    for (int t = 0; t < 4; ++t) {
      tasks.emplace_back([&] {
        for (int64_t split = next++; split < kSplits; split = next++) {
          if (split % 7 != 0) EXPECT_TRUE(output.Push(split, Numbers(0, split + 1), cancel).ok());
          EXPECT_TRUE(output.End(split).ok());
        }
      });
    }
    for (auto& task : tasks) task.join();
    EXPECT_EQ(seen.size(), static_cast<size_t>(kSplits - 58));
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  }
}

TEST(OrderedOutput, WaitingTasksEndWithTheQuery) {
  OrderedOutput output([](Batch) { return Status::OK(); }, /*max_waiting_bytes=*/1);
  CancelToken cancel;
  ASSERT_TRUE(output.Push(1, Numbers(0, 10), cancel).ok());
  std::thread waiting([&] { EXPECT_EQ(ConditionOf(output.Push(1, Numbers(0, 10), cancel)), "OPERATION_CANCELED"); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  output.Fail();
  waiting.join();
}

}  // namespace
}  // namespace sluice::exec
