// Queries of a size that only programs write.
#include <gtest/gtest.h>

#include <string>

#include "sluice/functions.h"
#include "sluice/sluice.h"

namespace sluice {
namespace {

// The thread sanitizer keeps a whole stack for each lock and counter that it sees deep down in one: gigabytes.
#ifdef __SANITIZE_THREAD__
constexpr int kMany = 10'000;
constexpr bool kKeepsStacks = true;
#else
constexpr int kMany = 100'000;
constexpr bool kKeepsStacks = false;
#endif

class LongQueriesTest : public testing::Test {
 protected:
  ~LongQueriesTest() override { spark_.stop(); }
  /// `piece` with i for '#', n times, between separators.
  static std::string Chain(const std::string& piece, const std::string& separator, int n) {
    std::string out;
    const size_t hash = piece.find('#');
    for (int i = 0; i < n; ++i) {
      if (i > 0) out += separator;
      out += hash == std::string::npos ? piece : piece.substr(0, hash) + std::to_string(i) + piece.substr(hash + 1);
    }
    return out;
  }
  int64_t Count(const std::string& condition) {
    return spark_.sql("SELECT count(*) FROM range(100) WHERE " + condition).collect()[0].getLong(0);
  }
  std::string Condition(const std::string& sql) {
    try {
      spark_.sql(sql).collect();
      return "";
    } catch (const Error& e) {
      return e.getCondition();
    }
  }
  SparkSession spark_ = SparkSession::builder().master("local[2]").create();
};

TEST_F(LongQueriesTest, AndsAndOrs) {
  EXPECT_EQ(Count(Chain("id <> #", " AND ", kMany)), 0);
  EXPECT_EQ(Count(Chain("id <> 1#", " AND ", kMany / 10)), 90);
  EXPECT_EQ(Count(Chain("id = 1#", " OR ", kMany)), 10);
}

TEST_F(LongQueriesTest, ProjectionsThatDoubleTheirInput) {
  std::string sql = "(SELECT id AS a FROM range(3))";
  for (int i = 0; i < 60; ++i) sql = "(SELECT a + a AS a FROM " + sql + ")";
  EXPECT_EQ(spark_.sql("SELECT max(a) FROM " + sql).collect()[0].getLong(0), int64_t{2} << 60);
}

TEST_F(LongQueriesTest, ManyLiterals) {
  EXPECT_EQ(Count("id IN (" + Chain("1#", ", ", 2 * kMany) + ")"), 10);
  EXPECT_EQ(Count("id NOT IN (" + Chain("1#", ", ", 20'000) + ")"), 90);
  EXPECT_EQ(Count("id NOT IN (NULL, " + Chain("1#", ", ", 20) + ")"), 0);
  EXPECT_EQ(Count("CAST(id AS STRING) IN (" + Chain("'1#'", ", ", 20'000) + ")"), 10);
  EXPECT_EQ(Count("CAST(id AS DECIMAL(10, 2)) IN (" + Chain("1#.00", ", ", 2'000) + ")"), 10);
  EXPECT_EQ(Count("CAST(id AS DOUBLE) IN (" + Chain("1#D", ", ", 2'000) + ")"), 10);
}

TEST_F(LongQueriesTest, DeepOnesAreRefused) {
  EXPECT_EQ(Condition("SELECT " + Chain("id", " + ", 20'000) + " FROM range(3)"), "FAILED_TO_PARSE_TOO_COMPLEX");
  EXPECT_EQ(Condition("SELECT " + Chain("id", " || ", 20'000) + " FROM range(3)"), "FAILED_TO_PARSE_TOO_COMPLEX");
}

TEST_F(LongQueriesTest, DeepDataFramesAreRefused) {
  if (kKeepsStacks) GTEST_SKIP() << "deep plans are too much for the thread sanitizer";
  auto filtered = [&](int times) {
    DataFrame df = spark_.range(3);
    for (int i = 0; i < times; ++i) df = df.where(functions::col("id") >= functions::lit(0));
    return df.count();
  };
  EXPECT_EQ(filtered(700), 3);
  try {
    filtered(5'000);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.getCondition(), "FAILED_TO_PARSE_TOO_COMPLEX");
  }
  auto sum = [&](int terms) {
    Column all = functions::col("id");
    for (int i = 0; i < terms; ++i) all = all + functions::lit(1);
    return spark_.range(3).select(all.as("s")).collect()[0].getLong(0);
  };
  EXPECT_EQ(sum(1'000), 1'000);
  try {
    sum(20'000);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.getCondition(), "FAILED_TO_PARSE_TOO_COMPLEX");
  }
}

TEST_F(LongQueriesTest, WideOnesRun) {
  EXPECT_EQ(Condition("SELECT CASE " + Chain("WHEN id = # THEN 1", " ", 5'000) + " END FROM range(3)"), "");
  EXPECT_EQ(Condition("SELECT concat(" + Chain("'a#'", ", ", 5'000) + ") FROM range(3)"), "");
  EXPECT_EQ(Condition("SELECT coalesce(" + Chain("NULL", ", ", 5'000) + ", id) FROM range(3)"), "");
}

}  // namespace
}  // namespace sluice
