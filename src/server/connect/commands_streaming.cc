// Streaming queries: start, what StreamingQuery and spark.streams ask, listeners.
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/utf8.h"
#include "server/connect/commands.h"
#include "server/connect/python_sinks.h"
#include "session/session.h"
#include "session/settings.h"
#include "sql/parser.h"

namespace sluice::connect {

namespace {

using std::chrono::milliseconds;

/// How often a wait looks whether its operation was interrupted.
constexpr milliseconds kLook{100};

Status Refuse(const std::string& message) { return MakeError("_LEGACY_ERROR_TEMP_3102", {{"msg", message}}); }

Result<stream::Trigger> TriggerOf(const proto::WriteStreamOperationStart& start) {
  using Start = proto::WriteStreamOperationStart;
  stream::Trigger trigger;
  switch (start.trigger_case()) {
    case Start::kProcessingTimeInterval: {
      ARROW_ASSIGN_OR_RAISE(int64_t us, ParseDurationUs(start.processing_time_interval()));
      if (us < 0) return Refuse("the interval of trigger should not be negative");
      trigger = {stream::Trigger::Kind::kProcessingTime, us / 1000};
      break;
    }
    case Start::kAvailableNow: trigger.kind = stream::Trigger::Kind::kAvailableNow; break;
    case Start::kOnce: trigger.kind = stream::Trigger::Kind::kOnce; break;
    case Start::kContinuousCheckpointInterval: return UnsupportedFeature("the continuous trigger");
    case Start::TRIGGER_NOT_SET:
      // A kind that this protocol does not know yet arrives as unknown fields; it must not run as the default.
      if (!start.GetReflection()->GetUnknownFields(start).empty())
        return UnsupportedFeature("the real-time trigger, or another of a newer client");
      break;
  }
  return trigger;
}

/// Waits in slices, so that an interrupt ends it; false when `timeout` passed first.
Result<bool> AwaitIn(const std::function<Result<bool>(milliseconds)>& wait, std::optional<milliseconds> timeout,
                     const CancelToken& cancel) {
  const auto begin = Clock::now();
  while (true) {
    milliseconds slice = kLook;
    if (timeout) {
      auto left = *timeout - std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
      if (left.count() <= 0) return false;
      slice = std::min(slice, left);
    }
    ARROW_ASSIGN_OR_RAISE(bool done, wait(slice));
    if (done) return true;
    ARROW_RETURN_NOT_OK(cancel.Check());
  }
}

template <typename Command>
std::optional<milliseconds> TimeoutOf(const Command& command) {
  return command.has_timeout_ms() ? std::optional(milliseconds(command.timeout_ms())) : std::nullopt;
}

/// Asked for its progress, Spark 4 writes offsets as texts that are JSON, which programs parse; its listeners get JSON.
std::string WithOffsetsAsText(const std::string& progress) {
  auto json = nlohmann::ordered_json::parse(progress);
  for (auto& source : json["sources"])
    for (const char* key : {"startOffset", "endOffset", "latestOffset"})
      if (!source[key].is_null())
        source[key] = source[key].dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void SetInstance(const stream::Execution& query,
                 proto::StreamingQueryManagerCommandResult::StreamingQueryInstance* out) {
  out->mutable_id()->set_id(query.id());
  out->mutable_id()->set_run_id(query.run_id());
  if (query.name()) out->set_name(*query.name());
}

}  // namespace

Status RunWriteStreamStart(const proto::Command& command, CommandContext& context) {
  const auto& start = command.write_stream_operation_start();
  if (start.clustering_column_names_size() > 0) return UnsupportedFeature("clusterBy");
  ARROW_ASSIGN_OR_RAISE(plan::PlanPtr plan, AnalyzedPlan(start.input(), context.translate));
  session::StreamRequest request;
  request.options = {start.options().begin(), start.options().end()};
  if (start.has_path()) request.options["path"] = start.path();
  request.format = start.format();
  if (request.format.empty() && !start.has_table_name())
    request.format = context.session.engine().config().Get(session::kDefaultSource);
  ARROW_RETURN_NOT_OK(ApplyPythonSink(start, context, &plan, &request));
  if (!start.output_mode().empty()) request.output_mode = session::LowerCase(start.output_mode());
  if (request.output_mode != "append" && request.output_mode != "update" && request.output_mode != "complete")
    return MakeError("STREAMING_OUTPUT_MODE.INVALID", {{"outputMode", start.output_mode()}});
  ARROW_ASSIGN_OR_RAISE(request.trigger, TriggerOf(start));
  if (!start.query_name().empty()) request.name = start.query_name();
  request.partition_by.assign(start.partitioning_column_names().begin(), start.partitioning_column_names().end());
  if (start.has_table_name()) {
    ARROW_ASSIGN_OR_RAISE(request.to_table, sql::ParseMultipartIdentifier(start.table_name()));
  }
  const int64_t began_ms = NowUs() / 1000;
  ARROW_ASSIGN_OR_RAISE(auto query, context.session.engine().streams().Start(plan, std::move(request)));
  context.session.queries().Keep(query);
  proto::ExecutePlanResponse response;
  auto* result = response.mutable_write_stream_operation_start_result();
  result->mutable_query_id()->set_id(query->id());
  result->mutable_query_id()->set_run_id(query->run_id());
  result->set_name(query->name().value_or(""));
  if (context.session.listeners().active()) result->set_query_started_event_json(StartedEventJson(*query, began_ms));
  return context.operation.Send(std::move(response));
}

Status RunStreamingQuery(const proto::Command& command, CommandContext& context) {
  using Command = proto::StreamingQueryCommand;
  const auto& message = command.streaming_query_command();
  auto query = context.session.queries().Find(message.query_id().id(), message.query_id().run_id());
  // One that another client of the session, or C++, has started.
  if (!query) query = context.session.engine().streams().Find(message.query_id().run_id());
  if (!query) return Refuse("Streaming query " + message.query_id().id() + " is not found");
  proto::ExecutePlanResponse response;
  auto* result = response.mutable_streaming_query_command_result();
  *result->mutable_query_id() = message.query_id();
  switch (message.command_case()) {
    case Command::kStatus: {
      const auto status = query->status();
      auto* out = result->mutable_status();
      out->set_status_message(status.message);
      out->set_is_data_available(status.is_data_available);
      out->set_is_trigger_active(status.is_trigger_active);
      out->set_is_active(query->is_active());
      break;
    }
    case Command::kLastProgress:
    case Command::kRecentProgress: {
      auto all = query->recent_progress();
      auto* out = result->mutable_recent_progress();
      const size_t from = message.has_last_progress() && !all.empty() ? all.size() - 1 : 0;
      for (size_t i = from; i < all.size(); ++i) out->add_recent_progress_json(WithOffsetsAsText(all[i].ToJson()));
      break;
    }
    case Command::kStop: query->Stop(); break;
    case Command::kProcessAllAvailable:
      ARROW_RETURN_NOT_OK(query->ProcessAllAvailable(context.operation.cancel()));
      break;
    case Command::kExplain: result->mutable_explain()->set_result(query->explain_text()); break;
    case Command::kException: {
      auto* out = result->mutable_exception();
      const Status error = query->exception();
      if (error.ok()) break;
      out->set_exception_message("org.apache.spark.sql.streaming.StreamingQueryException: " +
                                 ReplaceInvalidUtf8(error.message()));
      out->set_error_class(ConditionOf(error));
      break;
    }
    case Command::kAwaitTermination: {
      ARROW_ASSIGN_OR_RAISE(bool done,
                            AwaitIn([&](milliseconds slice) -> Result<bool> { return query->AwaitTermination(slice); },
                                    TimeoutOf(message.await_termination()), context.operation.cancel()));
      if (done) ARROW_RETURN_NOT_OK(query->exception());
      result->mutable_await_termination()->set_terminated(done);
      break;
    }
    case Command::COMMAND_NOT_SET: return InvalidPlan("Streaming query command is not set.");
  }
  return context.operation.Send(std::move(response));
}

Status RunStreamingQueryManager(const proto::Command& command, CommandContext& context) {
  using Command = proto::StreamingQueryManagerCommand;
  const auto& message = command.streaming_query_manager_command();
  session::Streams& streams = context.session.engine().streams();
  proto::ExecutePlanResponse response;
  auto* result = response.mutable_streaming_query_manager_command_result();
  switch (message.command_case()) {
    case Command::kActive:
      result->mutable_active();
      for (const auto& query : streams.Active()) SetInstance(*query, result->mutable_active()->add_active_queries());
      break;
    case Command::kGetQuery:
      if (auto query = streams.Find(message.get_query())) SetInstance(*query, result->mutable_query());
      break;
    case Command::kAwaitAnyTermination: {
      ARROW_ASSIGN_OR_RAISE(bool done, AwaitIn([&](milliseconds slice) { return streams.AwaitAnyTermination(slice); },
                                               TimeoutOf(message.await_any_termination()), context.operation.cancel()));
      result->mutable_await_any_termination()->set_terminated(done);
      break;
    }
    case Command::kResetTerminated:
      streams.ResetTerminated();
      result->set_reset_terminated(true);
      break;
    case Command::kAddListener:
    case Command::kRemoveListener:
      return UnsupportedFeature("listeners that run on the server; clients from 4.0 on run theirs themselves");
    case Command::kListListeners: result->mutable_list_listeners(); break;
    case Command::COMMAND_NOT_SET: return InvalidPlan("Streaming query manager command is not set.");
  }
  return context.operation.Send(std::move(response));
}

Status RunListenerBus(const proto::Command& command, CommandContext& context) {
  using Command = proto::StreamingQueryListenerBusCommand;
  const auto& message = command.streaming_query_listener_bus_command();
  session::Streams& streams = context.session.engine().streams();
  ListenerBus& bus = context.session.listeners();
  switch (message.command_case()) {
    case Command::kAddListenerBusListener: {
      if (!bus.Begin(streams)) return Status::OK();
      proto::ExecutePlanResponse added;
      added.mutable_streaming_query_listener_events_result()->set_listener_bus_listener_added(true);
      Status status = context.operation.Send(std::move(added));
      while (status.ok()) {
        auto events = bus.Take(kLook);
        if (!events) return Status::OK();
        status = context.operation.cancel().Check();
        if (!status.ok() || events->empty()) continue;
        proto::ExecutePlanResponse response;
        for (auto& event : *events)
          *response.mutable_streaming_query_listener_events_result()->add_events() = std::move(event);
        status = context.operation.Send(std::move(response));
      }
      bus.End(streams);
      return status;
    }
    case Command::kRemoveListenerBusListener: bus.End(streams); return Status::OK();
    case Command::COMMAND_NOT_SET: break;
  }
  return MakeError("INVALID_PARAMETER_VALUE.STREAMING_LISTENER_COMMAND_MISSING",
                   {{"parameter", "`command`"}, {"functionName", "`StreamingQueryListenerBusCommand`"}});
}

}  // namespace sluice::connect
