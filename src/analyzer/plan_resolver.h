#pragma once
// Resolves plans, children first. One file per group of nodes: relations.cc, select.cc, joins.cc, set_operations.cc ...
#include <map>

#include "analyzer/expression_resolver.h"

namespace sluice::analyzer {

class PlanResolver {
 public:
  explicit PlanResolver(const AnalyzerContext& context) : context_(context) {}
  Result<plan::PlanPtr> Resolve(const plan::PlanPtr& plan);

  // subquery.cc
  /// `subquery` with its plan resolved, in which columns of `scope` are OuterReferences.
  Result<plan::ExprPtr> ResolveSubquery(const plan::SubqueryExpression& subquery, plan::ExprList values,
                                        const Scope& scope);
  /// A column of the query around the one being resolved; null when there is none of this name.
  Result<plan::ExprPtr> ResolveOuterColumn(const std::vector<std::string>& parts, const Origin& origin);

 private:
  using PlanPtr = plan::PlanPtr;
  using Handler = Result<PlanPtr> (PlanResolver::*)(const PlanPtr&);
  static Handler HandlerFor(plan::PlanKind kind);

  Result<PlanPtr> ResolveChildrenOf(const PlanPtr& plan);
  // relations.cc
  Result<PlanPtr> ResolveRelation(const PlanPtr& plan);
  Result<PlanPtr> ResolveDataSource(const PlanPtr& plan);
  Result<PlanPtr> ResolveInlineTable(const PlanPtr& plan);
  Result<PlanPtr> ResolveTableFunction(const PlanPtr& plan);
  Result<PlanPtr> ResolveWith(const PlanPtr& plan);
  Result<PlanPtr> ResolveSubqueryAlias(const PlanPtr& plan);
  // select.cc
  Result<PlanPtr> ResolveProject(const PlanPtr& plan);
  Result<PlanPtr> ResolveFilter(const PlanPtr& plan);
  Result<PlanPtr> ResolveLimit(const PlanPtr& plan);
  Result<PlanPtr> ResolveByExpressions(const PlanPtr& plan);
  Result<PlanPtr> ResolveDeduplicate(const PlanPtr& plan);
  Result<PlanPtr> ResolveWatermark(const PlanPtr& plan);
  // aggregate.cc
  Result<PlanPtr> ResolveAggregate(const PlanPtr& plan);
  Result<PlanPtr> BuildAggregate(PlanPtr child, plan::ExprList grouping, plan::ExprList items,
                                 const plan::Aggregate* node, const Origin& origin);
  // window.cc
  /// Replaces the window functions in `items` by columns of the Window nodes it puts on `child`.
  Result<PlanPtr> ExtractWindows(PlanPtr child, plan::ExprList* items);
  // time_window.cc
  /// Replaces window(), session_window() and window_time() in `lists` by columns of what it puts on `child`; those
  /// columns are added to `columns`.
  Result<PlanPtr> ExtractTimeWindows(PlanPtr child, const std::vector<plan::ExprList*>& lists,
                                     plan::Attributes* columns, const Origin& origin);
  // sort.cc
  Result<PlanPtr> ResolveSort(const PlanPtr& plan);
  /// Resolves `exprs` over `child`; what the child does not give is taken from below it (added to the child and dropped
  /// again by a Project). Returns the plan to put the operator on, the resolved expressions and whether columns were
  /// added.
  struct WithHidden {
    PlanPtr child;
    plan::ExprList exprs;
    bool added = false;
  };
  Result<WithHidden> ResolveOverChild(const PlanPtr& given, const plan::ExprList& unresolved,
                                      Scope::Ambiguous ambiguous);
  // observe.cc
  Result<PlanPtr> ResolveCollectMetrics(const PlanPtr& plan);
  // generate.cc
  Result<PlanPtr> ResolveGenerate(const PlanPtr& plan);
  Result<PlanPtr> ExtractGenerator(PlanPtr child, plan::ExprList items);
  // joins.cc, set_operations.cc
  Result<PlanPtr> ResolveJoin(const PlanPtr& plan);
  Result<PlanPtr> ResolveUnion(const PlanPtr& plan);
  Result<PlanPtr> ResolveDistinct(const PlanPtr& plan);
  Result<PlanPtr> ResolveSetOperation(const PlanPtr& plan);
  // pivot.cc, unpivot.cc
  Result<PlanPtr> ResolvePivot(const PlanPtr& plan);
  Result<PlanPtr> ResolveUnpivot(const PlanPtr& plan);
  // external_call.cc
  Result<PlanPtr> ResolveMapGroups(const PlanPtr& plan);
  // commands.cc
  Result<PlanPtr> ResolveCommand(const PlanPtr& plan);

  Result<std::vector<PlanPtr>> Coerce(std::vector<PlanPtr> children, const char* operation, const Origin& origin);

  /// Resolves `plan`, which may read columns of `scope`; those it reads are appended to `used`.
  Result<PlanPtr> ResolveInside(const PlanPtr& plan, const Scope& scope, plan::Attributes* used);

  /// The query around a subquery that is being resolved; null scope: a view's query, which sees nothing around it.
  struct OuterQuery {
    const Scope* scope;
    plan::Attributes* used;
  };

  const AnalyzerContext& context_;
  std::vector<OuterQuery> outer_queries_;
  std::vector<std::map<std::string, PlanPtr>> cte_scopes_;  // name (lower case) -> resolved plan
  int depth_ = 0;
};

/// Columns of a JOIN USING below that a query over `plan` may still name, and `plan` giving those that `exprs` read.
plan::Attributes JoinColumns(const plan::PlanPtr& plan);
plan::PlanPtr WithJoinColumns(const plan::PlanPtr& plan, const plan::ExprList& exprs);

/// Rewrites `expr`, resolved over an aggregate's input, to its output; adds aggregates and groupings as needed.
Result<plan::ExprPtr> OverAggregate(const plan::ExprPtr& expr, plan::Aggregate* aggregate, bool* added,
                                    const AnalyzerContext& context);
/// Replaces grouping() and grouping_id() by bits of the id that grouping sets give; errors where there are none.
/// `sources`, `groupings`: of the Aggregate; `id`: null without grouping sets.
Result<plan::ExprPtr> ReplaceGroupingCalls(const plan::ExprPtr& expr, const plan::ExprList& sources,
                                           const plan::ExprList& groupings, const plan::ExprPtr& id,
                                           const AnalyzerContext& context);

/// Gives the columns of `plan` new ids (a Project of aliases), so that one relation can appear twice in a join.
plan::PlanPtr FreshIds(const plan::PlanPtr& plan);

}  // namespace sluice::analyzer
