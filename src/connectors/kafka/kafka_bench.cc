// Reader speed against a real broker: SLUICE_TEST_KAFKA=127.0.0.1:9092 connectors_kafka_bench
// Fills the topic sluice-bench-171b with 2,000,000 messages of 171 bytes in 4 partitions when it isn't there.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <atomic>
#include <cstdio>
#include <thread>

#include "base/clock.h"
#include "base/task_pool.h"
#include "connectors/kafka/test_admin.h"
#include "connectors/kafka/test_util.h"

namespace sluice::connectors::kafka {
namespace {

constexpr const char* kTopic = "sluice-bench-171b";
constexpr int kMessages = 2'000'000, kPartitions = 4;

std::string Servers() {
  const char* servers = std::getenv("SLUICE_TEST_KAFKA");
  return servers == nullptr ? "" : servers;
}

Status Fill(const std::string& servers) {
  ARROW_ASSIGN_OR_RAISE(auto table, LoadKafka(servers, {{"topic", kTopic}, {"kafka.linger.ms", "20"}}, false, true));
  WriteRequest request;
  request.schema = RowSchema();
  ARROW_ASSIGN_OR_RAISE(auto write, table->NewWrite(request));
  ARROW_ASSIGN_OR_RAISE(auto task, write->NewTask(0));
  std::vector<TestRow> rows;
  for (int i = 0; i < kMessages; ++i) {
    char value[200];
    std::snprintf(
        value, sizeof(value),
        "{\"id\":%09d,\"user\":\"user_%06d\",\"action\":\"click\",\"page\":\"/products/%06d\",\"price\":%07.2f,"
        "\"ts\":\"2025-01-01T10:%02d:%02d.000Z\",\"country\":\"DE\",\"agent\":\"Mozilla/5.0 xxxxxxxx\"}",
        i, i % 860'000, i % 99'991, (i % 100'000) / 100.0, i / 60 % 60, i % 60);
    rows.push_back({std::string(value).substr(0, 171), std::nullopt, i % kPartitions});
    if (rows.size() < 10'000) continue;
    ARROW_RETURN_NOT_OK(task->Write(*ToBatch(rows)));
    rows.clear();
  }
  return task->Close().status();
}

Status Prepare(const std::string& servers) {
  auto there = ReadBatch(servers, {{"subscribe", kTopic},
                                   {"startingOffsets", R"({"sluice-bench-171b":{"0":-2,"1":-2,"2":-2,"3":-2}})"},
                                   {"endingOffsets", R"({"sluice-bench-171b":{"0":1,"1":1,"2":1,"3":1}})"}});
  if (there.ok() && (*there)->num_rows() == kPartitions) return Status::OK();
  TestAdmin admin(servers);
  (void)admin.CreateTopic(kTopic, kPartitions);
  return Fill(servers);
}

/// Cold: connects, reads all once. Two tasks.
void BM_ReadAll(benchmark::State& state) {
  const std::string servers = Servers();
  if (servers.empty()) return state.SkipWithError("set SLUICE_TEST_KAFKA=host:port");
  if (Status status = Prepare(servers); !status.ok()) return state.SkipWithError(status.message().c_str());
  const int threads = static_cast<int>(state.range(0));
  TaskPool pool(threads);
  const auto work_ns = state.range(1);  // per row, as if parsed
  std::atomic<int64_t> rows{0}, bytes{0};
  int64_t total = 0, cpu_us = 0;
  for (auto _ : state) {
    rusage before{}, after{};
    getrusage(RUSAGE_SELF, &before);
    ScanRequest request = Request({"value"});
    request.parallelism = threads;
    auto scan = LoadKafka(servers, {{"subscribe", kTopic}}).ValueOrDie()->NewScan(request).ValueOrDie();
    std::vector<std::function<Status()>> tasks;
    for (const SplitPtr& split : scan->Plan().ValueOrDie()) {
      tasks.push_back([&, split]() -> Status {
        ARROW_ASSIGN_OR_RAISE(auto reader, scan->Open(split));
        while (true) {
          ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
          if (!batch) return Status::OK();
          rows += batch->num_rows();
          bytes += static_cast<const arrow::BinaryArray&>(*batch->column(0)).total_values_length();
          if (work_ns > 0) {
            timespec start{}, now{};
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
            do {
              clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
            } while ((now.tv_sec - start.tv_sec) * 1'000'000'000 + now.tv_nsec - start.tv_nsec <
                     work_ns * batch->num_rows());
          }
        }
      });
    }
    if (Status status = pool.RunAll(std::move(tasks)); !status.ok()) state.SkipWithError(status.message().c_str());
    getrusage(RUSAGE_SELF, &after);
    cpu_us +=
        (after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec - before.ru_stime.tv_sec) * 1'000'000 +
        after.ru_utime.tv_usec - before.ru_utime.tv_usec + after.ru_stime.tv_usec - before.ru_stime.tv_usec;
  }
  total = rows;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  state.counters["msgs/s"] = benchmark::Counter(static_cast<double>(total), benchmark::Counter::kIsRate);
  state.counters["msgs/cpu_s"] = static_cast<double>(total) * 1e6 / static_cast<double>(cpu_us);
  state.counters["peak_MiB"] = static_cast<double>(usage.ru_maxrss) / 1024;
}
BENCHMARK(BM_ReadAll)
    ->Args({1, 0})
    ->Args({2, 0})
    ->Args({2, 600})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(3);

/// One message there and back: from the delivery of a record to the row in hand, over WaitForData.
void BM_Latency(benchmark::State& state) {
  const std::string servers = Servers();
  if (servers.empty()) return state.SkipWithError("set SLUICE_TEST_KAFKA=host:port");
  const std::string topic = "sluice-latency-" + std::to_string(NowUs());
  auto table = LoadKafka(servers, {{"topic", topic}}, true, true).ValueOrDie();
  StreamWriteContext context;
  context.schema = RowSchema();
  auto sink = table->NewStreamSink(context).ValueOrDie();
  auto send = [&] {
    auto task = sink->NewBatch(0).ValueOrDie()->NewTask(0).ValueOrDie();
    (void)task->Write(*ToBatch(Numbered(100)));
    (void)task->Close().ValueOrDie();
  };
  send();
  auto source = NewSource(servers, {{"subscribe", topic}});
  Offset at = source->InitialOffset().ValueOrDie();
  source->WaitForData(at, std::chrono::milliseconds(300));
  int64_t latest_us = 0, read_us = 0;
  for (auto _ : state) {
    std::thread sender(send);
    Offset end = at;
    while (true) {
      const int64_t begin = SteadyUs();
      end = source->LatestOffset(at, ReadLimit::kDefault).ValueOrDie();
      latest_us += SteadyUs() - begin;
      if (!(end == at)) break;
      source->WaitForData(at, std::chrono::seconds(1));
    }
    const int64_t begin = SteadyUs();
    (void)ReadValues(source.get(), at, end).ValueOrDie();
    read_us += SteadyUs() - begin;
    at = end;
    sender.join();
  }
  state.counters["latest_us"] = static_cast<double>(latest_us) / static_cast<double>(state.iterations());
  state.counters["read_us"] = static_cast<double>(read_us) / static_cast<double>(state.iterations());
}
BENCHMARK(BM_Latency)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(200);

}  // namespace
}  // namespace sluice::connectors::kafka
