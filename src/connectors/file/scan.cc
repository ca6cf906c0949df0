#include "connectors/file/scan.h"

#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/scalar.h>
#include <strings.h>

#include <algorithm>

#include "base/log.h"
#include "connectors/file/file_metadata.h"
#include "types/arrow_types.h"

namespace sluice::connectors::file {

namespace {

const ConfigEntry kMaxPartitionBytes("spark.sql.files.maxPartitionBytes", "134217728",
                                     "The most bytes of files that one task reads in one go.");
const ConfigEntry kOpenCost("spark.sql.files.openCostInBytes", "4194304",
                            "What opening a file costs, in bytes that could be read meanwhile.");
const ConfigEntry kIgnoreCorrupt("spark.sql.files.ignoreCorruptFiles", "false",
                                 "Are files that cannot be read passed over?");
const ConfigEntry kIgnoreMissing("spark.sql.files.ignoreMissingFiles", "false", "Are files that are gone passed over?");

struct FileSplit final : Split {
  FileInfo file;
  std::shared_ptr<const Partition> partition;
  int64_t start = 0, end = INT64_MAX;
  int64_t length() const { return std::min(end, file.size) - start; }
  std::string ToString() const override {
    return fmt::format("{} [{}, {})", file.path, start, std::min(end, file.size));
  }
};

int FindColumn(const DataType& schema, const std::string& name) {
  for (size_t i = 0; i < schema.fields().size(); ++i)
    if (schema.fields()[i].name == name) return static_cast<int>(i);
  return -1;
}

class FileBatchReader final : public BatchReader {
 public:
  FileBatchReader(ShapePtr shape, std::shared_ptr<const FileSplit> split, const ScanRequest& request)
      : shape_(std::move(shape)), split_(std::move(split)), request_(request), schema_(ToArrowSchema(request.schema)) {
    std::vector<StructField> data;
    bool row_index = false;
    const DataType columns = shape_->Schema();
    for (const auto& field : request.schema.fields()) {
      const int column = FindColumn(shape_->partitions, field.name);
      hidden_.push_back(column < 0 && IsHiddenColumn(field, *shape_->format, columns));
      from_partition_.push_back(column);
      if (hidden_.back()) {
        row_index = row_index || FindColumn(field.type, kRowIndexField) >= 0;
      } else if (column < 0) {
        data.push_back(field);
      }
    }
    if (row_index) data.push_back({kRowIndexColumn, DataType::Long(), false});
    data_request_ = request;
    data_request_.schema = DataType::Struct(std::move(data));
    data_request_.limit.reset();
    std::erase_if(data_request_.filters, [&](const auto& filter) {
      return FindColumn(shape_->partitions, filter.column[0]) >= 0 || FindColumn(columns, filter.column[0]) < 0;
    });
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    ARROW_RETURN_NOT_OK(request_.cancel.Check());
    if (done_ || (request_.limit && produced_ >= *request_.limit)) return nullptr;
    auto batch = NextOfFile();
    if (!batch.ok()) {
      done_ = true;
      ARROW_RETURN_NOT_OK(Explain(batch.status()));
      return nullptr;
    }
    if (*batch == nullptr) return nullptr;
    const int64_t rows = (*batch)->num_rows();
    arrow::ArrayVector columns;
    int next = 0;
    for (size_t i = 0; i < from_partition_.size(); ++i) {
      const int column = from_partition_[i];
      if (hidden_[i]) {
        const auto& last = (*batch)->num_columns() > 0 ? (*batch)->columns().back() : nullptr;
        ARROW_ASSIGN_OR_RAISE(auto constant,
                              HiddenColumn(request_.schema.fields()[i], shape_->root, Part(), rows, last));
        columns.push_back(std::move(constant));
        continue;
      }
      if (column < 0) {
        columns.push_back((*batch)->column(next++));
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(auto scalar, split_->partition->values[static_cast<size_t>(column)]->GetScalar(0));
      ARROW_ASSIGN_OR_RAISE(auto constant, arrow::MakeArrayFromScalar(*scalar, rows));
      columns.push_back(std::move(constant));
    }
    auto out = arrow::RecordBatch::Make(schema_, rows, std::move(columns));
    if (request_.limit && rows > *request_.limit - produced_) out = out->Slice(0, *request_.limit - produced_);
    produced_ += out->num_rows();
    return out;
  }

 private:
  FilePart Part() const { return {shape_->root.fs, split_->file, split_->start, split_->end}; }
  Result<std::shared_ptr<arrow::RecordBatch>> NextOfFile() {
    if (reader_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(reader_, shape_->format->Open(Part(), shape_->data, data_request_));
    }
    return reader_->Next();
  }
  /// The error with the file's name; OK when it is to be passed over.
  Status Explain(const Status& error) const {
    const std::string uri = shape_->root.EncodedUri(split_->file.path);
    const std::string condition = ConditionOf(error);
    if (condition == "OPERATION_CANCELED" || request_.cancel.cancelled() || condition == "UNSUPPORTED_FEATURE" ||
        condition == "FAILED_READ_FILE.PARQUET_COLUMN_DATA_TYPE_MISMATCH" ||
        condition == "INCONSISTENT_BEHAVIOR_CROSS_VERSION.READ_ANCIENT_DATETIME")
      return error;
    auto info = shape_->root.fs->GetFileInfo(split_->file.path);
    if (info.ok() && info->type() == arrow::fs::FileType::NotFound) {
      if (!shape_->ignore_missing) return MakeError("FAILED_READ_FILE.FILE_NOT_EXIST", {{"path", uri}});
    } else if (!shape_->ignore_corrupt) {
      return MakeError("FAILED_READ_FILE.NO_HINT", {{"path", uri + " (" + error.message() + ")"}});
    }
    LogWarn("file passed over", {{"file", uri}, {"error", error}});
    return Status::OK();
  }

  ShapePtr shape_;
  std::shared_ptr<const FileSplit> split_;
  ScanRequest request_, data_request_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<int> from_partition_;  // of each wanted column; -1: it is not
  std::vector<bool> hidden_;         // of each wanted column: of the file's metadata
  std::unique_ptr<BatchReader> reader_;
  int64_t produced_ = 0;
  bool done_ = false;
};

class FileScan final : public Scan {
 public:
  FileScan(ShapePtr shape, std::shared_ptr<const PartitionedFiles> files, const ScanRequest& request)
      : shape_(std::move(shape)), files_(std::move(files)), request_(request) {}
  Result<std::vector<SplitPtr>> Plan() override { return PlanSplits(shape_, *files_, request_); }
  Result<std::unique_ptr<BatchReader>> Open(const SplitPtr& split) override {
    return OpenSplit(shape_, split, request_);
  }
  std::optional<int64_t> row_count() const override {
    constexpr size_t kMostFooters = 1000;
    if (!request_.filters.empty() || request_.limit || files_->files.size() > kMostFooters) return std::nullopt;
    int64_t rows = 0;
    for (const auto& file : files_->files) {
      const auto count = shape_->format->CountRows(shape_->root, file);
      if (!count) return std::nullopt;
      rows += *count;
    }
    return files_->files.empty() ? std::nullopt : std::optional(rows);
  }
  std::optional<int64_t> size_bytes() const override {
    int64_t bytes = 0;
    for (const auto& file : files_->files) bytes += file.size;
    return bytes;
  }

