#pragma once
// One function per relation of the protocol, listed in the table of relations.cc.
#include "server/connect/translate/expressions.h"

namespace sluice::connect {

using RelationFunction = Result<plan::PlanPtr>(const proto::Relation& relation, TranslateContext& context);

// relations_source.cc: leaves
RelationFunction FromRead, FromRange, FromLocalRelation, FromCachedLocalRelation, FromChunkedCachedLocalRelation,
    FromCachedRemoteRelation, FromSql, FromTableFunction;
// relations_select.cc: one input, its columns and rows
RelationFunction FromProject, FromFilter, FromSort, FromLimit, FromOffset, FromTail, FromSample, FromSubqueryAlias,
    FromHint, FromWatermark, FromDeduplicate, FromRepartition, FromRepartitionByExpression;
// relations_columns.cc: lists of columns made from the input's own
RelationFunction FromWithColumns, FromWithColumnsRenamed, FromDrop, FromToDF, FromToSchema, FromUnpivot;
// relations_observe.cc
RelationFunction FromCollectMetrics;
// transpose.cc
RelationFunction FromTranspose;
// relations_aggregate.cc
RelationFunction FromAggregate;
// relations_join.cc: several inputs
RelationFunction FromJoin, FromAsOfJoin, FromLateralJoin, FromSetOperation, FromWithRelations;
// relations_na.cc: DataFrame.na
RelationFunction FromNAFill, FromNADrop, FromNAReplace;
// relations_summary.cc, relations_stat.cc: DataFrame.describe, summary and stat
RelationFunction FromSummary, FromDescribe, FromCov, FromCorr, FromApproxQuantile, FromCrosstab, FromFreqItems,
    FromSampleBy;
// relations_show.cc
RelationFunction FromShowString, FromHtmlString;
// relations_python.cc: functions over rows, groups, and table functions
RelationFunction FromMapPartitions, FromGroupMap, FromCoGroupMap, FromInlineTableFunction, FromApplyInPandasWithState;
// relations_catalog.cc: spark.catalog
RelationFunction FromCatalog;

/// A plan node over one child.
template <typename Node>
std::shared_ptr<Node> Over(plan::PlanPtr child) {
  auto node = std::make_shared<Node>();
  node->children = {std::move(child)};
  return node;
}
/// SELECT `list` over `child`.
plan::PlanPtr SelectOver(plan::PlanPtr child, plan::ExprList list);
/// Whether two names of columns are the same under spark.sql.caseSensitive.
bool SameName(const std::string& a, const std::string& b, TranslateContext& context);

}  // namespace sluice::connect
