#include "connectors/kafka/source.h"

#include <algorithm>
#include <limits>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "connectors/kafka/errors.h"
#include "connectors/kafka/reader.h"
#include "types/format.h"

namespace sluice::connectors::kafka {
namespace {

// In a steady trickle a batch goes without asking the broker what is there: its two answers take longer than the batch.
constexpr int kSteadyTriggers = 8;          // so that data which comes at once after a silence is one batch
constexpr int64_t kTrickleRows = 10'000;    // a larger batch may as well be as large as it can
constexpr int64_t kAskEveryUs = 1'000'000;  // for partitions that are new or gone

PartitionSet Minus(const PartitionSet& a, const PartitionSet& b) {
  PartitionSet result;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::inserter(result, result.end()));
  return result;
}

}  // namespace

Result<std::unique_ptr<KafkaSource>> KafkaSource::Make(SourceOptions options, std::string checkpoint) {
  std::unique_ptr<KafkaSource> source(new KafkaSource);
  if (options.subscription.kind == Subscription::kPattern) {
    ARROW_RETURN_NOT_OK(TopicPattern::Compile(options.subscription.pattern).status());
  }
  source->options_ = std::make_shared<const SourceOptions>(std::move(options));
  source->checkpoint_ = std::move(checkpoint);
  ARROW_ASSIGN_OR_RAISE(source->offsets_, OffsetReader::Make(source->options_));
  source->pool_ = std::make_shared<ConsumerPool>(source->options_);
  return source;
}

std::string KafkaSource::description() const { return "KafkaV2[" + options_->subscription.ToString() + "]"; }

Result<PartitionOffsets> KafkaSource::Parse(const Offset& offset) const {
  if (auto offsets = ParseOffsets(offset.json)) return *offsets;
  return MakeError("KAFKA_INVALID_CHECKPOINT",
                   {{"path", "The offset log's entry for " + description()}, {"content", offset.json.substr(0, 100)}});
}

Result<Offset> KafkaSource::Deserialize(const std::string& json) {
  ARROW_RETURN_NOT_OK(Parse({json}).status());
  return Offset{json};
}

Result<Offset> KafkaSource::InitialOffset() {
  if (!checkpoint_.empty()) {
    ARROW_ASSIGN_OR_RAISE(auto stored, ReadInitialOffsets(checkpoint_));
    if (stored) return Offset{OffsetsToJson(*stored)};
  }
  ARROW_ASSIGN_OR_RAISE(PartitionOffsets offsets, offsets_->Resolve(options_->starting, "starting"));
  if (!checkpoint_.empty()) ARROW_RETURN_NOT_OK(WriteInitialOffsets(checkpoint_, offsets));
  LogInfo("Kafka: initial offsets", {{"source", description()}, {"offsets", OffsetsToJson(offsets)}});
  return Offset{OffsetsToJson(offsets)};
}

Result<PartitionOffsets> KafkaSource::FetchLatest(const PartitionOffsets& start) {
  std::set<std::string> missing;
  PartitionOffsets kept;
  ARROW_ASSIGN_OR_RAISE(PartitionSet partitions, offsets_->Partitions(&missing));
  // A broker that has just started may not know all topics yet: partitions that were read before are gone only when
  // several answers say so.
  for (int64_t attempt = 1; attempt < options_->fetch_retries && !Minus(KeysOf(start), partitions).empty(); ++attempt) {
    std::this_thread::sleep_for(std::chrono::milliseconds(options_->fetch_retry_interval_ms));
    ARROW_ASSIGN_OR_RAISE(partitions, offsets_->Partitions(&missing));
  }
  if (!missing.empty()) {
    // Topics that were read before are lost data; others were never there.
    PartitionSet lost;
    for (const auto& [tp, offset] : start) {
      if (missing.contains(tp.topic) || missing.contains(tp.ToString())) lost.insert(tp);
    }
    std::string names;
    for (const std::string& name : missing) names += (names.empty() ? "" : ", ") + name;
    if (lost.empty() && options_->fail_on_data_loss) return UnknownTopic(names, options_->client.servers);
    if (!lost.empty()) {
      ARROW_RETURN_NOT_OK(
          ReportDataLoss(options_->fail_on_data_loss, "PARTITIONS_DELETED", {{"partitions", Join(lost)}}));
    }
    // Should they come back, they go on where they stood: what is forgotten would be read again from its start.
    for (const TopicPartition& tp : lost) kept[tp] = start.at(tp);
  }
  ARROW_ASSIGN_OR_RAISE(PartitionOffsets latest, offsets_->LatestAtLeast(partitions, start));
  latest.merge(kept);
  return latest;
}

std::optional<PartitionOffsets> KafkaSource::FetchedLatest(const PartitionOffsets& start) {
  if (busy_triggers_ < kSteadyTriggers || SteadyUs() - asked_us_ > kAskEveryUs) return std::nullopt;
  if (available_now_ || options_->min_offsets || options_->client.read_committed) return std::nullopt;
  auto ends = pool_->FetchedEnds(start);
  if (!ends) return std::nullopt;
  int64_t rows = 0;
  for (const auto& [tp, end] : *ends) rows += end - start.at(tp);
  if (rows == 0 || rows > kTrickleRows) return std::nullopt;
  return ends;
}

