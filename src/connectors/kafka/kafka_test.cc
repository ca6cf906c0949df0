// The connector against librdkafka's mock cluster; real_broker_test.cc has what that one cannot do.
#include <arrow/builder.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/cancel_scope.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "connectors/kafka/embedded_broker.h"
#include "connectors/kafka/source.h"
#include "connectors/kafka/test_util.h"

namespace sluice::connectors::kafka {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class KafkaMock : public testing::Test {
 protected:
  void SetUp() override {
    broker_ = EmbeddedBroker::Start().ValueOrDie();
    servers_ = broker_->bootstrap_servers();
  }
  std::unique_ptr<EmbeddedBroker> broker_;
  std::string servers_;
};

TEST_F(KafkaMock, WriteAndReadBack) {
  ASSERT_OK(broker_->CreateTopic("t", 2));
  ASSERT_OK(Produce(servers_, "t", {{"a", "ka", 1}, {"", std::nullopt, 0}, {"c", "", 1}}));
  ASSERT_OK_AND_ASSIGN(auto table, ReadBatch(servers_, {{"subscribe", "t"}}));
  ASSERT_OK_AND_ASSIGN(auto batch, table->CombineChunksToBatch());
  ASSERT_EQ(batch->num_rows(), 3);
  EXPECT_TRUE(batch->schema()->Equals(ToArrowSchema(KafkaSchema(false))));
  const auto& key = static_cast<const arrow::BinaryArray&>(*batch->column(0));
  const auto& value = static_cast<const arrow::BinaryArray&>(*batch->column(1));
  EXPECT_TRUE(key.IsNull(0));
  EXPECT_EQ(value.GetString(0), "");  // empty, not null
  EXPECT_EQ(value.GetString(1), "a");
  EXPECT_EQ(key.GetString(1), "ka");
  EXPECT_FALSE(key.IsNull(2));
  EXPECT_EQ(static_cast<const arrow::StringArray&>(*batch->column(2)).GetString(2), "t");
  EXPECT_EQ(static_cast<const arrow::Int32Array&>(*batch->column(3)).Value(2), 1);
  EXPECT_EQ(static_cast<const arrow::Int64Array&>(*batch->column(4)).Value(2), 1);
  EXPECT_NEAR(static_cast<double>(static_cast<const arrow::TimestampArray&>(*batch->column(5)).Value(2)),
              static_cast<double>(NowUs()), 60e6);
  EXPECT_EQ(static_cast<const arrow::Int32Array&>(*batch->column(6)).Value(0), 0);
}

TEST_F(KafkaMock, ValuesArePadded) {
  ASSERT_OK(broker_->CreateTopic("t", 1));
  ASSERT_OK(Produce(servers_, "t", Numbered(100)));
  ASSERT_OK_AND_ASSIGN(auto table, ReadBatch(servers_, {{"subscribe", "t"}}, Request({"value"})));
  ASSERT_EQ(table->num_columns(), 1);
  for (const auto& chunk : table->column(0)->chunks()) {
    const auto& data = chunk->data()->buffers[2];
    EXPECT_GE(data->parent()->capacity(), data->size() + 64);
  }
}

TEST_F(KafkaMock, BatchPositions) {
  ASSERT_OK(broker_->CreateTopic("t", 2));
  ASSERT_OK(Produce(servers_, "t", Numbered(20, 2)));
  auto count = [&](OptionMap options) -> std::string {
    options.emplace("subscribe", "t");
    auto table = ReadBatch(servers_, options, Request({"value"}));
    return table.ok() ? std::to_string((*table)->num_rows()) : table.status().message();
  };
  EXPECT_EQ(count({}), "20");
  EXPECT_EQ(count({{"startingOffsets", R"({"t":{"0":4,"1":-2}})"}}), "16");
  EXPECT_EQ(count({{"endingOffsets", R"({"t":{"0":4,"1":-1}})"}}), "14");
  EXPECT_EQ(count({{"startingOffsets", R"({"t":{"0":4,"1":5}})"}, {"endingOffsets", R"({"t":{"0":4,"1":7}})"}}), "2");
  EXPECT_EQ(count({{"minPartitions", "7"}}), "20");
  EXPECT_EQ(count({{"maxRecordsPerPartition", "3"}}), "20");
  EXPECT_THAT(count({{"startingOffsets", R"({"t":{"0":4}})"}}),
              HasSubstr("KAFKA_START_OFFSET_DOES_NOT_MATCH_ASSIGNED"));
  EXPECT_THAT(count({{"startingOffsets", R"({"t":{"0":4,"1":50}})"}}),
              HasSubstr("RESOLVED_START_OFFSET_GREATER_THAN_END_OFFSET"));
  auto assigned = ReadBatch(servers_, {{"assign", R"({"t":[1]})"}}, Request({"value"}));
  EXPECT_EQ((*assigned)->num_rows(), 10);
  ScanRequest limited = Request({"value"});
  limited.limit = 3;
  EXPECT_EQ((*ReadBatch(servers_, {{"subscribe", "t"}}, limited))->num_rows(), 6);  // per split
}

TEST_F(KafkaMock, StreamFollowsItsTopic) {
  ASSERT_OK(broker_->CreateTopic("t", 1));
  TempFolder folder;
  const std::string checkpoint = folder.path() + "/sources/0";
  ASSERT_OK(Produce(servers_, "t", Numbered(3)));
  auto source = NewSource(servers_, {{"subscribe", "t"}, {"startingOffsets", "earliest"}}, checkpoint);
  EXPECT_EQ(source->description(), "KafkaV2[Subscribe[t]]");
  ASSERT_OK_AND_ASSIGN(Offset start, source->InitialOffset());
  EXPECT_EQ(start.json, R"({"t":{"0":0}})");
  EXPECT_EQ(ReadWholeFile(checkpoint + "/0").ValueOrDie(), std::string("\0v1\n{\"t\":{\"0\":0}}", 17));
  ASSERT_OK_AND_ASSIGN(Offset end, source->LatestOffset(start, ReadLimit::kDefault));
  EXPECT_EQ(end.json, R"({"t":{"0":3}})");
  EXPECT_THAT(ReadValues(source.get(), start, end).ValueOrDie(), ElementsAre("v0", "v1", "v2"));
  EXPECT_EQ(source->LatestOffset(end, ReadLimit::kDefault).ValueOrDie(), end);
  EXPECT_EQ(source->Metrics(start),
            (std::map<std::string, std::string>{
                {"minOffsetsBehindLatest", "3"}, {"maxOffsetsBehindLatest", "3"}, {"avgOffsetsBehindLatest", "3.0"}}));
  EXPECT_EQ(source->ReportLatestOffset(), end);
  // The same range again, and one that goes on.
  EXPECT_THAT(ReadValues(source.get(), start, end).ValueOrDie(), ElementsAre("v0", "v1", "v2"));
  ASSERT_OK(Produce(servers_, "t", Numbered(2, 1, 3)));
  ASSERT_OK_AND_ASSIGN(Offset next, source->LatestOffset(end, ReadLimit::kDefault));
  EXPECT_THAT(ReadValues(source.get(), end, next).ValueOrDie(), ElementsAre("v3", "v4"));

  // A restart reads the stored start, whatever is the option's value now.
  auto again = NewSource(servers_, {{"subscribe", "t"}}, checkpoint);
  EXPECT_EQ(again->InitialOffset().ValueOrDie().json, R"({"t":{"0":0}})");
  auto latest = NewSource(servers_, {{"subscribe", "t"}}, folder.path() + "/sources/1");
  EXPECT_EQ(latest->InitialOffset().ValueOrDie().json, R"({"t":{"0":5}})");
}

TEST_F(KafkaMock, CheckpointsOfOthers) {
  ASSERT_OK(broker_->CreateTopic("t", 1));
  TempFolder folder;
  auto source = NewSource(servers_, {{"subscribe", "t"}}, folder.path());
  ASSERT_OK(WriteFileDurably(folder.path() + "/0", std::string("\0v9\n{}", 6)));
  EXPECT_EQ(ConditionOf(source->InitialOffset().status()), "KAFKA_INVALID_CHECKPOINT");
  ASSERT_OK(WriteFileDurably(folder.path() + "/0", std::string("\0v1\nx", 5)));
  EXPECT_EQ(ConditionOf(source->InitialOffset().status()), "KAFKA_INVALID_CHECKPOINT");
  EXPECT_EQ(ConditionOf(source->Deserialize("7").status()), "KAFKA_INVALID_CHECKPOINT");
  EXPECT_TRUE(source->Deserialize(R"({"t":{"0":7}})").ok());
}

TEST_F(KafkaMock, Limits) {
  ASSERT_OK(broker_->CreateTopic("t", 2));
  ASSERT_OK(Produce(servers_, "t", Numbered(100, 2)));
  auto source =
      NewSource(servers_, {{"subscribe", "t"}, {"startingOffsets", "earliest"}, {"maxOffsetsPerTrigger", "30"}});
  ASSERT_OK_AND_ASSIGN(Offset at, source->InitialOffset());
  std::vector<std::string> ends;
  for (int i = 0; i < 4; ++i) {
    ASSERT_OK_AND_ASSIGN(Offset end, source->LatestOffset(at, ReadLimit::kDefault));
    EXPECT_THAT(ReadValues(source.get(), at, end).ValueOrDie(), SizeIs(i < 3 ? 30 : 10));
    at = end;
    ends.push_back(end.json);
  }
  EXPECT_EQ(ends[0], R"({"t":{"0":15,"1":15}})");
  EXPECT_EQ(ends[3], R"({"t":{"0":50,"1":50}})");
  EXPECT_EQ(source->LatestOffset({R"({"t":{"0":0,"1":0}})"}, ReadLimit::kAllAvailable).ValueOrDie(), at);

  auto patient =
      NewSource(servers_, {{"subscribe", "t"}, {"startingOffsets", "earliest"}, {"minOffsetsPerTrigger", "150"}});
  ASSERT_OK_AND_ASSIGN(Offset zero, patient->InitialOffset());
  EXPECT_EQ(patient->LatestOffset(zero, ReadLimit::kDefault).ValueOrDie(), at);  // the first goes at once, as in Spark
  ASSERT_OK(Produce(servers_, "t", Numbered(10, 2)));
  EXPECT_EQ(patient->LatestOffset(at, ReadLimit::kDefault).ValueOrDie(), at);
  EXPECT_NE(patient->LatestOffset(at, ReadLimit::kAllAvailable).ValueOrDie(), at);
}

TEST_F(KafkaMock, AvailableNowFixesTheEnd) {
  ASSERT_OK(broker_->CreateTopic("t", 1));
  ASSERT_OK(Produce(servers_, "t", Numbered(5)));
  auto source =
      NewSource(servers_, {{"subscribe", "t"}, {"startingOffsets", "earliest"}, {"maxOffsetsPerTrigger", "3"}});
  ASSERT_OK(source->PrepareForAvailableNow());
  ASSERT_OK_AND_ASSIGN(Offset start, source->InitialOffset());
  ASSERT_OK_AND_ASSIGN(Offset first, source->LatestOffset(start, ReadLimit::kDefault));
  EXPECT_EQ(first.json, R"({"t":{"0":3}})");
  ASSERT_OK(Produce(servers_, "t", Numbered(5)));
  ASSERT_OK_AND_ASSIGN(Offset second, source->LatestOffset(first, ReadLimit::kDefault));
  EXPECT_EQ(second.json, R"({"t":{"0":5}})");
  EXPECT_THAT(ReadValues(source.get(), first, second).ValueOrDie(), ElementsAre("v3", "v4"));
  EXPECT_EQ(source->LatestOffset(second, ReadLimit::kDefault).ValueOrDie(), second);
  EXPECT_EQ(ConditionOf(source->Plan(second, {R"({"t":{"0":9}})"}, Request()).status()),
            "END_OFFSET_HAS_GREATER_OFFSET_FOR_TOPIC_PARTITION_THAN_PREFETCHED");
}

TEST_F(KafkaMock, PatternFindsNewTopics) {
  ASSERT_OK(broker_->CreateTopic("ev.a", 1));
  ASSERT_OK(broker_->CreateTopic("other", 1));
  auto source = NewSource(servers_, {{"subscribePattern", "ev\\..*"}, {"startingOffsets", "latest"}});
  EXPECT_EQ(source->description(), "KafkaV2[SubscribePattern[ev\\..*]]");
  ASSERT_OK_AND_ASSIGN(Offset start, source->InitialOffset());
  EXPECT_EQ(start.json, R"({"ev.a":{"0":0}})");
  ASSERT_OK(broker_->CreateTopic("ev.b", 1));
  ASSERT_OK(Produce(servers_, "ev.b", Numbered(2)));
  ASSERT_OK_AND_ASSIGN(Offset end, source->LatestOffset(start, ReadLimit::kDefault));
  EXPECT_EQ(end.json, R"({"ev.b":{"0":2},"ev.a":{"0":0}})");                                // Scala's order
  EXPECT_THAT(ReadValues(source.get(), start, end).ValueOrDie(), ElementsAre("v0", "v1"));  // from its beginning
}

TEST_F(KafkaMock, ConsumersOfPartitionsThatLeftAreDropped) {
  ASSERT_OK(broker_->CreateTopic("t", 2));
  ASSERT_OK_AND_ASSIGN(SourceOptions options,
                       ParseSourceOptions({{"subscribe", "t"}, {"kafka.bootstrap.servers", servers_}},
                                          /*streaming=*/true, nullptr));
  auto pool = std::make_shared<ConsumerPool>(std::make_shared<const SourceOptions>(std::move(options)));
  const TopicPartition stays{"t", 0}, leaves{"t", 1};
  ASSERT_OK(pool->Prepare({{stays, 0}, {leaves, 0}}, 2));
  EXPECT_EQ(pool->consumers(), 2u);
  {
    ASSERT_OK_AND_ASSIGN(ConsumerPool::Lease lease, pool->Acquire(leaves, 0));
    pool->KeepOnly({stays});
    EXPECT_EQ(pool->consumers(), 2u);  // one is in use
  }
  pool->KeepOnly({stays});
  EXPECT_EQ(pool->consumers(), 1u);
}

TEST_F(KafkaMock, WhatIsPutBackKeepsItsOrder) {
  ASSERT_OK(broker_->CreateTopic("t", 1));
  ASSERT_OK(Produce(servers_, "t", Numbered(10)));
  ASSERT_OK_AND_ASSIGN(SourceOptions options,
                       ParseSourceOptions({{"subscribe", "t"}, {"kafka.bootstrap.servers", servers_}},
                                          /*streaming=*/true, nullptr));
  auto pool = std::make_shared<ConsumerPool>(std::make_shared<const SourceOptions>(std::move(options)));
  ASSERT_OK_AND_ASSIGN(ConsumerPool::Lease lease, pool->Acquire({"t", 0}, 0));
  std::vector<rd_kafka_message_t*> messages(10);
  for (size_t have = 0; have < 10;) {
    const size_t n = lease->Take(&messages[have], 10 - have, 1000);
    ASSERT_GT(n, 0u);
    have += n;
  }
  for (size_t i = 0; i < 5; ++i) rd_kafka_message_destroy(messages[i]);
  lease->PutBack(&messages[5], 5);
  // A batch that ends in the middle of what was put back.
  ASSERT_EQ(lease->Take(messages.data(), 2, 0), 2u);
  rd_kafka_message_destroy(messages[0]);
  lease->PutBack(&messages[1], 1);
  std::vector<int64_t> offsets;
  while (offsets.size() < 4) {
    const size_t n = lease->Take(messages.data(), 10, 0);
    ASSERT_GT(n, 0u);
    for (size_t i = 0; i < n; ++i) {
      offsets.push_back(messages[i]->offset);
      rd_kafka_message_destroy(messages[i]);
    }
  }
  EXPECT_THAT(offsets, ElementsAre(6, 7, 8, 9));
}

TEST_F(KafkaMock, DataComingWakes) {
  ASSERT_OK(broker_->CreateTopic("t", 2));
  auto source = NewSource(servers_, {{"subscribe", "t"}});
  ASSERT_OK_AND_ASSIGN(Offset start, source->InitialOffset());
  int64_t begin = SteadyUs();
  source->WaitForData(start, std::chrono::milliseconds(300));
  EXPECT_GT(SteadyUs() - begin, 250'000);
  int64_t sent = 0;
  std::thread producer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    sent = SteadyUs();
    EXPECT_TRUE(Produce(servers_, "t", {{"x", std::nullopt, 1}}).ok());
  });
  for (int i = 0; i < 10 && source->LatestOffset(start, ReadLimit::kDefault).ValueOrDie() == start; ++i) {
    source->WaitForData(start, std::chrono::seconds(5));
  }
  producer.join();
  EXPECT_NE(source->LatestOffset(start, ReadLimit::kDefault).ValueOrDie(), start);
  std::thread waker([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    source->Wake();
  });
  begin = SteadyUs();
  ASSERT_OK_AND_ASSIGN(Offset end, source->LatestOffset(start, ReadLimit::kDefault));
  source->WaitForData(end, std::chrono::seconds(5));
  EXPECT_LT(SteadyUs() - begin, 900'000);
  waker.join();
}

TEST_F(KafkaMock, FetchedEndsAreThoseOfTheLog) {
  ASSERT_OK(broker_->CreateTopic("t", 2));
  ASSERT_OK(Produce(servers_, "t", Numbered(7)));
  ASSERT_OK_AND_ASSIGN(auto options, ParseSourceOptions({{"subscribe", "t"}, {"kafka.bootstrap.servers", servers_}},
                                                        /*streaming=*/true, nullptr));
  auto pool = std::make_shared<ConsumerPool>(std::make_shared<const SourceOptions>(std::move(options)));
  const PartitionOffsets start{{{"t", 0}, 2}, {{"t", 1}, 0}};
  EXPECT_EQ(pool->FetchedEnds(start), std::nullopt);
  ASSERT_OK(pool->Prepare({{{"t", 0}, 2}}, 2));
  EXPECT_EQ(pool->FetchedEnds(start), std::nullopt);  // nothing is known of one of them
  ASSERT_OK(pool->Prepare(start, 2));
  const PartitionOffsets ends{{{"t", 0}, 7}, {{"t", 1}, 0}};
  const int64_t begin = SteadyUs();
  while (pool->FetchedEnds(start) != ends && SteadyUs() - begin < 10'000'000) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(pool->FetchedEnds(start), ends);
  EXPECT_EQ(pool->FetchedEnds({{{"t", 0}, 9}}), (PartitionOffsets{{{"t", 0}, 9}}));  // never back
}

TEST_F(KafkaMock, ATrickleIsReadOnceAndToItsEnd) {
  ASSERT_OK(broker_->CreateTopic("t", 2));
  auto source = NewSource(servers_, {{"subscribe", "t"}, {"startingOffsets", "earliest"}});
  ASSERT_OK_AND_ASSIGN(Offset at, source->InitialOffset());
  constexpr int kTriggers = 40;
  std::vector<std::string> seen;
  auto trigger = [&]() -> Result<bool> {
    ARROW_ASSIGN_OR_RAISE(Offset end, source->LatestOffset(at, ReadLimit::kDefault));
    if (end == at) return false;
    ARROW_ASSIGN_OR_RAISE(auto values, ReadValues(source.get(), at, end));
    seen.insert(seen.end(), values.begin(), values.end());
    at = end;
    return true;
  };
  for (int i = 0; i < kTriggers; ++i) {
    ASSERT_OK(Produce(servers_, "t", {{"v" + std::to_string(i), std::nullopt, i % 2}}));
    source->WaitForData(at, std::chrono::seconds(5));
    ASSERT_OK(trigger().status());
  }
  // What a trigger did not see yet the next one does; one that finds nothing has asked the broker.
  for (bool more = true; more;) {
    ASSERT_OK_AND_ASSIGN(more, trigger());
  }
  std::vector<std::string> expected;
  for (int i = 0; i < kTriggers; ++i) expected.push_back("v" + std::to_string(i));
  EXPECT_THAT(seen, testing::UnorderedElementsAreArray(expected));
  EXPECT_EQ(at.json, R"({"t":{"0":20,"1":20}})");
}

TEST_F(KafkaMock, StopsWhileTheBrokerIsAway) {
  ASSERT_OK(broker_->CreateTopic("t", 1));
  auto source = NewSource(servers_, {{"subscribe", "t"}});
  ASSERT_OK_AND_ASSIGN(Offset start, source->InitialOffset());
  broker_.reset();
  CancelToken token;
  CancelScope scope(token);
  std::thread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    token.Cancel();
  });
  const int64_t begin = SteadyUs();
  EXPECT_EQ(ConditionOf(source->LatestOffset(start, ReadLimit::kDefault).status()), "OPERATION_CANCELED");
  EXPECT_LT(SteadyUs() - begin, 10'000'000);  // without: kafka.default.api.timeout.ms, a minute
  stopper.join();
}

