#pragma once
// A small Kafka endpoint inside the process, for `sluice broker`, `sluice demo` and tests: librdkafka's mock cluster.
#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"

namespace sluice::connectors::kafka {

class EmbeddedBroker {
 public:
  /// What to tell people who start it.
  static constexpr const char* kLimits =
      "for trying things out only: records are kept in memory, the newest 5 MiB of each partition; no authentication "
      "or "
      "TLS, no lookup of offsets by time, no topic administration (topics come into being when they are first used), "
      "and "
      "aborted transactions are not hidden";

  /// Listens on loopback; `port` 0 takes a free one. A topic that is first used gets 4 partitions.
  /// IOError: the port is taken.
  static Result<std::unique_ptr<EmbeddedBroker>> Start(int port = 0);
  virtual ~EmbeddedBroker() = default;

  /// "127.0.0.1:9092".
  virtual const std::string& bootstrap_servers() const = 0;
  virtual Status CreateTopic(const std::string& name, int partitions) = 0;
  /// For tests of failures: the broker answers nothing, and comes back.
  virtual Status SetDown(bool down) = 0;
};

}  // namespace sluice::connectors::kafka
