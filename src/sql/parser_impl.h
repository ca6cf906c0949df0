#pragma once
// One parse. The methods are spread over expression_parser.cc, primary_parser.cc, call_parser.cc, literal_parser.cc,
// interval_text.cc, query_parser.cc, group_by_parser.cc,
// relation_parser.cc, pivot_parser.cc, command_parser.cc, table_parser.cc and show_parser.cc; this header is theirs
// alone.
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sql/lexer.h"
#include "sql/parser.h"

namespace sluice::sql {

using plan::ExprList;
using plan::ExprPtr;
using plan::PlanPtr;
using NameParts = std::vector<std::string>;

/// How tightly operators bind, loosest first.
enum Precedence : int {
  kLowest = 0,
  kOrPrecedence,
  kAndPrecedence,
  kNotPrecedence,
  kPredicatePrecedence,
  kComparisonPrecedence,
  kBitOrPrecedence,
  kBitXorPrecedence,
  kBitAndPrecedence,
  kShiftPrecedence,
  kSumPrecedence,
  kProductPrecedence,
  kUnaryPrecedence,
};
/// A valueExpression of the grammar: no AND, OR, NOT, predicates.
constexpr int kValuePrecedence = kComparisonPrecedence;

class Parser {
 public:
  Parser(std::string_view sql, const ParserOptions& options);

  // Entry points: each takes the whole text.
  Result<PlanPtr> SingleStatement();
  Result<ExprPtr> SingleExpression();
  Result<NameParts> SingleName();

 private:
  // ---- tokens (parser.cc)
  const Token& Peek(int ahead = 0) const;
  std::string_view TextOf(const Token& token) const {
    return std::string_view(*text_).substr(token.start, token.stop - token.start);
  }
  bool At(Keyword keyword, int ahead = 0) const { return Peek(ahead).keyword == keyword; }
  bool At(std::string_view symbol, int ahead = 0) const;
  bool AtAny(std::initializer_list<Keyword> keywords, int ahead = 0) const;
  bool AtWords(std::initializer_list<Keyword> keywords) const;  // one after the other
  bool AtEnd() const { return Peek().kind == TokenKind::kEnd; }
  bool Accept(Keyword keyword);
  bool Accept(std::string_view symbol);
  bool AcceptWords(std::initializer_list<Keyword> keywords);
  bool AcceptNot();  // NOT or !
  Status Expect(Keyword keyword);
  Status Expect(std::string_view symbol);
  /// PARSE_SYNTAX_ERROR at a token, the next one by default.
  Status SyntaxError(int ahead = 0) const;
  Status ErrorSince(int start, std::string_view condition, ErrorParameters parameters = {}) const;
  Status Unsupported(std::string_view feature) const;
  Origin OriginSince(int start) const;  // from byte `start` to the end of the last token taken
  int Start() const { return Peek().start; }
  Status Enter();  // one level deeper: FAILED_TO_PARSE_TOO_COMPLEX beyond kMaxDepth
  void Leave() { --depth_; }
  Status Grow();  // a node on top of the expression or plan being built
  Status TooComplex() const;

  // ---- names (parser.cc)
  bool AtIdentifier(int ahead = 0) const;
  bool AtString(int ahead = 0) const;
  Result<std::string> Identifier();
  Result<std::string> CapturingIdentifier();  // refuses a-b by INVALID_IDENTIFIER
  Result<NameParts> MultipartName();
  Result<NameParts> NameReference();   // or IDENTIFIER('a.b')
  Result<NameParts> IdentifierList();  // (a, b)
  Result<std::string> StringLiteral();
  Result<int64_t> IntegerToken();
  /// A word that opens or continues a clause here, so that it is no alias.
  bool AtClause(int ahead = 0) const;
  /// A token after which an expression cannot go on: the word before it was an identifier.
  bool AtTerminator(int ahead = 0) const;
  bool AtQueryStart(int ahead = 0) const;

