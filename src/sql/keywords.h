#pragma once
// The words that the grammar looks at. None is reserved: where a clause cannot start, each is an identifier.
#include <cstdint>
#include <string_view>

namespace sluice::sql {

#define SLUICE_SQL_KEYWORDS(X)                                                                                         \
  X(ADD)                                                                                                               \
  X(AFTER)                                                                                                             \
  X(ALL) X(ALTER) X(ALWAYS) X(ANALYZE) X(AND) X(ANTI) X(ANY) X(ARRAY) X(AS) X(ASC) X(BEGIN) X(BETWEEN) X(BOTH) X(      \
      BUCKET) X(BY) X(CACHE) X(CALL) X(CASCADE) X(CASE) X(CAST) X(CATALOG) X(CATALOGS) X(CLEAR) X(CLUSTER)             \
      X(CLUSTERED) X(CODEGEN) X(COLLATE) X(COLLATION) X(COLUMN) X(COLUMNS) X(COMMENT) X(COMMIT) X(COMPUTE) X(          \
          CONSTRAINT) X(COST) X(CREATE) X(CROSS) X(CUBE) X(CURRENT) X(DATABASE) X(DATABASES) X(DATE) X(DATEADD)        \
          X(DATEDIFF) X(DATE_ADD) X(DATE_DIFF) X(DAY) X(DBPROPERTIES) X(DECLARE) X(DEFAULT) X(                         \
              DELETE) X(DESC) X(DESCRIBE) X(DIRECTORY) X(DISTINCT) X(DISTRIBUTE) X(DIV) X(DROP) X(ELSE)                \
              X(END) X(ESCAPE) X(EXCEPT) X(EXCLUDE) X(EXECUTE) X(EXISTS) X(EXPLAIN) X(EXTENDED) X(EXTERNAL) X(         \
                  EXTRACT) X(EXTEND) X(FALSE) X(FILTER) X(FIRST) X(FOLLOWING) X(FOR)                                   \
                  X(FORMATTED) X(FROM) X(FULL) X(FUNCTION) X(FUNCTIONS) X(GENERATED) X(GLOBAL) X(GRANT) X(             \
                      GROUP) X(GROUPING) X(HAVING) X(HOUR) X(IDENTIFIER) X(IF) X(IGNORE) X(ILIKE)                      \
                      X(IN) X(INCLUDE) X(INDEX) X(INNER) X(INSERT) X(                                                  \
                          INTERSECT) X(INTERVAL) X(INTO) X(IS) X(JOIN) X(LAST) X(LATERAL) X(LEADING) X(LEFT) X(LIKE)   \
                          X(LIMIT) X(LIST) X(LOAD) X(LOCAL) X(LOCATION) X(LOCK) X(LOGICAL) X(MAP) X(MATERIALIZED) X(   \
                              MERGE) X(MINUS) X(MINUTE)                                                                \
                              X(MONTH) X(MSCK) X(NAME) X(NAMESPACE) X(NAMESPACES)                                      \
                                  X(NATURAL) X(NOT) X(NULL) X(NULLS) X(OF) X(OFFSET) X(ON) X(OPTIONS) X(               \
                                      OR) X(ORDER) X(OUT) X(OUTER) X(OVER) X(OVERLAY)                                  \
                                      X(OVERWRITE) X(PARTITION) X(PARTITIONED) X(PARTITIONS) X(PERCENT) X(PIVOT) X(    \
                                          PLACING) X(POSITION) X(PRECEDING) X(PROPERTIES)                              \
                                          X(PURGE) X(QUERY) X(RANGE) X(                                                \
                                              RECURSIVE) X(REDUCE) X(REFRESH) X(REGEXP) X(REPAIR)                      \
                                              X(REPEATABLE) X(REPLACE) X(RESET) X(RESPECT) X(RESTRICT) X(REVOKE) X(    \
                                                  RIGHT) X(RLIKE) X(ROLE) X(ROLLBACK) X(ROLLUP)                        \
                                                  X(ROW) X(ROWS) X(SCHEMA) X(                                          \
                                                      SCHEMAS) X(SECOND) X(SELECT) X(SEMI) X(SERDE)                    \
                                                      X(SET) X(SETS) X(SHOW) X(SKEWED) X(SOME) X(SORT) X(              \
                                                          START) X(STORED) X(STREAM) X(STRING) X(STRUCT) X(SUBSTR)     \
                                                          X(SUBSTRING) X(SYSTEM) X(SYSTEM_TIME) X(SYSTEM_VERSION) X(   \
                                                              TABLE) X(TABLES) X(TABLESAMPLE) X(TBLPROPERTIES) X(TEMP) \
                                                              X(TEMPORARY) X(THEN) X(TIME) X(TIMEDIFF) X(TIMESTAMP) X( \
                                                                  TIMESTAMPADD) X(TIMESTAMPDIFF)                       \
                                                                  X(TIMESTAMP_LTZ) X(TIMESTAMP_NTZ) X(                 \
                                                                      TO) X(TRAILING)                                  \
                                                                      X(TRANSFORM) X(TRIM) X(TRUE) X(TRUNCATE) X(      \
                                                                          TRY_CAST) X(UNBOUNDED)                       \
                                                                          X(UNCACHE) X(                                \
                                                                              UNION) X(UNKNOWN) X(UNLOCK)              \
                                                                              X(UNPIVOT) X(UPDATE) X(                  \
                                                                                  USE) X(USER) X(USING) X(VALUES)      \
                                                                                  X(VAR) X(VARIABLE) X(VERSION) X(     \
                                                                                      VIEW)                            \
                                                                                      X(VIEWS) X(WHEN) X(WHERE) X(     \
                                                                                          WINDOW) X(WITH)              \
                                                                                          X(WITHIN) X(YEAR) X(ZONE) X( \
                                                                                              AGGREGATE) X(EXPORT)     \
                                                                                              X(IMPORT) X(DFS)         \
                                                                                                  X(RENAME) X(SYNC) X( \
                                                                                                      TYPE) X(VOID)    \
                                                                                                      X(FLOW)          \
                                                                                                          X(WATERMARK) \
                                                                                                              X(DELAY) \
  X(BUCKETS) X(SORTED)

enum class Keyword : uint16_t {
  kNone,
#define SLUICE_SQL_KEYWORD(name) k##name,
  SLUICE_SQL_KEYWORDS(SLUICE_SQL_KEYWORD)
#undef SLUICE_SQL_KEYWORD
};

/// In any case of letters; kNone for other words.
Keyword FindKeyword(std::string_view word);
/// Upper case; "" for kNone.
std::string_view KeywordText(Keyword keyword);
/// Words that cannot be an alias of a table without AS and quotes: JOIN, ON, USING, UNION ...
bool IsStrict(Keyword keyword);

}  // namespace sluice::sql
