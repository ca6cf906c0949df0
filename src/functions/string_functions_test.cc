// Answers: real Spark 4.1.1 (tests/sql/string.test, math.test, hash.test, misc.test).
#include <gtest/gtest.h>

#include <cmath>

#include "functions/function_test_util.h"

namespace sluice::functions {
namespace {

TEST(Strings, Pieces) {
  EXPECT_EQ(Eval("upper", {Str("aé")}), "AÉ");
  EXPECT_EQ(Eval("initcap", {Str("sPark sql")}), "Spark Sql");
  EXPECT_EQ(Eval("length", {Str("日本")}), "2");
  EXPECT_EQ(Eval("length", {BinaryValue("ab")}), "2");
  EXPECT_EQ(Eval("substring", {Str("Spark SQL"), Int(5)}), "k SQL");
  EXPECT_EQ(Eval("substring", {Str("Spark SQL"), Int(-3)}), "SQL");
  EXPECT_EQ(Eval("substring", {Str("Spark SQL"), Int(5), Int(1)}), "k");
  EXPECT_EQ(Eval("substring_index", {Str("www.apache.org"), Str("."), Int(2)}), "www.apache");
  EXPECT_EQ(Eval("substring_index", {Str("www.apache.org"), Str("."), Int(-2)}), "apache.org");
  EXPECT_EQ(Eval("split_part", {Str("11.12.13"), Str("."), Int(-3)}), "11");
  EXPECT_EQ(Eval("concat", {Str("a"), Int(1), NullValue()}), "NULL");
  EXPECT_EQ(Eval("concat", {Str("a"), Int(1)}), "a1");
  EXPECT_EQ(Eval("concat_ws", {Str(","), Str("a"), NullValue(), Str("b")}), "a,b");
  EXPECT_EQ(Eval("reverse", {Str("日本x")}), "x本日");
  EXPECT_EQ(Eval("elt", {Int(2), Str("a"), Str("b")}), "b");
  EXPECT_EQ(Eval("elt", {Int(3), Str("a"), Str("b")}), "INVALID_ARRAY_INDEX");
}

TEST(Strings, PadTrimSearch) {
  EXPECT_EQ(Eval("trim", {Str("  x ")}), "x");
  EXPECT_EQ(Eval("trim", {Str("SL"), Str("SSparkSQLS")}), "parkSQ");
  EXPECT_EQ(Eval("lpad", {Str("hi"), Int(5), Str("ab")}), "abahi");
  EXPECT_EQ(Eval("rpad", {Str("hi"), Int(1), Str("ab")}), "h");
  EXPECT_EQ(Eval("replace", {Str("ABCabc"), Str("abc"), Str("DEF")}), "ABCDEF");
  EXPECT_EQ(Eval("translate", {Str("AaBbCc"), Str("abc"), Str("12")}), "A1B2C");
  EXPECT_EQ(Eval("overlay", {Str("Spark SQL"), Str("ANSI "), Int(7), Int(0)}), "Spark ANSI SQL");
  EXPECT_EQ(Eval("locate", {Str("bar"), Str("foobarbar"), Int(5)}), "7");
  EXPECT_EQ(Eval("find_in_set", {Str("ab"), Str("abc,b,ab,c,def")}), "3");
  EXPECT_EQ(Eval("levenshtein", {Str("kitten"), Str("sitting")}), "3");
  EXPECT_EQ(Eval("soundex", {Str("Miller")}), "M460");
  EXPECT_EQ(Eval("ascii", {Str("")}), "0");
  EXPECT_EQ(Eval("chr", {Int(65)}), "A");
  EXPECT_EQ(Eval("contains", {Str("Spark"), Str("par")}), "true");
}

std::string Times(std::string_view text, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += text;
  return out;
}

// Spark answers the first; on the others its matcher overflows its stack. None may count as "no match".
TEST(Strings, RegexOnLongTexts) {
  EXPECT_EQ(Eval("rlike", {Str(Times("ab", 700)), Str("^(a|b)*$")}), "true");
  EXPECT_EQ(Eval("rlike", {Str(Times("\"abc\",", 2000)), Str("^(\"[^\"]*\",)+$")}), "true");
  EXPECT_EQ(Eval("regexp_replace", {Str(Times("\"abc\",", 2000)), Str("^(\"[^\"]*\",)+$"), Str("x")}), "x");
  EXPECT_EQ(Eval("regexp_count", {Str(Times("ab", 100000)), Str("(a|b)+")}), "1");
  EXPECT_EQ(Eval("rlike", {Str(Times("a", 60) + "b"), Str("^((a+)+)+$")}), "REGEX_TOO_COMPLEX");
  EXPECT_EQ(Eval("regexp_extract", {Str(Times("a", 60) + "b"), Str("^((a+)+)+$"), Int(0)}), "REGEX_TOO_COMPLEX");
}

TEST(Strings, MoreGroupsThanUsual) {
  EXPECT_EQ(Eval("regexp_extract", {Str(Times("a", 69) + "b"), Str(Times("(a)", 69) + "(b)"), Int(70)}), "b");
}

TEST(Strings, TooLong) {
  EXPECT_EQ(Eval("repeat", {Str("abcdefgh"), Int(2147483647)}), "UNSUPPORTED_FEATURE");
  EXPECT_EQ(Eval("array_repeat", {Int(1), Int(2147483647)}), "COLLECTION_SIZE_LIMIT_EXCEEDED.PARAMETER");
}

TEST(Strings, Regex) {
  EXPECT_EQ(Eval("like", {Str("a%c"), Str("a\\%c")}), "true");
  EXPECT_EQ(Eval("like", {Str("xaxbxab"), Str("%a_")}), "true");
  EXPECT_EQ(Eval("like", {Str("ab"), Str("a#b"), Str("#")}), "INVALID_FORMAT.ESC_IN_THE_MIDDLE");
  EXPECT_EQ(Eval("ilike", {Str("É"), Str("é")}), "true");
  EXPECT_EQ(Eval("rlike", {Str("abc"), Str("^b")}), "false");
  EXPECT_EQ(Eval("rlike", {Str("a"), Str("(")}), "INVALID_PARAMETER_VALUE.PATTERN");
  EXPECT_EQ(Eval("regexp_replace", {Str("100-200"), Str("(\\d+)-(\\d+)"), Str("$2/$1")}), "200/100");
  EXPECT_EQ(Eval("regexp_extract", {Str("100-200"), Str("(\\d+)-(\\d+)"), Int(2)}), "200");
  EXPECT_EQ(Eval("regexp_extract_all", {Str("1-2,3-4"), Str("(\\d+)-(\\d+)"), Int(1)}), "[1, 3]");
  EXPECT_EQ(Eval("split", {Str("oneAtwoBthreeC"), Str("[ABC]")}), "[one, two, three, ]");
  EXPECT_EQ(Eval("split", {Str("oneAtwoBthreeC"), Str("[ABC]"), Int(2)}), "[one, twoBthreeC]");
  EXPECT_EQ(Eval("split", {Str("abc"), Str("")}), "[a, b, c]");
}

TEST(Strings, Encodings) {
  EXPECT_EQ(Eval("hex", {Int(17)}), "11");
  EXPECT_EQ(Eval("hex", {Str("Spark SQL")}), "537061726B2053514C");
  EXPECT_EQ(Eval("unhex", {Str("zz")}), "NULL");
  EXPECT_EQ(Eval("base64", {Str("Spark SQL")}), "U3BhcmsgU1FM");
  EXPECT_EQ(Eval("conv", {Str("-10"), Int(16), Int(-10)}), "-16");
  EXPECT_EQ(Eval("md5", {Str("Spark")}), "8cde774d6f7333752ed72cacddb05126");
  EXPECT_EQ(Eval("crc32", {Str("Spark")}), "1557323817");
  EXPECT_EQ(Eval("hash", {Str("Spark"), Int(2)}).empty(), false);
  EXPECT_EQ(Eval("parse_url", {Str("http://u:p@spark.apache.org:80/path?query=1#f"), Str("QUERY"), Str("query")}), "1");
  EXPECT_EQ(Eval("url_encode", {Str("https://spark.apache.org")}), "https%3A%2F%2Fspark.apache.org");
  EXPECT_EQ(Eval("format_string", {Str("Hello World %d %s"), Int(100), Str("days")}), "Hello World 100 days");
  EXPECT_EQ(Eval("format_string", {Str("%05.1f|%-4s|"), DoubleValue(2.25), Str("a")}), "002.3|a   |");
  EXPECT_EQ(Eval("format_number", {DoubleValue(12332.123456), Int(4)}), "12,332.1235");
}

TEST(Math, Numbers) {
  EXPECT_EQ(Eval("sqrt", {Int(4)}), "2.0");
  EXPECT_EQ(Eval("ln", {Int(0)}), "NULL");
  EXPECT_EQ(Eval("log", {Int(10), Int(100)}), "2.0");
  EXPECT_EQ(Eval("factorial", {Int(5)}), "120");
  EXPECT_EQ(Eval("round", {Dec("2.5"), Int(0)}), "3");
  EXPECT_EQ(TypeOf("round", {Dec("2.55"), Int(1)}), "decimal(3,1)");
  EXPECT_EQ(Eval("round", {DoubleValue(2.675), Int(2)}), "2.68");
  EXPECT_EQ(Eval("round", {Int(1250), Int(-2)}), "1300");
  EXPECT_EQ(Eval("bround", {DoubleValue(2.5), Int(0)}), "2.0");
  EXPECT_EQ(Eval("floor", {Dec("-0.1")}), "-1");
  EXPECT_EQ(TypeOf("floor", {DoubleValue(1.5)}), "bigint");
  EXPECT_EQ(Eval("ceil", {Dec("3.1411"), Int(3)}), "3.142");
  EXPECT_EQ(Eval("width_bucket", {DoubleValue(5.3), DoubleValue(0.2), DoubleValue(10.6), Int(5)}), "3");
  EXPECT_EQ(Eval("rand", {Int(0)}), "0.7604953758285915");
  EXPECT_EQ(Eval("randn", {Int(0)}), "1.6034991609278433");
  EXPECT_EQ(Eval("typeof", {Dec("1.5")}), "decimal(2,1)");
}

TEST(Math, Percentiles) {
  EXPECT_EQ(Aggregate("median", {{"INT", "[1, 2, 3, 10]"}}), "2.5");
  EXPECT_EQ(Aggregate("percentile", {{"INT", "[0, 10]"}, {"=DOUBLE", "[0.3]"}}), "3.0");
  EXPECT_EQ(Aggregate("percentile_approx", {{"INT", "[0, 10, 20]"}, {"=DOUBLE", "[0.5]"}}), "10");
}

}  // namespace
}  // namespace sluice::functions
