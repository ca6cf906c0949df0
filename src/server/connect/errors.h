#pragma once
// Errors as Spark Connect carries them: a google.rpc.Status in the trailing metadata, its details fetched with a second
// call.
#include "server/connect/wire.h"

#include <grpcpp/grpcpp.h>
#include <spark/connect/base.pb.h>

#include <chrono>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace sluice::connect {

namespace proto = ::spark::connect;

/// The exception that Spark throws for `error` and its superclasses, by Java name: what clients pick their own class
/// by.
std::vector<std::string> ExceptionClasses(const Error& error);

/// Whether Spark names no condition with it: what Python functions raise.
bool IsNameless(const Error& error);

/// The structured error of any status that is not OK; a library's own becomes INTERNAL_ERROR and the like.
Error ErrorOf(const Status& status);

/// Errors of one session that clients may still ask about: the newest ones, for a while. Thread-safe.
class ErrorStore {
 public:
  /// Returns the id to ask by.
  std::string Keep(const Error& error);
  /// Given away: clients ask once.
  std::optional<Error> Take(const std::string& id);

 private:
  static constexpr size_t kMost = 100;
  struct Kept {
    std::string id;
    Error error;
  };
  std::mutex mutex_;
  std::deque<Kept> kept_;
};

/// The status to answer a call with. `store` may be null: a call without a session, no details to fetch.
grpc::Status ToGrpc(const Status& status, ErrorStore* store);

/// The answer to FetchErrorDetails, but for the session's ids.
void FillDetails(const Error& error, proto::FetchErrorDetailsResponse* out);

}  // namespace sluice::connect
