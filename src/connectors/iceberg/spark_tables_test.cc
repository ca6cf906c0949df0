// Tables that real Spark 4.1.1 with Iceberg 1.11 wrote: partitioned, evolved, deleted from by merge-on-read, format v1.
// Their metadata holds absolute paths below /tmp/ice/sparkwh/db, so that is where they are unpacked.
#include <cstdlib>

#include "connectors/iceberg/provider.h"
#include "connectors/iceberg/test_support.h"

namespace sluice::iceberg {
namespace {

using namespace connectors;       // NOLINT
using namespace testing_support;  // NOLINT

class SparkTables : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = "/tmp/ice/sparkwh/db";
    std::filesystem::create_directories(folder_);
    std::string command = "tar -C " + folder_ +
                          " --skip-old-files -xzf " SLUICE_SOURCE_DIR
                          "/src/connectors/iceberg/testdata/spark_tables.tar.gz";
    ASSERT_EQ(std::system(command.c_str()), 0);
  }
  static TablePtr Load(const std::string& name) {
    FormatRequest request;
    request.paths = {folder_ + "/" + name};
    return kIcebergConnector.load(request).ValueOrDie();
  }
  static inline std::string folder_;
};

TEST_F(SparkTables, EvolvedSchemaAndPartitioning) {
  auto table = Load("parts");
  EXPECT_EQ(table->schema().toDDL(), "extra STRING,id BIGINT,name STRING,ts TIMESTAMP,dt DATE,val BIGINT");
  EXPECT_EQ(ReadRows(*table),
            (std::vector<std::string>{"null|1|alpha|2025-01-01 10:00:00.000000Z|2025-01-01|1",
                                      "null|2|beta|2025-01-02 10:00:00.000000Z|2025-01-02|2", "null|3|null|null|null|3",
                                      "null|4|gamma|1969-12-31 23:00:00.000000Z|1969-12-31|4",
                                      "x|5|delta|2025-03-01 10:00:00.000000Z|2025-03-01|5000000000",
                                      "y|6|eps|2025-04-01 10:00:00.000000Z|2025-04-01|6"}));
  auto count = [&](FilterOp op, int64_t v) {
    int splits = 0;
    ReadRows(*table, {{{"val"}, op, {IntegralValue(v)}}}, {}, &splits);
    return splits;
  };
  EXPECT_EQ(count(FilterOp::kGt, 5), 2);  // a column widened from INT, pruned by the bounds of both widths
  EXPECT_EQ(count(FilterOp::kEq, 5000000000), 1);
}

TEST_F(SparkTables, PositionDeletes) {
  auto table = Load("mor");
  auto rows = ReadRows(*table);
  EXPECT_EQ(rows.size(), 90u);
  EXPECT_NE(std::find(rows.begin(), rows.end(), "5|upd|1"), rows.end());
  EXPECT_EQ(std::find(rows.begin(), rows.end(), "5|5|1"), rows.end());
  EXPECT_EQ(std::find(rows.begin(), rows.end(), "10|10|0"), rows.end());
}

TEST_F(SparkTables, FormatVersion1IsReadNotWritten) {
  auto table = Load("v1");
  EXPECT_EQ(ReadRows(*table), (std::vector<std::string>{"1|a", "2|b"}));
  EXPECT_EQ(ConditionOf(WriteBatch(*table, R"([[3,"c"]])")), "UNSUPPORTED_FEATURE");
}

}  // namespace
}  // namespace sluice::iceberg
