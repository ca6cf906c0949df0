#include "connectors/kafka/consumer_pool.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/log.h"
#include "connectors/kafka/errors.h"

namespace sluice::connectors::kafka {
namespace {

// Prefetched payloads of one source, shared over its partitions. Each waiting message costs about 250 bytes beside it.
constexpr int64_t kPrefetchBytes = 32 << 20, kMinPrefetchBytes = 64 << 10, kMaxPrefetchBytes = 8 << 20;
constexpr int64_t kPrefetchMessages = 32'000, kMinPrefetchMessages = 200;

int64_t PrefetchMessages(size_t partitions) {
  return std::max(kPrefetchMessages / static_cast<int64_t>(partitions), kMinPrefetchMessages);
}

}  // namespace

PartitionConsumer::~PartitionConsumer() {
  DropPutBack();
  if (started_) rd_kafka_consume_stop(topic_.get(), tp_.partition);
  if (queue_) rd_kafka_queue_cb_event_enable(queue_.get(), nullptr, nullptr);
}

void PartitionConsumer::DropPutBack() {
  for (rd_kafka_message_t* message : put_back_) rd_kafka_message_destroy(message);
  put_back_.clear();
}

Status PartitionConsumer::Start(int64_t offset) {
  if (rd_kafka_consume_start_queue(topic_.get(), tp_.partition, offset, queue_.get()) != 0) {
    return ClientError(rd_kafka_last_error(), fmt::format("read {} from offset {}", tp_.ToString(), offset),
                       client_->servers());
  }
  started_ = true;
  position_ = offset;
  return Status::OK();
}

Status PartitionConsumer::Seek(int64_t offset) {
  DropPutBack();
  const rd_kafka_resp_err_t error = rd_kafka_seek(topic_.get(), tp_.partition, offset, 10'000);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    position_ = offset;
    return Status::OK();
  }
  rd_kafka_consume_stop(topic_.get(), tp_.partition);
  started_ = false;
  return Start(offset);
}

size_t PartitionConsumer::Take(rd_kafka_message_t** messages, size_t n, int timeout_ms) {
  if (!put_back_.empty()) {
    const size_t held = std::min(n, put_back_.size());
    std::copy_n(put_back_.begin(), held, messages);
    put_back_.erase(put_back_.begin(), put_back_.begin() + static_cast<ptrdiff_t>(held));
    return held;
  }
  // With a timeout the call waits until all n are there: so first what is there, then one.
  ssize_t got = rd_kafka_consume_batch_queue(queue_.get(), 0, messages, n);
  if (got <= 0 && timeout_ms > 0) got = rd_kafka_consume_batch_queue(queue_.get(), timeout_ms, messages, 1);
  if (got <= 0) return 0;
  if (rd_kafka_queue_length(queue_.get()) < refill_below_) client_->WakeFetchers();
  return static_cast<size_t>(got);
}

bool PartitionConsumer::HasNews() {
  rd_kafka_message_t* message;
  while (!broken_ && Take(&message, 1, 0) == 1) {
    const bool end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    const bool moved = end && message->offset > position_;  // only markers of transactions, or removed records
    if (moved || message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      put_back_.push_front(message);
      return true;
    }
    if (!end && !IsTransient(message->err)) {
      LogInfo("A waiting consumer failed", {{"partition", tp_.ToString()}, {"error", rd_kafka_err2str(message->err)}});
      broken_ = true;
    }
    rd_kafka_message_destroy(message);
  }
  return false;
}

ConsumerPool::~ConsumerPool() = default;

void ConsumerPool::OnQueue(rd_kafka_t*, void* opaque) {
  auto* signal = static_cast<Signal*>(opaque);
  std::lock_guard lock(signal->mutex);
  signal->data = true;
  signal->changed.notify_all();
}

void ConsumerPool::Pause(std::chrono::milliseconds timeout) {
  std::unique_lock lock(signal_.mutex);
  signal_.changed.wait_for(lock, timeout, [&] { return signal_.wake; });
  signal_.wake = false;
}

void ConsumerPool::Wake() {
  std::lock_guard lock(signal_.mutex);
  signal_.wake = true;
  signal_.changed.notify_all();
}

Result<std::shared_ptr<Client>> ConsumerPool::ClientFor(const TopicPartition& tp) {
  // A client can fetch a partition once; else spread over the clients, as each has a thread that decodes.
  std::shared_ptr<Client> best;
  size_t best_load = 0;
  for (const auto& client : clients_) {
    size_t load = 0;
    bool has_it = false;
    for (const auto& consumer : consumers_) {
      if (consumer->client_ != client) continue;
      ++load;
      has_it |= consumer->tp_ == tp;
    }
    if (has_it || (best && load >= best_load)) continue;
    best = client;
    best_load = load;
  }
  if (best && (best_load == 0 || clients_.size() >= max_clients_)) return best;

  const auto share = static_cast<int64_t>(std::max<size_t>(partitions_, 1));
  const int64_t bytes = std::clamp(kPrefetchBytes / share, kMinPrefetchBytes, kMaxPrefetchBytes);
  const int64_t messages = PrefetchMessages(partitions_);
  ARROW_ASSIGN_OR_RAISE(auto client,
                        Client::Make(Role::kConsumer, options_->client,
                                     {{"queued.max.messages.kbytes", std::to_string(bytes / 1024)},
                                      {"queued.min.messages", std::to_string(messages)},
                                      {"fetch.message.max.bytes", std::to_string(std::min<int64_t>(1 << 20, bytes))},
                                      {"fetch.wait.max.ms", "100"},
                                      {"fetch.error.backoff.ms", "20"},
                                      {"check.crcs", "true"},
                                      {"reconnect.backoff.ms", "20"},
                                      {"reconnect.backoff.max.ms", "1000"},
                                      {"socket.nagle.disable", "true"},
                                      {"log.connection.close", "false"},
                                      {"topic.metadata.refresh.fast.interval.ms", "50"}},
                                     {{"enable.auto.commit", "false"},
                                      {"auto.commit.enable", "false"},
                                      {"enable.auto.offset.store", "false"},
                                      {"enable.partition.eof", "true"},
                                      {"auto.offset.reset", "error"}}));
  clients_.push_back(client);
  return client;
}

Result<PartitionConsumer*> ConsumerPool::Ready(std::unique_lock<std::mutex>&, const TopicPartition& tp,
                                               int64_t offset) {
  PartitionConsumer* idle = nullptr;
  std::erase_if(consumers_, [](const auto& consumer) { return consumer->broken_ && !consumer->in_use_; });
  for (const auto& consumer : consumers_) {
    if (consumer->in_use_ || consumer->tp_ != tp) continue;
    if (consumer->position_ == offset) return consumer.get();
    idle = consumer.get();
  }
  if (idle != nullptr) {
    if (Status status = idle->Seek(offset); !status.ok()) {
      idle->broken_ = true;
      return status;
    }
    return idle;
  }
  std::unique_ptr<PartitionConsumer> consumer(new PartitionConsumer);
  consumer->tp_ = tp;
  consumer->refill_below_ = static_cast<size_t>(PrefetchMessages(partitions_));
  ARROW_ASSIGN_OR_RAISE(consumer->client_, ClientFor(tp));
  rd_kafka_t* handle = consumer->client_->get();
  consumer->topic_.reset(rd_kafka_topic_new(handle, tp.topic.c_str(), nullptr));
  if (!consumer->topic_) return InvalidOption(fmt::format("'{}' cannot be the name of a Kafka topic.", tp.topic));
  consumer->queue_.reset(rd_kafka_queue_new(handle));
  rd_kafka_queue_cb_event_enable(consumer->queue_.get(), &ConsumerPool::OnQueue, &signal_);
  ARROW_RETURN_NOT_OK(consumer->Start(offset));
  consumers_.push_back(std::move(consumer));
  return consumers_.back().get();
}

void ConsumerPool::KeepOnly(const PartitionSet& partitions) {
  std::vector<std::unique_ptr<PartitionConsumer>> dropped;  // stopped outside the lock
  std::lock_guard lock(mutex_);
  for (auto& consumer : consumers_) {
    if (!consumer->in_use_ && !partitions.contains(consumer->tp_)) dropped.push_back(std::move(consumer));
  }
  std::erase(consumers_, nullptr);
}

size_t ConsumerPool::consumers() {
  std::lock_guard lock(mutex_);
  return consumers_.size();
}

Status ConsumerPool::Prepare(const PartitionOffsets& offsets, int parallelism) {
  std::unique_lock lock(mutex_);
  partitions_ = std::max(partitions_, offsets.size());
  max_clients_ = std::clamp<size_t>(std::min<size_t>(static_cast<size_t>(std::max(parallelism, 1)), offsets.size()),
                                    max_clients_, 16);
  for (const auto& [tp, offset] : offsets) ARROW_RETURN_NOT_OK(Ready(lock, tp, offset).status());
  return Status::OK();
}

Result<ConsumerPool::Lease> ConsumerPool::Acquire(const TopicPartition& tp, int64_t offset) {
  std::unique_lock lock(mutex_);
  ARROW_ASSIGN_OR_RAISE(PartitionConsumer * consumer, Ready(lock, tp, offset));
  consumer->in_use_ = true;
  return Lease(shared_from_this(), consumer);
}

void ConsumerPool::Return(PartitionConsumer* consumer, bool discard) {
  std::unique_ptr<PartitionConsumer> dropped;  // stopped outside the lock
  std::lock_guard lock(mutex_);
  consumer->in_use_ = false;
  PartitionConsumer* drop = discard ? consumer : nullptr;
  // Of several idle consumers of a partition the one that is farthest is of use for the next batch.
  for (const auto& other : consumers_) {
    if (discard || other.get() == consumer || other->in_use_ || other->tp_ != consumer->tp_) continue;
    drop = other->position_ < consumer->position_ ? other.get() : consumer;
  }
  auto it = std::find_if(consumers_.begin(), consumers_.end(), [&](const auto& c) { return c.get() == drop; });
  if (it == consumers_.end()) return;
  dropped = std::move(*it);
  consumers_.erase(it);
}

std::optional<PartitionOffsets> ConsumerPool::FetchedEnds(const PartitionOffsets& offsets) {
  std::lock_guard lock(mutex_);
  PartitionOffsets ends;
  for (const auto& consumer : consumers_) {
    auto it = offsets.find(consumer->tp_);
    if (it == offsets.end()) continue;
    int64_t low = 0, high = 0;
    const rd_kafka_resp_err_t error = rd_kafka_get_watermark_offsets(
        consumer->client_->get(), consumer->tp_.topic.c_str(), consumer->tp_.partition, &low, &high);
    int64_t& end = ends.emplace(*it).first->second;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) end = std::max(end, high);  // below 0: not known yet
  }
  if (ends.size() < offsets.size()) return std::nullopt;
  return ends;
}

void ConsumerPool::Wait(const PartitionOffsets& offsets, std::chrono::milliseconds timeout) {
  // New partitions and topics show only in the metadata, so the caller looks again now and then.
  const auto deadline = std::chrono::steady_clock::now() + std::min(timeout, std::chrono::milliseconds(1000));
  while (true) {
    {
      std::lock_guard lock(signal_.mutex);
      signal_.data = false;
    }
    {
      std::unique_lock lock(mutex_);
      partitions_ = std::max(partitions_, offsets.size());
      for (const auto& [tp, offset] : offsets) {
        auto consumer = Ready(lock, tp, offset);
        if (consumer.ok() && (*consumer)->HasNews()) return;
      }
    }
    std::unique_lock lock(signal_.mutex);
    signal_.changed.wait_until(lock, deadline, [&] { return signal_.data || signal_.wake; });
    if (std::exchange(signal_.wake, false) || !signal_.data) return;
  }
}

}  // namespace sluice::connectors::kafka