 private:
  ShapePtr shape_;
  std::shared_ptr<const PartitionedFiles> files_;
  ScanRequest request_;
};

}  // namespace

DataType Shape::Schema() const {
  std::vector<StructField> fields;
  for (const auto& field : data.fields())
    if (FindColumn(partitions, field.name) < 0)
      fields.push_back({field.name, field.type.asNullable(), true, field.metadata_json});
  for (const auto& field : partitions.fields()) fields.push_back(field);
  return DataType::Struct(std::move(fields));
}

Status ReadScanSettings(const OptionMap& options, const Config& config, Shape* shape) {
  ARROW_ASSIGN_OR_RAISE(shape->max_split_bytes, config.GetBytes(kMaxPartitionBytes));
  ARROW_ASSIGN_OR_RAISE(shape->open_cost_bytes, config.GetBytes(kOpenCost));
  ARROW_ASSIGN_OR_RAISE(const bool corrupt, config.GetBool(kIgnoreCorrupt));
  ARROW_ASSIGN_OR_RAISE(const bool missing, config.GetBool(kIgnoreMissing));
  ARROW_ASSIGN_OR_RAISE(shape->ignore_corrupt, GetBoolOption(options, "ignoreCorruptFiles", corrupt));
  ARROW_ASSIGN_OR_RAISE(shape->ignore_missing, GetBoolOption(options, "ignoreMissingFiles", missing));
  return Status::OK();
}

std::vector<SplitPtr> PlanSplits(const ShapePtr& shape, const PartitionedFiles& files, const ScanRequest& request) {
  int64_t total = 0;
  for (const auto& file : files.files) total += file.size + shape->open_cost_bytes;
  const int64_t per_task = total / std::max(1, request.parallelism);
  const int64_t most =
      std::max<int64_t>(1 << 16, std::min(shape->max_split_bytes, std::max(shape->open_cost_bytes, per_task)));
  std::vector<std::shared_ptr<FileSplit>> splits;
  for (size_t i = 0; i < files.files.size(); ++i) {
    const FileInfo& file = files.files[i];
    const auto partition = files.partitions.empty() ? nullptr : files.partitions[i];
    if (partition && !MayMatch(*partition, shape->partitions, request.filters)) continue;
    int64_t start = 0;
    do {
      auto split = std::make_shared<FileSplit>();
      split->file = file;
      split->partition = partition;
      split->start = start;
      if (shape->format->CanSplit(file) && file.size - start > most) split->end = start + most;
      start = split->end;
      splits.push_back(std::move(split));
    } while (start < file.size);
  }
  std::stable_sort(splits.begin(), splits.end(),
                   [](const auto& a, const auto& b) { return a->length() > b->length(); });
  return {splits.begin(), splits.end()};
}

Result<std::unique_ptr<BatchReader>> OpenSplit(const ShapePtr& shape, const SplitPtr& split,
                                               const ScanRequest& request) {
  auto file = std::dynamic_pointer_cast<const FileSplit>(split);
  if (file == nullptr) return MakeError("INTERNAL_ERROR", {{"message", "Not a part of a file: " + split->ToString()}});
  return std::make_unique<FileBatchReader>(shape, std::move(file), request);
}

std::unique_ptr<Scan> NewFileScan(ShapePtr shape, std::shared_ptr<const PartitionedFiles> files,
                                  const ScanRequest& request) {
  return std::make_unique<FileScan>(std::move(shape), std::move(files), request);
}

}  // namespace sluice::connectors::file
