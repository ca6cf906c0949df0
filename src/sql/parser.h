#pragma once
// SQL text -> unresolved plan, by the grammar of Spark 4.1 (spark.sql.ansi.enforceReservedKeywords = false).
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "plan/command.h"
#include "plan/expression.h"
#include "plan/logical_plan.h"

namespace sluice::sql {

struct ParserOptions {
  std::string time_zone = "UTC";           // spark.sql.session.timeZone: TIMESTAMP '...' without a zone
  bool timestamp_ntz = false;              // spark.sql.timestampType = TIMESTAMP_NTZ: what TIMESTAMP means
  bool escaped_string_literals = false;    // spark.sql.parser.escapedStringLiterals
  bool double_quoted_identifiers = false;  // spark.sql.ansi.doubleQuotedIdentifiers with ANSI mode
  bool legacy_intervals = false;           // spark.sql.legacy.interval.enabled: literals are CalendarIntervals
};

/// One statement, a final ';' allowed. Errors: PARSE_SYNTAX_ERROR, PARSE_EMPTY_STATEMENT, FAILED_TO_PARSE_TOO_COMPLEX
/// and Spark's other parse conditions, with their place in the query context; UNSUPPORTED_FEATURE names what Sluice
/// lacks.
Result<plan::PlanPtr> ParseStatement(std::string_view sql, const ParserOptions& options = {});

/// As selectExpr() and expr() take it: with an optional alias (then an Alias), *, t.* EXCEPT (a).
Result<plan::ExprPtr> ParseExpression(std::string_view text, const ParserOptions& options = {});

/// a.`b.c`.d -> {a, b.c, d}
Result<std::vector<std::string>> ParseMultipartIdentifier(std::string_view text);
/// Same as ParseMultipartIdentifier, at most database and table.
Result<std::vector<std::string>> ParseTableIdentifier(std::string_view text);

struct StatementRange {
  size_t start = 0, stop = 0;  // bytes, without blanks, comments around it and the ';'
  bool terminated = false;     // a ';' follows
};
/// The statements of a script; empty ones are left out. Strings, identifiers and comments may hold ';'.
/// Error: UNCLOSED_BRACKETED_COMMENT.
Result<std::vector<StatementRange>> SplitStatements(std::string_view script);

}  // namespace sluice::sql
