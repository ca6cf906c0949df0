#pragma once
// One librdkafka client: owns its threads and connections, remembers what went wrong last.
#include <librdkafka/rdkafka.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "connectors/kafka/client_config.h"

namespace sluice::connectors::kafka {

struct TopicDeleter {
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
};
using TopicHandle = std::unique_ptr<rd_kafka_topic_t, TopicDeleter>;
struct QueueDeleter {
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
};
using QueueHandle = std::unique_ptr<rd_kafka_queue_t, QueueDeleter>;
struct PartitionListDeleter {
  void operator()(rd_kafka_topic_partition_list_t* list) const { rd_kafka_topic_partition_list_destroy(list); }
};
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, PartitionListDeleter>;

using DeliveryCallback = void (*)(rd_kafka_t*, const rd_kafka_message_t*, void*);

/// Thread-safe.
class Client {
 public:
  static Result<std::shared_ptr<Client>> Make(Role role, const ClientConfig& config,
                                              const std::map<std::string, std::string>& defaults,
                                              const std::map<std::string, std::string>& fixed,
                                              DeliveryCallback on_delivery = nullptr);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  rd_kafka_t* get() const { return handle_; }
  const std::string& servers() const { return servers_; }
  /// "Connect to 127.0.0.1:9 failed: Connection refused", or "".
  std::string last_problem() const;
  /// Serves librdkafka's events.
  void Poll(int timeout_ms = 0) { rd_kafka_poll(handle_, timeout_ms); }
  /// Milliseconds for which no broker has been reachable; 0 when one is.
  int64_t DownForMs() const;
  void MarkUp() { down_since_ms_ = 0; }
  /// Makes the threads that fetch look again whether their queues have room. Without it librdkafka 2.0 looks once a
  /// second after it found them full, which halts a reader that is slower than the network. Cheap, at most every 0.5
  /// ms.
  void WakeFetchers();

 private:
  Client() = default;
  static void OnLog(const rd_kafka_t* handle, int level, const char* facility, const char* text);
  static void OnError(rd_kafka_t* handle, int error, const char* reason, void* opaque);

  rd_kafka_t* handle_ = nullptr;
  std::string servers_;
  std::string user_ = "-", password_ = "-";  // kafka.sasl's, for WakeFetchers
  std::atomic<int64_t> woken_us_{0};
  mutable std::mutex mutex_;
  std::string last_problem_;
  std::atomic<int64_t> down_since_ms_{0};
};

}  // namespace sluice::connectors::kafka
