#pragma once
// Logical plans as plain data. A node lists what it is, its children are plans, output() its columns once resolved.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/options.h"
#include "plan/expression.h"

namespace arrow {
class RecordBatch;
}
namespace sluice::connectors {
class Table;  // connectors/api/table.h
}

namespace sluice::plan {

enum class PlanKind : uint8_t {
  // leaves
  kUnresolvedRelation,
  kUnresolvedDataSource,
  kUnresolvedTableFunction,
  kUnresolvedInlineTable,
  kLocalRelation,
  kRange,
  kOneRow,
  kRelation,
  kCteReference,
  // one child
  kProject,
  kFilter,
  kAggregate,
  kSort,
  kLimit,
  kOffset,
  kTail,
  kGenerate,
  kSubqueryAlias,
  kWith,
  kDistinct,
  kDeduplicate,
  kEventTimeWatermark,
  kWindow,
  kExpand,
  kSample,
  kRepartition,
  kHint,
  kPivot,
  kUnpivot,
  kToSchema,
  kCollectMetrics,
  kExternalColumns,
  kMapPartitions,
  // more
  kJoin,
  kUnion,
  kSetOperation,
  kMapGroups,
  // statements: plan/command.h
  kCommand,
};

using Attributes = std::vector<AttributePtr>;

struct LogicalPlan {
  explicit LogicalPlan(PlanKind k) : kind(k) {}
  virtual ~LogicalPlan() = default;
  virtual std::shared_ptr<LogicalPlan> Clone() const = 0;
  /// Columns; only meaningful when resolved.
  virtual Attributes output() const { return children.size() == 1 ? children[0]->output() : Attributes{}; }
  /// All expressions held by this node, in a fixed order, and the same node with others in their place.
  virtual ExprList expressions() const { return {}; }
  virtual void set_expressions(ExprList) {}

  PlanPtr WithChildren(std::vector<PlanPtr> new_children) const {
    auto copy = Clone();
    copy->children = std::move(new_children);
    return copy;
  }

