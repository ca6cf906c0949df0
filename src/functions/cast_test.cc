// Answers: real Spark 4.1.1 (tests/sql/cast.test).
#include <gtest/gtest.h>

#include "functions/function_test_util.h"

namespace sluice::functions {
namespace {

constexpr CastBehavior kLegacy = CastBehavior::kLegacy, kTry = CastBehavior::kTry;

TEST(Cast, StringToNumber) {
  EXPECT_EQ(EvalCast(Str(" 42 "), "INT"), "42");
  EXPECT_EQ(EvalCast(Str("4.2"), "INT"), "CAST_INVALID_INPUT");
  EXPECT_EQ(EvalCast(Str("4.2"), "INT", kLegacy), "4");
  EXPECT_EQ(EvalCast(Str("2147483648"), "INT"), "CAST_INVALID_INPUT");
  EXPECT_EQ(EvalCast(Str("2147483648"), "INT", kTry), "NULL");
  EXPECT_EQ(EvalCast(Str("-9223372036854775808"), "BIGINT"), "-9223372036854775808");
  EXPECT_EQ(EvalCast(Str("1e3"), "DOUBLE"), "1000.0");
  EXPECT_EQ(EvalCast(Str("1.5d"), "DOUBLE"), "1.5");
  EXPECT_EQ(EvalCast(Str("-Infinity"), "DOUBLE"), "-Infinity");
  EXPECT_EQ(EvalCast(Str("1e400"), "DOUBLE"), "Infinity");
  EXPECT_EQ(EvalCast(Str("x"), "DOUBLE"), "CAST_INVALID_INPUT");
  EXPECT_EQ(EvalCast(Str("12.345"), "DECIMAL(5,2)"), "12.35");
  EXPECT_EQ(EvalCast(Str("1e2"), "DECIMAL(5,0)"), "100");
  EXPECT_EQ(EvalCast(Str("12345"), "DECIMAL(3,0)"), "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION");
  EXPECT_EQ(EvalCast(Str("x"), "DECIMAL(3,0)"), "CAST_INVALID_INPUT");
  EXPECT_EQ(EvalCast(Str("Yes"), "BOOLEAN"), "true");
  EXPECT_EQ(EvalCast(Str("maybe"), "BOOLEAN"), "CAST_INVALID_INPUT");
}

TEST(Cast, Numbers) {
  EXPECT_EQ(EvalCast(Int(300), "TINYINT"), "CAST_OVERFLOW");
  EXPECT_EQ(EvalCast(Int(128), "TINYINT", kLegacy), "-128");
  EXPECT_EQ(EvalCast(DoubleValue(1e10), "INT", kLegacy), "2147483647");
  EXPECT_EQ(EvalCast(DoubleValue(-4.9), "INT"), "-4");
  EXPECT_EQ(EvalCast(Dec("12.345"), "DECIMAL(4,2)"), "12.35");
  EXPECT_EQ(EvalCast(Dec("-12.5"), "INT"), "-12");
  EXPECT_EQ(EvalCast(DoubleValue(0.1), "DECIMAL(10,2)"), "0.10");
  EXPECT_EQ(EvalCast(DoubleValue(1e20), "STRING"), "1.0E20");
  EXPECT_EQ(EvalCast(Dec("0.000"), "STRING"), "0.000");
  EXPECT_EQ(EvalCast(Int(258), "BINARY", kLegacy), "[00 00 01 02]");
  EXPECT_EQ(EvalCast(Int(0), "BOOLEAN"), "false");
}

TEST(Cast, Datetime) {
  EXPECT_EQ(EvalCast(Str("2024-01-02T03:04:05.123456Z"), "TIMESTAMP"), "2024-01-02 03:04:05.123456");
  EXPECT_EQ(EvalCast(Str("2024-07-01 12:00:00"), "TIMESTAMP", CastBehavior::kAnsi, "America/Los_Angeles"),
            "2024-07-01 12:00:00");
  EXPECT_EQ(EvalCast(Str("x"), "TIMESTAMP"), "CAST_INVALID_INPUT");
  EXPECT_EQ(EvalCast(Str("epoch"), "TIMESTAMP"), "1970-01-01 00:00:00");
  EXPECT_EQ(EvalCast(Str("2024-02-30"), "DATE", kTry), "NULL");
  EXPECT_EQ(EvalCast(Long(1700000000), "TIMESTAMP"), "2023-11-14 22:13:20");
  EXPECT_EQ(EvalCast(Ts("1969-12-31 23:59:59.5"), "BIGINT"), "-1");
  EXPECT_EQ(EvalCast(Ts("2050-01-01 00:00:00"), "INT"), "CAST_OVERFLOW");
  EXPECT_EQ(EvalCast(Ts("2050-01-01 00:00:00"), "INT", kLegacy), "NULL");
  EXPECT_EQ(EvalCast(Ts("2024-01-02 23:59:59"), "DATE"), "2024-01-02");
  EXPECT_EQ(EvalCast(Str("1-2"), "INTERVAL YEAR TO MONTH"), "INTERVAL '1-2' YEAR TO MONTH");
  EXPECT_EQ(EvalCast(Str("1 02:03:04"), "INTERVAL DAY TO SECOND"), "INTERVAL '1 02:03:04' DAY TO SECOND");
  EXPECT_EQ(EvalCast(Str("3 days"), "INTERVAL"), "3 days");
  EXPECT_EQ(EvalCast(Int(5), "INTERVAL DAY"), "INTERVAL '5' DAY");
}

}  // namespace
}  // namespace sluice::functions
