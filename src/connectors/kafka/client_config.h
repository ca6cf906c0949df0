#pragma once
// kafka.* options, which name settings of Kafka's Java client, as settings of librdkafka.
#include <librdkafka/rdkafka.h>

#include <map>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/options.h"

namespace sluice::connectors::kafka {

enum class Role : uint8_t { kConsumer, kProducer };

struct ClientConfig {
  std::string servers;                          // bootstrap.servers, for messages
  std::map<std::string, std::string> settings;  // librdkafka's names
  int64_t api_timeout_ms = 60'000;              // default.api.timeout.ms
  int64_t max_block_ms = 60'000;                // producer: wait for room in the queue
  bool read_committed = false;
  std::string group_id;  // "" unless kafka.group.id is set

  struct Destroy {
    void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
  };
  using ConfPtr = std::unique_ptr<rd_kafka_conf_t, Destroy>;
  /// `defaults` give way to `settings`; `fixed` win over them.
  Result<ConfPtr> NewConf(const std::map<std::string, std::string>& defaults,
                          const std::map<std::string, std::string>& fixed) const;
};

/// Takes the keys "kafka.*" of `options`. KAFKA_INVALID_OPTION names a bad value, or a setting of the
/// Java client that has no counterpart; of a key that is no setting at all there is a warning, as from the Java client.
Result<ClientConfig> MakeClientConfig(const OptionMap& options, Role role);

}  // namespace sluice::connectors::kafka
