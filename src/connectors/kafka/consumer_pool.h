#pragma once
// Consumers that stay assigned between micro-batches, so that the next batch is in memory before it starts.
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "connectors/kafka/client.h"
#include "connectors/kafka/options.h"

namespace sluice::connectors::kafka {

class ConsumerPool;

/// One topic-partition fetched by one client into a queue of its own. Used by one thread at a time.
class PartitionConsumer {
 public:
  ~PartitionConsumer();
  const TopicPartition& partition() const { return tp_; }
  Client& client() { return *client_; }
  /// The next offset it would hand out (that of a put-back message, too).
  int64_t position() const { return position_; }
  void set_position(int64_t position) { position_ = position; }
  /// Up to `n` messages (or errors, as messages) that are there, waiting `timeout_ms` for the first.
  size_t Take(rd_kafka_message_t** messages, size_t n, int timeout_ms);
  /// Messages that a Take would get at once.
  size_t Waiting() const { return put_back_.size() + rd_kafka_queue_length(queue_.get()); }
  /// Kept for the next Take, before those that the last one left.
  void PutBack(rd_kafka_message_t** messages, size_t n) { put_back_.insert(put_back_.begin(), messages, messages + n); }
  /// Starts over from another offset.
  Status Seek(int64_t offset);

 private:
  friend class ConsumerPool;
  PartitionConsumer() = default;
  void DropPutBack();
  Status Start(int64_t offset);
  /// True when a record, or the log's end, past `position_` has come. False with `broken_` set: an error came.
  bool HasNews();

  std::shared_ptr<Client> client_;
  TopicPartition tp_;
  TopicHandle topic_;
  QueueHandle queue_;
  std::deque<rd_kafka_message_t*> put_back_;
  int64_t position_ = 0;
  size_t refill_below_ = 0;  // messages in the queue
  bool started_ = false, in_use_ = false, broken_ = false;
};

/// Thread-safe.
class ConsumerPool : public std::enable_shared_from_this<ConsumerPool> {
 public:
  explicit ConsumerPool(std::shared_ptr<const SourceOptions> options) : options_(std::move(options)) {}
  ~ConsumerPool();

  /// Returned to the pool when dropped; a consumer after an error is `Discard`ed.
  class Lease {
   public:
    Lease(std::shared_ptr<ConsumerPool> pool, PartitionConsumer* consumer)
        : pool_(std::move(pool)), consumer_(consumer) {}
    Lease(Lease&& other) noexcept : pool_(std::move(other.pool_)), consumer_(std::exchange(other.consumer_, nullptr)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (consumer_ != nullptr) pool_->Return(consumer_, false);
    }
    void Discard() {
      if (consumer_ != nullptr) pool_->Return(std::exchange(consumer_, nullptr), true);
    }
    PartitionConsumer* operator->() const { return consumer_; }
    PartitionConsumer& operator*() const { return *consumer_; }

   private:
    std::shared_ptr<ConsumerPool> pool_;
    PartitionConsumer* consumer_;
  };

  /// Drops the idle consumers of other partitions.
  void KeepOnly(const PartitionSet& partitions);
  /// Begins to fetch; partitions that are positioned already are left alone.
  Status Prepare(const PartitionOffsets& offsets, int parallelism);
  Result<Lease> Acquire(const TopicPartition& tp, int64_t offset);

  /// Ends of the partitions' logs as the last fetches told them, or `offsets` where they told no more; nothing while
  /// one is not fetched. May be behind the broker; with kafka.isolation.level=read_committed beyond what can be read.
  std::optional<PartitionOffsets> FetchedEnds(const PartitionOffsets& offsets);
  /// Blocks until one of the partitions at `offsets` may have something new, the time is up, or Wake().
  void Wait(const PartitionOffsets& offsets, std::chrono::milliseconds timeout);
  /// Only the time, or Wake().
  void Pause(std::chrono::milliseconds timeout);
  void Wake();
  size_t consumers();

 private:
  friend class Lease;
  void Return(PartitionConsumer* consumer, bool discard);
  Result<PartitionConsumer*> Ready(std::unique_lock<std::mutex>& lock, const TopicPartition& tp, int64_t offset);
  Result<std::shared_ptr<Client>> ClientFor(const TopicPartition& tp);
  static void OnQueue(rd_kafka_t*, void* opaque);

  std::shared_ptr<const SourceOptions> options_;
  struct Signal {
    std::mutex mutex;
    std::condition_variable changed;
    bool data = false, wake = false;
  };
  Signal signal_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<Client>> clients_;  // outlive their consumers, which signal_ outlives
  std::vector<std::unique_ptr<PartitionConsumer>> consumers_;
  size_t max_clients_ = 1;
  size_t partitions_ = 1;  // expected, shares out the memory
};

}  // namespace sluice::connectors::kafka
