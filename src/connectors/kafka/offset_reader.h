#pragma once
// Asks the brokers: which partitions there are, and their offsets.
#include <memory>
#include <mutex>
#include <optional>

#include "connectors/kafka/client.h"
#include "connectors/kafka/options.h"

namespace sluice::connectors::kafka {

/// Has a client of its own: a fetch that waits for data holds up whatever is asked on the same connection.
/// Thread-safe; calls are one at a time. Errors: KAFKA_BROKER_UNREACHABLE, KAFKA_UNKNOWN_TOPIC, KAFKA_CLIENT_ERROR.
class OffsetReader {
 public:
  static Result<std::unique_ptr<OffsetReader>> Make(std::shared_ptr<const SourceOptions> options);

  /// The partitions of the subscription. Topics that are gone are an error unless `missing` takes their names.
  Result<PartitionSet> Partitions(std::set<std::string>* missing = nullptr);
  Result<PartitionOffsets> Earliest(const PartitionSet& partitions);
  Result<PartitionOffsets> Latest(const PartitionSet& partitions);
  /// Latest offsets, asked again while one is below `known`: a broker that restarted may answer with an old one.
  Result<PartitionOffsets> LatestAtLeast(const PartitionSet& partitions, const PartitionOffsets& known);
  /// Offsets of a position for all partitions. `side`: "starting" or "ending".
  Result<PartitionOffsets> Resolve(const Position& position, const std::string& side);

 private:
  OffsetReader() = default;
  struct TopicInfo {
    rd_kafka_resp_err_t error;
    std::vector<int32_t> partitions;
  };
  Result<std::map<std::string, TopicInfo>> Topics();
  Result<std::map<std::string, TopicInfo>> Metadata(bool all, rd_kafka_topic_t* only, const std::string& doing);
  /// `times` holds a time, or kLatest/kEarliest; the answer kLatest where there is nothing after the time.
  Result<PartitionOffsets> OffsetsFor(const PartitionOffsets& times, const std::string& doing);
  Result<PartitionOffsets> OffsetsFor(const PartitionSet& partitions, int64_t time, const std::string& doing);
  Status GiveUp(rd_kafka_resp_err_t error, const std::string& doing) const;

  std::shared_ptr<const SourceOptions> options_;
  std::shared_ptr<Client> client_;
  std::map<std::string, TopicHandle> topics_;
  bool was_up_ = false;
  std::mutex mutex_;
};

/// Whether `name` as a whole matches a pattern of Java's dialect. KAFKA_INVALID_OPTION: bad pattern.
class TopicPattern {
 public:
  static Result<TopicPattern> Compile(const std::string& pattern);
  bool Matches(const std::string& name) const;

 private:
  std::shared_ptr<void> code_;
};

}  // namespace sluice::connectors::kafka
