#include "formats/json/json_reader.h"

#include <arrow/builder.h>
#include <arrow/pretty_print.h>
#include <gtest/gtest.h>

#include "types/ddl.h"
#include "types/format.h"

namespace sluice::formats {
namespace {

std::string Show(const std::string& schema_text, const std::vector<std::string>& documents,
                 const OptionMap& options = {}) {
  DataType schema = ParseSchema(schema_text).ValueOrDie();
  auto parsed = ParseJsonReadOptions(options, "_corrupt_record", *TimeZone::Find("UTC")).ValueOrDie();
  arrow::BinaryBuilder builder;
  for (const auto& d : documents) EXPECT_TRUE(builder.Append(d).ok());
  auto array = builder.Finish().ValueOrDie();
  auto batch = JsonReader(schema, parsed).Parse(static_cast<const arrow::BinaryArray&>(*array));
  if (!batch.ok()) return ConditionOf(batch.status());
  EXPECT_TRUE(batch->values->ValidateFull().ok());
  std::string out;
  for (int64_t i = 0; i < batch->values->length(); ++i) {
    if (i) out += " ";
    AppendValueText(*batch->values, i, schema, TimeZone::Utc(), TextStyle::kShow, &out);
  }
  return out;
}

TEST(JsonReader, FlatRecords) {
  EXPECT_EQ(Show("a INT, b STRING, c DOUBLE",
                 {R"({"a":1,"b":"x","c":0.5})", R"({"c":2,"b":"y\n\u00e9","z":[1,{"q":2}],"a":-7})", R"({})"}),
            "{1, x, 0.5} {-7, y\n\xc3\xa9, 2.0} {NULL, NULL, NULL}");
}

TEST(JsonReader, MalformedRecordIsAStructOfNulls) {
  EXPECT_EQ(Show("a INT", {R"({"a":1)", R"({"a":2})", "[1]", "null", ""}), "{NULL} {2} {NULL} {NULL} NULL");
}

TEST(JsonReader, BadValueNullsOnlyItsField) {
  EXPECT_EQ(Show("a INT, b INT", {R"({"a":"x","b":2})", R"({"a":1.0,"b":1e2})"}), "{NULL, 2} {NULL, NULL}");
}

TEST(JsonReader, BadElementSpoilsTheArrayOrMapButNotStructs) {
  EXPECT_EQ(Show("a ARRAY<INT>, m MAP<STRING, INT>, s ARRAY<STRUCT<x: INT, y: INT>>, b INT",
                 {R"({"a":[1,"bad",3],"m":{"k":"bad"},"s":[{"x":"bad","y":1}],"b":2})"}),
            "{NULL, NULL, [{NULL, 1}], 2}");
}

TEST(JsonReader, CorruptColumnKeepsTheText) {
  EXPECT_EQ(Show("a INT, _corrupt_record STRING", {R"({"a":"x"})", R"({"a":3})"}), "{NULL, {\"a\":\"x\"}} {3, NULL}");
}

TEST(JsonReader, FailFast) {
  EXPECT_EQ(Show("a INT", {"{"}, {{"mode", "FAILFAST"}}), "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION");
}
TEST(JsonReader, BrokenUtf8CostsNoRecord) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(Show("a STRING, b INT", {"{\"a\":\"\xED\xA0\x80\",\"b\":1}", "{\"a\":\"\xE0\x80\x80\",\"b\":1}",
                                     "{\"a\":\"\xF4\x90\x80\x80\",\"b\":1}", "{\"a\":\"\xF0\x9F\x98\",\"b\":1}"}),
            "{" + r + ", 1} {" + r + r + r + ", 1} {" + r + r + r + r + ", 1} {" + r + ", 1}");
}
TEST(JsonReader, ByteOrderMarkIsNoJson) { EXPECT_EQ(Show("a INT", {"\xEF\xBB\xBF{\"a\":1}"}), "{NULL}"); }

TEST(JsonReader, BadEscapesInSkippedTextSpoilTheRecord) {
  EXPECT_EQ(Show("a INT", {R"({"x":"\q","a":1})", R"({"x":"\u12","a":1})", R"({"x":{"\q":1},"a":1})",
                           R"({"x":["\u00zz"],"a":1})", R"({"a":"\q"})", R"({"x":"\u00e9\n\ud83d","a":1})"}),
            "{NULL} {NULL} {NULL} {NULL} {NULL} {1}");
}

TEST(JsonReader, DecimalsOfAnyLength) {
  const std::string nines(90, '9'), zeros(90, '0');
  EXPECT_EQ(Show("a DECIMAL(10,2)",
                 {R"({"a":"1,234.5"})", "{\"a\":0.12" + nines + "}", "{\"a\":0.125" + zeros + "1}", R"({"a":-0.125})",
                  "{\"a\":" + nines + "}", R"({"a":99999999.995})", R"({"a":"+1."})", R"({"a":","})", R"({"a":" 1"})",
                  R"({"a":1e-400})", R"({"a":123456789e-8})", R"({"a":0e400})", R"({"a":5e-3})", R"({"a":5e-4})"}),
            "{1234.50} {0.13} {0.13} {-0.13} {NULL} {NULL} {1.00} {NULL} {NULL} {0.00} {1.23} {0.00} {0.01} {0.00}");
}

TEST(JsonReader, SecondValueThatDoesNotFitLeavesTheFirst) {
  EXPECT_EQ(Show("a INT", {R"({"a":1,"a":"x"})", R"({"a":"x","a":1})", R"({"a":1,"a":null})", R"({"a":1,"a":2})"}),
            "{1} {1} {NULL} {2}");
  EXPECT_EQ(Show("a ARRAY<INT>, b STRUCT<x: INT, y: INT>",
                 {R"({"a":[1,2],"a":[3,"x"],"b":{"x":1,"y":2},"b":{"x":"z","y":7}})",
                  R"({"a":[1],"a":[2,3],"b":{"x":1},"b":5})"}),
            "{[1, 2], {NULL, 7}} {[2, 3], {1, NULL}}");
}

TEST(JsonReader, IntegersHaveNoNegativeZeroAndHalfSurrogatesAreQuestionMarks) {
  EXPECT_EQ(Show("a DOUBLE, b STRING", {R"({"a":-0,"b":-0})", R"({"a":-0.0,"b":"\ud83dA\ude00\ud83d\ude00"})"}),
            "{0.0, 0} {-0.0, ?A?\xF0\x9F\x98\x80}");
}

TEST(JsonReader, UnknownModeIsPermissive) {
  EXPECT_EQ(Show("a INT", {"{"}, {{"mode", "SLOPPY"}}), Show("a INT", {"{"}, {{"mode", "PERMISSIVE"}}));
}

TEST(JsonReader, SkippedFieldsAreStillChecked) {
  EXPECT_EQ(Show("a INT", {R"({"a":1,"b":tru})", R"({"a":1,"b":01})"}), "{NULL} {NULL}");
}

TEST(JsonReader, LenientSyntaxOfJackson) {
  EXPECT_EQ(Show("a STRING, b DOUBLE", {"{'a':'it\"s','b':NaN}", R"({"a":1.50,"b":"-Infinity"})"}),
            "{it\"s, NaN} {1.5, -Infinity}");
}

TEST(JsonReader, RecordsAfterABadOneAreTheirOwn) {
  EXPECT_EQ(Show("a ARRAY<STRUCT<x: INT>>", {R"({"a":[{"x":1},{"x":2}]])", R"({"a":[{"x":3}]})"}), "{NULL} {[{3}]}");
  EXPECT_EQ(Show("a ARRAY<ARRAY<INT>>", {R"({"a":[[1,2],[3]]])", R"({"a":[[4],[5]]})"}), "{NULL} {[[4], [5]]}");
  EXPECT_EQ(Show("a MAP<STRING, STRUCT<x: ARRAY<INT>>>",
                 {R"({"a":{"k":{"x":[1]},"l":7,"m":{"x":[2]}})", R"({"a":{"n":{"x":[3]}}})"}),
            "{NULL} {{n -> {[3]}}}");
  EXPECT_EQ(Show("a ARRAY<STRUCT<x: INT>>", {R"({"a":[{"x":1}],"a":[{"x":2},{"x":3}]})", R"({"a":[{"x":4}]})"}),
            "{[{2}, {3}]} {[{4}]}");
}

TEST(JsonReader, LastDuplicateWins) {
  EXPECT_EQ(Show("a INT, b ARRAY<INT>", {R"({"a":1,"b":[1,2],"a":2,"b":[3]})"}), "{2, [3]}");
}

TEST(JsonReader, Nested) {
  EXPECT_EQ(
      Show("s STRUCT<x: INT, y: ARRAY<STRING>>, m MAP<STRING, DOUBLE>, t STRING",
           {R"({"s":{"x":1,"y":["a",null]},"m":{"k":1.5},"t":{"raw": [1, 2]}})", R"({"s":null,"m":{},"t":true})"}),
      "{{1, [a, NULL]}, {k -> 1.5}, {\"raw\":[1,2]}} {NULL, {}, true}");
}

TEST(JsonReader, DatesTimestampsDecimals) {
  EXPECT_EQ(Show("d DATE, t TIMESTAMP, n DECIMAL(5,2), f TIMESTAMP",
                 {R"({"d":"2025-02-03","t":"2025-01-01T10:00:00.5Z","n":1.235,"f":5})"}),
            "{2025-02-03, 2025-01-01 10:00:00.5, 1.24, 1970-01-01 00:00:05}");
}

TEST(JsonReader, ManyRowsReadThePaddingOfTheirNeighbours) {
  std::vector<std::string> documents;
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    documents.push_back("{\"a\":" + std::to_string(i) + "}");
    expected += (i ? " {" : "{") + std::to_string(i) + "}";
  }
  EXPECT_EQ(Show("a INT", documents), expected);
}

