#include "connectors/kafka/sink.h"

#include <arrow/array.h>
#include <fmt/format.h>

#include <array>
#include <thread>

#include "base/cancel_scope.h"
#include "base/clock.h"
#include "connectors/kafka/errors.h"

namespace sluice::connectors::kafka {
namespace {

Status BadSchema(std::string message) { return MakeError("_LEGACY_ERROR_TEMP_3080", {{"msg", std::move(message)}}); }

DataType HeadersType() {
  return DataType::Array(DataType::Struct({{"key", DataType::String()}, {"value", DataType::Binary()}}));
}

std::string_view BytesAt(const arrow::Array& array, int64_t i) {
  return static_cast<const arrow::BinaryArray&>(array).GetView(i);  // StringArray is one, too
}

class KafkaTaskWriter final : public TaskWriter {
 public:
  KafkaTaskWriter(std::shared_ptr<Producer> producer, const RecordColumns& columns, std::optional<std::string> topic,
                  std::shared_ptr<std::atomic<int64_t>> rows, CancelToken cancel)
      : producer_(std::move(producer)), columns_(columns), topic_(std::move(topic)), rows_(std::move(rows)),
        task_(producer_->NewTask(std::move(cancel))) {}
  ~KafkaTaskWriter() override { producer_->EndTask(task_); }

  Status Write(const arrow::RecordBatch& batch) override {
    const arrow::Array* topic = Column(batch, topic_ ? -1 : columns_.topic);
    const arrow::Array* key = Column(batch, columns_.key);
    const arrow::Array* value = Column(batch, columns_.value);
    const arrow::Array* partition = Column(batch, columns_.partition);
    const arrow::Array* headers = Column(batch, columns_.headers);
    for (int64_t i = 0; i < batch.num_rows(); ++i) {
      if (topic != nullptr && topic->IsNull(i)) return MakeError("KAFKA_NULL_TOPIC_IN_DATA");
      Producer::Record record{};
      ARROW_ASSIGN_OR_RAISE(record.topic, Topic(topic != nullptr ? BytesAt(*topic, i) : std::string_view(*topic_)));
      record.partition = RD_KAFKA_PARTITION_UA;
      if (partition != nullptr && !partition->IsNull(i)) {
        record.partition = static_cast<const arrow::Int32Array&>(*partition).Value(i);
        if (record.partition < 0) {
          return BadSchema(fmt::format("Invalid partition: {}. Partition number should always be non-negative or null.",
                                       record.partition));
        }
      }
      record.has_key = key != nullptr && !key->IsNull(i);
      if (record.has_key) record.key = BytesAt(*key, i);
      record.has_value = !value->IsNull(i);
      if (record.has_value) record.value = BytesAt(*value, i);
      if (headers != nullptr && !headers->IsNull(i)) record.headers = Headers(*headers, i);
      if (Status status = producer_->Send(task_, record); !status.ok()) {
        if (record.headers != nullptr) rd_kafka_headers_destroy(record.headers);
        return status;
      }
    }
    sent_ += batch.num_rows();
    producer_->client().Poll();
    return producer_->TaskError(task_);
  }

  Result<std::string> Close() override {
    ARROW_RETURN_NOT_OK(producer_->WaitFor(task_));
    *rows_ += sent_;
    return std::to_string(sent_);
  }

 private:
  static const arrow::Array* Column(const arrow::RecordBatch& batch, int i) {
    return i < 0 ? nullptr : batch.column(i).get();
  }

  Result<rd_kafka_topic_t*> Topic(std::string_view name) {
    if (last_topic_ != nullptr && name == last_name_) return last_topic_;
    last_name_ = name;
    auto it = topics_.find(last_name_);
    if (it == topics_.end()) {
      rd_kafka_topic_t* topic = rd_kafka_topic_new(producer_->client().get(), last_name_.c_str(), nullptr);
      if (topic == nullptr) return InvalidOption(fmt::format("'{}' cannot be the name of a Kafka topic.", last_name_));
      it = topics_.emplace(last_name_, TopicHandle(topic)).first;
      producer_->AwaitTopic(topic);
    }
    return last_topic_ = it->second.get();
  }

