// The hot paths of ingestion and state: text <-> timestamp, hashing, UnsafeRow.
#include <arrow/builder.h>
#include <benchmark/benchmark.h>

#include "types/datetime.h"
#include "types/ddl.h"
#include "types/format.h"
#include "types/unsafe_row.h"

namespace sluice {
namespace {

void ParseTimestampBench(benchmark::State& state, const char* suffix, const char* zone_name) {
  std::vector<std::string> texts;
  for (int i = 0; i < 1024; ++i) {
    char text[64];
    std::snprintf(text, sizeof text, "2025-%02d-%02dT%02d:%02d:%02d%s", i % 12 + 1, i % 28 + 1, i % 24, i % 60,
                  i * 7 % 60, suffix);
    texts.push_back(text);
  }
  auto zone = *TimeZone::Find(zone_name);
  size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(ParseTimestamp(texts[i++ & 1023], *zone));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK_CAPTURE(ParseTimestampBench, utc, "", "UTC");
BENCHMARK_CAPTURE(ParseTimestampBench, millis, ".123", "UTC");
BENCHMARK_CAPTURE(ParseTimestampBench, millis_z, ".123Z", "UTC");
BENCHMARK_CAPTURE(ParseTimestampBench, offset, "+02:00", "UTC");
BENCHMARK_CAPTURE(ParseTimestampBench, region, "", "America/Los_Angeles");

void AppendTimestampBench(benchmark::State& state) {
  std::string out;
  int64_t us = 1'735'725'600'123'000;
  for (auto _ : state) {
    out.clear();
    AppendTimestamp(us += 1'000'003, &out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(AppendTimestampBench);

void AppendDoubleBench(benchmark::State& state) {
  std::string out;
  double v = 1.1;
  for (auto _ : state) {
    out.clear();
    AppendDouble(v += 0.37, &out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(AppendDoubleBench);

struct Batch {
  DataType schema = *ParseSchema("k STRING, n BIGINT, t TIMESTAMP, i INT");
  std::vector<std::shared_ptr<arrow::Array>> columns;
  Batch() {
    arrow::StringBuilder k;
    arrow::Int64Builder n;
    arrow::TimestampBuilder t(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), arrow::default_memory_pool());
    arrow::Int32Builder i;
    for (int row = 0; row < kRows; ++row) {
      (void)k.Append("user-" + std::to_string(row * 7919 % 100'000));
      (void)n.Append(row);
      (void)t.Append(row * 1'000'000LL);
      (void)i.Append(row);
    }
    columns = {*k.Finish(), *n.Finish(), *t.Finish(), *i.Finish()};
  }
  static constexpr int kRows = 8192;
};

void HashBench(benchmark::State& state) {
  Batch batch;
  size_t column = static_cast<size_t>(state.range(0));
  std::vector<int32_t> hashes(Batch::kRows, 42);
  for (auto _ : state) (void)HashColumn(batch.schema.fields()[column].type, *batch.columns[column], hashes);
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * Batch::kRows);
}
BENCHMARK(HashBench)->Arg(0)->Arg(1)->Arg(3);

void EncodeBench(benchmark::State& state) {
  Batch batch;
  for (auto _ : state) benchmark::DoNotOptimize(EncodeUnsafeRows(batch.schema, batch.columns, Batch::kRows));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * Batch::kRows);
}
BENCHMARK(EncodeBench);

void DecodeBench(benchmark::State& state) {
  Batch batch;
  auto rows = *EncodeUnsafeRows(batch.schema, batch.columns, Batch::kRows);
  std::vector<std::span<const uint8_t>> spans;
  for (size_t i = 0; i < rows.size(); ++i) spans.push_back(rows.row(i));
  for (auto _ : state) benchmark::DoNotOptimize(DecodeUnsafeRows(batch.schema, spans));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * Batch::kRows);
}
BENCHMARK(DecodeBench);

}  // namespace
}  // namespace sluice
