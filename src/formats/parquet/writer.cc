#include "formats/parquet/writer.h"

#include <arrow/array.h>
#include <arrow/util/compression.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/schema.h>
#include <parquet/arrow/writer.h>
#include <parquet/file_writer.h>
#include <parquet/properties.h>

#include <cmath>
#include <string_view>

#include <absl/container/flat_hash_set.h>

namespace sluice::parquet_io {

namespace {

/// Arrow bytes of a batch's rows: offsets and values, not what slices share.
int64_t ByteSize(const arrow::ArrayData& data) {
  const arrow::DataType& type = *data.type;
  int64_t size = 0;
  switch (type.id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY: {
      if (data.length == 0) return 0;
      const auto* offsets = data.GetValues<int32_t>(1);
      return 4 * data.length + offsets[data.length] - offsets[0];
    }
    case arrow::Type::LIST:
    case arrow::Type::MAP: {
      if (data.length == 0) return 0;
      const auto* offsets = data.GetValues<int32_t>(1);
      int64_t n = offsets[data.length] - offsets[0];
      int64_t whole = ByteSize(*data.child_data[0]);
      int64_t length = data.child_data[0]->length;
      return 4 * data.length + (length > 0 ? whole * n / length : 0);
    }
    case arrow::Type::STRUCT:
      for (const auto& child : data.child_data)
        size += ByteSize(*child) * data.length / std::max<int64_t>(child->length, 1);
      return size;
    default: return data.length * std::max(1, type.bit_width() / 8);
  }
}

/// A dictionary pays when values repeat. Looks at the first rows.
bool Repeats(const arrow::Array& array) {
  constexpr int64_t kSample = 2048;
  int64_t n = std::min(array.length(), kSample);
  if (n < 32) return true;
  absl::flat_hash_set<std::string_view> seen;
  int64_t valid = 0;
  auto count = [&](auto view) {
    for (int64_t i = 0; i < n; ++i) {
      if (array.IsNull(i)) continue;
      ++valid;
      seen.insert(view(i));
    }
  };
  switch (array.type_id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY: {
      const auto& values = static_cast<const arrow::BinaryArray&>(array);
      count([&](int64_t i) { return values.GetView(i); });
      break;
    }
    case arrow::Type::BOOL: return false;
    default: {
      const auto* fixed = dynamic_cast<const arrow::FixedWidthType*>(array.type().get());
      if (!fixed) return true;
      auto width = static_cast<size_t>(fixed->bit_width() / 8);
      const auto* bytes =
          reinterpret_cast<const char*>(array.data()->buffers[1]->data()) + static_cast<size_t>(array.offset()) * width;
      count([&](int64_t i) { return std::string_view(bytes + static_cast<size_t>(i) * width, width); });
    }
  }
  return static_cast<int64_t>(seen.size()) * 2 < valid;
}

template <typename T>
int64_t CountNan(const arrow::Array& array) {
  const T* values = array.data()->GetValues<T>(1);
  int64_t n = 0;
  for (int64_t i = 0; i < array.length(); ++i) n += values[i] != values[i];
  if (n == 0 || array.null_count() == 0) return n;
  n = 0;
  for (int64_t i = 0; i < array.length(); ++i) n += array.IsValid(i) && values[i] != values[i];
  return n;
}

class FileWriterImpl final : public FileWriter {
 public:
  FileWriterImpl(std::shared_ptr<arrow::io::OutputStream> sink, std::shared_ptr<arrow::Schema> schema,
                 WriterOptions options)
      : sink_(std::move(sink)), schema_(std::move(schema)), file_schema_(FileSchema(schema_, options.timestamps)),
        options_(std::move(options)) {}

