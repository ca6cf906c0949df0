#include "connectors/console/table.h"

#include <iostream>
#include <map>
#include <mutex>

#include "types/show_string.h"

namespace sluice::connectors {

namespace {

struct ConsoleOptions {
  ShowOptions show;
  std::shared_ptr<const TimeZone> zone;
};

Result<ConsoleOptions> ParseOptions(const OptionMap& options, const Config* config) {
  ConsoleOptions out;
  ARROW_ASSIGN_OR_RAISE(out.show.num_rows, GetIntOption(options, "numRows", 20));
  ARROW_ASSIGN_OR_RAISE(bool truncate, GetBoolOption(options, "truncate", true));
  out.show.truncate = truncate ? 20 : 0;
  std::string zone = config ? config->Get("spark.sql.session.timeZone").value_or("") : "";
  ARROW_ASSIGN_OR_RAISE(out.zone, TimeZone::Find(zone.empty() ? TimeZone::LocalName() : zone));
  return out;
}

/// Rows of all tasks, printed at commit. batch_id < 0: a batch query.
class ConsoleWrite final : public BatchWrite {
 public:
  ConsoleWrite(DataType schema, ConsoleOptions options, int64_t batch_id)
      : schema_(std::move(schema)), options_(std::move(options)), batch_id_(batch_id) {}

  Result<std::unique_ptr<TaskWriter>> NewTask(int task) override { return std::make_unique<Writer>(this, task); }
  Status Commit(const std::vector<std::string>&) override {
    std::vector<std::shared_ptr<arrow::RecordBatch>> all;
    for (auto& [_, batches] : rows_) all.insert(all.end(), batches.begin(), batches.end());
    std::string text;
    if (batch_id_ >= 0) {
      const std::string rule(43, '-');
      text = rule + "\nBatch: " + std::to_string(batch_id_) + "\n" + rule + "\n";
    }
    text += ShowString(schema_, all, *options_.zone, options_.show) + "\n";
    static std::mutex print_mutex;
    std::lock_guard lock(print_mutex);
    std::cout << text << std::flush;
    return Status::OK();
  }
  void Abort(const std::vector<std::string>&) override {}

 private:
  class Writer final : public TaskWriter {
   public:
    Writer(ConsoleWrite* owner, int task) : owner_(owner), task_(task) {}
    Status Write(const arrow::RecordBatch& batch) override {
      // One row more than is shown tells that there are more.
      const int64_t wanted = owner_->options_.show.num_rows + 1 - kept_;
      if (wanted <= 0) return Status::OK();
      auto part = batch.Slice(0, wanted);
      kept_ += part->num_rows();
      batches_.push_back(std::move(part));
      return Status::OK();
    }
    Result<std::string> Close() override {
      std::lock_guard lock(owner_->mutex_);
      auto& rows = owner_->rows_[task_];
      rows.insert(rows.end(), batches_.begin(), batches_.end());
      return std::string();
    }

   private:
    ConsoleWrite* owner_;
    int task_;
    int64_t kept_ = 0;
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches_;
  };

  DataType schema_;
  ConsoleOptions options_;
  int64_t batch_id_;
  std::mutex mutex_;
  std::map<int, std::vector<std::shared_ptr<arrow::RecordBatch>>> rows_;  // by task
};

class ConsoleSink final : public StreamSink {
 public:
  ConsoleSink(DataType schema, ConsoleOptions options) : schema_(std::move(schema)), options_(std::move(options)) {}
  std::string description() const override {
    return "ConsoleTable[numRows=" + std::to_string(options_.show.num_rows) +
           ", truncate=" + (options_.show.truncate ? "true" : "false") + "]";
  }
  bool at_least_once() const override { return true; }
  Result<std::unique_ptr<BatchWrite>> NewBatch(int64_t batch_id) override {
    return std::make_unique<ConsoleWrite>(schema_, options_, batch_id);
  }

 private:
  DataType schema_;
  ConsoleOptions options_;
};

class ConsoleTable final : public Table {
 public:
  explicit ConsoleTable(const FormatRequest& request)
      : schema_(request.schema.value_or(DataType::Struct({}))), options_(request.options) {
    if (request.config) config_ = *request.config;
  }
  std::string name() const override { return "console"; }
  std::string provider() const override { return "console"; }
  const DataType& schema() const override { return schema_; }
  bool can_write() const override { return true; }
  bool can_stream_write() const override { return true; }
  Result<std::unique_ptr<BatchWrite>> NewWrite(const WriteRequest& request) override {
    ARROW_ASSIGN_OR_RAISE(auto options, ParseOptions(options_, &config_));
    return std::make_unique<ConsoleWrite>(request.schema, options, -1);
  }
  Result<std::unique_ptr<StreamSink>> NewStreamSink(const StreamWriteContext& context) override {
    ARROW_ASSIGN_OR_RAISE(auto options, ParseOptions(context.options, &config_));
    return std::make_unique<ConsoleSink>(context.schema, options);
  }

 private:
  DataType schema_;
  OptionMap options_;
  Config config_;
};

Result<TablePtr> Load(const FormatRequest& request) { return std::make_shared<ConsoleTable>(request); }

}  // namespace

const Connector kConsoleConnector = {
    .name = "console",
    .doc = "Prints rows to standard output. Options: numRows (20), truncate (true).",
    .load = &Load,
};

}  // namespace sluice::connectors
