// What only a real broker does: transactions, times, removed records and topics. Runs when SLUICE_TEST_KAFKA=host:port.
#include <arrow/builder.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/clock.h"
#include "connectors/kafka/offsets.h"
#include "connectors/kafka/test_admin.h"
#include "connectors/kafka/test_util.h"

namespace sluice::connectors::kafka {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class KafkaReal : public testing::Test {
 protected:
  void SetUp() override {
    const char* servers = std::getenv("SLUICE_TEST_KAFKA");
    if (servers == nullptr) GTEST_SKIP() << "SLUICE_TEST_KAFKA=host:port is not set";
    servers_ = servers;
    admin_ = std::make_unique<TestAdmin>(servers_);
    topic_ = std::string("sluice-") + testing::UnitTest::GetInstance()->current_test_info()->name() + "-" +
             std::to_string(NowUs());
  }
  void TearDown() override {
    if (admin_) (void)admin_->DeleteTopic(topic_);
  }
  std::string Positions(std::vector<int64_t> offsets) const {
    std::string json = "{\"" + topic_ + "\":{";
    for (size_t i = 0; i < offsets.size(); ++i) {
      json += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":" + std::to_string(offsets[i]);
    }
    return json + "}}";
  }
  std::string servers_, topic_;
  std::unique_ptr<TestAdmin> admin_;
};

/// Sends rows in one transaction, which it commits or aborts.
void Transaction(const std::string& servers, const std::string& topic, const std::vector<std::string>& values,
                 bool commit) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", servers.c_str(), nullptr, 0);
  rd_kafka_conf_set(conf, "transactional.id", ("id-" + topic).c_str(), nullptr, 0);
  rd_kafka_t* producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0);
  ASSERT_EQ(rd_kafka_init_transactions(producer, 30'000), nullptr);
  ASSERT_EQ(rd_kafka_begin_transaction(producer), nullptr);
  for (const std::string& value : values) {
    rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(0),
                      RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
  }
  rd_kafka_flush(producer, 10'000);
  auto* error = commit ? rd_kafka_commit_transaction(producer, 30'000) : rd_kafka_abort_transaction(producer, 30'000);
  EXPECT_EQ(error, nullptr);
  rd_kafka_destroy(producer);
}

TEST_F(KafkaReal, Transactions) {
  ASSERT_OK(admin_->CreateTopic(topic_, 1));
  Transaction(servers_, topic_, {"a", "b"}, true);
  Transaction(servers_, topic_, {"x", "y"}, false);
  Transaction(servers_, topic_, {"c"}, true);  // offsets 0 1 [2] 3 4 [5] 6 [7]
  auto all = NewSource(servers_, {{"subscribe", topic_}, {"startingOffsets", "earliest"}});
  ASSERT_OK_AND_ASSIGN(Offset start, all->InitialOffset());
  ASSERT_OK_AND_ASSIGN(Offset end, all->LatestOffset(start, ReadLimit::kDefault));
  EXPECT_EQ(end.json, Positions({8}));
  EXPECT_THAT(ReadValues(all.get(), start, end).ValueOrDie(), ElementsAre("a", "b", "x", "y", "c"));

  auto committed = NewSource(
      servers_, {{"subscribe", topic_}, {"startingOffsets", "earliest"}, {"kafka.isolation.level", "read_committed"}});
  EXPECT_THAT(ReadValues(committed.get(), start, end).ValueOrDie(), ElementsAre("a", "b", "c"));
  // Ranges that end in, or hold nothing but, markers and aborted records.
  EXPECT_THAT(ReadValues(committed.get(), start, {Positions({3})}).ValueOrDie(), ElementsAre("a", "b"));
  EXPECT_THAT(ReadValues(committed.get(), {Positions({3})}, {Positions({6})}).ValueOrDie(), SizeIs(0));
  EXPECT_THAT(ReadValues(committed.get(), {Positions({6})}, {Positions({7})}).ValueOrDie(), ElementsAre("c"));
  EXPECT_THAT(ReadValues(committed.get(), {Positions({7})}, {Positions({8})}).ValueOrDie(), SizeIs(0));
  EXPECT_THAT(ReadValues(all.get(), {Positions({2})}, {Positions({3})}).ValueOrDie(), SizeIs(0));
}

TEST_F(KafkaReal, Times) {
  ASSERT_OK(admin_->CreateTopic(topic_, 2));
  ASSERT_OK(Produce(servers_, topic_, Numbered(4, 2)));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const std::string between = std::to_string(NowMs());
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  ASSERT_OK(Produce(servers_, topic_, {{"late", std::nullopt, 0}}));
  auto count = [&](OptionMap options) -> std::string {
    options.emplace("subscribe", topic_);
    auto rows = ReadBatch(servers_, options, Request({"value"}));
    return rows.ok() ? std::to_string((*rows)->num_rows()) : rows.status().message();
  };
  EXPECT_EQ(count({{"startingTimestamp", "0"}}), "5");
  EXPECT_EQ(count({{"endingTimestamp", between}}), "4");  // nothing later in partition 1: to its end
  EXPECT_EQ(count({{"endingOffsetsByTimestamp", Positions({std::stoll(between), std::stoll(between)})}}), "4");
  EXPECT_THAT(count({{"startingTimestamp", between}}),
              HasSubstr("No offset matched from request of topic-partition " + topic_ + "-1"));
  EXPECT_EQ(count({{"startingTimestamp", between}, {"startingOffsetsByTimestampStrategy", "latest"}}), "1");
  EXPECT_THAT(count({{"startingOffsetsByTimestamp", "{\"" + topic_ + "\":{\"0\":1}}"}}),
              HasSubstr("KAFKA_TIMESTAMP_OFFSET_DOES_NOT_MATCH_ASSIGNED"));
}

TEST_F(KafkaReal, RemovedRecords) {
  ASSERT_OK(admin_->CreateTopic(topic_, 1));
  ASSERT_OK(Produce(servers_, topic_, Numbered(10)));
  ASSERT_OK(admin_->DeleteRecordsBefore(topic_, 0, 6));
  const Offset zero{Positions({0})}, four{Positions({4})}, ten{Positions({10})};
  auto strict = NewSource(servers_, {{"subscribe", topic_}});
  auto status = ReadValues(strict.get(), zero, ten).status();
  EXPECT_EQ(ConditionOf(status), "KAFKA_DATA_LOSS.COULD_NOT_READ_OFFSET_RANGE");
  EXPECT_THAT(status.message(), HasSubstr("[0, 6) of " + topic_ + "-0"));
  auto lenient = NewSource(servers_, {{"subscribe", topic_}, {"failOnDataLoss", "false"}});
  EXPECT_THAT(ReadValues(lenient.get(), zero, ten).ValueOrDie(), ElementsAre("v6", "v7", "v8", "v9"));
  EXPECT_THAT(ReadValues(lenient.get(), zero, four).ValueOrDie(), SizeIs(0));
  EXPECT_EQ(
      NewSource(servers_, {{"subscribe", topic_}, {"startingOffsets", "earliest"}})->InitialOffset().ValueOrDie().json,
      Positions({6}));
}

TEST_F(KafkaReal, MissingAndDeletedTopics) {
  auto source = NewSource(servers_, {{"subscribe", topic_}});
  auto status = source->InitialOffset().status();
  EXPECT_EQ(ConditionOf(status), "KAFKA_UNKNOWN_TOPIC");
  EXPECT_THAT(status.message(), HasSubstr(topic_));
  ASSERT_OK(admin_->CreateTopic(topic_, 1));
  ASSERT_OK_AND_ASSIGN(Offset start, source->InitialOffset());
  ASSERT_OK(admin_->DeleteTopic(topic_));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  status = source->LatestOffset(start, ReadLimit::kDefault).status();
  EXPECT_EQ(ConditionOf(status), "KAFKA_DATA_LOSS.PARTITIONS_DELETED") << status;
  auto lenient = NewSource(servers_, {{"subscribe", topic_}, {"failOnDataLoss", "false"}});
  EXPECT_EQ(lenient->LatestOffset(start, ReadLimit::kDefault).ValueOrDie(), start);
}

TEST_F(KafkaReal, APatternWhoseTopicsAreAllDeleted) {
  ASSERT_OK(admin_->CreateTopic(topic_, 1));
  auto source = NewSource(servers_, {{"subscribePattern", topic_}, {"startingOffsets", "earliest"}});
  ASSERT_OK_AND_ASSIGN(Offset start, source->InitialOffset());
  ASSERT_OK(admin_->DeleteTopic(topic_));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  ASSERT_OK_AND_ASSIGN(Offset end, source->LatestOffset(start, ReadLimit::kDefault));
  EXPECT_EQ(ConditionOf(source->Plan(start, end, Request()).status()), "KAFKA_DATA_LOSS.PARTITIONS_DELETED");
}

TEST_F(KafkaReal, ATopicThatComesBackGoesOnWhereItStood) {
  const std::string other = topic_ + "-other";
  ASSERT_OK(admin_->CreateTopic(topic_, 1));
  ASSERT_OK(admin_->CreateTopic(other, 1));
  ASSERT_OK(Produce(servers_, topic_, Numbered(3)));
  ASSERT_OK(Produce(servers_, other, Numbered(2)));
  OptionMap options{{"subscribe", topic_ + "," + other}, {"startingOffsets", "latest"}, {"failOnDataLoss", "false"}};
  auto source = NewSource(servers_, options);
  ASSERT_OK_AND_ASSIGN(Offset start, source->InitialOffset());
  ASSERT_OK(admin_->DeleteTopic(topic_));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  ASSERT_OK(Produce(servers_, other, Numbered(1)));
  ASSERT_OK_AND_ASSIGN(Offset end, source->LatestOffset(start, ReadLimit::kDefault));
  const auto offsets = ParseOffsets(end.json);
  ASSERT_TRUE(offsets);
  EXPECT_EQ(offsets->at({topic_, 0}), 3);
  EXPECT_EQ(offsets->at({other, 0}), 3);
  EXPECT_THAT(ReadValues(source.get(), start, end).ValueOrDie(), ElementsAre("v0"));
  ASSERT_OK(admin_->DeleteTopic(other));
}

TEST_F(KafkaReal, PartitionsAppear) {
  ASSERT_OK(admin_->CreateTopic(topic_, 1));
  auto source = NewSource(servers_, {{"subscribe", topic_}});
  ASSERT_OK_AND_ASSIGN(Offset start, source->InitialOffset());
  ASSERT_OK(admin_->AddPartitions(topic_, 3));
  Status sent;
  for (int i = 0; i < 50; ++i) {
    sent = Produce(servers_, topic_, {{"new", std::nullopt, 2}});
    if (sent.ok()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  ASSERT_OK(sent);
  Offset end = start;
  for (int i = 0; i < 50 && end == start; ++i) end = source->LatestOffset(start, ReadLimit::kDefault).ValueOrDie();
  EXPECT_EQ(end.json, Positions({0, 0, 1}));
  EXPECT_THAT(ReadValues(source.get(), start, end).ValueOrDie(), ElementsAre("new"));
}

TEST_F(KafkaReal, HeadersAndNulls) {
  ASSERT_OK(admin_->CreateTopic(topic_, 1, {{"message.timestamp.type", "LogAppendTime"}}));
  const DataType schema =
      DataType::Struct({{"value", DataType::Binary()}, {"headers", KafkaSchema(true).fields()[7].type}});
  auto values = std::make_shared<arrow::BinaryBuilder>();
  std::unique_ptr<arrow::ArrayBuilder> headers;
  ASSERT_OK(arrow::MakeBuilder(arrow::default_memory_pool(), ToArrowType(schema.fields()[1].type), &headers));
  auto* list = static_cast<arrow::ListBuilder*>(headers.get());
  auto* element = static_cast<arrow::StructBuilder*>(list->value_builder());
  ASSERT_OK(values->Append("x"));
  ASSERT_OK(values->AppendNull());
  ASSERT_OK(list->Append());
  for (const char* name : {"one", "two"}) {
    ASSERT_OK(element->Append());
    ASSERT_OK(static_cast<arrow::StringBuilder*>(element->field_builder(0))->Append(name));
    auto* value = static_cast<arrow::BinaryBuilder*>(element->field_builder(1));
    ASSERT_OK(name[0] == 'o' ? value->Append("1") : value->AppendNull());
  }
  ASSERT_OK(list->AppendNull());
  auto batch = arrow::RecordBatch::Make(ToArrowSchema(schema), 2,
                                        {values->Finish().ValueOrDie(), headers->Finish().ValueOrDie()});
  WriteRequest request;
  request.schema = schema;
  ASSERT_OK_AND_ASSIGN(auto write,
                       LoadKafka(servers_, {{"topic", topic_}}, false, true).ValueOrDie()->NewWrite(request));
  ASSERT_OK_AND_ASSIGN(auto task, write->NewTask(0));
  ASSERT_OK(task->Write(*batch));
  ASSERT_OK(task->Close().status());

  ASSERT_OK_AND_ASSIGN(auto table, ReadBatch(servers_, {{"subscribe", topic_}, {"includeHeaders", "true"}},
                                             Request({"value", "timestampType", "headers"}, true)));
  ASSERT_OK_AND_ASSIGN(auto rows, table->CombineChunksToBatch());
  EXPECT_EQ(rows->column(0)->ToString(), batch->column(0)->ToString());
  EXPECT_TRUE(rows->column(2)->Equals(*batch->column(1))) << rows->column(2)->ToString();
  EXPECT_EQ(static_cast<const arrow::Int32Array&>(*rows->column(1)).Value(0), 1);
}

TEST_F(KafkaReal, KeysGoWhereJavaPutsThem) {
  ASSERT_OK(admin_->CreateTopic(topic_, 8));
  const DataType schema = DataType::Struct({{"key", DataType::String()}, {"value", DataType::String()}});
  arrow::StringBuilder keys;
  for (const char* key : {"ann", "bob", "user_1", "42"}) ASSERT_OK(keys.Append(key));
  auto column = keys.Finish().ValueOrDie();
  WriteRequest request;
  request.schema = schema;
  ASSERT_OK_AND_ASSIGN(auto write,
                       LoadKafka(servers_, {{"topic", topic_}}, false, true).ValueOrDie()->NewWrite(request));
  ASSERT_OK_AND_ASSIGN(auto task, write->NewTask(0));
  ASSERT_OK(task->Write(*arrow::RecordBatch::Make(ToArrowSchema(schema), 4, {column, column})));
  ASSERT_OK(task->Close().status());
  std::map<std::string, int> places;
  for (int p = 0; p < 8; ++p) {
    ASSERT_OK_AND_ASSIGN(
        auto rows,
        ReadBatch(servers_, {{"assign", "{\"" + topic_ + "\":[" + std::to_string(p) + "]}"}}, Request({"value"})));
    for (const auto& chunk : rows->column(0)->chunks()) {
      for (int64_t i = 0; i < chunk->length(); ++i)
        places[static_cast<const arrow::BinaryArray&>(*chunk).GetString(i)] = p;
    }
  }
  // Utils.toPositive(Utils.murmur2(key)) % 8 of kafka-clients 4.1.1.
  EXPECT_EQ(places, (std::map<std::string, int>{{"ann", 2}, {"bob", 6}, {"user_1", 7}, {"42", 4}}));
}

TEST_F(KafkaReal, Codecs) {
  ASSERT_OK(admin_->CreateTopic(topic_, 1));
  for (const char* codec : {"gzip", "snappy", "lz4", "zstd", "none"}) {
    ASSERT_OK_AND_ASSIGN(auto table,
                         LoadKafka(servers_, {{"topic", topic_}, {"kafka.compression.type", codec}}, false, true));
    WriteRequest request;
    request.schema = RowSchema();
    ASSERT_OK_AND_ASSIGN(auto write, table->NewWrite(request));
    ASSERT_OK_AND_ASSIGN(auto task, write->NewTask(0));
    ASSERT_OK(task->Write(*ToBatch(Numbered(1000))));
    ASSERT_OK(task->Close().status());
  }
  ASSERT_OK_AND_ASSIGN(auto rows, ReadBatch(servers_, {{"subscribe", topic_}}, Request({"value"})));
  EXPECT_EQ(rows->num_rows(), 5000);
}

TEST_F(KafkaReal, ManyBatchesSeeEachRecordOnce) {
  ASSERT_OK(admin_->CreateTopic(topic_, 3));
  ASSERT_OK(Produce(servers_, topic_, Numbered(30'000, 3)));
  auto source = NewSource(servers_, {{"subscribe", topic_},
                                     {"startingOffsets", "earliest"},
                                     {"maxOffsetsPerTrigger", "1700"},
                                     {"minPartitions", "5"}});
  ASSERT_OK_AND_ASSIGN(Offset at, source->InitialOffset());
  std::set<std::string> seen;
  size_t count = 0;
  while (true) {
    ASSERT_OK_AND_ASSIGN(Offset end, source->LatestOffset(at, ReadLimit::kDefault));
    if (end == at) break;
    ASSERT_OK_AND_ASSIGN(auto values, ReadValues(source.get(), at, end));
    count += values.size();
    seen.insert(values.begin(), values.end());
    at = end;
  }
  EXPECT_EQ(count, 30'000U);
  EXPECT_EQ(seen.size(), 30'000U);
}

}  // namespace
}  // namespace sluice::connectors::kafka
