// SQL statements, views, and plans kept for the client.
#include "server/connect/commands.h"
#include "server/connect/results.h"
#include "session/settings.h"
#include "sql/parser.h"

namespace sluice::connect {

namespace {

/// The statement of a SqlCommand as a relation; clients before 4.0 send its parts.
proto::Relation InputOf(const proto::SqlCommand& command) {
  if (command.has_input()) return command.input();
  proto::Relation input;
  auto* sql = input.mutable_sql();
  sql->set_query(command.sql());
  *sql->mutable_args() = command.args();
  *sql->mutable_pos_args() = command.pos_args();
  *sql->mutable_named_arguments() = command.named_arguments();
  *sql->mutable_pos_arguments() = command.pos_arguments();
  return input;
}

}  // namespace

Status RunSqlCommand(const proto::Command& command, CommandContext& context) {
  session::Session& engine = context.session.engine();
  proto::Relation input = InputOf(command.sql_command());
  ARROW_ASSIGN_OR_RAISE(plan::PlanPtr plan, ToPlan(input, context.translate));
  proto::ExecutePlanResponse response;
  auto* relation = response.mutable_sql_command_result()->mutable_relation();
  if (plan->kind != plan::PlanKind::kCommand) {
    // A query runs when its rows are asked for; what is wrong with it shows now.
    ARROW_RETURN_NOT_OK(Analyzed(plan, context.translate).status());
    *relation = std::move(input);
    return context.operation.Send(std::move(response));
  }
  ARROW_ASSIGN_OR_RAISE(plan::PlanPtr rows, engine.Execute(plan));
  const DataType schema = analyzer::SchemaOf(*rows);
  ARROW_ASSIGN_OR_RAISE(auto batches, engine.Collect(rows, context.operation.cancel()));
  ARROW_ASSIGN_OR_RAISE(*relation->mutable_local_relation()->mutable_data(),
                        ToArrowStream(batches, schema, session::SessionTimeZone(engine.config())));
  relation->mutable_local_relation()->set_schema(schema.json());
  return context.operation.Send(std::move(response));
}

Status RunCreateView(const proto::Command& command, CommandContext& context) {
  const auto& view = command.create_dataframe_view();
  ARROW_ASSIGN_OR_RAISE(auto name, sql::ParseMultipartIdentifier(view.name()));
  ARROW_ASSIGN_OR_RAISE(plan::PlanPtr plan, AnalyzedPlan(view.input(), context.translate));
  // Unlike the statement and the classic API, Connect overlooks a qualifier: "a.b" becomes the view b.
  if (name.size() == 2) name.erase(name.begin());
  return context.session.engine().CreateView(name, std::move(plan), view.is_global(), view.replace());
}

Status RunCheckpoint(const proto::Command& command, CommandContext& context) {
  const auto& checkpoint = command.checkpoint_command();
  session::Session& engine = context.session.engine();
  ARROW_ASSIGN_OR_RAISE(plan::PlanPtr plan, AnalyzedPlan(checkpoint.relation(), context.translate));
  if (checkpoint.eager()) {
    ARROW_ASSIGN_OR_RAISE(auto batches, engine.Collect(plan, context.operation.cancel()));
    plan = session::MakeLocalRelation(analyzer::SchemaOf(*plan), std::move(batches));
  }
  const std::string id = stream::NewUuid();
  ARROW_RETURN_NOT_OK(context.session.KeepPlan(id, plan));
  proto::ExecutePlanResponse response;
  response.mutable_checkpoint_command_result()->mutable_relation()->set_relation_id(id);
  return context.operation.Send(std::move(response));
}

Status RunRemoveCachedRelation(const proto::Command& command, CommandContext& context) {
  context.session.DropPlan(command.remove_cached_remote_relation_command().relation().relation_id());
  return Status::OK();
}

Status RunGetResources(const proto::Command&, CommandContext& context) {
  proto::ExecutePlanResponse response;
  response.mutable_get_resources_command_result();  // this machine's processors only: Spark lists none either
  return context.operation.Send(std::move(response));
}

}  // namespace sluice::connect
