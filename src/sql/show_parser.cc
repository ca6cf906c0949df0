// SHOW and DESCRIBE.

#include "sql/parser_impl.h"
#include "sql/text.h"

namespace sluice::sql {

Result<std::optional<std::string>> Parser::ShowPattern() {
  const bool like = Accept(Keyword::kLIKE);
  if (!like && !AtString()) return std::optional<std::string>();
  ARROW_ASSIGN_OR_RAISE(std::string pattern, StringLiteral());
  return std::optional<std::string>(std::move(pattern));
}

Result<NameParts> Parser::FromNamespace() {
  if (!Accept(Keyword::kFROM) && !Accept(Keyword::kIN)) return NameParts{};
  return NameReference();
}

Result<PlanPtr> Parser::Show() {
  const int start = Start();
  ++next_;
  if (Accept(Keyword::kNAMESPACES) || Accept(Keyword::kDATABASES) || Accept(Keyword::kSCHEMAS)) {
    auto show = std::make_shared<plan::ShowNamespaces>();
    ARROW_ASSIGN_OR_RAISE(show->parent, FromNamespace());
    ARROW_ASSIGN_OR_RAISE(show->pattern, ShowPattern());
    return Finish(std::move(show), start);
  }
  if (Accept(Keyword::kTABLES)) {
    auto show = std::make_shared<plan::ShowTables>();
    ARROW_ASSIGN_OR_RAISE(show->parent, FromNamespace());
    ARROW_ASSIGN_OR_RAISE(show->pattern, ShowPattern());
    return Finish(std::move(show), start);
  }
  if (Accept(Keyword::kVIEWS)) {
    auto show = std::make_shared<plan::ShowViews>();
    ARROW_ASSIGN_OR_RAISE(show->parent, FromNamespace());
    ARROW_ASSIGN_OR_RAISE(show->pattern, ShowPattern());
    return Finish(std::move(show), start);
  }
  if (Accept(Keyword::kCATALOGS)) {
    auto show = std::make_shared<plan::ShowCatalogs>();
    ARROW_ASSIGN_OR_RAISE(show->pattern, ShowPattern());
    return Finish(std::move(show), start);
  }
  if (Accept(Keyword::kTBLPROPERTIES)) {
    auto show = std::make_shared<plan::ShowTableProperties>();
    ARROW_ASSIGN_OR_RAISE(show->name, NameReference());
    if (Accept("(")) {
      ARROW_ASSIGN_OR_RAISE(show->key, PropertyKey());
      ARROW_RETURN_NOT_OK(Expect(")"));
    }
    return Finish(std::move(show), start);
  }
  if (AcceptWords({Keyword::kCREATE, Keyword::kTABLE})) {
    auto show = std::make_shared<plan::ShowCreateTable>();
    ARROW_ASSIGN_OR_RAISE(show->name, NameReference());
    if (AtWords({Keyword::kAS, Keyword::kSERDE})) return Unsupported("SHOW CREATE TABLE AS SERDE");
    return Finish(std::move(show), start);
  }
  if (Accept(Keyword::kCOLUMNS)) {
    auto show = std::make_shared<plan::ShowColumns>();
    if (!Accept(Keyword::kFROM)) ARROW_RETURN_NOT_OK(Expect(Keyword::kIN));
    ARROW_ASSIGN_OR_RAISE(show->name, NameReference());
    ARROW_ASSIGN_OR_RAISE(NameParts space, FromNamespace());
    show->name.insert(show->name.begin(), space.begin(), space.end());
    return Finish(std::move(show), start);
  }
  if (At(Keyword::kCURRENT) && AtAny({Keyword::kNAMESPACE, Keyword::kDATABASE, Keyword::kSCHEMA}, 1)) {
    next_ += 2;
    return Finish(std::make_shared<plan::ShowCurrentNamespace>(), start);
  }
  if (At(Keyword::kFUNCTIONS) || At(Keyword::kFUNCTIONS, 1)) {
    if (!Accept(Keyword::kFUNCTIONS)) {
      const std::string scope = Lower(TextOf(Peek()));
      if (scope != "all" && scope != "user" && scope != "system") {
        return ErrorSince(start, "INVALID_SQL_SYNTAX.SHOW_FUNCTIONS_INVALID_SCOPE",
                          {{"scope", QuoteIdentifier(scope)}});
      }
      next_ += 2;
    }
    auto show = std::make_shared<plan::ShowFunctions>();
    ARROW_RETURN_NOT_OK(FromNamespace().status());
    const bool like = Accept(Keyword::kLIKE);
    if (AtString()) {
      ARROW_ASSIGN_OR_RAISE(show->pattern, StringLiteral());
    } else if (like || AtIdentifier()) {
      ARROW_ASSIGN_OR_RAISE(const NameParts name, MultipartName());
      show->pattern = name.back();
    }
    return Finish(std::move(show), start);
  }
  if (AtWords({Keyword::kTABLE, Keyword::kEXTENDED})) return Unsupported("SHOW TABLE EXTENDED");
  if (At(Keyword::kPARTITIONS)) return Unsupported("SHOW PARTITIONS");
  if (AtAny({Keyword::kROLE, Keyword::kGRANT})) return Unsupported(Cat("SHOW ", KeywordText(Peek().keyword)));
  return SyntaxError();
}

Result<PlanPtr> Parser::Describe() {
  const int start = Start();
  ++next_;
  if (At(Keyword::kFUNCTION) && !AtTerminator(1)) {
    ++next_;
    auto describe = std::make_shared<plan::DescribeFunction>();
    if (At(Keyword::kEXTENDED) && !AtTerminator(1)) describe->extended = Accept(Keyword::kEXTENDED);
    if (AtString()) {
      ARROW_ASSIGN_OR_RAISE(describe->name, StringLiteral());
    } else if (AtIdentifier()) {
      ARROW_ASSIGN_OR_RAISE(const NameParts name, NameReference());
      describe->name = sql::Join(name, ".");
    } else if (Peek().kind == TokenKind::kSymbol) {  // an operator
      while (Peek().kind == TokenKind::kSymbol && !At(";")) {
        describe->name += Cat(TextOf(Peek()));
        ++next_;
      }
    } else {
      return SyntaxError();
    }
    return Finish(std::move(describe), start);
  }
  if (AtAny({Keyword::kNAMESPACE, Keyword::kDATABASE, Keyword::kSCHEMA}) && AtIdentifier(1)) {
    ++next_;
    auto describe = std::make_shared<plan::DescribeNamespace>();
    if (At(Keyword::kEXTENDED) && AtIdentifier(1)) describe->extended = Accept(Keyword::kEXTENDED);
    ARROW_ASSIGN_OR_RAISE(describe->name, NameReference());
    return Finish(std::move(describe), start);
  }
  const bool query_word = At(Keyword::kQUERY) && AtQueryStart(1);
  if (query_word || AtQueryStart() || At("(")) {
    const bool table = !query_word && At(Keyword::kTABLE);
    if (!table) {
      if (query_word) ++next_;
      auto describe = std::make_shared<plan::DescribeQuery>();
      ARROW_ASSIGN_OR_RAISE(PlanPtr query, Query());
      describe->children = {std::move(query)};
      return Finish(std::move(describe), start);
    }
  }
  auto describe = std::make_shared<plan::DescribeTable>();
  if (At(Keyword::kTABLE) && AtIdentifier(1)) ++next_;
  if (AtAny({Keyword::kEXTENDED, Keyword::kFORMATTED}) && AtIdentifier(1)) {
    ++next_;
    describe->extended = true;
  }
  ARROW_ASSIGN_OR_RAISE(describe->name, NameReference());
  if (At(Keyword::kPARTITION) && At("(", 1)) return Unsupported("DESCRIBE of a partition");
  if (At(Keyword::kAS) && AtIdentifier(1)) return Unsupported("DESCRIBE AS JSON");
  if (AtIdentifier()) {
    ARROW_ASSIGN_OR_RAISE(describe->column, MultipartName());
  }
  return Finish(std::move(describe), start);
}

}  // namespace sluice::sql
