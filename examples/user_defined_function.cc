// A function of your own, in SQL and in the DataFrame API.
#include <sluice/sluice.h>

#include <iostream>

using namespace sluice;             // NOLINT: an example
using namespace sluice::functions;  // NOLINT

int main() {
  try {
    auto spark = SparkSession::builder().appName("user_defined_function").master("local[2]").getOrCreate();

    // Values of one row in, one value out. NULLs are yours to handle.
    spark.udf().register_("initials",
                          [](const std::vector<Value>& args) -> Value {
                            if (args[0].isNull()) return {};
                            std::string out;
                            bool start = true;
                            for (char c : args[0].as<std::string>()) {
                              if (start && c != ' ') out += c;
                              start = c == ' ';
                            }
                            return out;
                          },
                          DataType::String(), {DataType::String()});

    auto people = spark.createDataFrame({Row{1, "Ada Lovelace"}, Row{2, "Grace Brewster Hopper"}, Row{3, nullptr}},
                                        "id INT, name STRING");
    people.createOrReplaceTempView("people");

    spark.sql("SELECT id, initials(name) AS initials FROM people ORDER BY id").show();
    people.select(col("id"), call_function("initials", {col("name")}).as("initials"))
        .filter(col("initials").isNotNull())
        .show();
    spark.stop();
    return 0;
  } catch (const Error& error) {
    std::cerr << error.getMessage() << "\n";
    return 1;
  }
}