/// Text that the fast road leaves to the other one: it ends with its object, the other reads no further.
std::string OtherRoad(const std::string& document) { return document + " {}"; }

TEST(JsonReader, FastRoadReadsAsTheOther) {
  const char* schema =
      "i TINYINT, s SMALLINT, n INT, l BIGINT, f FLOAT, d DOUBLE, c DECIMAL(10,2), b BOOLEAN, x STRING, t TIMESTAMP, "
      "a ARRAY<INT>, m MAP<STRING, BIGINT>, r STRUCT<p: INT, q: STRUCT<u: STRING, v: ARRAY<STRUCT<w: INT>>>>, y BINARY";
  const std::vector<std::string> values = {
      "0",
      "-0",
      "-0.0",
      "1",
      "-1",
      "127",
      "128",
      "255",
      "256",
      "-128",
      "-129",
      "32767",
      "32768",
      "-32769",
      "2147483647",
      "2147483648",
      "-2147483648",
      "-2147483649",
      "999999999999999999",
      "-99999999999999999",
      "9223372036854775807",
      "9223372036854775808",
      "-9223372036854775808",
      "9223372036854",
      "9223372036855",
      "01",
      "-",
      "1.",
      ".5",
      "1.5",
      "1e2",
      "1E+2",
      "1e",
      "0.1",
      "123456789.125",
      "1e400",
      "-1e-400",
      "4.9e-324",
      "0.30000000000000004",
      "12345678901234567890.5",
      "true",
      "false",
      "null",
      "tru",
      "nulls",
      "true1",
      "\"\"",
      "\"abc\"",
      "\"7\"",
      "\"2025-01-02T03:04:05.678Z\"",
      "\"2025-02-30 00:00:00\"",
      "\"a\\nb\\u00e9\\ud83d\\ude00\"",
      "\"\\ud83d\"",
      "\"\\q\"",
      "\"\\'\"",
      "\"tab\there\"",
      "\"\xC3\xA9 and a longer text after it\"",
      "\"\xE0\x80\x80\"",
      "\"\xFF\"",
      "\"fifteen bytes..\"",
      "\"sixteen bytes...\"",
      "\"seventeen bytes..\"",
      "\"open",
      "'single'",
      "NaN",
      "[]",
      "[1,2]",
      "[1, null ,3]",
      "[1,]",
      "[1 2]",
      "[\"x\"]",
      "{}",
      "{\"k\":1,\"l\":null}",
      "{\"k\":1,\"k\":2}",
      "{\"k\":\"x\"}",
      "{\"p\":1,\"z\":[{\"y\":\"\\n\"}],\"q\":{\"v\":[{\"w\":5},null,{}],\"u\":\"text\"}}",
      "{\"p\":1,\"q\":{\"v\":[{\"w\":\"bad\"}]}}",
      "{\"p\":1,\"p\":2}",
      "{\"k\" : 1 , }",
      "{k:1}",
      "// x\n1",
      ""};
  std::vector<std::string> documents;
  for (const char* key : {"i", "s", "n", "l", "f", "d", "c", "b", "x", "t", "a", "m", "r", "y", "unknown", "_corrupt"})
    for (const auto& value : values) {
      documents.push_back("{\"" + std::string(key) + "\":" + value + "}");
      documents.push_back(" {\"l\" :  7 , \"" + std::string(key) + "\": " + value + " ,\"x\":\"end\"} ");
    }
  // A record cut anywhere, or with a byte changed, among good ones whose keys come in its order.
  const std::string whole =
      R"({"n":12,"x":"some text","u":[1,{"a":"b"}],"r":{"p":-3,"q":{"u":"z","v":[{"w":1}]}},"m":{"a":1,"b":22},"d":0.5})";
  for (size_t i = 0; i < whole.size(); ++i) {
    documents.push_back(whole.substr(0, i));
    for (const char c : {'"', '\\', '{', ']', ',', ':', '1', ' ', '\n', '\xC3'}) {
      documents.push_back(whole);
      documents.back()[i] = c;
      documents.push_back(whole);
    }
  }
  for (const std::string text : {schema, "x STRING, _corrupt_record STRING, l BIGINT, r STRUCT<p: INT>"}) {
    for (const auto& document : documents) {
      if (document.empty()) continue;
      // The text of a bad record may be no UTF-8, which Show does not like.
      if (text != schema && document.find_first_of("\xC3\xE0\xFF") != std::string::npos) continue;
      std::string fast = Show(text, {whole, document, whole}), other = Show(text, {whole, OtherRoad(document), whole});
      // The corrupt-record field has the text as it came.
      if (const size_t at = other.find(OtherRoad(document)); at != std::string::npos)
        other.replace(at, document.size() + 3, document);
      ASSERT_EQ(fast, other) << document;
    }
  }
}

