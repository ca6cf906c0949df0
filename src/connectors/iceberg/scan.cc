#include "connectors/iceberg/scan.h"

#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/scalar.h>
#include <parquet/metadata.h>

#include <algorithm>
#include <mutex>

#include "connectors/iceberg/deletes.h"
#include "connectors/iceberg/prune.h"
#include "formats/parquet/reader.h"
#include "types/arrow_types.h"

namespace sluice::iceberg {

using connectors::BatchReader;
using connectors::ScanRequest;
using connectors::SplitPtr;

namespace {
constexpr std::string_view kFileName = "input_file_name()", kBlockStart = "input_file_block_start()",
                           kBlockLength = "input_file_block_length()";

bool HasField(const DataType& type, std::string_view name) {
  return std::any_of(type.fields().begin(), type.fields().end(), [&](const auto& f) { return f.name == name; });
}

/// Row groups of one data file that start in [start, end).
struct FileSplit final : connectors::Split {
  std::shared_ptr<const ManifestEntry> entry;
  std::shared_ptr<const DeleteFiles> deletes;
  int64_t start = 0, end = INT64_MAX;
  std::string ToString() const override { return fmt::format("{} [{}, {})", entry->file.path, start, end); }

  /// What input_file_name() and its like tell. A file's first row group does not begin at its first byte.
  std::shared_ptr<arrow::Scalar> FileFact(std::string_view name) const {
    const DataFile& file = entry->file;
    if (name == kFileName) return std::make_shared<arrow::StringScalar>(file.path);
    const int64_t first = start == 0 && !file.split_offsets.empty() ? file.split_offsets[0] : start;
    return std::make_shared<arrow::Int64Scalar>(name == kBlockStart ? first : std::min(end, file.file_size) - first);
  }
};

struct ScanState {
  TableOperationsPtr operations;
  MetadataPtr metadata;
  SnapshotPtr snapshot;
  SchemaPtr schema;
  ScanRequest request;
  std::vector<Field> fields;                     // those of the files
  std::vector<bool> tells_file;                  // by column of the output: it is none of the files'
  std::shared_ptr<arrow::Schema> arrow_schema;   // with field ids
  std::shared_ptr<arrow::Schema> output_schema;  // as the engine names it
  std::vector<BoundFilter> filters;
};

class FileBatchReader final : public BatchReader {
 public:
  FileBatchReader(std::shared_ptr<const ScanState> state, std::shared_ptr<const FileSplit> split)
      : state_(std::move(state)), split_(std::move(split)) {}

  Status Open() {
    const DataFile& file = split_->entry->file;
    if (file.format != "PARQUET") return UnsupportedFeature("Reading Iceberg data files in " + file.format);
    if (file.key_metadata) return UnsupportedFeature("Reading encrypted Iceberg data files");
    ARROW_ASSIGN_OR_RAISE(auto input, state_->operations->io()->OpenInput(file.path));
    ARROW_ASSIGN_OR_RAISE(reader_,
                          parquet_io::FileReader::Open(std::move(input), {.batch_rows = state_->request.batch_rows}));
    if (!reader_->has_field_ids()) {
      // Files that were not written for this table: by the name mapping, here the columns' own names.
      reader_->set_match_by(parquet_io::MatchBy::kName);
    }
    std::vector<Field> fields = state_->fields;
    if (split_->deletes) {
      ARROW_ASSIGN_OR_RAISE(
          deletes_, DeleteFilter::Load(*state_->operations->io(), *state_->schema, *split_->deletes, file.path));
      for (const Field& extra : deletes_->extra_fields()) fields.push_back(extra);
    }
    ARROW_ASSIGN_OR_RAISE(auto schema, ToArrowSchema(fields));
    // Row groups of this split; positions need each one's first row.
    std::vector<int> groups;
    int64_t row = 0;
    for (int i = 0; i < reader_->metadata().num_row_groups(); ++i) {
      int64_t offset = reader_->RowGroupOffset(i), rows = reader_->metadata().RowGroup(i)->num_rows();
      if (offset >= split_->start && offset < split_->end && MayMatchRowGroup(state_->filters, *reader_, i)) {
        groups.push_back(i);
        ranges_.push_back({row, rows});
      }
      row += rows;
    }
    return reader_->Start(schema, std::move(groups), Missing());
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    while (true) {
      ARROW_RETURN_NOT_OK(state_->request.cancel.Check());
      if (state_->request.limit && produced_ >= *state_->request.limit) return std::shared_ptr<arrow::RecordBatch>();
      ARROW_ASSIGN_OR_RAISE(auto batch, reader_->Next());
      if (!batch) return batch;
      if (deletes_) {
        ARROW_ASSIGN_OR_RAISE(batch, Filter(batch));
        if (batch->num_rows() == 0) continue;
      }
      arrow::ArrayVector columns;
      for (int i = 0, next = 0; i < state_->output_schema->num_fields(); ++i) {
        const auto& field = state_->output_schema->field(i);
        if (!state_->tells_file[static_cast<size_t>(i)]) {
          columns.push_back(Relabel(batch->column(next++)->data(), field->type()));
          continue;
        }
        ARROW_ASSIGN_OR_RAISE(auto fact,
                              arrow::MakeArrayFromScalar(*split_->FileFact(field->name()), batch->num_rows()));
        columns.push_back(std::move(fact));
      }
      auto out = arrow::RecordBatch::Make(state_->output_schema, batch->num_rows(), std::move(columns));
      if (state_->request.limit) out = out->Slice(0, *state_->request.limit - produced_);
      produced_ += out->num_rows();
      return out;
    }
  }

