#pragma once
// Rows -> Kafka records. At least once, as in Spark: a batch that is replayed after a crash is written again.
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include "connectors/api/stream.h"
#include "connectors/api/table.h"
#include "connectors/kafka/client.h"
#include "connectors/kafka/options.h"

namespace sluice::connectors::kafka {

/// Where the columns of a row are; -1: absent. _LEGACY_ERROR_TEMP_3080 with Spark's text for a bad schema.
struct RecordColumns {
  int topic = -1, key = -1, value = -1, headers = -1, partition = -1;
  static Result<RecordColumns> Find(const DataType& schema, const std::optional<std::string>& topic_option);
};

/// A producer shared by tasks. Its queue is bounded: a full one makes writers wait.
class Producer {
 public:
  static Result<std::shared_ptr<Producer>> Make(const ClientConfig& config);

  /// One task's records on their way. Outlives them: kept by the producer until all are reported.
  struct Task {
    Producer* producer;
    std::atomic<int64_t> waiting{0};
    std::atomic<bool> failed{false}, ended{false};
    std::mutex mutex;
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
    std::string topic, text;
    CancelToken cancel;
  };
  struct Record {
    rd_kafka_topic_t* topic;
    int32_t partition;  // RD_KAFKA_PARTITION_UA: by key
    std::string_view key, value;
    bool has_key, has_value;
    rd_kafka_headers_t* headers;  // taken over when sent
  };

  /// Waits for delivery end when `cancel` is set.
  Task* NewTask(CancelToken cancel);
  void EndTask(Task* task);
  Status Send(Task* task, const Record& record);
  Status WaitFor(Task* task);
  /// Returns when the topic can be written, or after a second: sending tells then what is wrong.
  void AwaitTopic(rd_kafka_topic_t* topic);
  Status TaskError(Task* task);
  Client& client() { return *client_; }

 private:
  static void OnDelivery(rd_kafka_t* handle, const rd_kafka_message_t* message, void*);
  int64_t max_block_ms_ = 60'000;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Task>> tasks_;
  std::set<std::string> known_topics_;
  std::mutex report_mutex_;
  std::condition_variable reported_;  // all of a task, or nobody serves reports any more
  bool serving_reports_ = false;
  std::shared_ptr<Client> client_;  // destroyed first: it reports to tasks_
};

class KafkaSink final : public StreamSink {
 public:
  static Result<std::unique_ptr<KafkaSink>> Make(SinkOptions options, const DataType& schema);
  std::string description() const override;
  bool at_least_once() const override { return true; }
  Result<std::unique_ptr<BatchWrite>> NewBatch(int64_t batch_id) override;
  int64_t last_num_output_rows() const override { return rows_->load(); }

 private:
  KafkaSink() = default;
  SinkOptions options_;
  RecordColumns columns_;
  std::shared_ptr<Producer> producer_;
  std::shared_ptr<std::atomic<int64_t>> rows_ = std::make_shared<std::atomic<int64_t>>(-1);
};

}  // namespace sluice::connectors::kafka
