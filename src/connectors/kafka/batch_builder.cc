#include "connectors/kafka/batch_builder.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/util/bit_util.h>

#include <limits>

#include "types/arrow_types.h"

namespace sluice::connectors::kafka {
namespace {

template <typename T>
std::shared_ptr<arrow::Buffer> TakeBuffer(std::vector<T>* values) {
  return arrow::Buffer::FromVector(std::move(*values));
}

}  // namespace

DataType KafkaSchema(bool include_headers) {
  std::vector<StructField> fields = {{"key", DataType::Binary()},           {"value", DataType::Binary()},
                                     {"topic", DataType::String()},         {"partition", DataType::Integer()},
                                     {"offset", DataType::Long()},          {"timestamp", DataType::Timestamp()},
                                     {"timestampType", DataType::Integer()}};
  if (include_headers) {
    fields.push_back(
        {"headers", DataType::Array(DataType::Struct({{"key", DataType::String()}, {"value", DataType::Binary()}}))});
  }
  return DataType::Struct(std::move(fields));
}

Status BytesColumn::Reserve(int64_t rows, int64_t bytes) {
  offsets_.clear();
  offsets_.reserve(static_cast<size_t>(rows) + 1);
  offsets_.push_back(0);
  valid_.clear();
  nulls_ = size_ = 0;
  capacity_ = bytes;
  ARROW_ASSIGN_OR_RAISE(data_, arrow::AllocateResizableBuffer(capacity_ + kPadding));
  return Status::OK();
}

Status BytesColumn::Grow(int64_t bytes) {
  if (size_ + bytes > std::numeric_limits<int32_t>::max())
    return Status::CapacityError("a batch of Kafka holds over 2 GiB");
  capacity_ = std::max(capacity_ * 2, size_ + bytes);
  return data_->Resize(capacity_ + kPadding, /*shrink_to_fit=*/false);
}

Status BytesColumn::Append(const void* data, size_t size, bool null) {
  if (null) {
    if (valid_.empty()) valid_.assign(offsets_.size() - 1, 1);
    ++nulls_;
  }
  if (nulls_ > 0) valid_.push_back(!null);
  const auto bytes = static_cast<int64_t>(size);
  if (size_ + bytes > capacity_) ARROW_RETURN_NOT_OK(Grow(bytes));
  if (size > 0) std::memcpy(data_->mutable_data() + size_, data, size);
  size_ += bytes;
  offsets_.push_back(static_cast<int32_t>(size_));
  return Status::OK();
}

Result<std::shared_ptr<arrow::Array>> BytesColumn::Finish() {
  std::memset(data_->mutable_data() + size_, 0, static_cast<size_t>(kPadding));
  const auto rows = static_cast<int64_t>(offsets_.size()) - 1;
  std::shared_ptr<arrow::Buffer> validity;
  if (nulls_ > 0) {
    ARROW_ASSIGN_OR_RAISE(auto bits, arrow::AllocateEmptyBitmap(rows));
    for (int64_t i = 0; i < rows; ++i)
      arrow::bit_util::SetBitTo(bits->mutable_data(), i, valid_[static_cast<size_t>(i)]);
    validity = std::move(bits);
  }
  std::shared_ptr<arrow::Buffer> data = arrow::SliceBuffer(std::move(data_), 0, size_);
  return std::make_shared<arrow::BinaryArray>(rows, TakeBuffer(&offsets_), std::move(data), std::move(validity),
                                              nulls_);
}

Result<std::unique_ptr<BatchBuilder>> BatchBuilder::Make(const DataType& schema, std::string topic, int32_t partition,
                                                         int64_t expected_rows) {
  std::unique_ptr<BatchBuilder> builder(new BatchBuilder);
  builder->schema_ = ToArrowSchema(schema);
  builder->topic_ = std::move(topic);
  builder->partition_ = partition;
  builder->expected_rows_ = expected_rows;
  const DataType all = KafkaSchema(true);
  for (const StructField& field : schema.fields()) {
    size_t c = 0;
    while (c < all.fields().size() && all.fields()[c].name != field.name) ++c;
    if (c == all.fields().size()) {
      return MakeError("INTERNAL_ERROR", {{"message", "The Kafka source has no column " + field.name}});
    }
    const auto column = static_cast<Column>(c);
    builder->columns_.push_back(column);
    builder->wants_time_ |= column == kTimestamp || column == kTimestampType;
    if (column != kHeaders) continue;
    for (const StructField& part : field.type.elementType().fields())
      builder->header_is_key_.push_back(part.name == "key");
    ARROW_RETURN_NOT_OK(arrow::MakeBuilder(arrow::default_memory_pool(), ToArrowType(field.type), &builder->headers_));
  }
  ARROW_RETURN_NOT_OK(builder->Start());
  return builder;
}

Status BatchBuilder::Start() {
  const int64_t guess = std::max<int64_t>(bytes_ + bytes_ / 8, expected_rows_ * 64);
  rows_ = bytes_ = 0;
  for (Column column : columns_) {
    switch (column) {
      case kKey: ARROW_RETURN_NOT_OK(key_.Reserve(expected_rows_, expected_rows_ * 16)); break;
      case kValue: ARROW_RETURN_NOT_OK(value_.Reserve(expected_rows_, guess)); break;
      case kOffset:
        offset_.clear();
        offset_.reserve(static_cast<size_t>(expected_rows_));
        break;
      default: break;
    }
  }
  timestamp_.clear();
  timestamp_type_.clear();
  return Status::OK();
}

Status BatchBuilder::AppendHeaders(const rd_kafka_message_t& message) {
  auto* list = static_cast<arrow::ListBuilder*>(headers_.get());
  rd_kafka_headers_t* headers = nullptr;
  const char* name;
  const void* value;
  size_t size;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR || rd_kafka_header_cnt(headers) == 0) {
    return list->AppendNull();
  }
  ARROW_RETURN_NOT_OK(list->Append());
  auto* element = static_cast<arrow::StructBuilder*>(list->value_builder());
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    ARROW_RETURN_NOT_OK(element->Append());
    for (size_t f = 0; f < header_is_key_.size(); ++f) {
      auto* field = static_cast<arrow::BinaryBuilder*>(element->field_builder(static_cast<int>(f)));
      if (header_is_key_[f]) {
        ARROW_RETURN_NOT_OK(field->Append(name));
      } else if (value == nullptr) {
        ARROW_RETURN_NOT_OK(field->AppendNull());
      } else {
        ARROW_RETURN_NOT_OK(field->Append(static_cast<const char*>(value), static_cast<int32_t>(size)));
      }
    }
  }
  return Status::OK();
}

