#pragma once
// For tests: a stream of BIGINTs that the test feeds.
#include <arrow/builder.h>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "connectors/api/table.h"
#include "session/session.h"
#include "session/source_resolver.h"
#include "sluice/sluice.h"
#include "types/arrow_types.h"

namespace sluice::session {

/// Shared by the table and its sources: what has been added so far.
struct NumberFeed {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<int64_t> numbers;
  bool woken = false;
  int64_t asked = 0;  // how often for the latest offset
  bool broken = false;

  void Add(std::vector<int64_t> more) {
    std::lock_guard lock(mutex);
    numbers.insert(numbers.end(), more.begin(), more.end());
    changed.notify_all();
  }
  /// From here on the source throws.
  void Break() {
    std::lock_guard lock(mutex);
    broken = woken = true;
    changed.notify_all();
  }
};

struct NumberSplit final : connectors::Split {
  NumberSplit(int64_t f, int64_t t) : from(f), to(t) {}
  int64_t from, to;
  std::string ToString() const override { return std::to_string(from); }
};

class NumberReader final : public connectors::BatchReader {
 public:
  NumberReader(std::vector<int64_t> numbers, DataType schema)
      : numbers_(std::move(numbers)), schema_(std::move(schema)) {}
  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    if (done_) return nullptr;
    done_ = true;
    arrow::Int64Builder builder;
    ARROW_RETURN_NOT_OK(builder.AppendValues(numbers_));
    ARROW_ASSIGN_OR_RAISE(auto array, builder.Finish());
    arrow::ArrayVector columns(schema_.fields().size(), array);
    return arrow::RecordBatch::Make(ToArrowSchema(schema_), static_cast<int64_t>(numbers_.size()), columns);
  }

 private:
  std::vector<int64_t> numbers_;
  DataType schema_;
  bool done_ = false;
};

class NumberSource final : public connectors::StreamSource {
 public:
  explicit NumberSource(std::shared_ptr<NumberFeed> feed) : feed_(std::move(feed)) {}
  std::string description() const override { return "NumberSource"; }
  Result<connectors::Offset> InitialOffset() override { return connectors::Offset{"0"}; }
  Result<connectors::Offset> LatestOffset(const connectors::Offset&, connectors::ReadLimit) override {
    std::lock_guard lock(feed_->mutex);
    ++feed_->asked;
    if (feed_->broken) throw std::runtime_error("broken");
    if (feed_->numbers.empty()) return connectors::Offset{};
    return connectors::Offset{std::to_string(feed_->numbers.size())};
  }
  Result<std::vector<connectors::SplitPtr>> Plan(const connectors::Offset& start, const connectors::Offset& end,
                                                 const connectors::ScanRequest&) override {
    return std::vector<connectors::SplitPtr>{
        std::make_shared<NumberSplit>(std::stoll(start.json), std::stoll(end.json))};
  }
  Result<std::unique_ptr<connectors::BatchReader>> Open(const connectors::SplitPtr& split,
                                                        const connectors::ScanRequest& request) override {
    const auto& s = static_cast<const NumberSplit&>(*split);
    std::lock_guard lock(feed_->mutex);
    return std::make_unique<NumberReader>(
        std::vector<int64_t>(feed_->numbers.begin() + s.from, feed_->numbers.begin() + s.to), request.schema);
  }
  void WaitForData(const connectors::Offset& start, std::chrono::milliseconds timeout) override {
    std::unique_lock lock(feed_->mutex);
    const int64_t seen = start.json.empty() ? 0 : std::stoll(start.json);
    feed_->changed.wait_for(lock, timeout,
                            [&] { return feed_->woken || static_cast<int64_t>(feed_->numbers.size()) > seen; });
    feed_->woken = false;
  }
  void Wake() override {
    std::lock_guard lock(feed_->mutex);
    feed_->woken = true;
    feed_->changed.notify_all();
  }

 private:
  std::shared_ptr<NumberFeed> feed_;
};

class NumberTable final : public connectors::Table {
 public:
  explicit NumberTable(std::shared_ptr<NumberFeed> feed) : feed_(std::move(feed)) {}
  std::string name() const override { return "numbers"; }
  std::string provider() const override { return "numbers"; }
  const DataType& schema() const override { return schema_; }
  bool can_stream_read() const override { return true; }
  Result<std::unique_ptr<connectors::StreamSource>> NewStreamSource(const connectors::StreamReadContext&) override {
    return std::make_unique<NumberSource>(feed_);
  }

 private:
  DataType schema_ = DataType::Struct({{"value", DataType::Long(), true, ""}});
  std::shared_ptr<NumberFeed> feed_;
};

inline DataFrame StreamOf(const SparkSession& spark, std::shared_ptr<NumberFeed> feed) {
  return DataFrame(spark.impl(), MakeRelation(std::make_shared<NumberTable>(std::move(feed)), {}, {}, true));
}

}  // namespace sluice::session