  static rd_kafka_headers_t* Headers(const arrow::Array& array, int64_t i) {
    const auto& list = static_cast<const arrow::ListArray&>(array);
    const auto& element = static_cast<const arrow::StructArray&>(*list.values());
    rd_kafka_headers_t* headers = rd_kafka_headers_new(static_cast<size_t>(list.value_length(i)));
    for (int64_t h = list.value_offset(i); h < list.value_offset(i + 1); ++h) {
      const auto& keys = *element.field(0);
      const auto& values = *element.field(1);
      const std::string_view key = keys.IsNull(h) ? std::string_view() : BytesAt(keys, h);
      const bool null = values.IsNull(h);
      const std::string_view value = null ? std::string_view() : BytesAt(values, h);
      rd_kafka_header_add(headers, key.data(), static_cast<ssize_t>(key.size()), null ? nullptr : value.data(),
                          static_cast<ssize_t>(value.size()));
    }
    return headers;
  }

  std::shared_ptr<Producer> producer_;
  RecordColumns columns_;
  std::optional<std::string> topic_;
  std::shared_ptr<std::atomic<int64_t>> rows_;
  Producer::Task* task_;
  std::map<std::string, TopicHandle> topics_;
  std::string last_name_;
  rd_kafka_topic_t* last_topic_ = nullptr;
  int64_t sent_ = 0;
};

class KafkaBatchWrite final : public BatchWrite {
 public:
  KafkaBatchWrite(std::shared_ptr<Producer> producer, const RecordColumns& columns, std::optional<std::string> topic,
                  std::shared_ptr<std::atomic<int64_t>> rows)
      : producer_(std::move(producer)), columns_(columns), topic_(std::move(topic)), rows_(std::move(rows)) {
    *rows_ = 0;
  }
  Result<std::unique_ptr<TaskWriter>> NewTask(int) override {
    return std::make_unique<KafkaTaskWriter>(producer_, columns_, topic_, rows_, cancel_);
  }
  Status Commit(const std::vector<std::string>&) override { return Status::OK(); }
  void Abort(const std::vector<std::string>&) override {}  // what was delivered stays

