// FROM: tables, subqueries, functions, joins, VALUES, LATERAL VIEW, PIVOT, samples, time travel.

#include "sql/interval_text.h"
#include "sql/parser_impl.h"
#include "sql/text.h"
#include "types/datetime.h"

namespace sluice::sql {

using plan::JoinType;

namespace {

constexpr std::string_view kAnonymous = "__auto_generated_subquery_name";

}  // namespace

Result<PlanPtr> Parser::FromClause() {
  const int start = Start();
  ARROW_RETURN_NOT_OK(Expect(Keyword::kFROM));
  PlanPtr from;
  do {
    const bool lateral = At(Keyword::kLATERAL) && !At(Keyword::kVIEW, 1);
    if (lateral) ++next_;
    ARROW_ASSIGN_OR_RAISE(PlanPtr relation, Relation());
    if (!from && !lateral) {
      from = std::move(relation);
      continue;
    }
    if (!from) {
      auto one = std::make_shared<plan::OneRow>();
      one->origin = OriginSince(start);
      from = std::move(one);
    }
    ARROW_RETURN_NOT_OK(Grow());
    auto join = std::make_shared<plan::Join>();
    join->lateral = lateral;
    join->children = {std::move(from), std::move(relation)};
    join->origin = OriginSince(start);
    from = std::move(join);
  } while (Accept(","));
  return LateralViews(std::move(from));
}

Result<PlanPtr> Parser::LateralViews(PlanPtr child) {
  while (AtWords({Keyword::kLATERAL, Keyword::kVIEW})) {
    const int start = Start();
    next_ += 2;
    auto generate = std::make_shared<plan::Generate>();
    generate->outer = At(Keyword::kOUTER) && AtIdentifier(1) ? Accept(Keyword::kOUTER) : false;
    const int at = Start();
    auto call = std::make_shared<plan::UnresolvedFunction>();
    ARROW_ASSIGN_OR_RAISE(call->name, MultipartName());
    ARROW_RETURN_NOT_OK(Expect("("));
    ARROW_RETURN_NOT_OK(CallArguments(call.get()));
    call->origin = OriginSince(at);
    generate->generator = std::move(call);
    ARROW_ASSIGN_OR_RAISE(generate->qualifier, Identifier());
    if (Accept(Keyword::kAS) || (AtIdentifier() && !AtClause() && !At(Keyword::kLATERAL))) {
      do {
        ARROW_ASSIGN_OR_RAISE(std::string name, Identifier());
        generate->names.push_back(std::move(name));
      } while (Accept(","));
    }
    ARROW_RETURN_NOT_OK(Grow());
    generate->children = {std::move(child)};
    generate->origin = OriginSince(start);
    child = std::move(generate);
  }
  return child;
}

Result<PlanPtr> Parser::Relation() {
  SLUICE_ENTER();
  const int start = Start();
  ARROW_ASSIGN_OR_RAISE(PlanPtr left, RelationPrimary());
  return RelationExtensions(std::move(left), start);
}

Result<PlanPtr> Parser::RelationExtensions(PlanPtr left, int start) {
  for (;;) {
    if (AtJoin()) {
      ARROW_ASSIGN_OR_RAISE(left, Join(std::move(left), start));
    } else if (At(Keyword::kPIVOT) && At("(", 1)) {
      ARROW_ASSIGN_OR_RAISE(left, Pivot(std::move(left), start));
    } else if (At(Keyword::kUNPIVOT) && AtClause()) {
      ARROW_ASSIGN_OR_RAISE(left, Unpivot(std::move(left), start));
    } else {
      return left;
    }
    ARROW_RETURN_NOT_OK(Grow());
  }
}

// ---- joins ---------------------------------------------------------------------------------------------------------

bool Parser::AtJoin() const {
  switch (Peek().keyword) {
    case Keyword::kJOIN:
    case Keyword::kNATURAL: return true;
    case Keyword::kINNER:
    case Keyword::kCROSS:
    case Keyword::kSEMI:
    case Keyword::kANTI: return At(Keyword::kJOIN, 1);
    case Keyword::kLEFT:
    case Keyword::kRIGHT:
    case Keyword::kFULL: return AtAny({Keyword::kJOIN, Keyword::kOUTER, Keyword::kSEMI, Keyword::kANTI}, 1);
    default: return false;
  }
}

Result<PlanPtr> Parser::Join(PlanPtr left, int start) {
  auto join = std::make_shared<plan::Join>();
  join->natural = Accept(Keyword::kNATURAL);
  const int type_start = Start();
  std::string_view name = "INNER";
  if (Accept(Keyword::kCROSS)) {
    join->type = JoinType::kCross;
    name = "CROSS";
  } else if (Accept(Keyword::kLEFT)) {
    join->type = Accept(Keyword::kSEMI)   ? JoinType::kLeftSemi
                 : Accept(Keyword::kANTI) ? JoinType::kLeftAnti
                                          : JoinType::kLeftOuter;
    if (join->type == JoinType::kLeftOuter) Accept(Keyword::kOUTER);
    name = "LEFT OUTER";
  } else if (Accept(Keyword::kRIGHT)) {
    join->type = JoinType::kRightOuter;
    Accept(Keyword::kOUTER);
    name = "RIGHT OUTER";
  } else if (Accept(Keyword::kFULL)) {
    join->type = JoinType::kFullOuter;
    Accept(Keyword::kOUTER);
    name = "FULL OUTER";
  } else if (Accept(Keyword::kSEMI)) {
    join->type = JoinType::kLeftSemi;
  } else if (Accept(Keyword::kANTI)) {
    join->type = JoinType::kLeftAnti;
  } else {
    Accept(Keyword::kINNER);
  }
  if (join->type == JoinType::kLeftSemi) name = "LEFT SEMI";
  if (join->type == JoinType::kLeftAnti) name = "LEFT ANTI";
  ARROW_RETURN_NOT_OK(Expect(Keyword::kJOIN));
  if (join->natural && join->type == JoinType::kCross) {
    return ErrorSince(type_start, "INCOMPATIBLE_JOIN_TYPES", {{"joinType1", "NATURAL"}, {"joinType2", "CROSS"}});
  }
  if (At(Keyword::kLATERAL)) {
    ++next_;
    join->lateral = true;
    if (join->type != JoinType::kInner && join->type != JoinType::kLeftOuter && join->type != JoinType::kCross) {
      return ErrorSince(type_start, "INVALID_LATERAL_JOIN_TYPE", {{"joinType", std::string(name)}});
    }
  }
  ARROW_ASSIGN_OR_RAISE(PlanPtr right, RelationPrimary());
  if (!join->natural) {
    if (Accept(Keyword::kON)) {
      ARROW_ASSIGN_OR_RAISE(join->condition, Expression());
    } else if (At(Keyword::kUSING)) {
      ++next_;
      ARROW_ASSIGN_OR_RAISE(join->using_columns, IdentifierList());
      if (join->lateral) return Unsupported("LATERAL join with USING");
    }
  }
  join->children = {std::move(left), std::move(right)};
  join->origin = OriginSince(start);
  return join;
}

// ---- primaries -----------------------------------------------------------------------------------------------------

Result<PlanPtr> Parser::RelationPrimary() {
  const int start = Start();
  if (At(Keyword::kVALUES) && AtQueryStart()) return Values();
  if (!At("(")) return TableReference();
  SLUICE_ENTER();
  ++next_;
  if (AtQueryStart() && !At(Keyword::kVALUES)) {
    ARROW_ASSIGN_OR_RAISE(PlanPtr query, Query());
    ARROW_RETURN_NOT_OK(Expect(")"));
    return TableAlias(std::move(query), true);
  }
  const int inner = Start();
  const bool nested = At("(");
  bool values = At(Keyword::kVALUES);
  ARROW_ASSIGN_OR_RAISE(PlanPtr relation, Relation());
  if ((nested || values) && AtQueryContinuation()) {
    ARROW_ASSIGN_OR_RAISE(relation, ContinueQuery(std::move(relation), inner));
    values = true;
  }
  ARROW_RETURN_NOT_OK(Expect(")"));
  (void)start;
  return TableAlias(std::move(relation), values);
}

Result<PlanPtr> Parser::TableReference() {
  const int start = Start();
  // STREAM t, STREAM(t): but stream(...) with arguments is a function, and STREAM alone a table.
  bool streaming = false, parenthesized = false;
  if (At(Keyword::kSTREAM) && (AtIdentifier(1) || (At("(", 1) && AtIdentifier(2))) && !AtClause(1) &&
      !At(Keyword::kAS, 1) && !IsStrict(Peek(1).keyword)) {
    ++next_;
    streaming = true;
    parenthesized = Accept("(");
  }
  const bool identifier_clause = At(Keyword::kIDENTIFIER) && At("(", 1) && AtString(2);
  ARROW_ASSIGN_OR_RAISE(NameParts name, identifier_clause ? NameReference() : MultipartName());
  if (!identifier_clause && At("(") && !parenthesized) {
    if (streaming) return Unsupported("STREAM over a table function");
    return TableFunction(std::move(name), start);
  }
  if (parenthesized) ARROW_RETURN_NOT_OK(Expect(")"));
  auto relation = std::make_shared<plan::UnresolvedRelation>();
  relation->name = std::move(name);
  relation->is_streaming = streaming;
  ARROW_RETURN_NOT_OK(TimeTravel(relation.get()));
  if (At(Keyword::kWITH) && At("(", 1)) {
    ++next_;
    ARROW_ASSIGN_OR_RAISE(const plan::Properties properties, PropertyList(false));
    for (const auto& [key, value] : properties) relation->options[key] = value;
  }
  relation->origin = OriginSince(start);
  return TableAlias(std::move(relation), false);
}

Status Parser::TimeTravel(plan::UnresolvedRelation* relation) {
  const int at = At(Keyword::kFOR) ? 1 : 0;
  const bool version = AtAny({Keyword::kVERSION, Keyword::kSYSTEM_VERSION}, at);
  const bool timestamp = AtAny({Keyword::kTIMESTAMP, Keyword::kSYSTEM_TIME}, at);
  if ((!version && !timestamp) || !At(Keyword::kAS, at + 1) || !At(Keyword::kOF, at + 2)) return Status::OK();
  next_ += static_cast<size_t>(at) + 3;
  if (timestamp) {
    ARROW_ASSIGN_OR_RAISE(relation->timestamp_as_of, Expression(kValuePrecedence));
    return Status::OK();
  }
  const int start = Start();
  if (AtString()) {
    ARROW_ASSIGN_OR_RAISE(const std::string text, StringLiteral());
    relation->version_as_of = Lit(StringValue(text), start);
    return Status::OK();
  }
  if (Peek().kind != TokenKind::kInteger) return SyntaxError();
  const std::string text(TextOf(Peek()));
  ++next_;
  relation->version_as_of = Lit(StringValue(text), start);
  return Status::OK();
}

Result<PlanPtr> Parser::TableFunction(NameParts name, int start) {
  if (name.size() > 1) {
    return ErrorSince(start, "INVALID_SQL_SYNTAX.INVALID_TABLE_VALUED_FUNC_NAME", {{"funcName", sql::Join(name, ".")}});
  }
  auto function = std::make_shared<plan::UnresolvedTableFunction>();
  function->name = name[0];
  ++next_;
  if (!At(")")) {
    do {
      ARROW_ASSIGN_OR_RAISE(ExprPtr argument, FunctionArgument());
      function->args.push_back(std::move(argument));
    } while (Accept(","));
  }
  ARROW_RETURN_NOT_OK(Expect(")"));
  function->origin = OriginSince(start);
  if (At(Keyword::kTABLESAMPLE) && At("(", 1)) return SyntaxError(2);
  return TableAlias(std::move(function), false);
}

bool Parser::AtTableAlias() const { return AtIdentifier() && !IsStrict(Peek().keyword) && !AtClause(); }

/// [TABLESAMPLE] [WATERMARK] [AS alias [(columns)]]. A `subquery` without alias hides the qualifiers inside it.
Result<PlanPtr> Parser::TableAlias(PlanPtr child, bool subquery) {
  const int start = child->origin.start >= 0 ? child->origin.start : Start();
  if (At(Keyword::kTABLESAMPLE) && At("(", 1)) {
    ARROW_ASSIGN_OR_RAISE(child, Sample(std::move(child)));
  }
  if (At(Keyword::kWATERMARK) && AtClause()) {
    const int at = Start();
    ++next_;
    auto watermark = std::make_shared<plan::EventTimeWatermark>();
    ARROW_ASSIGN_OR_RAISE(watermark->event_time, NamedExpression());
    ARROW_RETURN_NOT_OK(Expect(Keyword::kDELAY));
    ARROW_RETURN_NOT_OK(Expect(Keyword::kOF));
    const int delay = Start();
    if (!AtInterval()) return SyntaxError();
    ARROW_ASSIGN_OR_RAISE(const ExprPtr interval, Interval());
    if (interval->type->id() != TypeId::kDayTimeInterval) return Unsupported("WATERMARK with a delay in months");
    const Origin written = OriginSince(delay);
    watermark->delay_text = text_->substr(written.start, written.stop - written.start);
    ARROW_ASSIGN_OR_RAISE(watermark->delay_us,
                          IntegralOf({*interval->type, static_cast<const plan::Literal&>(*interval).value}));
    watermark->children = {std::move(child)};
    watermark->origin = OriginSince(at);
    child = std::move(watermark);
  }
  const bool as = Accept(Keyword::kAS);
  if (!as && !AtTableAlias()) {
    if (!subquery) return child;
    auto alias = std::make_shared<plan::SubqueryAlias>();
    alias->name = {std::string(kAnonymous)};
    alias->origin = child->origin;
    alias->children = {std::move(child)};
    return alias;
  }
  if (as && IsStrict(Peek().keyword)) return SyntaxError();
  auto alias = std::make_shared<plan::SubqueryAlias>();
  ARROW_ASSIGN_OR_RAISE(std::string name, Identifier());
  alias->name = {std::move(name)};
  if (At("(")) {
    ARROW_ASSIGN_OR_RAISE(alias->column_aliases, IdentifierList());
  }
  alias->children = {std::move(child)};
  alias->origin = OriginSince(start);
  return alias;
}

Result<PlanPtr> Parser::Values() {
  const int start = Start();
  ARROW_RETURN_NOT_OK(Expect(Keyword::kVALUES));
  auto table = std::make_shared<plan::UnresolvedInlineTable>();
  size_t width = 0;
  do {
    ARROW_ASSIGN_OR_RAISE(ExprPtr row, Expression());
    const auto* call = plan::As<plan::UnresolvedFunction>(row);
    const bool is_row = call != nullptr && call->name.size() == 1 && call->name[0] == "struct";
    table->rows.push_back(is_row ? row->children : ExprList{row});
    width = std::max(width, table->rows.back().size());
  } while (Accept(","));
  for (auto& row : table->rows) {
    for (auto& cell : row) {
      if (cell->kind == plan::ExprKind::kAlias) cell = cell->children[0];
    }
  }
  for (size_t i = 0; i < table->rows[0].size(); ++i) table->names.push_back("col" + std::to_string(i + 1));
  table->origin = OriginSince(start);
  return TableAlias(std::move(table), false);
}

Result<PlanPtr> Parser::Sample(PlanPtr child) {
  const int start = Start();
  next_ += 2;
  if (At(")")) return ErrorSince(start, "_LEGACY_ERROR_TEMP_0014");
  auto sample = std::make_shared<plan::Sample>();
  PlanPtr out;
  const TokenKind number = Peek(At("-") ? 1 : 0).kind;
  const int after = At("-") ? 2 : 1;
  double fraction = -1;
  if ((number == TokenKind::kInteger || number == TokenKind::kDecimal) && At(Keyword::kPERCENT, after)) {
    fraction = std::strtod(std::string(TextOf(Peek(after - 1))).c_str(), nullptr) / 100;
    if (after == 2) fraction = -fraction;
    next_ += static_cast<size_t>(after) + 1;
  } else if (At(Keyword::kBUCKET) && Peek(1).kind == TokenKind::kInteger) {
    ++next_;
    ARROW_ASSIGN_OR_RAISE(const int64_t bucket, IntegerToken());
    ARROW_RETURN_NOT_OK(Expect(Keyword::kOUT));
    ARROW_RETURN_NOT_OK(Expect(Keyword::kOF));
    ARROW_ASSIGN_OR_RAISE(const int64_t buckets, IntegerToken());
    if (At(Keyword::kON)) {
      return ErrorSince(start, "_LEGACY_ERROR_TEMP_0015", {{"msg", "BUCKET x OUT OF y ON colname"}});
    }
    fraction = static_cast<double>(bucket) / static_cast<double>(buckets);
  } else {
    const int at = Start();
    ARROW_ASSIGN_OR_RAISE(ExprPtr count, Expression());
    if (!Accept(Keyword::kROWS)) {
      if (!At(")")) return SyntaxError();
      const Origin written = OriginSince(at);
      const std::string text = text_->substr(written.start, written.stop - written.start);
      const bool bytes = text.find_first_of("bBkKmMgG") == text.size() - 1;
      ++next_;
      if (bytes) return ErrorSince(start, "_LEGACY_ERROR_TEMP_0015", {{"msg", "byteLengthLiteral"}});
      return ErrorSince(start, "_LEGACY_ERROR_TEMP_0016", {{"bytesStr", text}});
    }
    auto limit = std::make_shared<plan::Limit>();
    limit->count = std::move(count);
    limit->children = {child};
    out = std::move(limit);
  }
  ARROW_RETURN_NOT_OK(Expect(")"));
  if (Accept(Keyword::kREPEATABLE)) {
    ARROW_RETURN_NOT_OK(Expect("("));
    ARROW_ASSIGN_OR_RAISE(sample->seed, IntegerToken());
    ARROW_RETURN_NOT_OK(Expect(")"));
  }
  if (out) {
    auto copy = out->Clone();
    copy->origin = OriginSince(start);
    return copy;
  }
  if (!(fraction >= 0 && fraction <= 1)) {
    return ErrorSince(start, "_LEGACY_ERROR_TEMP_0064",
                      {{"msg", "Sampling fraction (" + std::to_string(fraction) + ") must be on interval [0, 1]"}});
  }
  sample->upper = fraction;
  sample->children = {std::move(child)};
  sample->origin = OriginSince(start);
  return sample;
}

}  // namespace sluice::sql
