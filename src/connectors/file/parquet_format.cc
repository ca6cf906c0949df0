// Parquet.
#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/schema.h>
#include <parquet/metadata.h>
#include <strings.h>

#include <algorithm>

#include "connectors/file/file_metadata.h"
#include "connectors/file/format.h"
#include "connectors/file/prune.h"
#include "formats/parquet/reader.h"
#include "formats/parquet/writer.h"
#include "types/arrow_types.h"
#include "types/ddl.h"

namespace sluice::connectors::file {

namespace {

const ConfigEntry kMergeSchema("spark.sql.parquet.mergeSchema", "false",
                               "Is the schema of Parquet files that of all of them?");
const ConfigEntry kCodec("spark.sql.parquet.compression.codec", "snappy", "How Parquet files are compressed.");
const ConfigEntry kTimestamps("spark.sql.parquet.outputTimestampType", "INT96",
                              "How Parquet files hold TIMESTAMP: INT96, TIMESTAMP_MICROS or TIMESTAMP_MILLIS.");
constexpr char kSparkSchemaKey[] = "org.apache.spark.sql.parquet.row.metadata";

Result<std::unique_ptr<parquet_io::FileReader>> OpenFile(arrow::fs::FileSystem& fs, const FileInfo& file,
                                                         int64_t batch_rows) {
  ARROW_ASSIGN_OR_RAISE(auto input, fs.OpenInputFile(file.path));
  return parquet_io::FileReader::Open(std::move(input),
                                      {.batch_rows = batch_rows, .match_by = parquet_io::MatchBy::kName});
}

/// INT96 is an instant, though nothing in the file says so.
Result<DataType> TypeOf(const ::parquet::arrow::SchemaField& field, const ::parquet::SchemaDescriptor& columns) {
  if (field.is_leaf()) {
    if (columns.Column(field.column_index)->physical_type() == ::parquet::Type::INT96) return DataType::Timestamp();
    return FromArrowType(*field.field->type());
  }
  std::vector<DataType> children;
  const auto& below = field.field->type()->id() == arrow::Type::MAP ? field.children[0].children : field.children;
  for (const auto& child : below) {
    ARROW_ASSIGN_OR_RAISE(DataType type, TypeOf(child, columns));
    children.push_back(std::move(type));
  }
  switch (field.field->type()->id()) {
    case arrow::Type::LIST: return DataType::Array(children[0]);
    case arrow::Type::MAP: return DataType::Map(children[0], children[1]);
    case arrow::Type::STRUCT: {
      std::vector<StructField> fields;
      for (size_t i = 0; i < children.size(); ++i) fields.push_back({below[i].field->name(), children[i]});
      return DataType::Struct(std::move(fields));
    }
    default: return FromArrowType(*field.field->type());
  }
}

/// What Spark wrote into the footer, else what the columns are.
Result<DataType> SchemaOf(const parquet_io::FileReader& reader) {
  if (const auto& metadata = reader.metadata().key_value_metadata()) {
    if (auto json = metadata->Get(kSparkSchemaKey); json.ok()) {
      if (auto schema = ParseSchemaJson(*json); schema.ok()) return schema->asNullable();
    }
  }
  std::vector<StructField> fields;
  for (const auto& field : reader.manifest().schema_fields) {
    ARROW_ASSIGN_OR_RAISE(DataType type, TypeOf(field, *reader.metadata().schema()));
    fields.push_back({field.field->name(), type.asNullable()});
  }
  return DataType::Struct(std::move(fields));
}

Result<DataType> MergeSchemas(const DataType& a, const DataType& b, bool case_sensitive) {
  if (a.id() == TypeId::kStruct && b.id() == TypeId::kStruct) {
    std::vector<StructField> fields = a.fields();
    for (const auto& field : b.fields()) {
      auto it = std::find_if(fields.begin(), fields.end(), [&](const auto& f) {
        return case_sensitive ? f.name == field.name : strcasecmp(f.name.c_str(), field.name.c_str()) == 0;
      });
      if (it == fields.end()) {
        fields.push_back(field);
      } else {
        ARROW_ASSIGN_OR_RAISE(it->type, MergeSchemas(it->type, field.type, case_sensitive));
      }
    }
    return DataType::Struct(std::move(fields));
  }
  if (a.sameType(b)) return a;
  if (a.id() == TypeId::kArray && b.id() == TypeId::kArray) {
    ARROW_ASSIGN_OR_RAISE(DataType element, MergeSchemas(a.elementType(), b.elementType(), case_sensitive));
    return DataType::Array(element);
  }
  if (a.id() == TypeId::kMap && b.id() == TypeId::kMap) {
    ARROW_ASSIGN_OR_RAISE(DataType key, MergeSchemas(a.keyType(), b.keyType(), case_sensitive));
    ARROW_ASSIGN_OR_RAISE(DataType value, MergeSchemas(a.valueType(), b.valueType(), case_sensitive));
    return DataType::Map(key, value);
  }
  return MakeError("CANNOT_MERGE_SCHEMAS", {{"left", InDoubleQuotes(a.sql())}, {"right", InDoubleQuotes(b.sql())}});
}

/// May a column of the file be read as `to`? The widenings that Spark does too.
bool CanRead(const DataType& from, const DataType& to) {
  if (from.sameType(to)) return true;
  const auto id = from.id(), want = to.id();
  if (from.isNested() || to.isNested()) return id == want;  // inner fields are matched one by one
  const auto small = [](TypeId t) { return t == TypeId::kByte || t == TypeId::kShort || t == TypeId::kInteger; };
  if (small(id)) {
    return small(want) || want == TypeId::kLong || want == TypeId::kDouble ||
           (want == TypeId::kDecimal && to.precision() - to.scale() >= 10);
  }
  if (id == TypeId::kLong) return want == TypeId::kDecimal && to.precision() - to.scale() >= 20;
  if (id == TypeId::kFloat) return want == TypeId::kDouble;
  if (id == TypeId::kDate) return want == TypeId::kTimestampNtz;
  if (id == TypeId::kTimestampNtz) return want == TypeId::kTimestamp;
  if (id == TypeId::kDecimal && want == TypeId::kDecimal)
    return to.scale() >= from.scale() && to.precision() - to.scale() >= from.precision() - from.scale();
  return (id == TypeId::kString && want == TypeId::kBinary) || (id == TypeId::kBinary && want == TypeId::kString);
}

class ParquetReader final : public BatchReader {
 public:
  ParquetReader(std::unique_ptr<parquet_io::FileReader> reader, const ScanRequest& request)
      : reader_(std::move(reader)), cancel_(request.cancel) {
    std::vector<StructField> fields = request.schema.fields();
    with_row_index_ = !fields.empty() && fields.back().name == kRowIndexColumn;
    if (with_row_index_) fields.pop_back();
    schema_ = ToArrowSchema(DataType::Struct(std::move(fields)));
  }

