// CREATE TABLE and its clauses.

#include <nlohmann/json.hpp>

#include "plan/transform.h"
#include "sql/parser_impl.h"
#include "sql/text.h"

namespace sluice::sql {

using plan::PartitionField;

/// After CREATE [OR REPLACE] TABLE or REPLACE TABLE.
Result<PlanPtr> Parser::CreateTable(bool or_replace, bool must_exist) {
  size_t first = next_ - 1;
  while (first > 0 && lexed_.tokens[first].keyword != Keyword::kCREATE &&
         (lexed_.tokens[first].keyword != Keyword::kREPLACE ||
          (first > 0 && lexed_.tokens[first - 1].keyword == Keyword::kOR))) {
    --first;
  }
  const int start = lexed_.tokens[first].start;
  auto table = std::make_shared<plan::CreateTable>();
  table->or_replace = or_replace;
  table->must_exist = must_exist;
  if (!or_replace) {
    ARROW_ASSIGN_OR_RAISE(table->if_not_exists, IfNotExists());
  }
  ARROW_ASSIGN_OR_RAISE(table->name, NameReference());
  if (At(Keyword::kLIKE)) return Unsupported("CREATE TABLE LIKE");
  std::vector<StructField> columns;
  bool has_columns = false;
  if (At("(") && !AtQueryStart(1)) {
    ++next_;
    has_columns = true;
    ARROW_RETURN_NOT_OK(ColumnDefinitions(&columns));
    ARROW_RETURN_NOT_OK(Expect(")"));
  }
  if (At(Keyword::kUSING)) {
    ++next_;
    ARROW_ASSIGN_OR_RAISE(const NameParts provider, MultipartName());
    table->provider = Lower(sql::Join(provider, "."));
  }
  const size_t before = columns.size();
  std::string repeated;
  ARROW_RETURN_NOT_OK(TableClauses(table.get(), &columns, &repeated));
  const bool as = Accept(Keyword::kAS);
  if (as || AtQueryStart() || At("(")) {
    if (has_columns) {
      return ErrorSince(start, "_LEGACY_ERROR_TEMP_0035",
                        {{"message", "Schema may not be specified in a Create Table As Select (CTAS) statement"}});
    }
    if (columns.size() > before) {
      return ErrorSince(start, "_LEGACY_ERROR_TEMP_0035",
                        {{"message", "Partition column types may not be specified in Create Table As Select (CTAS)"}});
    }
    ARROW_ASSIGN_OR_RAISE(PlanPtr query, Query());
    table->children = {std::move(query)};
  } else if (has_columns || !columns.empty()) {
    table->schema = DataType::Struct(std::move(columns));
  }
  if (!repeated.empty()) return ErrorSince(start, "DUPLICATE_CLAUSES", {{"clauseName", repeated}});
  return Finish(std::move(table), start);
}

Status Parser::ColumnDefinitions(std::vector<StructField>* fields) {
  do {
    if (At(Keyword::kCONSTRAINT) && AtIdentifier(1) && AtIdentifier(2)) return Unsupported("table constraints");
    ARROW_ASSIGN_OR_RAISE(const std::string name, CapturingIdentifier());
    ARROW_ASSIGN_OR_RAISE(StructField field, ColumnDefinition(name));
    fields->push_back(std::move(field));
  } while (Accept(","));
  return Status::OK();
}

/// The type and what follows it.
Result<StructField> Parser::ColumnDefinition(const std::string& name) {
  const int start = Start();
  StructField field;
  field.name = name;
  ARROW_ASSIGN_OR_RAISE(field.type, Type());
  nlohmann::ordered_json metadata = nlohmann::ordered_json::object();
  if (!char_type_.empty()) metadata["__CHAR_VARCHAR_TYPE_STRING"] = char_type_;
  bool commented = false, not_null = false;
  const auto repeated = [&](const char* option) {
    return ErrorSince(start, "CREATE_TABLE_COLUMN_DESCRIPTOR_DUPLICATE",
                      {{"columnName", name}, {"optionName", option}});
  };
  for (;;) {
    if (At(Keyword::kNOT) && At(Keyword::kNULL, 1)) {
      if (not_null) return repeated("NOT NULL");
      next_ += 2;
      not_null = true;
      field.nullable = false;
    } else if (Accept(Keyword::kCOMMENT)) {
      if (commented) return repeated("COMMENT");
      commented = true;
      ARROW_ASSIGN_OR_RAISE(const std::string text, StringLiteral());
      metadata["comment"] = text;
    } else if (At(Keyword::kDEFAULT)) {
      return Unsupported("DEFAULT of a column");
    } else if (At(Keyword::kGENERATED)) {
      return Unsupported("GENERATED columns");
    } else {
      break;
    }
  }
  if (!metadata.empty())
    field.metadata_json = metadata.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return field;
}

/// `repeated`: the first clause that is there twice, an error once the whole statement has been read.
Status Parser::TableClauses(plan::CreateTable* table, std::vector<StructField>* columns, std::string* repeated) {
  bool options = false, properties = false, partitioned = false, location = false, comment = false;
  std::optional<PartitionField> bucket;
  const auto once = [&](bool before, const char* clause) {
    if (before && repeated->empty()) *repeated = clause;
    return true;
  };
  for (;;) {
    if (Accept(Keyword::kOPTIONS)) {
      options = once(options, "OPTIONS");
      ARROW_ASSIGN_OR_RAISE(table->options, PropertyList(true));
    } else if (AcceptWords({Keyword::kPARTITIONED, Keyword::kBY})) {
      partitioned = once(partitioned, "PARTITIONED BY");
      ARROW_ASSIGN_OR_RAISE(table->partitioning, PartitionFields(columns));
    } else if (Accept(Keyword::kLOCATION)) {
      location = once(location, "LOCATION");
      ARROW_ASSIGN_OR_RAISE(table->location, StringLiteral());
    } else if (Accept(Keyword::kCOMMENT)) {
      comment = once(comment, "COMMENT");
      ARROW_ASSIGN_OR_RAISE(table->comment, StringLiteral());
    } else if (Accept(Keyword::kTBLPROPERTIES)) {
      properties = once(properties, "TBLPROPERTIES");
      ARROW_ASSIGN_OR_RAISE(table->properties, PropertyList(false));
    } else if (AcceptWords({Keyword::kCLUSTERED, Keyword::kBY})) {
      once(bucket.has_value(), "CLUSTERED BY");
      ARROW_ASSIGN_OR_RAISE(bucket, Buckets());
    } else if (At(Keyword::kCLUSTER) && At(Keyword::kBY, 1)) {
      return Unsupported("CLUSTER BY");
    } else if (At(Keyword::kSKEWED) || (At(Keyword::kROW) && AtIdentifier(1)) || At(Keyword::kSTORED)) {
      return Unsupported(At(Keyword::kROW) ? "ROW FORMAT" : KeywordText(Peek().keyword));
    } else {
      if (bucket) table->partitioning.push_back(*bucket);  // after PARTITIONED BY, whichever was written first
      return Status::OK();
    }
  }
}

/// (column) INTO n BUCKETS: Hive's way to write bucket(n, column).
Result<PartitionField> Parser::Buckets() {
  PartitionField field;
  field.transform = "bucket";
  ARROW_RETURN_NOT_OK(Expect("("));
  ARROW_ASSIGN_OR_RAISE(std::string column, Identifier());
  field.column = {std::move(column)};
  if (At(",")) return Unsupported("CLUSTERED BY several columns");
  ARROW_RETURN_NOT_OK(Expect(")"));
  if (At(Keyword::kSORTED)) return Unsupported("SORTED BY");
  ARROW_RETURN_NOT_OK(Expect(Keyword::kINTO));
  if (Peek().kind != TokenKind::kInteger) return SyntaxError();
  const int start = Start();
  ARROW_ASSIGN_OR_RAISE(const int64_t count, IntegerToken());
  constexpr int64_t kMost = 100000;  // spark.sql.sources.bucketing.maxBuckets
  if (count <= 0 || count > kMost)
    return ErrorSince(start, "INVALID_BUCKET_COUNT",
                      {{"bucketingMaxBuckets", std::to_string(kMost)}, {"numBuckets", std::to_string(count)}});
  field.argument = static_cast<int>(count);
  ARROW_RETURN_NOT_OK(Expect(Keyword::kBUCKETS));
  return field;
}

Result<std::vector<PartitionField>> Parser::PartitionFields(std::vector<StructField>* columns) {
  std::vector<PartitionField> out;
  ARROW_RETURN_NOT_OK(Expect("("));
  do {
    const int start = Start();
    PartitionField field;
    ARROW_ASSIGN_OR_RAISE(field.column, MultipartName());
    if (!At("(")) {
      // "name TYPE" declares the column, as in Hive.
      if (AtIdentifier()) {
        ARROW_ASSIGN_OR_RAISE(StructField column, ColumnDefinition(field.column.back()));
        columns->push_back(std::move(column));
      }
      out.push_back(std::move(field));
      continue;
    }
    ++next_;
    field.transform = Lower(sql::Join(field.column, "."));
    field.column.clear();
    int arguments = 0;
    do {
      ++arguments;
      if (Peek().kind == TokenKind::kInteger) {
        ARROW_ASSIGN_OR_RAISE(const int64_t number, IntegerToken());
        if (number > 2147483647) return SyntaxError(-1);
        field.argument = static_cast<int>(number);
      } else if (AtIdentifier() && !AtTypedLiteral()) {
        if (!field.column.empty()) return Unsupported(field.transform + " of several columns in PARTITIONED BY");
        ARROW_ASSIGN_OR_RAISE(field.column, MultipartName());
      } else {
        ARROW_RETURN_NOT_OK(Expression(kUnaryPrecedence).status());
        return ErrorSince(start, "INVALID_SQL_SYNTAX.INVALID_COLUMN_REFERENCE",
                          {{"transform", QuoteIdentifier(field.transform)}, {"expr", std::string(TextOf(Peek(-1)))}});
      }
    } while (Accept(","));
    ARROW_RETURN_NOT_OK(Expect(")"));
    const bool sized = field.transform == "bucket" || field.transform == "truncate";
    if (field.column.empty() || arguments != (sized ? 2 : 1)) {
      return ErrorSince(start, "INVALID_SQL_SYNTAX.TRANSFORM_WRONG_NUM_ARGS",
                        {{"transform", QuoteIdentifier(field.transform)},
                         {"expectedNum", sized ? "2" : "1"},
                         {"actualNum", std::to_string(arguments)}});
    }
    out.push_back(std::move(field));
  } while (Accept(","));
  ARROW_RETURN_NOT_OK(Expect(")"));
  return out;
}

Result<std::string> Parser::PropertyKey() {
  if (AtString()) return StringLiteral();
  ARROW_ASSIGN_OR_RAISE(const NameParts parts, MultipartName());
  return sql::Join(parts, ".");
}

/// (key = value, ...). Values are literals, or with `expressions` also constant expressions written out.
Result<plan::Properties> Parser::PropertyList(bool expressions) {
  const int start = Start();
  ARROW_RETURN_NOT_OK(Expect("("));
  plan::Properties out;
  do {
    ARROW_ASSIGN_OR_RAISE(std::string key, PropertyKey());
    Accept("=");
    std::string value;
    if (At(",") || At(")")) {
      // A key alone has an empty value.
    } else if (AtString()) {
      ARROW_ASSIGN_OR_RAISE(value, StringLiteral());
    } else if (AtAny({Keyword::kTRUE, Keyword::kFALSE})) {
      value = Lower(TextOf(Peek()));
      ++next_;
    } else if (expressions) {
      ARROW_ASSIGN_OR_RAISE(const ExprPtr expr, Expression());
      if (expr->kind != plan::ExprKind::kLiteral) return Unsupported("expressions as OPTIONS values");
      value = plan::ExpressionName(*expr);
    } else {
      const std::string sign = Accept("-") ? "-" : "";
      const TokenKind kind = Peek().kind;
      if (kind != TokenKind::kInteger && kind != TokenKind::kDecimal) return SyntaxError();
      value = sign + std::string(TextOf(Peek()));
      ++next_;
    }
    if (!out.emplace(key, std::move(value)).second) {
      return ErrorSince(start, "DUPLICATE_KEY", {{"keyColumn", QuoteIdentifier(key)}});
    }
  } while (Accept(","));
  ARROW_RETURN_NOT_OK(Expect(")"));
  return out;
}

}  // namespace sluice::sql