 private:
  std::shared_ptr<Producer> producer_;
  RecordColumns columns_;
  std::optional<std::string> topic_;
  std::shared_ptr<std::atomic<int64_t>> rows_;
  CancelToken cancel_ = CancelScope::Current();  // of the query that writes the batch
};

}  // namespace

Result<RecordColumns> RecordColumns::Find(const DataType& schema, const std::optional<std::string>& topic_option) {
  RecordColumns columns;
  auto find = [&](const char* name, int* out, std::initializer_list<DataType> types) -> Status {
    for (size_t i = 0; i < schema.fields().size(); ++i) {
      const StructField& field = schema.fields()[i];
      if (field.name != name) continue;
      *out = static_cast<int>(i);
      std::string wanted;
      for (const DataType& type : types) {
        if (field.type.sameType(type)) return Status::OK();
        wanted += (wanted.empty() ? "" : " or ") + type.simpleString();
      }
      return BadSchema(fmt::format("{} attribute unsupported type {}. {} must be a(n) {}", name,
                                   field.type.simpleString(), name, wanted));
    }
    return Status::OK();
  };
  ARROW_RETURN_NOT_OK(find("topic", &columns.topic, {DataType::String()}));
  ARROW_RETURN_NOT_OK(find("key", &columns.key, {DataType::String(), DataType::Binary()}));
  ARROW_RETURN_NOT_OK(find("value", &columns.value, {DataType::String(), DataType::Binary()}));
  ARROW_RETURN_NOT_OK(find("headers", &columns.headers, {HeadersType()}));
  ARROW_RETURN_NOT_OK(find("partition", &columns.partition, {DataType::Integer()}));
  if (columns.topic < 0 && !topic_option) {
    return BadSchema(
        "topic option required when no 'topic' attribute is present. Use the topic option for setting a topic.");
  }
  if (columns.value < 0) return BadSchema("Required attribute 'value' not found");
  return columns;
}

Result<std::shared_ptr<Producer>> Producer::Make(const ClientConfig& config) {
  auto producer = std::make_shared<Producer>();
  producer->max_block_ms_ = config.max_block_ms;
  // Idempotence and acks as Java's producer has them, the partitioner for keys, too.
  std::map<std::string, std::string> defaults = {{"message.timeout.ms", "120000"},
                                                 {"partitioner", "murmur2_random"},
                                                 {"queue.buffering.max.kbytes", "32768"},
                                                 {"queue.buffering.max.messages", "100000"},
                                                 {"linger.ms", "5"},
                                                 {"socket.nagle.disable", "true"},
                                                 {"reconnect.backoff.ms", "20"},
                                                 {"reconnect.backoff.max.ms", "1000"},
                                                 {"log.connection.close", "false"},
                                                 {"topic.metadata.refresh.fast.interval.ms", "50"}};
  auto acks = config.settings.find("acks");
  if (acks == config.settings.end() || acks->second == "all" || acks->second == "-1")
    defaults["enable.idempotence"] = "true";
  ARROW_ASSIGN_OR_RAISE(producer->client_, Client::Make(Role::kProducer, config, defaults, {}, &Producer::OnDelivery));
  return producer;
}

Producer::Task* Producer::NewTask(CancelToken cancel) {
  std::lock_guard lock(mutex_);
  std::erase_if(tasks_, [](const auto& task) { return task->ended && task->waiting == 0; });
  tasks_.push_back(std::make_unique<Task>());
  tasks_.back()->producer = this;
  tasks_.back()->cancel = std::move(cancel);
  return tasks_.back().get();
}

void Producer::EndTask(Task* task) {
  std::lock_guard lock(mutex_);
  if (task->waiting == 0) {
    std::erase_if(tasks_, [&](const auto& other) { return other.get() == task; });
    return;
  }
  // Records are still on their way: NewTask drops it when they are reported.
  task->ended = true;
}

void Producer::OnDelivery(rd_kafka_t* handle, const rd_kafka_message_t* message, void*) {
  auto* task = static_cast<Task*>(message->_private);
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    std::lock_guard lock(task->mutex);
    if (!task->failed) {
      task->error = message->err;
      task->topic = message->rkt != nullptr ? rd_kafka_topic_name(message->rkt) : "";
      task->text = rd_kafka_err2str(message->err);
      task->failed = true;
    }
  }
  Producer* producer = task->producer;
  if (--task->waiting > 0) return;
  // The task may be gone from here on.
  std::lock_guard lock(producer->report_mutex_);
  producer->reported_.notify_all();
  rd_kafka_yield(handle);  // the flush that serves this report ends
}

Status Producer::TaskError(Task* task) {
  if (!task->failed) return Status::OK();
  std::lock_guard lock(task->mutex);
  if (task->error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || task->error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
    return UnknownTopic(task->topic, client_->servers());
  }
  std::string cause = task->text;
  if (task->error == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT && !client_->last_problem().empty()) {
    cause += " (" + client_->last_problem() + ")";
  }
  return MakeError("KAFKA_DELIVERY_FAILED", {{"servers", client_->servers()},
                                             {"topic", task->topic},
                                             {"cause", std::move(cause)},
                                             {"code", rd_kafka_err2name(task->error)}});
}

