#include "remote/client.h"

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>

#include "base/cancel_scope.h"
#include "stream/checkpoint.h"

namespace sluice::remote {

namespace {

constexpr char kScheme[] = "sc://";

struct Address {
  std::string target;
  std::map<std::string, std::string> parameters;
};

Status BadUrl(const std::string& url, const std::string& why) {
  return MakeError("INVALID_CONNECT_URL", {{"detail", why + " in " + url}});
}

Result<Address> Parse(const std::string& url) {
  if (url.rfind(kScheme, 0) != 0) return BadUrl(url, "no sc://");
  const std::string rest = url.substr(sizeof(kScheme) - 1);
  const size_t slash = rest.find('/');
  Address address{rest.substr(0, slash), {}};
  if (address.target.empty()) return BadUrl(url, "no host");
  const size_t bracket = address.target.rfind(']');
  if (address.target.find(':', bracket == std::string::npos ? 0 : bracket) == std::string::npos)
    address.target += ":15002";
  if (slash == std::string::npos || slash + 1 == rest.size()) return address;
  if (rest[slash + 1] != ';') return BadUrl(url, "a path");
  for (size_t at = slash + 2; at < rest.size();) {
    const size_t end = std::min(rest.find(';', at), rest.size());
    const std::string pair = rest.substr(at, end - at);
    const size_t equals = pair.find('=');
    if (!pair.empty() && equals == std::string::npos)
      return BadUrl(url, "the parameter '" + pair + "' without a value");
    if (!pair.empty()) address.parameters[pair.substr(0, equals)] = pair.substr(equals + 1);
    at = end + 1;
  }
  return address;
}

Status FromError(const std::string& condition, const std::string& sql_state, const std::string& message,
                 std::map<std::string, std::string> parameters, std::vector<QueryContext> context) {
  return ToStatus(Error(condition, sql_state, message, std::move(parameters), std::move(context)));
}

}  // namespace

Result<std::shared_ptr<Client>> Client::Connect(const std::string& url) {
  ARROW_ASSIGN_OR_RAISE(Address address, Parse(url));
  auto parameter = [&](const char* name) {
    auto it = address.parameters.find(name);
    return it == address.parameters.end() ? std::string() : it->second;
  };
  std::shared_ptr<Client> client(new Client);
  client->token_ = parameter("token");
  const char* user = std::getenv("USER");
  client->user_ = !parameter("user_id").empty() ? parameter("user_id") : user != nullptr ? user : "";
  client->session_id_ = !parameter("session_id").empty() ? parameter("session_id") : stream::NewUuid();
  const bool tls = parameter("use_ssl") == "true";
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  // As Spark's clients: the token never goes out in the clear, but to this machine.
  const bool local = address.target.rfind("localhost:", 0) == 0 || address.target.rfind("127.0.0.1:", 0) == 0 ||
                     address.target.rfind("[::1]:", 0) == 0;
  if (!client->token_.empty() && !tls && !local) return BadUrl(url, "a token without use_ssl=true");
  auto credentials = tls ? grpc::SslCredentials({}) : grpc::InsecureChannelCredentials();
  client->stub_ =
      proto::SparkConnectService::NewStub(grpc::CreateCustomChannel(address.target, credentials, arguments));
  return client;
}

template <typename Request>
void Client::SetIds(Request* request) const {
  request->set_session_id(session_id_);
  request->mutable_user_context()->set_user_id(user_);
  request->set_client_type("sluice");
}

void Client::SetToken(grpc::ClientContext* context) const {
  if (!token_.empty()) context->AddMetadata("authorization", "Bearer " + token_);
}

Status Client::Failure(const grpc::Status& status) {
  google::rpc::Status rpc;
  google::rpc::ErrorInfo info;
  const bool parsed = rpc.ParseFromString(status.error_details());
  for (const auto& detail : rpc.details())
    if (parsed && detail.UnpackTo(&info)) break;
  const auto& metadata = info.metadata();
  auto get = [&](const char* key) {
    auto it = metadata.find(key);
    return it == metadata.end() ? std::string() : it->second;
  };
  if (metadata.empty())
    return MakeError("CONNECT.UNREACHABLE", {{"message", status.error_message() + " (gRPC status " +
                                                             std::to_string(status.error_code()) + ")"}});
  if (!get("errorId").empty()) {
    proto::FetchErrorDetailsRequest request;
    SetIds(&request);
    request.set_error_id(get("errorId"));
    proto::FetchErrorDetailsResponse response;
    grpc::ClientContext context;
    SetToken(&context);
    if (stub_->FetchErrorDetails(&context, request, &response).ok() &&
        response.errors_size() > response.root_error_idx()) {
      const auto& error = response.errors(response.root_error_idx());
      const auto& thrown = error.spark_throwable();
      std::vector<QueryContext> contexts;
      for (const auto& c : thrown.query_contexts())
        contexts.push_back({c.fragment(), c.start_index(), c.stop_index(), 0, 0});
      return FromError(thrown.error_class(), thrown.sql_state(), error.message(),
                       {thrown.message_parameters().begin(), thrown.message_parameters().end()}, std::move(contexts));
    }
  }
  return FromError(get("errorClass"), get("sqlState"), status.error_message(), {}, {});
}

namespace {
/// While one exists, a call ends when the token of the thread's CancelScope is cancelled.
class CancelWatch {
 public:
  explicit CancelWatch(grpc::ClientContext* call) : token_(CancelScope::Current()) {
    thread_ = std::jthread([this, call](const std::stop_token& stop) {
      std::mutex mutex;
      std::condition_variable_any wake;
      std::unique_lock lock(mutex);
      while (!stop.stop_requested() && !token_.cancelled())
        wake.wait_for(lock, stop, std::chrono::milliseconds(100), [] { return false; });
      if (token_.cancelled()) call->TryCancel();
    });
  }
  Status Check() const { return token_.Check(); }

