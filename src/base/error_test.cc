#include "base/error.h"

#include <gtest/gtest.h>

#include <set>

#include "base/error_conditions.h"

namespace sluice {
namespace {

Origin At(const std::string& sql, const std::string& fragment) {
  int start = static_cast<int>(sql.find(fragment));
  return {std::make_shared<const std::string>(sql), start, start + static_cast<int>(fragment.size())};
}

TEST(Error, CarriesConditionStateAndParameters) {
  Status status =
      MakeError("CAST_OVERFLOW", {{"value", "300"}, {"sourceType", "\"INT\""}, {"targetType", "\"TINYINT\""}});
  const Error* error = GetError(status);
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(error->getCondition(), "CAST_OVERFLOW");
  EXPECT_EQ(error->getSqlState(), "22003");
  EXPECT_EQ(error->getMessageParameters().at("value"), "300");
  EXPECT_EQ(error->getMessage().rfind("[CAST_OVERFLOW] The value 300 of the type \"INT\"", 0), 0u)
      << error->getMessage();
  EXPECT_NE(error->getMessage().find("SQLSTATE: 22003"), std::string::npos);
  EXPECT_TRUE(error->getQueryContext().empty());
}

TEST(Error, SubConditionTakesStateAndTextOfItsParent) {
  Status status = MakeError("UNRESOLVED_COLUMN.WITH_SUGGESTION", {{"objectName", "`x`"}, {"proposal", "`y`, `z`"}});
  EXPECT_EQ(ConditionOf(status), "UNRESOLVED_COLUMN.WITH_SUGGESTION");
  EXPECT_EQ(GetError(status)->getSqlState(), "42703");
  EXPECT_NE(status.message().find("`x`"), std::string::npos);
  EXPECT_NE(status.message().find("[`y`, `z`]"), std::string::npos);
}

TEST(Error, ParameterValuesAreNotExpandedAgain) {
  Status status = MakeError("PATH_NOT_FOUND", {{"path", "<path>"}});
  EXPECT_NE(status.message().find("does not exist: <path>."), std::string::npos);
}

TEST(Error, UnknownConditionIsADefect) {
  Status status = MakeError("NO_SUCH_CONDITION");
  EXPECT_EQ(ConditionOf(status), "INTERNAL_ERROR");
  EXPECT_NE(status.message().find("NO_SUCH_CONDITION"), std::string::npos);
}

TEST(Error, CatalogueHasNoDuplicatesAndEveryParent) {
  std::set<std::string_view> seen;
  for (auto table : {SyntaxConditions(), NameConditions(), TypeConditions(), QueryConditions(), ValueConditions(),
                     ArgumentConditions(), CatalogConditions(), SourceConditions(), StreamConditions(),
                     EngineConditions(), PythonConditions()}) {
    for (const ErrorCondition& row : table) {
      EXPECT_TRUE(seen.insert(row.name).second) << row.name;
      size_t dot = row.name.find('.');
      if (dot != std::string_view::npos) {
        EXPECT_NE(FindErrorCondition(row.name.substr(0, dot)), nullptr) << row.name;
        EXPECT_TRUE(row.sql_state.empty()) << row.name;
      }
    }
  }
  EXPECT_GT(seen.size(), 700u);
}

// The blocks below are what Spark 4.1.1 prints for these statements.
TEST(Error, ContextBlockMarksTheFragment) {
  Origin origin = At("SELECT CAST('a' AS INT)", "CAST('a' AS INT)");
  Status status = MakeError("DIVIDE_BY_ZERO", {{"config", "c"}}, &origin);
  EXPECT_NE(status.message().find("\n== SQL (line 1, position 8) ==\n"
                                  "SELECT CAST('a' AS INT)\n"
                                  "       ^^^^^^^^^^^^^^^^\n"),
            std::string::npos)
      << status.message();
  const QueryContext& context = GetError(status)->getQueryContext().at(0);
  EXPECT_EQ(context.startIndex, 7);
  EXPECT_EQ(context.stopIndex, 22);
  EXPECT_EQ(context.fragment, "CAST('a' AS INT)");
  EXPECT_EQ(context.line, 1);
  EXPECT_EQ(context.position, 7);
}

TEST(Error, ContextBlockOverSeveralLines) {
  Origin origin = At("SELECT (1 +\n 2) / (1\n - 1)", "(1 +\n 2) / (1\n - 1)");
  Status status = MakeError("DIVIDE_BY_ZERO", {{"config", "c"}}, &origin);
  EXPECT_NE(status.message().find("== SQL (line 1, position 8) ==\n"
                                  "SELECT (1 +\n"
                                  "       ^^^^\n"
                                  " 2) / (1\n"
                                  "^^^^^^^^\n"
                                  " - 1)\n"
                                  "^^^^^\n"),
            std::string::npos)
      << status.message();
}

TEST(Error, ContextBlockCutsLongLines) {
  std::string sql = "SELECT '" + std::string(51, 'x') + "', 1/0, '" + std::string(50, 'y') + "'";
  Origin origin = At(sql, "1/0");
  Status status = MakeError("DIVIDE_BY_ZERO", {{"config", "c"}}, &origin);
  EXPECT_NE(status.message().find("...xxxxxxxxxxxxxxxxxxxxxxxxxxxxx', 1/0, 'yyyyyyyyyyyyyyyyyyyyyyyyyyyyy...\n"
                                  "                                   ^^^\n"),
            std::string::npos)
      << status.message();
}

TEST(Error, PositionsCountCodePoints) {
  Origin origin = At("SELECT 'é😀', 1/0", "1/0");
  Status status = MakeError("DIVIDE_BY_ZERO", {{"config", "c"}}, &origin);
  EXPECT_EQ(GetError(status)->getQueryContext().at(0).startIndex, 13);
  EXPECT_EQ(GetError(status)->getQueryContext().at(0).stopIndex, 15);
  EXPECT_NE(status.message().find("\n             ^^^\n"), std::string::npos) << status.message();
}

TEST(Error, ParserBlock) {
  Origin origin = At("SELECT 1 +\n  FROM x y z\n", "y");
  Status status = MakeError("PARSE_SYNTAX_ERROR", {{"error", "'y'"}, {"hint", ""}}, &origin);
  EXPECT_EQ(status.message(),
            "\n[PARSE_SYNTAX_ERROR] Syntax error at or near 'y'. SQLSTATE: 42601 (line 2, pos 9)\n\n== SQL ==\n"
            "SELECT 1 +\n  FROM x y z\n---------^^^\n\n");
}

TEST(Error, OriginsAtTheEdges) {
  for (const char* sql : {"", "\n", "x", "\n\nx\n"}) {
    for (int start = 0; start <= 5; ++start) {
      for (int stop = start - 1; stop <= 7; ++stop) {
        Origin origin{std::make_shared<const std::string>(sql), start, stop};
        EXPECT_EQ(ConditionOf(MakeError("PARSE_EMPTY_STATEMENT", {}, &origin)), "PARSE_EMPTY_STATEMENT");
        EXPECT_EQ(ConditionOf(MakeError("NULL_MAP_KEY", {}, &origin)), "NULL_MAP_KEY");
      }
    }
  }
}

TEST(Error, WithOriginAddsContextOnce) {
  Status plain = MakeError("NULL_MAP_KEY");
  Origin first = At("SELECT a, b", "a"), second = At("SELECT a, b", "b");
  Status placed = WithOrigin(plain, first);
  EXPECT_EQ(GetError(placed)->getQueryContext().at(0).fragment, "a");
  EXPECT_EQ(GetError(WithOrigin(placed, second))->getQueryContext().at(0).fragment, "a");
  EXPECT_EQ(GetError(WithOrigin(placed, second))->getMessage(), GetError(placed)->getMessage());
  EXPECT_TRUE(WithOrigin(Status::OK(), first).ok());
  EXPECT_EQ(WithOrigin(Status::IOError("disk"), first).message(), "disk");
}

TEST(Error, ThrowsOneType) {
  try {
    Throw(MakeError("SCHEMA_NOT_FOUND", {{"schemaName", "`s`"}}));
  } catch (const Error& e) {
    EXPECT_EQ(e.getCondition(), "SCHEMA_NOT_FOUND");
    EXPECT_EQ(ConditionOf(ToStatus(e)), "SCHEMA_NOT_FOUND");
  }
  try {
    Throw(Status::IOError("the disk is gone"));
  } catch (const Error& e) {
    EXPECT_EQ(e.getSqlState(), "KD001");
    EXPECT_NE(e.getMessage().find("the disk is gone"), std::string::npos);
  }
  EXPECT_NO_THROW(ThrowIfError(Status::OK()));
  EXPECT_EQ(ValueOrThrow(Result<int>(3)), 3);
}

TEST(Error, UnsupportedFeatureByName) {
  Status status = UnsupportedFeature("MERGE INTO");
  EXPECT_TRUE(status.IsNotImplemented());
  EXPECT_EQ(ConditionOf(status), "UNSUPPORTED_FEATURE");
  EXPECT_EQ(GetError(status)->getSqlState(), "0A000");
  EXPECT_NE(status.message().find("MERGE INTO"), std::string::npos);
}

TEST(Error, Quoting) {
  EXPECT_EQ(QuoteIdentifier("a"), "`a`");
  EXPECT_EQ(QuoteIdentifier("a`b"), "`a``b`");
  EXPECT_EQ(InDoubleQuotes("INT"), "\"INT\"");
}

}  // namespace
}  // namespace sluice
