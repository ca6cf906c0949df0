#include "connectors/kafka/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

#include "base/log.h"
#include "connectors/kafka/errors.h"

namespace sluice::connectors::kafka {
namespace {

const ConfigEntry kNetworkTimeout("spark.network.timeout", "120s", "How long a task waits for a record of Kafka.");

std::string Trim(std::string_view text) {
  const char* spaces = " \t\r\n";
  const size_t from = text.find_first_not_of(spaces);
  if (from == text.npos) return "";
  return std::string(text.substr(from, text.find_last_not_of(spaces) - from + 1));
}

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::vector<std::string> SplitTopics(const std::string& text) {
  std::vector<std::string> topics;
  for (size_t at = 0; at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    if (std::string topic = Trim(std::string_view(text).substr(at, comma - at)); !topic.empty())
      topics.push_back(topic);
    at = comma + 1;
  }
  return topics;
}

Result<std::optional<int64_t>> Number(const OptionMap& options, const std::string& key) {
  auto text = GetOption(options, key);
  if (!text) return std::optional<int64_t>();
  int64_t value = 0;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size()) {
    return InvalidOption(fmt::format("The option '{}' takes a whole number, not '{}'.", key, *text));
  }
  return std::optional<int64_t>(value);
}

Result<std::optional<int64_t>> Positive(const OptionMap& options, const std::string& key) {
  ARROW_ASSIGN_OR_RAISE(auto value, Number(options, key));
  if (value && *value <= 0) return InvalidOption(key + " must be positive");
  return value;
}

Result<int64_t> NumberOr(const OptionMap& options, const std::string& key, int64_t otherwise) {
  ARROW_ASSIGN_OR_RAISE(auto value, Number(options, key));
  if (value && *value < 0) return InvalidOption(key + " must not be negative");
  return value.value_or(otherwise);
}

Result<Subscription> ParseSubscription(const OptionMap& options) {
  const auto topics = GetOption(options, "subscribe"), pattern = GetOption(options, "subscribePattern"),
             assign = GetOption(options, "assign");
  const int given = topics.has_value() + pattern.has_value() + assign.has_value();
  if (given != 1) {
    return InvalidOption(
        fmt::format("{} of the following options {} be specified for Kafka source: subscribe, subscribepattern, "
                    "assign. See the docs "
                    "for more details.",
                    given == 0 ? "One" : "Only one", given == 0 ? "must" : "can"));
  }
  Subscription result;
  if (topics) {
    result.topics = SplitTopics(*topics);
    if (result.topics.empty()) {
      return InvalidOption(
          fmt::format("No topics to subscribe to as specified value for option 'subscribe' is '{}'", *topics));
    }
  } else if (pattern) {
    result.kind = Subscription::kPattern;
    result.pattern = Trim(*pattern);
    if (result.pattern.empty()) {
      return InvalidOption(fmt::format(
          "Pattern to subscribe is empty as specified value for option 'subscribePattern' is '{}'", *pattern));
    }
  } else {
    result.kind = Subscription::kAssign;
    if (Trim(*assign).rfind('{', 0) != 0) {
      return InvalidOption(
          fmt::format("No topicpartitions to assign as specified value for option 'assign' is '{}'", *assign));
    }
    auto partitions = ParsePartitions(*assign);
    if (!partitions) return InvalidOption(R"(Expected e.g. {"topicA":[0,1],"topicB":[0,1]}, got )" + *assign);
    result.partitions = std::move(*partitions);
  }
  return result;
}

Status RefuseKafkaOptions(const OptionMap& options) {
  if (options.contains("kafka.auto.offset.reset")) {
    return InvalidOption(
        "Kafka option 'auto.offset.reset' is not supported. Instead set the source option 'startingoffsets' to "
        "'earliest' or 'latest' to specify where to start. Structured Streaming manages which offsets are consumed "
        "internally, rather than relying on the kafkaConsumer to do it. This will ensure that no data is missed when "
        "new "
        "topics/partitions are dynamically subscribed. Note that 'startingoffsets' only applies when a new Streaming "
        "query is started, and that resuming will always pick up from where the query left off. See the docs for more "
        "details.");
  }
  for (const auto& [key, what] : {std::pair("key", "keys"), std::pair("value", "values")}) {
    if (options.contains(fmt::format("kafka.{}.deserializer", key))) {
      return InvalidOption(
          fmt::format("Kafka option '{}.deserializer' is not supported as {} are deserialized as byte arrays with "
                      "ByteArrayDeserializer. Use DataFrame operations to explicitly deserialize the {}.",
                      key, what, what));
    }
  }
  for (const char* key : {"enable.auto.commit", "interceptor.classes"}) {
    if (options.contains(std::string("kafka.") + key)) {
      return InvalidOption(fmt::format("Kafka option '{}' is not supported", key));
    }
  }
  if (!options.contains("kafka.bootstrap.servers")) {
    return InvalidOption("Option 'kafka.bootstrap.servers' must be specified for configuring Kafka consumer");
  }
  return Status::OK();
}

/// `side` is "starting" or "ending".
Result<Position> ParsePosition(const OptionMap& options, const std::string& side, Position::Kind otherwise) {
  Position position;
  position.kind = otherwise;
  if (auto text = GetOption(options, side + "Timestamp")) {
    const std::string trimmed = Trim(*text);
    auto [end, error] = std::from_chars(trimmed.data(), trimmed.data() + trimmed.size(), position.timestamp_ms);
    if (error != std::errc() || end != trimmed.data() + trimmed.size()) {
      return InvalidOption("Expected a single long value, got " + trimmed);
    }
    position.kind = Position::kTimestamp;
  } else if (auto json = GetOption(options, side + "OffsetsByTimestamp")) {
    auto timestamps = ParseOffsets(Trim(*json));
    if (!timestamps) {
      return InvalidOption(R"(Expected e.g. {"topicA": {"0": 123456789, "1": 123456789},
"topicB": {"0": 123456789, "1": 123456789}}, got )" +
                           Trim(*json));
    }
    position.kind = Position::kTimestamps;
    position.per_partition = std::move(*timestamps);
  } else if (auto text = GetOption(options, side + "Offsets")) {
    const std::string trimmed = Trim(*text), lower = Lower(trimmed);
    if (lower == "latest") {
      position.kind = Position::kLatest;
    } else if (lower == "earliest") {
      position.kind = Position::kEarliest;
    } else {
      auto offsets = ParseOffsets(trimmed);
      if (!offsets) {
        return InvalidOption(R"(Expected e.g. {"topicA":{"0":23,"1":-1},"topicB":{"0":-2}}, got )" + trimmed);
      }
      for (const auto& [tp, offset] : *offsets) {
        if (offset < kEarliest) {
          return InvalidOption(
              fmt::format("{}Offsets for {} cannot be {}: use an offset, -1 for latest or -2 for earliest.", side,
                          tp.ToString(), offset));
        }
      }
      position.kind = Position::kOffsets;
      position.per_partition = std::move(*offsets);
    }
  }
  return position;
}