 private:
  CancelToken token_;
  std::jthread thread_;
};
}  // namespace

Status Client::Execute(proto::Plan plan, const Consume& consume) {
  proto::ExecutePlanRequest request;
  SetIds(&request);
  *request.mutable_plan() = std::move(plan);
  grpc::ClientContext context;
  SetToken(&context);
  const CancelWatch watch(&context);
  auto reader = stub_->ExecutePlan(&context, request);
  proto::ExecutePlanResponse response;
  Status consumed;
  while (consumed.ok() && reader->Read(&response)) consumed = consume(response);
  if (!consumed.ok()) {
    context.TryCancel();
    while (reader->Read(&response)) continue;
    reader->Finish();
    return consumed;
  }
  const grpc::Status status = reader->Finish();
  if (status.error_code() == grpc::StatusCode::CANCELLED) ARROW_RETURN_NOT_OK(watch.Check());
  return status.ok() ? Status::OK() : Failure(status);
}

Result<std::vector<proto::ExecutePlanResponse>> Client::Run(proto::Command command) {
  proto::Plan plan;
  *plan.mutable_command() = std::move(command);
  std::vector<proto::ExecutePlanResponse> responses;
  ARROW_RETURN_NOT_OK(Execute(std::move(plan), [&](const proto::ExecutePlanResponse& response) {
    responses.push_back(response);
    return Status::OK();
  }));
  return responses;
}

Result<proto::AnalyzePlanResponse> Client::Analyze(proto::AnalyzePlanRequest request) {
  SetIds(&request);
  grpc::ClientContext context;
  SetToken(&context);
  proto::AnalyzePlanResponse response;
  const grpc::Status status = stub_->AnalyzePlan(&context, request, &response);
  if (!status.ok()) return Failure(status);
  return response;
}

Result<proto::ConfigResponse> Client::Config(proto::ConfigRequest::Operation operation) {
  proto::ConfigRequest request;
  SetIds(&request);
  *request.mutable_operation() = std::move(operation);
  grpc::ClientContext context;
  SetToken(&context);
  proto::ConfigResponse response;
  const grpc::Status status = stub_->Config(&context, request, &response);
  if (!status.ok()) return Failure(status);
  return response;
}

void Client::Release() {
  proto::ReleaseSessionRequest request;
  SetIds(&request);
  grpc::ClientContext context;
  SetToken(&context);
  proto::ReleaseSessionResponse response;
  stub_->ReleaseSession(&context, request, &response);  // the server forgets idle sessions anyway
}

}  // namespace sluice::remote
