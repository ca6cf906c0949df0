#include <arrow/array.h>
#include <arrow/io/memory.h>
#include <arrow/json/from_string.h>
#include <gtest/gtest.h>

#include "formats/avro/container.h"
#include "formats/avro/row_decoder.h"
#include "formats/avro/row_encoder.h"
#include "formats/avro/sql_schema.h"
#include "types/arrow_types.h"
#include "types/ddl.h"

namespace sluice::avro {
namespace {

constexpr const char* kColumns =
    "a INT, s STRUCT<x: STRING, l: ARRAY<BIGINT>>, m MAP<STRING, DOUBLE>, d DECIMAL(20, 3), b BINARY";
constexpr const char* kRows = R"([[1, {"x": "one", "l": [1, null, 3]}, [["k", 0.5]], "-1.250", "ab"],
                                  [null, null, null, null, null],
                                  [-7, {"x": null, "l": []}, [], "12345678901234567.001", ""]])";

std::shared_ptr<arrow::RecordBatch> Rows(const DataType& columns) {
  const auto type = ToArrowType(columns);
  auto rows = arrow::json::ArrayFromJSONString(type, kRows).ValueOrDie();
  return arrow::RecordBatch::FromStructArray(rows).ValueOrDie();
}

std::shared_ptr<const Schema> Parse(const std::string& json) {
  return std::make_shared<const Schema>(Schema::Parse(json).ValueOrDie());
}

std::string Encode(const std::shared_ptr<const Schema>& schema, const DataType& columns) {
  auto encoder = RowEncoder::Make(schema, columns, {}).ValueOrDie();
  const auto batch = Rows(columns);
  EXPECT_TRUE(encoder->Bind(*batch).ok());
  std::string out;
  for (int64_t i = 0; i < batch->num_rows(); ++i) EXPECT_TRUE(encoder->Append(i, &out).ok());
  return out;
}

TEST(AvroRows, RoundTrip) {
  const DataType columns = ParseSchema(kColumns).ValueOrDie();
  const auto schema = Parse(ToAvroSchema(columns, "top", "a.b").ValueOrDie());
  EXPECT_EQ(ToSqlType(*schema, schema->root_index(), {}).ValueOrDie(), columns);
  const std::string bytes = Encode(schema, columns);
  auto decoder = RowDecoder::Make(schema, schema, columns, {}).ValueOrDie();
  std::string_view rest = bytes;
  while (!rest.empty()) ASSERT_TRUE(decoder->Decode(&rest).ok());
  const auto back = decoder->Finish().ValueOrDie();
  ASSERT_TRUE(back->ValidateFull().ok());
  const auto rows = Rows(columns);
  for (int i = 0; i < rows->num_columns(); ++i) EXPECT_TRUE(back->column(i)->Equals(rows->column(i))) << i;
}

TEST(AvroRows, OnlyWhatIsWanted) {
  const DataType columns = ParseSchema(kColumns).ValueOrDie();
  const auto schema = Parse(ToAvroSchema(columns, "top", "").ValueOrDie());
  const std::string bytes = Encode(schema, columns);
  const DataType wanted = ParseSchema("D DECIMAL(25, 3), s STRUCT<l: ARRAY<BIGINT>>, more DATE").ValueOrDie();
  auto decoder = RowDecoder::Make(schema, schema, wanted, {}).ValueOrDie();
  std::string_view rest = bytes;
  while (!rest.empty()) ASSERT_TRUE(decoder->Decode(&rest).ok());
  const auto back = decoder->Finish().ValueOrDie();
  EXPECT_EQ(back->column(0)->GetScalar(2).ValueOrDie()->ToString(), "12345678901234567.001");
  EXPECT_EQ(back->column(2)->null_count(), 3);
  EXPECT_FALSE(RowDecoder::Make(schema, schema, ParseSchema("a BOOLEAN").ValueOrDie(), {}).ok());
}

TEST(AvroRows, CorruptBytesAreErrorsOrValues) {
  const DataType columns = ParseSchema(kColumns).ValueOrDie();
  const auto schema = Parse(ToAvroSchema(columns, "top", "").ValueOrDie());
  const std::string good = Encode(schema, columns);
  for (size_t at = 0; at < good.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      auto decoder = RowDecoder::Make(schema, schema, columns, {}).ValueOrDie();
      std::string_view rest = bad;
      while (!rest.empty() && decoder->Decode(&rest).ok()) {
      }
    }
  }
}

TEST(AvroBlocks, EveryBlockIsInOnePart) {
  auto writer =
      ContainerWriter::Make(R"({"type":"record","name":"r","fields":[{"name":"a","type":"long"}]})", {}, Codec::kSnappy)
          .ValueOrDie();
  constexpr int64_t kCount = 200'000;
  for (int64_t i = 0; i < kCount; ++i) ASSERT_TRUE(writer.Append(Value(Value::Items{Value(i * 1'000'003)})).ok());
  const std::string file = writer.Finish().ValueOrDie();
  for (const int64_t step : {1000, 7919, 65536, 10'000'000}) {
    int64_t rows = 0, count = 0;
    for (int64_t start = 0; start < static_cast<int64_t>(file.size()); start += step) {
      auto blocks = BlockReader::Open(arrow::io::BufferReader::FromString(file)).ValueOrDie();
      ASSERT_TRUE(blocks->Restrict(start, start + step).ok());
      std::string data;
      while (blocks->Next(&count, &data).ValueOrDie()) rows += count;
    }
    EXPECT_EQ(rows, kCount) << step;
  }
}

}  // namespace
}  // namespace sluice::avro