TEST_F(KafkaMock, LostData) {
  ASSERT_OK(broker_->CreateTopic("t", 1));
  ASSERT_OK(Produce(servers_, "t", Numbered(3)));
  auto strict = NewSource(servers_, {{"subscribe", "t"}});
  const Offset far{R"({"t":{"0":50}})"}, now{R"({"t":{"0":3}})"}, none{R"({"t":{"0":0}})"};
  EXPECT_EQ(ConditionOf(strict->Plan(far, now, Request()).status()), "KAFKA_DATA_LOSS.PARTITION_OFFSET_CHANGED");
  auto status = strict->Plan({R"({"t":{"0":0,"1":4}})"}, now, Request()).status();
  EXPECT_EQ(ConditionOf(status), "KAFKA_DATA_LOSS.PARTITIONS_DELETED");
  EXPECT_THAT(status.message(), HasSubstr("t-1"));
  EXPECT_THAT(status.message(), HasSubstr("failOnDataLoss"));
  // A range that is past the end of the log.
  status = ReadValues(strict.get(), none, {R"({"t":{"0":9}})"}).status();
  EXPECT_EQ(ConditionOf(status), "KAFKA_DATA_LOSS.COULD_NOT_READ_OFFSET_RANGE");
  EXPECT_THAT(status.message(), HasSubstr("[3, 9) of t-0"));
  status = ReadValues(strict.get(), {R"({"t":{"0":20}})"}, {R"({"t":{"0":29}})"}).status();
  EXPECT_EQ(ConditionOf(status), "KAFKA_DATA_LOSS.COULD_NOT_READ_OFFSET_RANGE") << status;

  auto lenient = NewSource(servers_, {{"subscribe", "t"}, {"failOnDataLoss", "false"}});
  EXPECT_THAT(ReadValues(lenient.get(), far, now).ValueOrDie(), SizeIs(0));
  EXPECT_THAT(ReadValues(lenient.get(), none, {R"({"t":{"0":9}})"}).ValueOrDie(), ElementsAre("v0", "v1", "v2"));
  EXPECT_THAT(ReadValues(lenient.get(), {R"({"t":{"0":20}})"}, {R"({"t":{"0":29}})"}).ValueOrDie(), SizeIs(0));
}

