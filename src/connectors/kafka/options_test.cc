#include "connectors/kafka/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/kafka/errors.h"

namespace sluice::connectors::kafka {
namespace {

using testing::HasSubstr;

OptionMap Basic(OptionMap more = {}) {
  more.emplace("kafka.bootstrap.servers", "localhost:9092");
  more.emplace("subscribe", "events");
  return more;
}

std::string SourceError(const OptionMap& options, bool streaming = true) {
  auto result = ParseSourceOptions(options, streaming, nullptr);
  if (result.ok()) return "";
  EXPECT_EQ(ConditionOf(result.status()).rfind("INTERNAL", 0), std::string::npos) << result.status().message();
  return result.status().message();
}

TEST(KafkaOptions, Defaults) {
  auto options = ParseSourceOptions(Basic(), true, nullptr);
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->subscription.ToString(), "Subscribe[events]");
  EXPECT_EQ(options->starting.kind, Position::kLatest);
  EXPECT_TRUE(options->fail_on_data_loss);
  EXPECT_EQ(options->client.settings.at("isolation.level"), "read_uncommitted");
  EXPECT_EQ(options->client.servers, "localhost:9092");
  EXPECT_EQ(ParseSourceOptions(Basic(), false, nullptr)->starting.kind, Position::kEarliest);
}

TEST(KafkaOptions, ExactlyOneSubscription) {
  EXPECT_THAT(SourceError({{"kafka.bootstrap.servers", "x"}}),
              HasSubstr("One of the following options must be specified"));
  EXPECT_THAT(SourceError(Basic({{"assign", "{}"}})), HasSubstr("Only one of the following options can be specified"));
  EXPECT_THAT(SourceError(Basic({{"subscribe", " , "}})), HasSubstr("No topics to subscribe to"));
  EXPECT_THAT(SourceError({{"subscribePattern", " "}}), HasSubstr("Pattern to subscribe is empty"));
  EXPECT_THAT(SourceError({{"assign", "a"}}), HasSubstr("No topicpartitions to assign"));
  EXPECT_THAT(SourceError({{"assign", "{\"a\":3}"}}),
              HasSubstr(R"(Expected e.g. {"topicA":[0,1],"topicB":[0,1]}, got {"a":3})"));
  auto assign =
      ParseSourceOptions({{"assign", R"({"b":[1,0],"a":[2]})"}, {"kafka.bootstrap.servers", "x"}}, true, nullptr);
  EXPECT_EQ(assign->subscription.ToString(), "Assign[a-2, b-0, b-1]");
}

TEST(KafkaOptions, Positions) {
  auto of = [](OptionMap options, bool streaming = false) {
    return ParseSourceOptions(Basic(std::move(options)), streaming, nullptr);
  };
  EXPECT_EQ(of({{"startingOffsets", " Earliest "}}, true)->starting.kind, Position::kEarliest);
  auto json =
      of({{"startingOffsets", R"({"events":{"0":23,"1":-2}})"}, {"endingOffsets", R"({"events":{"0":50,"1":-1}})"}});
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_EQ(json->starting.per_partition.at({"events", 1}), kEarliest);
  // A timestamp wins over timestamps per partition, which win over offsets.
  auto time = of({{"startingOffsets", "earliest"}, {"startingOffsetsByTimestamp", R"({"events":{"0":5}})"}});
  EXPECT_EQ(time->starting.kind, Position::kTimestamps);
  auto global = of({{"startingTimestamp", "1000"}, {"startingOffsetsByTimestamp", R"({"events":{"0":5}})"}});
  EXPECT_EQ(global->starting.timestamp_ms, 1000);

  EXPECT_THAT(SourceError(Basic({{"startingOffsets", "soon"}})),
              HasSubstr(R"(Expected e.g. {"topicA":{"0":23,"1":-1},"topicB":{"0":-2}}, got soon)"));
  EXPECT_THAT(SourceError(Basic({{"startingTimestamp", "x"}})), HasSubstr("Expected a single long value, got x"));
  EXPECT_THAT(SourceError(Basic({{"endingOffsets", "latest"}})),
              HasSubstr("ending offset not valid in streaming queries"));
  EXPECT_THAT(SourceError(Basic({{"startingOffsets", "latest"}}), false),
              HasSubstr("starting offset can't be latest for batch queries on Kafka"));
  EXPECT_THAT(SourceError(Basic({{"endingOffsets", "earliest"}}), false), HasSubstr("ending offset can't be earliest"));
  EXPECT_THAT(SourceError(Basic({{"startingOffsets", R"({"events":{"0":-1}})"}}), false),
              HasSubstr("startingOffsets for events-0 can't be latest"));
  EXPECT_THAT(
      SourceError(Basic({{"startingOffsets", R"({"events":{"0":9}})"}, {"endingOffsets", R"({"events":{"0":3}})"}}),
                  false),
      HasSubstr("UNRESOLVED_START_OFFSET_GREATER_THAN_END_OFFSET"));
  EXPECT_THAT(
      SourceError(Basic({{"startingOffsets", R"({"events":{"0":9}})"}, {"endingOffsets", R"({"events":{"1":30}})"}}),
                  false),
      HasSubstr("MISMATCHED_TOPIC_PARTITIONS_BETWEEN_START_OFFSET_AND_END_OFFSET"));
  EXPECT_THAT(SourceError(Basic({{"startingOffsetsByTimestampStrategy", "guess"}})),
              HasSubstr("takes error or latest"));
}

TEST(KafkaOptions, Limits) {
  EXPECT_THAT(SourceError(Basic({{"minPartitions", "0"}})), HasSubstr("minPartitions must be positive"));
  EXPECT_THAT(SourceError(Basic({{"maxRecordsPerPartition", "-1"}})),
              HasSubstr("maxRecordsPerPartition must be positive"));
  EXPECT_THAT(SourceError(Basic({{"maxOffsetsPerTrigger", "many"}})),
              HasSubstr("'maxOffsetsPerTrigger' takes a whole number, not 'many'"));
  EXPECT_THAT(SourceError(Basic({{"minOffsetsPerTrigger", "9"}, {"maxOffsetsPerTrigger", "3"}})),
              HasSubstr("The value of minOffsetPerTrigger(9) is higher than the maxOffsetsPerTrigger(3)."));
  EXPECT_EQ(ParseSourceOptions(Basic({{"maxTriggerDelay", "5m"}}), true, nullptr)->max_trigger_delay_ms, 300'000);
  EXPECT_THAT(SourceError(Basic({{"maxTriggerDelay", "soon"}})), HasSubstr("maxTriggerDelay"));
  EXPECT_THAT(SourceError(Basic({{"failOnDataLoss", "maybe"}})), HasSubstr("failOnDataLoss"));
  EXPECT_THAT(SourceError(Basic({{"includeHeaders", "maybe"}})), HasSubstr("includeHeaders"));
}

TEST(KafkaOptions, RefusedKafkaOptions) {
  EXPECT_THAT(SourceError({{"subscribe", "a"}}), HasSubstr("Option 'kafka.bootstrap.servers' must be specified"));
  for (const char* key :
       {"auto.offset.reset", "key.deserializer", "value.deserializer", "enable.auto.commit", "interceptor.classes",
        "ssl.engine.factory.class", "sasl.login.callback.handler.class", "compression.zstd.level"}) {
    EXPECT_THAT(SourceError(Basic({{std::string("kafka.") + key, "x"}})),
                HasSubstr(std::string("Kafka option '") + key + "' is not supported"));
  }
  EXPECT_THAT(SourceError(Basic({{"kafka.fetch.min.bytes", "lots"}})), HasSubstr("fetch.min.bytes"));
  EXPECT_TRUE(ParseSourceOptions(Basic({{"kafka.no.such.setting", "x"}}), true, nullptr).ok());  // a warning
  for (const char* key : {"key.serializer", "transactional.id", "partitioner.class"}) {
    auto sink = ParseSinkOptions({{"kafka.bootstrap.servers", "x"}, {std::string("kafka.") + key, "x"}});
    EXPECT_THAT(sink.status().message(), HasSubstr(key));
  }
}

TEST(KafkaOptions, JavaNames) {
  auto config = MakeClientConfig(
      {{"kafka.bootstrap.servers", "x"},
       {"kafka.fetch.max.wait.ms", "7"},
       {"kafka.max.poll.records", "5"},
       {"kafka.receive.buffer.bytes", "-1"},
       {"kafka.default.api.timeout.ms", "123"},
       {"kafka.security.protocol", "SASL_SSL"},
       {"kafka.sasl.mechanism", "SCRAM-SHA-512"},
       {"kafka.sasl.jaas.config",
        "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"ann\" password=\"a\\\"b;c\";"},
       {"kafka.ssl.truststore.type", "PEM"},
       {"kafka.ssl.truststore.location", "/ca"},
       {"kafka.ssl.endpoint.identification.algorithm", ""},
       {"kafka.group.id", "g"}},
      Role::kConsumer);
  ASSERT_TRUE(config.ok()) << config.status();
  const auto& s = config->settings;
  EXPECT_EQ(s.at("fetch.wait.max.ms"), "7");
  EXPECT_EQ(s.at("socket.receive.buffer.bytes"), "0");
  EXPECT_EQ(config->api_timeout_ms, 123);
  EXPECT_EQ(s.at("security.protocol"), "sasl_ssl");
  EXPECT_EQ(s.at("sasl.mechanisms"), "SCRAM-SHA-512");
  EXPECT_EQ(s.at("sasl.username"), "ann");
  EXPECT_EQ(s.at("sasl.password"), "a\"b;c");
  EXPECT_EQ(s.at("ssl.ca.location"), "/ca");
  EXPECT_EQ(s.at("ssl.endpoint.identification.algorithm"), "none");
  EXPECT_FALSE(s.contains("max.poll.records"));
  EXPECT_EQ(config->group_id, "g");

  auto jks = MakeClientConfig({{"kafka.ssl.truststore.location", "/trust.jks"}}, Role::kConsumer);
  EXPECT_THAT(jks.status().message(), HasSubstr("keytool"));
  auto producer =
      MakeClientConfig({{"kafka.buffer.memory", "33554432"}, {"kafka.acks", "all"}, {"kafka.compression.type", "zstd"}},
                       Role::kProducer);
  EXPECT_EQ(producer->settings.at("queue.buffering.max.kbytes"), "32768");
}

}  // namespace
}  // namespace sluice::connectors::kafka
