// ORC, through Arrow's adapter. Timestamps are wall clocks of the machine's zone there, as Spark writes and reads them.
#include <arrow/adapters/orc/adapter.h>
#include <strings.h>

#include <algorithm>

#include "connectors/file/format.h"
#include "formats/parquet/reader.h"
#include "types/arrow_types.h"

namespace sluice::connectors::file {

namespace {

namespace orc = arrow::adapters::orc;

const ConfigEntry kMergeSchema("spark.sql.orc.mergeSchema", "false", "Is the schema of ORC files that of all of them?");
const ConfigEntry kCodec("spark.sql.orc.compression.codec", "zstd", "How ORC files are compressed.");

Result<std::unique_ptr<orc::ORCFileReader>> OpenFile(arrow::fs::FileSystem& fs, const FileInfo& file) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::io::RandomAccessFile> input, fs.OpenInputFile(file.path));
  return orc::ORCFileReader::Open(input, arrow::default_memory_pool());
}

/// Every ORC timestamp is Spark's TIMESTAMP.
DataType AsSpark(const DataType& type) {
  switch (type.id()) {
    case TypeId::kTimestampNtz: return DataType::Timestamp();
    case TypeId::kArray: return DataType::Array(AsSpark(type.elementType()));
    case TypeId::kMap: return DataType::Map(AsSpark(type.keyType()), AsSpark(type.valueType()));
    case TypeId::kStruct: {
      std::vector<StructField> fields;
      for (const auto& field : type.fields()) fields.push_back({field.name, AsSpark(field.type)});
      return DataType::Struct(std::move(fields));
    }
    default: return type;
  }
}

bool HasTimestamp(const DataType& type) {
  switch (type.id()) {
    case TypeId::kTimestamp: return true;
    case TypeId::kArray: return HasTimestamp(type.elementType());
    case TypeId::kMap: return HasTimestamp(type.keyType()) || HasTimestamp(type.valueType());
    case TypeId::kStruct:
      return std::any_of(type.fields().begin(), type.fields().end(),
                         [](const auto& field) { return HasTimestamp(field.type); });
    default: return false;
  }
}

/// Instants to wall clocks of `zone` or back, wherever there are timestamps; microseconds on both sides.
Result<std::shared_ptr<arrow::ArrayData>> Shift(const std::shared_ptr<arrow::ArrayData>& data, const TimeZone& zone,
                                                bool to_local) {
  auto out = data->Copy();
  if (data->type->id() == arrow::Type::TIMESTAMP) {
    ARROW_ASSIGN_OR_RAISE(auto buffer,
                          arrow::AllocateBuffer((data->offset + data->length) * static_cast<int64_t>(sizeof(int64_t))));
    const auto* from = data->GetValues<int64_t>(1);
    auto* to = reinterpret_cast<int64_t*>(buffer->mutable_data()) + data->offset;
    for (int64_t i = 0; i < data->length; ++i) to[i] = to_local ? zone.ToLocal(from[i]) : zone.ToUtc(from[i]);
    out->buffers[1] = std::move(buffer);
    out->type = arrow::timestamp(arrow::TimeUnit::MICRO, to_local ? "" : "UTC");
    return out;
  }
  if (data->child_data.empty()) return out;
  arrow::FieldVector fields;
  for (size_t i = 0; i < data->child_data.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(out->child_data[i], Shift(data->child_data[i], zone, to_local));
    fields.push_back(data->type->field(static_cast<int>(i))->WithType(out->child_data[i]->type));
  }
  switch (data->type->id()) {
    case arrow::Type::STRUCT: out->type = arrow::struct_(fields); break;
    case arrow::Type::LIST: out->type = arrow::list(fields[0]); break;
    case arrow::Type::MAP: out->type = std::make_shared<arrow::MapType>(fields[0]); break;
    default: break;
  }
  return out;
}