  Status Start(const FilePart& part, const ScanRequest& request, const std::string& uri) {
    for (const auto& wanted : request.schema.fields()) {
      for (const auto& field : reader_->manifest().schema_fields) {
        if (strcasecmp(field.field->name().c_str(), wanted.name.c_str()) != 0) continue;
        const auto from = FromArrowType(*field.field->type());
        if (!from.ok() || CanRead(*from, wanted.type)) continue;
        return MakeError("FAILED_READ_FILE.PARQUET_COLUMN_DATA_TYPE_MISMATCH",
                         {{"path", uri},
                          {"column", "[" + wanted.name + "]"},
                          {"expectedType", wanted.type.simpleString()},
                          {"actualType", from->simpleString()}});
      }
    }
    std::vector<int> groups;
    int64_t first_row = 0;
    for (int i = 0; i < reader_->metadata().num_row_groups(); ++i) {
      const int64_t offset = reader_->RowGroupOffset(i), rows = reader_->metadata().RowGroup(i)->num_rows();
      if (offset >= part.start && offset < part.end && GroupMayMatch(request.filters, i)) {
        groups.push_back(i);
        ranges_.push_back({first_row, first_row + rows});
      }
      first_row += rows;
    }
    return reader_->Start(schema_, std::move(groups), nullptr);
  }
  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    ARROW_RETURN_NOT_OK(cancel_.Check());
    ARROW_ASSIGN_OR_RAISE(auto batch, reader_->Next());
    if (!with_row_index_ || batch == nullptr) return batch;
    ARROW_ASSIGN_OR_RAISE(auto positions, TakePositions(batch->num_rows()));
    return batch->AddColumn(batch->num_columns(), kRowIndexColumn, std::move(positions));
  }

