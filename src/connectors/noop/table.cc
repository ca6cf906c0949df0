#include "connectors/noop/table.h"

#include <atomic>

namespace sluice::connectors {

namespace {

class NoopWriter final : public TaskWriter {
 public:
  Status Write(const arrow::RecordBatch&) override { return Status::OK(); }
  Result<std::string> Close() override { return std::string(); }
};

class NoopWrite final : public BatchWrite {
 public:
  Result<std::unique_ptr<TaskWriter>> NewTask(int) override { return std::make_unique<NoopWriter>(); }
  Status Commit(const std::vector<std::string>&) override { return Status::OK(); }
  void Abort(const std::vector<std::string>&) override {}
};

class NoopSink final : public StreamSink {
 public:
  std::string description() const override { return "noop-table"; }
  bool at_least_once() const override { return true; }
  Result<std::unique_ptr<BatchWrite>> NewBatch(int64_t) override { return std::make_unique<NoopWrite>(); }
};

class NoopTable final : public Table {
 public:
  explicit NoopTable(DataType schema) : schema_(std::move(schema)) {}
  std::string name() const override { return "noop-table"; }
  std::string provider() const override { return "noop"; }
  const DataType& schema() const override { return schema_; }
  bool can_write() const override { return true; }
  bool can_stream_write() const override { return true; }
  Result<std::unique_ptr<BatchWrite>> NewWrite(const WriteRequest&) override { return std::make_unique<NoopWrite>(); }
  Result<std::unique_ptr<StreamSink>> NewStreamSink(const StreamWriteContext&) override {
    return std::make_unique<NoopSink>();
  }

 private:
  DataType schema_;
};

Result<TablePtr> Load(const FormatRequest& request) {
  return std::make_shared<NoopTable>(request.schema.value_or(DataType::Struct({})));
}

}  // namespace

const Connector kNoopConnector = {
    .name = "noop",
    .doc = "Drops every row.",
    .load = &Load,
};

}  // namespace sluice::connectors