TEST(JsonReader, KeyOfTheCorruptRecordFieldIsNotRead) {
  EXPECT_EQ(Show("_corrupt_record STRING, a INT", {R"({"_corrupt_record":"x","a":1})", R"({"\"":"x","a":2})"}),
            "{NULL, 1} {NULL, 2}");
}

TEST(JsonReader, StructsThatMissForRowsKeepTheirPlace) {
  EXPECT_EQ(Show("a STRUCT<x: INT, s: STRUCT<y: STRING, z: ARRAY<INT>>>, b INT",
                 {R"({"b":1})", R"({"b":2})", R"({"a":{"x":3,"s":{"y":"q","z":[1,2]}}})", R"({"a":{"x":4}})",
                  R"({"b":5})", R"({"a":{"s":{"z":[3]},"x":"bad"}})", R"({"a":{"s":{"z":[4,5]})",
                  R"({"a":{"s":{"z":[6]}}})", R"({"b":9})"}),
            "{NULL, 1} {NULL, 2} {{3, {q, [1, 2]}}, NULL} {{4, NULL}, NULL} {NULL, 5} {{NULL, {NULL, [3]}}, NULL} "
            "{NULL, NULL} {{NULL, {NULL, [6]}}, NULL} {NULL, 9}");
}

}  // namespace
}  // namespace sluice::formats