Status KafkaSource::PrepareForAvailableNow() {
  available_now_ = true;
  return Status::OK();
}

/// minOffsetsPerTrigger: wait for more, but no longer than maxTriggerDelay.
bool KafkaSource::TooFew(const PartitionOffsets& start, const PartitionOffsets& latest) {
  const int64_t now = NowMs();
  if (now - last_trigger_ms_ < options_->max_trigger_delay_ms) {
    int64_t fresh = 0;
    for (const auto& [tp, offset] : latest) {
      auto it = start.find(tp);
      fresh += offset - (it == start.end() ? 0 : it->second);
    }
    if (fresh < *options_->min_offsets) return true;
  }
  last_trigger_ms_ = now;
  return false;
}

Result<Offset> KafkaSource::LatestOffset(const Offset& start_offset, ReadLimit limit) {
  ARROW_ASSIGN_OR_RAISE(PartitionOffsets start, Parse(start_offset));
  PartitionOffsets latest;
  if (available_now_ && fixed_end_) {
    latest = *fixed_end_;
  } else if (auto fetched = FetchedLatest(start)) {
    latest = std::move(*fetched);
  } else {
    ARROW_ASSIGN_OR_RAISE(latest, FetchLatest(start));
    asked_us_ = SteadyUs();
  }
  // A log that is shorter than before is another one, of which the fetches may not know yet.
  const bool shorter = std::any_of(start.begin(), start.end(), [&](const auto& before) {
    auto it = latest.find(before.first);
    return it == latest.end() || it->second < before.second;
  });
  busy_triggers_ = shorter || latest == start ? 0 : std::min(busy_triggers_ + 1, kSteadyTriggers);
  {
    std::lock_guard lock(mutex_);
    latest_ = latest;
    if (available_now_ && !fixed_end_) fixed_end_ = latest;
  }
  PartitionOffsets end = latest;
  if (limit == ReadLimit::kDefault) {
    too_few_ = options_->min_offsets && TooFew(start, latest);
    if (too_few_) return start_offset;
    if (options_->max_offsets) {
      PartitionOffsets from = start;
      if (PartitionSet fresh = Minus(KeysOf(latest), KeysOf(start)); !fresh.empty()) {
        ARROW_ASSIGN_OR_RAISE(PartitionOffsets earliest, offsets_->Earliest(fresh));
        from.insert(earliest.begin(), earliest.end());
      }
      end = RateLimit(*options_->max_offsets, from, latest);
    }
  }
  if (end == start) return start_offset;  // in the spelling it came in
  return Offset{OffsetsToJson(end)};
}

Status KafkaSource::CheckAvailableNow(const PartitionOffsets& end) {
  const PartitionSet planned = KeysOf(end), fixed = KeysOf(*fixed_end_);
  if (planned != fixed) {
    return MakeError("MISMATCHED_TOPIC_PARTITIONS_BETWEEN_END_OFFSET_AND_PREFETCHED",
                     {{"tpsForPrefetched", Join(fixed)}, {"tpsForEndOffset", Join(planned)}});
  }
  for (const auto& [tp, offset] : end) {
    if (offset <= fixed_end_->at(tp)) continue;
    return MakeError("END_OFFSET_HAS_GREATER_OFFSET_FOR_TOPIC_PARTITION_THAN_PREFETCHED",
                     {{"prefetchedOffset", OffsetsToJson(*fixed_end_)}, {"endOffset", OffsetsToJson(end)}});
  }
  std::set<std::string> missing;
  ARROW_ASSIGN_OR_RAISE(PartitionSet now, offsets_->Partitions(&missing));
  if (!Minus(planned, now).empty()) {
    return MakeError("LOST_TOPIC_PARTITIONS_IN_END_OFFSET_WITH_TRIGGER_AVAILABLENOW",
                     {{"tpsForLatestOffset", Join(now)}, {"tpsForEndOffset", Join(planned)}});
  }
  ARROW_ASSIGN_OR_RAISE(PartitionOffsets latest, offsets_->LatestAtLeast(planned, end));
  for (const auto& [tp, offset] : end) {
    if (offset <= latest.at(tp)) continue;
    return MakeError("END_OFFSET_HAS_GREATER_OFFSET_FOR_TOPIC_PARTITION_THAN_LATEST_WITH_TRIGGER_AVAILABLENOW",
                     {{"latestOffset", OffsetsToJson(latest)}, {"endOffset", OffsetsToJson(end)}});
  }
  return Status::OK();
}

