#pragma once
// Topic administration for tests and the bench against a real broker.
#include <librdkafka/rdkafka.h>

#include <functional>
#include <string>

#include "base/error.h"

namespace sluice::connectors::kafka {

class TestAdmin {
 public:
  explicit TestAdmin(const std::string& servers) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", servers.c_str(), nullptr, 0);
    handle_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0);
    queue_ = rd_kafka_queue_new(handle_);
  }
  ~TestAdmin() {
    rd_kafka_queue_destroy(queue_);
    rd_kafka_destroy(handle_);
  }
  Status CreateTopic(const std::string& name, int partitions, std::map<std::string, std::string> config = {}) {
    rd_kafka_NewTopic_t* topic = rd_kafka_NewTopic_new(name.c_str(), partitions, 1, nullptr, 0);
    for (const auto& [key, value] : config) rd_kafka_NewTopic_set_config(topic, key.c_str(), value.c_str());
    rd_kafka_CreateTopics(handle_, &topic, 1, nullptr, queue_);
    rd_kafka_NewTopic_destroy(topic);
    return Await([](rd_kafka_event_t* event, size_t* n) {
      return rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), n);
    });
  }
  Status DeleteTopic(const std::string& name) {
    rd_kafka_DeleteTopic_t* topic = rd_kafka_DeleteTopic_new(name.c_str());
    rd_kafka_DeleteTopics(handle_, &topic, 1, nullptr, queue_);
    rd_kafka_DeleteTopic_destroy(topic);
    return Await([](rd_kafka_event_t* event, size_t* n) {
      return rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), n);
    });
  }
  Status AddPartitions(const std::string& name, size_t total) {
    rd_kafka_NewPartitions_t* more = rd_kafka_NewPartitions_new(name.c_str(), total, nullptr, 0);
    rd_kafka_CreatePartitions(handle_, &more, 1, nullptr, queue_);
    rd_kafka_NewPartitions_destroy(more);
    return Await([](rd_kafka_event_t* event, size_t* n) {
      return rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event), n);
    });
  }
  Status DeleteRecordsBefore(const std::string& name, int partition, int64_t offset) {
    rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, name.c_str(), partition)->offset = offset;
    rd_kafka_DeleteRecords_t* what = rd_kafka_DeleteRecords_new(list);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_DeleteRecords(handle_, &what, 1, nullptr, queue_);
    rd_kafka_DeleteRecords_destroy(what);
    return Await(nullptr);
  }

 private:
  using TopicsOf = std::function<const rd_kafka_topic_result_t**(rd_kafka_event_t*, size_t*)>;
  Status Await(const TopicsOf& topics_of) {
    rd_kafka_event_t* event = rd_kafka_queue_poll(queue_, 30'000);
    if (event == nullptr) return Status::IOError("no answer to an admin request");
    std::string error;
    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) error = rd_kafka_event_error_string(event);
    if (error.empty() && topics_of) {
      size_t n = 0;
      const rd_kafka_topic_result_t** results = topics_of(event, &n);
      for (size_t i = 0; i < n; ++i) {
        if (rd_kafka_topic_result_error(results[i]) == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
        const char* text = rd_kafka_topic_result_error_string(results[i]);
        error = text != nullptr ? text : rd_kafka_err2str(rd_kafka_topic_result_error(results[i]));
      }
    }
    rd_kafka_event_destroy(event);
    return error.empty() ? Status::OK() : Status::IOError(error);
  }

  rd_kafka_t* handle_;
  rd_kafka_queue_t* queue_;
};

}  // namespace sluice::connectors::kafka
