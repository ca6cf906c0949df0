#include "external/python/pickle.h"

#include <arrow/array/array_nested.h>
#include <arrow/json/from_string.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "types/arrow_types.h"
#include "types/ddl.h"

namespace sluice::python {
namespace {

using testing::HasSubstr;

template <size_t kSize>
std::string Bytes(const char (&text)[kSize]) {
  return std::string(text, kSize - 1);
}

std::shared_ptr<arrow::Array> Unpickled(const DataType& type, std::string_view text) {
  auto rows = UnpickleRows(type, {text});
  EXPECT_TRUE(rows.ok()) << rows.status();
  return rows.ok() ? *rows : nullptr;
}

// What Python's own pickle.dumps gave, protocol 5, of tuples as StructType.toInternal makes them.
TEST(Pickle, ReadsWhatPythonWrote) {
  const DataType type =
      *ParseSchema("a BIGINT, b STRING, c ARRAY<INT>, d MAP<STRING,DOUBLE>, e DECIMAL(5,2), f BOOLEAN");
  // (1099511627776, 'x\u00e9', [1, None, -3], {'k': 1.5}, decimal.Decimal('12.345'), True)
  const std::string text = Bytes(
      "\x80\x05\x95R\x00\x00\x00\x00\x00\x00\x00(\x8a\x06\x00\x00\x00\x00\x00\x01\x8c\x03x\xc3\xa9\x94]\x94("
      "K\x01NJ\xfd\xff\xff\xff\x65}"
      "\x94\x8c\x01k\x94G\x3f\xf8\x00\x00\x00\x00\x00\x00s\x8c\x07\x64\x65\x63imal\x94\x8c\x07\x44\x65\x63imal\x94\x93"
      "\x94\x8c\x06\x31"
      "2.345\x94\x85\x94R\x94\x88t\x94.");
  auto rows = Unpickled(type, text);
  ASSERT_NE(rows, nullptr);
  const auto& fields = static_cast<const arrow::StructArray&>(*rows);
  EXPECT_EQ(fields.field(0)->ToString(), "[\n  1099511627776\n]");
  EXPECT_EQ(static_cast<const arrow::StringArray&>(*fields.field(1)).GetView(0), "x\xc3\xa9");
  EXPECT_EQ(static_cast<const arrow::ListArray&>(*fields.field(2)).values()->ToString(), "[\n  1,\n  null,\n  -3\n]");
  EXPECT_EQ(fields.field(4)->ToString(), "[\n  12.35\n]");
  EXPECT_EQ(fields.field(5)->ToString(), "[\n  true\n]");
}

TEST(Pickle, ValuesOfOtherTypesAreNullAndRowsOfOtherLengthsAreRefused) {
  const DataType type = *ParseSchema("a INT, b DOUBLE");
  auto rows = Unpickled(type, Bytes("\x80\x05\x8c\x01xK\x01\x86."));  // ('x', 1)
  ASSERT_NE(rows, nullptr);
  EXPECT_TRUE(static_cast<const arrow::StructArray&>(*rows).field(0)->IsNull(0));
  EXPECT_TRUE(static_cast<const arrow::StructArray&>(*rows).field(1)->IsNull(0));
  EXPECT_THAT(UnpickleRows(type, {std::string_view("\x80\x05K\x01\x85.")}).status().ToString(),
              HasSubstr("STRUCT_ARRAY_LENGTH_MISMATCH"));
  EXPECT_EQ(UnpickleRows(type, {std::string_view()}).ValueOrDie()->null_count(), 1);
}

TEST(Pickle, WhatIsNoPlainValueIsRefused) {
  const DataType type = *ParseSchema("a INT");
  for (std::string_view text : {std::string_view("\x80\x05"
                                                 "cos\nsystem\n\x8c\x02ls\x85R\x85."),
                                std::string_view("\x80\x05K"), std::string_view("t."),
                                std::string_view("\x80\x05h\x07\x85."), std::string_view("u.")})
    EXPECT_THAT(UnpickleRows(type, {text}).status().ToString(), HasSubstr("PYTHON_STATE_NOT_READABLE")) << text;
}

TEST(Pickle, RowsArePicklesOfRows) {
  const DataType type = *ParseSchema("n BIGINT, s STRING");
  auto column = arrow::json::ArrayFromJSONString(ToArrowType(type), R"([{"n": 7, "s": "é"}, {"n": null, "s": ""}])");
  ASSERT_TRUE(column.ok()) << column.status();
  EXPECT_EQ(*PickleRow(type, **column, 0),
            Bytes("\x80\x05"
                  "cpyspark.sql.types\n_create_row\n(X\x01\x00\x00\x00nX\x01\x00\x00\x00st("
                  "J\x07\x00\x00\x00X\x02\x00\x00\x00\xc3\xa9t"
                  "\x86R."));
}

}  // namespace
}  // namespace sluice::python
