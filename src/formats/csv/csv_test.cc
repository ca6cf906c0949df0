// Answers are those of Spark 4.1.
#include <arrow/scalar.h>
#include <gtest/gtest.h>

#include "formats/csv/csv_reader.h"
#include "formats/csv/csv_writer.h"
#include "types/arrow_types.h"
#include "types/ddl.h"

namespace sluice::formats {
namespace {

using Fields = std::vector<std::string>;

CsvOptions Options(const OptionMap& options = {}) {
  return ParseCsvOptions(options, "_corrupt_record", TimeZone::Find("UTC").ValueOrDie()).ValueOrDie();
}

Fields Tokens(std::string_view line, const OptionMap& options = {}) {
  const CsvOptions parsed = Options(options);
  CsvRecord record;
  size_t position = 0;
  Fields out;
  if (!CsvTokenizer(parsed).Next(line, &position, /*lines=*/false, &record).ValueOrDie()) return out;
  for (size_t i = 0; i < record.fields.size(); ++i)
    out.push_back(record.fields[i].is_null ? "<null>" : std::string(record.field(i)));
  return out;
}

TEST(CsvTokens, AsUnivocity) {
  EXPECT_EQ(Tokens("a,b,c"), (Fields{"a", "b", "c"}));
  EXPECT_EQ(Tokens(R"("a",b,c)"), (Fields{"a", "b", "c"}));
  EXPECT_EQ(Tokens(R"("a""b",c,d)"), (Fields{R"("a""b")", "c", "d"}));
  EXPECT_EQ(Tokens(R"("a"bc,d,e)"), (Fields{R"("a"bc)", "d", "e"}));
  EXPECT_EQ(Tokens(R"("a\"b",c,d)"), (Fields{R"(a"b)", "c", "d"}));
  EXPECT_EQ(Tokens(R"("a\\b",c,d)"), (Fields{R"(a\b)", "c", "d"}));
  EXPECT_EQ(Tokens(R"("a\xb",c,d)"), (Fields{R"(a\xb)", "c", "d"}));
  EXPECT_EQ(Tokens(R"( a , "b" ,c)"), (Fields{" a ", R"( "b" )", "c"}));
  EXPECT_EQ(Tokens(R"("a" ,b,c)"), (Fields{"a", "b", "c"}));
  EXPECT_EQ(Tokens(R"("a" x,b,c)"), (Fields{R"("a" x)", "b", "c"}));
  EXPECT_EQ(Tokens(R"("",,x)"), (Fields{"", "<null>", "x"}));
  EXPECT_EQ(Tokens(R"("unclosed,b,c)"), (Fields{"unclosed,b,c"}));
  EXPECT_EQ(Tokens(R"(""a"",b,c)"), (Fields{R"(""a"")", "b", "c"}));
  EXPECT_EQ(Tokens(R"("a"",b",c)"), (Fields{R"(a")", R"(b")", "c"}));
  EXPECT_EQ(Tokens("   "), Fields{});
  EXPECT_EQ(Tokens(R"("a""b",c,d)", {{"escape", "\""}}), (Fields{R"(a"b)", "c", "d"}));
  EXPECT_EQ(Tokens("a||b|c", {{"sep", "||"}}), (Fields{"a", "b|c"}));
  EXPECT_EQ(Tokens("a\tb", {{"sep", "\\t"}}), (Fields{"a", "b"}));
  EXPECT_EQ(Tokens(" a , b", {{"ignoreLeadingWhiteSpace", "true"}, {"ignoreTrailingWhiteSpace", "true"}}),
            (Fields{"a", "b"}));
  EXPECT_EQ(Tokens("#x", {{"comment", "#"}}), Fields{});
}

TEST(CsvTokens, SeveralLines) {
  const CsvOptions options = Options({{"multiLine", "true"}});
  const CsvTokenizer tokenizer(options);
  const std::string_view text = "a,b\r\n\n\"x\ny\",1\n\"z\",2";
  CsvRecord record;
  size_t position = 0;
  std::vector<std::string> first;
  while (tokenizer.Next(text, &position, /*lines=*/true, &record).ValueOrDie()) first.emplace_back(record.field(0));
  EXPECT_EQ(first, (std::vector<std::string>{"a", "x\ny", "z"}));
}

std::vector<std::string> Inferred(const std::vector<std::string>& values,
                                  const OptionMap& options = {{"inferSchema", "true"}}) {
  const CsvOptions parsed = Options(options);
  CsvInference inference(1, parsed);
  CsvRecord record;
  for (const auto& value : values) {
    size_t position = 0;
    if (CsvTokenizer(parsed).Next(value, &position, false, &record).ValueOrDie()) inference.Add(record);
  }
  std::vector<std::string> out;
  for (const auto& type : inference.Types()) out.push_back(type.simpleString());
  return out;
}

TEST(CsvInference, NarrowestType) {
  const auto one = [](std::vector<std::string> values) { return Inferred(values)[0]; };
  EXPECT_EQ(one({"1", "2"}), "int");
  EXPECT_EQ(one({"1", "12345678901"}), "bigint");
  EXPECT_EQ(one({"12345678901234567890123", "1"}), "decimal(23,0)");
  EXPECT_EQ(one({"1", "1.5"}), "double");
  EXPECT_EQ(one({"1.0E20"}), "double");
  EXPECT_EQ(one({"2024-01-01"}), "date");
  EXPECT_EQ(one({"2024-01-01", "2024-01-01 10:00:00"}), "timestamp");
  EXPECT_EQ(one({"true", "FALSE"}), "boolean");
  EXPECT_EQ(one({"1", "x"}), "string");
  EXPECT_EQ(one({"true", "1"}), "string");
}

TEST(CsvRows, ModesAndTheCorruptColumn) {
  const DataType file = ParseSchema("a INT, b STRING, _corrupt_record STRING").ValueOrDie();
  const auto rows = [&](const char* mode, const DataType& wanted) {
    const CsvOptions options = Options({{"mode", mode}});
    CsvBuilder builder(file, wanted, options);
    CsvRecord record;
    for (const char* line : {"1,x", "2,y,z", "bad,3", "4"}) {
      size_t position = 0;
      EXPECT_TRUE(CsvTokenizer(options).Next(line, &position, false, &record).ValueOrDie());
      if (auto status = builder.Append(record); !status.ok()) return ConditionOf(status);
    }
    std::string out;
    const auto batch = builder.Finish().ValueOrDie();
    for (int64_t i = 0; i < batch->num_rows(); ++i) {
      for (int c = 0; c < batch->num_columns(); ++c)
        out += batch->column(c)->GetScalar(i).ValueOrDie()->ToString() + "|";
      out += "\n";
    }
    return out;
  };
  EXPECT_EQ(rows("PERMISSIVE", file), "1|x|null|\n2|y|2,y,z|\nnull|3|bad,3|\n4|null|4|\n");
  EXPECT_EQ(rows("DROPMALFORMED", file), "1|x|null|\n");
  EXPECT_EQ(rows("FAILFAST", file), "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION");
  EXPECT_EQ(rows("FAILFAST", ParseSchema("b STRING").ValueOrDie()), "x|\ny|\n3|\nnull|\n");
}

TEST(CsvHeader, NamesAreMadeSafe) {
  const CsvOptions options = Options({{"header", "true"}});
  CsvRecord record;
  size_t position = 0;
  ASSERT_TRUE(CsvTokenizer(options).Next("a,A,,b", &position, false, &record).ValueOrDie());
  EXPECT_EQ(CsvColumnNames(record, options, false), (std::vector<std::string>{"a0", "A1", "_c2", "b"}));
  EXPECT_EQ(CsvColumnNames(record, options, true), (std::vector<std::string>{"a", "A", "_c2", "b"}));
}

TEST(CsvOptionsTest, Refusals) {
  for (const OptionMap& options :
       {OptionMap{{"sep", ""}}, OptionMap{{"quote", "ab"}}, OptionMap{{"header", "x"}}, OptionMap{{"lineSep", ""}}})
    EXPECT_FALSE(ParseCsvOptions(options, "", TimeZone::Find("UTC").ValueOrDie()).ok());
}

}  // namespace
}  // namespace sluice::formats
