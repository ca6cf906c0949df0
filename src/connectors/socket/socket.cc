// The source "socket": lines of text from a TCP server, for trying things out. Nothing is kept: lines that were read
// before a restart are gone.
#include "connectors/socket/socket.h"

#include <arrow/builder.h>

#include <atomic>
#include <charconv>

#include "base/log.h"
#include "connectors/api/stream_only.h"
#include "connectors/socket/lines.h"
#include "types/arrow_types.h"

namespace sluice::connectors {
namespace socket {
namespace {

struct SocketOptions {
  std::string host;
  int64_t port = -1;
  int64_t partitions = 0;  // 0: as many as there are threads
  bool timestamps = false;
};

Result<SocketOptions> ParseOptions(const OptionMap& options) {
  SocketOptions out;
  auto host = GetOption(options, "host");
  if (!host) return MakeError("_LEGACY_ERROR_TEMP_1295");
  out.host = *host;
  if (!GetOption(options, "port")) return MakeError("_LEGACY_ERROR_TEMP_1296");
  auto timestamps = GetBoolOption(options, "includeTimestamp", false);
  if (!timestamps.ok()) return MakeError("_LEGACY_ERROR_TEMP_1297");
  out.timestamps = *timestamps;
  ARROW_ASSIGN_OR_RAISE(out.port, GetIntOption(options, "port", -1));
  ARROW_ASSIGN_OR_RAISE(out.partitions, GetIntOption(options, "numPartitions", 0));
  return out;
}

/// The number of the last line; -1: none.
Result<int64_t> ParseOffset(const std::string& json) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(json.data(), json.data() + json.size(), value);
  if (error != std::errc() || end != json.data() + json.size())
    return MakeError("MALFORMED_LOG_FILE", {{"text", "an offset of the source socket: " + json.substr(0, 100)}});
  return value;
}

struct LinesSplit final : Split {
  std::vector<Line> lines;
  std::string ToString() const override { return std::to_string(lines.size()) + " lines"; }
};

class LinesReader final : public BatchReader {
 public:
  LinesReader(std::shared_ptr<const LinesSplit> split, const ScanRequest& request)
      : split_(std::move(split)), schema_(ToArrowSchema(request.schema)),
        batch_rows_(static_cast<size_t>(std::max<int64_t>(1, request.batch_rows))) {}
  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    const size_t end = std::min(split_->lines.size(), next_ + batch_rows_);
    if (next_ == end) return nullptr;
    arrow::ArrayVector columns;
    for (const auto& field : schema_->fields()) {
      if (field->name() == "value") {
        arrow::StringBuilder builder;
        for (size_t i = next_; i < end; ++i) ARROW_RETURN_NOT_OK(builder.Append(split_->lines[i].text));
        columns.emplace_back();
        ARROW_RETURN_NOT_OK(builder.Finish(&columns.back()));
      } else {
        arrow::TimestampBuilder builder(field->type(), arrow::default_memory_pool());
        for (size_t i = next_; i < end; ++i) ARROW_RETURN_NOT_OK(builder.Append(split_->lines[i].time_us));
        columns.emplace_back();
        ARROW_RETURN_NOT_OK(builder.Finish(&columns.back()));
      }
    }
    auto batch = arrow::RecordBatch::Make(schema_, static_cast<int64_t>(end - next_), std::move(columns));
    next_ = end;
    return batch;
  }