TEST_F(KafkaMock, Unreachable) {
  auto status = ReadBatch("127.0.0.1:1", {{"subscribe", "t"}, {"kafka.default.api.timeout.ms", "1500"}}).status();
  EXPECT_EQ(ConditionOf(status), "KAFKA_BROKER_UNREACHABLE");
  EXPECT_THAT(status.message(), HasSubstr("127.0.0.1:1"));
  EXPECT_THAT(status.message(), HasSubstr("refused"));

  auto write =
      LoadKafka("127.0.0.1:1", {{"topic", "t"}, {"kafka.delivery.timeout.ms", "1000"}}, false, true).ValueOrDie();
  WriteRequest request;
  request.schema = RowSchema();
  auto task = write->NewWrite(request).ValueOrDie()->NewTask(0).ValueOrDie();
  EXPECT_TRUE(task->Write(*ToBatch(Numbered(1))).ok());
  status = task->Close().status();
  EXPECT_EQ(ConditionOf(status), "KAFKA_DELIVERY_FAILED");
  EXPECT_THAT(status.message(), HasSubstr("127.0.0.1:1"));
}

TEST_F(KafkaMock, BrokerComesBack) {
  ASSERT_OK(broker_->CreateTopic("t", 1));
  ASSERT_OK(Produce(servers_, "t", Numbered(3)));
  auto source = NewSource(servers_, {{"subscribe", "t"}, {"startingOffsets", "earliest"}});
  ASSERT_OK_AND_ASSIGN(Offset start, source->InitialOffset());
  ASSERT_OK(broker_->SetDown(true));
  std::thread up([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    EXPECT_TRUE(broker_->SetDown(false).ok());
  });
  auto end = source->LatestOffset(start, ReadLimit::kDefault);
  up.join();
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_THAT(ReadValues(source.get(), start, *end).ValueOrDie(), SizeIs(3));
}

