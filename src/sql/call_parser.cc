// Function calls: arguments, the forms with a syntax of their own, FILTER, WITHIN GROUP, IGNORE NULLS, OVER.

#include "plan/transform.h"
#include "sql/parser_impl.h"
#include "sql/text.h"

namespace sluice::sql {

using plan::FrameBound;
using plan::UnresolvedAttribute;
using plan::UnresolvedFunction;
using plan::WindowExpression;

Result<ExprPtr> Parser::FunctionArgument() {
  if (At(Keyword::kTABLE) && (At("(", 1) || AtIdentifier(1)) && !AtTerminator(1)) {
    return Unsupported("TABLE arguments of functions");
  }
  if (!AtIdentifier() || !At("=>", 1)) return Expression();
  const int start = Start();
  auto argument = std::make_shared<plan::NamedArgument>();
  ARROW_ASSIGN_OR_RAISE(argument->name, Identifier());
  ++next_;
  ARROW_ASSIGN_OR_RAISE(ExprPtr value, Expression());
  argument->children = {std::move(value)};
  argument->origin = OriginSince(start);
  return argument;
}

/// The rest of the arguments, with those of call->children already read and a "," or ")" next.
Status Parser::CallArguments(UnresolvedFunction* call) {
  if (call->children.empty()) {
    if (Accept(")")) return Status::OK();
    if (At(Keyword::kDISTINCT) && !AtTerminator(1)) {
      ++next_;
      call->distinct = true;
    } else if (At(Keyword::kALL) && !AtTerminator(1)) {
      ++next_;
    }
    if (At(Keyword::kSELECT) && AtQueryStart()) return SyntaxError(-1);
    ARROW_ASSIGN_OR_RAISE(ExprPtr first, FunctionArgument());
    call->children.push_back(std::move(first));
  }
  while (Accept(",")) {
    ARROW_ASSIGN_OR_RAISE(ExprPtr argument, FunctionArgument());
    call->children.push_back(std::move(argument));
  }
  return Expect(")");
}

Result<ExprPtr> Parser::Call(NameParts name, int start) {
  const Keyword keyword = name.size() == 1 && lexed_.tokens[next_ - 1].kind == TokenKind::kWord
                              ? lexed_.tokens[next_ - 1].keyword
                              : Keyword::kNone;
  if (keyword == Keyword::kIDENTIFIER && AtString(1)) {
    ++next_;
    ARROW_ASSIGN_OR_RAISE(const std::string text, StringLiteral());
    ARROW_RETURN_NOT_OK(Expect(")"));
    ARROW_ASSIGN_OR_RAISE(NameParts parts, ParseMultipartIdentifier(text));
    if (At("(")) return Call(std::move(parts), start);
    auto attribute = std::make_shared<UnresolvedAttribute>();
    attribute->parts = std::move(parts);
    attribute->origin = OriginSince(start);
    return attribute;
  }
  ++next_;
  auto call = std::make_shared<UnresolvedFunction>();
  ARROW_ASSIGN_OR_RAISE(ExprPtr special, SpecialCall(keyword, start, &call->children));
  if (special) {
    if (special->kind != plan::ExprKind::kUnresolvedFunction) return special;
    const auto& made = static_cast<const UnresolvedFunction&>(*special);
    if (!AtAny({Keyword::kOVER, Keyword::kFILTER, Keyword::kIGNORE, Keyword::kRESPECT})) return special;
    return CallSuffix(std::make_shared<UnresolvedFunction>(made), start);
  }
  call->name = std::move(name);
  ARROW_RETURN_NOT_OK(CallArguments(call.get()));
  call->origin = OriginSince(start);
  switch (keyword) {
    case Keyword::kTIMESTAMPADD:
    case Keyword::kDATEADD:
    case Keyword::kDATE_ADD:
    case Keyword::kTIMESTAMPDIFF:
    case Keyword::kDATEDIFF:
    case Keyword::kDATE_DIFF:
    case Keyword::kTIMEDIFF:
      if (call->children.size() == 3) return DateUnitCall(*call, start);
      break;
    default: break;
  }
  return CallSuffix(std::move(call), start);
}

Result<ExprPtr> Parser::CallSuffix(std::shared_ptr<UnresolvedFunction> call, int start) {
  if (AcceptWords({Keyword::kWITHIN, Keyword::kGROUP})) {
    ARROW_RETURN_NOT_OK(Expect("("));
    ARROW_RETURN_NOT_OK(Expect(Keyword::kORDER));
    ARROW_RETURN_NOT_OK(Expect(Keyword::kBY));
    ARROW_ASSIGN_OR_RAISE(call->within_group, SortItems());
    ARROW_RETURN_NOT_OK(Expect(")"));
  }
  if (At(Keyword::kFILTER) && At("(", 1)) {
    next_ += 2;
    ARROW_RETURN_NOT_OK(Expect(Keyword::kWHERE));
    ARROW_ASSIGN_OR_RAISE(call->filter, Expression());
    ARROW_RETURN_NOT_OK(Expect(")"));
  }
  if (AcceptWords({Keyword::kIGNORE, Keyword::kNULLS})) {
    call->ignore_nulls = true;
  } else {
    AcceptWords({Keyword::kRESPECT, Keyword::kNULLS});
  }
  call->origin = OriginSince(start);
  if (At(Keyword::kOVER) && (At("(", 1) || AtIdentifier(1))) {
    ++next_;
    return WindowSpec(std::move(call), start);
  }
  return call;
}

/// dateadd(DAY, 1, d): the unit becomes a string.
Result<ExprPtr> Parser::DateUnitCall(const UnresolvedFunction& call, int start) {
  const std::string written = call.name[0];
  const std::string lower = Lower(written);
  const bool add = lower == "timestampadd" || lower == "dateadd" || lower == "date_add";
  const ExprPtr& unit = call.children[0];
  if (unit->kind == plan::ExprKind::kLiteral && unit->type == DataType::String()) {
    ARROW_ASSIGN_OR_RAISE(const std::string text,
                          StringOf({*unit->type, static_cast<const plan::Literal&>(*unit).value}));
    return ErrorSince(start, "INVALID_PARAMETER_VALUE.DATETIME_UNIT",
                      {{"functionName", QuoteIdentifier(written)},
                       {"parameter", QuoteIdentifier("unit")},
                       {"invalidValue", "'" + text + "'"}});
  }
  const auto* name = plan::As<UnresolvedAttribute>(unit);
  static constexpr std::string_view kUnits[] = {"YEAR", "QUARTER", "MONTH",  "WEEK",        "DAY",        "DAYOFYEAR",
                                                "HOUR", "MINUTE",  "SECOND", "MILLISECOND", "MICROSECOND"};
  bool known = false;
  if (name != nullptr && name->parts.size() == 1) {
    const std::string upper = Upper(name->parts[0]);
    for (const std::string_view candidate : kUnits) known = known || upper == candidate;
  }
  if (!known) {
    auto plain = std::make_shared<UnresolvedFunction>(call);
    return CallSuffix(std::move(plain), start);
  }
  ExprPtr text = plan::MakeLiteral(StringValue(name->parts[0]), unit->origin);
  return Function(add ? "timestampadd" : "timestampdiff", {std::move(text), call.children[1], call.children[2]}, start);
}

// ---- forms of their own --------------------------------------------------------------------------------------------

/// After "name(". A null result with *args holding what was read: go on as a plain call.
Result<ExprPtr> Parser::SpecialCall(Keyword keyword, int start, ExprList* args) {
  if (At(")") || (AtIdentifier() && At("=>", 1))) {
    if (keyword == Keyword::kSTRUCT && At(")")) return StructCall(start);
    return ExprPtr();
  }
  switch (keyword) {
    case Keyword::kCAST:
    case Keyword::kTRY_CAST: return CastCall(keyword == Keyword::kTRY_CAST, start, args);
    case Keyword::kTRIM: return TrimCall(start, args);
    case Keyword::kSUBSTR:
    case Keyword::kSUBSTRING: return SubstringCall(start, args);
    case Keyword::kOVERLAY: return OverlayCall(start, args);
    case Keyword::kPOSITION: return PositionCall(start, args);
    case Keyword::kEXTRACT:
      if (AtIdentifier() && At(Keyword::kFROM, 1)) return ExtractCall(start);
      return ExprPtr();
    case Keyword::kSTRUCT: return StructCall(start);
    default: break;
  }
  // first(x IGNORE NULLS), last(...), any_value(...)
  const Token& name = lexed_.tokens[next_ - 2];
  const std::string lower = Lower(TextOf(name));
  if (lower != "first" && lower != "last" && lower != "any_value" && lower != "first_value" && lower != "last_value") {
    return ExprPtr();
  }
  if (At(Keyword::kDISTINCT)) return ExprPtr();
  ARROW_ASSIGN_OR_RAISE(ExprPtr first, FunctionArgument());
  if (!AcceptWords({Keyword::kIGNORE, Keyword::kNULLS})) {
    args->push_back(std::move(first));
    return ExprPtr();
  }
  ARROW_RETURN_NOT_OK(Expect(")"));
  auto call = std::make_shared<UnresolvedFunction>();
  call->name = {lower};
  call->children = {std::move(first)};
  call->ignore_nulls = true;
  call->origin = OriginSince(start);
  return call;
}

Result<ExprPtr> Parser::CastCall(bool is_try, int start, ExprList* args) {
  ARROW_ASSIGN_OR_RAISE(ExprPtr value, Expression());
  if (!Accept(Keyword::kAS)) {
    if (!At(",") && !At(")")) return SyntaxError();
    args->push_back(std::move(value));
    return ExprPtr();
  }
  auto cast = std::make_shared<plan::Cast>();
  cast->mode = is_try ? plan::CastMode::kTry : plan::CastMode::kAnsi;
  cast->children = {std::move(value)};
  ARROW_ASSIGN_OR_RAISE(cast->to, Type());
  ARROW_RETURN_NOT_OK(Expect(")"));
  cast->origin = OriginSince(start);
  return cast;
}

Result<ExprPtr> Parser::TrimCall(int start, ExprList* args) {
  const char* name = "trim";
  const Keyword option = Peek().keyword;
  const bool has_option =
      AtAny({Keyword::kBOTH, Keyword::kLEADING, Keyword::kTRAILING}) && !AtTerminator(1) && !At(".", 1);
  if (has_option) {
    ++next_;
    if (option == Keyword::kLEADING) name = "ltrim";
    if (option == Keyword::kTRAILING) name = "rtrim";
  }
  ExprPtr characters;
  if (!has_option || !At(Keyword::kFROM)) {
    ARROW_ASSIGN_OR_RAISE(characters, Expression());
    if (!has_option && !At(Keyword::kFROM)) {
      args->push_back(std::move(characters));
      return ExprPtr();
    }
  }
  ARROW_RETURN_NOT_OK(Expect(Keyword::kFROM));
  ARROW_ASSIGN_OR_RAISE(ExprPtr source, Expression(kValuePrecedence));
  ARROW_RETURN_NOT_OK(Expect(")"));
  if (!characters) return Function(name, {std::move(source)}, start);
  return Function(name, {std::move(characters), std::move(source)}, start);
}

Result<ExprPtr> Parser::SubstringCall(int start, ExprList* args) {
  ARROW_ASSIGN_OR_RAISE(ExprPtr text, Expression());
  if (!Accept(Keyword::kFROM)) {
    args->push_back(std::move(text));
    return ExprPtr();
  }
  ARROW_ASSIGN_OR_RAISE(ExprPtr position, Expression(kValuePrecedence));
  ExprPtr length = Lit(IntegralValue(2147483647, DataType::Integer()), start);
  if (Accept(Keyword::kFOR)) {
    ARROW_ASSIGN_OR_RAISE(length, Expression(kValuePrecedence));
  }
  ARROW_RETURN_NOT_OK(Expect(")"));
  return Function("substring", {std::move(text), std::move(position), std::move(length)}, start);
}

Result<ExprPtr> Parser::OverlayCall(int start, ExprList* args) {
  ARROW_ASSIGN_OR_RAISE(ExprPtr text, Expression());
  if (!Accept(Keyword::kPLACING)) {
    args->push_back(std::move(text));
    return ExprPtr();
  }
  ARROW_ASSIGN_OR_RAISE(ExprPtr replacement, Expression(kValuePrecedence));
  ARROW_RETURN_NOT_OK(Expect(Keyword::kFROM));
  ARROW_ASSIGN_OR_RAISE(ExprPtr position, Expression(kValuePrecedence));
  ExprPtr length = Lit(IntegralValue(-1, DataType::Integer()), start);
  if (Accept(Keyword::kFOR)) {
    ARROW_ASSIGN_OR_RAISE(length, Expression(kValuePrecedence));
  }
  ARROW_RETURN_NOT_OK(Expect(")"));
  return Function("overlay", {std::move(text), std::move(replacement), std::move(position), std::move(length)}, start);
}

Result<ExprPtr> Parser::PositionCall(int start, ExprList* args) {
  const int at = Start();
  ARROW_ASSIGN_OR_RAISE(ExprPtr needle, Expression(kValuePrecedence));
  if (!Accept(Keyword::kIN)) {
    ARROW_ASSIGN_OR_RAISE(needle, ContinueExpression(std::move(needle), at, kLowest));
    args->push_back(std::move(needle));
    return ExprPtr();
  }
  ARROW_ASSIGN_OR_RAISE(ExprPtr text, Expression(kValuePrecedence));
  ARROW_RETURN_NOT_OK(Expect(")"));
  ExprPtr one = Lit(IntegralValue(1, DataType::Integer()), start);
  return Function("locate", {std::move(needle), std::move(text), std::move(one)}, start);
}

Result<ExprPtr> Parser::ExtractCall(int start) {
  const int at = Start();
  ARROW_ASSIGN_OR_RAISE(const std::string field, Identifier());
  ExprPtr name = Lit(StringValue(field), at);
  ARROW_RETURN_NOT_OK(Expect(Keyword::kFROM));
  ARROW_ASSIGN_OR_RAISE(ExprPtr source, Expression(kValuePrecedence));
  ARROW_RETURN_NOT_OK(Expect(")"));
  return Function("extract", {std::move(name), std::move(source)}, start);
}

Result<ExprPtr> Parser::StructCall(int start) {
  auto call = std::make_shared<UnresolvedFunction>();
  call->name = {"struct"};
  if (!At(")")) {
    ARROW_ASSIGN_OR_RAISE(call->children, NamedExpressions());
  }
  ARROW_RETURN_NOT_OK(Expect(")"));
  call->origin = OriginSince(start);
  return call;
}

// ---- windows -------------------------------------------------------------------------------------------------------

/// After OVER, or after AS in a WINDOW clause.
Result<ExprPtr> Parser::WindowSpec(ExprPtr function, int start) {
  auto window = std::make_shared<WindowExpression>();
  window->children = {std::move(function)};
  const bool named = !At("(") || (AtIdentifier(1) && At(")", 2));
  if (named) {
    const bool parenthesized = Accept("(");
    ARROW_ASSIGN_OR_RAISE(window->window_name, CapturingIdentifier());
    if (parenthesized) ARROW_RETURN_NOT_OK(Expect(")"));
    window_names_used_ = true;
    window->origin = OriginSince(start);
    return window;
  }
  ARROW_RETURN_NOT_OK(Expect("("));
  if (AtIdentifier() && !At(Keyword::kBY, 1) && !AtAny({Keyword::kROWS, Keyword::kRANGE})) return SyntaxError(-1);
  const bool cluster = AcceptWords({Keyword::kCLUSTER, Keyword::kBY});
  if (cluster || AcceptWords({Keyword::kPARTITION, Keyword::kBY}) ||
      AcceptWords({Keyword::kDISTRIBUTE, Keyword::kBY})) {
    ARROW_ASSIGN_OR_RAISE(const ExprList keys, Expressions());
    window->num_partition_keys = static_cast<int>(keys.size());
    window->children.insert(window->children.end(), keys.begin(), keys.end());
  }
  if (!cluster && (AcceptWords({Keyword::kORDER, Keyword::kBY}) || AcceptWords({Keyword::kSORT, Keyword::kBY}))) {
    ARROW_ASSIGN_OR_RAISE(const ExprList orders, SortItems());
    window->children.insert(window->children.end(), orders.begin(), orders.end());
  }
  if (AtAny({Keyword::kROWS, Keyword::kRANGE})) ARROW_RETURN_NOT_OK(WindowFrame(window.get()));
  ARROW_RETURN_NOT_OK(Expect(")"));
  window->origin = OriginSince(start);
  return window;
}

Status Parser::WindowFrame(WindowExpression* window) {
  window->unit = At(Keyword::kROWS) ? plan::FrameUnit::kRows : plan::FrameUnit::kRange;
  ++next_;
  if (Accept(Keyword::kBETWEEN)) {
    ARROW_ASSIGN_OR_RAISE(window->lower, WindowFrameBound());
    ARROW_RETURN_NOT_OK(Expect(Keyword::kAND));
    ARROW_ASSIGN_OR_RAISE(window->upper, WindowFrameBound());
    return Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(window->lower, WindowFrameBound());
  window->upper = FrameBound{FrameBound::Kind::kCurrentRow, nullptr};
  return Status::OK();
}

Result<FrameBound> Parser::WindowFrameBound() {
  using Kind = FrameBound::Kind;
  if (AcceptWords({Keyword::kUNBOUNDED, Keyword::kPRECEDING})) return FrameBound{Kind::kUnboundedPreceding, nullptr};
  if (AcceptWords({Keyword::kUNBOUNDED, Keyword::kFOLLOWING})) return FrameBound{Kind::kUnboundedFollowing, nullptr};
  if (AcceptWords({Keyword::kCURRENT, Keyword::kROW})) return FrameBound{Kind::kCurrentRow, nullptr};
  const int start = Start();
  ARROW_ASSIGN_OR_RAISE(ExprPtr offset, Expression(kNotPrecedence));
  const bool preceding = Accept(Keyword::kPRECEDING);
  if (!preceding) ARROW_RETURN_NOT_OK(Expect(Keyword::kFOLLOWING));
  bool constant = true;
  plan::Visit(offset, [&](const plan::Expression& e) {
    const auto* call = plan::As<UnresolvedFunction>(e);
    constant = constant && (e.kind == plan::ExprKind::kLiteral || e.kind == plan::ExprKind::kCast ||
                            (call != nullptr && call->is_operator));
    return constant;
  });
  if (!constant) return ErrorSince(start, "_LEGACY_ERROR_TEMP_0064", {{"msg", "A frame's bound must be a literal"}});
  return FrameBound{preceding ? Kind::kPreceding : Kind::kFollowing, std::move(offset)};
}

}  // namespace sluice::sql
