// sluice demo: the whole journey in one process. Events go to an embedded Kafka endpoint, three queries in turn stream
// them into an Iceberg table through one checkpoint, and the table is read back.
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <iostream>

#include "base/error.h"
#include "connectors/kafka/embedded_broker.h"
#include "server/cli/commands.h"
#include "server/cli/progress_line.h"
#include "sluice/sluice.h"

namespace sluice::cli {

namespace {

constexpr char kSchema[] = "id BIGINT, user STRING, action STRING, amount DOUBLE, ts TIMESTAMP";
constexpr char kEvent[] =
    R"(concat('{"id":', CAST(id AS STRING), ',"user":"user', CAST(id % 97 AS STRING), '","action":"',
              CASE WHEN id % 3 = 0 THEN 'view' WHEN id % 3 = 1 THEN 'click' ELSE 'buy' END, '","amount":', CAST(id * 0.25D AS STRING),
              ',"ts":"2026-01-0', CAST(1 + id % 3 AS STRING), 'T12:00:0', CAST(id % 10 AS STRING), 'Z"}'))";

class Demo {
 public:
  Demo(const DemoRequest& request, SparkSession spark, std::string folder, std::string servers)
      : events_(request.events), spark_(std::move(spark)), folder_(std::move(folder)), servers_(std::move(servers)) {}

  int Run() {
    spark_.sql("CREATE NAMESPACE IF NOT EXISTS demo.db");
    spark_.sql("CREATE TABLE IF NOT EXISTS demo.db.events (" + std::string(kSchema) +
               ") USING iceberg PARTITIONED BY (days(ts))");
    const int64_t third = events_ / 3;
    Step("default trigger", 0, third, Trigger());
    Step("processingTime 500 ms", third, 2 * third, Trigger::ProcessingTime(500));
    Step("availableNow", 2 * third, events_, Trigger::AvailableNow());
    Show("SELECT * FROM demo.db.events ORDER BY id LIMIT 10");
    Show(
        "SELECT action, count(*) AS events, sum(amount) AS amount FROM demo.db.events GROUP BY action ORDER BY action");
    Show(
        "SELECT committed_at, snapshot_id, operation, summary['added-records'] AS added, "
        "summary['spark.sql.streaming.epochId'] AS epoch FROM demo.db.events.snapshots");
    auto row = spark_.sql("SELECT count(*), count(DISTINCT id) FROM demo.db.events").collect().at(0);
    const int64_t count = row.getLong(0), distinct = row.getLong(1);
    std::cout << "produced " << events_ << " events, the table has " << count << " rows, " << distinct
              << " different ones: "
              << (count == events_ && distinct == events_ ? "each exactly once\n" : "THAT IS WRONG\n");
    return count == events_ && distinct == events_ ? 0 : 1;
  }

 private:
  void Show(const std::string& query) {
    std::cout << "\n" << query << "\n";
    spark_.sql(query).show(20, 0);
  }

  void Step(const char* name, int64_t from, int64_t to, const Trigger& trigger) {
    spark_.range(from, to)
        .selectExpr("CAST(id AS STRING) AS key", std::string(kEvent) + " AS value")
        .write()
        .format("kafka")
        .option("kafka.bootstrap.servers", servers_)
        .option("topic", "events")
        .mode("append")
        .save();
    const auto began = std::chrono::steady_clock::now();
    auto query = spark_.readStream()
                     .format("kafka")
                     .option("kafka.bootstrap.servers", servers_)
                     .option("subscribe", "events")
                     .option("startingOffsets", "earliest")
                     .load()
                     .select(functions::from_json(Column("value").cast("string"), std::string(kSchema)).as("event"))
                     .select("event.*")
                     .writeStream()
                     .queryName("demo")
                     .trigger(trigger)
                     .option("checkpointLocation", folder_ + "/checkpoint")
                     .toTable("demo.db.events");
    if (trigger.kind() == Trigger::Kind::AvailableNow) {
      query.awaitTermination();
    } else {
      query.processAllAvailable();
      query.stop();
    }
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began).count();
    int64_t rows = 0, batches = 0;
    for (const auto& p : query.recentProgress()) {
      rows += p.numInputRows;
      batches += p.numInputRows > 0;
    }
    std::cout << "trigger " << name << ": " << to - from << " events produced, " << rows << " read in " << batches
              << (batches == 1 ? " batch, " : " batches, ") << ms << " ms\n"
              << std::flush;
  }

  int64_t events_;
  SparkSession spark_;
  std::string folder_, servers_;
};

}  // namespace

int RunDemo(const DemoRequest& request) {
  std::string folder = request.folder;
  const bool temporary = folder.empty();
  if (temporary) {
    std::string pattern = (std::filesystem::temp_directory_path() / "sluice-demo-XXXXXX").string();
    const char* made = ::mkdtemp(pattern.data());
    if (!made) {
      std::cerr << "sluice: cannot create a folder like " << pattern << "\n";
      return 1;
    }
    folder = made;
  }
  int code = 1;
  try {
    std::filesystem::create_directories(folder);
    folder = std::filesystem::absolute(folder).string();
    if (std::filesystem::exists(folder + "/checkpoint")) {
      std::cerr << "sluice: " << folder << " holds an earlier run, whose broker has gone with its events: name another "
                << "folder, or remove this one\n";
      return 2;
    }
    auto settings = ValueOrThrow(CollectSettings(request.settings));
    settings["spark.sql.catalog.demo"] = "org.apache.iceberg.spark.SparkCatalog";
    settings["spark.sql.catalog.demo.type"] = "hadoop";
    settings["spark.sql.catalog.demo.warehouse"] = folder + "/warehouse";
    auto broker = ValueOrThrow(connectors::kafka::EmbeddedBroker::Start());
    ThrowIfError(broker->CreateTopic("events", 4));
    std::cout << "embedded Kafka endpoint " << broker->bootstrap_servers() << ", table demo.db.events in " << folder
              << "/warehouse\n"
              << std::flush;
    auto spark = SparkSession::builder().appName("sluice demo").config(settings).getOrCreate();
    ProgressLine progress(spark);
    code = Demo(request, spark, folder, broker->bootstrap_servers()).Run();
    spark.stop();
  } catch (const Error& error) {
    PrintError(error, "", std::cerr);
  } catch (const std::exception& error) {
    std::cerr << "sluice: " << error.what() << "\n";
  }
  if (temporary) {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  return code;
}

}  // namespace sluice::cli