  // ---- expressions (expression_parser.cc)
  Result<ExprPtr> Expression(int min_precedence = kLowest);
  Result<ExprPtr> ContinueExpression(ExprPtr left, int start, int min_precedence);
  Result<ExprPtr> Prefix(int min_precedence);
  Result<ExprPtr> LogicalChain(ExprPtr left, int start, Keyword keyword, int precedence);
  Result<ExprPtr> Predicate(ExprPtr left);
  Result<ExprPtr> InPredicate(ExprPtr left, int start, bool negated);
  Result<ExprPtr> LikePredicate(ExprPtr left, int start, bool negated);
  struct LikeWords {
    bool ignore_case, negated, all;
  };
  Result<ExprPtr> QuantifiedLike(ExprPtr left, ExprList patterns, LikeWords words, int start);
  Result<ExprPtr> IsPredicate(ExprPtr left, int start);
  int BinaryPrecedence(std::string* function, int* tokens) const;
  Result<ExprPtr> NamedExpression();
  Result<ExprList> NamedExpressions();
  Result<ExprList> Expressions();
  Result<ExprPtr> SortItem();
  Result<ExprList> SortItems();
  ExprPtr Function(std::string_view name, ExprList args, int start, bool is_operator = true) const;
  ExprPtr Negate(ExprPtr expr, int start) const { return Function("not", {std::move(expr)}, start); }

  // ---- primaries (primary_parser.cc, call_parser.cc)
  Result<ExprPtr> Primary();
  Result<ExprPtr> PrimaryHead();
  Result<ExprPtr> Parenthesized();
  Result<ExprPtr> SubqueryAfterParen(int start, plan::SubqueryKind kind, ExprList values);
  /// "(q) UNION ..." found where "(q)" was read as an expression or relation.
  bool AtQueryContinuation() const;
  Result<ExprPtr> NameOrCall();
  Result<ExprPtr> Star(NameParts target, int start);
  bool AtLambda() const;
  Result<ExprPtr> LambdaExpression();
  Result<ExprPtr> Case();
  /// Syntax of its own inside the parentheses: CAST, EXTRACT, TRIM ...; null when it is a plain call after all.
  Result<ExprPtr> Call(NameParts name, int start);
  Result<ExprPtr> SpecialCall(Keyword keyword, int start, ExprList* args);
  Result<ExprPtr> CastCall(bool is_try, int start, ExprList* args);
  Result<ExprPtr> TrimCall(int start, ExprList* args);
  Result<ExprPtr> SubstringCall(int start, ExprList* args);
  Result<ExprPtr> OverlayCall(int start, ExprList* args);
  Result<ExprPtr> PositionCall(int start, ExprList* args);
  Result<ExprPtr> ExtractCall(int start);
  Result<ExprPtr> StructCall(int start);
  Status CallArguments(plan::UnresolvedFunction* call);
  Result<ExprPtr> FunctionArgument();
  Result<ExprPtr> CallSuffix(std::shared_ptr<plan::UnresolvedFunction> call, int start);
  Result<ExprPtr> DateUnitCall(const plan::UnresolvedFunction& call, int start);
  Result<ExprPtr> WindowSpec(ExprPtr function, int start);
  Status WindowFrame(plan::WindowExpression* window);
  Result<plan::FrameBound> WindowFrameBound();

  // ---- literals (literal_parser.cc, interval_parser.cc, type_parser.cc)
  Result<ExprPtr> Number(bool negative);
  Result<ExprPtr> String();
  bool AtTypedLiteral() const;
  Result<ExprPtr> TypedLiteral();
  bool AtInterval() const;
  Result<ExprPtr> Interval();
  Result<ExprPtr> IntervalString(const std::string& text, int start);
  ExprPtr Lit(TypedValue value, int start) const;
  Result<DataType> Type();
  /// "VARCHAR(10)" of the type just read, lower case, when it is CHAR or VARCHAR; for StructField metadata.
  std::string char_type_;

