#include "connectors/iceberg/table_writer.h"

#include <absl/container/flat_hash_map.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <strings.h>

#include <atomic>

#include "base/log.h"
#include "connectors/iceberg/errors.h"
#include "connectors/iceberg/snapshot_update.h"
#include "connectors/iceberg/write_options.h"
#include "types/arrow_types.h"

namespace sluice::iceberg {

namespace {
/// May a value of `from` be stored as `to` without loss? As Spark's store assignment of wider types.
bool Widens(const DataType& from, const DataType& to) {
  if (from.id() == TypeId::kVoid || from.sameType(to)) return true;
  if (from.isIntegral() && to.isIntegral()) return from.id() <= to.id();
  if (from.id() == TypeId::kFloat && to.id() == TypeId::kDouble) return true;
  if (from.id() == TypeId::kDecimal && to.id() == TypeId::kDecimal) {
    return to.scale() >= from.scale() && to.precision() - to.scale() >= from.precision() - from.scale();
  }
  return false;
}

/// One Parquet file being written.
class OpenFile {
 public:
  static Result<std::unique_ptr<OpenFile>> Create(const WriteContext& context, std::vector<Literal> partition,
                                                  const std::string& name) {
    auto file = std::make_unique<OpenFile>(context);
    file->data_file_.spec_id = context.spec.spec_id;
    file->data_file_.sort_order_id = 0;
    ARROW_ASSIGN_OR_RAISE(std::string folder, PartitionPath(context.spec, *context.partition_type, partition));
    file->data_file_.partition = std::move(partition);
    file->data_file_.path = DataLocation(*context.metadata) + (folder.empty() ? "/" : "/" + folder + "/") + name;
    ARROW_ASSIGN_OR_RAISE(file->sink_, context.io->OpenOutput(file->data_file_.path));
    ARROW_ASSIGN_OR_RAISE(file->writer_,
                          parquet_io::FileWriter::Open(file->sink_, context.arrow_schema, context.parquet));
    return file;
  }
  explicit OpenFile(const WriteContext& context) : context_(context) {}
  ~OpenFile() {
    if (writer_) Discard();
  }

  Status Write(const arrow::RecordBatch& batch) { return writer_->Write(batch); }
  int64_t bytes() const { return writer_->estimated_bytes(); }
  int64_t buffered() const { return writer_->buffered_bytes(); }

  Result<DataFile> Close() {
    ARROW_RETURN_NOT_OK(writer_->Close());
    ARROW_ASSIGN_OR_RAISE(data_file_.file_size, sink_->Tell());
    ARROW_RETURN_NOT_OK(sink_->Close());
    ARROW_RETURN_NOT_OK(FillMetrics(*context_.schema, context_.metrics, *writer_->metadata(), writer_->leaf_columns(),
                                    writer_->nan_counts(), &data_file_));
    writer_.reset();
    return std::move(data_file_);
  }

  uint64_t last_used = 0;

 private:
  void Discard() {
    writer_.reset();
    (void)sink_->Close();
    (void)context_.io->Delete(data_file_.path);
  }

  const WriteContext& context_;
  DataFile data_file_;
  std::shared_ptr<arrow::io::OutputStream> sink_;
  std::unique_ptr<parquet_io::FileWriter> writer_;
};

class IcebergTaskWriter final : public connectors::TaskWriter {
 public:
  IcebergTaskWriter(WriteContextPtr context, int task) : context_(std::move(context)), task_(task) {
    static std::atomic<int64_t> attempts{0};
    attempt_ = attempts++;
  }

  ~IcebergTaskWriter() override {
    open_.clear();
    if (closed_) return;
    for (const DataFile& file : done_) (void)context_->io->Delete(file.path);
  }

  Status Write(const arrow::RecordBatch& batch) override {
    if (batch.num_rows() == 0) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(auto rows, Arrange(batch));
    if (context_->spec.fields.empty()) return WriteRows("", {}, *rows);
    return WritePartitioned(rows);
  }

  Result<std::string> Close() override {
    for (auto& [key, file] : open_) {
      ARROW_ASSIGN_OR_RAISE(DataFile done, file->Close());
      done_.push_back(std::move(done));
    }
    open_.clear();
    std::string message;
    if (!done_.empty()) {
      std::vector<ManifestEntry> entries;
      for (const DataFile& file : done_) entries.push_back({EntryStatus::kAdded, {}, {}, {}, file});
      ARROW_ASSIGN_OR_RAISE(message, WriteManifest(*context_->schema, context_->spec, false, entries));
    }
    closed_ = true;
    return message;
  }

