// Frames longer than a step, which the SQL corpus does not have: sums against sums by hand.
#include "exec/frame_aggregate.h"

#include <arrow/builder.h>

#include <gtest/gtest.h>

#include "exec/test_support.h"
#include "types/arrow_types.h"

namespace sluice::exec {
namespace {

using namespace testing;  // NOLINT: the vocabulary of these tests

constexpr int32_t kRows = 1000, kFirstPartition = 700;

/// Row i holds i * i % 101, and null where i % 7 == 3.
struct Data {
  ArrayPtr values;
  std::vector<std::optional<int64_t>> plain;
  Data() {
    arrow::Int64Builder builder;
    for (int64_t i = 0; i < kRows; ++i) {
      const bool null = i % 7 == 3;
      plain.push_back(null ? std::nullopt : std::optional<int64_t>(i * i % 101));
      EXPECT_TRUE((null ? builder.AppendNull() : builder.Append(i * i % 101)).ok());
    }
    values = builder.Finish().ValueOrDie();
  }
};

template <typename F>
FrameBounds Frames(const F& frame) {
  FrameBounds out;
  for (int32_t i = 0; i < kRows; ++i) {
    const int32_t first = i < kFirstPartition ? 0 : kFirstPartition,
                  end = i < kFirstPartition ? kFirstPartition : kRows;
    const auto [from, to] = frame(i, first, end);
    out.start.push_back(from);
    out.end.push_back(to);
  }
  return out;
}

void ExpectSums(const FrameBounds& frames) {
  const Data data;
  const auto column = Column("v", DataType::Long());
  const auto call = Agg("sum", {column});
  const auto& sum = *plan::As<plan::AggregateCall>(call);
  const std::vector<Vector> args{{data.values, false}};
  auto result = AggregateFrames(*sum.def, *sum.bound, Eval(), args, frames, CancelToken());
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ((*result)->length(), kRows);
  const auto& sums = static_cast<const arrow::Int64Array&>(**result);
  for (int32_t i = 0; i < kRows; ++i) {
    std::optional<int64_t> expected;
    for (int32_t row = frames.start[i]; row < frames.end[i]; ++row)
      if (data.plain[row]) expected = expected.value_or(0) + *data.plain[row];
    ASSERT_EQ(sums.IsNull(i), !expected) << i;
    if (expected) {
      ASSERT_EQ(sums.Value(i), *expected) << i;
    }
  }
}

TEST(FrameAggregate, GrowingFramesGoOnFromStepToStep) {
  ExpectSums(Frames([](int32_t i, int32_t first, int32_t) { return std::pair(first, i + 1); }));
}
TEST(FrameAggregate, PeersShareAFrame) {
  ExpectSums(Frames(
      [](int32_t i, int32_t first, int32_t end) { return std::pair(first, std::min(end, i / 150 * 150 + 150)); }));
}
TEST(FrameAggregate, GrowingFramesThatBeginEmpty) {
  ExpectSums(Frames([](int32_t i, int32_t first, int32_t) { return std::pair(first, std::max(first, i - 5)); }));
}
TEST(FrameAggregate, SlidingFrames) {
  ExpectSums(Frames(
      [](int32_t i, int32_t first, int32_t end) { return std::pair(std::max(first, i - 90), std::min(end, i + 80)); }));
}
TEST(FrameAggregate, ShrinkingFrames) {
  ExpectSums(Frames([](int32_t i, int32_t, int32_t end) { return std::pair(i, end); }));
}
TEST(FrameAggregate, EmptyFrames) {
  ExpectSums(Frames(
      [](int32_t i, int32_t, int32_t end) { return std::pair(std::min(end, i + 400), std::min(end, i + 300)); }));
}

TEST(FrameAggregate, OrderOfRowsIsKept) {
  const Data data;
  const auto* collect = functions::FunctionRegistry::Builtins().Find("collect_list");
  functions::BindContext bind;
  bind.name = collect->name;
  bind.arg_types = {DataType::Long()};
  bind.arg_nullable = {true};
  bind.arg_literals = {nullptr};
  bind.arg_names = {""};
  ASSERT_TRUE(functions::BindFunction(*collect, &bind).ok());
  const functions::BoundCall bound = functions::MakeBoundCall(bind);
  const std::vector<Vector> args{{data.values, false}};
  const FrameBounds frames = Frames([](int32_t i, int32_t first, int32_t) { return std::pair(first, i + 1); });
  auto result = AggregateFrames(*collect, bound, Eval(), args, frames, CancelToken());
  ASSERT_TRUE(result.ok()) << result.status();
  const auto& lists = static_cast<const arrow::ListArray&>(**result);
  std::vector<int64_t> expected;
  for (int32_t row = 0; row < kFirstPartition; ++row)
    if (data.plain[row]) expected.push_back(*data.plain[row]);
  const auto last = std::static_pointer_cast<arrow::Int64Array>(lists.value_slice(kFirstPartition - 1));
  ASSERT_EQ(last->length(), static_cast<int64_t>(expected.size()));
  for (int64_t i = 0; i < last->length(); ++i) ASSERT_EQ(last->Value(i), expected[i]) << i;
}

}  // namespace
}  // namespace sluice::exec