Status CheckBatchPositions(const Position& start, const Position& end) {
  if (start.kind == Position::kLatest)
    return InvalidOption("starting offset can't be latest for batch queries on Kafka");
  if (end.kind == Position::kEarliest)
    return InvalidOption("ending offset can't be earliest for batch queries on Kafka");
  if (start.kind == Position::kOffsets) {
    for (const auto& [tp, offset] : start.per_partition) {
      if (offset != kLatest) continue;
      return InvalidOption(
          fmt::format("startingOffsets for {} can't be latest for batch queries on Kafka", tp.ToString()));
    }
  }
  if (end.kind == Position::kOffsets) {
    for (const auto& [tp, offset] : end.per_partition) {
      if (offset != kEarliest) continue;
      return InvalidOption(
          fmt::format("ending offset for {} can't be earliest for batch queries on Kafka", tp.ToString()));
    }
  }
  const bool per_partition = start.kind == Position::kOffsets || start.kind == Position::kTimestamps;
  if (!per_partition || start.kind != end.kind) return Status::OK();
  if (KeysOf(start.per_partition) != KeysOf(end.per_partition)) {
    return MakeError("MISMATCHED_TOPIC_PARTITIONS_BETWEEN_START_OFFSET_AND_END_OFFSET",
                     {{"tpsForStartOffset", Join(KeysOf(start.per_partition))},
                      {"tpsForEndOffset", Join(KeysOf(end.per_partition))}});
  }
  for (const auto& [tp, from] : start.per_partition) {
    const int64_t until = end.per_partition.at(tp);
    if (from <= until || from < 0 || until < 0) continue;
    return MakeError("UNRESOLVED_START_OFFSET_GREATER_THAN_END_OFFSET",
                     {{"offsetType", start.kind == Position::kOffsets ? "offset" : "timestamp"},
                      {"startOffset", std::to_string(from)},
                      {"endOffset", std::to_string(until)},
                      {"topic", tp.topic},
                      {"partition", std::to_string(tp.partition)}});
  }
  return Status::OK();
}

