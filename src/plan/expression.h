#pragma once
// Expressions as plain data. Parser, DataFrame API and Connect build the unresolved ones; the analyzer replaces them.
// Nodes are immutable once shared: passes build new ones with WithChildren() and Transform (plan/transform.h).
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "sluice/types.h"
#include "types/literal.h"

namespace sluice::functions {
struct FunctionDef;  // functions/registry.h
struct BoundCall;
struct ExternalFunction;  // functions/external.h
}  // namespace sluice::functions

namespace sluice::plan {

struct LogicalPlan;
using PlanPtr = std::shared_ptr<const LogicalPlan>;

struct Expression;
using ExprPtr = std::shared_ptr<const Expression>;
using ExprList = std::vector<ExprPtr>;

/// Identifies a resolved column through the plan, whatever its name.
using ExprId = uint64_t;
ExprId NextExprId();

enum class ExprKind : uint8_t {
  // unresolved
  kUnresolvedAttribute,
  kUnresolvedStar,
  kUnresolvedFunction,
  kUnresolvedExtract,
  kUnresolvedAlias,
  // resolved or neutral
  kLiteral,
  kAttribute,
  kAlias,
  kMultiAlias,
  kCast,
  kCall,
  kAggregateCall,
  kGeneratorCall,
  kGetField,
  kSortOrder,
  kLambda,
  kLambdaVariable,
  kSubquery,
  kWindow,
  kWindowSpec,
  kOuterReference,
  kNamedArgument,
  kParameter,
  kDefaultValue,
};

struct Expression {
  explicit Expression(ExprKind k) : kind(k) {}
  virtual ~Expression() = default;
  /// A copy of this node with other children (same number), the rest unchanged.
  virtual std::shared_ptr<Expression> Clone() const = 0;
  ExprPtr WithChildren(ExprList new_children) const {
    auto copy = Clone();
    copy->children = std::move(new_children);
    return copy;
  }