TEST_F(KafkaMock, SinkChecksItsRows) {
  auto error = [&](DataType schema, OptionMap options, WriteMode mode = WriteMode::kAppend) {
    WriteRequest request;
    request.schema = std::move(schema);
    request.mode = mode;
    return LoadKafka(servers_, std::move(options), false, true).ValueOrDie()->NewWrite(request).status().message();
  };
  const DataType value = DataType::Struct({{"value", DataType::String()}});
  EXPECT_THAT(
      error(value, {}),
      HasSubstr(
          "topic option required when no 'topic' attribute is present. Use the topic option for setting a topic."));
  EXPECT_THAT(error(DataType::Struct({{"key", DataType::String()}}), {{"topic", "t"}}),
              HasSubstr("Required attribute 'value' not found"));
  EXPECT_THAT(error(DataType::Struct({{"value", DataType::Long()}}), {{"topic", "t"}}),
              HasSubstr("value attribute unsupported type bigint. value must be a(n) string or binary"));
  EXPECT_THAT(
      error(DataType::Struct({{"value", DataType::String()}, {"headers", DataType::String()}}), {{"topic", "t"}}),
      HasSubstr("headers must be a(n) array<struct<key:string,value:binary>>"));
  EXPECT_THAT(error(value, {{"topic", "t"}}, WriteMode::kOverwrite), HasSubstr("Overwrite"));

  auto schema = arrow::schema({arrow::field("topic", arrow::utf8()), arrow::field("value", arrow::utf8())});
  arrow::StringBuilder topic, text;
  EXPECT_TRUE(topic.AppendNull().ok() && text.Append("x").ok());
  auto batch = arrow::RecordBatch::Make(schema, 1, {topic.Finish().ValueOrDie(), text.Finish().ValueOrDie()});
  WriteRequest request;
  request.schema = DataType::Struct({{"topic", DataType::String()}, {"value", DataType::String()}});
  auto write = LoadKafka(servers_, {}, false, true).ValueOrDie()->NewWrite(request).ValueOrDie();
  EXPECT_EQ(ConditionOf(write->NewTask(0).ValueOrDie()->Write(*batch)), "KAFKA_NULL_TOPIC_IN_DATA");
}