  Status Write(const arrow::RecordBatch& batch) override {
    if (batch.num_rows() == 0) return Status::OK();
    if (!writer_) ARROW_RETURN_NOT_OK(OpenWriter(&batch));
    auto typed = arrow::RecordBatch::Make(schema_, batch.num_rows(), batch.columns());
    int64_t bytes = 0;
    for (int i = 0; i < typed->num_columns(); ++i) {
      if (!typed->column(i)->type()->Equals(*schema_->field(i)->type())) {
        return Status::TypeError("Parquet column ", schema_->field(i)->name(), ": ",
                                 typed->column(i)->type()->ToString(), " where the file has ",
                                 schema_->field(i)->type()->ToString());
      }
      bytes += ByteSize(*typed->column_data(i));
      CountNans(*schema_->field(i), *typed->column(i));
    }
    if (group_bytes_ > 0 && group_bytes_ + bytes > options_.row_group_bytes) ARROW_RETURN_NOT_OK(EndRowGroup());
    ARROW_ASSIGN_OR_RAISE(typed, InFileForm(std::move(typed)));
    ARROW_RETURN_NOT_OK(writer_->WriteRecordBatch(*typed));
    rows_ += batch.num_rows();
    group_bytes_ += bytes;
    raw_bytes_ += bytes;
    return Status::OK();
  }

  Status Close() override {
    if (!writer_) ARROW_RETURN_NOT_OK(OpenWriter(nullptr));
    ARROW_RETURN_NOT_OK(writer_->Close());
    metadata_ = writer_->metadata();
    writer_.reset();
    group_bytes_ = 0;
    return Status::OK();
  }

