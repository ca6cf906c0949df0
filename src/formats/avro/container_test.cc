#include "formats/avro/container.h"

#include <gtest/gtest.h>

namespace sluice::avro {
namespace {

constexpr const char* kSchema = R"({"type":"record","name":"r","fields":[
  {"name":"a","type":"long","field-id":7},
  {"name":"b","type":["null","string"],"default":null,"field-id":8},
  {"name":"m","type":{"type":"map","values":"double"}},
  {"name":"next","type":["null","r"]},
  {"name":"l","type":{"type":"array","items":{"type":"fixed","name":"f2","size":2}}}]})";

Value Sample(int64_t i, bool nested) {
  Value::Items next;
  return Value(Value::Items{Value(i), i % 2 ? Value() : Value(std::string("text")),
                            Value(Value::Entries{{"k", Value(i * 0.5)}}), nested ? Sample(-i, false) : Value(),
                            Value(Value::Items{Value(std::string("ab")), Value(std::string("cd"))})});
}

class ContainerTest : public testing::TestWithParam<Codec> {};

TEST_P(ContainerTest, RoundTrip) {
  auto writer = ContainerWriter::Make(kSchema, {{"x", "y"}}, GetParam()).ValueOrDie();
  for (int64_t i = 0; i < 5000; ++i) ASSERT_TRUE(writer.Append(Sample(i, true)).ok());
  std::string bytes = writer.Finish().ValueOrDie();
  auto reader = ContainerReader::Open(bytes).ValueOrDie();
  EXPECT_EQ(reader.metadata().at("x"), "y");
  EXPECT_EQ(reader.schema().root().fields[1].field_id, 8);
  Value value;
  int64_t n = 0;
  for (; reader.Next(&value).ValueOrDie(); ++n) {
    EXPECT_EQ(*(*value.items())[0].integer(), n);
    EXPECT_EQ((*value.items())[1].is_null(), n % 2 == 1);
    EXPECT_EQ(*(*(*value.items())[3].items())[0].integer(), -n);
    EXPECT_EQ((*value.items())[2].entries()->at(0).first, "k");
    EXPECT_EQ(*(*value.items())[4].items()->at(1).bytes(), "cd");
  }
  EXPECT_EQ(n, 5000);
}

TEST_P(ContainerTest, CorruptBytesAreErrorsOrValues) {
  auto writer = ContainerWriter::Make(kSchema, {}, GetParam()).ValueOrDie();
  for (int64_t i = 0; i < 20; ++i) ASSERT_TRUE(writer.Append(Sample(i, true)).ok());
  std::string good = writer.Finish().ValueOrDie();
  for (size_t cut = 0; cut < good.size(); cut += 7) {
    auto reader = ContainerReader::Open(std::string_view(good).substr(0, cut));
    if (!reader.ok()) continue;
    Value value;
    while (reader->Next(&value).ValueOr(false)) {
    }
  }
  for (size_t at = 0; at < good.size(); at += 11) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x55);
    auto reader = ContainerReader::Open(bad);
    if (!reader.ok()) continue;
    Value value;
    while (reader->Next(&value).ValueOr(false)) {
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Codecs, ContainerTest,
                         testing::Values(Codec::kNull, Codec::kDeflate, Codec::kSnappy, Codec::kZstandard,
                                         Codec::kBzip2));

TEST(AvroSchema, Errors) {
  for (const char* bad : {"", "{}", "\"nope\"", "[]", R"({"type":"fixed","name":"x","size":-1})",
                          R"({"type":"record","name":"x"})", R"({"type":"array"})", R"([["null"]])"}) {
    EXPECT_FALSE(Schema::Parse(bad).ok()) << bad;
  }
  EXPECT_FALSE(Schema::Parse(std::string(1000, '[') + std::string(1000, ']')).ok());
}

TEST(AvroValue, MisfitsAreErrors) {
  auto schema = Schema::Parse(R"(["null","long"])").ValueOrDie();
  std::string out;
  EXPECT_FALSE(EncodeValue(schema, schema.root_index(), Value(std::string("x")), &out).ok());
  EXPECT_TRUE(EncodeValue(schema, schema.root_index(), Value(int64_t{5}), &out).ok());
}

}  // namespace
}  // namespace sluice::avro
