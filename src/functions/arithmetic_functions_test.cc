// Answers: real Spark 4.1.1 (tests/sql/arithmetic.test, comparison.test, conditional.test).
#include <gtest/gtest.h>

#include "functions/function_test_util.h"

namespace sluice::functions {
namespace {

const TestMode kLegacy{.ansi = false};

TEST(Arithmetic, Integers) {
  EXPECT_EQ(Eval("+", {Int(1), Int(2)}), "3");
  EXPECT_EQ(TypeOf("+", {Int(1), Long(2)}), "bigint");
  EXPECT_EQ(Eval("+", {Int(2147483647), Int(1)}), "ARITHMETIC_OVERFLOW");
  EXPECT_EQ(Eval("+", {Int(2147483647), Int(1)}, kLegacy), "-2147483648");
  EXPECT_EQ(Eval("try_add", {Int(2147483647), Int(1)}), "NULL");
  EXPECT_EQ(Eval("-", {IntegralValue(-128, DataType::Byte()), IntegralValue(1, DataType::Byte())}),
            "BINARY_ARITHMETIC_OVERFLOW");
  EXPECT_EQ(Eval("*", {NullValue(DataType::Integer()), Int(2)}), "NULL");
  EXPECT_EQ(TypeOf("*", {NullValue(), NullValue()}), "double");
  EXPECT_EQ(Eval("negative", {Int(-2147483648LL)}), "ARITHMETIC_OVERFLOW");
  EXPECT_EQ(Eval("abs", {Int(-5)}), "5");
  EXPECT_EQ(Eval("div", {Int(7), Int(2)}), "3");
  EXPECT_EQ(Eval("div", {DoubleValue(7.5), DoubleValue(2)}), "DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE");
  EXPECT_EQ(Eval("%", {Int(-7), Int(3)}), "-1");
  EXPECT_EQ(Eval("pmod", {Int(-7), Int(3)}), "2");
}

TEST(Arithmetic, DivisionByZero) {
  EXPECT_EQ(Eval("/", {Int(1), Int(0)}), "DIVIDE_BY_ZERO");
  EXPECT_EQ(Eval("/", {Int(1), Int(0)}, kLegacy), "NULL");
  EXPECT_EQ(Eval("%", {Int(1), Int(0)}), "REMAINDER_BY_ZERO");
  EXPECT_EQ(Eval("try_divide", {Int(1), Int(0)}), "NULL");
  EXPECT_EQ(Eval("/", {Int(7), Int(2)}), "3.5");
}

TEST(Arithmetic, Decimals) {
  EXPECT_EQ(TypeOf("+", {Dec("1.5"), Dec("22.25")}), "decimal(5,2)");
  EXPECT_EQ(Eval("+", {Dec("1.5"), Dec("22.25")}), "23.75");
  EXPECT_EQ(TypeOf("*", {Dec("1.5"), Int(2)}), "decimal(4,1)");
  EXPECT_EQ(Eval("/", {Dec("1.0"), Int(3)}), "0.333333");
  EXPECT_EQ(Eval("/", {Dec("1.5"), Dec("2.25")}), "0.666667");
  EXPECT_EQ(Eval("%", {Dec("7.5"), Int(2)}), "1.5");
  EXPECT_EQ(Eval("+", {Dec("99999999999999999999999999999999999999"), Dec("99999999999999999999999999999999999999")}),
            "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION");
  EXPECT_EQ(Eval("&", {Dec("1.5"), Int(1)}), "DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES");
}

TEST(Arithmetic, Strings) {
  EXPECT_EQ(Eval("+", {Str("1"), Int(1)}), "2");
  EXPECT_EQ(TypeOf("+", {Str("1"), Int(1)}), "bigint");
  EXPECT_EQ(TypeOf("+", {Str("1"), Dec("1.5")}), "double");
  EXPECT_EQ(Eval("+", {Str("1.5"), Int(1)}), "CAST_INVALID_INPUT");
  EXPECT_EQ(Eval("+", {Str("1.5"), Int(1)}, kLegacy), "2.5");
  EXPECT_EQ(Eval("*", {Str("2"), Str("3")}), "DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE");
  EXPECT_EQ(Eval("+", {BooleanValue(true), Int(1)}), "DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES");
}

TEST(Bits, All) {
  EXPECT_EQ(Eval("&", {Int(6), Int(3)}), "2");
  EXPECT_EQ(Eval("~", {Int(0)}), "-1");
  EXPECT_EQ(Eval("shiftleft", {Int(1), Int(33)}), "2");
  EXPECT_EQ(Eval("bit_count", {Long(255)}), "8");
}

TEST(Comparison, Scalars) {
  EXPECT_EQ(Eval("=", {Str("1"), Int(1)}), "true");
  EXPECT_EQ(Eval("=", {Str("1.0"), Int(1)}), "CAST_INVALID_INPUT");
  EXPECT_EQ(Eval("<", {Dec("1.5"), Int(2)}), "true");
  EXPECT_EQ(Eval("=", {DoubleValue(std::nan("")), DoubleValue(std::nan(""))}), "true");
  EXPECT_EQ(Eval("<=>", {NullValue(), Int(1)}), "false");
  EXPECT_EQ(Eval("=", {Date("2024-01-01"), Ts("2024-01-01 00:00:00")}), "true");
  EXPECT_EQ(Eval("=", {Date("2024-01-01"), Int(1)}), "DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES");
  EXPECT_EQ(Eval("in", {Int(1), Str("1"), Str("2")}), "true");
  EXPECT_EQ(Eval("in", {Int(3), Int(1), NullValue()}), "NULL");
  EXPECT_EQ(Eval("in", {Int(1), Int(1), BooleanValue(true)}), "DATATYPE_MISMATCH.DATA_DIFF_TYPES");
  EXPECT_EQ(Eval("between", {Int(5), NullValue(), Int(3)}), "false");
  EXPECT_EQ(Eval("greatest", {Int(1), Dec("2.5"), NullValue()}), "2.5");
  EXPECT_EQ(Eval("least", {Int(1)}), "WRONG_NUM_ARGS.WITHOUT_SUGGESTION");
}

TEST(Conditional, All) {
  EXPECT_EQ(Eval("and", {BooleanValue(false), NullValue()}), "false");
  EXPECT_EQ(Eval("or", {BooleanValue(false), NullValue()}), "NULL");
  EXPECT_EQ(Eval("and", {Int(1), BooleanValue(true)}), "DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES");
  EXPECT_EQ(Eval("not", {Int(1)}), "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE");
  EXPECT_EQ(Eval("if", {BooleanValue(true), Int(1), Dec("2.5")}), "1.0");
  EXPECT_EQ(Eval("when", {BooleanValue(false), Int(1), Int(2)}), "2");
  EXPECT_EQ(Eval("when", {BooleanValue(false), Int(1)}), "NULL");
  EXPECT_EQ(Eval("coalesce", {NullValue(), Int(3)}), "3");
  EXPECT_EQ(Eval("nvl2", {NullValue(), Int(2), Int(1)}), "1");
  EXPECT_EQ(Eval("nullif", {Int(2), Long(2)}), "NULL");
  EXPECT_EQ(TypeOf("nullif", {Int(2), Long(2)}), "int");
  EXPECT_EQ(Eval("raise_error", {Str("x")}), "USER_RAISED_EXCEPTION");
}

}  // namespace
}  // namespace sluice::functions
