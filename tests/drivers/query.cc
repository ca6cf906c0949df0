// A SQL query over Kafka topics as a program for tests: JSON -> views with a watermark -> SQL -> Iceberg in append mode,
// through a checkpoint. Arguments are key=value: brokers warehouse checkpoint query=<SQL> source.VIEW=<topic>...
// schema=<columns of JSON> time=<column> delay=<of the watermark> [table=demo.db.out] [trigger=availableNow|default]
// [max=<maxOffsetsPerTrigger>] [master=local[2]] [conf.NAME=<setting>]...
#include <algorithm>
#include <cstdio>
#include <map>
#include <string>

#include "sluice/functions.h"
#include "sluice/sluice.h"

using namespace sluice;             // NOLINT: a program of the public API
using namespace sluice::functions;  // NOLINT

int main(int argc, char** argv) {
  std::map<std::string, std::string> args{{"table", "demo.db.out"}, {"trigger", "availableNow"}, {"master", "local[2]"}};
  std::map<std::string, std::string> topics;
  auto builder = SparkSession::builder().appName("query");
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    const size_t eq = std::min(arg.find('='), arg.size());
    const std::string name = arg.substr(0, eq), value = arg.substr(std::min(eq + 1, arg.size()));
    if (name.rfind("source.", 0) == 0) {
      topics[name.substr(7)] = value;
    } else if (name.rfind("conf.", 0) == 0) {
      builder.config(name.substr(5), value);
    } else {
      args[name] = value;
    }
  }
  try {
    auto spark = builder.master(args["master"])
                     .config("spark.sql.catalog.demo", "org.apache.iceberg.spark.SparkCatalog")
                     .config("spark.sql.catalog.demo.type", "hadoop")
                     .config("spark.sql.catalog.demo.warehouse", args["warehouse"])
                     .getOrCreate();
    for (const auto& [view, topic] : topics) {
      auto reader = spark.readStream()
                        .format("kafka")
                        .option("kafka.bootstrap.servers", args["brokers"])
                        .option("subscribe", topic)
                        .option("startingOffsets", "earliest");
      if (!args["max"].empty()) reader = reader.option("maxOffsetsPerTrigger", args["max"]);
      reader.load()
          .select(from_json(col("value").cast("string"), args["schema"]).alias("d"))
          .select("d.*")
          .withWatermark(args["time"], args["delay"])
          .createOrReplaceTempView(view);
    }
    spark.sql("CREATE NAMESPACE IF NOT EXISTS demo.db");
    auto writer =
        spark.sql(args["query"]).writeStream().outputMode("append").option("checkpointLocation", args["checkpoint"]);
    if (args["trigger"] == "availableNow") writer = writer.trigger(Trigger::AvailableNow());
    StreamingQuery query = writer.toTable(args["table"]);
    query.awaitTermination();
    return 0;
  } catch (const Error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 2;
  }
}
