// Statements: what each begins with, INSERT, namespaces, views, USE, SET, RESET, EXPLAIN.

#include "sql/parser_impl.h"
#include "sql/text.h"
#include "types/datetime.h"

namespace sluice::sql {

namespace {

/// Statements of Spark's that Sluice refuses, by their first words.
constexpr Keyword kRefused[][2] = {
    {Keyword::kMERGE, Keyword::kINTO},      {Keyword::kMERGE, Keyword::kWITH},     {Keyword::kUPDATE, Keyword::kNone},
    {Keyword::kDELETE, Keyword::kFROM},     {Keyword::kTRUNCATE, Keyword::kTABLE}, {Keyword::kALTER, Keyword::kTABLE},
    {Keyword::kALTER, Keyword::kVIEW},      {Keyword::kALTER, Keyword::kDATABASE}, {Keyword::kALTER, Keyword::kSCHEMA},
    {Keyword::kALTER, Keyword::kNAMESPACE}, {Keyword::kCACHE, Keyword::kTABLE},    {Keyword::kCACHE, Keyword::kNone},
    {Keyword::kUNCACHE, Keyword::kTABLE},   {Keyword::kCLEAR, Keyword::kCACHE},    {Keyword::kANALYZE, Keyword::kTABLE},
    {Keyword::kANALYZE, Keyword::kTABLES},  {Keyword::kREFRESH, Keyword::kTABLE},  {Keyword::kREFRESH, Keyword::kNone},
    {Keyword::kLOAD, Keyword::kNone},       {Keyword::kMSCK, Keyword::kREPAIR},    {Keyword::kREPAIR, Keyword::kTABLE},
    {Keyword::kCOMMENT, Keyword::kON},      {Keyword::kCALL, Keyword::kNone},      {Keyword::kDECLARE, Keyword::kNone},
    {Keyword::kEXECUTE, Keyword::kNone},    {Keyword::kBEGIN, Keyword::kNone},     {Keyword::kADD, Keyword::kNone},
    {Keyword::kLIST, Keyword::kNone},       {Keyword::kGRANT, Keyword::kNone},     {Keyword::kREVOKE, Keyword::kNone},
    {Keyword::kLOCK, Keyword::kNone},       {Keyword::kUNLOCK, Keyword::kNone},    {Keyword::kEXPORT, Keyword::kTABLE},
    {Keyword::kIMPORT, Keyword::kTABLE},    {Keyword::kCOMMIT, Keyword::kNone},    {Keyword::kROLLBACK, Keyword::kNone},
    {Keyword::kSTART, Keyword::kNone},      {Keyword::kDFS, Keyword::kNone},
};

}  // namespace

Result<PlanPtr> Parser::Statement() {
  SLUICE_ENTER();
  const int start = Start();
  switch (Peek().keyword) {
    case Keyword::kSELECT:
    case Keyword::kVALUES:
    case Keyword::kFROM:
    case Keyword::kTABLE:
    case Keyword::kMAP:
    case Keyword::kREDUCE: return Query();
    case Keyword::kWITH: {
      ARROW_ASSIGN_OR_RAISE(auto with, Ctes());
      if (At(Keyword::kINSERT)) return Insert(std::move(with));
      if (AtAny({Keyword::kMERGE, Keyword::kUPDATE, Keyword::kDELETE})) return Unsupported(KeywordText(Peek().keyword));
      ARROW_ASSIGN_OR_RAISE(PlanPtr query, QueryTerm(0));
      ARROW_ASSIGN_OR_RAISE(query, QueryOrganization(std::move(query)));
      ARROW_RETURN_NOT_OK(CheckCteNames(*with, start));
      with->children = {std::move(query)};
      return Finish(std::move(with), start);
    }
    case Keyword::kINSERT: return Insert(nullptr);
    case Keyword::kCREATE:
    case Keyword::kREPLACE: return Create();
    case Keyword::kDROP: return Drop();
    case Keyword::kSHOW: return Show();
    case Keyword::kDESC:
    case Keyword::kDESCRIBE: return Describe();
    case Keyword::kEXPLAIN: return Explain();
    case Keyword::kUSE: return Use();
    case Keyword::kSET: return SetStatement();
    case Keyword::kRESET: return ResetStatement();
    default: break;
  }
  if (At("(")) return Query();
  for (const auto& [first, second] : kRefused) {
    if (!At(first)) continue;
    const bool more = Peek(1).kind != TokenKind::kEnd || first == Keyword::kCOMMIT || first == Keyword::kROLLBACK;
    if (second == Keyword::kNone ? more : At(second, 1)) {
      std::string name(KeywordText(first));
      if (second != Keyword::kNone) name += Cat(" ", KeywordText(second));
      return Unsupported(name);
    }
  }
  return SyntaxError();
}

// ---- small shared pieces -------------------------------------------------------------------------------------------

Result<bool> Parser::IfNotExists() {
  if (!At(Keyword::kIF) || !(At(Keyword::kNOT, 1) || At("!", 1))) return false;
  const int start = Start();
  ++next_;
  if (At("!")) return ErrorSince(start, "SYNTAX_DISCONTINUED.BANG_EQUALS_NOT", {{"clause", "!"}});
  ++next_;
  ARROW_RETURN_NOT_OK(Expect(Keyword::kEXISTS));
  return true;
}

Result<bool> Parser::IfExists() { return AcceptWords({Keyword::kIF, Keyword::kEXISTS}); }

bool Parser::AcceptNamespaceWord() {
  return Accept(Keyword::kNAMESPACE) || Accept(Keyword::kDATABASE) || Accept(Keyword::kSCHEMA);
}

// ---- INSERT --------------------------------------------------------------------------------------------------------

Result<PlanPtr> Parser::Insert(std::shared_ptr<plan::With> with) {
  const int start = Start();
  ++next_;
  auto insert = std::make_shared<plan::InsertInto>();
  insert->overwrite = Accept(Keyword::kOVERWRITE);
  if (!insert->overwrite) ARROW_RETURN_NOT_OK(Expect(Keyword::kINTO));
  if (insert->overwrite && (At(Keyword::kDIRECTORY) || AtWords({Keyword::kLOCAL, Keyword::kDIRECTORY}))) {
    return Unsupported("INSERT OVERWRITE DIRECTORY");
  }
  if (At(Keyword::kTABLE) && AtIdentifier(1) && !AtQueryStart(1)) ++next_;
  ARROW_ASSIGN_OR_RAISE(insert->table, NameReference());
  if (At(Keyword::kREPLACE) && AtAny({Keyword::kWHERE, Keyword::kUSING, Keyword::kON}, 1)) {
    ++next_;
    ARROW_RETURN_NOT_OK(Expect(Keyword::kWHERE));
    ARROW_ASSIGN_OR_RAISE(insert->replace_where, Expression());
    insert->overwrite = true;
  }
  if (At(Keyword::kPARTITION) && At("(", 1)) {
    const int at = Start();
    next_ += 2;
    do {
      ARROW_ASSIGN_OR_RAISE(std::string column, Identifier());
      ExprPtr value;
      if (Accept("=")) {
        ARROW_ASSIGN_OR_RAISE(value, Expression(kUnaryPrecedence));
      }
      for (const auto& [name, other] : insert->static_partition) {
        if (name == column) return ErrorSince(at, "DUPLICATE_KEY", {{"keyColumn", QuoteIdentifier(column)}});
      }
      insert->static_partition.emplace_back(std::move(column), std::move(value));
    } while (Accept(","));
    ARROW_RETURN_NOT_OK(Expect(")"));
  }
  ARROW_ASSIGN_OR_RAISE(insert->if_not_exists, IfNotExists());
  if (AcceptWords({Keyword::kBY, Keyword::kNAME})) {
    insert->by_name = true;
  } else if (At("(") && !AtQueryStart(1) && !At("(", 1)) {
    ARROW_ASSIGN_OR_RAISE(insert->columns, IdentifierList());
  }
  ARROW_ASSIGN_OR_RAISE(PlanPtr query, Query());
  if (with) {
    ARROW_RETURN_NOT_OK(CheckCteNames(*with, start));
    with->children = {std::move(query)};
    with->origin = OriginSince(start);
    query = std::move(with);
  }
  insert->children = {std::move(query)};
  return Finish(std::move(insert), start);
}

// ---- CREATE, DROP --------------------------------------------------------------------------------------------------

Result<PlanPtr> Parser::Create() {
  if (AtWords({Keyword::kREPLACE, Keyword::kTABLE})) {
    next_ += 2;
    return CreateTable(true, true);
  }
  if (At(Keyword::kREPLACE)) return SyntaxError();
  if (AtAny({Keyword::kNAMESPACE, Keyword::kDATABASE, Keyword::kSCHEMA}, 1)) {
    next_ += 2;
    return CreateNamespace();
  }
  int ahead = 1;
  const bool or_replace = At(Keyword::kOR, ahead) && At(Keyword::kREPLACE, ahead + 1);
  if (or_replace) ahead += 2;
  const int words = ahead;
  while (AtAny({Keyword::kGLOBAL, Keyword::kTEMPORARY, Keyword::kTEMP, Keyword::kEXTERNAL}, ahead)) ++ahead;
  if (At(Keyword::kMATERIALIZED, ahead) && At(Keyword::kVIEW, ahead + 1))
    return Unsupported("CREATE MATERIALIZED VIEW");
  if (At(Keyword::kVIEW, ahead)) return CreateView();
  if (At(Keyword::kFUNCTION, ahead)) return Unsupported("CREATE FUNCTION");
  if (At(Keyword::kTABLE, ahead)) {
    const int start = Start();
    const bool temporary = ahead > words && AtAny({Keyword::kTEMPORARY, Keyword::kTEMP}, words);
    const bool external = At(Keyword::kEXTERNAL, ahead - 1);
    next_ += static_cast<size_t>(ahead) + 1;
    if (temporary) {
      return ErrorSince(start, "INVALID_SQL_SYNTAX.CREATE_TEMP_TABLE_USING_PROVIDER");
    }
    ARROW_ASSIGN_OR_RAISE(PlanPtr table, CreateTable(or_replace, false));
    if (!external) return table;
    auto copy = table->Clone();
    static_cast<plan::CreateTable*>(copy.get())->external = true;
    return copy;
  }
  if (AtAny({Keyword::kINDEX, Keyword::kROLE, Keyword::kVARIABLE}, ahead)) {
    return Unsupported(Cat("CREATE ", KeywordText(Peek(ahead).keyword)));
  }
  return SyntaxError(ahead);
}

Result<PlanPtr> Parser::CreateNamespace() {
  const int start = lexed_.tokens[next_ - 2].start;
  auto create = std::make_shared<plan::CreateNamespace>();
  ARROW_ASSIGN_OR_RAISE(create->if_not_exists, IfNotExists());
  ARROW_ASSIGN_OR_RAISE(create->name, NameReference());
  const auto repeated = [&](std::string_view clause) {
    return ErrorSince(start, "DUPLICATE_CLAUSES", {{"clauseName", std::string(clause)}});
  };
  bool properties = false;
  for (;;) {
    if (Accept(Keyword::kCOMMENT)) {
      ARROW_ASSIGN_OR_RAISE(std::string text, StringLiteral());
      if (!create->properties.emplace("comment", std::move(text)).second) return repeated("COMMENT");
    } else if (Accept(Keyword::kLOCATION)) {
      ARROW_ASSIGN_OR_RAISE(std::string text, StringLiteral());
      if (!create->properties.emplace("location", std::move(text)).second) return repeated("LOCATION");
    } else if (AcceptWords({Keyword::kWITH, Keyword::kDBPROPERTIES}) ||
               AcceptWords({Keyword::kWITH, Keyword::kPROPERTIES})) {
      if (properties) return repeated("WITH PROPERTIES");
      properties = true;
      ARROW_ASSIGN_OR_RAISE(const plan::Properties list, PropertyList(false));
      create->properties.insert(list.begin(), list.end());
    } else {
      return Finish(std::move(create), start);
    }
  }
}

Result<PlanPtr> Parser::CreateView() {
  const int start = Start();
  ++next_;
  auto view = std::make_shared<plan::CreateView>();
  view->replace = AcceptWords({Keyword::kOR, Keyword::kREPLACE});
  view->global = Accept(Keyword::kGLOBAL);
  view->temporary = Accept(Keyword::kTEMPORARY) || Accept(Keyword::kTEMP);
  ARROW_RETURN_NOT_OK(Expect(Keyword::kVIEW));
  ARROW_ASSIGN_OR_RAISE(view->if_not_exists, IfNotExists());
  ARROW_ASSIGN_OR_RAISE(view->name, NameReference());
  const bool typed = At("(") && AtIdentifier(2) && !At(Keyword::kCOMMENT, 2);
  if (view->temporary && !view->if_not_exists && (typed || At(Keyword::kUSING)))
    return TemporaryViewUsing(std::move(view), start);
  if (Accept("(")) {
    do {
      ARROW_ASSIGN_OR_RAISE(std::string name, Identifier());
      view->column_aliases.push_back(std::move(name));
      if (Accept(Keyword::kCOMMENT)) ARROW_RETURN_NOT_OK(StringLiteral().status());
    } while (Accept(","));
    ARROW_RETURN_NOT_OK(Expect(")"));
  }
  for (;;) {
    if (Accept(Keyword::kCOMMENT)) {
      ARROW_RETURN_NOT_OK(StringLiteral().status());
    } else if (Accept(Keyword::kTBLPROPERTIES)) {
      ARROW_RETURN_NOT_OK(PropertyList(false).status());
    } else if (AtWords({Keyword::kWITH, Keyword::kSCHEMA})) {
      return Unsupported("CREATE VIEW WITH SCHEMA");
    } else {
      break;
    }
  }
  ARROW_RETURN_NOT_OK(Expect(Keyword::kAS));
  const int query_start = Start();
  ARROW_ASSIGN_OR_RAISE(PlanPtr query, Query());
  const Origin written = OriginSince(query_start);
  view->sql_text = text_->substr(written.start, written.stop - written.start);
  view->children = {std::move(query)};
  return Finish(std::move(view), start);
}

/// [(columns)] USING format [OPTIONS (...)]: a view of what a data source reads.
Result<PlanPtr> Parser::TemporaryViewUsing(std::shared_ptr<plan::CreateView> view, int start) {
  auto source = std::make_shared<plan::UnresolvedDataSource>();
  if (Accept("(")) {
    std::vector<StructField> columns;
    ARROW_RETURN_NOT_OK(ColumnDefinitions(&columns));
    ARROW_RETURN_NOT_OK(Expect(")"));
    source->schema = DataType::Struct(std::move(columns));
  }
  ARROW_RETURN_NOT_OK(Expect(Keyword::kUSING));
  ARROW_ASSIGN_OR_RAISE(const NameParts format, MultipartName());
  source->format = sql::Join(format, ".");
  if (Accept(Keyword::kOPTIONS)) {
    ARROW_ASSIGN_OR_RAISE(const plan::Properties options, PropertyList(true));
    for (const auto& [key, value] : options) source->options[key] = value;
  }
  source->origin = OriginSince(start);
  std::string quoted;
  for (const auto& part : view->name) quoted += (quoted.empty() ? "" : ".") + QuoteIdentifier(part);
  if (view->name.size() > 1) return ErrorSince(start, "_LEGACY_ERROR_TEMP_1292", {{"viewIdent", quoted}});
  view->children = {std::move(source)};
  return Finish(std::move(view), start);
}

Result<PlanPtr> Parser::Drop() {
  const int start = Start();
  ++next_;
  if (AcceptNamespaceWord()) {
    auto drop = std::make_shared<plan::DropNamespace>();
    ARROW_ASSIGN_OR_RAISE(drop->if_exists, IfExists());
    ARROW_ASSIGN_OR_RAISE(drop->name, NameReference());
    drop->cascade = Accept(Keyword::kCASCADE);
    if (!drop->cascade) Accept(Keyword::kRESTRICT);
    return Finish(std::move(drop), start);
  }
  if (Accept(Keyword::kTABLE)) {
    auto drop = std::make_shared<plan::DropTable>();
    ARROW_ASSIGN_OR_RAISE(drop->if_exists, IfExists());
    ARROW_ASSIGN_OR_RAISE(drop->name, NameReference());
    drop->purge = Accept(Keyword::kPURGE);
    return Finish(std::move(drop), start);
  }
  if (Accept(Keyword::kVIEW)) {
    auto drop = std::make_shared<plan::DropView>();
    ARROW_ASSIGN_OR_RAISE(drop->if_exists, IfExists());
    ARROW_ASSIGN_OR_RAISE(drop->name, NameReference());
    return Finish(std::move(drop), start);
  }
  const int at = AtAny({Keyword::kTEMPORARY, Keyword::kTEMP, Keyword::kMATERIALIZED}) ? 1 : 0;
  if (AtAny({Keyword::kFUNCTION, Keyword::kVARIABLE, Keyword::kINDEX, Keyword::kROLE, Keyword::kVIEW}, at)) {
    return Unsupported(
        Cat("DROP ", at == 1 ? Cat(KeywordText(Peek().keyword), " ") : "", KeywordText(Peek(at).keyword)));
  }
  return SyntaxError();
}

// ---- EXPLAIN, USE --------------------------------------------------------------------------------------------------

Result<PlanPtr> Parser::Explain() {
  const int start = Start();
  ++next_;
  auto explain = std::make_shared<plan::Explain>();
  if (Accept(Keyword::kEXTENDED)) {
    explain->mode = plan::ExplainMode::kExtended;
  } else if (Accept(Keyword::kFORMATTED)) {
    explain->mode = plan::ExplainMode::kFormatted;
  } else if (Accept(Keyword::kCODEGEN)) {
    explain->mode = plan::ExplainMode::kCodegen;
  } else if (Accept(Keyword::kCOST)) {
    explain->mode = plan::ExplainMode::kCost;
  } else if (At(Keyword::kLOGICAL)) {
    return Unsupported("EXPLAIN LOGICAL");
  }
  if (AtEnd()) return SyntaxError();
  ARROW_ASSIGN_OR_RAISE(PlanPtr statement, Statement());
  explain->children = {std::move(statement)};
  return Finish(std::move(explain), start);
}

Result<PlanPtr> Parser::Use() {
  const int start = Start();
  ++next_;
  auto use = std::make_shared<plan::Use>();
  if (AtAny({Keyword::kNAMESPACE, Keyword::kDATABASE, Keyword::kSCHEMA}) && AtIdentifier(1)) {
    ++next_;
    use->namespace_only = true;
  }
  ARROW_ASSIGN_OR_RAISE(use->name, NameReference());
  return Finish(std::move(use), start);
}

// ---- SET, RESET ----------------------------------------------------------------------------------------------------

namespace {

bool IsConfigKey(std::string_view key) {
  if (key.empty()) return false;
  for (const char c : key) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && c != '.' && c != '\\' && c != ':') return false;
  }
  return true;
}

}  // namespace