 private:
  /// The batch's columns in the table's order and types.
  Result<std::shared_ptr<arrow::RecordBatch>> Arrange(const arrow::RecordBatch& batch) {
    arrow::ArrayVector columns;
    for (size_t i = 0; i < context_->source_columns.size(); ++i) {
      const auto& field = context_->arrow_schema->field(static_cast<int>(i));
      int from = context_->source_columns[i];
      std::shared_ptr<arrow::Array> column;
      if (from < 0) {
        ARROW_ASSIGN_OR_RAISE(column, arrow::MakeArrayOfNull(field->type(), batch.num_rows()));
      } else {
        column = batch.column(from);
        if (!column->type()->Equals(*field->type())) {
          ARROW_ASSIGN_OR_RAISE(column, NormalizeArray(column, context_->column_types[i]));
          // Names and ids of nested fields: positions match, the context has checked that.
          if (!column->type()->Equals(*field->type())) column = Relabel(column->data(), field->type());
        }
      }
      if (!field->nullable() && column->null_count() > 0) {
        return MakeError("NOT_NULL_ASSERT_VIOLATION", {{"walkedTypePath", field->name()}});
      }
      columns.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(context_->arrow_schema, batch.num_rows(), std::move(columns));
  }

  static std::shared_ptr<arrow::Array> Relabel(const std::shared_ptr<arrow::ArrayData>& data,
                                               const std::shared_ptr<arrow::DataType>& type) {
    auto out = data->Copy();
    out->type = type;
    for (size_t i = 0; i < out->child_data.size(); ++i) {
      out->child_data[i] = Relabel(out->child_data[i], type->field(static_cast<int>(i))->type())->data();
    }
    return arrow::MakeArray(out);
  }

  Status WritePartitioned(const std::shared_ptr<arrow::RecordBatch>& rows) {
    // Partition values by column, then rows by partition.
    size_t width = context_->spec.fields.size();
    std::vector<std::shared_ptr<arrow::Array>> values(width);
    for (size_t f = 0; f < width; ++f) {
      const PartitionField& field = context_->spec.fields[f];
      ARROW_ASSIGN_OR_RAISE(auto source, SourceColumn(*rows, field.source_id));
      ARROW_ASSIGN_OR_RAISE(values[f],
                            ApplyTransform(field.transform, *context_->schema->Find(field.source_id)->type, source));
    }
    groups_.clear();
    std::vector<std::pair<int64_t, std::vector<int32_t>>> groups;  // first row, rows
    std::string key;
    for (int64_t i = 0; i < rows->num_rows(); ++i) {
      key.clear();
      for (size_t f = 0; f < width; ++f) AppendKey(*values[f], i, &key);
      auto [at, added] = groups_.try_emplace(key, groups.size());
      if (added) groups.push_back({i, {}});
      groups[at->second].second.push_back(static_cast<int32_t>(i));
    }
    for (const auto& [key_text, index] : groups_) {
      const auto& [first, indices] = groups[index];
      std::vector<Literal> partition;
      for (size_t f = 0; f < width; ++f) {
        ARROW_ASSIGN_OR_RAISE(Literal v, LiteralAt(*context_->partition_type->fields[f].type, *values[f], first));
        partition.push_back(std::move(v));
      }
      if (groups.size() == 1) {
        ARROW_RETURN_NOT_OK(WriteRows(key_text, std::move(partition), *rows));
        continue;
      }
      arrow::Int32Builder builder;
      ARROW_RETURN_NOT_OK(builder.AppendValues(indices));
      ARROW_ASSIGN_OR_RAISE(auto take, builder.Finish());
      arrow::ArrayVector columns;
      for (const auto& column : rows->columns()) {
        ARROW_ASSIGN_OR_RAISE(auto taken,
                              arrow::compute::Take(*column, *take, arrow::compute::TakeOptions::NoBoundsCheck()));
        columns.push_back(std::move(taken));
      }
      auto part = arrow::RecordBatch::Make(rows->schema(), static_cast<int64_t>(indices.size()), std::move(columns));
      ARROW_RETURN_NOT_OK(WriteRows(key_text, std::move(partition), *part));
    }
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::Array>> SourceColumn(const arrow::RecordBatch& rows, int id) const {
    std::function<std::shared_ptr<arrow::Array>(const std::shared_ptr<arrow::Array>&, const Field&)> find =
        [&](const std::shared_ptr<arrow::Array>& array, const Field& field) -> std::shared_ptr<arrow::Array> {
      if (field.id == id) return array;
      if (field.type->kind != TypeKind::kStruct) return nullptr;
      const auto& s = static_cast<const arrow::StructArray&>(*array);
      for (size_t i = 0; i < field.type->fields.size(); ++i) {
        auto child = s.GetFlattenedField(static_cast<int>(i));
        if (!child.ok()) continue;
        if (auto found = find(*child, field.type->fields[i])) return found;
      }
      return nullptr;
    };
    for (int i = 0; i < rows.num_columns(); ++i) {
      if (auto found = find(rows.column(i), context_->schema->fields[static_cast<size_t>(i)])) return found;
    }
    return Status::Invalid("Iceberg: the partition source column ", id, " is gone");
  }

  static void AppendKey(const arrow::Array& values, int64_t i, std::string* key) {
    if (values.IsNull(i)) {
      key->push_back('n');
      return;
    }
    key->push_back('v');
    switch (values.type_id()) {
      case arrow::Type::STRING:
      case arrow::Type::BINARY: {
        std::string_view v = static_cast<const arrow::BinaryArray&>(values).GetView(i);
        auto n = static_cast<uint32_t>(v.size());
        key->append(reinterpret_cast<const char*>(&n), sizeof n);
        key->append(v);
        break;
      }
      case arrow::Type::BOOL: key->push_back(static_cast<const arrow::BooleanArray&>(values).Value(i) ? 1 : 0); break;
      default: {
        auto width = static_cast<size_t>(values.type()->bit_width() / 8);
        key->append(reinterpret_cast<const char*>(values.data()->buffers[1]->data()) +
                        static_cast<size_t>(values.offset() + i) * width,
                    width);
      }
    }
  }

  Status WriteRows(const std::string& key, std::vector<Literal> partition, const arrow::RecordBatch& rows) {
    auto it = open_.find(key);
    if (it == open_.end()) {
      if (open_.size() >= context_->max_open_files) ARROW_RETURN_NOT_OK(CloseOldest());
      std::string name =
          fmt::format("{:05}-{}-{}-{:05}.parquet", task_, attempt_, context_->operation_id, ++file_count_);
      ARROW_ASSIGN_OR_RAISE(auto file, OpenFile::Create(*context_, std::move(partition), name));
      it = open_.emplace(key, std::move(file)).first;
    }
    OpenFile& file = *it->second;
    file.last_used = ++uses_;
    int64_t before = file.buffered();
    ARROW_RETURN_NOT_OK(file.Write(rows));
    buffered_ += file.buffered() - before;
    if (file.bytes() >= context_->target_file_bytes) return CloseFile(it);
    while (open_.size() > 1 && buffered_ > context_->max_buffered_bytes) ARROW_RETURN_NOT_OK(CloseOldest());
    return Status::OK();
  }

  using OpenFiles = absl::flat_hash_map<std::string, std::unique_ptr<OpenFile>>;
  Status CloseFile(OpenFiles::iterator it) {
    buffered_ -= it->second->buffered();
    ARROW_ASSIGN_OR_RAISE(DataFile done, it->second->Close());
    done_.push_back(std::move(done));
    open_.erase(it);
    return Status::OK();
  }
  Status CloseOldest() {
    auto oldest = open_.begin();
    for (auto it = open_.begin(); it != open_.end(); ++it) {
      if (it->second->last_used < oldest->second->last_used) oldest = it;
    }
    return CloseFile(oldest);
  }

  WriteContextPtr context_;
  int task_;
  int64_t attempt_ = 0, buffered_ = 0;
  int file_count_ = 0;
  uint64_t uses_ = 0;
  bool closed_ = false;
  OpenFiles open_;
  absl::flat_hash_map<std::string, size_t> groups_;
  std::vector<DataFile> done_;
};

Result<int64_t> SizeSetting(const OptionMap& options, const char* option, const TableMetadata& metadata,
                            const char* property, int64_t otherwise) {
  ARROW_ASSIGN_OR_RAISE(int64_t v, GetIntOption(options, option, metadata.IntProperty(property, otherwise)));
  if (v <= 0) return Status::Invalid("Iceberg: ", option, " must be positive, not ", v);
  return v;
}
}  // namespace

Result<WriteContextPtr> MakeWriteContext(const MetadataPtr& metadata, const FileIoPtr& io,
                                         const std::string& table_name, const DataType& incoming,
                                         const OptionMap& options) {
  auto context = std::make_shared<WriteContext>();
  context->metadata = metadata;
  context->io = io;
  context->table_name = table_name;
  context->operation_id = RandomUuid();
  context->schema = std::make_shared<const Schema>(metadata->schema());
  ARROW_ASSIGN_OR_RAISE(WriteOptions how, ParseWriteOptions(options, *metadata));
  context->spec = *how.spec;
  if (metadata->default_sort_order_id != 0) LogDebug("the table's sort order is not applied", {{"table", table_name}});
  ARROW_ASSIGN_OR_RAISE(context->partition_type, PartitionType(context->spec, *context->schema));
  ARROW_ASSIGN_OR_RAISE(context->arrow_schema, ToArrowSchema(context->schema->fields));
  ARROW_ASSIGN_OR_RAISE(context->metrics, MetricsConfigOf(*metadata));

  std::vector<bool> used(incoming.fields().size(), false);
  for (const Field& field : context->schema->fields) {
    ARROW_ASSIGN_OR_RAISE(DataType type, ToSparkType(*field.type));
    int from = -1;
    for (size_t i = 0; i < incoming.fields().size(); ++i) {
      if (strcasecmp(incoming.fields()[i].name.c_str(), field.name.c_str()) == 0) from = static_cast<int>(i);
    }
    if (from < 0 && field.required) {
      return MakeError("INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_FIND_DATA",
                       {{"tableName", table_name}, {"colName", QuoteIdentifier(field.name)}});
    }
    if (from >= 0) {
      used[static_cast<size_t>(from)] = true;
      const DataType& source = incoming.fields()[static_cast<size_t>(from)].type;
      if (!Widens(source, type)) {
        return MakeError("INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_SAFELY_CAST",
                         {{"tableName", table_name},
                          {"colName", QuoteIdentifier(field.name)},
                          {"srcType", InDoubleQuotes(source.sql())},
                          {"targetType", InDoubleQuotes(type.sql())}});
      }
    }
    context->source_columns.push_back(from);
    context->column_types.push_back(std::move(type));
  }
  std::string extra;
  for (size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) extra += (extra.empty() ? "" : ", ") + QuoteIdentifier(incoming.fields()[i].name);
  }
  if (!extra.empty()) {
    return MakeError("INCOMPATIBLE_DATA_FOR_TABLE.EXTRA_COLUMNS", {{"tableName", table_name}, {"extraColumns", extra}});
  }