Status BatchBuilder::Append(const rd_kafka_message_t& message) {
  int64_t ms = 0;
  int32_t time_type = -1;
  if (wants_time_) {
    rd_kafka_timestamp_type_t type;
    ms = rd_kafka_message_timestamp(&message, &type);
    if (type == RD_KAFKA_TIMESTAMP_CREATE_TIME) time_type = 0;
    if (type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME) time_type = 1;
  }
  for (Column column : columns_) {
    switch (column) {
      case kKey: ARROW_RETURN_NOT_OK(key_.Append(message.key, message.key_len, message.key == nullptr)); break;
      case kValue: ARROW_RETURN_NOT_OK(value_.Append(message.payload, message.len, message.payload == nullptr)); break;
      case kOffset: offset_.push_back(message.offset); break;
      case kTimestamp: timestamp_.push_back(ms * 1000); break;
      case kTimestampType: timestamp_type_.push_back(time_type); break;
      case kHeaders: ARROW_RETURN_NOT_OK(AppendHeaders(message)); break;
      default: break;  // the same in every row: made at the end
    }
  }
  ++rows_;
  bytes_ += static_cast<int64_t>(message.len + message.key_len);
  return Status::OK();
}

Result<std::shared_ptr<arrow::RecordBatch>> BatchBuilder::Finish() {
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (size_t c = 0; c < columns_.size(); ++c) {
    const auto& type = schema_->field(static_cast<int>(c))->type();
    std::shared_ptr<arrow::Array> array;
    switch (columns_[c]) {
      case kKey: {
        ARROW_ASSIGN_OR_RAISE(array, key_.Finish());
        break;
      }
      case kValue: {
        ARROW_ASSIGN_OR_RAISE(array, value_.Finish());
        break;
      }
      case kTopic: {
        arrow::StringBuilder builder;
        ARROW_RETURN_NOT_OK(builder.Reserve(rows_));
        ARROW_RETURN_NOT_OK(builder.ReserveData(rows_ * static_cast<int64_t>(topic_.size())));
        for (int64_t i = 0; i < rows_; ++i) builder.UnsafeAppend(topic_);
        ARROW_ASSIGN_OR_RAISE(array, builder.Finish());
        break;
      }
      case kPartition: {
        std::vector<int32_t> values(static_cast<size_t>(rows_), partition_);
        array = std::make_shared<arrow::Int32Array>(rows_, TakeBuffer(&values));
        break;
      }
      case kOffset: array = std::make_shared<arrow::Int64Array>(rows_, TakeBuffer(&offset_)); break;
      case kTimestamp: array = std::make_shared<arrow::TimestampArray>(type, rows_, TakeBuffer(&timestamp_)); break;
      case kTimestampType: array = std::make_shared<arrow::Int32Array>(rows_, TakeBuffer(&timestamp_type_)); break;
      case kHeaders: {
        ARROW_ASSIGN_OR_RAISE(array, headers_->Finish());
        break;
      }
    }
    arrays.push_back(std::move(array));
  }
  auto batch = arrow::RecordBatch::Make(schema_, rows_, std::move(arrays));
  ARROW_RETURN_NOT_OK(Start());
  return batch;
}

}  // namespace sluice::connectors::kafka