 private:
  /// Where the next `rows` rows are in the file.
  Result<std::shared_ptr<arrow::Array>> TakePositions(int64_t rows) {
    arrow::Int64Builder builder;
    ARROW_RETURN_NOT_OK(builder.Reserve(rows));
    while (rows > 0 && next_range_ < ranges_.size()) {
      auto& [from, to] = ranges_[next_range_];
      for (; from < to && rows > 0; --rows) builder.UnsafeAppend(from++);
      if (from == to) ++next_range_;
    }
    return builder.Finish();
  }

  bool GroupMayMatch(const std::vector<ColumnFilter>& filters, int group_index) const {
    if (filters.empty()) return true;
    auto group = reader_->metadata().RowGroup(group_index);
    for (const auto& filter : filters) {
      if (filter.column.size() != 1) continue;
      for (const auto& field : reader_->manifest().schema_fields) {
        if (!field.is_leaf() || strcasecmp(field.field->name().c_str(), filter.column[0].c_str()) != 0) continue;
        const auto statistics = parquet_io::ChunkStatistics(*group, field.column_index);
        ValueRange range;
        if (statistics.null_count) {
          range.may_be_null = *statistics.null_count > 0;
          range.may_be_value = *statistics.null_count < statistics.value_count;
        }
        if (statistics.min && statistics.max) {
          auto min = arrow::MakeArrayFromScalar(*statistics.min, 1),
               max = arrow::MakeArrayFromScalar(*statistics.max, 1);
          if (min.ok() && max.ok()) range.min = *min, range.max = *max;
        }
        // NaN is greater than every number, and in no statistics.
        const bool floating =
            field.field->type()->id() == arrow::Type::FLOAT || field.field->type()->id() == arrow::Type::DOUBLE;
        if (floating && (filter.op == FilterOp::kGt || filter.op == FilterOp::kGtEq || filter.op == FilterOp::kNotEq ||
                         filter.op == FilterOp::kEq || filter.op == FilterOp::kIn))
          range.max = nullptr;
        if (!MayMatch(filter, range)) return false;
      }
    }
    return true;
  }

  std::unique_ptr<parquet_io::FileReader> reader_;
  std::shared_ptr<arrow::Schema> schema_;
  bool with_row_index_ = false;
  std::vector<std::pair<int64_t, int64_t>> ranges_;  // of rows in the file, of the row groups that are read
  size_t next_range_ = 0;
  CancelToken cancel_;
};

class ParquetEncoder final : public FileEncoder {
 public:
  static Result<std::unique_ptr<FileEncoder>> Make(std::shared_ptr<arrow::io::OutputStream> sink,
                                                   const DataType& schema, arrow::Compression::type compression,
                                                   parquet_io::TimestampForm timestamps) {
    auto out = std::make_unique<ParquetEncoder>();
    parquet_io::WriterOptions options = parquet_io::DefaultWriterOptions();
    options.compression = compression;
    options.timestamps = timestamps;
    options.key_value_metadata = {{"org.apache.spark.version", "4.1.1"}, {kSparkSchemaKey, schema.json()}};
    ARROW_ASSIGN_OR_RAISE(out->writer_, parquet_io::FileWriter::Open(sink, ToArrowSchema(schema), std::move(options)));
    out->sink_ = std::move(sink);
    return out;
  }
  Status Write(const arrow::RecordBatch& batch) override { return writer_->Write(batch); }
  Status Close() override {
    ARROW_RETURN_NOT_OK(writer_->Close());
    return sink_->Close();
  }

