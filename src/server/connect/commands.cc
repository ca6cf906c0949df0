#include "server/connect/commands.h"

#include "server/connect/observations.h"
#include "server/connect/results.h"
#include "session/settings.h"

namespace sluice::connect {

namespace {

using Kind = proto::Command;

Status RefuseDataSource(const proto::Command& command, CommandContext&) {
  return UnsupportedFeature("registering the Python data source " + command.register_data_source().name());
}
Status RefuseMl(const proto::Command&, CommandContext&) { return UnsupportedFeature("machine learning (pyspark.ml)"); }
Status RefusePipeline(const proto::Command&, CommandContext&) { return UnsupportedFeature("declarative pipelines"); }
Status RefuseResourceProfile(const proto::Command&, CommandContext&) { return UnsupportedFeature("resource profiles"); }
Status RefuseMerge(const proto::Command& command, CommandContext&) {
  return UnsupportedFeature("MERGE INTO " + command.merge_into_table_command().target_table_name());
}
Status RefuseExternal(const proto::Command& command, CommandContext&) {
  return UnsupportedFeature("the external command of " + command.execute_external_command().runner());
}
Status RefuseExtension(const proto::Command& command, CommandContext&) {
  return UnsupportedFeature("command plugin " + command.extension().type_url());
}

struct Line {
  proto::Command::CommandTypeCase kind;
  CommandFunction* run;
};
const Line kLines[] = {
    {Kind::kSqlCommand, &RunSqlCommand},
    {Kind::kCreateDataframeView, &RunCreateView},
    {Kind::kCheckpointCommand, &RunCheckpoint},
    {Kind::kRemoveCachedRemoteRelationCommand, &RunRemoveCachedRelation},
    {Kind::kGetResourcesCommand, &RunGetResources},
    {Kind::kWriteOperation, &RunWrite},
    {Kind::kWriteOperationV2, &RunWriteV2},
    {Kind::kWriteStreamOperationStart, &RunWriteStreamStart},
    {Kind::kStreamingQueryCommand, &RunStreamingQuery},
    {Kind::kStreamingQueryManagerCommand, &RunStreamingQueryManager},
    {Kind::kStreamingQueryListenerBusCommand, &RunListenerBus},
    {Kind::kRegisterFunction, &RunRegisterFunction},
    {Kind::kRegisterTableFunction, &RunRegisterTableFunction},
    {Kind::kRegisterDataSource, &RefuseDataSource},
    {Kind::kMlCommand, &RefuseMl},
    {Kind::kPipelineCommand, &RefusePipeline},
    {Kind::kCreateResourceProfileCommand, &RefuseResourceProfile},
    {Kind::kMergeIntoTableCommand, &RefuseMerge},
    {Kind::kExecuteExternalCommand, &RefuseExternal},
    {Kind::kExtension, &RefuseExtension},
};

Status RunCommand(const proto::Command& command, CommandContext& context) {
  for (const Line& line : kLines)
    if (line.kind == command.command_type_case()) return line.run(command, context);
  const auto& unknown = command.GetReflection()->GetUnknownFields(command);
  if (unknown.empty()) return InvalidPlan("Expected Command to be set, but is empty.");
  return UnsupportedFeature("command number " + std::to_string(unknown.field(0).number()) +
                            " of the Spark Connect protocol");
}

Status RunRelation(const proto::Relation& relation, CommandContext& context) {
  session::Session& engine = context.session.engine();
  ARROW_ASSIGN_OR_RAISE(plan::PlanPtr plan, AnalyzedPlan(relation, context.translate));
  RowSender sender(context.operation, analyzer::SchemaOf(*plan), session::SessionTimeZone(engine.config()),
                   context.settings.batch_bytes);
  ARROW_RETURN_NOT_OK(engine.CollectInto(
      plan, [&](const auto& batch) { return sender.Add(batch); }, context.operation.cancel()));
  return sender.Finish();
}

}  // namespace

TranslateContext TranslateContextOf(ConnectSession& session, const CancelToken& cancel) {
  TranslateContext context{session.engine()};
  context.cancel = cancel;
  context.cached_block = [&session](const std::string& hash) { return session.artifacts().CachedBlock(hash); };
  context.cached_plan = [&session](const std::string& id) { return session.KeptPlan(id); };
  context.workers = session.workers();
  context.files = session.files();
  return context;
}

Result<plan::PlanPtr> AnalyzedPlan(const proto::Relation& relation, TranslateContext& context) {
  ARROW_ASSIGN_OR_RAISE(plan::PlanPtr plan, ToPlan(relation, context));
  if (plan->kind == plan::PlanKind::kCommand) return context.session.Execute(plan);
  return Analyzed(plan, context);
}

Status RunPlan(const proto::Plan& plan, CommandContext& context) {
  if (plan.has_root()) {
    ARROW_RETURN_NOT_OK(RunRelation(plan.root(), context));
    return SendObservations(context);
  }
  if (plan.has_command()) {
    ARROW_RETURN_NOT_OK(RunCommand(plan.command(), context));
    // A stream tells in its progress.
    const bool stream = plan.command().has_write_stream_operation_start();
    return stream ? Status::OK() : SendObservations(context);
  }
  if (plan.has_compressed_operation())
    return UnsupportedFeature("compressed plans; spark.connect.session.planCompression.threshold of this server is -1");
  return InvalidPlan("The plan has neither a relation nor a command.");
}

}  // namespace sluice::connect