  PlanKind kind;
  std::vector<PlanPtr> children;
  Origin origin;
  std::optional<int64_t> plan_id;  // Connect's id of the DataFrame
  bool resolved = false;           // set by the analyzer on nodes it has finished
};

template <typename Derived, PlanKind kKind>
struct PlanNode : LogicalPlan {
  static constexpr PlanKind kStaticKind = kKind;
  PlanNode() : LogicalPlan(kKind) {}
  std::shared_ptr<LogicalPlan> Clone() const override {
    return std::make_shared<Derived>(static_cast<const Derived&>(*this));
  }
};
template <typename T>
const T* As(const LogicalPlan& plan) {
  return plan.kind == T::kStaticKind ? static_cast<const T*>(&plan) : nullptr;
}
template <typename T>
const T* As(const PlanPtr& plan) {
  return As<T>(*plan);
}

/// The column that an Attribute or a resolved Alias gives; null for anything else.
AttributePtr ToAttribute(const ExprPtr& named);

// ---- leaves --------------------------------------------------------------------------------------------------------

/// A name: temp view, table, metadata table (cat.ns.t.snapshots) or file (parquet.`/path`).
struct UnresolvedRelation : PlanNode<UnresolvedRelation, PlanKind::kUnresolvedRelation> {
  std::vector<std::string> name;
  OptionMap options;
  bool is_streaming = false;
  ExprPtr version_as_of, timestamp_as_of;  // time travel, foldable
  ExprList expressions() const override;
  void set_expressions(ExprList) override;
};

/// read/readStream .format().options().load(): the analyzer asks its SourceResolver for the schema.
struct UnresolvedDataSource : PlanNode<UnresolvedDataSource, PlanKind::kUnresolvedDataSource> {
  std::string format;
  OptionMap options;
  std::vector<std::string> paths;
  std::optional<DataType> schema;
  bool is_streaming = false;
};

/// range(10), explode(...) in FROM and user TVFs.
struct UnresolvedTableFunction : PlanNode<UnresolvedTableFunction, PlanKind::kUnresolvedTableFunction> {
  std::string name;
  ExprList args;
  ExprList expressions() const override { return args; }
  void set_expressions(ExprList e) override { args = std::move(e); }
};

struct UnresolvedInlineTable : PlanNode<UnresolvedInlineTable, PlanKind::kUnresolvedInlineTable> {
  std::vector<std::string> names;  // col1, col2 ... unless aliased
  std::vector<ExprList> rows;
  ExprList expressions() const override;
  void set_expressions(ExprList) override;
};

/// Data in memory. Batches are in the physical form of types/arrow_types.h.
struct LocalRelation : PlanNode<LocalRelation, PlanKind::kLocalRelation> {
  Attributes attributes;
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  Attributes output() const override { return attributes; }
};

struct Range : PlanNode<Range, PlanKind::kRange> {
  int64_t start = 0, end = 0, step = 1;
  std::optional<int> num_partitions;
  AttributePtr attribute;  // id BIGINT NOT NULL
  Attributes output() const override { return {attribute}; }
};

/// FROM-less SELECT: one row without columns.
struct OneRow : PlanNode<OneRow, PlanKind::kOneRow> {
  Attributes output() const override { return {}; }
};

/// A resolved table or stream of a connector. The optimizer narrows `attributes` (and nested_schema) to what is needed
/// and moves conjuncts into `pushed_filters` (which stay in the Filter above too unless the table evaluates them
/// exactly).
struct Relation : PlanNode<Relation, PlanKind::kRelation> {
  std::shared_ptr<connectors::Table> table;
  std::string name;  // for EXPLAIN
  OptionMap options;
  bool is_streaming = false;
  int source_id = -1;   // streaming: position among the query's sources, in order of first appearance; set by session
  ExprId instance = 0;  // streaming: the right side of a self-join has one of its own, and so is another source
  Attributes attributes;
  ExprList pushed_filters;
  std::optional<int64_t> pushed_limit;
  Attributes output() const override { return attributes; }
  ExprList expressions() const override { return pushed_filters; }
  void set_expressions(ExprList e) override { pushed_filters = std::move(e); }
};

// ---- one child -----------------------------------------------------------------------------------------------------

struct Project : PlanNode<Project, PlanKind::kProject> {
  ExprList list;            // resolved: Attribute or Alias each
  Attributes join_columns;  // of JOIN USING: columns of both sides that the list leaves out
  Attributes output() const override;
  ExprList expressions() const override { return list; }
  void set_expressions(ExprList e) override { list = std::move(e); }
};

struct Filter : PlanNode<Filter, PlanKind::kFilter> {
  ExprPtr condition;
  bool having = false;
  ExprList expressions() const override { return {condition}; }
  void set_expressions(ExprList e) override { condition = e[0]; }
};

enum class GroupingKind : uint8_t { kGroupBy, kRollup, kCube, kGroupingSets, kAll };
struct Aggregate : PlanNode<Aggregate, PlanKind::kAggregate> {
  ExprList grouping;    // analyzer: any expressions
  ExprList aggregates;  // the output list: Attribute or Alias over groupings and AggregateCalls
  GroupingKind grouping_kind = GroupingKind::kGroupBy;
  std::vector<std::vector<int>> grouping_sets;  // indexes into grouping; filled for kRollup, kCube and kGroupingSets
  /// Once analyzed: what each grouping was computed from, over the columns that grouping sets have not nulled. With
  /// grouping sets `grouping` has one more, their id.
  ExprList grouping_sources;
  Attributes output() const override;
  ExprList expressions() const override;  // grouping then aggregates
  void set_expressions(ExprList) override;
};

struct Sort : PlanNode<Sort, PlanKind::kSort> {
  ExprList orders;  // SortOrder
  bool global = true;
  bool order_by_all = false;
  ExprList expressions() const override { return orders; }
  void set_expressions(ExprList e) override { orders = std::move(e); }
};

struct Limit : PlanNode<Limit, PlanKind::kLimit> {
  ExprPtr count;
  ExprList expressions() const override { return {count}; }
  void set_expressions(ExprList e) override { count = e[0]; }
};
struct Offset : PlanNode<Offset, PlanKind::kOffset> {
  ExprPtr count;
  ExprList expressions() const override { return {count}; }
  void set_expressions(ExprList e) override { count = e[0]; }
};
struct Tail : PlanNode<Tail, PlanKind::kTail> {
  int64_t count = 0;
};

/// LATERAL VIEW [OUTER] f(...) alias AS names, and generators in a select list.
struct Generate : PlanNode<Generate, PlanKind::kGenerate> {
  ExprPtr generator;  // GeneratorCall once resolved
  bool outer = false;
  std::string qualifier;           // table alias
  std::vector<std::string> names;  // column aliases; defaults of the generator when empty
  Attributes generator_output;
  std::vector<int> unneeded_child_output;  // columns of the child nobody reads above
  Attributes output() const override;      // child's (without unneeded) then generator_output
  ExprList expressions() const override { return {generator}; }
  void set_expressions(ExprList e) override { generator = e[0]; }
};

struct SubqueryAlias : PlanNode<SubqueryAlias, PlanKind::kSubqueryAlias> {
  std::vector<std::string> name;  // alias, or catalog.ns.table of a relation
  std::vector<std::string> column_aliases;
  Attributes output() const override;  // child's, requalified; ids stay
};

struct With : PlanNode<With, PlanKind::kWith> {
  struct Definition {
    std::string name;
    std::vector<std::string> column_aliases;
    PlanPtr plan;
  };
  std::vector<Definition> definitions;
  bool recursive = false;
};

struct Distinct : PlanNode<Distinct, PlanKind::kDistinct> {};

/// dropDuplicates: `keys` by name until resolved (empty: all columns).
struct Deduplicate : PlanNode<Deduplicate, PlanKind::kDeduplicate> {
  std::vector<std::string> column_names;
  ExprList keys;
  bool within_watermark = false;
  ExprList expressions() const override { return keys; }
  void set_expressions(ExprList e) override { keys = std::move(e); }
};

struct EventTimeWatermark : PlanNode<EventTimeWatermark, PlanKind::kEventTimeWatermark> {
  ExprId id = NextExprId();  // kept by copies: a stream that is read twice has one watermark
  ExprPtr event_time;
  int64_t delay_us = 0;
  std::string delay_text;
  Attributes output() const override;
  ExprList expressions() const override { return {event_time}; }
  void set_expressions(ExprList e) override { event_time = e[0]; }
};

/// Window functions of one partitioning and order, appended as columns.
struct Window : PlanNode<Window, PlanKind::kWindow> {
  ExprList window_expressions;  // Alias(WindowExpression)
  Attributes output() const override;
  ExprList expressions() const override { return window_expressions; }
  void set_expressions(ExprList e) override { window_expressions = std::move(e); }
};

/// Each input row once per projection: grouping sets, distinct aggregates, sliding windows.
struct Expand : PlanNode<Expand, PlanKind::kExpand> {
  std::vector<ExprList> projections;
  Attributes attributes;
  Attributes output() const override { return attributes; }
  ExprList expressions() const override;
  void set_expressions(ExprList) override;
};

struct Sample : PlanNode<Sample, PlanKind::kSample> {
  double lower = 0, upper = 1;
  bool with_replacement = false;
  std::optional<int64_t> seed;
};

struct Repartition : PlanNode<Repartition, PlanKind::kRepartition> {
  std::optional<int> num_partitions;
  bool shuffle = true;
  ExprList keys;
  ExprList expressions() const override { return keys; }
  void set_expressions(ExprList e) override { keys = std::move(e); }
};

/// /*+ BROADCAST(t) */ and DataFrame.hint.
struct Hint : PlanNode<Hint, PlanKind::kHint> {
  std::string name;
  std::vector<std::string> parameters;
};

/// PIVOT (aggregates FOR column IN (values)); DataFrame.groupBy(grouping).pivot(column, values).agg(aggregates).
struct Pivot : PlanNode<Pivot, PlanKind::kPivot> {
  ExprList grouping;
  bool has_grouping = false;  // false in SQL: every column that column and aggregates do not read
  ExprPtr column;             // several: a call of struct()
  ExprList values;            // Alias names the output column
  ExprList aggregates;
  ExprList expressions() const override;
  void set_expressions(ExprList) override;
};

/// UNPIVOT and DataFrame.unpivot: each row once per element of `values`.
struct Unpivot : PlanNode<Unpivot, PlanKind::kUnpivot> {
  std::optional<ExprList> ids;  // one of ids and values may be left out: the remaining columns
  std::optional<std::vector<ExprList>> values;
  std::vector<std::optional<std::string>> value_aliases;  // as values, or empty
  std::string name_column;
  std::vector<std::string> value_columns;
  bool include_nulls = false;
  ExprList expressions() const override;
  void set_expressions(ExprList) override;
};

// ---- more children -------------------------------------------------------------------------------------------------

/// The last two come from subqueries: kLeftSingle is a left outer join that fails when a row has several matches,
/// kExistence gives every left row once, with `exists` telling whether it has a match.
enum class JoinType : uint8_t {
  kInner,
  kLeftOuter,
  kRightOuter,
  kFullOuter,
  kLeftSemi,
  kLeftAnti,
  kCross,
  kLeftSingle,
  kExistence
};
struct Join : PlanNode<Join, PlanKind::kJoin> {
  JoinType type = JoinType::kInner;
  ExprPtr condition;                       // may be null
  std::vector<std::string> using_columns;  // until resolved
  bool natural = false;
  bool lateral = false;
  AttributePtr exists;  // kExistence
  enum class BuildHint : uint8_t { kNone, kBroadcastLeft, kBroadcastRight } hint = BuildHint::kNone;
  Attributes output() const override;
  ExprList expressions() const override;
  void set_expressions(ExprList) override;
};

struct Union : PlanNode<Union, PlanKind::kUnion> {
  bool by_name = false;
  bool allow_missing_columns = false;
  Attributes attributes;  // set when resolved: names and types of the first child, nullability of all
  Attributes output() const override { return attributes; }
};

enum class SetOperationType : uint8_t { kIntersect, kExcept };
struct SetOperation : PlanNode<SetOperation, PlanKind::kSetOperation> {
  SetOperationType type = SetOperationType::kIntersect;
  bool all = false;
  Attributes output() const override;
};

}  // namespace sluice::plan