Result<std::vector<OffsetRange>> KafkaSource::Ranges(const PartitionOffsets& start, const PartitionOffsets& end) {
  const bool fail = options_->fail_on_data_loss;
  const PartitionSet before = KeysOf(start), after = KeysOf(end), fresh = Minus(after, before);
  PartitionOffsets from = start;
  if (!fresh.empty()) {
    std::set<std::string> missing;
    ARROW_ASSIGN_OR_RAISE(PartitionSet now, offsets_->Partitions(&missing));
    const PartitionSet gone = Minus(fresh, now);
    if (!gone.empty()) {
      ARROW_RETURN_NOT_OK(
          ReportDataLoss(fail, "INITIAL_OFFSET_NOT_FOUND_FOR_PARTITIONS", {{"partitions", Join(gone)}}));
    }
    ARROW_ASSIGN_OR_RAISE(PartitionOffsets earliest, offsets_->Earliest(Minus(fresh, gone)));
    LogInfo("Kafka: partitions added", {{"source", description()}, {"offsets", OffsetsToJson(earliest)}});
    for (const auto& [tp, offset] : earliest) {
      if (offset == 0) continue;
      ARROW_RETURN_NOT_OK(ReportDataLoss(fail, "ADDED_PARTITION_DOES_NOT_START_FROM_OFFSET_ZERO",
                                         {{"topicPartition", tp.ToString()}, {"startOffset", std::to_string(offset)}}));
    }
    from.insert(earliest.begin(), earliest.end());
  }
  if (const PartitionSet deleted = Minus(before, after); !deleted.empty()) {
    const bool group = !options_->client.group_id.empty();
    ARROW_RETURN_NOT_OK(ReportDataLoss(fail,
                                       group ? "PARTITIONS_DELETED_AND_GROUP_ID_CONFIG_PRESENT" : "PARTITIONS_DELETED",
                                       {{"partitions", Join(deleted)}, {"groupIdConfig", "group.id"}}));
  }
  std::vector<OffsetRange> ranges;
  for (const auto& [tp, until] : end) {
    auto begin = from.find(tp);
    if (begin == from.end()) continue;
    if (until < begin->second) {
      ARROW_RETURN_NOT_OK(ReportDataLoss(fail, "PARTITION_OFFSET_CHANGED",
                                         {{"topicPartition", tp.ToString()},
                                          {"prevOffset", std::to_string(begin->second)},
                                          {"newOffset", std::to_string(until)}}));
    }
    ranges.push_back({tp, begin->second, until});
  }
  return ranges;
}

Result<std::vector<SplitPtr>> KafkaSource::Plan(const Offset& start_offset, const Offset& end_offset,
                                                const ScanRequest& request) {
  ARROW_ASSIGN_OR_RAISE(PartitionOffsets end, Parse(end_offset));
  PartitionOffsets start;
  if (!start_offset.json.empty()) {
    ARROW_ASSIGN_OR_RAISE(start, Parse(start_offset));
  }
  if (available_now_ && fixed_end_) ARROW_RETURN_NOT_OK(CheckAvailableNow(end));
  ARROW_ASSIGN_OR_RAISE(auto ranges, Ranges(start, end));
  ranges = SplitRanges(std::move(ranges), options_->min_partitions, options_->max_records_per_partition);
  PartitionOffsets first;
  for (const OffsetRange& range : ranges) first.emplace(range.partition, range.start);
  pool_->KeepOnly(KeysOf(end));
  ARROW_RETURN_NOT_OK(pool_->Prepare(first, request.parallelism));
  return MakeSplits(std::move(ranges), request.parallelism);
}

Result<std::unique_ptr<BatchReader>> KafkaSource::Open(const SplitPtr& split, const ScanRequest& request) {
  const auto* kafka = dynamic_cast<const KafkaSplit*>(split.get());
  if (kafka == nullptr) return MakeError("INTERNAL_ERROR", {{"message", "Not a split of Kafka: " + split->ToString()}});
  return OpenSplit(options_, pool_, *kafka, request);
}

void KafkaSource::WaitForData(const Offset& start, std::chrono::milliseconds timeout) {
  if (too_few_) return pool_->Pause(std::min(timeout, std::chrono::milliseconds(100)));
  auto offsets = ParseOffsets(start.json);
  pool_->Wait(offsets.value_or(PartitionOffsets()), timeout);
}

void KafkaSource::Wake() { pool_->Wake(); }

std::map<std::string, std::string> KafkaSource::Metrics(const Offset& end_offset) {
  auto end = ParseOffsets(end_offset.json);
  std::lock_guard lock(mutex_);
  if (!end || !latest_ || latest_->empty()) return {};
  int64_t low = std::numeric_limits<int64_t>::max(), high = std::numeric_limits<int64_t>::min(), sum = 0;
  for (const auto& [tp, latest] : *latest_) {
    auto it = end->find(tp);
    const int64_t behind = latest - (it == end->end() ? 0 : it->second);
    low = std::min(low, behind);
    high = std::max(high, behind);
    sum += behind;
  }
  std::string average;
  AppendDouble(static_cast<double>(sum) / static_cast<double>(latest_->size()), &average);
  return {{"minOffsetsBehindLatest", std::to_string(low)},
          {"maxOffsetsBehindLatest", std::to_string(high)},
          {"avgOffsetsBehindLatest", average}};
}

Offset KafkaSource::ReportLatestOffset() {
  std::lock_guard lock(mutex_);
  if (!latest_ || latest_->empty()) return {};
  return {OffsetsToJson(*latest_)};
}

}  // namespace sluice::connectors::kafka
