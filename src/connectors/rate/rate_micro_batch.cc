// The source "rate-micro-batch": the same rows for each batch, whatever the clock says.
#include <limits>
#include <nlohmann/json.hpp>

#include "base/master.h"
#include "connectors/api/stream_only.h"
#include "connectors/rate/rate.h"
#include "connectors/rate/rows.h"

namespace sluice::connectors {
namespace rate {
namespace {

struct BatchOptions {
  int64_t rows = 0, start_ms = 0, advance_ms = 1000;
  int partitions = 1;
};

Result<BatchOptions> ParseOptions(const OptionMap& options, int threads) {
  BatchOptions out;
  ARROW_ASSIGN_OR_RAISE(out.rows, NumberOption(options, "rowsPerBatch", 0, 1, "be positive"));
  ARROW_ASSIGN_OR_RAISE(out.partitions, NumPartitions(options));
  if (out.partitions == 0) out.partitions = threads;
  ARROW_ASSIGN_OR_RAISE(out.start_ms, NumberOption(options, "startTimestamp", 0, 0, "be non-negative"));
  ARROW_ASSIGN_OR_RAISE(out.advance_ms, NumberOption(options, "advanceMillisPerBatch", 1000, 0, "be non-negative"));
  return out;
}

struct Position {
  int64_t offset = 0, timestamp = 0;
  Offset ToOffset() const { return {fmt::format(R"({{"offset":{},"timestamp":{}}})", offset, timestamp)}; }
};

Result<Position> ParsePosition(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  Position out;
  const auto take = [&](const char* key, int64_t* to) {
    if (!json.is_object() || !json.contains(key) || !json[key].is_number_integer()) return false;
    *to = json[key].get<int64_t>();
    return true;
  };
  if (!take("offset", &out.offset) || !take("timestamp", &out.timestamp))
    return MakeError("MALFORMED_LOG_FILE",
                     {{"text", "an offset of the source rate-micro-batch: " + text.substr(0, 100)}});
  return out;
}

class RateMicroBatchSource final : public StreamSource {
 public:
  explicit RateMicroBatchSource(BatchOptions options) : options_(options) {}
  std::string description() const override {
    return fmt::format(
        "RatePerMicroBatchStream[rowsPerBatch={}, numPartitions={}, startTimestamp={}, advanceMsPerBatch={}]",
        options_.rows, options_.partitions, options_.start_ms, options_.advance_ms);
  }
  Result<Offset> InitialOffset() override { return Position{0, options_.start_ms}.ToOffset(); }
  Result<Offset> LatestOffset(const Offset& start, ReadLimit) override {
    if (fixed_end_) return *fixed_end_;
    ARROW_ASSIGN_OR_RAISE(Position from, ParsePosition(start.json));
    const int64_t room = std::numeric_limits<int64_t>::max() - from.offset;
    const Offset end =
        Position{from.offset + std::min(options_.rows, room), from.timestamp + options_.advance_ms}.ToOffset();
    if (available_now_) fixed_end_ = end;
    return end;
  }
  Status PrepareForAvailableNow() override {
    available_now_ = true;
    return Status::OK();
  }
  Result<std::vector<SplitPtr>> Plan(const Offset& start_offset, const Offset& end_offset,
                                     const ScanRequest&) override {
    ARROW_ASSIGN_OR_RAISE(Position start, ParsePosition(start_offset.json));
    ARROW_ASSIGN_OR_RAISE(Position end, ParsePosition(end_offset.json));
    return SplitRange({start.offset, std::max(start.offset, end.offset), start.timestamp, 0}, options_.partitions);
  }
  Result<std::unique_ptr<BatchReader>> Open(const SplitPtr& split, const ScanRequest& request) override {
    return OpenRange(split, request);
  }
  // There is always more.
  void WaitForData(const Offset&, std::chrono::milliseconds) override {}
  void Wake() override {}
  Result<Offset> Deserialize(const std::string& json) override {
    ARROW_RETURN_NOT_OK(ParsePosition(json).status());
    return Offset{json};
  }

 private:
  const BatchOptions options_;
  bool available_now_ = false;
  std::optional<Offset> fixed_end_;
};

class RateMicroBatchTable final : public Table {
 public:
  explicit RateMicroBatchTable(BatchOptions options) : options_(options) {}
  std::string name() const override {
    return fmt::format(
        "RatePerMicroBatch(rowsPerBatch={}, numPartitions={},startTimestamp={}, advanceMillisPerBatch={})",
        options_.rows, options_.partitions, options_.start_ms, options_.advance_ms);
  }
  std::string provider() const override { return "rate-micro-batch"; }
  const DataType& schema() const override { return RateSchema(); }
  bool can_stream_read() const override { return true; }
  Result<std::unique_ptr<StreamSource>> NewStreamSource(const StreamReadContext&) override {
    return std::make_unique<RateMicroBatchSource>(options_);
  }

 private:
  BatchOptions options_;
};

Result<TablePtr> Load(const FormatRequest& request) {
  ARROW_RETURN_NOT_OK(RefuseUnlessStreamRead(request, "rate-micro-batch", "RatePerMicroBatchProvider"));
  ARROW_ASSIGN_OR_RAISE(
      BatchOptions options,
      ParseOptions(request.options, request.config != nullptr ? DefaultParallelism(*request.config) : 1));
  return std::make_shared<RateMicroBatchTable>(options);
}

}  // namespace
}  // namespace rate

const Connector kRateMicroBatchConnector = {
    .name = "rate-micro-batch",
    .aliases = {"org.apache.spark.sql.execution.streaming.sources.RatePerMicroBatchProvider"},
    .doc =
        "Rows that count up, so many a batch, as a stream. Options: rowsPerBatch, startTimestamp (0), "
        "advanceMillisPerBatch (1000), "
        "numPartitions.",
    .load = &rate::Load,
};

}  // namespace sluice::connectors
