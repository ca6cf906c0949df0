// A folder of JSON files -> a folder of files, through a checkpoint, until there is nothing new.
// Arguments: root, which has the folder in; it makes checkpoint and out. Prints the number of rows in out.
#include <cstdio>
#include <string>

#include "sluice/sluice.h"

using namespace sluice;  // NOLINT: a program of the public API

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string root = argv[1];
  try {
    auto spark = SparkSession::builder().master("local[2]").appName("files").getOrCreate();
    auto query = spark.readStream()
                     .schema("a INT")
                     .option("maxFilesPerTrigger", 1)
                     .json(root + "/in")
                     .writeStream()
                     .format("json")
                     .option("checkpointLocation", root + "/checkpoint")
                     .trigger(Trigger::AvailableNow())
                     .start(root + "/out");
    query.awaitTermination();
    std::printf("%lld\n", static_cast<long long>(spark.read().json(root + "/out").count()));
    spark.stop();
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
