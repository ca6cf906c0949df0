// From Kafka through JSON into an Iceberg table, exactly once.
//   kafka_to_iceberg localhost:9092 events /data/checkpoint /data/warehouse
#include <sluice/sluice.h>

#include <iostream>

using namespace sluice;             // NOLINT: an example
using namespace sluice::functions;  // NOLINT

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: " << argv[0] << " BROKERS TOPIC CHECKPOINT WAREHOUSE\n";
    return 2;
  }
  const std::string brokers = argv[1], topic = argv[2], checkpoint = argv[3], warehouse = argv[4];
  try {
    auto spark = SparkSession::builder()
                     .appName("kafka_to_iceberg")
                     .master("local[*]")
                     .config("spark.sql.catalog.lake", "org.apache.iceberg.spark.SparkCatalog")
                     .config("spark.sql.catalog.lake.type", "hadoop")
                     .config("spark.sql.catalog.lake.warehouse", warehouse)
                     .getOrCreate();
    spark.sql("CREATE NAMESPACE IF NOT EXISTS lake.db");
    spark.sql(
        "CREATE TABLE IF NOT EXISTS lake.db.events (id BIGINT, user STRING, action STRING, amount DOUBLE, ts "
        "TIMESTAMP) "
        "USING iceberg PARTITIONED BY (days(ts))");

    auto messages = spark.readStream()
                        .format("kafka")
                        .option("kafka.bootstrap.servers", brokers)
                        .option("subscribe", topic)
                        .option("startingOffsets", "earliest")
                        .load();

    auto events = messages
                      .select(from_json(col("value").cast("string"),
                                        "id BIGINT, user STRING, action STRING, amount DOUBLE, ts TIMESTAMP")
                                  .as("event"))
                      .select("event.*")
                      .filter(col("id").isNotNull());
    events.printSchema();

    auto query = events.writeStream()
                     .queryName("kafka_to_iceberg")
                     .option("checkpointLocation", checkpoint)
                     .trigger(Trigger::AvailableNow())  // or ProcessingTime("1 second"), or none at all
                     .toTable("lake.db.events");
    query.awaitTermination();

    if (auto progress = query.lastProgress()) std::cout << progress->prettyJson << "\n";
    spark.sql("SELECT action, count(*) AS n, sum(amount) AS amount FROM lake.db.events GROUP BY action").show();
    spark.table("lake.db.events.snapshots").select("committed_at", "operation", "summary").show(20, false);
    spark.stop();
    return 0;
  } catch (const Error& error) {
    std::cerr << error.getMessage() << "\n";
    return 1;
  }
}
