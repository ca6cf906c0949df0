// Tokens, names, errors and the entry points.
#include "sql/parser.h"

#include <cstdlib>

#include "sql/parser_impl.h"
#include "sql/text.h"

namespace sluice::sql {

Parser::Parser(std::string_view sql, const ParserOptions& options)
    : text_(std::make_shared<const std::string>(sql)), options_(options), lexed_(Lex(*text_)) {}

// ---- tokens --------------------------------------------------------------------------------------------------------

const Token& Parser::Peek(int ahead) const {
  const size_t at = next_ + static_cast<size_t>(ahead);
  return lexed_.tokens[std::min(at, lexed_.tokens.size() - 1)];
}

bool Parser::At(std::string_view symbol, int ahead) const {
  const Token& token = Peek(ahead);
  return token.kind == TokenKind::kSymbol && token.symbol == Sym(symbol);
}

bool Parser::AtAny(std::initializer_list<Keyword> keywords, int ahead) const {
  for (const Keyword keyword : keywords) {
    if (At(keyword, ahead)) return true;
  }
  return false;
}

bool Parser::AtWords(std::initializer_list<Keyword> keywords) const {
  int ahead = 0;
  for (const Keyword keyword : keywords) {
    if (!At(keyword, ahead++)) return false;
  }
  return true;
}

bool Parser::Accept(Keyword keyword) {
  if (!At(keyword)) return false;
  ++next_;
  return true;
}

bool Parser::Accept(std::string_view symbol) {
  if (!At(symbol)) return false;
  ++next_;
  return true;
}

bool Parser::AcceptWords(std::initializer_list<Keyword> keywords) {
  if (!AtWords(keywords)) return false;
  next_ += keywords.size();
  return true;
}

bool Parser::AcceptNot() { return Accept(Keyword::kNOT); }

Status Parser::Expect(Keyword keyword) { return Accept(keyword) ? Status::OK() : SyntaxError(); }
Status Parser::Expect(std::string_view symbol) { return Accept(symbol) ? Status::OK() : SyntaxError(); }

Status Parser::SyntaxError(int ahead) const {
  const Token& token = Peek(ahead);
  Origin origin{text_, token.start, token.stop};
  const bool end = token.kind == TokenKind::kEnd;
  return MakeError("PARSE_SYNTAX_ERROR",
                   {{"error", end ? "end of input" : "'" + std::string(TextOf(token)) + "'"}, {"hint", ""}}, &origin);
}

Origin Parser::OriginSince(int start) const {
  const int stop = next_ > 0 ? lexed_.tokens[next_ - 1].stop : start;
  return {text_, start, std::max(start, stop)};
}

Status Parser::ErrorSince(int start, std::string_view condition, ErrorParameters parameters) const {
  const Origin origin = OriginSince(start);
  return MakeError(condition, std::move(parameters), &origin);
}

Status Parser::Unsupported(std::string_view feature) const {
  const Origin origin{text_, Peek().start, Peek().stop};
  return UnsupportedFeature(feature, &origin);
}

Status Parser::TooComplex() const {
  const Origin origin{text_, Peek().start, Peek().stop};
  return MakeError("FAILED_TO_PARSE_TOO_COMPLEX", {}, &origin);
}

Status Parser::Enter() {
  // The guard leaves even when this fails, so count first.
  return ++depth_ > kMaxDepth ? (--depth_, TooComplex()) : Status::OK();
}

Status Parser::Grow() { return ++height_ > kMaxHeight ? TooComplex() : Status::OK(); }

// ---- names ---------------------------------------------------------------------------------------------------------

bool Parser::AtIdentifier(int ahead) const {
  const TokenKind kind = Peek(ahead).kind;
  return kind == TokenKind::kWord || kind == TokenKind::kQuoted ||
         (kind == TokenKind::kDoubleQuoted && options_.double_quoted_identifiers);
}

bool Parser::AtString(int ahead) const {
  const TokenKind kind = Peek(ahead).kind;
  return kind == TokenKind::kString || (kind == TokenKind::kDoubleQuoted && !options_.double_quoted_identifiers);
}

Result<std::string> Parser::Identifier() {
  if (!AtIdentifier()) return SyntaxError();
  const Token& token = Peek();
  const std::string_view written = TextOf(token);
  ++next_;
  if (token.kind == TokenKind::kWord) {
    for (const char c : written) {
      if (static_cast<unsigned char>(c) >= 0x80) {
        return ErrorSince(token.start, "INVALID_IDENTIFIER", {{"ident", std::string(written)}});
      }
    }
    return std::string(written);
  }
  std::string out;
  for (size_t i = 1; i + 1 < written.size(); ++i) {
    out.push_back(written[i]);
    if (written[i] == written[0]) ++i;  // doubled
  }
  return out;
}

Result<std::string> Parser::CapturingIdentifier() {
  const int start = Start();
  ARROW_ASSIGN_OR_RAISE(std::string name, Identifier());
  if (!At("-") || !AtIdentifier(1)) return name;
  const int dash = Start();
  while (At("-") && AtIdentifier(1)) next_ += 2;
  const Origin origin = OriginSince(start);
  return ErrorSince(dash, "INVALID_IDENTIFIER", {{"ident", text_->substr(origin.start, origin.stop - origin.start)}});
}

Result<NameParts> Parser::MultipartName() {
  NameParts parts;
  do {
    ARROW_ASSIGN_OR_RAISE(std::string part, CapturingIdentifier());
    parts.push_back(std::move(part));
  } while (Accept("."));
  return parts;
}

Result<NameParts> Parser::NameReference() {
  if (!At(Keyword::kIDENTIFIER) || !At("(", 1)) return MultipartName();
  next_ += 2;
  if (!AtString()) return Unsupported("IDENTIFIER clause with anything but a string literal");
  ARROW_ASSIGN_OR_RAISE(const std::string name, StringLiteral());
  ARROW_RETURN_NOT_OK(Expect(")"));
  return ParseMultipartIdentifier(name);
}

Result<NameParts> Parser::IdentifierList() {
  ARROW_RETURN_NOT_OK(Expect("("));
  NameParts names;
  do {
    ARROW_ASSIGN_OR_RAISE(std::string name, CapturingIdentifier());
    names.push_back(std::move(name));
  } while (Accept(","));
  ARROW_RETURN_NOT_OK(Expect(")"));
  return names;
}

Result<std::string> Parser::StringLiteral() {
  if (!AtString()) return SyntaxError();
  std::string out = UnescapeString(TextOf(Peek()), options_.escaped_string_literals);
  ++next_;
  return out;
}

Result<int64_t> Parser::IntegerToken() {
  if (Peek().kind != TokenKind::kInteger) return SyntaxError();
  const std::string digits(TextOf(Peek()));
  if (digits.size() > 18) return SyntaxError();
  ++next_;
  return std::strtoll(digits.c_str(), nullptr, 10);
}

bool Parser::AtTerminator(int ahead) const {
  const TokenKind kind = Peek(ahead).kind;
  return kind == TokenKind::kEnd || kind == TokenKind::kHintEnd || At(",", ahead) || At(")", ahead) || At(";", ahead) ||
         At("]", ahead);
}

bool Parser::AtQueryStart(int ahead) const {
  switch (Peek(ahead).keyword) {
    case Keyword::kSELECT: return !AtTerminator(ahead + 1);
    case Keyword::kWITH:
      return AtIdentifier(ahead + 1) &&
             (At(Keyword::kAS, ahead + 2) || At("(", ahead + 2) || At(Keyword::kRECURSIVE, ahead + 1));
    case Keyword::kVALUES:
      return !AtTerminator(ahead + 1) && !At(Keyword::kAS, ahead + 1) &&
             (Peek(ahead + 1).kind != TokenKind::kSymbol || At("(", ahead + 1) || At("-", ahead + 1));
    case Keyword::kFROM: return AtIdentifier(ahead + 1) || At("(", ahead + 1);
    case Keyword::kTABLE: return AtIdentifier(ahead + 1);
    default: return false;
  }
}

bool Parser::AtClause(int ahead) const {
  switch (Peek(ahead).keyword) {
    case Keyword::kFROM: return !AtTerminator(ahead + 1) && !At(Keyword::kFROM, ahead + 1);
    case Keyword::kWHERE:
    case Keyword::kHAVING:
    case Keyword::kLIMIT:
    case Keyword::kOFFSET:
    case Keyword::kSELECT: return !AtTerminator(ahead + 1) && !At(Keyword::kFROM, ahead + 1);
    case Keyword::kGROUP:
    case Keyword::kORDER:
    case Keyword::kSORT:
    case Keyword::kCLUSTER:
    case Keyword::kDISTRIBUTE: return At(Keyword::kBY, ahead + 1);
    case Keyword::kLATERAL: return At(Keyword::kVIEW, ahead + 1);
    case Keyword::kWINDOW: return AtIdentifier(ahead + 1) && At(Keyword::kAS, ahead + 2);
    case Keyword::kUNION:
    case Keyword::kEXCEPT:
    case Keyword::kINTERSECT:
    case Keyword::kMINUS:
      return AtQueryStart(ahead + 1) || At("(", ahead + 1) || AtAny({Keyword::kALL, Keyword::kDISTINCT}, ahead + 1);
    case Keyword::kPIVOT:
    case Keyword::kTABLESAMPLE:
    case Keyword::kWITH: return At("(", ahead + 1);
    case Keyword::kUNPIVOT: return At("(", ahead + 1) || AtAny({Keyword::kINCLUDE, Keyword::kEXCLUDE}, ahead + 1);
    case Keyword::kFOR: return AtIdentifier(ahead + 1) || At("(", ahead + 1);
    case Keyword::kVERSION:
    case Keyword::kTIMESTAMP:
    case Keyword::kSYSTEM_TIME:
    case Keyword::kSYSTEM_VERSION: return At(Keyword::kAS, ahead + 1) && At(Keyword::kOF, ahead + 2);
    case Keyword::kINSERT: return AtAny({Keyword::kINTO, Keyword::kOVERWRITE}, ahead + 1);
    case Keyword::kWATERMARK: return AtIdentifier(ahead + 1);
    case Keyword::kDELAY: return At(Keyword::kOF, ahead + 1);
    default: return false;
  }
}

// ---- entry points --------------------------------------------------------------------------------------------------

Result<PlanPtr> Parser::SingleStatement() {
  if (lexed_.unclosed_comment >= 0) {
    const Origin origin{text_, lexed_.unclosed_comment, static_cast<int>(text_->size())};
    return MakeError("UNCLOSED_BRACKETED_COMMENT", {}, &origin);
  }
  if (AtEnd()) return MakeError("PARSE_EMPTY_STATEMENT");
  ARROW_ASSIGN_OR_RAISE(PlanPtr plan, Statement());
  while (Accept(";")) {
  }
  if (!AtEnd()) return SyntaxError();
  return plan;
}

Result<ExprPtr> Parser::SingleExpression() {
  if (AtEnd()) return MakeError("PARSE_EMPTY_STATEMENT");
  ARROW_ASSIGN_OR_RAISE(ExprPtr expr, NamedExpression());
  if (!AtEnd()) return SyntaxError();
  return expr;
}

Result<NameParts> Parser::SingleName() {
  if (AtEnd()) return MakeError("PARSE_EMPTY_STATEMENT");
  ARROW_ASSIGN_OR_RAISE(NameParts parts, MultipartName());
  if (!AtEnd()) return SyntaxError();
  return parts;
}

Result<PlanPtr> ParseStatement(std::string_view sql, const ParserOptions& options) {
  return Parser(sql, options).SingleStatement();
}

Result<ExprPtr> ParseExpression(std::string_view text, const ParserOptions& options) {
  return Parser(text, options).SingleExpression();
}

Result<NameParts> ParseMultipartIdentifier(std::string_view text) { return Parser(text, {}).SingleName(); }

Result<NameParts> ParseTableIdentifier(std::string_view text) {
  ARROW_ASSIGN_OR_RAISE(NameParts parts, ParseMultipartIdentifier(text));
  if (parts.size() > 2) {
    return MakeError("IDENTIFIER_TOO_MANY_NAME_PARTS", {{"identifier", sql::Join(parts, ".")}, {"limit", "2"}});
  }
  return parts;
}

Result<std::vector<StatementRange>> SplitStatements(std::string_view script) {
  const LexedText lexed = Lex(script);
  if (lexed.unclosed_comment >= 0) return MakeError("UNCLOSED_BRACKETED_COMMENT");
  std::vector<StatementRange> out;
  StatementRange current;
  bool empty = true;
  for (const Token& token : lexed.tokens) {
    const bool separator = token.kind == TokenKind::kSymbol && token.symbol == Sym(";");
    if (separator || token.kind == TokenKind::kEnd) {
      current.terminated = separator;
      if (!empty) out.push_back(current);
      current = {};
      empty = true;
      continue;
    }
    if (empty) current.start = static_cast<size_t>(token.start);
    current.stop = static_cast<size_t>(token.stop);
    empty = false;
  }
  return out;
}

}  // namespace sluice::sql
