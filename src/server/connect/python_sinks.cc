#include "server/connect/python_sinks.h"

#include "base/cancel_scope.h"
#include "external/python/batch_function.h"
#include "plan/external.h"
#include "session/session.h"

namespace sluice::connect {

namespace {

/// How the process of a foreachBatch function finds this server, and the session it is of.
Result<std::string> LocalUrl(const ConnectSession& session, const ServerSettings& settings) {
  if (!settings.certificate.empty())
    return UnsupportedFeature("writeStream.foreachBatch with a Python function on a server with TLS");
  std::string url = "sc://localhost:" + std::to_string(settings.port) + "/";
  if (!session.user().empty()) url += ";user_id=" + session.user();
  if (!settings.token.empty()) url += ";token=" + settings.token;
  return url;
}

Status ApplyForeach(const proto::PythonUDF& message, CommandContext& context, plan::PlanPtr* plan,
                    session::StreamRequest* request) {
  python::FunctionSpec spec;
  spec.name = "foreach";
  spec.eval_type = static_cast<int>(python::EvalType::kForeach);
  spec.command = message.command();
  spec.python_version = message.python_ver();
  spec.result_type = DataType::Struct({{"nothing", DataType::Integer(), true, ""}});
  auto node = std::make_shared<plan::MapPartitions>();
  ARROW_ASSIGN_OR_RAISE(node->function, python::PythonFunction::Make(std::move(spec), context.translate.workers,
                                                                     context.translate.files));
  node->attributes = {plan::MakeAttribute("nothing", DataType::Integer(), true)};
  node->children = {*plan};
  node->resolved = true;
  *plan = node;
  request->format.clear();
  request->foreach = true;
  return Status::OK();
}

}  // namespace

Status ApplyPythonSink(const proto::WriteStreamOperationStart& start, CommandContext& context, plan::PlanPtr* plan,
                       session::StreamRequest* request) {
  if (start.has_foreach_writer()) {
    if (!start.foreach_writer().has_python_function())
      return UnsupportedFeature("writeStream.foreach with a Scala function");
    return ApplyForeach(start.foreach_writer().python_function(), context, plan, request);
  }
  if (!start.has_foreach_batch()) return Status::OK();
  if (!start.foreach_batch().has_python_function())
    return UnsupportedFeature("writeStream.foreachBatch with a Scala function");
  const auto& message = start.foreach_batch().python_function();
  ARROW_ASSIGN_OR_RAISE(std::string url, LocalUrl(context.session, context.settings));
  python::Command command = context.session.workers()->command();
  ARROW_ASSIGN_OR_RAISE(auto started,
                        python::BatchFunction::Start(command, url, context.session.id(), message.python_ver(),
                                                     message.command(), context.operation.cancel()));
  // The query ends before its session does: Close() stops all queries.
  ConnectSession* session = &context.session;
  request->foreach_batch = [session, function = std::shared_ptr(std::move(started))](const plan::PlanPtr& batch,
                                                                                     int64_t id) -> Status {
    const std::string frame = stream::NewUuid();
    ARROW_RETURN_NOT_OK(session->KeepPlan(frame, batch));
    const Status status = function->Call(frame, id, CancelScope::Current());
    session->DropPlan(frame);
    if (status.ok() || ConditionOf(status) == "OPERATION_CANCELED") return status;
    return MakeError("FOREACH_BATCH_USER_FUNCTION_ERROR", {{"reason", status.message()}});
  };
  request->format.clear();
  return Status::OK();
}

}  // namespace sluice::connect
