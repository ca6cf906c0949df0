// Rows of bench/engine_bench.py's shape through a task writer, and small commits.
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <benchmark/benchmark.h>

#include <filesystem>
#include <random>

#include "connectors/iceberg/hadoop_catalog.h"
#include "connectors/iceberg/metadata.h"
#include "types/arrow_types.h"
#include "types/ddl.h"

namespace sluice::iceberg {
namespace {

using namespace connectors;  // NOLINT

DataType Rows() {
  return ParseSchema(
             "event_id STRING, user_id STRING, event_type STRING, page STRING, event_time TIMESTAMP, amount DOUBLE, "
             "session STRING")
      .ValueOrDie();
}

std::vector<std::shared_ptr<arrow::RecordBatch>> Batches(int64_t rows, int64_t batch_rows) {
  std::mt19937_64 random(1);
  const char* types[] = {"click", "view", "purchase", "scroll"};
  std::vector<std::shared_ptr<arrow::RecordBatch>> out;
  for (int64_t start = 0; start < rows; start += batch_rows) {
    arrow::StringBuilder id, user, type, page, session;
    arrow::TimestampBuilder time(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), arrow::default_memory_pool());
    arrow::DoubleBuilder amount;
    for (int64_t i = start; i < std::min(rows, start + batch_rows); ++i) {
      (void)id.Append(fmt::format("e{:09}", i));
      (void)user.Append(fmt::format("u{:06}", random() % 1'000'000));
      (void)type.Append(types[i & 3]);
      (void)page.Append(fmt::format("/products/{}", i % 5000));
      (void)time.Append(1735689600000000 + i / 100 * 1000000);
      (void)amount.Append(static_cast<double>(i % 1000) + static_cast<double>(i % 100) / 100);
      (void)session.Append(fmt::format("{:016x}", i * 2654435761));
    }
    const int64_t length = id.length();
    out.push_back(arrow::RecordBatch::Make(
        sluice::ToArrowSchema(Rows()), length,
        {id.Finish().ValueOrDie(), user.Finish().ValueOrDie(), type.Finish().ValueOrDie(), page.Finish().ValueOrDie(),
         time.Finish().ValueOrDie(), amount.Finish().ValueOrDie(), session.Finish().ValueOrDie()}));
  }
  return out;
}

struct Fixture {
  std::string folder = "/tmp/sluice_iceberg_bench_" + RandomUuid();
  std::shared_ptr<connectors::Catalog> catalog;
  TablePtr table;
  explicit Fixture(connectors::Properties properties = {}, std::vector<PartitionTransform> partitioning = {}) {
    std::filesystem::create_directories(folder);
    catalog = MakeHadoopCatalog("c", {{"warehouse", folder}}).ValueOrDie();
    TableDefinition definition;
    definition.schema = Rows();
    definition.properties = std::move(properties);
    definition.partitioning = std::move(partitioning);
    table = catalog->CreateTable({{"db"}, "t"}, definition).ValueOrDie();
  }
  ~Fixture() { std::filesystem::remove_all(folder); }
};

void Write(benchmark::State& state, const connectors::Properties& properties,
           std::vector<PartitionTransform> partitioning = {}) {
  static const auto batches = Batches(1'000'000, 8192);
  int64_t rows = 0, bytes = 0;
  for (auto _ : state) {
    state.PauseTiming();
    Fixture fixture(properties, partitioning);
    WriteRequest request;
    request.schema = Rows();
    auto write = fixture.table->NewWrite(request).ValueOrDie();
    state.ResumeTiming();
    auto task = write->NewTask(0).ValueOrDie();
    for (const auto& batch : batches) {
      if (!task->Write(*batch).ok()) state.SkipWithError("write");
      rows += batch->num_rows();
    }
    if (!write->Commit({task->Close().ValueOrDie()}).ok()) state.SkipWithError("commit");
    state.PauseTiming();
    for (const auto& e : std::filesystem::recursive_directory_iterator(fixture.folder)) {
      if (e.path().extension() == ".parquet") bytes += static_cast<int64_t>(e.file_size());
    }
    state.ResumeTiming();
  }
  state.SetItemsProcessed(rows);
  state.counters["bytes_per_row"] = static_cast<double>(bytes) / static_cast<double>(rows);
  state.counters["peak_MiB"] = static_cast<double>(arrow::default_memory_pool()->max_memory()) / (1 << 20);
}

void BM_Write(benchmark::State& state) { Write(state, {}); }
BENCHMARK(BM_Write)->Unit(benchmark::kMillisecond);
void BM_WriteZstd3(benchmark::State& state) { Write(state, {{"write.parquet.compression-level", "3"}}); }
BENCHMARK(BM_WriteZstd3)->Unit(benchmark::kMillisecond);
void BM_WriteUncompressed(benchmark::State& state) { Write(state, {{"write.parquet.compression-codec", "none"}}); }
BENCHMARK(BM_WriteUncompressed)->Unit(benchmark::kMillisecond);
void BM_WriteByBucket(benchmark::State& state) { Write(state, {}, {{"bucket", {"user_id"}, 16}}); }
BENCHMARK(BM_WriteByBucket)->Unit(benchmark::kMillisecond);

void BM_SmallBatches(benchmark::State& state) {
  const auto batch = Batches(100, 100)[0];
  Fixture fixture;
  StreamWriteContext context;
  context.query_id = "q";
  context.output_mode = "append";
  context.schema = Rows();
  auto sink = fixture.table->NewStreamSink(context).ValueOrDie();
  int64_t epoch = 0;
  std::vector<double> times;
  for (auto _ : state) {
    auto start = std::chrono::steady_clock::now();
    auto write = sink->NewBatch(epoch++).ValueOrDie();
    auto task = write->NewTask(0).ValueOrDie();
    (void)task->Write(*batch);
    if (!write->Commit({task->Close().ValueOrDie()}).ok()) state.SkipWithError("commit");
    times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(times.begin(), times.end());
  state.counters["p50_ms"] = times[times.size() / 2];
  state.counters["p99_ms"] = times[times.size() * 99 / 100];
}
BENCHMARK(BM_SmallBatches)->Unit(benchmark::kMillisecond)->Iterations(300);

void BM_Scan(benchmark::State& state) {
  Fixture fixture;
  {
    WriteRequest request;
    request.schema = Rows();
    auto write = fixture.table->NewWrite(request).ValueOrDie();
    auto task = write->NewTask(0).ValueOrDie();
    for (const auto& batch : Batches(1'000'000, 8192)) (void)task->Write(*batch);
    (void)write->Commit({task->Close().ValueOrDie()});
  }
  auto table = fixture.catalog->LoadTable({{"db"}, "t"}, {}, {}).ValueOrDie();
  int64_t rows = 0;
  for (auto _ : state) {
    ScanRequest request;
    request.schema = Rows();
    auto scan = table->NewScan(request).ValueOrDie();
    for (const auto& split : scan->Plan().ValueOrDie()) {
      auto reader = scan->Open(split).ValueOrDie();
      while (auto batch = reader->Next().ValueOrDie()) rows += batch->num_rows();
    }
  }
  state.SetItemsProcessed(rows);
}
BENCHMARK(BM_Scan)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sluice::iceberg
