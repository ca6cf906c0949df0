// The DataFrame API: shape of what it prints, and each transformation once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sluice/sluice.h"

namespace sluice {
namespace {

using functions::call_function;
using functions::col;
using functions::lit;

class DataFrameTest : public testing::Test {
 protected:
  SparkSession spark_ = SparkSession::builder().master("local[2]").config("spark.sql.session.timeZone", "UTC").create();
  DataFrame people_ = spark_.createDataFrame({Row{1, "ann", 10.5}, Row{2, "bob", 20.0}, Row{3, nullptr, 5.0}},
                                             "id INT, name STRING, amount DOUBLE");

  ~DataFrameTest() override { spark_.stop(); }
  static std::string Text(const DataFrame& df) {
    std::string out;
    for (const auto& row : df.collect()) out += row.toString();
    return out;
  }
  template <typename F>
  static std::string ConditionOf(F&& f) {
    try {
      f();
      return "none";
    } catch (const Error& error) {
      return error.getCondition();
    }
  }
};

TEST_F(DataFrameTest, Show) {
  EXPECT_EQ(people_.showString(),
            "+---+----+------+\n| id|name|amount|\n+---+----+------+\n|  1| ann|  10.5|\n|  2| bob|  20.0|\n|  3|NULL| "
            "  5.0|\n+---+----+------+\n");
  EXPECT_EQ(people_.showString(1, 0),
            "+---+----+------+\n|id |name|amount|\n+---+----+------+\n|1  |ann |10.5  |\n+---+----+------+\nonly "
            "showing top 1 row");
  EXPECT_EQ(
      people_.select("id", "name").showString(2, 20, true),
      "-RECORD 0---\n id   | 1   \n name | ann \n-RECORD 1---\n id   | 2   \n name | bob \nonly showing top 2 rows");
  EXPECT_EQ(people_.limit(0).showString(20, 20, true), "(0 rows)\n");
  auto wide = spark_.createDataFrame({Row{"日本"}, Row{"a rather long text, cut"}}, "s STRING");
  EXPECT_EQ(wide.showString(),
            "+--------------------+\n|                   s|\n+--------------------+\n|                日本|\n|a rather "
            "long tex...|\n+--------------------+\n");
}

TEST_F(DataFrameTest, SchemaAndTree) {
  testing::internal::CaptureStdout();
  people_.printSchema();
  EXPECT_EQ(testing::internal::GetCapturedStdout(),
            "root\n |-- id: integer (nullable = true)\n |-- name: string (nullable = true)\n |-- amount: double "
            "(nullable = true)\n\n");
  EXPECT_EQ(people_.columns(), (std::vector<std::string>{"id", "name", "amount"}));
}

TEST_F(DataFrameTest, Transformations) {
  EXPECT_EQ(Text(people_.select(col("id") + 1, (col("amount") * 2).as("twice")).limit(1)), "[2,21.0]");
  EXPECT_EQ(Text(people_.selectExpr("id * 2 AS x").filter("x > 2").orderBy(col("x").desc())), "[6][4]");
  EXPECT_EQ(Text(people_.where(col("name") == "bob" || col("id") == 3).select("id")), "[2][3]");
  EXPECT_EQ(Text(people_.withColumn("id", col("id") + 10).withColumn("b", lit(true)).select("id", "b").limit(1)),
            "[11,true]");
  EXPECT_EQ(people_.withColumnRenamed("id", "key").drop("amount").columns(), (std::vector<std::string>{"key", "name"}));
  EXPECT_EQ(Text(people_.select(col("name").isNull().as("n")).distinct().orderBy("n")), "[false][true]");
  EXPECT_EQ(people_.unionAll(people_).count(), 6);
  EXPECT_EQ(people_.unionAll(people_).dropDuplicates({"id"}).count(), 3);
  EXPECT_EQ(Text(people_.select("id").intersect(spark_.range(2, 9).select(col("id").cast("int"))).orderBy("id")),
            "[2][3]");
  EXPECT_EQ(Text(people_.orderBy(col("amount").desc()).select("id").limit(2)), "[2][1]");
  EXPECT_EQ(Text(people_.dropna("any").select("id")), "[1][2]");
  EXPECT_EQ(people_.take(2).size(), 2u);
  EXPECT_EQ(people_.first()->getString(1), "ann");
  EXPECT_FALSE(people_.isEmpty());
  EXPECT_TRUE(people_.limit(0).isEmpty());
  EXPECT_EQ(Text(people_.select(functions::when(col("id") > 1, "big").otherwise("small").as("s"))),
            "[small][big][big]");
  EXPECT_EQ(Text(people_.select(col("id")).filter(col("id").isin(1, 3))), "[1][3]");
}

TEST_F(DataFrameTest, GroupsAndJoins) {
  auto sales = spark_.createDataFrame({Row{1, 10}, Row{1, 20}, Row{2, 5}}, "person INT, price INT");
  EXPECT_EQ(Text(sales.groupBy("person")
                     .agg(functions::sum("price").as("total"), {functions::count("*").as("n")})
                     .orderBy("person")),
            "[1,30,2][2,5,1]");
  EXPECT_EQ(Text(sales.groupBy("person").count().orderBy("person")), "[1,2][2,1]");
  EXPECT_EQ(Text(sales.groupBy("person").max({"price"}).orderBy("person")), "[1,20][2,5]");
  EXPECT_EQ(Text(people_.join(sales, people_["id"] == sales["person"]).select("name", "price").orderBy("price")),
            "[bob,5][ann,10][ann,20]");
  EXPECT_EQ(people_.join(sales.withColumnRenamed("person", "id"), "id", "left_anti").count(), 1);
  EXPECT_EQ(people_.crossJoin(sales).count(), 9);
  EXPECT_EQ(ConditionOf([&] { people_.join(sales, "id", "sideways"); }), "UNSUPPORTED_JOIN_TYPE");
}

TEST_F(DataFrameTest, ErrorsComeWhenTheFrameIsBuilt) {
  EXPECT_EQ(ConditionOf([&] { people_.select("nope"); }), "UNRESOLVED_COLUMN.WITH_SUGGESTION");
  EXPECT_EQ(ConditionOf([&] { spark_.sql("SELEC 1"); }), "PARSE_SYNTAX_ERROR");
  EXPECT_EQ(ConditionOf([&] { spark_.table("nosuch"); }), "TABLE_OR_VIEW_NOT_FOUND");
  EXPECT_EQ(ConditionOf([&] { people_.select(col("id") / 0).collect(); }), "DIVIDE_BY_ZERO");
  EXPECT_EQ(ConditionOf([&] { spark_.read().format("nosuch").load(); }), "DATA_SOURCE_NOT_FOUND");
}

TEST_F(DataFrameTest, ViewsAndCatalog) {
  people_.createOrReplaceTempView("People");
  EXPECT_EQ(Text(spark_.sql("SELECT p.name FROM people p WHERE p.id = 2")), "[bob]");
  EXPECT_EQ(ConditionOf([&] { people_.createTempView("PEOPLE"); }), "TEMP_TABLE_OR_VIEW_ALREADY_EXISTS");
  people_.createOrReplaceGlobalTempView("g");
  EXPECT_EQ(spark_.table("global_temp.g").count(), 3);
  EXPECT_TRUE(spark_.catalog().dropGlobalTempView("g"));
  EXPECT_TRUE(spark_.catalog().tableExists("people"));
  EXPECT_TRUE(spark_.catalog().dropTempView("people"));
  EXPECT_FALSE(spark_.catalog().tableExists("people"));
  EXPECT_EQ(spark_.catalog().currentCatalog(), "spark_catalog");
  EXPECT_EQ(spark_.catalog().currentDatabase(), "default");
}

TEST_F(DataFrameTest, UserFunctions) {
  spark_.udf().register_("plus",
                         [](const std::vector<Value>& a) -> Value {
                           if (a[0].isNull()) throw std::runtime_error("null!");
                           return a[0].as<int64_t>() + a[1].as<int64_t>();
                         },
                         DataType::Long(), {DataType::Long(), DataType::Long()});
  EXPECT_EQ(Text(spark_.sql("SELECT plus(1, 2), Plus(id, 10) FROM range(2)")), "[3,10][3,11]");
  EXPECT_EQ(Text(people_.select(call_function("plus", {col("id"), lit(1)})).limit(1)), "[2]");
  EXPECT_EQ(ConditionOf([&] { spark_.sql("SELECT plus(1)"); }), "WRONG_NUM_ARGS.WITHOUT_SUGGESTION");
  EXPECT_EQ(ConditionOf([&] { spark_.sql("SELECT plus(CAST(NULL AS BIGINT), id) FROM range(1)").collect(); }),
            "FAILED_EXECUTE_UDF");
}

TEST_F(DataFrameTest, RowsRoundTrip) {
  Row row{1,           true,    Decimal{"1.50"}, Date{3}, Timestamp{1000000}, ArrayValue{1, 2}, MapValue{{"a", 1}},
          Row{7, "x"}, nullptr, Binary{"ab"}};
  auto df = spark_.createDataFrame({row},
                                   "i INT, b BOOLEAN, d DECIMAL(5,2), dt DATE, ts TIMESTAMP, xs ARRAY<INT>, m "
                                   "MAP<STRING, INT>, st STRUCT<a: INT, b: STRING>, n STRING, bin BINARY");
  auto back = df.collect().at(0);
  EXPECT_EQ(back, row);
  EXPECT_EQ(back["st"].asRow()["b"].as<std::string>(), "x");
  EXPECT_EQ(back.toString(), "[1,true,1.50,1970-01-04,1970-01-01 00:00:01,[1, 2],Map(a -> 1),[7,x],null,ab]");
}

}  // namespace
}  // namespace sluice
