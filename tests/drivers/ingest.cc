// The main job as a program for tests and benchmarks: Kafka -> from_json -> Iceberg (or noop), through a checkpoint.
// Arguments are key=value: brokers topic warehouse checkpoint [table=demo.db.events]
// [trigger=availableNow|default|<ms>] [max=<maxOffsetsPerTrigger>] [master=local[2]] [sink=iceberg|noop] [rounds=1]
// [seconds=0: run until the trigger ends] [shape=bench|id] [schema=<columns of JSON and table, instead of a shape>]
// [create=true] [partition=<SQL of PARTITIONED BY>] [source.NAME=<option of the source>]... [json.NAME=<option of
// from_json>]... [sink.NAME=<option of the sink>]... [conf.NAME=<setting>]... Prints one line of JSON. SIGTERM and
// SIGINT: the running batch is finished first.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "sluice/functions.h"
#include "sluice/sluice.h"

using namespace sluice;             // NOLINT: a program of the public API
using namespace sluice::functions;  // NOLINT

namespace {

constexpr const char* kBenchSchema =
    "event_id STRING, user_id STRING, event_type STRING, page STRING, event_time STRING, amount DOUBLE, session STRING";

double Now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// Seconds since this process was started by the kernel.
double SinceProcessStart() {
  std::ifstream stat("/proc/self/stat");
  std::string word;
  for (int i = 0; i < 22; ++i) stat >> word;
  double uptime = 0;
  std::ifstream("/proc/uptime") >> uptime;
  return uptime - std::stod(word) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

/// The most memory this program has held. Not ru_maxrss: that one begins with what the starting process held.
double PeakMebibytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::stod(line.substr(6)) / 1024;
  }
  return 0;
}

/// The arguments "PREFIX.NAME=value", by NAME.
std::vector<std::pair<std::string, std::string>> Options(const std::map<std::string, std::string>& args,
                                                         const std::string& prefix) {
  std::vector<std::pair<std::string, std::string>> options;
  for (const auto& [key, value] : args) {
    if (key.rfind(prefix, 0) == 0) options.emplace_back(key.substr(prefix.size()), value);
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> args{{"table", "demo.db.events"},
                                          {"trigger", "availableNow"},
                                          {"master", "local[2]"},
                                          {"sink", "iceberg"},
                                          {"rounds", "1"},
                                          {"seconds", "0"},
                                          {"shape", "bench"},
                                          {"create", "true"}};
  for (int i = 1; i < argc; ++i) {
    std::string arg = argv[i];
    size_t eq = arg.find('=');
    args[arg.substr(0, eq)] = eq == std::string::npos ? "" : arg.substr(eq + 1);
  }
  try {
    auto conf = Options(args, "conf.");
    auto spark = SparkSession::builder()
                     .config({conf.begin(), conf.end()})
                     .master(args["master"])
                     .appName("ingest")
                     .config("spark.sql.catalog.demo", "org.apache.iceberg.spark.SparkCatalog")
                     .config("spark.sql.catalog.demo.type", "hadoop")
                     .config("spark.sql.catalog.demo.warehouse", args["warehouse"])
                     .getOrCreate();
    double first_commit = 0, cold = 0, warm = 0;
    std::string progress = "[";
    long long rows = 0;
    for (int round = 0; round < std::stoi(args["rounds"]); ++round) {
      std::string table = args["table"] + (round == 0 ? "" : std::to_string(round));
      std::string checkpoint = args["checkpoint"] + (round == 0 ? "" : std::to_string(round));
      bool bench = args["schema"].empty() && args["shape"] == "bench";
      std::string schema = !args["schema"].empty() ? args["schema"] : bench ? kBenchSchema : "id BIGINT, name STRING";
      if (args["sink"] == "iceberg" && args["create"] == "true") {
        spark.sql("CREATE NAMESPACE IF NOT EXISTS demo.db");
        std::string partition = args["partition"].empty() ? "" : " PARTITIONED BY (" + args["partition"] + ")";
        spark.sql("CREATE TABLE IF NOT EXISTS " + table +
                  (bench ? " (event_id STRING, user_id STRING, event_type STRING, page STRING, event_time TIMESTAMP, "
                           "amount DOUBLE, session STRING)"
                         : " (" + schema + ")") +
                  " USING iceberg" + partition);
      }
      auto reader = spark.readStream()
                        .format("kafka")
                        .option("kafka.bootstrap.servers", args["brokers"])
                        .option("subscribe", args["topic"])
                        .option("startingOffsets", "earliest");
      if (!args["max"].empty()) reader = reader.option("maxOffsetsPerTrigger", args["max"]);
      for (const auto& [name, value] : Options(args, "source.")) reader = reader.option(name, value);
      auto json = Options(args, "json.");
      Column text = col("value").cast("string");
      DataFrame events =
          reader.load()
              .select((json.empty() ? from_json(text, schema) : from_json(text, schema, json)).alias("d"))
              .select("d.*");
      if (bench) events = events.withColumn("event_time", col("event_time").cast("timestamp"));
      auto writer = events.writeStream().outputMode("append").option("checkpointLocation", checkpoint);
      for (const auto& [name, value] : Options(args, "sink.")) writer = writer.option(name, value);
      if (args["trigger"] == "availableNow") {
        writer = writer.trigger(Trigger::AvailableNow());
      } else if (args["trigger"] != "default") {
        writer = writer.trigger(Trigger::ProcessingTime(args["trigger"] + " milliseconds"));
      }
      double start = Now();
      StreamingQuery query = args["sink"] == "iceberg" ? writer.toTable(table) : writer.format(args["sink"]).start();
      while (first_commit == 0 && query.isActive() && query.recentProgress().empty()) usleep(1000);
      if (first_commit == 0) first_commit = SinceProcessStart();
      if (args["seconds"] == "0") {
        query.awaitTermination();
      } else {
        query.awaitTermination(std::stoll(args["seconds"]) * 1000);
        query.stop();
      }
      double took = Now() - start;
      if (auto error = query.exception()) {
        std::fprintf(stderr, "%s\n", error->what());
        return 3;
      }
      long long n = 0;
      progress = "[";
      for (const auto& p : query.recentProgress()) {
        progress += (progress.size() > 1 ? "," : "") + p.json;
        n += p.numInputRows;
      }
      progress += "]";
      rows = n;
      double rate = static_cast<double>(n) / took;
      if (round == 0) cold = rate;
      if (round == 0 || rate > warm) warm = rate;
    }
    std::printf(
        "{\"rows\":%lld,\"cold\":%.0f,\"warm\":%.0f,\"peak_mib\":%.1f,\"first_commit_s\":%.3f,\"progress\":%s}\n", rows,
        cold, warm, PeakMebibytes(), first_commit, progress.c_str());
    return 0;
  } catch (const Error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 2;
  }
}