 private:
  struct RowRange {
    int64_t first, rows;
  };

  static std::shared_ptr<arrow::Array> Relabel(const std::shared_ptr<arrow::ArrayData>& data,
                                               const std::shared_ptr<arrow::DataType>& type) {
    auto out = data->Copy();
    out->type = type;
    for (size_t i = 0; i < out->child_data.size(); ++i) {
      out->child_data[i] = Relabel(out->child_data[i], type->field(static_cast<int>(i))->type())->data();
    }
    return arrow::MakeArray(out);
  }

  /// Columns the file lacks: the partition value where the table is partitioned by the column itself, else null.
  parquet_io::MissingColumn Missing() const {
    return [this](const arrow::Field& field, int64_t length) -> Result<std::shared_ptr<arrow::Array>> {
      const DataFile& file = split_->entry->file;
      const PartitionSpec* spec = state_->metadata->FindSpec(file.spec_id);
      int id = parquet_io::FieldIdOf(field);
      for (size_t i = 0; spec && i < spec->fields.size() && i < file.partition.size(); ++i) {
        const Field* source = state_->schema->Find(id);
        if (spec->fields[i].source_id == id && spec->fields[i].transform.kind == TransformKind::kIdentity && source) {
          return LiteralToArray(*source->type, file.partition[i], length);
        }
      }
      return arrow::MakeArrayOfNull(field.type(), length);
    };
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Filter(const std::shared_ptr<arrow::RecordBatch>& batch) {
    // A batch may span row groups, which need not be neighbours.
    arrow::RecordBatchVector parts;
    int64_t done = 0;
    while (done < batch->num_rows()) {
      while (range_ < ranges_.size() && within_ >= ranges_[range_].rows) {
        ++range_;
        within_ = 0;
      }
      if (range_ >= ranges_.size()) return Status::IOError("Iceberg: a data file has more rows than its footer says");
      int64_t n = std::min(batch->num_rows() - done, ranges_[range_].rows - within_);
      auto part = batch->Slice(done, n);
      ARROW_ASSIGN_OR_RAISE(auto keep, deletes_->Keep(*part, ranges_[range_].first + within_));
      if (keep) {
        ARROW_ASSIGN_OR_RAISE(auto filtered, arrow::compute::Filter(part, keep));
        part = filtered.record_batch();
      }
      parts.push_back(std::move(part));
      within_ += n;
      done += n;
    }
    if (parts.size() == 1) return parts[0];
    return arrow::ConcatenateRecordBatches(parts);
  }

  std::shared_ptr<const ScanState> state_;
  std::shared_ptr<const FileSplit> split_;
  std::unique_ptr<parquet_io::FileReader> reader_;
  std::unique_ptr<DeleteFilter> deletes_;
  std::vector<RowRange> ranges_;
  size_t range_ = 0;
  int64_t within_ = 0, produced_ = 0;
};

class TableScan final : public connectors::Scan {
 public:
  TableScan(std::shared_ptr<const ScanState> state, std::shared_ptr<const std::vector<ManifestFile>> manifests)
      : state_(std::move(state)), manifests_(std::move(manifests)) {}

  std::optional<int64_t> row_count() const override {
    if (!state_->request.filters.empty() || state_->request.limit) return std::nullopt;
    int64_t rows = 0;
    for (const ManifestFile& m : *manifests_) {
      if (!m.has_live_files()) continue;
      if (m.deletes || m.added_rows < 0 || m.existing_rows < 0) return std::nullopt;
      rows += m.added_rows + m.existing_rows;
    }
    return rows;
  }

  std::optional<int64_t> size_bytes() const override {
    if (!state_->snapshot) return 0;
    const std::string* total = state_->snapshot->Find("total-files-size");
    return total ? std::optional<int64_t>(std::strtoll(total->c_str(), nullptr, 10)) : std::nullopt;
  }

