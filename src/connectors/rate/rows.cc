#include "connectors/rate/rows.h"

#include <arrow/builder.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "types/arrow_types.h"

namespace sluice::connectors::rate {

namespace {

struct RangeSplit final : Split {
  ValueRange range;
  int partition = 0, partitions = 1;
  std::string ToString() const override {
    return fmt::format("values [{}, {}), partition {} of {}", range.start, range.end, partition, partitions);
  }
};

class RangeReader final : public BatchReader {
 public:
  RangeReader(std::shared_ptr<const RangeSplit> split, const ScanRequest& request)
      : split_(std::move(split)), schema_(ToArrowSchema(request.schema)),
        batch_rows_(std::max<int64_t>(1, request.batch_rows)), cancel_(request.cancel) {
    const ValueRange& range = split_->range;
    const int64_t span = range.end - range.start - split_->partition;
    rows_ = span <= 0 ? 0 : (span - 1) / split_->partitions + 1;
    if (request.limit) rows_ = std::min(rows_, *request.limit);
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    ARROW_RETURN_NOT_OK(cancel_.Check());
    const int64_t length = std::min(batch_rows_, rows_ - done_);
    if (length <= 0) return nullptr;
    arrow::ArrayVector columns;
    for (const auto& field : schema_->fields()) {
      ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(length * static_cast<int64_t>(sizeof(int64_t))));
      auto* out = reinterpret_cast<int64_t*>(buffer->mutable_data());
      const bool values = field->name() == "value";
      for (int64_t i = 0; i < length; ++i) {
        const int64_t since = split_->partition + split_->partitions * (done_ + i);
        // Java's Math.round: half goes up.
        out[i] =
            values ? split_->range.start + since
                   : (split_->range.start_ms +
                      static_cast<int64_t>(std::floor(static_cast<double>(since) * split_->range.ms_per_value + 0.5))) *
                         1000;
      }
      columns.push_back(arrow::MakeArray(arrow::ArrayData::Make(
          field->type(), length, {nullptr, std::shared_ptr<arrow::Buffer>(std::move(buffer))}, 0)));
    }
    done_ += length;
    return arrow::RecordBatch::Make(schema_, length, std::move(columns));
  }

 private:
  std::shared_ptr<const RangeSplit> split_;
  std::shared_ptr<arrow::Schema> schema_;
  int64_t batch_rows_, rows_ = 0, done_ = 0;
  CancelToken cancel_;
};

}  // namespace

const DataType& RateSchema() {
  static const DataType schema = DataType::Struct({{"timestamp", DataType::Timestamp()}, {"value", DataType::Long()}});
  return schema;
}

std::vector<SplitPtr> SplitRange(const ValueRange& range, int partitions) {
  std::vector<SplitPtr> splits;
  if (range.start == range.end) return splits;
  for (int p = 0; p < partitions; ++p) {
    auto split = std::make_shared<RangeSplit>();
    split->range = range;
    split->partition = p;
    split->partitions = partitions;
    splits.push_back(std::move(split));
  }
  return splits;
}

Result<std::unique_ptr<BatchReader>> OpenRange(const SplitPtr& split, const ScanRequest& request) {
  auto range = std::dynamic_pointer_cast<const RangeSplit>(split);
  if (range == nullptr)
    return MakeError("INTERNAL_ERROR", {{"message", "Not a range of values: " + split->ToString()}});
  return std::make_unique<RangeReader>(std::move(range), request);
}

Result<int64_t> NumberOption(const OptionMap& options, const std::string& key, int64_t default_value, int64_t least,
                             const char* must) {
  ARROW_ASSIGN_OR_RAISE(int64_t value, GetIntOption(options, key, default_value));
  if (value >= least) return value;
  return MakeError("INVALID_SOURCE_OPTION",
                   {{"message", fmt::format("Invalid value '{}'. The option '{}' must {}", value, key, must)}});
}

Result<int> NumPartitions(const OptionMap& options) {
  if (!GetOption(options, "numPartitions")) return 0;
  ARROW_ASSIGN_OR_RAISE(int64_t partitions, NumberOption(options, "numPartitions", 1, 1, "be positive"));
  return static_cast<int>(std::min<int64_t>(partitions, std::numeric_limits<int>::max()));
}

}  // namespace sluice::connectors::rate
