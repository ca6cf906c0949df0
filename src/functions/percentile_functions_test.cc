#include <arrow/builder.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "functions/kernel.h"
#include "functions/quantile_summary.h"
#include "types/arrow_types.h"

namespace sluice::functions {
namespace {

constexpr int kAccuracy = 10'000, kPercents = 1000;

template <typename T>
T Must(Result<T> result) {
  return std::move(result).ValueOrDie();
}

ArrayPtr Doubles(const std::vector<double>& values) {
  arrow::DoubleBuilder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return Must(builder.Finish());
}

/// percentile_approx of one group over micro-batches, each of two tasks, as a stream computes it.
class Stream {
 public:
  Stream() {
    std::vector<double> fractions;
    for (int i = 0; i <= kPercents; ++i) fractions.push_back(static_cast<double>(i) / kPercents);
    const DataType doubles = DataType::Array(DataType::Double());
    auto offsets = std::make_shared<arrow::Int32Array>(2, arrow::Buffer::FromVector<int32_t>({0, kPercents + 1}));
    literals_ = {
        {doubles, std::make_shared<arrow::ListArray>(ToArrowType(doubles), 1, offsets->values(), Doubles(fractions))},
        IntegralValue(kAccuracy, DataType::Integer())};
    BindContext context;
    context.name = "percentile_approx";
    context.arg_types = {DataType::Double(), doubles, DataType::Integer()};
    context.arg_literals = {nullptr, &literals_[0], &literals_[1]};
    EXPECT_TRUE(BindFunction(*def_, &context).ok());
    call_ = MakeBoundCall(context);
  }

  void Batch(const std::vector<double>& values) {
    auto merged = New();
    if (state_) Merge(state_, merged.get());
    for (size_t task = 0; task < 2; ++task) {
      std::vector<double> own;
      for (size_t i = task; i < values.size(); i += 2) own.push_back(values[i]);
      auto part = New();
      const std::vector<Vector> args{{Doubles(own), false}, {literals_[0].value, true}, {literals_[1].value, true}};
      EXPECT_TRUE(part->Update(args, std::vector<uint32_t>(own.size(), 0)).ok());
      Merge(Must(part->Buffers())[0], merged.get());
    }
    state_ = Must(merged->Buffers())[0];
    most_bytes_ = std::max(most_bytes_, static_cast<const arrow::BinaryArray&>(*state_).GetView(0).size());
  }
  size_t most_bytes() const { return most_bytes_; }

  std::vector<double> Percentiles() const {
    auto merged = New();
    Merge(state_, merged.get());
    const ArrayPtr result = Must(merged->Finish());
    const auto values = static_cast<const arrow::ListArray&>(*result).value_slice(0);
    const auto& doubles = static_cast<const arrow::DoubleArray&>(*values);
    return {doubles.raw_values(), doubles.raw_values() + doubles.length()};
  }

 private:
  std::unique_ptr<GroupedAccumulator> New() const {
    auto accumulator = def_->aggregate.make(call_, EvalContext());
    EXPECT_TRUE(accumulator->Resize(1).ok());
    return accumulator;
  }
  static void Merge(const ArrayPtr& buffer, GroupedAccumulator* into) {
    const uint32_t group = 0;
    EXPECT_TRUE(into->Merge({&buffer, 1}, {&group, 1}).ok());
  }

  const FunctionDef* def_ = FunctionRegistry::Builtins().Find("percentile_approx");
  std::vector<TypedValue> literals_;
  BoundCall call_;
  ArrayPtr state_;
  size_t most_bytes_ = 0;
};

struct Outcome {
  size_t most_bytes;
  int64_t most_off;  // ranks
};

Outcome Measured(int64_t count, int64_t batch, const std::function<double(int64_t)>& value) {
  Stream stream;
  std::vector<double> all;
  for (int64_t at = 0; at < count; at += batch) {
    std::vector<double> values;
    for (int64_t i = at; i < at + batch; ++i) values.push_back(value(i));
    stream.Batch(values);
    all.insert(all.end(), values.begin(), values.end());
  }
  std::sort(all.begin(), all.end());
  const std::vector<double> found = stream.Percentiles();
  EXPECT_EQ(found.size(), static_cast<size_t>(kPercents + 1));
  EXPECT_EQ(found.front(), all.front());
  EXPECT_EQ(found.back(), all.back());
  Outcome outcome{stream.most_bytes(), 0};
  for (size_t i = 0; i < found.size(); ++i) {
    const auto wanted = std::max<int64_t>(
        1, static_cast<int64_t>(std::ceil(static_cast<double>(i) / kPercents * static_cast<double>(count))));
    const auto [first, past] = std::equal_range(all.begin(), all.end(), found[i]);
    EXPECT_NE(first, past) << found[i] << " is none of the values";
    outcome.most_off = std::max({outcome.most_off, first - all.begin() + 1 - wanted, wanted - (past - all.begin())});
  }
  return outcome;
}

TEST(PercentileApprox, AMillionValuesStayBoundedAndRanksNear) {
  constexpr int64_t kCount = 1'000'000;
  const std::pair<const char*, std::function<double(int64_t)>> orders[] = {
      {"ascending", [](int64_t i) { return static_cast<double>(i); }},
      {"descending", [](int64_t i) { return static_cast<double>(-i); }},
      {"mixed", [](int64_t i) { return static_cast<double>(i * 617'027 % kCount); }},
      {"half of them zero", [](int64_t i) { return i % 2 == 0 ? 0 : static_cast<double>(i * 617'027 % kCount); }},
  };
  for (const auto& [name, value] : orders) {
    SCOPED_TRACE(name);
    const Outcome outcome = Measured(kCount, 10'000, value);
    EXPECT_LE(outcome.most_bytes, 400'000u);
    EXPECT_LE(outcome.most_off, kCount / kAccuracy);
  }
}

TEST(PercentileApprox, FewDifferentValuesAreExact) {
  EXPECT_EQ(Measured(4000, 100, [](int64_t i) { return static_cast<double>(i * 7919 % 4000); }).most_off, 0);
  const Outcome outcome = Measured(200'000, 5000, [](int64_t i) { return static_cast<double>(i * i % 4999); });
  EXPECT_EQ(outcome.most_off, 0);
  EXPECT_LE(outcome.most_bytes, 400'000u);
}

TEST(PercentileApprox, RefusesCorruptBuffers) {
  std::string bytes;
  QuantileSummary({{1.5, 3}}).Write(1.0 / kAccuracy, &bytes);
  EXPECT_EQ(Must(QuantileSummary::Read(bytes)).count(), 3);
  EXPECT_FALSE(QuantileSummary::Read(bytes.substr(1)).ok());
  bytes.replace(bytes.size() - 16, 8, 8, '\xff');  // a negative gap
  EXPECT_FALSE(QuantileSummary::Read(bytes).ok());
}

}  // namespace
}  // namespace sluice::functions
