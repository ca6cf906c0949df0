#pragma once
// Calls of a Spark Connect server.
#include "server/connect/wire.h"  // before the service

#include <spark/connect/base.grpc.pb.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace sluice::remote {

namespace proto = ::spark::connect;

/// One session of a server. Errors are the server's, with condition, SQLSTATE and parameters. Thread-safe.
class Client {
 public:
  /// sc://host:port/;token=...;use_ssl=true;user_id=...;session_id=... Error: INVALID_CONNECT_URL.
  static Result<std::shared_ptr<Client>> Connect(const std::string& url);

  using Consume = std::function<Status(const proto::ExecutePlanResponse&)>;
  Status Execute(proto::Plan plan, const Consume& consume);
  /// A command's responses.
  Result<std::vector<proto::ExecutePlanResponse>> Run(proto::Command command);
  /// Sets the ids of the request.
  Result<proto::AnalyzePlanResponse> Analyze(proto::AnalyzePlanRequest request);
  Result<proto::ConfigResponse> Config(proto::ConfigRequest::Operation operation);
  void Release();

  /// Ids of DataFrames, for columns that are of one of them.
  int64_t NextPlanId() { return next_plan_id_.fetch_add(1); }

 private:
  Client() = default;
  template <typename Request>
  void SetIds(Request* request) const;
  void SetToken(grpc::ClientContext* context) const;
  Status Failure(const grpc::Status& status);

  std::unique_ptr<proto::SparkConnectService::Stub> stub_;
  std::string user_, session_id_, token_;
  std::atomic<int64_t> next_plan_id_{1};
};

}  // namespace sluice::remote