 private:
  std::shared_ptr<const LinesSplit> split_;
  std::shared_ptr<arrow::Schema> schema_;
  size_t batch_rows_, next_ = 0;
};

class SocketSource final : public StreamSource {
 public:
  explicit SocketSource(SocketOptions options) : options_(std::move(options)) {}
  std::string description() const override {
    return fmt::format("TextSocketV2[host: {}, port: {}]", options_.host, options_.port);
  }
  Result<Offset> InitialOffset() override { return Offset{"-1"}; }
  Result<Offset> LatestOffset(const Offset& start_offset, ReadLimit) override {
    ARROW_ASSIGN_OR_RAISE(int64_t start, ParseOffset(start_offset.json));
    if (lines_ == nullptr) {
      // As in Spark the first batch has no lines: it is the one that connects. Numbers go on where they were.
      base_ = start + 1;
      ARROW_ASSIGN_OR_RAISE(connection_, LineReader::Connect(options_.host, static_cast<int>(options_.port)));
      lines_ = connection_.get();
      return start_offset;
    }
    if (!fixed_end_ || !available_now_) fixed_end_ = base_ + lines_.load()->count() - 1;
    return Offset{std::to_string(std::max(start, *fixed_end_))};
  }
  Status PrepareForAvailableNow() override {
    available_now_ = true;
    return Status::OK();
  }
  Result<std::vector<SplitPtr>> Plan(const Offset& start_offset, const Offset& end_offset,
                                     const ScanRequest& request) override {
    ARROW_ASSIGN_OR_RAISE(int64_t start, ParseOffset(start_offset.json));
    ARROW_ASSIGN_OR_RAISE(int64_t end, ParseOffset(end_offset.json));
    std::vector<SplitPtr> splits;
    if (lines_ == nullptr) {
      LogWarn("socket: lines of a batch that was interrupted are lost",
              {{"source", description()}, {"lines", end - start}});
      return splits;
    }
    std::vector<Line> lines = lines_.load()->Get(start + 1 - base_, end + 1 - base_);
    const size_t count =
        static_cast<size_t>(options_.partitions > 0 ? options_.partitions : std::max(1, request.parallelism));
    std::vector<std::shared_ptr<LinesSplit>> parts(std::min(count, lines.size()));
    for (auto& part : parts) part = std::make_shared<LinesSplit>();
    for (size_t i = 0; i < lines.size(); ++i) parts[i % parts.size()]->lines.push_back(std::move(lines[i]));
    splits.assign(parts.begin(), parts.end());
    return splits;
  }
  Result<std::unique_ptr<BatchReader>> Open(const SplitPtr& split, const ScanRequest& request) override {
    auto lines = std::dynamic_pointer_cast<const LinesSplit>(split);
    if (lines == nullptr)
      return MakeError("INTERNAL_ERROR", {{"message", "Not lines of a socket: " + split->ToString()}});
    return std::make_unique<LinesReader>(std::move(lines), request);
  }
  Status Commit(const Offset& end_offset) override {
    ARROW_ASSIGN_OR_RAISE(int64_t end, ParseOffset(end_offset.json));
    if (lines_ != nullptr) lines_.load()->DropBefore(end + 1 - base_);
    return Status::OK();
  }
  void WaitForData(const Offset& start, std::chrono::milliseconds timeout) override {
    if (lines_ != nullptr) lines_.load()->Wait(ParseOffset(start.json).ValueOr(-1) + 1 - base_, timeout);
  }
  void Wake() override {
    if (lines_ != nullptr) lines_.load()->Wake();
  }
  Offset ReportLatestOffset() override {
    return {std::to_string(lines_ == nullptr ? -1 : base_ + lines_.load()->count() - 1)};
  }
  Result<Offset> Deserialize(const std::string& json) override {
    ARROW_RETURN_NOT_OK(ParseOffset(json).status());
    return Offset{json};
  }

 private:
  const SocketOptions options_;
  std::unique_ptr<LineReader> connection_;
  std::atomic<LineReader*> lines_ = nullptr;  // Wake() comes from other threads
  int64_t base_ = 0;                          // offset of the connection's first line
  bool available_now_ = false;
  std::optional<int64_t> fixed_end_;
};

class SocketTable final : public Table {
 public:
  explicit SocketTable(SocketOptions options) : options_(std::move(options)) {
    std::vector<StructField> fields = {{"value", DataType::String()}};
    if (options_.timestamps) fields.push_back({"timestamp", DataType::Timestamp()});
    schema_ = DataType::Struct(std::move(fields));
  }
  std::string name() const override { return fmt::format("Socket[{}:{}]", options_.host, options_.port); }
  std::string provider() const override { return "socket"; }
  const DataType& schema() const override { return schema_; }
  bool can_stream_read() const override { return true; }
  Result<std::unique_ptr<StreamSource>> NewStreamSource(const StreamReadContext&) override {
    LogWarn("the socket source is not for production: it cannot recover", {});
    return std::make_unique<SocketSource>(options_);
  }

 private:
  SocketOptions options_;
  DataType schema_;
};

Result<TablePtr> Load(const FormatRequest& request) {
  ARROW_RETURN_NOT_OK(RefuseUnlessStreamRead(request, "socket", "TextSocketSourceProvider"));
  ARROW_ASSIGN_OR_RAISE(SocketOptions options, ParseOptions(request.options));
  return std::make_shared<SocketTable>(std::move(options));
}

}  // namespace
}  // namespace socket

const Connector kSocketConnector = {
    .name = "socket",
    .aliases = {"org.apache.spark.sql.execution.streaming.sources.TextSocketSourceProvider"},
    .doc =
        "Lines of text from a TCP server, as a stream. Options: host, port, includeTimestamp (false), numPartitions.",
    .load = &socket::Load,
};

}  // namespace sluice::connectors
