#pragma once
// Data that clients send ahead of its use: parts of cached local relations ("cache/<sha256>"), and files for Python
// functions ("pyfiles/x.py", "files/x.txt"), which lie in a folder for as long as the session lasts.
#include <spark/connect/base.pb.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/error.h"
#include "external/python/function.h"

namespace sluice::connect {

namespace proto = ::spark::connect;

/// Bytes of all sessions and their bound.
struct ArtifactBudget {
  int64_t most = 0;
  std::atomic<int64_t> used{0};
};

/// One session's. Thread-safe.
class Artifacts {
 public:
  Artifacts(std::shared_ptr<ArtifactBudget> budget, std::shared_ptr<python::SessionFiles> files)
      : budget_(std::move(budget)), files_(std::move(files)) {}
  ~Artifacts();
  Artifacts(const Artifacts&) = delete;
  Artifacts& operator=(const Artifacts&) = delete;

  /// Reads the client's messages to their end; nothing of a call that breaks off half-way through an artifact stays.
  Status Add(const std::function<bool(proto::AddArtifactsRequest*)>& next, proto::AddArtifactsRequest* first,
             proto::AddArtifactsResponse* response);
  bool Has(const std::string& name) const;
  /// The artifact "cache/<hash>".
  Result<std::string> CachedBlock(const std::string& hash) const;

 private:
  Status Store(const std::string& name, std::string data, bool crc_ok, proto::AddArtifactsResponse* response);

  Status Charge(int64_t bytes);
  /// Under mutex_.
  Status StoreFile(const std::string& name, const std::string& data);

  std::shared_ptr<ArtifactBudget> budget_;
  std::shared_ptr<python::SessionFiles> files_;
  std::string folder_;                 // of files; "" while there are none
  std::vector<std::string> includes_;  // of those, what Python's path of modules takes
  int64_t charged_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const std::string>> stored_;
};

}  // namespace sluice::connect
