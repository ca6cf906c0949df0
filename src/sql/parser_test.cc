#include "sql/parser.h"

#include <gtest/gtest.h>

#include "plan/transform.h"
#include "sql/lexer.h"

namespace sluice::sql {
namespace {

std::string Name(std::string_view text) {
  auto expr = ParseExpression(text);
  return expr.ok() ? plan::ExpressionName(**expr) : ConditionOf(expr.status());
}
std::string Tree(std::string_view sql) {
  auto plan = ParseStatement(sql);
  return plan.ok() ? plan::PlanTree(**plan) : plan.status().message();
}
std::string Condition(std::string_view sql) {
  auto plan = ParseStatement(sql);
  return plan.ok() ? "parsed" : ConditionOf(plan.status());
}
template <typename T>
std::shared_ptr<const T> Command(std::string_view sql) {
  auto plan = ParseStatement(sql);
  if (!plan.ok()) {
    ADD_FAILURE() << sql << ": " << plan.status().message();
    return std::make_shared<T>();
  }
  if (plan::AsCommand<T>(**plan) == nullptr) {
    ADD_FAILURE() << sql << ": " << plan::PlanTree(**plan);
    return std::make_shared<T>();
  }
  return std::static_pointer_cast<const T>(*plan);
}

TEST(ParserTest, Precedence) {
  EXPECT_EQ(Name("1 + 2 * 3 - -4"), "((1 + (2 * 3)) - -4)");
  EXPECT_EQ(Name("a | b & c ^ d << 1 + 2"), "(a | ((b & c) ^ (d << (1 + 2))))");
  EXPECT_EQ(Name("NOT a = b AND c OR d"), "(((NOT (a = b)) AND c) OR d)");
  EXPECT_EQ(Name("a = b IS NULL"), "((a = b) IS NULL)");
  EXPECT_EQ(Name("a BETWEEN 1 AND 2 AND b"), "(between(a, 1, 2) AND b)");
  EXPECT_EQ(Name("a >> 1 >= b"), "((a >> 1) >= b)");
  EXPECT_EQ(Name("a || b || c"), "concat(concat(a, b), c)");
  EXPECT_EQ(Name("- -5"), "(- -5)");
  EXPECT_EQ(Name("a AND b AND c AND d"), "((a AND b) AND (c AND d))");
}

TEST(ParserTest, KeywordsAreIdentifiers) {
  EXPECT_EQ(Name("select.from"), "select.from");
  EXPECT_EQ(Name("date"), "date");
  EXPECT_EQ(Name("interval + 1"), "(interval + 1)");
  EXPECT_EQ(Name("cast(a, b)"), "cast(a, b)");
  EXPECT_EQ(Name("trim(a)"), "trim(a)");
  EXPECT_EQ(Name("position('a', b)"), "position(a, b)");
  EXPECT_EQ(Name("first"), "first");
  EXPECT_EQ(Condition("SELECT order, group, values FROM table AS window WHERE limit > 1"), "parsed");
}

TEST(ParserTest, UnionOfParentheses) {
  EXPECT_EQ(Condition("(SELECT 1) UNION ALL (SELECT 2) ORDER BY 1 LIMIT 3"), "parsed");
  EXPECT_EQ(Condition("SELECT ((SELECT 1) UNION (SELECT 2))"), "parsed");
  EXPECT_EQ(Condition("SELECT * FROM ((SELECT 1) UNION (SELECT 2)) t"), "parsed");
  EXPECT_EQ(Condition("SELECT * FROM (((a JOIN b ON x = y)) LEFT JOIN c USING (k))"), "parsed");
  EXPECT_EQ(Condition("SELECT 1 WHERE 2 IN ((SELECT 1) INTERSECT (SELECT 2))"), "parsed");
}

TEST(ParserTest, Trees) {
  EXPECT_EQ(Tree("SELECT a FROM t WHERE b > 1 ORDER BY a DESC LIMIT 2 OFFSET 1"),
            "GlobalLimit 2\n+- Offset 1\n   +- Sort ['a DESC NULLS LAST], true\n      +- Project ['a]\n"
            "         +- Filter '('b > 1)\n            +- 'UnresolvedRelation [t], [], false\n");
  EXPECT_EQ(Tree("FROM STREAM t |> WHERE a > 1 |> AGGREGATE count(*) GROUP BY b"),
            "Aggregate ['b], ['b, 'count(*)]\n+- Filter '('a > 1)\n   +- 'UnresolvedRelation [t], [], true\n");
  EXPECT_EQ(Tree("SELECT k FROM t LATERAL VIEW OUTER explode(m) e AS k, v"),
            "Project ['k]\n+- Generate 'explode('m), true, e, [k, v]\n   +- 'UnresolvedRelation [t], [], false\n");
}

TEST(ParserTest, GroupingSets) {
  auto plan = ParseStatement("SELECT a, b, count(*) FROM t GROUP BY a, ROLLUP(b, c)");
  ASSERT_TRUE(plan.ok()) << plan.status();
  const auto* aggregate = plan::As<plan::Aggregate>(*plan);
  ASSERT_NE(aggregate, nullptr);
  EXPECT_EQ(aggregate->grouping.size(), 3u);
  EXPECT_EQ(aggregate->grouping_sets, (std::vector<std::vector<int>>{{0, 1, 2}, {0, 1}, {0}}));
}

TEST(ParserTest, NamedWindows) {
  auto plan = ParseStatement("SELECT sum(a) OVER w FROM t WINDOW w AS (PARTITION BY b ORDER BY c ROWS 2 PRECEDING)");
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan::ExpressionName(*plan::As<plan::Project>(*plan)->list[0]),
            "sum(a) OVER (PARTITION BY b ORDER BY c ASC NULLS FIRST ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)");
  EXPECT_EQ(Condition("SELECT sum(a) OVER w FROM t"), "MISSING_WINDOW_SPECIFICATION");
}

TEST(ParserTest, CreateTable) {
  const auto table = Command<plan::CreateTable>(
      "CREATE TABLE IF NOT EXISTS c.n.t (id BIGINT NOT NULL COMMENT 'key', s STRUCT<a: INT, b: ARRAY<ARRAY<STRING>>>) "
      "USING Iceberg PARTITIONED BY (bucket(8, id), days(ts), truncate(4, s.a), x) COMMENT 'hi' LOCATION '/x' "
      "TBLPROPERTIES ('a' = 'b', c.d = 1)");
  EXPECT_EQ(table->name, (std::vector<std::string>{"c", "n", "t"}));
  EXPECT_TRUE(table->if_not_exists);
  EXPECT_EQ(table->provider, "iceberg");
  ASSERT_TRUE(table->schema.has_value());
  EXPECT_EQ(table->schema->simpleString(), "struct<id:bigint,s:struct<a:int,b:array<array<string>>>>");
  EXPECT_FALSE(table->schema->fields()[0].nullable);
  EXPECT_EQ(table->schema->fields()[0].comment(), "key");
  ASSERT_EQ(table->partitioning.size(), 4u);
  EXPECT_EQ(table->partitioning[0].transform, "bucket");
  EXPECT_EQ(table->partitioning[0].argument, 8);
  EXPECT_EQ(table->partitioning[3].transform, "identity");
  EXPECT_EQ(table->properties.at("c.d"), "1");
  EXPECT_EQ(Command<plan::CreateTable>("CREATE OR REPLACE TABLE t USING iceberg AS SELECT 1 AS a")->children.size(),
            1u);
}

TEST(ParserTest, OtherCommands) {
  const auto insert =
      Command<plan::InsertInto>("WITH x AS (SELECT 1) INSERT OVERWRITE t PARTITION (a = 1, b) (c) SELECT * FROM x");
  EXPECT_TRUE(insert->overwrite);
  EXPECT_EQ(insert->columns, (std::vector<std::string>{"c"}));
  EXPECT_EQ(insert->static_partition.size(), 2u);
  EXPECT_EQ(insert->children[0]->kind, plan::PlanKind::kWith);
  EXPECT_EQ(Command<plan::Set>("SET spark.sql.x = 'a b' ; ")->value, "'a b'");
  EXPECT_EQ(Command<plan::Set>("SET TIME ZONE INTERVAL 8 HOURS")->value, "+08:00");
  EXPECT_EQ(Command<plan::CreateView>("CREATE TEMP VIEW v AS SELECT 1 AS a -- end")->sql_text, "SELECT 1 AS a");
  EXPECT_TRUE(Command<plan::DescribeTable>("DESC EXTENDED a.b c")->extended);
  EXPECT_EQ(Command<plan::Explain>("EXPLAIN FORMATTED SELECT 1")->mode, plan::ExplainMode::kFormatted);
  EXPECT_EQ(Condition("MERGE INTO t USING s ON a = b WHEN MATCHED THEN DELETE"), "UNSUPPORTED_FEATURE");
  EXPECT_EQ(Condition("ALTER TABLE t ADD COLUMN x INT"), "UNSUPPORTED_FEATURE");
}

TEST(ParserTest, DepthAndLengthAreBounded) {
  const auto repeat = [](std::string_view text, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += text;
    return out;
  };
  EXPECT_EQ(Condition("SELECT " + repeat("(", 10000) + "1" + repeat(")", 10000)), "FAILED_TO_PARSE_TOO_COMPLEX");
  EXPECT_EQ(Condition("SELECT " + repeat("(", 100) + "1" + repeat(")", 100)), "parsed");
  EXPECT_EQ(Condition("SELECT 1" + repeat(" + 1", 100000)), "FAILED_TO_PARSE_TOO_COMPLEX");
  EXPECT_EQ(Condition("SELECT a = 1" + repeat(" OR a = 1", 20000)), "parsed");
  EXPECT_EQ(Condition("SELECT 1" + repeat(" UNION ALL SELECT 1", 20000)), "FAILED_TO_PARSE_TOO_COMPLEX");
  EXPECT_EQ(Condition("SELECT 1" + repeat(" UNION ALL SELECT 1", 500)), "parsed");
  EXPECT_EQ(Condition("SELECT a" + repeat("[0]", 100000)), "FAILED_TO_PARSE_TOO_COMPLEX");
  EXPECT_EQ(Condition(repeat("SELECT * FROM (", 10000)), "FAILED_TO_PARSE_TOO_COMPLEX");
  EXPECT_EQ(Condition("SELECT " + repeat("- ", 10000) + "a"), "FAILED_TO_PARSE_TOO_COMPLEX");
  EXPECT_EQ(Condition("SELECT " + repeat("NOT ", 10000) + "a"), "FAILED_TO_PARSE_TOO_COMPLEX");
  EXPECT_EQ(Condition("SELECT CAST(a AS " + repeat("ARRAY<", 10000)), "FAILED_TO_PARSE_TOO_COMPLEX");
  EXPECT_EQ(Condition("SELECT " + repeat("CAST(", 200)), "PARSE_SYNTAX_ERROR");
  EXPECT_EQ(Condition(repeat("EXPLAIN ", 10000) + "SELECT 1"), "FAILED_TO_PARSE_TOO_COMPLEX");
}

TEST(ParserTest, SplitsScripts) {
  const std::string script = "-- a; b\nSELECT ';' /* ; */ , `;`;\n;  SELECT 2";
  auto statements = SplitStatements(script);
  ASSERT_TRUE(statements.ok());
  ASSERT_EQ(statements->size(), 2u);
  EXPECT_EQ(script.substr((*statements)[0].start, (*statements)[0].stop - (*statements)[0].start),
            "SELECT ';' /* ; */ , `;`");
  EXPECT_TRUE((*statements)[0].terminated);
  EXPECT_FALSE((*statements)[1].terminated);
  EXPECT_EQ(Condition("SELECT /* open"), "UNCLOSED_BRACKETED_COMMENT");
}

TEST(LexerTest, Strings) {
  EXPECT_EQ(UnescapeString(R"('it''s \u0041\101\n\%\_\x')"), "it's AA\n\\%\\_x");
  EXPECT_EQ(UnescapeString(R"(r'a\n')"), "a\\n");
  EXPECT_EQ(UnescapeString(R"("say ""hi""")"), "say \"hi\"");
  EXPECT_EQ(*ParseMultipartIdentifier("a.`b``.c`.d"), (std::vector<std::string>{"a", "b`.c", "d"}));
}

}  // namespace
}  // namespace sluice::sql
