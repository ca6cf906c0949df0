#pragma once
// For the tests of this folder: rows in, rows out.
#include <arrow/api.h>
#include <filesystem>
#include <string>
#include <vector>

#include "connectors/kafka/batch_builder.h"
#include "connectors/kafka/table.h"
#include "types/arrow_types.h"

namespace sluice::connectors::kafka {

struct TestRow {
  std::string value;
  std::optional<std::string> key = std::nullopt;
  int partition = 0;
};

#define KAFKA_CONCAT2(a, b) a##b
#define KAFKA_CONCAT(a, b) KAFKA_CONCAT2(a, b)
#define ASSERT_OK(expr)                                            \
  do {                                                             \
    const ::arrow::Status status_of_test = (expr);                 \
    ASSERT_TRUE(status_of_test.ok()) << status_of_test.ToString(); \
  } while (false)
#define ASSERT_OK_AND_ASSIGN(lhs, expr)                                                                     \
  auto KAFKA_CONCAT(result_, __LINE__) = (expr);                                                            \
  ASSERT_TRUE(KAFKA_CONCAT(result_, __LINE__).ok()) << KAFKA_CONCAT(result_, __LINE__).status().ToString(); \
  lhs = std::move(KAFKA_CONCAT(result_, __LINE__)).ValueUnsafe()

inline void Must(const Status& status) {
  if (!status.ok()) status.Abort();
}

inline std::shared_ptr<arrow::RecordBatch> ToBatch(const std::vector<TestRow>& rows) {
  arrow::BinaryBuilder key;
  arrow::StringBuilder value;
  arrow::Int32Builder partition;
  for (const TestRow& row : rows) {
    Must(row.key ? key.Append(*row.key) : key.AppendNull());
    Must(value.Append(row.value));
    Must(partition.Append(row.partition));
  }
  auto schema = arrow::schema({arrow::field("key", arrow::binary()), arrow::field("value", arrow::utf8()),
                               arrow::field("partition", arrow::int32())});
  return arrow::RecordBatch::Make(
      schema, static_cast<int64_t>(rows.size()),
      {key.Finish().ValueOrDie(), value.Finish().ValueOrDie(), partition.Finish().ValueOrDie()});
}

inline DataType RowSchema() {
  return DataType::Struct(
      {{"key", DataType::Binary()}, {"value", DataType::String()}, {"partition", DataType::Integer()}});
}

inline Result<TablePtr> LoadKafka(const std::string& servers, OptionMap options, bool streaming = false,
                                  bool write = false) {
  options.emplace("kafka.bootstrap.servers", servers);
  FormatRequest request;
  request.options = std::move(options);
  request.is_streaming = streaming;
  request.for_write = write;
  return kKafkaConnector.load(request);
}

/// Through the sink.
inline Status Produce(const std::string& servers, const std::string& topic, const std::vector<TestRow>& rows) {
  ARROW_ASSIGN_OR_RAISE(auto table, LoadKafka(servers, {{"topic", topic}}, false, true));
  WriteRequest request;
  request.schema = RowSchema();
  ARROW_ASSIGN_OR_RAISE(auto write, table->NewWrite(request));
  ARROW_ASSIGN_OR_RAISE(auto task, write->NewTask(0));
  ARROW_RETURN_NOT_OK(task->Write(*ToBatch(rows)));
  ARROW_ASSIGN_OR_RAISE(std::string message, task->Close());
  return write->Commit({message});
}

inline std::vector<TestRow> Numbered(int n, int partitions = 1, int from = 0) {
  std::vector<TestRow> rows;
  for (int i = from; i < from + n; ++i)
    rows.push_back({"v" + std::to_string(i), "k" + std::to_string(i), i % partitions});
  return rows;
}

inline ScanRequest Request(std::vector<std::string> columns = {}, bool headers = false) {
  ScanRequest request;
  std::vector<StructField> fields;
  const DataType all = KafkaSchema(headers);
  for (const StructField& field : all.fields()) {
    if (columns.empty() || std::find(columns.begin(), columns.end(), field.name) != columns.end())
      fields.push_back(field);
  }
  request.schema = DataType::Struct(std::move(fields));
  request.parallelism = 2;
  return request;
}

inline Result<std::shared_ptr<arrow::Table>> Drain(BatchReader* reader, const DataType& schema) {
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
    if (!batch) break;
    ARROW_RETURN_NOT_OK(batch->ValidateFull());
    batches.push_back(std::move(batch));
  }
  return arrow::Table::FromRecordBatches(ToArrowSchema(schema), batches);
}

inline Result<std::shared_ptr<arrow::Table>> ReadBatch(const std::string& servers, OptionMap options,
                                                       ScanRequest request = Request()) {
  ARROW_ASSIGN_OR_RAISE(auto table, LoadKafka(servers, std::move(options)));
  ARROW_ASSIGN_OR_RAISE(auto scan, table->NewScan(request));
  ARROW_ASSIGN_OR_RAISE(auto splits, scan->Plan());
  std::vector<std::shared_ptr<arrow::Table>> parts = {
      arrow::Table::FromRecordBatches(ToArrowSchema(request.schema), {}).ValueOrDie()};
  for (const SplitPtr& split : splits) {
    ARROW_ASSIGN_OR_RAISE(auto reader, scan->Open(split));
    ARROW_ASSIGN_OR_RAISE(auto part, Drain(reader.get(), request.schema));
    parts.push_back(std::move(part));
  }
  return arrow::ConcatenateTables(parts);
}

/// One micro-batch as text, sorted by split: "v1 v2".
inline Result<std::vector<std::string>> ReadValues(StreamSource* source, const Offset& start, const Offset& end) {
  const ScanRequest request = Request({"value"});
  ARROW_ASSIGN_OR_RAISE(auto splits, source->Plan(start, end, request));
  std::vector<std::string> values;
  for (const SplitPtr& split : splits) {
    ARROW_ASSIGN_OR_RAISE(auto reader, source->Open(split, request));
    ARROW_ASSIGN_OR_RAISE(auto table, Drain(reader.get(), request.schema));
    for (const auto& chunk : table->column(0)->chunks()) {
      const auto& array = static_cast<const arrow::BinaryArray&>(*chunk);
      for (int64_t i = 0; i < array.length(); ++i) values.push_back(array.IsNull(i) ? "NULL" : array.GetString(i));
    }
  }
  return values;
}

inline std::unique_ptr<StreamSource> NewSource(const std::string& servers, OptionMap options,
                                               const std::string& checkpoint = "") {
  auto table = LoadKafka(servers, std::move(options), true).ValueOrDie();
  StreamReadContext context;
  context.checkpoint = checkpoint;
  return table->NewStreamSource(context).ValueOrDie();
}

/// A folder that goes away with the test.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "sluice-kafka-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace sluice::connectors::kafka