  // ---- queries (query_parser.cc, relation_parser.cc)
  Result<PlanPtr> Query();
  Result<std::shared_ptr<plan::With>> Ctes();
  Status CheckCteNames(const plan::With& with, int start) const;
  Result<PlanPtr> QueryTerm(int min_precedence);
  Result<PlanPtr> ContinueQueryTerm(PlanPtr left, int start, int min_precedence);
  Result<PlanPtr> QueryPrimary();
  Result<PlanPtr> QueryOrganization(PlanPtr child);
  /// What follows "(q)": set operations and ORDER BY ...
  Result<PlanPtr> ContinueQuery(PlanPtr left, int start);
  Result<PlanPtr> Select(PlanPtr from);  // `from` of a FROM-first query, else null
  Status SelectHints(std::vector<std::shared_ptr<plan::Hint>>* hints);
  Result<PlanPtr> GroupBy();
  Status GroupingItem(std::vector<std::vector<ExprList>>* factors, bool* analytics);
  Result<std::vector<ExprList>> GroupingAnalytics();
  static std::vector<ExprList> RollupSets(const std::vector<ExprList>& elements);
  Result<std::vector<ExprList>> CubeSets(const std::vector<ExprList>& elements);
  Result<ExprList> GroupingSet();
  Result<PlanPtr> LateralViews(PlanPtr child);
  Status WindowClause();
  Result<ExprPtr> ResolveWindows(ExprPtr expr);
  Result<PlanPtr> PipeOperator(PlanPtr left, int start);
  Result<PlanPtr> Values();
  Result<PlanPtr> FromClause();
  Result<PlanPtr> Relation();
  Result<PlanPtr> RelationExtensions(PlanPtr left, int start);
  Result<PlanPtr> RelationPrimary();
  Result<PlanPtr> TableReference();
  Result<PlanPtr> TableFunction(NameParts name, int start);
  Result<PlanPtr> Sample(PlanPtr child);
  Result<PlanPtr> TableAlias(PlanPtr child, bool subquery);
  bool AtTableAlias() const;
  bool AtJoin() const;
  Result<PlanPtr> Join(PlanPtr left, int start);
  Result<PlanPtr> Pivot(PlanPtr child, int start);
  Result<PlanPtr> Unpivot(PlanPtr child, int start);
  Status TimeTravel(plan::UnresolvedRelation* relation);

  // ---- statements (command_parser.cc, table_parser.cc, show_parser.cc)
  Result<PlanPtr> Statement();
  Result<PlanPtr> Insert(std::shared_ptr<plan::With> with);
  Result<PlanPtr> Create();
  Result<PlanPtr> CreateNamespace();
  Result<PlanPtr> CreateTable(bool or_replace, bool must_exist);
  Result<PlanPtr> CreateView();
  Result<PlanPtr> TemporaryViewUsing(std::shared_ptr<plan::CreateView> view, int start);
  Result<PlanPtr> Drop();
  Result<PlanPtr> Show();
  Result<PlanPtr> Describe();
  Result<PlanPtr> Explain();
  Result<PlanPtr> Use();
  Result<PlanPtr> SetStatement();
  Result<PlanPtr> SetTimeZone();
  Result<PlanPtr> ResetStatement();
  Status ColumnDefinitions(std::vector<StructField>* fields);
  Result<StructField> ColumnDefinition(const std::string& name);
  Result<std::vector<plan::PartitionField>> PartitionFields(std::vector<StructField>* columns);
  Result<plan::PartitionField> Buckets();
  Status TableClauses(plan::CreateTable* table, std::vector<StructField>* columns, std::string* repeated);
  Result<plan::Properties> PropertyList(bool expressions);
  Result<std::string> PropertyKey();
  Result<bool> IfNotExists();
  Result<bool> IfExists();
  bool AcceptNamespaceWord();
  Result<std::optional<std::string>> ShowPattern();
  Result<NameParts> FromNamespace();
  template <typename T>
  PlanPtr Finish(std::shared_ptr<T> node, int start) const {
    node->origin = OriginSince(start);
    return node;
  }

  static constexpr int kMaxDepth = 300;    // nested parentheses, subqueries, CASE ...
  static constexpr int kMaxHeight = 1000;  // of trees: long chains of + or UNION

  std::shared_ptr<const std::string> text_;
  ParserOptions options_;
  LexedText lexed_;
  size_t next_ = 0;
  int depth_ = 0;
  int height_ = 0;
  /// Definitions of the WINDOW clause that is being applied.
  std::vector<std::pair<std::string, ExprPtr>> windows_;
  bool window_names_used_ = false;
};

/// Leaves one level of nesting at the end of a scope.
class DepthGuard {
 public:
  explicit DepthGuard(int* depth) : depth_(depth) {}
  ~DepthGuard() { --*depth_; }
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;

 private:
  int* depth_;
};

#define SLUICE_ENTER()          \
  ARROW_RETURN_NOT_OK(Enter()); \
  DepthGuard depth_guard(&depth_)

/// Field bits and value of an interval text such as "1 day 2 hours"; see interval_text.h.
}  // namespace sluice::sql
