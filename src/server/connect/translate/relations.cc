#include "server/connect/translate/relations.h"

#include <strings.h>

#include "plan/transform.h"
#include "session/settings.h"

namespace sluice::connect {

using plan::PlanPtr;

namespace {

using Kind = proto::Relation;

Result<PlanPtr> RefuseInlineDataSource(const proto::Relation& relation, TranslateContext&) {
  return UnsupportedFeature("Python data source " + relation.common_inline_user_defined_data_source().name());
}
Result<PlanPtr> RefuseMl(const proto::Relation&, TranslateContext&) {
  return UnsupportedFeature("machine learning (pyspark.ml)");
}
Result<PlanPtr> RefuseExtension(const proto::Relation& relation, TranslateContext&) {
  return UnsupportedFeature("relation plugin " + relation.extension().type_url());
}

struct Line {
  proto::Relation::RelTypeCase kind;
  RelationFunction* translate;
};
const Line kLines[] = {
    {Kind::kRead, &FromRead},
    {Kind::kRange, &FromRange},
    {Kind::kLocalRelation, &FromLocalRelation},
    {Kind::kCachedLocalRelation, &FromCachedLocalRelation},
    {Kind::kChunkedCachedLocalRelation, &FromChunkedCachedLocalRelation},
    {Kind::kCachedRemoteRelation, &FromCachedRemoteRelation},
    {Kind::kSql, &FromSql},
    {Kind::kUnresolvedTableValuedFunction, &FromTableFunction},
    {Kind::kProject, &FromProject},
    {Kind::kFilter, &FromFilter},
    {Kind::kSort, &FromSort},
    {Kind::kLimit, &FromLimit},
    {Kind::kOffset, &FromOffset},
    {Kind::kTail, &FromTail},
    {Kind::kSample, &FromSample},
    {Kind::kSubqueryAlias, &FromSubqueryAlias},
    {Kind::kHint, &FromHint},
    {Kind::kCollectMetrics, &FromCollectMetrics},
    {Kind::kWithWatermark, &FromWatermark},
    {Kind::kDeduplicate, &FromDeduplicate},
    {Kind::kRepartition, &FromRepartition},
    {Kind::kRepartitionByExpression, &FromRepartitionByExpression},
    {Kind::kWithColumns, &FromWithColumns},
    {Kind::kWithColumnsRenamed, &FromWithColumnsRenamed},
    {Kind::kDrop, &FromDrop},
    {Kind::kToDf, &FromToDF},
    {Kind::kToSchema, &FromToSchema},
    {Kind::kUnpivot, &FromUnpivot},
    {Kind::kTranspose, &FromTranspose},
    {Kind::kAggregate, &FromAggregate},
    {Kind::kJoin, &FromJoin},
    {Kind::kAsOfJoin, &FromAsOfJoin},
    {Kind::kLateralJoin, &FromLateralJoin},
    {Kind::kSetOp, &FromSetOperation},
    {Kind::kWithRelations, &FromWithRelations},
    {Kind::kFillNa, &FromNAFill},
    {Kind::kDropNa, &FromNADrop},
    {Kind::kReplace, &FromNAReplace},
    {Kind::kSummary, &FromSummary},
    {Kind::kDescribe, &FromDescribe},
    {Kind::kCov, &FromCov},
    {Kind::kCorr, &FromCorr},
    {Kind::kApproxQuantile, &FromApproxQuantile},
    {Kind::kCrosstab, &FromCrosstab},
    {Kind::kFreqItems, &FromFreqItems},
    {Kind::kSampleBy, &FromSampleBy},
    {Kind::kShowString, &FromShowString},
    {Kind::kHtmlString, &FromHtmlString},
    {Kind::kCatalog, &FromCatalog},
    {Kind::kMapPartitions, &FromMapPartitions},
    {Kind::kGroupMap, &FromGroupMap},
    {Kind::kCoGroupMap, &FromCoGroupMap},
    {Kind::kApplyInPandasWithState, &FromApplyInPandasWithState},
    {Kind::kCommonInlineUserDefinedTableFunction, &FromInlineTableFunction},
    {Kind::kCommonInlineUserDefinedDataSource, &RefuseInlineDataSource},
    {Kind::kMlRelation, &RefuseMl},
    {Kind::kExtension, &RefuseExtension},
};

Result<PlanPtr> Translate(const proto::Relation& relation, TranslateContext& context) {
  for (const Line& line : kLines)
    if (line.kind == relation.rel_type_case()) return line.translate(relation, context);
  const auto* descriptor = relation.GetDescriptor()->FindOneofByName("rel_type");
  if (const auto* field = relation.GetReflection()->GetOneofFieldDescriptor(relation, descriptor))
    return UnsupportedFeature("relation " + field->name());
  const auto& unknown = relation.GetReflection()->GetUnknownFields(relation);
  if (unknown.empty()) return InvalidPlan("Expected Relation to be set, but is empty.");
  return UnsupportedFeature("relation number " + std::to_string(unknown.field(0).number()) +
                            " of the Spark Connect protocol");
}

}  // namespace

Result<PlanPtr> ToPlan(const proto::Relation& relation, TranslateContext& context) {
  ARROW_RETURN_NOT_OK(context.cancel.Check());
  if (context.depth >= kMaxPlanDepth) return MakeError("FAILED_TO_PARSE_TOO_COMPLEX");
  ++context.depth;
  auto plan = Translate(relation, context);
  --context.depth;
  ARROW_RETURN_NOT_OK(plan.status());
  if (!relation.common().has_plan_id()) return plan;
  auto tagged = (*plan)->Clone();
  tagged->plan_id = relation.common().plan_id();
  return PlanPtr(tagged);
}

Result<PlanPtr> Analyzed(const PlanPtr& plan, TranslateContext& context) {
  if (plan->resolved) return plan;
  return context.session.Analyze(plan);
}

Status InvalidPlan(const std::string& what) { return MakeError("INTERNAL_ERROR", {{"message", what}}); }

PlanPtr SelectOver(PlanPtr child, plan::ExprList list) {
  auto project = Over<plan::Project>(std::move(child));
  project->list = std::move(list);
  return project;
}

bool SameName(const std::string& a, const std::string& b, TranslateContext& context) {
  if (context.session.config().Get(session::kCaseSensitive) == "true") return a == b;
  return a.size() == b.size() && strcasecmp(a.c_str(), b.c_str()) == 0;
}

}  // namespace sluice::connect