Status Producer::Send(Task* task, const Record& record) {
  std::array<rd_kafka_vu_t, 6> parts{};
  size_t n = 0;
  auto part = [&](rd_kafka_vtype_t type) -> rd_kafka_vu_t& {
    parts[n].vtype = type;
    return parts[n++];
  };
  part(RD_KAFKA_VTYPE_RKT).u.rkt = record.topic;
  part(RD_KAFKA_VTYPE_PARTITION).u.i32 = record.partition;
  part(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY;
  rd_kafka_vu_t& value = part(RD_KAFKA_VTYPE_VALUE);
  // An empty value is not a null one.
  value.u.mem.ptr =
      record.has_value ? const_cast<char*>(record.value.data() != nullptr ? record.value.data() : "") : nullptr;
  value.u.mem.size = record.value.size();
  if (record.has_key) {
    rd_kafka_vu_t& key = part(RD_KAFKA_VTYPE_KEY);
    key.u.mem.ptr = const_cast<char*>(record.key.data() != nullptr ? record.key.data() : "");
    key.u.mem.size = record.key.size();
  }
  std::array<rd_kafka_vu_t, 8> all{};
  std::copy_n(parts.begin(), n, all.begin());
  all[n].vtype = RD_KAFKA_VTYPE_OPAQUE;
  all[n++].u.ptr = task;
  if (record.headers != nullptr) {
    all[n].vtype = RD_KAFKA_VTYPE_HEADERS;
    all[n++].u.headers = record.headers;
  }
  const int64_t begin = SteadyUs();
  ++task->waiting;
  while (true) {
    rd_kafka_error_t* error = rd_kafka_produceva(client_->get(), all.data(), n);
    if (error == nullptr) return Status::OK();
    const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    const std::string text = rd_kafka_error_string(error);
    rd_kafka_error_destroy(error);
    const bool full = code == RD_KAFKA_RESP_ERR__QUEUE_FULL;
    if (full && SteadyUs() - begin < max_block_ms_ * 1000 && !task->failed && !task->cancel.cancelled()) {
      client_->Poll(10);
      continue;
    }
    --task->waiting;
    ARROW_RETURN_NOT_OK(TaskError(task));
    return MakeError("KAFKA_DELIVERY_FAILED",
                     {{"servers", client_->servers()},
                      {"topic", rd_kafka_topic_name(record.topic)},
                      {"cause", full ? text + " for kafka.max.block.ms; " + client_->last_problem() : text},
                      {"code", rd_kafka_err2name(code)}});
  }
}

void Producer::AwaitTopic(rd_kafka_topic_t* topic) {
  // librdkafka looks again for the leaders of a topic in the making after a whole second.
  {
    std::lock_guard lock(mutex_);
    if (!known_topics_.insert(rd_kafka_topic_name(topic)).second) return;
  }
  for (const int64_t end = SteadyUs() + 1'000'000; SteadyUs() < end;) {
    const rd_kafka_metadata_t* metadata = nullptr;
    if (rd_kafka_metadata(client_->get(), 0, topic, &metadata, 500) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    const bool ready = metadata->topic_cnt > 0 && metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_metadata_destroy(metadata);
    if (ready) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

Status Producer::WaitFor(Task* task) {
  // One task serves the reports of all: of two in a flush each would take some of the other's, which looks again only
  // after 10 ms.
  std::unique_lock lock(report_mutex_);
  while (task->waiting > 0) {
    ARROW_RETURN_NOT_OK(task->cancel.Check());  // a broker that is away may stay away
    if (serving_reports_) {
      reported_.wait_for(lock, std::chrono::milliseconds(20));
      continue;
    }
    serving_reports_ = true;
    lock.unlock();
    rd_kafka_flush(client_->get(), 20);  // sends without lingering
    lock.lock();
    serving_reports_ = false;
    reported_.notify_all();
  }
  return TaskError(task);
}

Result<std::unique_ptr<KafkaSink>> KafkaSink::Make(SinkOptions options, const DataType& schema) {
  std::unique_ptr<KafkaSink> sink(new KafkaSink);
  ARROW_ASSIGN_OR_RAISE(sink->columns_, RecordColumns::Find(schema, options.topic));
  ARROW_ASSIGN_OR_RAISE(sink->producer_, Producer::Make(options.client));
  sink->options_ = std::move(options);
  return sink;
}

std::string KafkaSink::description() const {
  return "KafkaTable[" + options_.topic.value_or("topic of each row") + "]";
}

Result<std::unique_ptr<BatchWrite>> KafkaSink::NewBatch(int64_t) {
  return std::make_unique<KafkaBatchWrite>(producer_, columns_, options_.topic, rows_);
}

}  // namespace sluice::connectors::kafka
