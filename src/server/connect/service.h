#pragma once
// spark.connect.SparkConnectService: who may call, which session and operation a call means, what is answered.
#include "server/connect/wire.h"

#include <grpcpp/grpcpp.h>
#include <spark/connect/base.grpc.pb.h>

#include "server/connect/runners.h"
#include "server/connect/sessions.h"

namespace sluice::connect {

class Service final : public proto::SparkConnectService::Service {
 public:
  Service(const ServerSettings& settings, Sessions& sessions, Runners& runners)
      : settings_(settings), sessions_(sessions), runners_(runners) {}

  using Context = grpc::ServerContext;
  using Responses = grpc::ServerWriter<proto::ExecutePlanResponse>;
  grpc::Status ExecutePlan(Context*, const proto::ExecutePlanRequest*, Responses*) override;
  grpc::Status ReattachExecute(Context*, const proto::ReattachExecuteRequest*, Responses*) override;
  grpc::Status ReleaseExecute(Context*, const proto::ReleaseExecuteRequest*, proto::ReleaseExecuteResponse*) override;
  grpc::Status AnalyzePlan(Context*, const proto::AnalyzePlanRequest*, proto::AnalyzePlanResponse*) override;
  grpc::Status Config(Context*, const proto::ConfigRequest*, proto::ConfigResponse*) override;
  grpc::Status AddArtifacts(Context*, grpc::ServerReader<proto::AddArtifactsRequest>*,
                            proto::AddArtifactsResponse*) override;
  grpc::Status ArtifactStatus(Context*, const proto::ArtifactStatusesRequest*,
                              proto::ArtifactStatusesResponse*) override;
  grpc::Status Interrupt(Context*, const proto::InterruptRequest*, proto::InterruptResponse*) override;
  grpc::Status ReleaseSession(Context*, const proto::ReleaseSessionRequest*, proto::ReleaseSessionResponse*) override;
  grpc::Status FetchErrorDetails(Context*, const proto::FetchErrorDetailsRequest*,
                                 proto::FetchErrorDetailsResponse*) override;
  grpc::Status CloneSession(Context*, const proto::CloneSessionRequest*, proto::CloneSessionResponse*) override;

 private:
  /// UNAUTHENTICATED without the token.
  grpc::Status Admit(const Context& context) const;
  /// Admits, finds the session, runs `answer(session, response)` and sets the response's ids.
  template <typename Request, typename Response, typename Answer>
  grpc::Status Unary(const Context& context, const Request& request, Response* response, Answer answer);
  /// Hands an operation's responses to a call of the client until they end, the client goes, or it is time to ask
  /// again.
  grpc::Status Stream(Context* context, ConnectSession& session, const std::shared_ptr<Operation>& operation,
                      int64_t position, Responses* out);

  const ServerSettings& settings_;
  Sessions& sessions_;
  Runners& runners_;
};

}  // namespace sluice::connect
