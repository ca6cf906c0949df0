// Answers are those of Spark 4.1.
#include "formats/json/json_infer.h"

#include <gtest/gtest.h>

namespace sluice::formats {
namespace {

std::string Inferred(const std::vector<std::string>& documents, const OptionMap& options = {}) {
  auto read = ParseJsonReadOptions(options, "_corrupt_record", TimeZone::Find("UTC").ValueOrDie()).ValueOrDie();
  JsonInference inference(ParseJsonInferOptions(options, read).ValueOrDie());
  for (const auto& document : documents) {
    for (auto record : JsonRecords(document)) {
      if (auto status = inference.Add(record); !status.ok()) return ConditionOf(status);
    }
  }
  return inference.Schema().simpleString();
}

const std::vector<std::string> kMixed = {R"({"b":1,"a":"x","c":{"z":1.5,"y":[1,2]}})",
                                         R"({"b":2.5,"a":null,"d":true})",
                                         "",
                                         R"({"b":"s")",
                                         R"([{"a":"p"},{"a":"q"}])",
                                         R"({"e":12345678901234567890,"f":[],"g":null,"h":{}})"};

TEST(JsonInfer, MixedRecords) {
  EXPECT_EQ(Inferred(kMixed),
            "struct<_corrupt_record:string,a:string,b:double,c:struct<y:array<bigint>,z:double>,d:boolean,e:decimal(20,"
            "0),f:array<string>,g:string>");
  EXPECT_EQ(Inferred(kMixed, {{"mode", "DROPMALFORMED"}}),
            "struct<a:string,b:double,c:struct<y:array<bigint>,z:double>,d:boolean,e:decimal(20,0),f:array<string>,g:"
            "string>");
  EXPECT_EQ(Inferred(kMixed, {{"mode", "FAILFAST"}}), "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION");
  EXPECT_EQ(Inferred(kMixed, {{"primitivesAsString", "true"}}),
            "struct<_corrupt_record:string,a:string,b:string,c:struct<y:array<string>,z:string>,d:string,e:string,f:"
            "array<string>,g:string>");
  EXPECT_EQ(Inferred(kMixed, {{"prefersDecimal", "true"}}),
            "struct<_corrupt_record:string,a:string,b:decimal(21,1),c:struct<y:array<bigint>,z:decimal(2,1)>,d:boolean,"
            "e:decimal(20,0),f:array<string>,g:string>");
  EXPECT_EQ(
      Inferred(kMixed, {{"dropFieldIfAllNull", "true"}}),
      "struct<_corrupt_record:string,a:string,b:double,c:struct<y:array<bigint>,z:double>,d:boolean,e:decimal(20,0)>");
}

TEST(JsonInfer, Conflicts) {
  EXPECT_EQ(Inferred({R"({"a":1})", R"({"a":"x"})"}), "struct<a:string>");
  EXPECT_EQ(Inferred({R"({"a":1})", R"({"a":true})"}), "struct<a:string>");
  EXPECT_EQ(Inferred({R"({"a":{"x":1}})", R"({"a":{"y":2}})"}), "struct<a:struct<x:bigint,y:bigint>>");
  EXPECT_EQ(Inferred({R"({"t":"2024-01-01T00:00:00Z"})"}, {{"inferTimestamp", "true"}}), "struct<t:timestamp>");
  EXPECT_EQ(Inferred({}), "struct<>");
  EXPECT_EQ(Inferred({R"({'a':1})"}), "struct<a:bigint>");
}

TEST(JsonRecordsTest, AnArrayIsSeveral) {
  EXPECT_EQ(JsonRecords("[{\"a\":1,\n\"b\":[{}]},{\"a\":3}] ").size(), 2u);
  EXPECT_EQ(JsonRecords(R"({"a":[1]})").size(), 1u);
  EXPECT_EQ(JsonRecords("[1,2]").size(), 1u);
  EXPECT_EQ(JsonRecords("[]").size(), 0u);
}

}  // namespace
}  // namespace sluice::formats
