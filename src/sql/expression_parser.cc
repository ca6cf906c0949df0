// Operators and predicates: a Pratt parser over the precedences of parser_impl.h.
#include <algorithm>
#include <functional>

#include "sql/parser_impl.h"

namespace sluice::sql {

using plan::SortOrder;
using plan::UnresolvedFunction;

ExprPtr Parser::Function(std::string_view name, ExprList args, int start, bool is_operator) const {
  auto call = std::make_shared<UnresolvedFunction>();
  call->name = {std::string(name)};
  call->children = std::move(args);
  call->is_operator = is_operator;
  call->origin = OriginSince(start);
  return call;
}

Result<ExprPtr> Parser::Expression(int min_precedence) {
  SLUICE_ENTER();
  const int outer_height = height_;
  height_ = 0;
  const int start = Start();
  ARROW_ASSIGN_OR_RAISE(ExprPtr left, Prefix(min_precedence));
  ARROW_ASSIGN_OR_RAISE(left, ContinueExpression(std::move(left), start, min_precedence));
  height_ = std::max(outer_height, height_ + 1);
  return left;
}

Result<ExprPtr> Parser::Prefix(int min_precedence) {
  const int start = Start();
  const bool negation = (At(Keyword::kNOT) || At("!")) && min_precedence <= kNotPrecedence;
  // NOT as a column or function name: NOT followed by nothing it could negate.
  if (negation && !AtTerminator(1)) {
    ++next_;
    ARROW_ASSIGN_OR_RAISE(ExprPtr operand, Expression(kNotPrecedence));
    return Negate(std::move(operand), start);
  }
  if (min_precedence <= kNotPrecedence + 1 && At(Keyword::kEXISTS) && At("(", 1) && AtQueryStart(2)) {
    next_ += 2;
    return SubqueryAfterParen(start, plan::SubqueryKind::kExists, {});
  }
  if (At("-") || At("+") || At("~")) {
    const bool minus = At("-");
    const TokenKind after = Peek(1).kind;
    const bool number = after >= TokenKind::kInteger && after <= TokenKind::kBigDecimal;
    if (minus && number) return Primary();
    const char* name = minus ? "negative" : At("+") ? "positive" : "~";
    ++next_;
    ARROW_ASSIGN_OR_RAISE(ExprPtr operand, Expression(kUnaryPrecedence));
    return Function(name, {std::move(operand)}, start);
  }
  return Primary();
}

int Parser::BinaryPrecedence(std::string* function, int* tokens) const {
  *tokens = 1;
  const Token& token = Peek();
  if (token.kind == TokenKind::kWord) {
    if (token.keyword != Keyword::kDIV) return -1;
    *function = "div";
    return AtTerminator(1) ? -1 : static_cast<int>(kProductPrecedence);
  }
  if (token.kind != TokenKind::kSymbol) return -1;
  *function = std::string(TextOf(token));
  switch (token.symbol) {
    case Sym("*"):
    case Sym("/"):
    case Sym("%"): return kProductPrecedence;
    case Sym("+"):
    case Sym("-"):
    case Sym("||"): return kSumPrecedence;
    case Sym("<<"): *tokens = 1; return kShiftPrecedence;
    case Sym("&"): return kBitAndPrecedence;
    case Sym("^"): return kBitXorPrecedence;
    case Sym("|"): return kBitOrPrecedence;
    case Sym("=="): *function = "="; return kComparisonPrecedence;
    case Sym("="):
    case Sym("<"):
    case Sym("<="):
    case Sym(">="):
    case Sym("<=>"): return kComparisonPrecedence;
    case Sym("!>"): *function = "<="; return kComparisonPrecedence;
    case Sym("!<"): *function = ">="; return kComparisonPrecedence;
    case Sym("<>"):
    case Sym("!="): *function = "!="; return kComparisonPrecedence;
    case Sym(">"): {
      // >> and >>> come as single characters that touch.
      int count = 1;
      while (count < 3 && At(">", count) && Peek(count).start == token.start + count) ++count;
      *tokens = count;
      *function = std::string(static_cast<size_t>(count), '>');
      return count == 1 ? kComparisonPrecedence : kShiftPrecedence;
    }
    default: return -1;
  }
}

Result<ExprPtr> Parser::ContinueExpression(ExprPtr left, int start, int min_precedence) {
  bool predicated = false;
  for (;;) {
    std::string function;
    int tokens = 1;
    const int precedence = predicated ? -1 : BinaryPrecedence(&function, &tokens);
    if (precedence >= 0) {
      if (precedence < min_precedence) return left;
      next_ += static_cast<size_t>(tokens);
      ARROW_ASSIGN_OR_RAISE(ExprPtr right, Expression(precedence + 1));
      ARROW_RETURN_NOT_OK(Grow());
      if (function == "!=") {
        left = Negate(Function("=", {std::move(left), std::move(right)}, start), start);
      } else {
        left = Function(function, {std::move(left), std::move(right)}, start);
      }
      continue;
    }
    if (!predicated && min_precedence <= kPredicatePrecedence) {
      ARROW_ASSIGN_OR_RAISE(ExprPtr predicate, Predicate(left));
      predicated = true;
      if (predicate != left) {
        ARROW_RETURN_NOT_OK(Grow());
        left = std::move(predicate);
      }
      continue;
    }
    if (At(Keyword::kAND) && min_precedence <= kAndPrecedence && !AtTerminator(1)) {
      ARROW_ASSIGN_OR_RAISE(left, LogicalChain(std::move(left), start, Keyword::kAND, kAndPrecedence));
      continue;
    }
    if (At(Keyword::kOR) && min_precedence <= kOrPrecedence && !AtTerminator(1)) {
      ARROW_ASSIGN_OR_RAISE(left, LogicalChain(std::move(left), start, Keyword::kOR, kOrPrecedence));
      continue;
    }
    return left;
  }
}

namespace {

/// Halves a chain so that the tree stays shallow, as Spark does: a AND b AND c AND d is (a AND b) AND (c AND d).
ExprPtr Balance(const ExprList& operands, size_t low, size_t high,
                const std::function<ExprPtr(ExprPtr, ExprPtr)>& combine) {
  if (low == high) return operands[low];
  if (low + 1 == high) return combine(operands[low], operands[high]);
  const size_t middle = low + (high - low) / 2;
  return combine(Balance(operands, low, middle, combine), Balance(operands, middle + 1, high, combine));
}

}  // namespace

Result<ExprPtr> Parser::LogicalChain(ExprPtr left, int start, Keyword keyword, int precedence) {
  ExprList operands = {std::move(left)};
  while (At(keyword) && !AtTerminator(1)) {
    ++next_;
    ARROW_ASSIGN_OR_RAISE(ExprPtr operand, Expression(precedence + 1));
    operands.push_back(std::move(operand));
  }
  for (size_t i = operands.size(); i > 1; i = (i + 1) / 2) ARROW_RETURN_NOT_OK(Grow());
  const std::string_view name = keyword == Keyword::kAND ? "and" : "or";
  // Every node of the chain is blamed on all of it.
  return Balance(operands, 0, operands.size() - 1, [&](ExprPtr a, ExprPtr b) {
    return Function(name, {std::move(a), std::move(b)}, start);
  });
}

// ---- predicates ----------------------------------------------------------------------------------------------------

/// Spark blames a predicate on its own words: `x NOT IN (1)` begins at NOT.
Result<ExprPtr> Parser::Predicate(ExprPtr left) {
  const bool negated = At(Keyword::kNOT) || At("!");
  const int start = Start();
  const int at = negated ? 1 : 0;
  const Keyword keyword = Peek(at).keyword;
  switch (keyword) {
    case Keyword::kIS:
      if (negated || AtTerminator(1)) return left;
      return IsPredicate(std::move(left), start);
    case Keyword::kBETWEEN:
    case Keyword::kIN:
    case Keyword::kLIKE:
    case Keyword::kILIKE:
    case Keyword::kRLIKE:
    case Keyword::kREGEXP: break;
    default: return left;
  }
  if (AtTerminator(at + 1)) return left;  // an alias
  if (At("!")) return ErrorSince(start, "SYNTAX_DISCONTINUED.BANG_EQUALS_NOT", {{"clause", "!"}});
  if (negated) ++next_;
  if (keyword == Keyword::kIN) return InPredicate(std::move(left), start, negated);
  if (keyword == Keyword::kLIKE || keyword == Keyword::kILIKE) {
    return LikePredicate(std::move(left), start, negated);
  }
  ++next_;
  ExprPtr out;
  if (keyword == Keyword::kBETWEEN) {
    ARROW_ASSIGN_OR_RAISE(ExprPtr lower, Expression(kValuePrecedence));
    ARROW_RETURN_NOT_OK(Expect(Keyword::kAND));
    ARROW_ASSIGN_OR_RAISE(ExprPtr upper, Expression(kValuePrecedence));
    out = Function("between", {std::move(left), std::move(lower), std::move(upper)}, start);
  } else {
    ARROW_ASSIGN_OR_RAISE(ExprPtr pattern, Expression(kValuePrecedence));
    out = Function("rlike", {std::move(left), std::move(pattern)}, start);
  }
  return negated ? Negate(std::move(out), start) : out;
}

Result<ExprPtr> Parser::InPredicate(ExprPtr left, int start, bool negated) {
  ++next_;
  ARROW_RETURN_NOT_OK(Expect("("));
  if (At(")")) return SyntaxError(-1);
  const auto values_of = [](const ExprPtr& expr) {
    const auto* row = plan::As<UnresolvedFunction>(expr);
    return row != nullptr && row->is_operator && row->name[0] == "struct" ? expr->children : ExprList{expr};
  };
  ExprPtr out;
  // Spark reads IN (SELECT 'x') as a list of one typed literal, of type SELECT.
  if (AtQueryStart() && !(AtTypedLiteral() && At(")", 2))) {
    ARROW_ASSIGN_OR_RAISE(out, SubqueryAfterParen(start, plan::SubqueryKind::kIn, values_of(left)));
  } else {
    const int inner = Start();
    ARROW_ASSIGN_OR_RAISE(ExprList list, Expressions());
    const auto* subquery = plan::As<plan::SubqueryExpression>(list[0]);
    if (list.size() == 1 && subquery != nullptr && subquery->subquery_kind == plan::SubqueryKind::kScalar &&
        AtQueryContinuation()) {
      ARROW_ASSIGN_OR_RAISE(PlanPtr query, ContinueQuery(subquery->plan, inner));
      auto in = std::make_shared<plan::SubqueryExpression>();
      in->subquery_kind = plan::SubqueryKind::kIn;
      in->children = values_of(left);
      in->plan = std::move(query);
      ARROW_RETURN_NOT_OK(Expect(")"));
      in->origin = OriginSince(start);
      out = std::move(in);
    } else {
      ARROW_RETURN_NOT_OK(Expect(")"));
      list.insert(list.begin(), std::move(left));
      out = Function("in", std::move(list), start);
    }
  }
  return negated ? Negate(std::move(out), start) : out;
}

Result<ExprPtr> Parser::LikePredicate(ExprPtr left, int start, bool negated) {
  const bool ignore_case = At(Keyword::kILIKE);
  ++next_;
  const bool all = At(Keyword::kALL);
  if (AtAny({Keyword::kANY, Keyword::kSOME, Keyword::kALL}) && At("(", 1)) {
    next_ += 2;
    if (At(")"))
      return ErrorSince(start, "_LEGACY_ERROR_TEMP_0064", {{"msg", "Expected something between '(' and ')'."}});
    ARROW_ASSIGN_OR_RAISE(ExprList patterns, Expressions());
    ARROW_RETURN_NOT_OK(Expect(")"));
    return QuantifiedLike(std::move(left), std::move(patterns),
                          {.ignore_case = ignore_case, .negated = negated, .all = all}, start);
  }
  ARROW_ASSIGN_OR_RAISE(ExprPtr pattern, Expression(kValuePrecedence));
  ExprList args = {std::move(left), std::move(pattern)};
  if (Accept(Keyword::kESCAPE)) {
    const int at = Start();
    ARROW_ASSIGN_OR_RAISE(const std::string escape, StringLiteral());
    size_t characters = 0;
    for (const char c : escape) characters += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
    if (characters != 1) return ErrorSince(start, "INVALID_ESC", {{"invalidEscape", "\"" + escape + "\""}});
    args.push_back(Lit(StringValue(escape), at));
  }
  ExprPtr out = Function(ignore_case ? "ilike" : "like", std::move(args), start);
  return negated ? Negate(std::move(out), start) : out;
}

/// LIKE ANY (...): one function when every pattern is a literal, as Spark has it, else the comparisons written out.
Result<ExprPtr> Parser::QuantifiedLike(ExprPtr left, ExprList patterns, LikeWords words, int start) {
  const auto lower = [&](ExprPtr expr) { return Function("lower", {std::move(expr)}, start); };
  const bool literal = std::all_of(patterns.begin(), patterns.end(), [](const ExprPtr& pattern) {
    return pattern->kind == plan::ExprKind::kLiteral && pattern->type == DataType::String();
  });
  if (literal) {
    ExprList args = {words.ignore_case ? lower(std::move(left)) : std::move(left)};
    for (auto& pattern : patterns) args.push_back(words.ignore_case ? lower(std::move(pattern)) : std::move(pattern));
    const std::string name = words.all ? "likeall" : "likeany";
    return Function(words.negated ? "not" + name : name, std::move(args), start);
  }
  ExprPtr out;
  for (auto& pattern : patterns) {
    ExprPtr like = Function(words.ignore_case ? "ilike" : "like", {left, std::move(pattern)}, start);
    if (words.negated) like = Negate(std::move(like), start);
    ARROW_RETURN_NOT_OK(Grow());
    out = out ? Function(words.all ? "and" : "or", {std::move(out), std::move(like)}, start) : std::move(like);
  }
  return out;
}

Result<ExprPtr> Parser::IsPredicate(ExprPtr left, int start) {
  ++next_;
  if (At("!")) return ErrorSince(start, "SYNTAX_DISCONTINUED.BANG_EQUALS_NOT", {{"clause", "!"}});
  const bool negated = AcceptNot();
  ExprPtr out;
  if (Accept(Keyword::kNULL) || Accept(Keyword::kUNKNOWN)) {
    return Function(negated ? "isnotnull" : "isnull", {std::move(left)}, start);
  }
  if (At(Keyword::kTRUE) || At(Keyword::kFALSE)) {
    const bool value = At(Keyword::kTRUE);
    const int at = Start();
    ++next_;
    out = Function("<=>", {std::move(left), Lit(BooleanValue(value), at)}, start);
    return negated ? Negate(std::move(out), start) : out;
  }
  ARROW_RETURN_NOT_OK(Expect(Keyword::kDISTINCT));
  ARROW_RETURN_NOT_OK(Expect(Keyword::kFROM));
  ARROW_ASSIGN_OR_RAISE(ExprPtr right, Expression(kValuePrecedence));
  out = Function("<=>", {std::move(left), std::move(right)}, start);
  return negated ? out : Negate(std::move(out), start);
}

// ---- lists ---------------------------------------------------------------------------------------------------------

Result<ExprList> Parser::Expressions() {
  ExprList out;
  do {
    ARROW_ASSIGN_OR_RAISE(ExprPtr expr, Expression());
    out.push_back(std::move(expr));
  } while (Accept(","));
  return out;
}

Result<ExprPtr> Parser::NamedExpression() {
  const int start = Start();
  ARROW_ASSIGN_OR_RAISE(ExprPtr expr, Expression());
  const bool as = Accept(Keyword::kAS);
  if (At("(") && as) {
    ARROW_ASSIGN_OR_RAISE(NameParts names, IdentifierList());
    auto alias = std::make_shared<plan::MultiAlias>();
    alias->children = {std::move(expr)};
    alias->names = std::move(names);
    alias->origin = OriginSince(start);
    return alias;
  }
  if (!as && (!AtIdentifier() || AtClause())) return expr;
  ARROW_ASSIGN_OR_RAISE(std::string name, CapturingIdentifier());
  auto alias = std::make_shared<plan::Alias>();
  alias->children = {std::move(expr)};
  alias->name = std::move(name);
  alias->id = plan::NextExprId();
  alias->origin = OriginSince(start);
  return alias;
}

Result<ExprList> Parser::NamedExpressions() {
  ExprList out;
  do {
    ARROW_ASSIGN_OR_RAISE(ExprPtr expr, NamedExpression());
    out.push_back(std::move(expr));
  } while (Accept(","));
  return out;
}

Result<ExprPtr> Parser::SortItem() {
  const int start = Start();
  ARROW_ASSIGN_OR_RAISE(ExprPtr expr, Expression());
  auto order = std::make_shared<SortOrder>();
  order->children = {std::move(expr)};
  if (Accept(Keyword::kDESC)) {
    order->ascending = false;
    order->nulls_first = false;
  } else {
    Accept(Keyword::kASC);
  }
  if (Accept(Keyword::kNULLS)) {
    order->nulls_first = At(Keyword::kFIRST);
    if (!Accept(Keyword::kFIRST)) ARROW_RETURN_NOT_OK(Expect(Keyword::kLAST));
  }
  order->origin = OriginSince(start);
  return order;
}

Result<ExprList> Parser::SortItems() {
  ExprList out;
  do {
    ARROW_ASSIGN_OR_RAISE(ExprPtr item, SortItem());
    out.push_back(std::move(item));
  } while (Accept(","));
  return out;
}

}  // namespace sluice::sql
