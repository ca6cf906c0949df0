#include "session/checked_write.h"

#include <algorithm>

namespace sluice::session {

namespace {

bool AllNullable(const DataType& schema) {
  return std::all_of(schema.fields().begin(), schema.fields().end(), [](const auto& f) { return f.nullable; });
}

class CheckedWriter final : public connectors::TaskWriter {
 public:
  CheckedWriter(std::unique_ptr<connectors::TaskWriter> inner, const DataType& schema)
      : inner_(std::move(inner)), schema_(schema) {}
  Status Write(const arrow::RecordBatch& batch) override {
    for (size_t i = 0; i < schema_.fields().size() && i < static_cast<size_t>(batch.num_columns()); ++i)
      if (!schema_.fields()[i].nullable && batch.column(static_cast<int>(i))->null_count() > 0)
        return MakeError("NOT_NULL_ASSERT_VIOLATION", {{"walkedTypePath", schema_.fields()[i].name}});
    return inner_->Write(batch);
  }
  Result<std::string> Close() override { return inner_->Close(); }

 private:
  std::unique_ptr<connectors::TaskWriter> inner_;
  const DataType schema_;
};

class CheckedWrite final : public connectors::BatchWrite {
 public:
  CheckedWrite(std::unique_ptr<connectors::BatchWrite> inner, DataType schema)
      : inner_(std::move(inner)), schema_(std::move(schema)) {}
  Result<std::unique_ptr<connectors::TaskWriter>> NewTask(int task) override {
    ARROW_ASSIGN_OR_RAISE(auto writer, inner_->NewTask(task));
    return std::make_unique<CheckedWriter>(std::move(writer), schema_);
  }
  Status Commit(const std::vector<std::string>& messages) override { return inner_->Commit(messages); }
  void Abort(const std::vector<std::string>& messages) override { inner_->Abort(messages); }

 private:
  std::unique_ptr<connectors::BatchWrite> inner_;
  DataType schema_;
};

class CheckedSink final : public connectors::StreamSink {
 public:
  CheckedSink(std::unique_ptr<connectors::StreamSink> inner, DataType schema)
      : inner_(std::move(inner)), schema_(std::move(schema)) {}
  std::string description() const override { return inner_->description(); }
  Result<bool> AlreadyCommitted(int64_t batch_id) override { return inner_->AlreadyCommitted(batch_id); }
  bool at_least_once() const override { return inner_->at_least_once(); }
  Result<std::unique_ptr<connectors::BatchWrite>> NewBatch(int64_t batch_id) override {
    ARROW_ASSIGN_OR_RAISE(auto write, inner_->NewBatch(batch_id));
    return CheckNotNull(std::move(write), schema_);
  }
  int64_t last_num_output_rows() const override { return inner_->last_num_output_rows(); }
  Status Close() override { return inner_->Close(); }

 private:
  std::unique_ptr<connectors::StreamSink> inner_;
  DataType schema_;
};

}  // namespace

std::unique_ptr<connectors::BatchWrite> CheckNotNull(std::unique_ptr<connectors::BatchWrite> inner,
                                                     const DataType& table_schema) {
  if (AllNullable(table_schema)) return inner;
  return std::make_unique<CheckedWrite>(std::move(inner), table_schema);
}

std::unique_ptr<connectors::StreamSink> CheckNotNull(std::unique_ptr<connectors::StreamSink> inner,
                                                     const DataType& table_schema) {
  if (AllNullable(table_schema)) return inner;
  return std::make_unique<CheckedSink>(std::move(inner), table_schema);
}

}  // namespace sluice::session
