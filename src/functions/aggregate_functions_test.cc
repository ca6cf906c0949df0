// Answers: real Spark 4.1.1 (tests/sql/aggregate.test) or arithmetic by hand.
#include <gtest/gtest.h>

#include "functions/function_test_util.h"

namespace sluice::functions {
namespace {

TEST(Aggregates, CountAndSum) {
  EXPECT_EQ(Aggregate("count", {{"INT", "[1, null, 3]"}}), "2");
  EXPECT_EQ(Aggregate("count_if", {{"BOOLEAN", "[true, null, false]"}}), "1");
  EXPECT_EQ(Aggregate("sum", {{"INT", "[1, null, 3]"}}), "4");
  EXPECT_EQ(Aggregate("sum", {{"INT", "[null]"}}), "NULL");
  EXPECT_EQ(Aggregate("sum", {{"BIGINT", "[9223372036854775807, 1]"}}), "ARITHMETIC_OVERFLOW");
  EXPECT_EQ(Aggregate("sum", {{"BIGINT", "[9223372036854775807, 1]"}}, {.ansi = false}), "-9223372036854775808");
  EXPECT_EQ(Aggregate("try_sum", {{"BIGINT", "[9223372036854775807, 1, 2]"}}), "NULL");
  EXPECT_EQ(Aggregate("sum", {{"DECIMAL(4,2)", "[\"1.50\", \"2.25\"]"}}), "3.75");
  EXPECT_EQ(Aggregate("avg", {{"INT", "[1, 2]"}}), "1.5");
  EXPECT_EQ(Aggregate("avg", {{"DECIMAL(3,1)", "[\"1.0\", \"2.0\", \"2.0\"]"}}), "1.66667");
}

TEST(Aggregates, MinMaxFirstLast) {
  EXPECT_EQ(Aggregate("min", {{"STRING", "[\"b\", null, \"a\", \"c\"]"}}), "a");
  EXPECT_EQ(Aggregate("max", {{"INT", "[1, 5, 3]"}}), "5");
  EXPECT_EQ(Aggregate("max", {{"DOUBLE", "[1, NaN, 3]"}}), "NaN");
  EXPECT_EQ(Aggregate("bool_and", {{"BOOLEAN", "[true, null, false]"}}), "false");
  EXPECT_EQ(Aggregate("bit_xor", {{"INT", "[3, 5]"}}), "6");
  EXPECT_EQ(Aggregate("first", {{"INT", "[null, 2, 3]"}}), "NULL");
  EXPECT_EQ(Aggregate("first", {{"INT", "[null, 2, 3]"}, {"=BOOLEAN", "[true]"}}), "2");
  EXPECT_EQ(Aggregate("last", {{"INT", "[null, 2, 3]"}}), "3");
  EXPECT_EQ(Aggregate("max_by", {{"STRING", "[\"a\", \"b\", \"c\"]"}, {"INT", "[10, 50, 20]"}}), "b");
  EXPECT_EQ(Aggregate("collect_list", {{"INT", "[1, null, 2, 1]"}}), "[1, 2, 1]");
  EXPECT_EQ(Aggregate("collect_set", {{"STRING", "[\"a\", \"b\", \"a\"]"}}), "[a, b]");
}

TEST(Aggregates, Moments) {
  EXPECT_EQ(Aggregate("stddev", {{"INT", "[1, 2, 3]"}}), "1.0");
  EXPECT_EQ(Aggregate("var_pop", {{"INT", "[1, 2, 3]"}}), "0.6666666666666666");
  EXPECT_EQ(Aggregate("stddev", {{"INT", "[1]"}}), "NULL");
  EXPECT_EQ(Aggregate("covar_pop", {{"INT", "[1, 2, 3]"}, {"INT", "[1, 2, 3]"}}), "0.6666666666666666");
  EXPECT_EQ(Aggregate("corr", {{"INT", "[3, 2, 4]"}, {"INT", "[2, 2, 6]"}}), "0.8660254037844387");
}

}  // namespace
}  // namespace sluice::functions
