#include "connectors/kafka/table.h"

#include "connectors/kafka/batch_builder.h"
#include "connectors/kafka/errors.h"
#include "connectors/kafka/offset_reader.h"
#include "connectors/kafka/reader.h"
#include "connectors/kafka/sink.h"
#include "connectors/kafka/source.h"

namespace sluice::connectors::kafka {
namespace {

/// A batch read: offsets are fixed when it is planned.
class KafkaScan final : public Scan {
 public:
  KafkaScan(SourceOptions options, ScanRequest request)
      : options_(std::make_shared<const SourceOptions>(std::move(options))), request_(std::move(request)),
        pool_(std::make_shared<ConsumerPool>(options_)) {}

  Result<std::vector<SplitPtr>> Plan() override {
    ARROW_ASSIGN_OR_RAISE(auto reader, OffsetReader::Make(options_));
    ARROW_ASSIGN_OR_RAISE(PartitionOffsets start, reader->Resolve(options_->starting, "starting"));
    ARROW_ASSIGN_OR_RAISE(PartitionOffsets end, reader->Resolve(options_->ending, "ending"));
    std::vector<OffsetRange> ranges;
    for (const auto& [tp, until] : end) {
      auto from = start.find(tp);
      if (from == start.end()) continue;
      if (from->second > until) {
        return MakeError("RESOLVED_START_OFFSET_GREATER_THAN_END_OFFSET",
                         {{"startOffset", std::to_string(from->second)},
                          {"endOffset", std::to_string(until)},
                          {"topic", tp.topic},
                          {"partition", std::to_string(tp.partition)}});
      }
      ranges.push_back({tp, from->second, until});
    }
    ranges = SplitRanges(std::move(ranges), options_->min_partitions, options_->max_records_per_partition);
    PartitionOffsets first;
    for (const OffsetRange& range : ranges) first.emplace(range.partition, range.start);
    ARROW_RETURN_NOT_OK(pool_->Prepare(first, request_.parallelism));
    return MakeSplits(std::move(ranges), request_.parallelism);
  }

  Result<std::unique_ptr<BatchReader>> Open(const SplitPtr& split) override {
    return OpenSplit(options_, pool_, static_cast<const KafkaSplit&>(*split), request_);
  }

 private:
  std::shared_ptr<const SourceOptions> options_;
  ScanRequest request_;
  std::shared_ptr<ConsumerPool> pool_;
};

class KafkaTable final : public Table {
 public:
  KafkaTable(OptionMap options, Config config, bool headers)
      : options_(std::move(options)), config_(std::move(config)), schema_(KafkaSchema(headers)) {}

  std::string name() const override { return "KafkaTable"; }
  std::string provider() const override { return "kafka"; }
  const DataType& schema() const override { return schema_; }
  bool can_read() const override { return true; }
  bool can_stream_read() const override { return true; }
  bool can_write() const override { return true; }
  bool can_stream_write() const override { return true; }

  Result<std::unique_ptr<Scan>> NewScan(const ScanRequest& request) override {
    ARROW_ASSIGN_OR_RAISE(auto options, ParseSourceOptions(options_, /*streaming=*/false, &config_));
    return std::make_unique<KafkaScan>(std::move(options), request);
  }
  Result<std::unique_ptr<StreamSource>> NewStreamSource(const StreamReadContext& context) override {
    ARROW_ASSIGN_OR_RAISE(auto options, ParseSourceOptions(With(context.options), /*streaming=*/true,
                                                           context.config != nullptr ? context.config : &config_));
    return KafkaSource::Make(std::move(options), context.checkpoint);
  }
  Result<std::unique_ptr<BatchWrite>> NewWrite(const WriteRequest& request) override {
    if (request.mode != WriteMode::kAppend && request.mode != WriteMode::kErrorIfExists) {
      return MakeError("_LEGACY_ERROR_TEMP_3081",
                       {{"mode", request.mode == WriteMode::kIgnore ? "Ignore" : "Overwrite"},
                        {"append", "Append"},
                        {"errorIfExists", "ErrorIfExists"}});
    }
    ARROW_ASSIGN_OR_RAISE(auto options, ParseSinkOptions(With(request.options)));
    ARROW_ASSIGN_OR_RAISE(auto sink, KafkaSink::Make(std::move(options), request.schema));
    return sink->NewBatch(0);
  }
  Result<std::unique_ptr<StreamSink>> NewStreamSink(const StreamWriteContext& context) override {
    ARROW_ASSIGN_OR_RAISE(auto options, ParseSinkOptions(With(context.options)));
    return KafkaSink::Make(std::move(options), context.schema);
  }

 private:
  OptionMap With(const OptionMap& more) const {
    OptionMap all = more;
    all.insert(options_.begin(), options_.end());
    return all;
  }
  OptionMap options_;
  Config config_;
  DataType schema_;
};

Result<TablePtr> Load(const FormatRequest& request) {
  if (request.schema) return InvalidOption("Kafka source has a fixed schema and cannot be set with a custom one");
  const Config config = request.config != nullptr ? *request.config : Config();
  if (!request.for_write) {  // as in Spark, a bad option is told before anything starts
    ARROW_RETURN_NOT_OK(ParseSourceOptions(request.options, request.is_streaming, &config).status());
  }
  ARROW_ASSIGN_OR_RAISE(bool headers, IncludeHeaders(request.options));
  return std::make_shared<KafkaTable>(request.options, config, headers);
}

}  // namespace
}  // namespace sluice::connectors::kafka

namespace sluice::connectors {

const Connector kKafkaConnector = {
    .name = "kafka",
    .aliases = {"org.apache.spark.sql.kafka010.KafkaSourceProvider", "org.apache.spark.sql.kafka010"},
    .doc = "Topics of Apache Kafka, as a batch, a stream and a sink.",
    .load = &kafka::Load,
};

}  // namespace sluice::connectors