/// SET reads raw text: values need no quotes.
Result<PlanPtr> Parser::SetStatement() {
  const int start = Start();
  if (AtWords({Keyword::kSET, Keyword::kTIME, Keyword::kZONE})) {
    next_ += 3;
    return SetTimeZone();
  }
  ++next_;
  if (At(Keyword::kCATALOG) && (AtIdentifier(1) || AtString(1))) {
    ++next_;
    auto set = std::make_shared<plan::SetCatalog>();
    if (AtString()) {
      ARROW_ASSIGN_OR_RAISE(set->name, StringLiteral());
    } else {
      ARROW_ASSIGN_OR_RAISE(set->name, CapturingIdentifier());
    }
    return Finish(std::move(set), start);
  }
  if (At(Keyword::kROLE)) return Unsupported("SET ROLE");
  if (At(Keyword::kCOLLATION)) return Unsupported("SET COLLATION");
  if (AtAny({Keyword::kVAR, Keyword::kVARIABLE}) && !At("=", 1) && !At(".", 1) && !AtTerminator(1)) {
    return Unsupported("SET VARIABLE");
  }
  auto set = std::make_shared<plan::Set>();
  // The raw text up to the last ";".
  std::string_view raw(*text_);
  raw = TrimRight(raw.substr(lexed_.tokens[next_ - 1].stop));
  while (!raw.empty() && raw.back() == ';') raw = TrimRight(raw.substr(0, raw.size() - 1));
  next_ = lexed_.tokens.size() - 1;
  raw = Trim(raw);
  const auto invalid = [&] { return ErrorSince(start, "INVALID_SET_SYNTAX"); };
  if (raw.empty()) return Finish(std::move(set), start);
  if (raw == "-v") {
    set->verbose = true;
    return Finish(std::move(set), start);
  }
  const auto unquote = [](std::string_view quoted) {
    std::string out;
    for (size_t i = 1; i + 1 < quoted.size(); ++i) {
      out.push_back(quoted[i]);
      if (quoted[i] == '`') ++i;
    }
    return out;
  };
  size_t equals = raw.find('=');
  if (raw[0] == '`') {
    const size_t close = raw.find('`', 1);
    if (close == std::string_view::npos) return invalid();
    equals = raw.find('=', close);
    const std::string_view between =
        raw.substr(close + 1, equals == std::string_view::npos ? equals : equals - close - 1);
    if (!Trim(between).empty()) return invalid();
    set->key = unquote(raw.substr(0, close + 1));
  } else {
    const std::string_view key = Trim(raw.substr(0, equals));
    if (!IsConfigKey(key)) {
      if (equals == std::string_view::npos) return invalid();
      return ErrorSince(start, "INVALID_PROPERTY_KEY",
                        {{"key", InDoubleQuotes(key)}, {"value", InDoubleQuotes(Trim(raw.substr(equals + 1)))}});
    }
    set->key = std::string(key);
  }
  if (equals != std::string_view::npos) {
    const std::string_view value = Trim(raw.substr(equals + 1));
    const bool quoted = value.size() > 1 && value.front() == '`' && value.back() == '`';
    set->value = quoted ? unquote(value) : std::string(value);
    if (!quoted && value.find(';') != std::string_view::npos) {
      return ErrorSince(start, "INVALID_PROPERTY_VALUE",
                        {{"value", InDoubleQuotes(value)}, {"key", InDoubleQuotes(*set->key)}});
    }
  }
  return Finish(std::move(set), start);
}

