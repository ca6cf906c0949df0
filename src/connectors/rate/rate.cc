// The source "rate": so many rows a second, by the wall clock.
#include "connectors/rate/rate.h"

#include <charconv>
#include <condition_variable>
#include <limits>
#include <mutex>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/log.h"
#include "base/master.h"
#include "base/time_string.h"
#include "connectors/api/stream_only.h"
#include "connectors/rate/rows.h"

namespace sluice::connectors {
namespace rate {

int64_t ValueAtSecond(int64_t seconds, int64_t rows_per_second, int64_t ramp_up) {
  const int64_t step = rows_per_second / (ramp_up + 1);
  if (seconds > ramp_up)
    return ValueAtSecond(ramp_up, rows_per_second, ramp_up) + (seconds - ramp_up) * rows_per_second;
  // step * seconds * (seconds + 1) / 2; halving the even factor first keeps the product small.
  return seconds % 2 == 1 ? (seconds + 1) / 2 * step * seconds : seconds / 2 * step * (seconds + 1);
}

namespace {

struct RateOptions {
  int64_t rows_per_second = 1, ramp_up = 0;
  int partitions = 0;  // 0: as many as there are threads
};

Result<RateOptions> ParseOptions(const OptionMap& options) {
  RateOptions out;
  ARROW_ASSIGN_OR_RAISE(out.rows_per_second, NumberOption(options, "rowsPerSecond", 1, 1, "be positive"));
  if (auto text = GetOption(options, "rampUpTime")) {
    ARROW_ASSIGN_OR_RAISE(int64_t ramp_up_us, ParseTimeString(*text, 1'000'000));
    out.ramp_up = ramp_up_us / 1'000'000;
    if (out.ramp_up < 0)
      return MakeError(
          "INVALID_SOURCE_OPTION",
          {{"message", fmt::format("Invalid value '{}'. The option 'rampUpTime' must not be negative", out.ramp_up)}});
  }
  ARROW_ASSIGN_OR_RAISE(out.partitions, NumPartitions(options));
  return out;
}

/// When the query began, in <checkpoint>/0: offsets count seconds from there.
Result<int64_t> ReadOrWriteStart(const std::string& checkpoint) {
  if (checkpoint.empty()) return NowMs();
  ARROW_ASSIGN_OR_RAISE(FileLocation folder, ResolveLocation(checkpoint));
  const std::string path = folder.path + "/0";
  ARROW_ASSIGN_OR_RAISE(auto info, folder.fs->GetFileInfo(path));
  if (info.type() == arrow::fs::FileType::NotFound) {
    const int64_t now = NowMs();
    const std::string text = "v1\n" + std::to_string(now);
    if (folder.local) {
      ARROW_RETURN_NOT_OK(folder.fs->CreateDir(folder.path, /*recursive=*/true));
      ARROW_RETURN_NOT_OK(WriteFileDurably(path, text));
    } else {
      ARROW_ASSIGN_OR_RAISE(auto out, folder.fs->OpenOutputStream(path));
      ARROW_RETURN_NOT_OK(out->Write(text));
      ARROW_RETURN_NOT_OK(out->Close());
    }
    return now;
  }
  ARROW_ASSIGN_OR_RAISE(auto file, folder.fs->OpenInputFile(path));
  ARROW_ASSIGN_OR_RAISE(int64_t size, file->GetSize());
  ARROW_ASSIGN_OR_RAISE(auto bytes, file->Read(std::min<int64_t>(size, 4096)));
  const std::string text = bytes->ToString();
  int64_t start = 0;
  const bool ok =
      text.starts_with("v1\n") && std::from_chars(text.data() + 3, text.data() + text.size(), start).ec == std::errc();
  if (!ok) return MakeError("MALFORMED_LOG_FILE", {{"text", checkpoint + "/0"}});
  return start;
}

Result<int64_t> ParseOffset(const std::string& json) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(json.data(), json.data() + json.size(), value);
  if (error != std::errc() || end != json.data() + json.size())
    return MakeError("MALFORMED_LOG_FILE", {{"text", "an offset of the source rate: " + json.substr(0, 100)}});
  return value;
}

class RateSource final : public StreamSource {
 public:
  RateSource(RateOptions options, int64_t start_ms)
      : options_(options), max_seconds_(std::numeric_limits<int64_t>::max() / options.rows_per_second),
        start_ms_(start_ms), last_ms_(start_ms) {}

