// Rates of the operators on a million rows in memory, functions excluded as far as possible.
#include <arrow/builder.h>
#include <benchmark/benchmark.h>

#include <random>

#include "exec/test_support.h"
#include "types/arrow_types.h"

namespace sluice::exec {
namespace {

using namespace testing;  // NOLINT: the vocabulary of tests

constexpr int64_t kRows = 1'000'000;

struct Input {
  plan::AttributePtr k = Column("k", DataType::Long()), s = Column("s", DataType::String());
  PlanPtr plan;
  explicit Input(int64_t keys, int64_t rows = kRows) {
    auto local = std::make_shared<plan::LocalRelation>();
    local->attributes = {k, s};
    std::mt19937_64 random(1);
    auto schema = ToArrowSchema(DataType::Struct({{"k", DataType::Long()}, {"s", DataType::String()}}));
    for (int64_t row = 0; row < rows; row += kRowsPerBatch) {
      arrow::Int64Builder ks;
      arrow::StringBuilder ss;
      for (int64_t i = 0; i < kRowsPerBatch; ++i) {
        const int64_t key = static_cast<int64_t>(random() % keys);
        (void)ks.Append(key);
        (void)ss.Append("user-" + std::to_string(key));
      }
      local->batches.push_back(arrow::RecordBatch::Make(schema, kRowsPerBatch, {*ks.Finish(), *ss.Finish()}));
    }
    plan = local;
  }
  static constexpr int64_t kRowsPerBatch = 8192;
};

void RunPlan(benchmark::State& state, const PlanPtr& plan) {
  auto query = Compile(plan, Config()).ValueOrDie();
  TaskPool pool(1);
  RunContext context;
  context.pool = &pool;
  context.eval = Eval();
  for (auto _ : state) benchmark::DoNotOptimize(Collect(query.get(), context).ValueOrDie());
  state.SetItemsProcessed(state.iterations() * kRows);
}

void ProjectColumns(benchmark::State& state) {
  Input in(1000);
  RunPlan(state, testing::Project(in.plan, {in.s, testing::As(in.k, "x"), testing::As(Lit(1), "one")}));
}
void CountByNumber(benchmark::State& state) {
  Input in(state.range(0));
  RunPlan(state, testing::Aggregate(in.plan, {in.k}, {in.k, testing::As(Agg("count", {Lit(1)}), "n")}));
}
void CountByText(benchmark::State& state) {
  Input in(state.range(0));
  RunPlan(state, testing::Aggregate(in.plan, {in.s}, {in.s, testing::As(Agg("count", {Lit(1)}), "n")}));
}
void CountByBoth(benchmark::State& state) {
  Input in(state.range(0));
  RunPlan(state, testing::Aggregate(in.plan, {in.k, in.s}, {in.k, in.s, testing::As(Agg("count", {Lit(1)}), "n")}));
}
void JoinNumbers(benchmark::State& state) {
  Input in(100'000), build(100'000, 100'000);
  RunPlan(state, testing::Join(in.plan, build.plan, plan::JoinType::kInner, CallOf("=", {in.k, build.k})));
}
void SortNumbers(benchmark::State& state) {
  Input in(100'000'000);
  RunPlan(state, testing::Sort(in.plan, {testing::Order(in.k)}));
}
void SortText(benchmark::State& state) {
  Input in(100'000'000);
  RunPlan(state, testing::Sort(in.plan, {testing::Order(in.s)}));
}

BENCHMARK(ProjectColumns)->MeasureProcessCPUTime();
BENCHMARK(CountByNumber)->MeasureProcessCPUTime()->Arg(1000)->Arg(500'000);
BENCHMARK(CountByText)->MeasureProcessCPUTime()->Arg(1000)->Arg(500'000);
BENCHMARK(CountByBoth)->MeasureProcessCPUTime()->Arg(1000);
BENCHMARK(JoinNumbers)->MeasureProcessCPUTime();
BENCHMARK(SortNumbers)->MeasureProcessCPUTime();
BENCHMARK(SortText)->MeasureProcessCPUTime();

}  // namespace
}  // namespace sluice::exec
