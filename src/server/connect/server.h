#pragma once
// The Spark Connect server: sessions, their operations, and the gRPC service in front.
#include <memory>
#include <string>

#include "server/connect/settings.h"

namespace sluice::connect {

/// Thread-safe.
class Server {
 public:
  /// Listens when it returns. Errors: the port is taken, the certificate cannot be read.
  static Result<std::unique_ptr<Server>> Start(ServerSettings settings);
  /// Stops.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int port() const;
  /// "sc://127.0.0.1:15002"
  std::string url() const;
  /// Streaming queries finish their running batch and end.
  void FinishStreams();
  void Stop();
  /// Blocks until stopped.
  void Wait();

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::connect
