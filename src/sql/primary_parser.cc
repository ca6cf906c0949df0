// Operands: constants, columns, parentheses, subqueries, lambdas, CASE, and what follows them: a.b, a[b], a::type.
#include "sql/parser_impl.h"

namespace sluice::sql {

using plan::ExprKind;
using plan::SubqueryKind;
using plan::UnresolvedAttribute;
using plan::UnresolvedExtract;

ExprPtr Parser::Lit(TypedValue value, int start) const {
  return plan::MakeLiteral(std::move(value), OriginSince(start));
}

Result<ExprPtr> Parser::Primary() {
  const int start = Start();
  ARROW_ASSIGN_OR_RAISE(ExprPtr left, PrimaryHead());
  for (;;) {
    if (At("[")) {
      ++next_;
      ARROW_ASSIGN_OR_RAISE(ExprPtr key, Expression(kValuePrecedence));
      ARROW_RETURN_NOT_OK(Expect("]"));
      auto extract = std::make_shared<UnresolvedExtract>();
      extract->children = {std::move(left), std::move(key)};
      extract->origin = OriginSince(start);
      left = std::move(extract);
    } else if (At(".") && AtIdentifier(1)) {
      ++next_;
      const int at = Start();
      ARROW_ASSIGN_OR_RAISE(const std::string field, Identifier());
      if (const auto* name = plan::As<UnresolvedAttribute>(left)) {  // (a).b is a.b
        auto longer = std::make_shared<UnresolvedAttribute>(*name);
        longer->parts.push_back(field);
        longer->origin = OriginSince(start);
        left = std::move(longer);
        continue;
      }
      auto extract = std::make_shared<UnresolvedExtract>();
      extract->children = {std::move(left), Lit(StringValue(field), at)};
      extract->origin = OriginSince(start);
      left = std::move(extract);
    } else if (At(".")) {
      return SyntaxError(1);
    } else if (At("::")) {
      ++next_;
      ARROW_ASSIGN_OR_RAISE(DataType type, Type());
      auto cast = std::make_shared<plan::Cast>();
      cast->children = {std::move(left)};
      cast->to = std::move(type);
      cast->origin = OriginSince(start);
      left = std::move(cast);
    } else if (At(Keyword::kCOLLATE) && AtIdentifier(1)) {
      return Unsupported("COLLATE");
    } else {
      return left;
    }
    ARROW_RETURN_NOT_OK(Grow());
  }
}

Result<ExprPtr> Parser::PrimaryHead() {
  const Token& token = Peek();
  const int start = token.start;
  switch (token.kind) {
    case TokenKind::kInteger:
    case TokenKind::kDecimal:
    case TokenKind::kExponent:
    case TokenKind::kLong:
    case TokenKind::kShort:
    case TokenKind::kByte:
    case TokenKind::kFloat:
    case TokenKind::kDouble:
    case TokenKind::kBigDecimal: return Number(false);
    case TokenKind::kString: return String();
    case TokenKind::kDoubleQuoted: return options_.double_quoted_identifiers ? NameOrCall() : String();
    case TokenKind::kQuoted: return NameOrCall();
    case TokenKind::kWord: break;
    case TokenKind::kSymbol:
      if (At("(")) return Parenthesized();
      if (At("*")) {
        ++next_;
        return Star({}, start);
      }
      if (At("-") && Peek(1).kind >= TokenKind::kInteger && Peek(1).kind <= TokenKind::kBigDecimal) {
        ++next_;
        return Number(true);
      }
      if (At("?")) {
        ++next_;
        auto parameter = std::make_shared<plan::Parameter>();
        parameter->origin = OriginSince(start);
        return parameter;
      }
      if (At(":") && AtIdentifier(1)) {
        ++next_;
        auto parameter = std::make_shared<plan::Parameter>();
        ARROW_ASSIGN_OR_RAISE(parameter->name, Identifier());
        parameter->origin = OriginSince(start);
        return parameter;
      }
      return SyntaxError();
    default: return SyntaxError();
  }
  if (AtTypedLiteral()) return TypedLiteral();
  if (AtInterval()) return Interval();
  const bool called = At("(", 1);
  switch (token.keyword) {
    case Keyword::kNULL:
      if (called) break;
      ++next_;
      return Lit(NullValue(), start);
    case Keyword::kTRUE:
    case Keyword::kFALSE:
      if (called) break;
      ++next_;
      return Lit(BooleanValue(token.keyword == Keyword::kTRUE), start);
    case Keyword::kCASE:
      if (called || AtTerminator(1) || At(".", 1) || At(Keyword::kFROM, 1) || At(Keyword::kEND, 1)) break;
      return Case();
    default: break;
  }
  return NameOrCall();
}

Result<ExprPtr> Parser::Star(NameParts target, int start) {
  auto star = std::make_shared<plan::UnresolvedStar>();
  star->target = std::move(target);
  if (At(Keyword::kEXCEPT) && At("(", 1) && !AtQueryStart(2)) {
    next_ += 2;
    do {
      ARROW_ASSIGN_OR_RAISE(NameParts name, MultipartName());
      star->except.push_back(std::move(name));
    } while (Accept(","));
    ARROW_RETURN_NOT_OK(Expect(")"));
  }
  star->origin = OriginSince(start);
  return star;
}

Result<ExprPtr> Parser::NameOrCall() {
  const int start = Start();
  if (At("->", 1)) return LambdaExpression();
  NameParts parts;
  ARROW_ASSIGN_OR_RAISE(std::string first, Identifier());
  parts.push_back(std::move(first));
  while (At(".")) {
    if (At("*", 1)) {
      next_ += 2;
      return Star(std::move(parts), start);
    }
    if (!AtIdentifier(1)) break;
    ++next_;
    ARROW_ASSIGN_OR_RAISE(std::string part, Identifier());
    parts.push_back(std::move(part));
  }
  if (At("(")) return Call(std::move(parts), start);
  auto attribute = std::make_shared<UnresolvedAttribute>();
  attribute->parts = std::move(parts);
  attribute->origin = OriginSince(start);
  return attribute;
}

// ---- parentheses ---------------------------------------------------------------------------------------------------

bool Parser::AtLambda() const {
  // ( a , b ) ->
  int at = 1;
  for (;; at += 2) {
    if (!AtIdentifier(at)) return false;
    if (At(")", at + 1)) return At("->", at + 2);
    if (!At(",", at + 1)) return false;
  }
}

Result<ExprPtr> Parser::LambdaExpression() {
  const int start = Start();
  auto lambda = std::make_shared<plan::Lambda>();
  if (At("(")) {
    ARROW_ASSIGN_OR_RAISE(lambda->parameters, IdentifierList());
  } else {
    ARROW_ASSIGN_OR_RAISE(std::string name, Identifier());
    lambda->parameters.push_back(std::move(name));
  }
  ARROW_RETURN_NOT_OK(Expect("->"));
  ARROW_ASSIGN_OR_RAISE(ExprPtr body, Expression());
  lambda->children = {std::move(body)};
  for (size_t i = 0; i < lambda->parameters.size(); ++i) lambda->parameter_ids.push_back(plan::NextExprId());
  lambda->origin = OriginSince(start);
  return lambda;
}

bool Parser::AtQueryContinuation() const {
  switch (Peek().keyword) {
    case Keyword::kUNION:
    case Keyword::kEXCEPT:
    case Keyword::kINTERSECT:
    case Keyword::kMINUS:
    case Keyword::kORDER:
    case Keyword::kSORT:
    case Keyword::kCLUSTER:
    case Keyword::kDISTRIBUTE:
    case Keyword::kLIMIT:
    case Keyword::kOFFSET: return AtClause();
    default: return At("|>");
  }
}

Result<ExprPtr> Parser::SubqueryAfterParen(int start, SubqueryKind kind, ExprList values) {
  auto subquery = std::make_shared<plan::SubqueryExpression>();
  subquery->subquery_kind = kind;
  subquery->children = std::move(values);
  ARROW_ASSIGN_OR_RAISE(subquery->plan, Query());
  ARROW_RETURN_NOT_OK(Expect(")"));
  subquery->origin = OriginSince(start);
  return subquery;
}

Result<ExprPtr> Parser::Parenthesized() {
  if (AtLambda()) return LambdaExpression();
  const int start = Start();
  ++next_;
  if (AtQueryStart()) return SubqueryAfterParen(start, SubqueryKind::kScalar, {});
  const int inner = Start();
  ARROW_ASSIGN_OR_RAISE(ExprPtr first, NamedExpression());
  if (const auto* subquery = plan::As<plan::SubqueryExpression>(first);
      subquery != nullptr && subquery->subquery_kind == SubqueryKind::kScalar && AtQueryContinuation()) {
    auto whole = std::make_shared<plan::SubqueryExpression>();
    ARROW_ASSIGN_OR_RAISE(whole->plan, ContinueQuery(subquery->plan, inner));
    ARROW_RETURN_NOT_OK(Expect(")"));
    whole->origin = OriginSince(start);
    return whole;
  }
  if (!At(",")) {
    if (first->kind == ExprKind::kAlias || first->kind == ExprKind::kMultiAlias) return SyntaxError();
    ARROW_RETURN_NOT_OK(Expect(")"));
    return first;
  }
  ExprList row = {std::move(first)};
  while (Accept(",")) {
    ARROW_ASSIGN_OR_RAISE(ExprPtr item, NamedExpression());
    row.push_back(std::move(item));
  }
  ARROW_RETURN_NOT_OK(Expect(")"));
  return Function("struct", std::move(row), start);
}

// ---- CASE ----------------------------------------------------------------------------------------------------------

Result<ExprPtr> Parser::Case() {
  const int start = Start();
  const size_t first = next_;
  // Spark takes a CASE that is not whole for a column "CASE" with an alias, and stumbles over what follows.
  const auto incomplete = [&] {
    next_ = first;
    return SyntaxError(2);
  };
  ++next_;
  ExprPtr value;
  if (!At(Keyword::kWHEN)) {
    ARROW_ASSIGN_OR_RAISE(value, Expression());
  }
  ExprList args;
  if (!At(Keyword::kWHEN)) return SyntaxError();
  while (Accept(Keyword::kWHEN)) {
    const int at = Start();
    ARROW_ASSIGN_OR_RAISE(ExprPtr condition, Expression());
    if (value) condition = Function("=", {value, std::move(condition)}, at);
    args.push_back(std::move(condition));
    if (!Accept(Keyword::kTHEN)) return incomplete();
    ARROW_ASSIGN_OR_RAISE(ExprPtr result, Expression());
    args.push_back(std::move(result));
  }
  if (Accept(Keyword::kELSE)) {
    ARROW_ASSIGN_OR_RAISE(ExprPtr otherwise, Expression());
    args.push_back(std::move(otherwise));
  }
  if (!Accept(Keyword::kEND)) return incomplete();
  return Function("when", std::move(args), start);
}

}  // namespace sluice::sql
