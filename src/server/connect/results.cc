#include "server/connect/results.h"

#include <arrow/io/interfaces.h>
#include <arrow/ipc/writer.h>
#include <arrow/util/byte_size.h>

#include <map>

#include "server/connect/translate/types.h"
#include "types/spark_arrow.h"

namespace sluice::connect {

namespace {

/// Writes into the string that a message takes over.
class StringOutput final : public arrow::io::OutputStream {
 public:
  explicit StringOutput(std::string* out) : out_(out) { set_mode(arrow::io::FileMode::WRITE); }
  Status Close() override {
    closed_ = true;
    return Status::OK();
  }
  bool closed() const override { return closed_; }
  Result<int64_t> Tell() const override { return static_cast<int64_t>(out_->size()); }
  Status Write(const void* data, int64_t bytes) override {
    out_->append(static_cast<const char*>(data), static_cast<size_t>(bytes));
    return Status::OK();
  }
  using arrow::io::OutputStream::Write;

 private:
  std::string* out_;
  bool closed_ = false;
};

Status WriteStream(const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches,
                   const std::shared_ptr<arrow::Schema>& schema, std::string* out) {
  StringOutput output(out);
  ARROW_ASSIGN_OR_RAISE(auto writer, arrow::ipc::MakeStreamWriter(&output, schema));
  for (const auto& batch : batches) ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(*batch));
  return writer->Close();
}

/// Fields of one name within a struct get numbers, as Spark sends them: Arrow's Python cannot read them otherwise.
/// Clients take the true names from the schema beside the rows.
DataType WithDistinctFields(const DataType& type) {
  switch (type.id()) {
    case TypeId::kArray: return DataType::Array(WithDistinctFields(type.elementType()), type.containsNull());
    case TypeId::kMap:
      return DataType::Map(WithDistinctFields(type.keyType()), WithDistinctFields(type.valueType()),
                           type.containsNull());
    case TypeId::kStruct: {
      std::map<std::string, int> count, next;
      for (const auto& field : type.fields()) ++count[field.name];
      std::vector<StructField> fields = type.fields();
      for (auto& field : fields) {
        field.type = WithDistinctFields(field.type);
        if (count[field.name] > 1) field.name += "_" + std::to_string(next[field.name]++);
      }
      return DataType::Struct(std::move(fields));
    }
    default: return type;
  }
}

/// The schema of the messages; columns of one name stay as they are.
std::shared_ptr<arrow::Schema> MessageSchema(const DataType& schema, const std::string& time_zone) {
  std::vector<StructField> columns = schema.fields();
  for (auto& column : columns) column.type = WithDistinctFields(column.type);
  return SparkArrowSchema(DataType::Struct(std::move(columns)), time_zone);
}

}  // namespace

Result<std::string> ToArrowStream(const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches,
                                  const DataType& schema, const std::string& time_zone) {
  auto arrow_schema = MessageSchema(schema, time_zone);
  std::vector<std::shared_ptr<arrow::RecordBatch>> all;
  for (const auto& batch : batches) all.push_back(WithArrowSchema(*batch, arrow_schema));
  std::string out;
  ARROW_RETURN_NOT_OK(WriteStream(all, arrow_schema, &out));
  return out;
}

RowSender::RowSender(Operation& operation, DataType schema, const std::string& time_zone, int64_t batch_bytes)
    : operation_(operation), schema_(std::move(schema)), arrow_schema_(MessageSchema(schema_, time_zone)),
      batch_bytes_(batch_bytes) {}

Status RowSender::Add(const std::shared_ptr<arrow::RecordBatch>& batch) {
  auto own = WithArrowSchema(*batch, arrow_schema_);
  ARROW_ASSIGN_OR_RAISE(int64_t bytes, arrow::util::ReferencedBufferSize(*own));
  // Wide rows: no message may pass what clients accept.
  const int64_t pieces = std::max<int64_t>(1, bytes / (4 * batch_bytes_));
  const int64_t rows = std::max<int64_t>(1, own->num_rows() / pieces);
  for (int64_t at = 0; at < own->num_rows(); at += rows) {
    waiting_.push_back(own->Slice(at, rows));
    waiting_bytes_ += bytes / pieces;
    if (waiting_bytes_ >= batch_bytes_) ARROW_RETURN_NOT_OK(Flush());
  }
  return Status::OK();
}

Status RowSender::Flush() {
  // Clients take one record batch a message.
  std::shared_ptr<arrow::RecordBatch> batch;
  if (waiting_.empty()) {
    ARROW_ASSIGN_OR_RAISE(batch, arrow::RecordBatch::MakeEmpty(arrow_schema_));
  } else if (waiting_.size() == 1) {
    batch = waiting_[0];
  } else {
    ARROW_ASSIGN_OR_RAISE(batch, arrow::ConcatenateRecordBatches(waiting_));
  }
  proto::ExecutePlanResponse response;
  if (first_) ToProto(schema_, response.mutable_schema());
  first_ = false;
  auto* rows = response.mutable_arrow_batch();
  rows->set_row_count(batch->num_rows());
  rows->set_start_offset(sent_rows_);
  rows->mutable_data()->reserve(static_cast<size_t>(waiting_bytes_ + waiting_bytes_ / 8 + 4096));
  ARROW_RETURN_NOT_OK(WriteStream({batch}, arrow_schema_, rows->mutable_data()));
  sent_rows_ += batch->num_rows();
  waiting_.clear();
  waiting_bytes_ = 0;
  return operation_.Send(std::move(response));
}

Status RowSender::Finish() { return first_ || !waiting_.empty() ? Flush() : Status::OK(); }

}  // namespace sluice::connect
