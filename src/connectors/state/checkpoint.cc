#include "connectors/state/checkpoint.h"

#include <arrow/array/array_nested.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/file_system.h"
#include "types/arrow_types.h"

namespace sluice::connectors::statestore {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

struct PartSplit final : Split {
  explicit PartSplit(int part) : part(part) {}
  std::string ToString() const override { return "state partition " + std::to_string(part); }
  const int part;
};

/// The fields of `wanted` out of those of `array`, a STRUCT of `type`.
Result<ArrayPtr> Narrow(const ArrayPtr& array, const DataType& type, const DataType& wanted) {
  if (type.id() != TypeId::kStruct || type == wanted) return array;
  const auto& rows = static_cast<const arrow::StructArray&>(*array);
  arrow::ArrayVector children;
  for (const StructField& field : wanted.fields()) {
    const auto found = std::find_if(type.fields().begin(), type.fields().end(),
                                    [&](const StructField& f) { return f.name == field.name; });
    if (found == type.fields().end())
      return MakeError("INTERNAL_ERROR", {{"message", "The state has no column " + field.name + "."}});
    ARROW_ASSIGN_OR_RAISE(ArrayPtr child,
                          Narrow(rows.field(static_cast<int>(found - type.fields().begin())), found->type, field.type));
    children.push_back(std::move(child));
  }
  return std::make_shared<arrow::StructArray>(ToArrowType(wanted), rows.length(), children, rows.null_bitmap(),
                                              rows.null_count(), rows.offset());
}

class PartReader final : public BatchReader {
 public:
  PartReader(std::shared_ptr<arrow::RecordBatch> rows, int64_t batch_rows)
      : rows_(std::move(rows)), most_(batch_rows) {}
  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    if (at_ >= rows_->num_rows()) return nullptr;
    auto piece = rows_->Slice(at_, most_);
    at_ += piece->num_rows();
    return piece;
  }

 private:
  const std::shared_ptr<arrow::RecordBatch> rows_;
  const int64_t most_;
  int64_t at_ = 0;
};

class PartScan final : public Scan {
 public:
  PartScan(int parts, ReadPart read, ScanRequest request, DataType schema)
      : parts_(parts), read_(std::move(read)), request_(std::move(request)), schema_(std::move(schema)) {}
  Result<std::vector<SplitPtr>> Plan() override {
    std::vector<SplitPtr> splits;
    for (int part = 0; part < parts_; ++part) splits.push_back(std::make_shared<PartSplit>(part));
    return splits;
  }
  Result<std::unique_ptr<BatchReader>> Open(const SplitPtr& split) override {
    ARROW_RETURN_NOT_OK(request_.cancel.Check());
    ARROW_ASSIGN_OR_RAISE(auto rows, read_(static_cast<const PartSplit&>(*split).part));
    arrow::ArrayVector columns;
    for (const StructField& field : request_.schema.fields()) {
      for (size_t i = 0; i < schema_.fields().size(); ++i) {
        if (schema_.fields()[i].name != field.name) continue;
        ARROW_ASSIGN_OR_RAISE(ArrayPtr column,
                              Narrow(rows->column(static_cast<int>(i)), schema_.fields()[i].type, field.type));
        columns.push_back(std::move(column));
      }
    }
    auto narrowed = arrow::RecordBatch::Make(ToArrowSchema(request_.schema), rows->num_rows(), std::move(columns));
    return std::make_unique<PartReader>(std::move(narrowed), request_.batch_rows);
  }

 private:
  const int parts_;
  const ReadPart read_;
  const ScanRequest request_;
  const DataType schema_;
};

}  // namespace

Result<std::string> CheckpointOf(const FormatRequest& request) {
  const auto option = GetOption(request.options, "path");
  const std::string path = option ? *option : request.paths.empty() ? "" : request.paths[0];
  if (path.empty()) return MakeError("STDS_REQUIRED_OPTION_UNSPECIFIED", {{"optionName", "path"}});
  ARROW_ASSIGN_OR_RAISE(FileLocation location, ResolveLocation(path));
  if (!location.local) return UnsupportedFeature("reading state in " + path + ", which is no local folder");
  return location.path;
}

Result<std::optional<std::pair<int64_t, int64_t>>> BatchesOf(const std::string& checkpoint, const std::string& log) {
  std::optional<std::pair<int64_t, int64_t>> out;
  std::error_code error;
  for (std::filesystem::directory_iterator it(checkpoint + "/" + log, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename();
    int64_t id = 0;
    const auto [at, bad] = std::from_chars(name.data(), name.data() + name.size(), id);
    if (bad != std::errc() || at != name.data() + name.size()) continue;
    out = out ? std::pair(std::min(out->first, id), std::max(out->second, id)) : std::pair(id, id);
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return Status::IOError("cannot list ", checkpoint, "/", log, ": ", error.message());
  return out;
}

std::unique_ptr<Scan> ScanOfParts(int parts, ReadPart read, const ScanRequest& request, DataType schema) {
  return std::make_unique<PartScan>(parts, std::move(read), request, std::move(schema));
}

}  // namespace sluice::connectors::statestore
