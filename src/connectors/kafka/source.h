#pragma once
#include <memory>
#include <mutex>

#include "connectors/api/stream.h"
#include "connectors/api/table.h"
#include "connectors/kafka/consumer_pool.h"
#include "connectors/kafka/offset_reader.h"

namespace sluice::connectors::kafka {

/// Kafka as a stream. Methods of the loop come from one thread; Open and Wake from any.
class KafkaSource final : public StreamSource {
 public:
  /// `checkpoint` is <checkpoint>/sources/<n>, or "" for none.
  static Result<std::unique_ptr<KafkaSource>> Make(SourceOptions options, std::string checkpoint);

  std::string description() const override;
  Result<Offset> InitialOffset() override;
  Result<Offset> LatestOffset(const Offset& start, ReadLimit limit) override;
  Status PrepareForAvailableNow() override;
  Result<std::vector<SplitPtr>> Plan(const Offset& start, const Offset& end, const ScanRequest& request) override;
  Result<std::unique_ptr<BatchReader>> Open(const SplitPtr& split, const ScanRequest& request) override;
  void WaitForData(const Offset& start, std::chrono::milliseconds timeout) override;
  void Wake() override;
  std::map<std::string, std::string> Metrics(const Offset& end) override;
  Offset ReportLatestOffset() override;
  Result<Offset> Deserialize(const std::string& json) override;

 private:
  KafkaSource() = default;
  Result<PartitionOffsets> Parse(const Offset& offset) const;
  /// What is there now, for the partitions that are subscribed to now.
  Result<PartitionOffsets> FetchLatest(const PartitionOffsets& start);
  /// What fetches have told already, if that makes a batch that isn't worth asking the broker before; else nothing.
  std::optional<PartitionOffsets> FetchedLatest(const PartitionOffsets& start);
  bool TooFew(const PartitionOffsets& start, const PartitionOffsets& latest);
  Status CheckAvailableNow(const PartitionOffsets& end);
  /// The ranges of a batch, after the checks for lost data.
  Result<std::vector<OffsetRange>> Ranges(const PartitionOffsets& start, const PartitionOffsets& end);

  std::shared_ptr<const SourceOptions> options_;
  std::string checkpoint_;
  std::unique_ptr<OffsetReader> offsets_;
  std::shared_ptr<ConsumerPool> pool_;
  int64_t last_trigger_ms_ = 0;
  int64_t asked_us_ = 0;   // when the broker last told what is there
  int busy_triggers_ = 0;  // in a row found something new
  bool available_now_ = false;
  bool too_few_ = false;  // minOffsetsPerTrigger holds back what there is

  std::mutex mutex_;  // progress is asked for from other threads
  std::optional<PartitionOffsets> latest_, fixed_end_;
};

/// Reads and writes the initial offsets as Spark's KafkaSourceInitialOffsetWriter does: a zero byte, "v1", the JSON.
Result<std::optional<PartitionOffsets>> ReadInitialOffsets(const std::string& checkpoint);
Status WriteInitialOffsets(const std::string& checkpoint, const PartitionOffsets& offsets);

}  // namespace sluice::connectors::kafka