  Status Check() const {
    if (options_.ramp_up <= max_seconds_) return Status::OK();
    return MakeError("INCORRECT_RAMP_UP_RATE", {{"rowsPerSecond", std::to_string(options_.rows_per_second)},
                                                {"maxSeconds", std::to_string(max_seconds_)},
                                                {"rampUpTimeSeconds", std::to_string(options_.ramp_up)}});
  }
  std::string description() const override {
    // The bracket that is missing is missing in Spark.
    return fmt::format("RateStreamV2[rowsPerSecond={}, rampUpTimeSeconds={}, numPartitions={}",
                       options_.rows_per_second, options_.ramp_up,
                       options_.partitions == 0 ? "default" : std::to_string(options_.partitions));
  }
  Result<Offset> InitialOffset() override { return Offset{"0"}; }
  Result<Offset> LatestOffset(const Offset&, ReadLimit) override {
    std::lock_guard lock(mutex_);
    if (!fixed_) last_ms_ = std::max(last_ms_, NowMs());
    if (available_now_) fixed_ = true;
    latest_ = std::to_string((last_ms_ - start_ms_) / 1000);
    return Offset{latest_};
  }
  Status PrepareForAvailableNow() override {
    available_now_ = true;
    return Status::OK();
  }
  Result<std::vector<SplitPtr>> Plan(const Offset& start_offset, const Offset& end_offset,
                                     const ScanRequest& request) override {
    ARROW_ASSIGN_OR_RAISE(int64_t start, ParseOffset(start_offset.json));
    ARROW_ASSIGN_OR_RAISE(int64_t end, ParseOffset(end_offset.json));
    if (end > max_seconds_)
      return MakeError("INCORRECT_END_OFFSET", {{"rowsPerSecond", std::to_string(options_.rows_per_second)},
                                                {"maxSeconds", std::to_string(max_seconds_)},
                                                {"endSeconds", std::to_string(end)}});
    {
      // A clock that was set back since: never an end before one that has been handed out.
      std::lock_guard lock(mutex_);
      last_ms_ = std::max(last_ms_, start_ms_ + end * 1000);
    }
    ValueRange range;
    range.start = ValueAtSecond(start, options_.rows_per_second, options_.ramp_up);
    range.end = ValueAtSecond(end, options_.rows_per_second, options_.ramp_up);
    if (range.end <= range.start) return std::vector<SplitPtr>();
    range.start_ms = start_ms_ + start * 1000;
    range.ms_per_value = static_cast<double>((end - start) * 1000) / static_cast<double>(range.end - range.start);
    return SplitRange(range, options_.partitions == 0 ? std::max(1, request.parallelism) : options_.partitions);
  }
  Result<std::unique_ptr<BatchReader>> Open(const SplitPtr& split, const ScanRequest& request) override {
    return OpenRange(split, request);
  }
  void WaitForData(const Offset& start, std::chrono::milliseconds timeout) override {
    const int64_t seconds = ParseOffset(start.json).ValueOr(0);
    std::unique_lock lock(mutex_);
    const int64_t next_ms = start_ms_ + (seconds + 1) * 1000 - NowMs();
    woken_.wait_for(lock, std::min(timeout, std::chrono::milliseconds(std::max<int64_t>(0, next_ms))),
                    [&] { return wake_; });
    wake_ = false;
  }
  void Wake() override {
    std::lock_guard lock(mutex_);
    wake_ = true;
    woken_.notify_all();
  }
  Offset ReportLatestOffset() override {
    std::lock_guard lock(mutex_);
    return {latest_};
  }
  Result<Offset> Deserialize(const std::string& json) override {
    ARROW_RETURN_NOT_OK(ParseOffset(json).status());
    return Offset{json};
  }

 private:
  const RateOptions options_;
  const int64_t max_seconds_, start_ms_;
  bool available_now_ = false, fixed_ = false;
  std::mutex mutex_;
  std::condition_variable woken_;
  bool wake_ = false;
  int64_t last_ms_;
  std::string latest_;
};

class RateTable final : public Table {
 public:
  RateTable(RateOptions options, int threads) : options_(options), threads_(threads) {}
  std::string name() const override {
    return fmt::format("RateStream(rowsPerSecond={}, rampUpTimeSeconds={}, numPartitions={})", options_.rows_per_second,
                       options_.ramp_up, options_.partitions == 0 ? threads_ : options_.partitions);
  }
  std::string provider() const override { return "rate"; }
  const DataType& schema() const override { return RateSchema(); }
  bool can_stream_read() const override { return true; }
  Result<std::unique_ptr<StreamSource>> NewStreamSource(const StreamReadContext& context) override {
    ARROW_ASSIGN_OR_RAISE(int64_t start_ms, ReadOrWriteStart(context.checkpoint));
    auto source = std::make_unique<RateSource>(options_, start_ms);
    ARROW_RETURN_NOT_OK(source->Check());
    LogInfo("rate: start", {{"source", source->description()}, {"startMs", start_ms}});
    return source;
  }

 private:
  RateOptions options_;
  int threads_;
};

Result<TablePtr> Load(const FormatRequest& request) {
  ARROW_RETURN_NOT_OK(RefuseUnlessStreamRead(request, "rate", "RateStreamProvider"));
  ARROW_ASSIGN_OR_RAISE(RateOptions options, ParseOptions(request.options));
  return std::make_shared<RateTable>(options, request.config != nullptr ? DefaultParallelism(*request.config) : 1);
}

}  // namespace
}  // namespace rate

const Connector kRateConnector = {
    .name = "rate",
    .aliases = {"org.apache.spark.sql.execution.streaming.sources.RateStreamProvider"},
    .doc =
        "Rows that count up with the clock, as a stream. Options: rowsPerSecond (1), rampUpTime (0s), numPartitions.",
    .load = &rate::Load,
};

}  // namespace sluice::connectors