 private:
  std::shared_ptr<arrow::io::OutputStream> sink_;
  std::unique_ptr<parquet_io::FileWriter> writer_;
};

class ParquetFormat final : public Format {
 public:
  Status Init(const FormatContext& context) {
    ARROW_ASSIGN_OR_RAISE(const bool merge, context.config.GetBool(kMergeSchema));
    ARROW_ASSIGN_OR_RAISE(merge_, GetBoolOption(context.options, "mergeSchema", merge));
    codec_ = GetOption(context.options, "compression")
                 .value_or(GetOption(context.options, "parquet.compression").value_or(context.config.Get(kCodec)));
    std::transform(codec_.begin(), codec_.end(), codec_.begin(), [](unsigned char c) { return std::tolower(c); });
    case_sensitive_ = context.case_sensitive;
    std::string form = context.config.Get(kTimestamps);
    std::transform(form.begin(), form.end(), form.begin(), [](unsigned char c) { return std::toupper(c); });
    static const std::map<std::string, parquet_io::TimestampForm> kForms = {
        {"INT96", parquet_io::TimestampForm::kInt96},
        {"TIMESTAMP_MICROS", parquet_io::TimestampForm::kMicros},
        {"TIMESTAMP_MILLIS", parquet_io::TimestampForm::kMillis}};
    const auto found = kForms.find(form);
    if (found == kForms.end())
      return MakeError("INVALID_CONF_VALUE.OUT_OF_RANGE_OF_OPTIONS",
                       {{"confName", kTimestamps.key},
                        {"confValue", form},
                        {"confOptions", "INT96, TIMESTAMP_MICROS, TIMESTAMP_MILLIS"}});
    timestamps_ = found->second;
    return Status::OK();
  }
  std::string_view name() const override { return "parquet"; }
  std::string_view title() const override { return "Parquet"; }
  Result<std::optional<DataType>> InferSchema(const Root& root, const std::vector<FileInfo>& files) const override {
    std::optional<DataType> out;
    std::vector<FileInfo> sorted = files;
    std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    for (const auto& file : sorted) {
      auto reader = OpenFile(*root.fs, file, 1);
      if (!reader.ok())
        return MakeError("FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER", {{"path", root.EncodedUri(file.path)}});
      ARROW_ASSIGN_OR_RAISE(DataType schema, SchemaOf(**reader));
      if (!out) {
        out = std::move(schema);
      } else {
        ARROW_ASSIGN_OR_RAISE(out, MergeSchemas(*out, schema, case_sensitive_));
      }
      if (!merge_) break;
    }
    return out;
  }
  bool Supports(const DataType& type) const override {
    switch (type.id()) {
      case TypeId::kStruct:
        return !type.fields().empty() && std::all_of(type.fields().begin(), type.fields().end(),
                                                     [&](const auto& field) { return Supports(field.type); });
      case TypeId::kArray: return Supports(type.elementType());
      case TypeId::kMap: return Supports(type.keyType()) && Supports(type.valueType());
      case TypeId::kCalendarInterval:
      case TypeId::kYearMonthInterval:
      case TypeId::kDayTimeInterval: return false;
      default: return true;
    }
  }
  bool CanSplit(const FileInfo&) const override { return true; }
  bool has_row_index() const override { return true; }
  Result<std::unique_ptr<BatchReader>> Open(const FilePart& part, const DataType&,
                                            const ScanRequest& request) const override {
    ARROW_ASSIGN_OR_RAISE(auto file, OpenFile(*part.fs, part.file, request.batch_rows));
    auto reader = std::make_unique<ParquetReader>(std::move(file), request);
    ARROW_RETURN_NOT_OK(reader->Start(part, request, part.file.path));
    return reader;
  }
  std::optional<int64_t> CountRows(const Root& root, const FileInfo& file) const override {
    auto reader = OpenFile(*root.fs, file, 1);
    if (!reader.ok()) return std::nullopt;
    return (*reader)->metadata().num_rows();
  }
  Status CheckWrite(const DataType&) const override {
    auto compression = parquet_io::CompressionFromName(codec_);
    if (compression.ok()) return Status::OK();
    return MakeError(
        "CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION",
        {{"codecName", codec_}, {"availableCodecs", "brotli, uncompressed, snappy, lz4_raw, none, zstd, lz4, gzip"}});
  }
  Result<std::unique_ptr<FileEncoder>> NewEncoder(std::shared_ptr<arrow::io::OutputStream> sink,
                                                  const DataType& schema) const override {
    ARROW_ASSIGN_OR_RAISE(auto compression, parquet_io::CompressionFromName(codec_));
    return ParquetEncoder::Make(std::move(sink), schema, compression, timestamps_);
  }
  Result<std::string> Extension() const override {
    static constexpr struct {
      std::string_view codec, extension;
    } kExtensions[] = {{"snappy", ".snappy"}, {"gzip", ".gz"},        {"zstd", ".zstd"},
                       {"lz4", ".lz4hadoop"}, {"lz4_raw", ".lz4raw"}, {"brotli", ".br"}};
    for (const auto& known : kExtensions)
      if (known.codec == codec_) return std::string(known.extension) + ".parquet";
    return std::string(".parquet");
  }

 private:
  std::string codec_;
  parquet_io::TimestampForm timestamps_ = parquet_io::TimestampForm::kInt96;
  bool merge_ = false, case_sensitive_ = false;
};

}  // namespace

Result<FormatPtr> MakeParquetFormat(const FormatContext& context) {
  auto format = std::make_shared<ParquetFormat>();
  ARROW_RETURN_NOT_OK(format->Init(context));
  return format;
}

}  // namespace sluice::connectors::file
