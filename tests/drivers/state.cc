// A count by key as a program for tests and benchmarks: rate-micro-batch -> groupBy(key).count() -> noop in update
// mode, through a checkpoint. Arguments are key=value: checkpoint batches=<how many to run> rows=<of a batch>
// [keys=10000000: values are taken modulo] [key=bigint|string] [master=local[2]] [conf.NAME=<setting>]...
// Prints one line of JSON: what each batch took, and the most memory the process had.
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <string>

#include "sluice/functions.h"
#include "sluice/sluice.h"

using namespace sluice;             // NOLINT: a program of the public API
using namespace sluice::functions;  // NOLINT

namespace {

double Now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> args{
      {"batches", "10"}, {"rows", "1000000"}, {"keys", "10000000"}, {"key", "bigint"}, {"master", "local[2]"}};
  auto builder = SparkSession::builder().appName("state");
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    const size_t eq = arg.find('=');
    args[arg.substr(0, eq)] = eq == std::string::npos ? "" : arg.substr(eq + 1);
    if (arg.rfind("conf.", 0) == 0) builder.config(arg.substr(5, eq - 5), arg.substr(eq + 1));
  }
  try {
    auto spark = builder.master(args["master"]).getOrCreate();
    // Scattered over the keys, each once before one comes again.
    std::string key = "(value * 7368787) % " + args["keys"] + "L";
    if (args["key"] == "string") key = "concat('user-', " + key + ")";
    auto counts = spark.readStream()
                      .format("rate-micro-batch")
                      .option("rowsPerBatch", args["rows"])
                      .option("numPartitions", "2")
                      .load()
                      .select(expr(key).alias("key"))
                      .groupBy("key")
                      .count();
    const double start = Now();
    StreamingQuery query = counts.writeStream()
                               .format("noop")
                               .outputMode("update")
                               .option("checkpointLocation", args["checkpoint"])
                               .start();
    const size_t batches = std::stoul(args["batches"]);
    double first = 0, took = 0;
    while (query.isActive()) {
      const size_t done = query.recentProgress().size();
      took = Now() - start;
      if (first == 0 && done > 0) first = took;
      if (done >= batches) break;
      usleep(500);
    }
    query.stop();
    if (auto error = query.exception()) {
      std::fprintf(stderr, "%s\n", error->what());
      return 3;
    }
    std::string progress;
    const auto recent = query.recentProgress();
    for (size_t i = 0; i < std::min(batches, recent.size()); ++i)
      progress += (progress.empty() ? "" : ",") + recent[i].json;
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf("{\"seconds\":%.3f,\"first_s\":%.3f,\"peak_mib\":%.1f,\"progress\":[%s]}\n", took, first,
                static_cast<double>(usage.ru_maxrss) / 1024, progress.c_str());
    return 0;
  } catch (const Error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 2;
  }
}
