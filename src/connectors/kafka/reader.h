#pragma once
// Reads [start, end) of one topic-partition, or of several in turns.
#include "connectors/api/table.h"
#include "connectors/kafka/batch_builder.h"
#include "connectors/kafka/consumer_pool.h"

namespace sluice::connectors::kafka {

struct KafkaSplit : Split {
  explicit KafkaSplit(std::vector<OffsetRange> r) : ranges(std::move(r)) {}
  std::string ToString() const override;
  std::vector<OffsetRange> ranges;
};

/// A split per range, or, when there are many records and more ranges than tasks, one per task of about equal size: all
/// partitions are then read at once, so that what is prefetched of each is soon used.
std::vector<SplitPtr> MakeSplits(std::vector<OffsetRange> ranges, int parallelism);

Result<std::unique_ptr<BatchReader>> OpenSplit(const std::shared_ptr<const SourceOptions>& options,
                                               const std::shared_ptr<ConsumerPool>& pool, const KafkaSplit& split,
                                               const ScanRequest& request);

/// Ends when it is past every offset before `end`, whether or not records stand there: compaction and transactions
/// leave gaps. Errors: KAFKA_DATA_LOSS, KAFKA_READ_TIMEOUT, KAFKA_CLIENT_ERROR, OPERATION_CANCELED.
class KafkaReader final : public BatchReader {
 public:
  static Result<std::unique_ptr<KafkaReader>> Make(std::shared_ptr<const SourceOptions> options,
                                                   std::shared_ptr<ConsumerPool> pool, OffsetRange range,
                                                   const ScanRequest& request);
  ~KafkaReader() override;
  Result<std::shared_ptr<arrow::RecordBatch>> Next() override;
  /// Messages that Next would not have to wait for.
  size_t waiting() const { return done_ ? 0 : consumer_->Waiting(); }

 private:
  KafkaReader(ConsumerPool::Lease lease) : consumer_(std::move(lease)) {}
  Status Fill();
  Status OnMessages(size_t n);
  Status OnError(const rd_kafka_message_t& message);
  Status OutOfRange();
  Status CheckEnd();
  Status Gone(const std::string& why);
  Status Lost(int64_t from, int64_t to);
  /// First and last offset of the partition now.
  Result<std::pair<int64_t, int64_t>> Bounds();
  void Finish();

  ConsumerPool::Lease consumer_;
  std::shared_ptr<const SourceOptions> options_;
  OffsetRange range_;
  CancelToken cancel_;
  std::unique_ptr<BatchBuilder> builder_;
  std::vector<rd_kafka_message_t*> messages_;
  int64_t position_ = 0;  // next offset wanted
  int64_t batch_rows_ = 0, rows_left_ = 0;
  int64_t last_news_us_ = 0;
  bool done_ = false, failed_ = true, saw_end_ = false;
  std::string last_problem_;
};

}  // namespace sluice::connectors::kafka
