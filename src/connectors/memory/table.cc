#include "connectors/memory/table.h"

#include <map>
#include <mutex>

#include "types/arrow_types.h"

namespace sluice::connectors {

namespace {

using Rows = std::vector<std::shared_ptr<arrow::RecordBatch>>;

/// Rows of committed batches; shared by the sink and every reader.
class Store {
 public:
  Rows Read() const {
    std::lock_guard lock(mutex_);
    Rows all;
    for (const auto& batch : batches_) all.insert(all.end(), batch.begin(), batch.end());
    return all;
  }
  /// A batch that is there already is left alone.
  void Commit(int64_t batch_id, bool replace, Rows rows) {
    std::lock_guard lock(mutex_);
    if (batch_id >= 0 && batch_id <= newest_) return;
    if (replace) batches_.clear();
    batches_.push_back(std::move(rows));
    newest_ = std::max(newest_, batch_id);
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Rows> batches_;
  int64_t newest_ = -1;
};

class MemoryWrite final : public BatchWrite {
 public:
  MemoryWrite(std::shared_ptr<Store> store, DataType schema, int64_t batch_id, bool replace)
      : store_(std::move(store)), schema_(std::move(schema)), batch_id_(batch_id), replace_(replace) {}

  Result<std::unique_ptr<TaskWriter>> NewTask(int task) override { return std::make_unique<Writer>(this, task); }
  Status Commit(const std::vector<std::string>&) override {
    Rows all;
    auto schema = ToArrowSchema(schema_);
    for (auto& [_, batches] : rows_)
      for (const auto& batch : batches)
        all.push_back(arrow::RecordBatch::Make(schema, batch->num_rows(), batch->columns()));
    store_->Commit(batch_id_, replace_, std::move(all));
    return Status::OK();
  }
  void Abort(const std::vector<std::string>&) override {}

 private:
  class Writer final : public TaskWriter {
   public:
    Writer(MemoryWrite* owner, int task) : owner_(owner), task_(task) {}
    Status Write(const arrow::RecordBatch& batch) override {
      batches_.push_back(batch.Slice(0));
      return Status::OK();
    }
    Result<std::string> Close() override {
      std::lock_guard lock(owner_->mutex_);
      auto& rows = owner_->rows_[task_];
      rows.insert(rows.end(), batches_.begin(), batches_.end());
      return std::string();
    }

   private:
    MemoryWrite* owner_;
    int task_;
    Rows batches_;
  };

  std::shared_ptr<Store> store_;
  DataType schema_;
  int64_t batch_id_;
  bool replace_;
  std::mutex mutex_;
  std::map<int, Rows> rows_;  // by task
};

class MemorySink final : public StreamSink {
 public:
  MemorySink(std::shared_ptr<Store> store, DataType schema, bool complete)
      : store_(std::move(store)), schema_(std::move(schema)), complete_(complete) {}
  std::string description() const override { return "MemorySink"; }
  bool at_least_once() const override { return true; }
  Result<std::unique_ptr<BatchWrite>> NewBatch(int64_t batch_id) override {
    return std::make_unique<MemoryWrite>(store_, schema_, batch_id, complete_);
  }

 private:
  std::shared_ptr<Store> store_;
  DataType schema_;
  bool complete_;
};

struct MemorySplit final : Split {
  std::string ToString() const override { return "memory"; }
};

/// The columns a scan wants, batch by batch.
class MemoryReader final : public BatchReader {
 public:
  MemoryReader(Rows rows, const DataType& table, const DataType& wanted)
      : rows_(std::move(rows)), schema_(ToArrowSchema(wanted)) {
    for (const auto& field : wanted.fields())
      for (size_t i = 0; i < table.fields().size(); ++i)
        if (table.fields()[i].name == field.name) {
          columns_.push_back(static_cast<int>(i));
          break;
        }
  }
  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    if (next_ == rows_.size()) return nullptr;
    const auto& batch = rows_[next_++];
    arrow::ArrayVector arrays;
    for (int c : columns_) arrays.push_back(batch->column(c));
    return arrow::RecordBatch::Make(schema_, batch->num_rows(), std::move(arrays));
  }

 private:
  Rows rows_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<int> columns_;
  size_t next_ = 0;
};

class MemoryScan final : public Scan {
 public:
  MemoryScan(Rows rows, DataType table, ScanRequest request)
      : rows_(std::move(rows)), table_(std::move(table)), request_(std::move(request)) {}
  Result<std::vector<SplitPtr>> Plan() override { return std::vector<SplitPtr>{std::make_shared<MemorySplit>()}; }
  Result<std::unique_ptr<BatchReader>> Open(const SplitPtr&) override {
    return std::make_unique<MemoryReader>(rows_, table_, request_.schema);
  }

 private:
  Rows rows_;
  DataType table_;
  ScanRequest request_;
};

class MemoryTable final : public Table {
 public:
  explicit MemoryTable(DataType schema) : schema_(std::move(schema)), store_(std::make_shared<Store>()) {}
  std::string name() const override { return "memory"; }
  std::string provider() const override { return "memory"; }
  const DataType& schema() const override { return schema_; }
  bool can_read() const override { return true; }
  bool can_stream_write() const override { return true; }
  Result<std::unique_ptr<Scan>> NewScan(const ScanRequest& request) override {
    return std::make_unique<MemoryScan>(store_->Read(), schema_, request);
  }
  Result<std::unique_ptr<StreamSink>> NewStreamSink(const StreamWriteContext& context) override {
    return std::make_unique<MemorySink>(store_, context.schema, context.output_mode == "complete");
  }

 private:
  DataType schema_;
  std::shared_ptr<Store> store_;
};

Result<TablePtr> Load(const FormatRequest& request) {
  if (!request.for_write)
    return UnsupportedFeature("reading format memory: its rows are in the table of the query's name");
  return std::make_shared<MemoryTable>(request.schema.value_or(DataType::Struct({})));
}

}  // namespace

const Connector kMemoryConnector = {
    .name = "memory",
    .doc = "Keeps the rows of a stream in memory, as the table named by queryName.",
    .load = &Load,
};

}  // namespace sluice::connectors
