#pragma once
// Data that clients send ahead of its use: so far the parts of cached local relations ("cache/<sha256>").
#include <spark/connect/base.pb.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/error.h"

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
  explicit Artifacts(std::shared_ptr<ArtifactBudget> budget) : budget_(std::move(budget)) {}
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

  std::shared_ptr<ArtifactBudget> budget_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const std::string>> stored_;
};

}  // namespace sluice::connect
