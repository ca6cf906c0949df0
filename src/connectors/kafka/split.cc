#include <fmt/format.h>

#include <algorithm>

#include "connectors/kafka/reader.h"

namespace sluice::connectors::kafka {
namespace {

// Below it the rows of a batch keep the order of their partitions, as people expect of a console.
constexpr int64_t kGroupAboveRecords = 100'000;

/// Several ranges, whichever has most records waiting.
class TurnsReader final : public BatchReader {
 public:
  explicit TurnsReader(std::vector<std::unique_ptr<KafkaReader>> readers) : readers_(std::move(readers)) {}

  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    while (!readers_.empty()) {
      auto fullest = std::max_element(readers_.begin(), readers_.end(),
                                      [](const auto& a, const auto& b) { return a->waiting() < b->waiting(); });
      ARROW_ASSIGN_OR_RAISE(auto batch, (*fullest)->Next());
      if (batch != nullptr) return batch;
      readers_.erase(fullest);
    }
    return nullptr;
  }

 private:
  std::vector<std::unique_ptr<KafkaReader>> readers_;
};

}  // namespace

std::string KafkaSplit::ToString() const {
  std::string text;
  for (const OffsetRange& range : ranges) {
    text += fmt::format("{}{} [{}, {})", text.empty() ? "" : ", ", range.partition.ToString(), range.start, range.end);
  }
  return text;
}

std::vector<SplitPtr> MakeSplits(std::vector<OffsetRange> ranges, int parallelism) {
  int64_t records = 0;
  PartitionSet partitions;
  for (const OffsetRange& range : ranges) {
    records += range.size();
    partitions.insert(range.partition);
  }
  const auto tasks = static_cast<size_t>(std::max(parallelism, 1));
  std::vector<SplitPtr> splits;
  // A partition cut into several ranges (minPartitions) takes a client for each that is read at once.
  if (records <= kGroupAboveRecords || ranges.size() <= tasks || partitions.size() < ranges.size()) {
    for (OffsetRange& range : ranges) splits.push_back(std::make_shared<KafkaSplit>(std::vector{std::move(range)}));
    return splits;
  }
  // The largest first, each to the task that has least so far.
  std::stable_sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  std::vector<std::vector<OffsetRange>> groups(tasks);
  std::vector<int64_t> sizes(tasks);
  for (OffsetRange& range : ranges) {
    const auto least = static_cast<size_t>(std::min_element(sizes.begin(), sizes.end()) - sizes.begin());
    sizes[least] += range.size();
    groups[least].push_back(std::move(range));
  }
  for (auto& group : groups) splits.push_back(std::make_shared<KafkaSplit>(std::move(group)));
  return splits;
}

Result<std::unique_ptr<BatchReader>> OpenSplit(const std::shared_ptr<const SourceOptions>& options,
                                               const std::shared_ptr<ConsumerPool>& pool, const KafkaSplit& split,
                                               const ScanRequest& request) {
  if (split.ranges.size() == 1) return KafkaReader::Make(options, pool, split.ranges[0], request);
  std::vector<std::unique_ptr<KafkaReader>> readers;
  for (const OffsetRange& range : split.ranges) {
    ARROW_ASSIGN_OR_RAISE(auto reader, KafkaReader::Make(options, pool, range, request));
    readers.push_back(std::move(reader));
  }
  return std::make_unique<TurnsReader>(std::move(readers));
}

}  // namespace sluice::connectors::kafka