  std::string format =
      GetOption(options, "write-format").value_or(metadata->Property("write.format.default", "parquet"));
  bool known = false;
  for (const char* name : {"parquet", "orc", "avro"}) known = known || strcasecmp(format.c_str(), name) == 0;
  if (!known) return IllegalArgument("Invalid file format: " + format);
  if (strcasecmp(format.c_str(), "parquet") != 0) return UnsupportedFeature("Writing Iceberg data files as " + format);
  context->parquet = parquet_io::DefaultWriterOptions();
  std::string codec =
      GetOption(options, "compression-codec").value_or(metadata->Property("write.parquet.compression-codec", "zstd"));
  ARROW_ASSIGN_OR_RAISE(context->parquet.compression, parquet_io::CompressionFromName(codec));
  ARROW_ASSIGN_OR_RAISE(int64_t level, GetIntOption(options, "compression-level",
                                                    metadata->IntProperty("write.parquet.compression-level", 1)));
  context->parquet.compression_level = static_cast<int>(level);
  ARROW_ASSIGN_OR_RAISE(context->target_file_bytes, SizeSetting(options, "target-file-size-bytes", *metadata,
                                                                "write.target-file-size-bytes", 512 << 20));
  // Smaller row groups than the property asks for: they bound the memory of a writer.
  context->parquet.row_group_bytes =
      std::min(context->parquet.row_group_bytes,
               std::max<int64_t>(metadata->IntProperty("write.parquet.row-group-size-bytes", INT64_MAX), 1 << 16));
  context->parquet.row_group_bytes =
      std::min(context->parquet.row_group_bytes, std::max<int64_t>(context->target_file_bytes, 1 << 16));
  return WriteContextPtr(context);
}

std::unique_ptr<connectors::TaskWriter> NewTaskWriter(WriteContextPtr context, int task) {
  return std::make_unique<IcebergTaskWriter>(std::move(context), task);
}

Result<std::vector<DataFile>> FilesOfMessages(const WriteContext& context, const std::vector<std::string>& messages) {
  std::vector<DataFile> files;
  ManifestFile manifest;
  manifest.spec_id = context.spec.spec_id;
  for (const std::string& message : messages) {
    if (message.empty()) continue;
    ARROW_ASSIGN_OR_RAISE(auto entries, ReadManifest(message, manifest));
    for (ManifestEntry& entry : entries) files.push_back(std::move(entry.file));
  }
  return files;
}

}  // namespace sluice::iceberg