TEST_F(KafkaMock, StreamSink) {
  ASSERT_OK(broker_->CreateTopic("out", 1));
  StreamWriteContext context;
  context.schema = RowSchema();
  ASSERT_OK_AND_ASSIGN(auto table, LoadKafka(servers_, {{"topic", "out"}}, true, true));
  ASSERT_OK_AND_ASSIGN(auto sink, table->NewStreamSink(context));
  for (int batch = 0; batch < 3; ++batch) {
    ASSERT_OK_AND_ASSIGN(auto write, sink->NewBatch(batch));
    ASSERT_OK_AND_ASSIGN(auto task, write->NewTask(0));
    ASSERT_OK_AND_ASSIGN(auto other, write->NewTask(1));
    ASSERT_OK(task->Write(*ToBatch(Numbered(2))));
    ASSERT_OK(other->Write(*ToBatch(Numbered(1))));
    ASSERT_OK_AND_ASSIGN(auto message, task->Close());
    ASSERT_OK_AND_ASSIGN(auto message2, other->Close());
    ASSERT_OK(write->Commit({message, message2}));
    EXPECT_EQ(sink->last_num_output_rows(), 3);
  }
  ASSERT_OK_AND_ASSIGN(auto rows, ReadBatch(servers_, {{"subscribe", "out"}}, Request({"value"})));
  EXPECT_EQ(rows->num_rows(), 9);
}

TEST_F(KafkaMock, PortOfChoice) {
  // A free port: taken, noted, given back.
  ASSERT_OK_AND_ASSIGN(auto first, EmbeddedBroker::Start());
  int port = 20'000 + getpid() % 20'000;
  auto broker = EmbeddedBroker::Start(port);
  while (!broker.ok()) broker = EmbeddedBroker::Start(++port);
  EXPECT_EQ((*broker)->bootstrap_servers(), "127.0.0.1:" + std::to_string(port));
  EXPECT_FALSE(EmbeddedBroker::Start(port).ok());
  ASSERT_OK((*broker)->CreateTopic("t", 1));
  ASSERT_OK(Produce((*broker)->bootstrap_servers(), "t", Numbered(10)));
  ASSERT_OK_AND_ASSIGN(auto rows, ReadBatch((*broker)->bootstrap_servers(), {{"subscribe", "t"}}));
  EXPECT_EQ(rows->num_rows(), 10);
}

}  // namespace
}  // namespace sluice::connectors::kafka