class OrcReader final : public BatchReader {
 public:
  OrcReader(std::unique_ptr<orc::ORCFileReader> file, std::shared_ptr<const TimeZone> zone, const ScanRequest& request)
      : file_(std::move(file)), zone_(std::move(zone)), wanted_(request.schema), schema_(ToArrowSchema(request.schema)),
        batch_rows_(std::max<int64_t>(1, request.batch_rows)), cancel_(request.cancel) {}

  Status Start(const FilePart& part) {
    ARROW_ASSIGN_OR_RAISE(auto schema, file_->ReadSchema());
    for (const auto& field : schema_->fields()) {
      int found = -1;
      for (int i = 0; i < schema->num_fields(); ++i)
        if (strcasecmp(schema->field(i)->name().c_str(), field->name().c_str()) == 0 &&
            (found < 0 || schema->field(i)->name() == field->name()))
          found = i;
      from_.push_back(
          found < 0 ? -1 : static_cast<int>(std::find(include_.begin(), include_.end(), found) - include_.begin()));
      if (found >= 0 && std::find(include_.begin(), include_.end(), found) == include_.end()) include_.push_back(found);
    }
    // Columns come in the file's order.
    std::vector<int> sorted = include_;
    std::sort(sorted.begin(), sorted.end());
    for (int& at : from_)
      if (at >= 0)
        at = static_cast<int>(std::find(sorted.begin(), sorted.end(), include_[static_cast<size_t>(at)]) -
                              sorted.begin());
    include_ = std::move(sorted);
    for (int64_t i = 0; i < file_->NumberOfStripes(); ++i) {
      const auto stripe = file_->GetStripeInformation(i);
      if (stripe.offset >= part.start && stripe.offset < part.end) stripes_.push_back(stripe);
    }
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    ARROW_RETURN_NOT_OK(cancel_.Check());
    for (;;) {
      if (left_without_columns_ > 0) {
        const int64_t rows = std::min(left_without_columns_, batch_rows_);
        left_without_columns_ -= rows;
        return Fit(nullptr, rows);
      }
      if (batches_ != nullptr) {
        ARROW_ASSIGN_OR_RAISE(auto batch, batches_->Next());
        if (batch != nullptr) return Fit(batch, batch->num_rows());
        batches_.reset();
      }
      if (next_ == stripes_.size()) return nullptr;
      const auto& stripe = stripes_[next_++];
      if (include_.empty()) {
        left_without_columns_ = stripe.num_rows;
        continue;
      }
      ARROW_RETURN_NOT_OK(file_->Seek(stripe.first_row_id));
      ARROW_ASSIGN_OR_RAISE(batches_, file_->NextStripeReader(batch_rows_, include_));
    }
  }

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> Fit(const std::shared_ptr<arrow::RecordBatch>& batch,
                                                  int64_t rows) const {
    arrow::ArrayVector columns;
    for (int i = 0; i < schema_->num_fields(); ++i) {
      const int at = from_[static_cast<size_t>(i)];
      const auto& to = *schema_->field(i);
      if (at < 0) {
        ARROW_ASSIGN_OR_RAISE(auto nulls, arrow::MakeArrayOfNull(to.type(), rows));
        columns.push_back(std::move(nulls));
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(auto column, parquet_io::ProjectArray(batch->column(at), *batch->schema()->field(at), to,
                                                                  parquet_io::MatchBy::kName));
      if (!zone_->is_utc() && HasTimestamp(wanted_.fields()[static_cast<size_t>(i)].type)) {
        ARROW_ASSIGN_OR_RAISE(auto shifted, Shift(column->data(), *zone_, /*to_local=*/false));
        shifted->type = to.type();
        column = arrow::MakeArray(shifted);
      }
      columns.push_back(std::move(column));
    }
    return arrow::RecordBatch::Make(schema_, rows, std::move(columns));
  }

  std::unique_ptr<orc::ORCFileReader> file_;
  std::shared_ptr<const TimeZone> zone_;
  DataType wanted_;
  std::shared_ptr<arrow::Schema> schema_;
  int64_t batch_rows_;
  CancelToken cancel_;
  std::vector<int> include_, from_;  // columns to read; where each wanted one is among them, -1: missing
  std::vector<orc::StripeInformation> stripes_;
  size_t next_ = 0;
  int64_t left_without_columns_ = 0;
  std::shared_ptr<arrow::RecordBatchReader> batches_;
};

class OrcEncoder final : public FileEncoder {
 public:
  OrcEncoder(std::shared_ptr<arrow::io::OutputStream> sink, DataType schema, std::shared_ptr<const TimeZone> zone,
             arrow::Compression::type compression)
      : sink_(std::move(sink)), schema_(std::move(schema)), zone_(std::move(zone)), compression_(compression) {}
  Status Write(const arrow::RecordBatch& batch) override {
    if (writer_ == nullptr) ARROW_RETURN_NOT_OK(Open());
    arrow::FieldVector fields;
    arrow::ArrayVector columns;
    for (int i = 0; i < batch.num_columns(); ++i) {
      auto data = batch.column(i)->data();
      const StructField& field = schema_.fields()[static_cast<size_t>(i)];
      if (HasTimestamp(field.type)) {
        ARROW_ASSIGN_OR_RAISE(data, Shift(data, *zone_, /*to_local=*/true));
      }
      fields.push_back(arrow::field(field.name, data->type));
      columns.push_back(arrow::MakeArray(data));
    }
    return writer_->Write(*arrow::RecordBatch::Make(arrow::schema(fields), batch.num_rows(), std::move(columns)));
  }
  Status Close() override {
    if (writer_ == nullptr) {
      // The schema is kept without rows too.
      ARROW_ASSIGN_OR_RAISE(auto empty, arrow::RecordBatch::MakeEmpty(ToArrowSchema(schema_)));
      ARROW_RETURN_NOT_OK(Write(*empty));
    }
    ARROW_RETURN_NOT_OK(writer_->Close());
    return sink_->Close();
  }

