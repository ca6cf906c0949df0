#include "types/arrow_types.h"

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <arrow/json/from_string.h>
#include <gtest/gtest.h>

#include "types/ddl.h"
#include "types/vector.h"

namespace sluice {
namespace {

std::shared_ptr<arrow::Array> Json(const std::shared_ptr<arrow::DataType>& type, const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

TEST(ArrowTypes, ThereAndBack) {
  DataType schema = *ParseSchema(
      "a TINYINT,b SMALLINT,c BIGINT,d FLOAT,e DOUBLE,f BINARY,g DATE,h TIMESTAMP,i TIMESTAMP_NTZ,j VOID,k BOOLEAN,"
      "l DECIMAL(38,10),m STRING NOT NULL,n INTERVAL DAY TO SECOND,o INTERVAL YEAR TO MONTH,p INTERVAL,"
      "q ARRAY<MAP<STRING,STRUCT<x: INT>>>,r INT");
  auto back = FromArrowSchema(*ToArrowSchema(schema));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, schema);
  EXPECT_FALSE(ToArrowSchema(schema)->field(12)->nullable());
}

TEST(ArrowTypes, NestedTypesDoNotDependOnNullability) {
  EXPECT_TRUE(ToArrowType(DataType::Array(DataType::Integer(), false))
                  ->Equals(*ToArrowType(DataType::Array(DataType::Integer(), true)), true));
}

TEST(ArrowTypes, ForeignTypesMapToTheNearest) {
  EXPECT_EQ(*FromArrowType(*arrow::uint8()), DataType::Short());
  EXPECT_EQ(*FromArrowType(*arrow::uint64()), DataType::Decimal(20, 0));
  EXPECT_EQ(*FromArrowType(*arrow::large_utf8()), DataType::String());
  EXPECT_EQ(*FromArrowType(*arrow::dictionary(arrow::int8(), arrow::utf8())), DataType::String());
  EXPECT_EQ(*FromArrowType(*arrow::timestamp(arrow::TimeUnit::NANO, "Europe/Paris")), DataType::Timestamp());
  EXPECT_EQ(*FromArrowType(*arrow::fixed_size_list(arrow::int32(), 3)), DataType::Array(DataType::Integer()));
  EXPECT_EQ(ConditionOf(FromArrowType(*arrow::time64(arrow::TimeUnit::MICRO)).status()), "UNSUPPORTED_ARROWTYPE");
  EXPECT_FALSE(FromArrowType(*arrow::decimal256(50, 2)).ok());
}

void ExpectNormal(const std::shared_ptr<arrow::Array>& array, const std::string& ddl, const std::string& expected) {
  DataType type = *ParseDataType(ddl);
  auto normal = NormalizeArray(array, type);
  ASSERT_TRUE(normal.ok()) << ddl << normal.status();
  EXPECT_TRUE((*normal)->type()->Equals(*ToArrowType(type), true)) << (*normal)->type()->ToString();
  EXPECT_TRUE((*normal)->ValidateFull().ok()) << (*normal)->ValidateFull();
  auto wanted = Json(ToArrowType(type), expected);
  EXPECT_TRUE((*normal)->Equals(*wanted)) << (*normal)->ToString() << wanted->ToString();
}

TEST(NormalizeArray, LeavesNormalDataAlone) {
  auto array = Json(arrow::int32(), "[1,null]");
  EXPECT_EQ(*NormalizeArray(array, DataType::Integer()), array);
}

TEST(NormalizeArray, Converts) {
  ExpectNormal(Json(arrow::uint32(), "[1,4294967295,null]"), "bigint", "[1,4294967295,null]");
  ExpectNormal(Json(arrow::large_utf8(), R"(["a",null,"b"])"), "string", R"(["a",null,"b"])");
  ExpectNormal(Json(arrow::utf8_view(), R"(["a",null])"), "string", R"(["a",null])");
  ExpectNormal(Json(arrow::fixed_size_binary(2), R"(["ab",null])"), "binary", R"(["ab",null])");
  ExpectNormal(Json(arrow::timestamp(arrow::TimeUnit::NANO), "[1999, -1]"), "timestamp_ntz", "[1, 0]");
  ExpectNormal(Json(arrow::timestamp(arrow::TimeUnit::MILLI, "Asia/Tokyo"), "[5]"), "timestamp", "[5000]");
  ExpectNormal(Json(arrow::timestamp(arrow::TimeUnit::MICRO, "Asia/Tokyo"), "[5]"), "timestamp", "[5]");
  ExpectNormal(Json(arrow::date64(), "[86400000]"), "date", "[1]");
  ExpectNormal(Json(arrow::large_list(arrow::uint8()), "[[1],null,[2,3]]"), "array<smallint>", "[[1],null,[2,3]]");
  ExpectNormal(Json(arrow::fixed_size_list(arrow::int32(), 2), "[[1,2],null]"), "array<int>", "[[1,2],null]");
  ExpectNormal(Json(arrow::list(arrow::field("item", arrow::int32(), false)), "[[1]]"), "array<int>", "[[1]]");
  ExpectNormal(Json(arrow::map(arrow::large_utf8(), arrow::uint8()), R"([[["k",1]],null,[]])"), "map<string,smallint>",
               R"([[["k",1]],null,[]])");
  ExpectNormal(Json(arrow::struct_({arrow::field("x", arrow::uint16()), arrow::field("y", arrow::utf8(), false)}),
                    R"([{"x":1,"y":"a"},null])"),
               "struct<x:int,y:string>", R"([{"x":1,"y":"a"},null])");
  auto dictionary =
      arrow::DictionaryArray::FromArrays(Json(arrow::int8(), "[1,0,null,1]"), Json(arrow::utf8(), R"(["a","b"])"));
  ExpectNormal(*dictionary, "string", R"(["b","a",null,"b"])");
}

TEST(NormalizeArray, Slices) {
  auto list = Json(arrow::large_list(arrow::uint8()), "[[1],null,[2,3],[4]]");
  ExpectNormal(list->Slice(2, 2), "array<smallint>", "[[2,3],[4]]");
  auto row = Json(arrow::struct_({arrow::field("x", arrow::uint16())}), R"([{"x":1},{"x":2},null])");
  ExpectNormal(row->Slice(1), "struct<x:int>", R"([{"x":2},null])");
  auto map = Json(arrow::map(arrow::large_utf8(), arrow::uint8()), R"([[["k",1]],[["l",2]]])");
  ExpectNormal(map->Slice(1), "map<string,smallint>", R"([[["l",2]]])");
}

TEST(Vector, Materialize) {
  auto check = [](const std::shared_ptr<arrow::DataType>& type, const std::string& one, const std::string& three) {
    auto result = Materialize({Json(type, one), true}, 3);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_TRUE((*result)->Equals(*Json(type, three))) << (*result)->ToString();
    EXPECT_EQ((*Materialize({Json(type, one), true}, 0))->length(), 0);
  };
  check(arrow::int32(), "[7]", "[7,7,7]");
  check(arrow::int32(), "[null]", "[null,null,null]");
  check(arrow::utf8(), R"(["ab"])", R"(["ab","ab","ab"])");
  check(arrow::boolean(), "[true]", "[true,true,true]");
  check(arrow::decimal128(5, 2), R"(["1.25"])", R"(["1.25","1.25","1.25"])");
  check(ToArrowType(DataType::Timestamp()), "[5]", "[5,5,5]");
  check(arrow::month_day_nano_interval(), "[[1,2,3]]", "[[1,2,3],[1,2,3],[1,2,3]]");
  check(arrow::month_interval(), "[4]", "[4,4,4]");
  check(arrow::null(), "[null]", "[null,null,null]");
  check(arrow::list(arrow::int32()), "[[1,null]]", "[[1,null],[1,null],[1,null]]");
  check(arrow::map(arrow::utf8(), arrow::int32()), R"([[["k",1]]])", R"([[["k",1]],[["k",1]],[["k",1]]])");
  check(arrow::struct_({arrow::field("x", arrow::int32())}), R"([{"x":1}])", R"([{"x":1},{"x":1},{"x":1}])");
  auto column = Json(arrow::int32(), "[1,2]");
  EXPECT_EQ(*Materialize({column, false}, 2), column);
}

}  // namespace
}  // namespace sluice