  int64_t rows() const override { return rows_; }
  int64_t estimated_bytes() const override {
    int64_t flushed = sink_->Tell().ValueOr(0);
    int64_t ended = raw_bytes_ - group_bytes_;
    double ratio = ended > 0 ? static_cast<double>(flushed) / static_cast<double>(ended) : 0.4;
    return flushed + static_cast<int64_t>(ratio * static_cast<double>(group_bytes_));
  }
  int64_t buffered_bytes() const override { return group_bytes_; }
  std::shared_ptr<::parquet::FileMetaData> metadata() const override { return metadata_; }
  std::vector<LeafColumn> leaf_columns() const override {
    std::vector<LeafColumn> out;
    int index = 0;
    for (const auto& field : schema_->fields()) Leaves(*field, false, &index, &out);
    return out;
  }
  const std::map<int, int64_t>& nan_counts() const override { return nans_; }

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> InFileForm(std::shared_ptr<arrow::RecordBatch> batch) const {
    if (file_schema_ == schema_) return batch;
    arrow::ArrayVector columns;
    for (int i = 0; i < batch->num_columns(); ++i) {
      ARROW_ASSIGN_OR_RAISE(auto column, ToFileArray(batch->column(i), *file_schema_->field(i)->type()));
      columns.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(file_schema_, batch->num_rows(), std::move(columns));
  }

  static void Leaves(const arrow::Field& field, bool repeated, int* index, std::vector<LeafColumn>* out) {
    const auto& type = *field.type();
    if (type.id() == arrow::Type::LIST || type.id() == arrow::Type::MAP) {
      // A map's one child is its entries struct.
      for (const auto& child : type.id() == arrow::Type::MAP ? type.field(0)->type()->fields() : type.fields()) {
        Leaves(*child, true, index, out);
      }
    } else if (type.id() == arrow::Type::STRUCT) {
      for (const auto& child : type.fields()) Leaves(*child, repeated, index, out);
    } else {
      out->push_back({(*index)++, FieldIdOf(field), repeated, field.type()});
    }
  }

  static void DictionaryChoice(const arrow::Field& field, const arrow::Array& array, const std::string& path,
                               ::parquet::WriterProperties::Builder* builder) {
    if (array.type_id() == arrow::Type::STRUCT) {
      const auto& s = static_cast<const arrow::StructArray&>(array);
      for (int i = 0; i < s.num_fields(); ++i) {
        const auto& child = *field.type()->field(i);
        DictionaryChoice(child, *s.field(i), path + "." + child.name(), builder);
      }
    } else if (array.type_id() != arrow::Type::LIST && array.type_id() != arrow::Type::MAP && !Repeats(array)) {
      builder->disable_dictionary(path);
    }
  }

  void CountNans(const arrow::Field& field, const arrow::Array& array) {
    if (array.type_id() == arrow::Type::FLOAT) {
      nans_[FieldIdOf(field)] += CountNan<float>(array);
    } else if (array.type_id() == arrow::Type::DOUBLE) {
      nans_[FieldIdOf(field)] += CountNan<double>(array);
    } else if (array.type_id() == arrow::Type::STRUCT) {
      const auto& s = static_cast<const arrow::StructArray&>(array);
      for (int i = 0; i < s.num_fields(); ++i) CountNans(*field.type()->field(i), *s.field(i));
    }
  }

  Status OpenWriter(const arrow::RecordBatch* first) {
    ::parquet::WriterProperties::Builder builder;
    builder.compression(options_.compression)
        ->data_pagesize(options_.page_bytes)
        ->dictionary_pagesize_limit(options_.dictionary_bytes)
        ->max_row_group_length(options_.row_group_rows)
        ->created_by("sluice")
        ->enable_store_decimal_as_integer();
    if (arrow::util::Codec::SupportsCompressionLevel(options_.compression)) {
      builder.compression_level(options_.compression_level);
    }
    if (first) {
      for (int i = 0; i < first->num_columns(); ++i) {
        DictionaryChoice(*schema_->field(i), *first->column(i), schema_->field(i)->name(), &builder);
      }
    }
    auto properties = builder.build();
    ARROW_ASSIGN_OR_RAISE(auto root, ParquetSchema(*file_schema_, options_.timestamps, *properties));
    try {
      ARROW_RETURN_NOT_OK(::parquet::arrow::FileWriter::Make(
          arrow::default_memory_pool(), ::parquet::ParquetFileWriter::Open(sink_, std::move(root), properties),
          file_schema_, ::parquet::default_arrow_writer_properties(), &writer_));
    } catch (const std::exception& e) {
      return Status::IOError("Parquet: ", e.what());
    }
    if (!options_.key_value_metadata.empty()) {
      auto metadata = std::make_shared<arrow::KeyValueMetadata>();
      for (const auto& [key, value] : options_.key_value_metadata) metadata->Append(key, value);
      ARROW_RETURN_NOT_OK(writer_->AddKeyValueMetadata(metadata));
    }
    return Status::OK();
  }

  Status EndRowGroup() {
    group_bytes_ = 0;
    return writer_->NewBufferedRowGroup();
  }

  std::shared_ptr<arrow::io::OutputStream> sink_;
  std::shared_ptr<arrow::Schema> schema_, file_schema_;
  WriterOptions options_;
  std::unique_ptr<::parquet::arrow::FileWriter> writer_;
  std::shared_ptr<::parquet::FileMetaData> metadata_;
  std::map<int, int64_t> nans_;
  int64_t rows_ = 0, group_bytes_ = 0, raw_bytes_ = 0;
};
}  // namespace

WriterOptions DefaultWriterOptions() {
  WriterOptions options;
  options.compression = arrow::Compression::ZSTD;
  return options;
}

Result<arrow::Compression::type> CompressionFromName(const std::string& name) {
  static const std::map<std::string, arrow::Compression::type> kCodecs = {
      {"zstd", arrow::Compression::ZSTD},         {"snappy", arrow::Compression::SNAPPY},
      {"gzip", arrow::Compression::GZIP},         {"brotli", arrow::Compression::BROTLI},
      {"lz4", arrow::Compression::LZ4_HADOOP},    {"lz4_raw", arrow::Compression::LZ4},
      {"none", arrow::Compression::UNCOMPRESSED}, {"uncompressed", arrow::Compression::UNCOMPRESSED}};
  std::string lower = name;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  auto it = kCodecs.find(lower);
  if (it == kCodecs.end()) return UnsupportedFeature("The Parquet codec '" + name + "'");
  return it->second;
}

Result<std::unique_ptr<FileWriter>> FileWriter::Open(std::shared_ptr<arrow::io::OutputStream> sink,
                                                     std::shared_ptr<arrow::Schema> schema, WriterOptions options) {
  return std::make_unique<FileWriterImpl>(std::move(sink), std::move(schema), std::move(options));
}

}  // namespace sluice::parquet_io
