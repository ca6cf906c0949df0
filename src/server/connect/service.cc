#include "server/connect/service.h"

#include <openssl/crypto.h>

#include "server/connect/commands.h"
#include "server/connect/handlers.h"

namespace sluice::connect {

namespace {

/// How often a call that waits looks whether its client is still there.
constexpr std::chrono::milliseconds kLook{200};

bool SameSecret(std::string_view given, std::string_view wanted) {
  return given.size() == wanted.size() && CRYPTO_memcmp(given.data(), wanted.data(), wanted.size()) == 0;
}

}  // namespace

grpc::Status Service::Admit(const Context& context) const {
  if (settings_.token.empty()) return grpc::Status::OK;
  constexpr std::string_view kBearer = "Bearer ";
  const auto& metadata = context.client_metadata();
  for (auto [it, end] = metadata.equal_range("authorization"); it != end; ++it) {
    const std::string_view value(it->second.data(), it->second.size());
    if (value.substr(0, kBearer.size()) == kBearer && SameSecret(value.substr(kBearer.size()), settings_.token))
      return grpc::Status::OK;
  }
  return {grpc::StatusCode::UNAUTHENTICATED, "The bearer token is missing or wrong."};
}

template <typename Request, typename Response, typename Answer>
grpc::Status Service::Unary(const Context& context, const Request& request, Response* response, Answer answer) {
  grpc::Status admitted = Admit(context);
  if (!admitted.ok()) return admitted;
  auto session = sessions_.GetOrCreate(request.user_context().user_id(), request.session_id(),
                                       request.client_observed_server_side_session_id());
  if (!session.ok()) return ToGrpc(session.status(), nullptr);
  response->set_session_id(request.session_id());
  response->set_server_side_session_id((*session)->server_side_id());
  Status status = answer(**session, response);
  return ToGrpc(status, &(*session)->errors());
}

grpc::Status Service::Stream(Context* context, ConnectSession& session, const std::shared_ptr<Operation>& operation,
                             int64_t position, Responses* out) {
  const bool reattachable = operation->identity().reattachable;
  const auto deadline = Clock::now() + settings_.stream_duration;
  const int64_t ticket = operation->Attach();
  auto leave = [&](grpc::Status status) {
    operation->Detach(ticket);
    if (!reattachable) {
      // Nobody can come back for it.
      operation->Interrupt();
      session.RemoveOperation(operation->identity().operation_id);
    }
    return status;
  };
  while (true) {
    Operation::Next next = operation->Read(ticket, position, kLook);
    if (next.displaced) return ToGrpc(MakeError("INVALID_CURSOR.DISCONNECTED"), &session.errors());
    if (next.response) {
      if (!out->Write(*next.response)) return leave({grpc::StatusCode::CANCELLED, "The client has gone."});
      ++position;
    } else if (next.ended) {
      return leave(ToGrpc(next.status, &session.errors()));
    } else if (context->IsCancelled()) {
      return leave({grpc::StatusCode::CANCELLED, "The client has gone."});
    }
    // An end without ResultComplete tells the client to ask for the rest.
    if (reattachable && Clock::now() > deadline) return leave(grpc::Status::OK);
  }
}

grpc::Status Service::ExecutePlan(Context* context, const proto::ExecutePlanRequest* request, Responses* out) {
  grpc::Status admitted = Admit(*context);
  if (!admitted.ok()) return admitted;
  auto found = sessions_.GetOrCreate(request->user_context().user_id(), request->session_id(),
                                     request->client_observed_server_side_session_id());
  if (!found.ok()) return ToGrpc(found.status(), nullptr);
  SessionPtr session = *found;
  Operation::Identity identity;
  identity.session_id = request->session_id();
  identity.server_side_session_id = session->server_side_id();
  identity.operation_id = request->has_operation_id() ? request->operation_id() : stream::NewUuid();
  identity.tags.assign(request->tags().begin(), request->tags().end());
  for (const auto& option : request->request_options())
    if (option.has_reattach_options()) identity.reattachable = option.reattach_options().reattachable();
  auto operation = std::make_shared<Operation>(std::move(identity),
                                               Operation::Limits{settings_.unsent_bytes, settings_.resend_bytes});
  Status added = session->AddOperation(operation);
  if (!added.ok()) return ToGrpc(added, &session->errors());
  // The call may end before the operation does.
  auto plan = std::make_shared<proto::Plan>(request->plan());
  const bool started = runners_.Start([this, session, operation, plan] {
    CancelScope cancel(operation->cancel());
    CommandContext command{*session, *operation, settings_, TranslateContextOf(*session, operation->cancel())};
    Status status;
    try {
      status = RunPlan(*plan, command);
    } catch (const Error& error) {
      status = ToStatus(error);
    } catch (const std::exception& error) {
      status = MakeError("INTERNAL_ERROR", {{"message", error.what()}});
    }
    operation->Finish(std::move(status));
    session->Touch();
  });
  if (!started) {
    session->RemoveOperation(operation->identity().operation_id);
    return {grpc::StatusCode::RESOURCE_EXHAUSTED,
            "The server runs as many operations as sluice.connect.maxOperations allows."};
  }
  return Stream(context, *session, operation, 0, out);
}

grpc::Status Service::ReattachExecute(Context* context, const proto::ReattachExecuteRequest* request, Responses* out) {
  grpc::Status admitted = Admit(*context);
  if (!admitted.ok()) return admitted;
  auto session = sessions_.Get(request->user_context().user_id(), request->session_id(),
                               request->client_observed_server_side_session_id());
  if (!session.ok()) return ToGrpc(session.status(), nullptr);
  ErrorStore* errors = &(*session)->errors();
  auto operation = (*session)->FindOperation(request->operation_id());
  if (!operation.ok()) return ToGrpc(operation.status(), errors);
  if (!(*operation)->identity().reattachable) return ToGrpc(MakeError("INVALID_CURSOR.NOT_REATTACHABLE"), errors);
  int64_t position = 0;
  if (request->has_last_response_id()) {
    auto after = (*operation)->PositionAfter(request->last_response_id());
    if (!after.ok()) return ToGrpc(after.status(), errors);
    position = *after;
  }
  return Stream(context, **session, *operation, position, out);
}

grpc::Status Service::ReleaseExecute(Context* context, const proto::ReleaseExecuteRequest* request,
                                     proto::ReleaseExecuteResponse* response) {
  grpc::Status admitted = Admit(*context);
  if (!admitted.ok()) return admitted;
  auto session = sessions_.Get(request->user_context().user_id(), request->session_id(),
                               request->client_observed_server_side_session_id());
  if (!session.ok()) return ToGrpc(session.status(), nullptr);
  response->set_session_id(request->session_id());
  response->set_server_side_session_id((*session)->server_side_id());
  // Already released: clients send it more than once.
  auto operation = (*session)->FindOperation(request->operation_id());
  if (!operation.ok()) return grpc::Status::OK;
  response->set_operation_id(request->operation_id());
  if (request->has_release_until()) {
    (*operation)->ReleaseUntil(request->release_until().response_id());
  } else {
    (*operation)->Interrupt();
    (*session)->RemoveOperation(request->operation_id());
  }
  return grpc::Status::OK;
}

grpc::Status Service::AnalyzePlan(Context* context, const proto::AnalyzePlanRequest* request,
                                  proto::AnalyzePlanResponse* response) {
  return Unary(*context, *request, response,
               [&](ConnectSession& session, auto* out) { return HandleAnalyze(*request, session, out); });
}

grpc::Status Service::Config(Context* context, const proto::ConfigRequest* request, proto::ConfigResponse* response) {
  return Unary(*context, *request, response,
               [&](ConnectSession& session, auto* out) { return HandleConfig(*request, session, out); });
}

grpc::Status Service::AddArtifacts(Context* context, grpc::ServerReader<proto::AddArtifactsRequest>* reader,
                                   proto::AddArtifactsResponse* response) {
  proto::AddArtifactsRequest request;
  if (!reader->Read(&request)) return grpc::Status::OK;
  return Unary(*context, request, response, [&](ConnectSession& session, auto* out) {
    return session.artifacts().Add([&](proto::AddArtifactsRequest* next) { return reader->Read(next); }, &request, out);
  });
}

grpc::Status Service::ArtifactStatus(Context* context, const proto::ArtifactStatusesRequest* request,
                                     proto::ArtifactStatusesResponse* response) {
  return Unary(*context, *request, response, [&](ConnectSession& session, auto* out) {
    for (const auto& name : request->names())
      (*out->mutable_statuses())[name].set_exists(session.artifacts().Has(name));
    return Status::OK();
  });
}

grpc::Status Service::Interrupt(Context* context, const proto::InterruptRequest* request,
                                proto::InterruptResponse* response) {
  return Unary(*context, *request, response, [&](ConnectSession& session, auto* out) {
    std::vector<std::string> ids;
    switch (request->interrupt_type()) {
      case proto::InterruptRequest::INTERRUPT_TYPE_ALL:
        ids = session.Interrupt([](const Operation&) { return true; });
        break;
      case proto::InterruptRequest::INTERRUPT_TYPE_TAG:
        if (request->operation_tag().empty())
          return MakeError("INVALID_PARAMETER_VALUE.INTERRUPT_TYPE_TAG_REQUIRES_TAG",
                           {{"parameter", "`operation_tag`"}, {"functionName", "`interrupt`"}});
        ids = session.Interrupt([&](const Operation& operation) {
          const auto& tags = operation.identity().tags;
          return std::find(tags.begin(), tags.end(), request->operation_tag()) != tags.end();
        });
        break;
      case proto::InterruptRequest::INTERRUPT_TYPE_OPERATION_ID:
        if (request->operation_id().empty())
          return MakeError("INVALID_PARAMETER_VALUE.INTERRUPT_TYPE_OPERATION_ID_REQUIRES_ID",
                           {{"parameter", "`operation_id`"}, {"functionName", "`interrupt`"}});
        ids = session.Interrupt(
            [&](const Operation& operation) { return operation.identity().operation_id == request->operation_id(); });
        break;
      default: return UnsupportedFeature("interrupt type " + std::to_string(request->interrupt_type()));
    }
    out->mutable_interrupted_ids()->Assign(ids.begin(), ids.end());
    return Status::OK();
  });
}

grpc::Status Service::ReleaseSession(Context* context, const proto::ReleaseSessionRequest* request,
                                     proto::ReleaseSessionResponse* response) {
  grpc::Status admitted = Admit(*context);
  if (!admitted.ok()) return admitted;
  response->set_session_id(request->session_id());
  if (auto session =
          sessions_.Release(request->user_context().user_id(), request->session_id(), request->allow_reconnect()))
    response->set_server_side_session_id(session->server_side_id());
  return grpc::Status::OK;
}

grpc::Status Service::FetchErrorDetails(Context* context, const proto::FetchErrorDetailsRequest* request,
                                        proto::FetchErrorDetailsResponse* response) {
  return Unary(*context, *request, response, [&](ConnectSession& session, auto* out) {
    if (auto error = session.errors().Take(request->error_id())) FillDetails(*error, out);
    return Status::OK();
  });
}

grpc::Status Service::CloneSession(Context* context, const proto::CloneSessionRequest* request,
                                   proto::CloneSessionResponse* response) {
  grpc::Status admitted = Admit(*context);
  if (!admitted.ok()) return admitted;
  auto session = sessions_.Get(request->user_context().user_id(), request->session_id(),
                               request->client_observed_server_side_session_id());
  if (!session.ok()) return ToGrpc(session.status(), nullptr);
  auto clone = sessions_.Clone(*session, request->has_new_session_id() ? request->new_session_id() : stream::NewUuid());
  if (!clone.ok()) return ToGrpc(clone.status(), &(*session)->errors());
  response->set_session_id(request->session_id());
  response->set_server_side_session_id((*session)->server_side_id());
  response->set_new_session_id((*clone)->id());
  response->set_new_server_side_session_id((*clone)->server_side_id());
  return grpc::Status::OK;
}

}  // namespace sluice::connect
