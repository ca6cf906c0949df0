#include "types/ddl.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "types/test_data.h"

namespace sluice {
namespace {

TEST(Types, StringsAreSparks) {
  int checked = 0;
  for (const auto& line : ReadTestTable("types.jsonl")) {
    auto row = nlohmann::json::parse(line[0]);
    std::string ddl = row[0];
    auto type = ParseSchema(ddl);
    if (row.size() == 2) continue;  // what Spark refuses there
    ASSERT_TRUE(type.ok()) << ddl << type.status();
    EXPECT_EQ(type->json(), row[1]) << ddl;
    EXPECT_EQ(type->sql(), row[2]) << ddl;
    EXPECT_EQ(type->toDDL(), row[3]) << ddl;
    EXPECT_EQ(type->simpleString(), row[4]) << ddl;
    EXPECT_EQ(type->treeString(), row[5]) << ddl;
    auto again = ParseSchemaJson(type->json());
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(*again, *type);
    auto from_sql = ParseDataType(type->sql());
    ASSERT_TRUE(from_sql.ok()) << type->sql() << from_sql.status();
    EXPECT_EQ(*from_sql, *type);
    ++checked;
  }
  EXPECT_EQ(checked, 12);
}

TEST(Types, Names) {
  EXPECT_EQ(DataType::Long().typeName(), "long");
  EXPECT_EQ(DataType::Decimal(10, 2).typeName(), "decimal(10,2)");
  EXPECT_EQ(DataType::DayTimeInterval().sql(), "INTERVAL DAY TO SECOND");
  EXPECT_EQ(DataType::DayTimeInterval(IntervalField::kHour, IntervalField::kHour).typeName(), "interval hour");
  EXPECT_EQ(DataType::YearMonthInterval().simpleString(), "interval year to month");
  EXPECT_EQ(DataType::Map(DataType::String(), DataType::Integer()).sql(), "MAP<STRING, INT>");
  EXPECT_EQ(DataType().typeName(), "void");
}

TEST(Types, Comparison) {
  DataType strict = DataType::Struct({{"a", DataType::Array(DataType::Integer(), false), false, ""}});
  DataType loose = strict.asNullable();
  EXPECT_NE(strict, loose);
  EXPECT_TRUE(strict.sameType(loose));
  EXPECT_EQ(loose.fields()[0].type.containsNull(), true);
  EXPECT_EQ(loose.fields()[0].nullable, true);
  EXPECT_FALSE(strict.sameType(DataType::Struct({{"b", DataType::Array(DataType::Integer()), true, ""}})));
  EXPECT_NE(DataType::Decimal(10, 2), DataType::Decimal(10, 3));
  EXPECT_EQ(DataType::Struct({}), DataType::Struct({}));
  EXPECT_EQ(DataType::Integer().fields().size(), 0u);
}

TEST(ParseDataType, AllSpellings) {
  EXPECT_EQ(*ParseDataType("Integer"), DataType::Integer());
  EXPECT_EQ(*ParseDataType(" numeric ( 7 , 3 ) "), DataType::Decimal(7, 3));
  EXPECT_EQ(*ParseDataType("decimal"), DataType::Decimal(10, 0));
  EXPECT_EQ(*ParseDataType("timestamp_ltz"), DataType::Timestamp());
  EXPECT_EQ(*ParseDataType("varchar(10)"), DataType::String());
  EXPECT_EQ(*ParseDataType("string collate UTF8_BINARY"), DataType::String());
  EXPECT_EQ(*ParseDataType("INTERVAL MINUTE TO SECOND"),
            DataType::DayTimeInterval(IntervalField::kMinute, IntervalField::kSecond));
  EXPECT_EQ(*ParseDataType("array<array<map<int,struct<>>>>"),
            DataType::Array(DataType::Array(DataType::Map(DataType::Integer(), DataType::Struct({})))));
  EXPECT_EQ(ParseDataType("struct<a:int not null comment 'x',`b>`:string>")->fields()[1].name, "b>");
}

TEST(ParseSchema, AllForms) {
  DataType expected = DataType::Struct({{"a", DataType::Integer(), true, ""}, {"b", DataType::String(), true, ""}});
  for (const char* text : {"a INT, b STRING", "struct<a:int,b:string>", "STRUCT<a: INT, b: STRING>",
                           "\n a int ,b string\n", "-- two columns\na INT, -- one\nb STRING",
                           R"({"type":"struct","fields":[{"name":"a","type":"integer","nullable":true,"metadata":{}},
                              {"name":"b","type":"string","nullable":true,"metadata":{}}]})"}) {
    auto schema = ParseSchema(text);
    ASSERT_TRUE(schema.ok()) << text << schema.status();
    EXPECT_EQ(*schema, expected) << text;
    EXPECT_EQ(DataType::fromDDL(text[0] == '{' ? "a INT, b STRING" : text), expected);
  }
  EXPECT_EQ(DataType::fromDDL("array<int>"), DataType::Array(DataType::Integer()));
  EXPECT_EQ(ParseSchema("date DATE, timestamp TIMESTAMP, interval INTERVAL")->fields().size(), 3u);
  EXPECT_EQ(*ParseSchema("a INT COMMENT 'it''s'")->fields()[0].comment(), "it's");
}