Status ParseLimits(const OptionMap& options, bool streaming, SourceOptions* out) {
  ARROW_ASSIGN_OR_RAISE(out->max_offsets, Number(options, "maxOffsetsPerTrigger"));
  ARROW_ASSIGN_OR_RAISE(out->min_offsets, Number(options, "minOffsetsPerTrigger"));
  for (const auto& [name, value] :
       {std::pair("maxOffsetsPerTrigger", out->max_offsets), std::pair("minOffsetsPerTrigger", out->min_offsets)}) {
    if (value && *value <= 0) return InvalidOption(std::string(name) + " must be positive");
    if (value && !streaming) LogWarn(std::string(name) + " option ignored in batch queries");
  }
  if (out->min_offsets && out->max_offsets && *out->min_offsets > *out->max_offsets) {
    return InvalidOption(
        fmt::format("The value of minOffsetPerTrigger({}) is higher than the maxOffsetsPerTrigger({}).",
                    *out->min_offsets, *out->max_offsets));
  }
  if (auto delay = GetOption(options, "maxTriggerDelay")) {
    auto us = ParseDurationUs(*delay);
    if (!us.ok())
      return InvalidOption(
          fmt::format("The option 'maxTriggerDelay' takes a duration such as '15m', not '{}'.", *delay));
    out->max_trigger_delay_ms = *us / 1000;
  }
  ARROW_ASSIGN_OR_RAISE(out->min_partitions, Positive(options, "minPartitions"));
  ARROW_ASSIGN_OR_RAISE(out->max_records_per_partition, Positive(options, "maxRecordsPerPartition"));
  return Status::OK();
}

}  // namespace

std::string Subscription::ToString() const {
  switch (kind) {
    case kTopics: return fmt::format("Subscribe[{}]", fmt::join(topics, ", "));
    case kPattern: return fmt::format("SubscribePattern[{}]", pattern);
    default: return fmt::format("Assign[{}]", Join(partitions));
  }
}

Result<bool> IncludeHeaders(const OptionMap& options) {
  auto value = GetBoolOption(options, "includeHeaders", false);
  if (!value.ok())
    return InvalidOption(fmt::format("The option 'includeHeaders' takes true or false, not '{}'.",
                                     *GetOption(options, "includeHeaders")));
  return value;
}