  ExprKind kind;
  ExprList children;
  Origin origin;
  /// Set once resolved.
  std::optional<DataType> type;
  bool nullable = true;
  bool resolved() const { return type.has_value(); }
};

template <typename Derived, ExprKind kKind>
struct ExpressionNode : Expression {
  static constexpr ExprKind kStaticKind = kKind;
  ExpressionNode() : Expression(kKind) {}
  std::shared_ptr<Expression> Clone() const override {
    return std::make_shared<Derived>(static_cast<const Derived&>(*this));
  }
};

/// `expr` as T, or null when it is of another kind.
template <typename T>
const T* As(const Expression& expr) {
  return expr.kind == T::kStaticKind ? static_cast<const T*>(&expr) : nullptr;
}
template <typename T>
const T* As(const ExprPtr& expr) {
  return As<T>(*expr);
}

// ---- unresolved ----------------------------------------------------------------------------------------------------

/// a.b.c: any split into qualifier, column and nested fields.
struct UnresolvedAttribute : ExpressionNode<UnresolvedAttribute, ExprKind::kUnresolvedAttribute> {
  std::vector<std::string> parts;
  std::optional<int64_t> plan_id;  // Connect: column of that very DataFrame
};

/// *, t.*, struct_col.*, * EXCEPT (a, b).
struct UnresolvedStar : ExpressionNode<UnresolvedStar, ExprKind::kUnresolvedStar> {
  std::vector<std::string> target;
  std::vector<std::vector<std::string>> except;
  std::optional<int64_t> plan_id;
};

/// f(args), operators included: "+", "AND", "=", "<=>", "NOT", "IN", "LIKE", "CASE" (pairs and else) under Spark's
/// function names: +, -, *, /, %, div, ||, &, |, ^, ~, negative, positive, and, or, not, =, ==, !=, <>, <, <=, >, >=,
/// <=>, in, between, like, ilike, rlike, isnull, isnotnull, when (CASE WHEN: c1,v1,...,else), if, istrue ...
struct UnresolvedFunction : ExpressionNode<UnresolvedFunction, ExprKind::kUnresolvedFunction> {
  std::vector<std::string> name;
  bool distinct = false;
  bool ignore_nulls = false;
  ExprPtr filter;            // FILTER (WHERE ...), may be null
  ExprList within_group;     // SortOrder
  bool is_operator = false;  // written as an operator: not looked up among user functions
  std::shared_ptr<const functions::ExternalFunction> external = nullptr;  // the function itself: no name is looked up
};

/// child[key] or child.field before the type of child is known; key is a Literal string for `.field`.
struct UnresolvedExtract : ExpressionNode<UnresolvedExtract, ExprKind::kUnresolvedExtract> {};  // children: child, key

/// A select-list item without a name: the analyzer names it as Spark does (plan/naming.h).
struct UnresolvedAlias : ExpressionNode<UnresolvedAlias, ExprKind::kUnresolvedAlias> {};  // children: child

// ---- resolved ------------------------------------------------------------------------------------------------------

struct Literal : ExpressionNode<Literal, ExprKind::kLiteral> {
  ArrayPtr value;                      // length 1, physical form of *type
  std::optional<std::string> written;  // as the user wrote it, when the generated name keeps it (X'1A', 1.0BD ...)
};
ExprPtr MakeLiteral(TypedValue value, Origin origin = {});

/// A resolved column; `type` and `nullable` are set.
struct Attribute : ExpressionNode<Attribute, ExprKind::kAttribute> {
  std::string name;
  ExprId id = 0;
  std::vector<std::string> qualifier;
  std::string metadata_json;
  std::optional<int64_t> watermark_delay_us;  // event-time column and its delay
};
using AttributePtr = std::shared_ptr<const Attribute>;
AttributePtr MakeAttribute(std::string name, DataType type, bool nullable, std::vector<std::string> qualifier = {});

struct Alias : ExpressionNode<Alias, ExprKind::kAlias> {  // children: child
  std::string name;
  ExprId id = 0;
  std::string metadata_json;
  std::optional<int64_t> watermark_delay_us;  // of an Attribute child when unset
};
/// Names of a generator's columns: explode(m) AS (k, v).
struct MultiAlias : ExpressionNode<MultiAlias, ExprKind::kMultiAlias> {
  std::vector<std::string> names;
};

enum class CastMode : uint8_t { kAnsi, kLegacy, kTry };
/// Unresolved child allowed; `to` is known from the start. The analyzer fixes mode by spark.sql.ansi.enabled unless
/// kTry.
struct Cast : ExpressionNode<Cast, ExprKind::kCast> {
  DataType to;
  CastMode mode = CastMode::kAnsi;
  bool implicit = false;  // added by type coercion: does not show in generated names
};

/// The type of functions::FunctionDef::display.
using CallDisplay = std::string (*)(std::string_view name, std::span<const std::string> args);

/// A scalar function or operator with its overload chosen and its arguments cast.
struct Call : ExpressionNode<Call, ExprKind::kCall> {
  const functions::FunctionDef* def = nullptr;
  std::shared_ptr<const functions::BoundCall> bound;  // what its bind step prepared (compiled regex, schema ...)
  std::string display_name;                           // as Spark's prettyName for the spelling used
  CallDisplay display = nullptr;                      // def->display: how the call is written when not name(args)
};
struct AggregateCall
    : ExpressionNode<AggregateCall, ExprKind::kAggregateCall> {  // children: arguments, then filter if any
  const functions::FunctionDef* def = nullptr;
  std::shared_ptr<const functions::BoundCall> bound;
  std::string display_name;
  bool distinct = false;
  bool has_filter = false;
  bool ignore_nulls = false;
  struct OrderKey {
    bool ascending, nulls_first;
    bool operator==(const OrderKey&) const = default;
  };
  std::vector<OrderKey> within_group;  // of the last arguments before the filter
  CallDisplay display = nullptr;       // def->display
};
/// explode, posexplode, inline, stack, json_tuple: zero or more rows of `outputs` for one input row.
struct GeneratorCall : ExpressionNode<GeneratorCall, ExprKind::kGeneratorCall> {
  const functions::FunctionDef* def = nullptr;
  std::shared_ptr<const functions::BoundCall> bound;
  std::string display_name;
  std::vector<StructField> outputs;
  bool outer = false;
};

/// Field `ordinal` of a STRUCT; also of ARRAY<STRUCT> elementwise when `over_array`.
struct GetField : ExpressionNode<GetField, ExprKind::kGetField> {
  int ordinal = 0;
  std::string name;
  bool over_array = false;
};

struct SortOrder : ExpressionNode<SortOrder, ExprKind::kSortOrder> {
  bool ascending = true;
  bool nulls_first = true;  // Spark's default: first when ascending, last when descending
};

/// x -> body, (x, y) -> body. children: body. Parameters become LambdaVariables in the body.
struct Lambda : ExpressionNode<Lambda, ExprKind::kLambda> {
  std::vector<std::string> parameters;
  std::vector<ExprId> parameter_ids;
};
struct LambdaVariable : ExpressionNode<LambdaVariable, ExprKind::kLambdaVariable> {
  std::string name;
  ExprId id = 0;
};

enum class SubqueryKind : uint8_t { kScalar, kExists, kIn };
/// children: IN's left side values, then the columns of the outer query that `plan` reads through OuterReferences.
struct SubqueryExpression : ExpressionNode<SubqueryExpression, ExprKind::kSubquery> {
  SubqueryKind subquery_kind = SubqueryKind::kScalar;
  PlanPtr plan;
  std::vector<ExprId> outer_ids;  // the ids OuterReferences use, in the order of the last children
  size_t num_values() const { return children.size() - outer_ids.size(); }
};
/// Inside a subquery: a column of the query around it. No child, for it is no column of the plan it stands in.
struct OuterReference : ExpressionNode<OuterReference, ExprKind::kOuterReference> {
  std::string name;
  std::vector<std::string> qualifier;
  ExprId id = 0;
};

enum class FrameUnit : uint8_t { kRows, kRange };
struct FrameBound {
  enum class Kind : uint8_t { kUnboundedPreceding, kPreceding, kCurrentRow, kFollowing, kUnboundedFollowing } kind;
  ExprPtr offset;
  ExprPtr written = nullptr;  // the offset before it was cast, for texts
};
/// f(...) OVER (PARTITION BY ... ORDER BY ... frame). children: function, partition keys, then SortOrders.
struct WindowExpression : ExpressionNode<WindowExpression, ExprKind::kWindow> {
  int num_partition_keys = 0;
  std::optional<FrameUnit> unit;
  std::optional<FrameBound> lower, upper;
  std::string window_name;    // OVER w, else empty
  bool ignore_nulls = false;  // of a function that only windows have; aggregates know it themselves
};

/// name => value
struct NamedArgument : ExpressionNode<NamedArgument, ExprKind::kNamedArgument> {
  std::string name;
};
/// :name or ? of a parameterised query.
struct Parameter : ExpressionNode<Parameter, ExprKind::kParameter> {
  std::string name;  // empty: positional
};

}  // namespace sluice::plan