std::string ConditionOfType(const std::string& text) { return ConditionOf(ParseDataType(text).status()); }

TEST(ParseDataType, Errors) {
  EXPECT_EQ(ConditionOfType("foo"), "UNSUPPORTED_DATATYPE");
  EXPECT_EQ(ConditionOfType(""), "PARSE_EMPTY_STATEMENT");
  EXPECT_EQ(ConditionOfType("int int"), "PARSE_SYNTAX_ERROR");
  EXPECT_EQ(ConditionOfType("array<int"), "PARSE_SYNTAX_ERROR");
  EXPECT_EQ(ConditionOfType("array"), "INCOMPLETE_TYPE_DEFINITION.ARRAY");
  EXPECT_EQ(ConditionOfType("map"), "INCOMPLETE_TYPE_DEFINITION.MAP");
  EXPECT_EQ(ConditionOfType("struct"), "INCOMPLETE_TYPE_DEFINITION.STRUCT");
  EXPECT_EQ(ConditionOfType("varchar"), "DATATYPE_MISSING_SIZE");
  EXPECT_EQ(ConditionOfType("decimal(39,2)"), "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION");
  EXPECT_EQ(ConditionOfType("decimal(2,)"), "PARSE_SYNTAX_ERROR");
  EXPECT_EQ(ConditionOfType("decimal(99999999999)"), "PARSE_SYNTAX_ERROR");
  EXPECT_EQ(ConditionOfType("interval second to day"), "PARSE_SYNTAX_ERROR");
  EXPECT_EQ(ConditionOfType("map<int>"), "PARSE_SYNTAX_ERROR");
  EXPECT_EQ(ConditionOfType("struct<`a int>"), "PARSE_SYNTAX_ERROR");
  EXPECT_EQ(ConditionOf(ParseSchema("a INT,").status()), "PARSE_SYNTAX_ERROR");
  EXPECT_EQ(ConditionOf(ParseSchema("a STRIN").status()), "UNSUPPORTED_DATATYPE");
  EXPECT_EQ(ConditionOf(ParseSchema("a INT NOT").status()), "PARSE_SYNTAX_ERROR");
  Status status = ParseSchema("a INT, b FOO").status();
  EXPECT_EQ(GetError(status)->getQueryContext().at(0).startIndex, 9);
  EXPECT_THROW(DataType::fromDDL("a STRIN"), Error);
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "array<";
  EXPECT_EQ(ConditionOfType(deep), "FAILED_TO_PARSE_TOO_COMPLEX");
}

TEST(ParseSchemaJson, Errors) {
  for (const char* bad :
       {"", "{", "[]", "1", "{}", R"({"type":"struct"})", R"({"type":"array"})", R"("nothing")",
        R"({"type":"struct","fields":[1]})", R"({"type":"struct","fields":[{"name":1,"type":"string"}]})",
        R"({"type":"map","keyType":"string"})", R"({"type":1})", R"("array")"}) {
    EXPECT_EQ(ConditionOf(ParseSchemaJson(bad).status()), "INVALID_JSON_DATA_TYPE") << bad;
  }
  EXPECT_EQ(*ParseSchemaJson("\"decimal(5,2)\""), DataType::Decimal(5, 2));
  EXPECT_EQ(*ParseSchemaJson(R"({"type":"array","elementType":"null","containsNull":false})"),
            DataType::Array(DataType::Void(), false));
  const std::string with_metadata =
      R"({"type":"struct","fields":[{"name":"a","type":"string","nullable":true,"metadata":{"b":1,"a":2}}]})";
  auto schema = ParseSchemaJson(with_metadata);
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_EQ(schema->fields()[0].metadata_json, "{\"b\":1,\"a\":2}");
  EXPECT_EQ(schema->json(), with_metadata);
}

}  // namespace
}  // namespace sluice
