// UnsafeRow, hashes, text and literals against rows that real Spark wrote.
#include "types/unsafe_row.h"

#include <arrow/builder.h>
#include <arrow/json/from_string.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "types/arrow_types.h"
#include "types/ddl.h"
#include "types/format.h"
#include "types/hash.h"
#include "types/literal.h"
#include "types/test_data.h"
#include "types/time_zone.h"

namespace sluice {
namespace {

using Columns = std::vector<std::shared_ptr<arrow::Array>>;

Columns Decode(const DataType& schema, const std::vector<std::string>& rows) {
  std::vector<std::span<const uint8_t>> spans;
  for (const std::string& row : rows) spans.emplace_back(reinterpret_cast<const uint8_t*>(row.data()), row.size());
  auto columns = DecodeUnsafeRows(schema, spans);
  EXPECT_TRUE(columns.ok()) << columns.status();
  return columns.ok() ? *columns : Columns{};
}

std::string RowHex(const UnsafeRows& rows, size_t i) {
  auto row = rows.row(i);
  return ToHex({reinterpret_cast<const char*>(row.data()), row.size()});
}

TEST(UnsafeRow, RowsHashesAndTextOfSpark) {
  const TimeZone& zone = **TimeZone::Find("America/Los_Angeles");
  int checked = 0;
  for (const auto& line : ReadTestTable("rows.tsv")) {
    DataType schema = *ParseSchemaJson(line[0]);
    Columns columns = Decode(schema, {FromHex(line[1]), FromHex(line[1])});
    ASSERT_EQ(columns.size(), schema.fields().size());
    auto rows = EncodeUnsafeRows(schema, columns, 2);
    ASSERT_TRUE(rows.ok()) << rows.status();
    EXPECT_EQ(RowHex(*rows, 0), line[1]) << line[0];
    EXPECT_EQ(RowHex(*rows, 1), line[1]) << line[0];

    auto casts = nlohmann::json::parse(line[4]), shows = nlohmann::json::parse(line[5]);
    std::vector<int32_t> hashes(2, 42);
    std::vector<int64_t> wide(2, 42);
    for (size_t f = 0; f < columns.size(); ++f) {
      const DataType& type = schema.fields()[f].type;
      ASSERT_TRUE(columns[f]->type()->Equals(*ToArrowType(type)));
      ASSERT_TRUE(columns[f]->ValidateFull().ok()) << columns[f]->ValidateFull();
      ASSERT_TRUE(HashColumn(type, *columns[f], hashes).ok());
      ASSERT_TRUE(XxHash64Column(type, *columns[f], wide).ok());
      std::string cast, show;
      AppendValueText(*columns[f], 0, type, zone, TextStyle::kCast, &cast);
      AppendValueText(*columns[f], 1, type, zone, TextStyle::kShow, &show);
      if (casts[f].is_null()) {
        EXPECT_TRUE(columns[f]->IsNull(0));
      } else {
        // X'00FF80' is no UTF-8 text.
        if (cast.find('\xFF') == std::string::npos) {
          EXPECT_EQ(cast, casts[f]) << line[0];
        }
      }
      if (shows.size() == columns.size() && type.id() != TypeId::kBinary && type.id() != TypeId::kVoid) {
        while (!show.empty() && show.back() == ' ') show.pop_back();
        if (casts[f].is_string() && casts[f].get<std::string>().find("null") == std::string::npos) {
          EXPECT_EQ(show, casts[f]) << line[0];
        }
      }
    }
    EXPECT_EQ(std::to_string(hashes[1]), line[2]) << line[0];
    EXPECT_EQ(std::to_string(wide[0]), line[3]) << line[0];
    ++checked;
  }
  EXPECT_GT(checked, 65);
}

TEST(UnsafeRow, ShowsNestedNullsAndBytes) {
  const TimeZone& utc = TimeZone::Utc();
  DataType schema = *ParseSchema("a array<string>, b binary, c struct<x:int,y:binary>, d map<int,string>, e int");
  // Columns by hand: [a, NULL], 61 FF, {NULL, 62}, {1 -> NULL}, NULL
  arrow::ListBuilder list(arrow::default_memory_pool(), std::make_shared<arrow::StringBuilder>(),
                          ToArrowType(schema.fields()[0].type));
  ASSERT_TRUE(list.Append().ok());
  auto* strings = static_cast<arrow::StringBuilder*>(list.value_builder());
  ASSERT_TRUE(strings->Append("a").ok() && strings->AppendNull().ok());
  std::string out;
  AppendValueText(**list.Finish(), 0, schema.fields()[0].type, utc, TextStyle::kShow, &out);
  EXPECT_EQ(out, "[a, NULL]");
  out.clear();
  AppendValueText(*BinaryValue("a\xff").value, 0, DataType::Binary(), utc, TextStyle::kShow, &out);
  EXPECT_EQ(out, "[61 FF]");
  out.clear();
  AppendValueText(*NullValue(DataType::Integer()).value, 0, DataType::Integer(), utc, TextStyle::kShow, &out);
  EXPECT_EQ(out, "NULL");
  AppendValueText(*NullValue(DataType::Integer()).value, 0, DataType::Integer(), utc, TextStyle::kCast, &out);
  EXPECT_EQ(out, "NULL");
}

TEST(UnsafeRow, StateOfSparkCheckpoints) {
  int checked = 0;
  for (const auto& line : ReadTestTable("checkpoint_rows.tsv")) {
    for (int part : {2, 4}) {
      if (line[part + 1] == "-") continue;
      DataType schema = *ParseSchemaJson(line[part]);
      Columns columns = Decode(schema, {FromHex(line[part + 1])});
      auto rows = EncodeUnsafeRows(schema, columns, 1);
      ASSERT_TRUE(rows.ok()) << rows.status();
      EXPECT_EQ(RowHex(*rows, 0), line[part + 1]) << line[0] << " " << schema.simpleString();
      ++checked;
    }
    // The partition of a grouping key: its hash modulo 2, never negative. Other operators' keys hold more than that.
    if (line[0] == "count_sum_avg_update" || line[0] == "dedup_within" || line[0] == "window_append") {
      DataType schema = *ParseSchemaJson(line[2]);
      Columns columns = Decode(schema, {FromHex(line[3])});
      std::vector<int32_t> hash(1, 42);
      for (size_t f = 0; f < columns.size(); ++f) {
        ASSERT_TRUE(HashColumn(schema.fields()[f].type, *columns[f], hash).ok());
      }
      EXPECT_EQ(std::to_string(((hash[0] % 2) + 2) % 2), line[1]) << line[0];
    }
  }
  EXPECT_GT(checked, 100);
}

TEST(UnsafeRow, SlicesAreRespected) {
  DataType schema = *ParseSchema("a array<string>, b struct<x:int,y:string>, c map<string,int>, d string, e boolean");
  arrow::FieldVector fields = ToArrowSchema(schema)->fields();
  auto pool = arrow::default_memory_pool();
  Columns columns, sliced;
  for (const auto& field : fields) {
    auto builder = *arrow::MakeBuilder(field->type(), pool);
    for (int i = 0; i < 5; ++i) ASSERT_TRUE((i % 2 ? builder->AppendNull() : builder->AppendEmptyValue()).ok());
    auto array = *builder->Finish();
    columns.push_back(array);
    sliced.push_back(array->Slice(2, 2));
  }
  auto all = EncodeUnsafeRows(schema, columns, 5), part = EncodeUnsafeRows(schema, sliced, 2);
  ASSERT_TRUE(all.ok() && part.ok());
  EXPECT_EQ(RowHex(*part, 0), RowHex(*all, 2));
  EXPECT_EQ(RowHex(*part, 1), RowHex(*all, 3));
  std::vector<int32_t> whole_hash(5, 7), part_hash(2, 7);
  for (size_t f = 0; f < columns.size(); ++f) {
    ASSERT_TRUE(HashColumn(schema.fields()[f].type, *columns[f], whole_hash).ok());
    ASSERT_TRUE(HashColumn(schema.fields()[f].type, *sliced[f], part_hash).ok());
  }
  EXPECT_EQ(part_hash[0], whole_hash[2]);
  EXPECT_EQ(part_hash[1], whole_hash[3]);
}

/// Structs of fixed-width fields are written a field at a time where none is null, else a row at a time: to the same
/// bytes.
TEST(UnsafeRow, StructsOfFixedFieldsAreTheSameBytesEitherWay) {
  const DataType inner = *ParseDataType("struct<a: int, b: bigint, c: boolean, d: double, e: decimal(10,2)>");
  const DataType flat = DataType::Struct({{"k", DataType::String()}, {"w", inner}, {"n", DataType::Integer()}});
  auto make = [](std::shared_ptr<arrow::DataType> type, const char* json) {
    return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
  };
  const auto type = ToArrowType(inner);
  for (const char* second : {R"([-7, 8, true, null, "-1.50"])", R"([-7, 8, true, 0.5, "-1.50"])"}) {
    const auto both = make(type, ("[[1, 2, false, -0.5, \"1.25\"]," + std::string(second) + "]").c_str());
    const auto with_null = make(type, ("[[1, 2, false, -0.5, \"1.25\"]," + std::string(second) + ", null]").c_str());
    const auto keys = make(arrow::utf8(), R"(["key", null, ""])"), numbers = make(arrow::int32(), "[5, 6, null]");
    auto rows = EncodeUnsafeRows(flat, {keys->Slice(0, 2), both, numbers->Slice(0, 2)}, 2);
    auto others = EncodeUnsafeRows(flat, {keys, with_null, numbers}, 3);  // with a null all go row by row
    ASSERT_TRUE(rows.ok() && others.ok());
    EXPECT_EQ(RowHex(*rows, 0), RowHex(*others, 0));
    EXPECT_EQ(RowHex(*rows, 1), RowHex(*others, 1));
    std::vector<int32_t> hashes(2, 42), row_by_row(3, 42);
    ASSERT_TRUE(HashColumn(inner, *both, hashes).ok() && HashColumn(inner, *with_null, row_by_row).ok());
    EXPECT_EQ(std::vector<int32_t>(row_by_row.begin(), row_by_row.begin() + 2), hashes);
    EXPECT_EQ(row_by_row[2], 42);
    auto sliced = EncodeUnsafeRows(flat, {keys->Slice(1, 1), both->Slice(1, 1), numbers->Slice(1, 1)}, 1);
    ASSERT_TRUE(sliced.ok());
    EXPECT_EQ(RowHex(*sliced, 0), RowHex(*rows, 1));
  }
}

TEST(UnsafeRow, CorruptBytesGiveErrorsNotCrashes) {
  uint32_t random = 1;
  for (const auto& line : ReadTestTable("rows.tsv")) {
    DataType schema = *ParseSchemaJson(line[0]);
    std::string good = FromHex(line[1]);
    for (size_t length = 0; length < good.size(); length += 3) {
      std::vector<uint8_t> cut(good.begin(), good.begin() + static_cast<long>(length));
      EXPECT_FALSE(DecodeUnsafeRows(schema, {std::span<const uint8_t>(cut)}).ok() && length < 8);
    }
    for (int round = 0; round < 200; ++round) {
      std::vector<uint8_t> bad(good.begin(), good.end());
      for (int k = 0; k < 3; ++k) {
        random = random * 1664525 + 1013904223;
        bad[(random >> 8) % bad.size()] = static_cast<uint8_t>(random >> 24);
      }
      auto columns = DecodeUnsafeRows(schema, {std::span<const uint8_t>(bad)});
      if (columns.ok()) {
        for (const auto& column : *columns) EXPECT_TRUE(column->Validate().ok());
      } else {
        EXPECT_EQ(ConditionOf(columns.status()), "INTERNAL_ERROR");
      }
    }
  }
}

TEST(Literal, SqlAndNamesOfSpark) {
  for (const auto& line : ReadTestTable("literals.jsonl")) {
    auto row = nlohmann::json::parse(line[0]);
    DataType schema = *ParseSchemaJson(row[0].get<std::string>());
    TypedValue value{schema.fields()[0].type, Decode(schema, {FromHex(row[1])})[0]};
    EXPECT_EQ(LiteralSql(value, "America/Los_Angeles"), row[2]) << line[0];
    std::string name = row[3];
    // Calls that were folded keep the name of the call.
    if (name.find('(') == std::string::npos) {
      EXPECT_EQ(LiteralName(value, "America/Los_Angeles"), name) << line[0];
    }
  }
}

TEST(Literal, ValuesAndBack) {
  EXPECT_EQ(*IntegralOf(IntegralValue(-5, DataType::Byte())), -5);
  EXPECT_EQ(*IntegralOf(IntegralValue(20000, DataType::Date())), 20000);
  EXPECT_EQ(*IntegralOf(IntegralValue(7, DataType::Timestamp())), 7);
  EXPECT_EQ(*IntegralOf(IntegralValue(13, DataType::YearMonthInterval())), 13);
  EXPECT_EQ(*StringOf(StringValue("x")), "x");
  EXPECT_FALSE(IntegralOf(StringValue("1")).ok());
  EXPECT_FALSE(IntegralOf(NullValue(DataType::Long())).ok());
  EXPECT_FALSE(StringOf(NullValue(DataType::String())).ok());
  EXPECT_TRUE(NullValue(*ParseDataType("map<string,array<int>>")).is_null());
  for (const TypedValue& v :
       {BooleanValue(true), DoubleValue(1), FloatValue(1), BinaryValue("b"), CalendarIntervalValue(1, 2, 3),
        DecimalValue(arrow::Decimal128(150), 3, 2), IntegralValue(1, DataType::DayTimeInterval())}) {
    EXPECT_TRUE(v.value->type()->Equals(*ToArrowType(v.type))) << v.type.sql();
    EXPECT_EQ(v.value->length(), 1);
  }
}

TEST(BigInteger, HashOfStringsIsNotStandardMurmur) {
  // hash('a') and friends of Spark: the tail is sign-extended.
  EXPECT_EQ(murmur3::HashBytes("", 42), 142593372);
  EXPECT_EQ(murmur3::HashInt(42, 42), 29417773);
  EXPECT_EQ(murmur3::HashLong(-1, 42), -939490007);
  EXPECT_EQ(xxhash64::HashBytes("", 42), -7444071767201028348);
}

}  // namespace
}  // namespace sluice