 private:
  Status Open() {
    orc::WriteOptions options;
    options.compression = compression_;
    ARROW_ASSIGN_OR_RAISE(writer_, orc::ORCFileWriter::Open(sink_.get(), options));
    return Status::OK();
  }
  std::shared_ptr<arrow::io::OutputStream> sink_;
  DataType schema_;
  std::shared_ptr<const TimeZone> zone_;
  arrow::Compression::type compression_;
  std::unique_ptr<orc::ORCFileWriter> writer_;
};

struct Codec {
  std::string_view name, extension;
  arrow::Compression::type type;
};
constexpr Codec kCodecs[] = {
    {"none", "", arrow::Compression::UNCOMPRESSED},    {"uncompressed", "", arrow::Compression::UNCOMPRESSED},
    {"snappy", ".snappy", arrow::Compression::SNAPPY}, {"zlib", ".zlib", arrow::Compression::GZIP},
    {"zstd", ".zstd", arrow::Compression::ZSTD},       {"lz4", ".lz4", arrow::Compression::LZ4}};

class OrcFormat final : public Format {
 public:
  Status Init(const FormatContext& context) {
    ARROW_ASSIGN_OR_RAISE(const bool merge, context.config.GetBool(kMergeSchema));
    ARROW_ASSIGN_OR_RAISE(merge_, GetBoolOption(context.options, "mergeSchema", merge));
    codec_ = GetOption(context.options, "compression")
                 .value_or(GetOption(context.options, "orc.compress").value_or(context.config.Get(kCodec)));
    std::transform(codec_.begin(), codec_.end(), codec_.begin(), [](unsigned char c) { return std::tolower(c); });
    ARROW_ASSIGN_OR_RAISE(zone_, TimeZone::Find(TimeZone::LocalName()));
    return Status::OK();
  }
  std::string_view name() const override { return "orc"; }
  std::string_view title() const override { return "ORC"; }
  Result<std::optional<DataType>> InferSchema(const Root& root, const std::vector<FileInfo>& files) const override {
    std::vector<StructField> fields;
    for (size_t i = 0; i < files.size() && (i == 0 || merge_); ++i) {
      auto reader = OpenFile(*root.fs, files[i]);
      if (!reader.ok())
        return MakeError("FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER", {{"path", root.EncodedUri(files[i].path)}});
      ARROW_ASSIGN_OR_RAISE(auto schema, (*reader)->ReadSchema());
      ARROW_ASSIGN_OR_RAISE(DataType type, FromArrowSchema(*schema));
      const DataType spark = AsSpark(type);
      for (const auto& field : spark.fields()) {
        auto it = std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.name == field.name; });
        if (it == fields.end())
          fields.push_back(field);
        else if (!it->type.sameType(field.type))
          return MakeError("CANNOT_MERGE_SCHEMAS",
                           {{"left", InDoubleQuotes(it->type.sql())}, {"right", InDoubleQuotes(field.type.sql())}});
      }
    }
    if (files.empty()) return std::optional<DataType>();
    return std::optional(DataType::Struct(std::move(fields)));
  }
  bool Supports(const DataType& type) const override {
    switch (type.id()) {
      case TypeId::kStruct:
        return std::all_of(type.fields().begin(), type.fields().end(),
                           [&](const auto& field) { return Supports(field.type); });
      case TypeId::kArray: return Supports(type.elementType());
      case TypeId::kMap: return Supports(type.keyType()) && Supports(type.valueType());
      case TypeId::kVoid:
      case TypeId::kTimestampNtz:
      case TypeId::kCalendarInterval:
      case TypeId::kYearMonthInterval:
      case TypeId::kDayTimeInterval: return false;
      default: return true;
    }
  }
  bool CanSplit(const FileInfo&) const override { return true; }
  Result<std::unique_ptr<BatchReader>> Open(const FilePart& part, const DataType&,
                                            const ScanRequest& request) const override {
    ARROW_ASSIGN_OR_RAISE(auto file, OpenFile(*part.fs, part.file));
    auto reader = std::make_unique<OrcReader>(std::move(file), zone_, request);
    ARROW_RETURN_NOT_OK(reader->Start(part));
    return reader;
  }
  std::optional<int64_t> CountRows(const Root& root, const FileInfo& file) const override {
    auto reader = OpenFile(*root.fs, file);
    return reader.ok() ? std::optional((*reader)->NumberOfRows()) : std::nullopt;
  }
  Status CheckWrite(const DataType&) const override { return Find().status(); }
  Result<std::unique_ptr<FileEncoder>> NewEncoder(std::shared_ptr<arrow::io::OutputStream> sink,
                                                  const DataType& schema) const override {
    ARROW_ASSIGN_OR_RAISE(const Codec* codec, Find());
    return std::make_unique<OrcEncoder>(std::move(sink), schema, zone_, codec->type);
  }
  Result<std::string> Extension() const override {
    ARROW_ASSIGN_OR_RAISE(const Codec* codec, Find());
    return std::string(codec->extension) + ".orc";
  }

 private:
  Result<const Codec*> Find() const {
    for (const Codec& codec : kCodecs)
      if (codec.name == codec_) return &codec;
    return MakeError("CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION",
                     {{"codecName", codec_}, {"availableCodecs", "uncompressed, snappy, none, zlib, zstd, lz4"}});
  }
  std::string codec_;
  bool merge_ = false;
  std::shared_ptr<const TimeZone> zone_;
};

}  // namespace

Result<FormatPtr> MakeOrcFormat(const FormatContext& context) {
  auto format = std::make_shared<OrcFormat>();
  ARROW_RETURN_NOT_OK(format->Init(context));
  return format;
}

}  // namespace sluice::connectors::file