Result<PlanPtr> Parser::SetTimeZone() {
  const int start = lexed_.tokens[next_ - 3].start;
  auto set = std::make_shared<plan::Set>();
  set->key = "spark.sql.session.timeZone";
  if (Accept(Keyword::kLOCAL)) {
    set->value = TimeZone::LocalName();
  } else if (AtString()) {
    ARROW_ASSIGN_OR_RAISE(set->value, StringLiteral());
  } else if (AtInterval()) {
    ARROW_ASSIGN_OR_RAISE(const ExprPtr interval, Interval());
    const auto out_of_range = [&] {
      return ErrorSince(start, "INVALID_INTERVAL_FORMAT.TIMEZONE_INTERVAL_OUT_OF_RANGE",
                        {{"input", std::string(TextOf(Peek(-1)))}});
    };
    if (interval->type->id() != TypeId::kDayTimeInterval) return out_of_range();
    ARROW_ASSIGN_OR_RAISE(const int64_t us,
                          IntegralOf({*interval->type, static_cast<const plan::Literal&>(*interval).value}));
    const int64_t seconds = us / kUsPerSecond;
    if (seconds < -18 * 3600 || seconds > 18 * 3600 || us % kUsPerSecond != 0) return out_of_range();
    const int64_t whole = seconds < 0 ? -seconds : seconds;
    const auto two = [](int64_t v) { return (v < 10 ? "0" : "") + std::to_string(v); };
    std::string zone = (seconds < 0 ? "-" : "+") + two(whole / 3600) + ":" + two(whole / 60 % 60);
    if (whole % 60 != 0) zone += ":" + two(whole % 60);
    set->value = seconds == 0 ? "Z" : zone;
  } else {
    return SyntaxError();
  }
  return Finish(std::move(set), start);
}

Result<PlanPtr> Parser::ResetStatement() {
  const int start = Start();
  const size_t from = static_cast<size_t>(Peek().stop);
  auto reset = std::make_shared<plan::Reset>();
  std::string_view raw = Trim(std::string_view(*text_).substr(from));
  while (!raw.empty() && raw.back() == ';') raw = TrimRight(raw.substr(0, raw.size() - 1));
  next_ = lexed_.tokens.size() - 1;
  if (raw.empty()) return Finish(std::move(reset), start);
  if (raw.size() > 2 && raw.front() == '`' && raw.back() == '`') raw = raw.substr(1, raw.size() - 2);
  if (raw.find_first_of(" \t\r\n;") != std::string_view::npos) return ErrorSince(start, "INVALID_RESET_COMMAND_FORMAT");
  reset->key = std::string(raw);
  return Finish(std::move(reset), start);
}

}  // namespace sluice::sql