  Result<std::vector<SplitPtr>> Plan() override {
    std::vector<ManifestEntry> data;
    DeleteIndex deletes;
    for (const ManifestFile& m : *manifests_) {
      ARROW_RETURN_NOT_OK(state_->request.cancel.Check());
      if (!m.has_live_files()) continue;
      const PartitionSpec* spec = state_->metadata->FindSpec(m.spec_id);
      if (!spec) return Status::Invalid("Iceberg: the partition spec ", m.spec_id, " is missing");
      ARROW_ASSIGN_OR_RAISE(TypePtr type, PartitionType(*spec, *state_->schema));
      if (!m.deletes && !MayMatchManifest(state_->filters, m, *spec, *type)) continue;
      ARROW_ASSIGN_OR_RAISE(std::string bytes, state_->operations->io()->Read(m.path));
      auto entries = ReadManifest(bytes, m);
      if (!entries.ok()) {
        return MakeError("FAILED_READ_FILE.NO_HINT", {{"path", m.path + " (" + entries.status().message() + ")"}});
      }
      for (ManifestEntry& entry : *entries) {
        if (entry.status == EntryStatus::kDeleted) continue;
        if (entry.file.content != FileContent::kData) {
          ARROW_RETURN_NOT_OK(deletes.Add(entry, *spec, *type));
        } else if (MayMatchFile(state_->filters, entry.file, *spec)) {
          data.push_back(std::move(entry));
        }
      }
    }
    return Splits(std::move(data), deletes);
  }

  Result<std::unique_ptr<BatchReader>> Open(const SplitPtr& split) override {
    auto file = std::dynamic_pointer_cast<const FileSplit>(split);
    if (!file) return Status::Invalid("Iceberg: a split of another table");
    auto reader = std::make_unique<FileBatchReader>(state_, std::move(file));
    ARROW_RETURN_NOT_OK(reader->Open());
    return reader;
  }

 private:
  Result<std::vector<SplitPtr>> Splits(std::vector<ManifestEntry> data, const DeleteIndex& deletes) const {
    // Big enough to be worth a task, small enough that all tasks have work.
    int64_t total = 0;
    for (const ManifestEntry& entry : data) total += entry.file.file_size;
    int64_t target = state_->metadata->IntProperty("read.split.target-size", 128 << 20);
    target = std::max<int64_t>(1 << 20, std::min(target, total / std::max(1, state_->request.parallelism) + 1));
    std::vector<SplitPtr> out;
    for (ManifestEntry& found : data) {
      const PartitionSpec& spec = *state_->metadata->FindSpec(found.file.spec_id);
      ARROW_ASSIGN_OR_RAISE(TypePtr type, PartitionType(spec, *state_->schema));
      auto applying = deletes.For(found, spec, *type);
      auto entry = std::make_shared<const ManifestEntry>(std::move(found));
      int64_t start = 0;
      auto add = [&](int64_t end) {
        auto split = std::make_shared<FileSplit>();
        split->entry = entry;
        split->deletes = applying;
        split->start = start;
        split->end = end;
        out.push_back(std::move(split));
        start = end;
      };
      for (int64_t offset : entry->file.split_offsets) {
        if (offset - start >= target) add(offset);
      }
      add(INT64_MAX);
    }
    return out;
  }

  std::shared_ptr<const ScanState> state_;
  std::shared_ptr<const std::vector<ManifestFile>> manifests_;
};
}  // namespace

DataType InputFileColumns(const DataType& schema) {
  std::vector<StructField> fields = {{std::string(kFileName), DataType::String(), false},
                                     {std::string(kBlockStart), DataType::Long(), false},
                                     {std::string(kBlockLength), DataType::Long(), false}};
  std::erase_if(fields, [&](const auto& field) { return HasField(schema, field.name); });
  return DataType::Struct(std::move(fields));
}

Result<std::unique_ptr<connectors::Scan>> NewTableScan(const TableOperationsPtr& operations,
                                                       const MetadataPtr& metadata, const SnapshotPtr& snapshot,
                                                       const SchemaPtr& schema, const ScanRequest& request) {
  auto state = std::make_shared<ScanState>();
  state->operations = operations;
  state->metadata = metadata;
  state->snapshot = snapshot;
  state->schema = schema;
  state->request = request;
  std::vector<StructField> of_files;
  for (const auto& field : request.schema.fields()) {
    const bool tells = !schema->FindByName(field.name) && HasField(InputFileColumns(DataType::Struct({})), field.name);
    state->tells_file.push_back(tells);
    if (!tells) of_files.push_back(field);
  }
  ARROW_ASSIGN_OR_RAISE(state->fields, SelectFields(schema->fields, DataType::Struct(std::move(of_files))));
  ARROW_ASSIGN_OR_RAISE(state->arrow_schema, ToArrowSchema(state->fields));
  state->output_schema = sluice::ToArrowSchema(request.schema);
  state->filters = BindFilters(*schema, request.filters);
  ARROW_ASSIGN_OR_RAISE(auto manifests, operations->Manifests(snapshot));
  return std::make_unique<TableScan>(std::move(state), std::move(manifests));
}

}  // namespace sluice::iceberg
