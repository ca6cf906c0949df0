#pragma once
// librdkafka messages -> Arrow columns; only those that are asked for.
#include <arrow/buffer.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "sluice/types.h"

namespace sluice::connectors::kafka {

/// The fixed schema: key, value, topic, partition, offset, timestamp, timestampType (, headers).
DataType KafkaSchema(bool include_headers);

/// A binary column in one buffer. Past its end are kPadding readable zero bytes: simdjson reads beyond its input.
class BytesColumn {
 public:
  static constexpr int64_t kPadding = 64;
  Status Reserve(int64_t rows, int64_t bytes);
  Status Append(const void* data, size_t size, bool null);
  int64_t bytes() const { return size_; }
  Result<std::shared_ptr<arrow::Array>> Finish();

 private:
  Status Grow(int64_t bytes);
  std::shared_ptr<arrow::ResizableBuffer> data_;
  int64_t size_ = 0, capacity_ = 0;
  std::vector<int32_t> offsets_;
  std::vector<uint8_t> valid_;  // empty while there are no nulls
  int64_t nulls_ = 0;
};

class BatchBuilder {
 public:
  /// `schema`: some of KafkaSchema's columns in any order, the struct in `headers` possibly narrowed.
  static Result<std::unique_ptr<BatchBuilder>> Make(const DataType& schema, std::string topic, int32_t partition,
                                                    int64_t expected_rows);
  Status Append(const rd_kafka_message_t& message);
  int64_t rows() const { return rows_; }
  int64_t bytes() const { return bytes_; }
  Result<std::shared_ptr<arrow::RecordBatch>> Finish();

 private:
  enum Column : uint8_t { kKey, kValue, kTopic, kPartition, kOffset, kTimestamp, kTimestampType, kHeaders };
  BatchBuilder() = default;
  Status Start();
  Status AppendHeaders(const rd_kafka_message_t& message);

  std::vector<Column> columns_;
  std::shared_ptr<arrow::Schema> schema_;
  std::string topic_;
  int32_t partition_ = 0;
  int64_t expected_rows_ = 0, rows_ = 0, bytes_ = 0;
  bool wants_time_ = false;
  BytesColumn key_, value_;
  std::vector<int64_t> offset_, timestamp_;
  std::vector<int32_t> timestamp_type_;
  std::unique_ptr<arrow::ArrayBuilder> headers_;
  std::vector<bool> header_is_key_;  // fields of the struct in `headers`
};

}  // namespace sluice::connectors::kafka