Result<SourceOptions> ParseSourceOptions(const OptionMap& options, bool streaming, const Config* config) {
  SourceOptions out;
  if (streaming) {
    if (options.contains("endingOffsets")) return InvalidOption("ending offset not valid in streaming queries");
    if (options.contains("endingOffsetsByTimestamp") || options.contains("endingTimestamp")) {
      return InvalidOption("ending timestamp not valid in streaming queries");
    }
  }
  ARROW_ASSIGN_OR_RAISE(out.subscription, ParseSubscription(options));
  ARROW_RETURN_NOT_OK(ParseLimits(options, streaming, &out));
  ARROW_RETURN_NOT_OK(RefuseKafkaOptions(options));
  if (auto strategy = GetOption(options, "startingOffsetsByTimestampStrategy")) {
    const std::string lower = Lower(*strategy);
    if (lower != "error" && lower != "latest") {
      return InvalidOption(
          fmt::format("The option 'startingOffsetsByTimestampStrategy' takes error or latest, not '{}'.", *strategy));
    }
    out.latest_when_no_timestamp = lower == "latest";
  }
  ARROW_ASSIGN_OR_RAISE(out.starting,
                        ParsePosition(options, "starting", streaming ? Position::kLatest : Position::kEarliest));
  out.ending.kind = Position::kLatest;
  if (!streaming) {
    ARROW_ASSIGN_OR_RAISE(out.ending, ParsePosition(options, "ending", Position::kLatest));
    ARROW_RETURN_NOT_OK(CheckBatchPositions(out.starting, out.ending));
  }
  ARROW_ASSIGN_OR_RAISE(out.include_headers, IncludeHeaders(options));
  auto fail = GetBoolOption(options, "failOnDataLoss", true);
  if (!fail.ok())
    return InvalidOption("The option 'failOnDataLoss' takes true or false, not '" +
                         *GetOption(options, "failOnDataLoss") + "'.");
  out.fail_on_data_loss = *fail;
  ARROW_ASSIGN_OR_RAISE(out.fetch_retries, NumberOr(options, "fetchOffset.numRetries", 3));
  ARROW_ASSIGN_OR_RAISE(out.fetch_retry_interval_ms, NumberOr(options, "fetchOffset.retryIntervalMs", 10));
  if (config != nullptr) {
    const std::string timeout = config->Get(kNetworkTimeout);  // a bare number of this one is seconds
    const bool bare = timeout.find_first_not_of("0123456789") == timeout.npos;
    ARROW_ASSIGN_OR_RAISE(int64_t us, ParseDurationUs(bare ? timeout + "s" : timeout));
    out.poll_timeout_ms = us / 1000;
  }
  ARROW_ASSIGN_OR_RAISE(out.poll_timeout_ms, NumberOr(options, "kafkaConsumer.pollTimeoutMs", out.poll_timeout_ms));
  ARROW_ASSIGN_OR_RAISE(out.client, MakeClientConfig(options, Role::kConsumer));
  if (!out.client.group_id.empty()) {
    LogWarn("Kafka option 'kafka.group.id' is set; it is not recommended, as queries of one group disturb each other",
            {{"group", out.client.group_id}});
    if (options.contains("groupIdPrefix")) {
      LogWarn("Option groupIdPrefix will be ignored as option kafka.group.id has been set.");
    }
  }
  return out;
}

Result<SinkOptions> ParseSinkOptions(const OptionMap& options) {
  SinkOptions out;
  if (auto topic = GetOption(options, "topic")) out.topic = Trim(*topic);
  for (const auto& [key, what] : {std::pair("key", "keys"), std::pair("value", "value")}) {
    if (!options.contains(fmt::format("kafka.{}.serializer", key))) continue;
    return InvalidOption(fmt::format(
        "Kafka option '{}.serializer' is not supported as {} are serialized with ByteArraySerializer.", key, what));
  }
  if (!options.contains("kafka.bootstrap.servers")) {
    return InvalidOption("Option 'kafka.bootstrap.servers' must be specified for configuring Kafka producer");
  }
  ARROW_ASSIGN_OR_RAISE(out.client, MakeClientConfig(options, Role::kProducer));
  return out;
}

}  // namespace sluice::connectors::kafka
