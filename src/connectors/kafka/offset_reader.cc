#include "connectors/kafka/offset_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#define PCRE2_STATIC
#include <pcre2.h>

#include <thread>

#include "base/cancel_scope.h"
#include "base/clock.h"
#include "base/log.h"
#include "connectors/kafka/errors.h"

namespace sluice::connectors::kafka {
namespace {

/// While nothing ever answered: a wrong address should be told soon. Later a broker may well restart.
constexpr int64_t kFirstContactMs = 10'000;
/// Between two looks at whether the query was stopped: longer each time, for brokers that take long to answer.
constexpr int kFirstStepMs = 500, kLongestStepMs = 3000;

int64_t SteadyMs() { return SteadyUs() / 1000; }

}  // namespace

Result<std::unique_ptr<OffsetReader>> OffsetReader::Make(std::shared_ptr<const SourceOptions> options) {
  std::unique_ptr<OffsetReader> reader(new OffsetReader);
  ARROW_ASSIGN_OR_RAISE(reader->client_, Client::Make(Role::kConsumer, options->client,
                                                      {{"reconnect.backoff.ms", "20"},
                                                       {"reconnect.backoff.max.ms", "1000"},
                                                       {"socket.nagle.disable", "true"},
                                                       {"log.connection.close", "false"},
                                                       {"topic.metadata.refresh.fast.interval.ms", "50"}},
                                                      {{"enable.auto.commit", "false"}}));
  reader->options_ = std::move(options);
  return reader;
}

Status OffsetReader::GiveUp(rd_kafka_resp_err_t error, const std::string& doing) const {
  return ClientError(error, doing, client_->servers(), client_->last_problem());
}

Result<std::map<std::string, OffsetReader::TopicInfo>> OffsetReader::Metadata(bool all, rd_kafka_topic_t* only,
                                                                              const std::string& doing) {
  const int64_t begin = SteadyMs(), limit = options_->client.api_timeout_ms;
  for (int longest = kFirstStepMs;; longest = std::min(2 * longest, kLongestStepMs)) {
    ARROW_RETURN_NOT_OK(CancelScope::Current().Check());
    const rd_kafka_metadata_t* metadata = nullptr;
    const int64_t left = begin + limit - SteadyMs();
    const int step = static_cast<int>(std::clamp<int64_t>(left, 1, longest));
    const rd_kafka_resp_err_t error = rd_kafka_metadata(client_->get(), all, only, &metadata, step);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
      std::map<std::string, TopicInfo> topics;
      bool unsettled = false;  // a topic in the making: its leaders aren't known yet
      for (int t = 0; t < metadata->topic_cnt; ++t) {
        const rd_kafka_metadata_topic& topic = metadata->topics[t];
        TopicInfo info{topic.err, {}};
        unsettled |= topic.err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
        for (int p = 0; p < topic.partition_cnt; ++p) info.partitions.push_back(topic.partitions[p].id);
        topics[topic.topic] = std::move(info);
      }
      rd_kafka_metadata_destroy(metadata);
      client_->MarkUp();
      was_up_ = true;
      if (!unsettled || left <= 0) return topics;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      continue;
    }
    client_->Poll();
    const bool too_long = SteadyMs() - begin >= limit;
    const bool never_there =
        !was_up_ && client_->DownForMs() > 0 && SteadyMs() - begin >= std::min(kFirstContactMs, limit);
    if (!IsTransient(error) || too_long || never_there) return GiveUp(error, doing);
    if (error != RD_KAFKA_RESP_ERR__TIMED_OUT) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

Result<std::map<std::string, OffsetReader::TopicInfo>> OffsetReader::Topics() {
  const Subscription& subscription = options_->subscription;
  if (subscription.kind == Subscription::kPattern) {
    ARROW_ASSIGN_OR_RAISE(TopicPattern pattern, TopicPattern::Compile(subscription.pattern));
    ARROW_ASSIGN_OR_RAISE(auto topics, Metadata(true, nullptr, "list the topics"));
    std::erase_if(topics, [&](const auto& topic) {
      return topic.first == "__consumer_offsets" || topic.first == "__transaction_state" ||
             !pattern.Matches(topic.first);
    });
    return topics;
  }
  std::set<std::string> names(subscription.topics.begin(), subscription.topics.end());
  for (const TopicPartition& tp : subscription.partitions) names.insert(tp.topic);
  for (const std::string& name : names) {
    if (topics_.contains(name)) continue;
    rd_kafka_topic_t* topic = rd_kafka_topic_new(client_->get(), name.c_str(), nullptr);
    if (topic == nullptr) return InvalidOption(fmt::format("'{}' cannot be the name of a Kafka topic.", name));
    topics_.emplace(name, TopicHandle(topic));
  }
  const std::string doing = fmt::format("find the partitions of {}", fmt::join(names, ", "));
  ARROW_ASSIGN_OR_RAISE(auto topics,
                        Metadata(false, names.size() == 1 ? topics_.begin()->second.get() : nullptr, doing));
  std::erase_if(topics, [&](const auto& topic) { return !names.contains(topic.first); });
  for (const std::string& name : names) topics.emplace(name, TopicInfo{RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, {}});
  return topics;
}

Result<PartitionSet> OffsetReader::Partitions(std::set<std::string>* missing) {
  std::lock_guard lock(mutex_);
  ARROW_ASSIGN_OR_RAISE(auto topics, Topics());
  PartitionSet partitions;
  std::set<std::string> gone;
  for (const auto& [name, info] : topics) {
    if (info.error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || info.error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC) {
      if (options_->subscription.kind != Subscription::kPattern) gone.insert(name);
      continue;
    }
    if (info.error != RD_KAFKA_RESP_ERR_NO_ERROR) return GiveUp(info.error, "read the topic " + name);
    for (int32_t partition : info.partitions) partitions.insert({name, partition});
  }
  if (options_->subscription.kind == Subscription::kAssign) {
    PartitionSet assigned;
    for (const TopicPartition& tp : options_->subscription.partitions) {
      if (partitions.contains(tp)) {
        assigned.insert(tp);
      } else {
        gone.insert(gone.contains(tp.topic) ? tp.topic : tp.ToString());
      }
    }
    partitions = std::move(assigned);
  }
  if (missing != nullptr) {
    *missing = std::move(gone);
  } else if (!gone.empty()) {
    return UnknownTopic(fmt::format("{}", fmt::join(gone, ", ")), client_->servers());
  }
  return partitions;
}

Result<PartitionOffsets> OffsetReader::OffsetsFor(const PartitionOffsets& times, const std::string& doing) {
  PartitionOffsets offsets;
  if (times.empty()) return offsets;
  std::lock_guard lock(mutex_);
  PartitionOffsets todo = times;
  const int64_t begin = SteadyMs(), limit = options_->client.api_timeout_ms;
  for (int longest = kFirstStepMs;; longest = std::min(2 * longest, kLongestStepMs)) {
    ARROW_RETURN_NOT_OK(CancelScope::Current().Check());
    PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(todo.size())));
    for (const auto& [tp, time] : todo) {
      rd_kafka_topic_partition_list_add(list.get(), tp.topic.c_str(), tp.partition)->offset = time;
    }
    const int64_t left = std::max<int64_t>(begin + limit - SteadyMs(), 1);
    rd_kafka_resp_err_t error =
        rd_kafka_offsets_for_times(client_->get(), list.get(), static_cast<int>(std::min<int64_t>(left, longest)));
    std::string which;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
      for (int i = 0; i < list->cnt; ++i) {
        const rd_kafka_topic_partition_t& item = list->elems[i];
        const TopicPartition tp{item.topic, item.partition};
        if (item.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
          offsets[tp] = item.offset < 0 ? kLatest : item.offset;
          todo.erase(tp);
        } else if (error == RD_KAFKA_RESP_ERR_NO_ERROR || !IsTransient(item.err)) {
          error = item.err;
          which = " (" + tp.ToString() + ")";
        }
      }
      if (todo.empty()) return offsets;
    }
    client_->Poll();
    const bool unknown = error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
                         error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
    const int64_t patience = unknown ? std::min<int64_t>(limit, 5000) : limit;  // metadata of a fresh topic travels
    if ((!IsTransient(error) && !unknown) || SteadyMs() - begin >= patience) return GiveUp(error, doing + which);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

Result<PartitionOffsets> OffsetReader::OffsetsFor(const PartitionSet& partitions, int64_t time,
                                                  const std::string& doing) {
  PartitionOffsets times;
  for (const TopicPartition& tp : partitions) times[tp] = time;
  return OffsetsFor(times, doing);
}

Result<PartitionOffsets> OffsetReader::Earliest(const PartitionSet& partitions) {
  return OffsetsFor(partitions, kEarliest, "find the first offsets");
}

Result<PartitionOffsets> OffsetReader::Latest(const PartitionSet& partitions) {
  return OffsetsFor(partitions, kLatest, "find the last offsets");
}

Result<PartitionOffsets> OffsetReader::LatestAtLeast(const PartitionSet& partitions, const PartitionOffsets& known) {
  for (int64_t attempt = 1;; ++attempt) {
    ARROW_ASSIGN_OR_RAISE(PartitionOffsets latest, Latest(partitions));
    bool behind = false;
    for (const auto& [tp, offset] : latest) {
      auto it = known.find(tp);
      if (it == known.end() || it->second <= offset) continue;
      behind = true;
      LogWarn("The latest offset is below one that was read before",
              {{"partition", tp.ToString()}, {"before", it->second}, {"latest", offset}});
    }
    if (!behind || attempt >= options_->fetch_retries) return latest;
    std::this_thread::sleep_for(std::chrono::milliseconds(options_->fetch_retry_interval_ms));
  }
}

Result<PartitionOffsets> OffsetReader::Resolve(const Position& position, const std::string& side) {
  ARROW_ASSIGN_OR_RAISE(PartitionSet partitions, Partitions());
  switch (position.kind) {
    case Position::kEarliest: return Earliest(partitions);
    case Position::kLatest: return Latest(partitions);
    default: break;
  }
  const bool by_time = position.kind != Position::kOffsets;
  PartitionOffsets wanted = position.per_partition;
  if (position.kind == Position::kTimestamp) {
    for (const TopicPartition& tp : partitions) wanted[tp] = position.timestamp_ms;
  } else if (const PartitionSet specified = KeysOf(wanted); specified != partitions) {
    ErrorParameters parameters{{"specifiedPartitions", Join(specified)}, {"assignedPartitions", Join(partitions)}};
    if (by_time) parameters["position"] = side == "starting" ? "start" : "end";
    return MakeError(
        by_time ? "KAFKA_TIMESTAMP_OFFSET_DOES_NOT_MATCH_ASSIGNED" : "KAFKA_START_OFFSET_DOES_NOT_MATCH_ASSIGNED",
        std::move(parameters));
  }
  if (by_time) {
    PartitionOffsets times;
    for (const auto& [tp, ms] : wanted) times[tp] = std::max<int64_t>(ms, 0);
    ARROW_ASSIGN_OR_RAISE(PartitionOffsets found, OffsetsFor(times, "find the offsets of a time"));
    for (const auto& [tp, offset] : found) {
      if (offset == kLatest && side == "starting" && !options_->latest_when_no_timestamp) {
        return InvalidOption(fmt::format(
            "No offset matched from request of topic-partition {} and timestamp {}. Take an earlier one, or set "
            "startingOffsetsByTimestampStrategy to latest.",
            tp.ToString(), wanted[tp]));
      }
    }
    wanted = std::move(found);
  }
  for (int64_t marker : {kLatest, kEarliest}) {
    PartitionSet open;
    for (const auto& [tp, offset] : wanted) {
      if (offset == marker) open.insert(tp);
    }
    ARROW_ASSIGN_OR_RAISE(PartitionOffsets found, marker == kLatest ? Latest(open) : Earliest(open));
    for (const auto& [tp, offset] : found) wanted[tp] = offset;
  }
  return wanted;
}

Result<TopicPattern> TopicPattern::Compile(const std::string& pattern) {
  int error = 0;
  PCRE2_SIZE at = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                   PCRE2_ANCHORED | PCRE2_ENDANCHORED, &error, &at, nullptr);
  if (code == nullptr) {
    char text[256];
    pcre2_get_error_message(error, reinterpret_cast<PCRE2_UCHAR*>(text), sizeof(text));
    return InvalidOption(fmt::format(
        "The option 'subscribePattern' is no regular expression: {} at character {} of '{}'.", text, at, pattern));
  }
  TopicPattern result;
  result.code_ = std::shared_ptr<void>(code, [](void* c) { pcre2_code_free(static_cast<pcre2_code*>(c)); });
  return result;
}

bool TopicPattern::Matches(const std::string& name) const {
  auto* code = static_cast<pcre2_code*>(code_.get());
  pcre2_match_data* data = pcre2_match_data_create_from_pattern(code, nullptr);
  const int matched = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(name.data()), name.size(), 0, 0, data, nullptr);
  pcre2_match_data_free(data);
  return matched >= 0;
}

}  // namespace sluice::connectors::kafka
