// Calls of the DataFrame API, on the engine of this process or on a Spark Connect server; what they answer is compared.
//   calls local|sc://host:port WAREHOUSE [key=value settings]...
#include <iostream>

#include "sluice/functions.h"
#include "sluice/sluice.h"

using namespace sluice;             // NOLINT: a program of the public API
using namespace sluice::functions;  // NOLINT

namespace {

template <typename Call>
void Print(const char* name, const Call& call) {
  std::cout << "-- " << name << "\n";
  try {
    call();
  } catch (const Error& error) {
    std::cout << "error " << error.getCondition() << " " << error.getSqlState();
    for (const auto& [key, value] : error.getMessageParameters()) std::cout << " " << key << "=" << value;
    std::cout << "\n";
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::string url = argv[1], warehouse = argv[2];
  auto builder =
      SparkSession::builder().config("spark.sql.session.timeZone", "UTC").config("spark.sql.shuffle.partitions", 2);
  for (int i = 3; i < argc; ++i) {
    const std::string pair = argv[i];
    builder.config(pair.substr(0, pair.find('=')), pair.substr(pair.find('=') + 1));
  }
  builder.config({{"spark.sql.catalog.lake", "org.apache.iceberg.spark.SparkCatalog"},
                  {"spark.sql.catalog.lake.type", "hadoop"},
                  {"spark.sql.catalog.lake.warehouse", warehouse}});
  if (url != "local") builder.remote(url);
  auto spark = builder.getOrCreate();

  auto people = spark.createDataFrame({Row{"Ann", 36, "Rome"}, Row{"Bob", Value(), "Oslo"}, Row{"Cid", 29, "Rome"}},
                                      "name STRING, age INT, city STRING");
  auto cities = spark.createDataFrame({Row{"Rome", "IT"}, Row{"Bern", "CH"}}, "city STRING, country STRING");

  Print("version", [&] { std::cout << spark.version().substr(0, 3) << "\n"; });
  Print("schema", [&] { people.printSchema(); });
  Print("select", [&] { people.select("name", col("age") + 1, upper(col("city")).as("c")).orderBy("name").show(); });
  Print("expressions", [&] {
    people.orderBy("name")
        .select(when(col("age") > 30, "old").otherwise("young").as("w"), col("age").cast("string").as("s"),
                col("name").substr(1, 2).as("n"), col("age").isNull().as("i"),
                col("city").isin("Rome", "Bern").as("in"), expr("age * 2 AS twice"),
                coalesce(col("age"), lit(0)).as("z"))
        .show();
  });
  Print("literals", [&] {
    spark.range(1)
        .select(lit(1).as("i"), lit(int64_t{1} << 40).as("l"), lit(2.5).as("d"), lit("x").as("s"), lit(true).as("b"))
        .show();
  });
  Print("filter", [&] {
    people.filter("age > 30 OR age IS NULL").filter(col("city") != "Bern").orderBy(col("name").desc()).show();
  });
  Print("columns", [&] {
    people.withColumn("next", col("age") + 1).withColumnRenamed("name", "who").drop("city").orderBy("who").show();
  });
  Print("group", [&] {
    people.groupBy("city").agg({count("*").as("n"), max("age").as("oldest")}).orderBy("city").show();
  });
  Print("rollup", [&] { people.rollup({"city"}).count().orderBy("city").show(); });
  Print("pivot", [&] {
    people.groupBy({"name"}).pivot("city", {Value("Rome"), Value("Oslo")}).sum({"age"}).orderBy("name").show();
  });
  Print("join", [&] { people.join(cities, "city", "left").orderBy("name").show(); });
  Print("join on columns", [&] {
    people.join(cities, people["city"] == cities["city"])
        .select(people["name"], cities["city"], cities["country"])
        .orderBy("name")
        .show();
  });
  Print("sets", [&] { people.select("city").unionAll(cities.select("city")).distinct().orderBy("city").show(); });
  Print("except", [&] { people.select("city").except(cities.select("city")).show(); });
  Print("by name",
        [&] { people.select("name", "age").unionByName(people.select("age", "name")).orderBy("name").show(); });
  Print("limits", [&] {
    std::cout << people.orderBy("name").limit(2).count() << " " << people.orderBy("name").tail(1)[0].toString() << " "
              << people.isEmpty() << "\n";
  });
  Print("duplicates", [&] { std::cout << people.dropDuplicates({"city"}).count() << "\n"; });
  Print("nulls", [&] { people.dropna().unionAll(people.fillna(0)).orderBy("name", "age").show(); });
  Print("json", [&] {
    people.select(from_json(lit("{\"a\": 1, \"b\": [1, 2]}"), "a INT, b ARRAY<INT>").as("j"))
        .select("j.a", "j.b")
        .limit(1)
        .show();
  });
  Print("views", [&] {
    people.createOrReplaceTempView("people");
    spark.sql("SELECT city, count(*) AS n FROM people GROUP BY city ORDER BY city").show();
    spark.table("people").filter(col("age") > 30).show();
  });
  Print("types", [&] {
    spark
        .sql(
            "SELECT DATE '2024-02-29' AS d, TIMESTAMP '2024-02-29 12:30:00' AS t, 1.50BD AS n, X'6162' AS x, array(1, "
            "NULL) AS a, map('k', 1) AS m, "
            "named_struct('p', 1, 'q', 'z') AS s, INTERVAL '1' DAY AS i")
        .show(1, 40, true);
  });
  Print("settings", [&] {
    spark.conf().set("spark.sql.session.timeZone", "America/New_York");
    spark.sql("SELECT TIMESTAMP '2024-01-01 00:00:00 UTC' AS t").show();
    spark.conf().set("spark.sql.session.timeZone", "UTC");
    std::cout << spark.conf().get("spark.sql.session.timeZone") << " " << spark.conf().get("no.such", "none") << "\n";
  });
  Print("catalog", [&] {
    std::cout << spark.catalog().currentDatabase() << " " << spark.catalog().tableExists("people")
              << spark.catalog().tableExists("nope") << spark.catalog().functionExists("upper") << "\n";
  });
  Print("tables", [&] {
    spark.sql("CREATE NAMESPACE IF NOT EXISTS lake.db");
    people.writeTo("lake.db.people").using_("iceberg").partitionedBy({col("city")}).create();
    people.limit(0).writeTo("lake.db.people").append();
    people.filter("name = 'Ann'").write().format("iceberg").mode("append").saveAsTable("lake.db.people");
    spark.sql("INSERT INTO lake.db.people VALUES ('Dan', 50, 'Bern')");
    spark.table("lake.db.people").orderBy("name").show();
  });
  Print("no column", [&] { people.select("nam"); });
  Print("no table", [&] { spark.table("lake.db.nope"); });
  Print("syntax", [&] { spark.sql("SELEC 1"); });
  Print("at run time", [&] { spark.sql("SELECT 1 / 0").show(); });
  Print("not a stream", [&] { people.writeStream(); });
  Print("many rows",
        [&] { std::cout << spark.range(0, 300000).select(sum(col("id")).as("s")).collect()[0].getLong(0) << "\n"; });
  Print("all rows", [&] { std::cout << spark.range(0, 300000).collect().size() << "\n"; });
  spark.stop();
  return 0;
}
