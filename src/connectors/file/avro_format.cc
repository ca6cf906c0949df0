// Avro, as the module spark-avro has it.
#include <arrow/array.h>

#include <algorithm>

#include "connectors/file/format.h"
#include "formats/avro/codec.h"
#include "formats/avro/container.h"
#include "formats/avro/row_decoder.h"
#include "formats/avro/row_encoder.h"
#include "formats/avro/sql_schema.h"
#include "formats/text/line_source.h"
#include "types/arrow_types.h"
#include "types/julian.h"

namespace sluice::connectors::file {

namespace {

const ConfigEntry kCodec("spark.sql.avro.compression.codec", "snappy", "How Avro files are compressed.");
const ConfigEntry kDeflateLevel("spark.sql.avro.deflate.level", "-1",
                                "The level of deflate in Avro files, 1 to 9; -1: the usual.");
const ConfigEntry kZstdLevel("spark.sql.avro.zstandard.level", "3", "The level of zstandard in Avro files.");
const ConfigEntry kRebaseRead(
    "spark.sql.avro.datetimeRebaseModeInRead", "CORRECTED",
    "Old dates in Avro files of unknown writers: CORRECTED, LEGACY (they are Julian) or EXCEPTION.");
const ConfigEntry kRebaseWrite("spark.sql.avro.datetimeRebaseModeInWrite", "CORRECTED",
                               "Old dates in Avro files that are written: CORRECTED, LEGACY or EXCEPTION.");
constexpr char kVersionKey[] = "org.apache.spark.version", kLegacyKey[] = "org.apache.spark.legacyDateTime",
               kZoneKey[] = "org.apache.spark.timeZone";
constexpr int kMaxRecursion = 15;

enum class RebaseMode : uint8_t { kCorrected, kLegacy, kException };

Result<RebaseMode> ParseRebaseMode(const std::string& key, std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  if (text == "CORRECTED") return RebaseMode::kCorrected;
  if (text == "LEGACY") return RebaseMode::kLegacy;
  if (text == "EXCEPTION") return RebaseMode::kException;
  return MakeError("INVALID_CONF_VALUE.OUT_OF_RANGE_OF_OPTIONS",
                   {{"confName", key}, {"confValue", text}, {"confOptions", "EXCEPTION, LEGACY, CORRECTED"}});
}

Status Ancient(bool reading) {
  if (reading)
    return MakeError("INCONSISTENT_BEHAVIOR_CROSS_VERSION.READ_ANCIENT_DATETIME",
                     {{"format", "Avro"}, {"config", kRebaseRead.key}, {"option", "datetimeRebaseMode"}});
  return MakeError("INCONSISTENT_BEHAVIOR_CROSS_VERSION.WRITE_ANCIENT_DATETIME",
                   {{"format", "Avro"}, {"config", kRebaseWrite.key}});
}

/// What `mode` makes of days and microseconds; null functions for kCorrected.
avro::Rebase MakeRebase(RebaseMode mode, bool reading, bool utc) {
  if (mode == RebaseMode::kCorrected) return {};
  const bool legacy = mode == RebaseMode::kLegacy;
  return {[=](int32_t days) -> Result<int32_t> {
            if (days >= kGregorianStartDay) return days;
            if (!legacy) return Ancient(reading);
            return reading ? JulianToGregorianDays(days) : GregorianToJulianDays(days);
          },
          [=](int64_t us) -> Result<int64_t> {
            if (us >= kAncientTimestampUs) return us;
            if (!legacy) return Ancient(reading);
            if (!utc) return UnsupportedFeature("datetimeRebaseMode LEGACY of timestamps before 1900 outside of UTC");
            return reading ? JulianToGregorianUs(us) : GregorianToJulianUs(us);
          }};
}

class AvroReader final : public BatchReader {
 public:
  AvroReader(std::unique_ptr<avro::BlockReader> blocks, std::unique_ptr<avro::RowDecoder> decoder,
             const ScanRequest& request)
      : blocks_(std::move(blocks)), decoder_(std::move(decoder)), schema_(ToArrowSchema(request.schema)),
        batch_rows_(std::max<int64_t>(1, request.batch_rows)), cancel_(request.cancel) {}

  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    ARROW_RETURN_NOT_OK(cancel_.Check());
    if (schema_->num_fields() == 0) return Count();
    while (decoder_->rows() < batch_rows_) {
      if (left_ == 0) {
        if (!rest_.empty()) return Status::Invalid("Avro: a block is longer than its rows");
        ARROW_ASSIGN_OR_RAISE(bool more, blocks_->Next(&left_, &block_));
        if (!more) break;
        rest_ = block_;
        continue;
      }
      ARROW_RETURN_NOT_OK(decoder_->Decode(&rest_));
      --left_;
    }
    if (decoder_->rows() == 0) return nullptr;
    return decoder_->Finish();
  }

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> Count() {
    int64_t rows = 0;
    while (rows < batch_rows_) {
      ARROW_ASSIGN_OR_RAISE(bool more, blocks_->Skip(&left_));
      if (!more) break;
      rows += left_;
    }
    if (rows == 0) return nullptr;
    return arrow::RecordBatch::Make(schema_, rows, arrow::ArrayVector());
  }

  std::unique_ptr<avro::BlockReader> blocks_;
  std::unique_ptr<avro::RowDecoder> decoder_;
  std::shared_ptr<arrow::Schema> schema_;
  int64_t batch_rows_, left_ = 0;  // left_: rows of the block
  std::string block_;
  std::string_view rest_;
  CancelToken cancel_;
};

/// A file of another name, where only those of Avro count.
class NoRows final : public BatchReader {
  Result<std::shared_ptr<arrow::RecordBatch>> Next() override { return nullptr; }
};

/// As Spark's tasks tell of rows that do not fit a schema.
Status WriteFailed(const Status& cause) {
  if (cause.ok()) return cause;
  return MakeError("TASK_WRITE_FAILED", {{"path", "an Avro file (" + cause.message() + ")"}});
}

class AvroEncoder final : public FileEncoder {
 public:
  AvroEncoder(std::shared_ptr<arrow::io::OutputStream> sink, avro::ContainerWriter writer,
              std::unique_ptr<avro::RowEncoder> rows)
      : sink_(std::move(sink)), writer_(std::move(writer)), rows_(std::move(rows)) {}
  Status Write(const arrow::RecordBatch& batch) override {
    ARROW_RETURN_NOT_OK(rows_->Bind(batch));
    for (int64_t i = 0; i < batch.num_rows(); ++i) {
      ARROW_RETURN_NOT_OK(WriteFailed(rows_->Append(i, writer_.row())));
      ARROW_RETURN_NOT_OK(writer_.EndRow());
    }
    return sink_->Write(writer_.Take());
  }
  Status Close() override {
    ARROW_ASSIGN_OR_RAISE(const std::string rest, writer_.Finish());
    ARROW_RETURN_NOT_OK(sink_->Write(rest));
    return sink_->Close();
  }

 private:
  std::shared_ptr<arrow::io::OutputStream> sink_;
  avro::ContainerWriter writer_;
  std::unique_ptr<avro::RowEncoder> rows_;
};

class AvroFormat final : public Format {
 public:
  Status Init(const FormatContext& context) {
    const OptionMap& options = context.options;
    case_sensitive_ = context.case_sensitive;
    zone_ = context.zone;
    ARROW_RETURN_NOT_OK(ReadSchemaOption(options));
    ARROW_ASSIGN_OR_RAISE(ignore_extension_, GetBoolOption(options, "ignoreExtension", true));
    ARROW_ASSIGN_OR_RAISE(ignore_corrupt_, GetBoolOption(options, "ignoreCorruptFiles", false));
    ARROW_ASSIGN_OR_RAISE(by_position_, GetBoolOption(options, "positionalFieldMatching", false));
    ARROW_ASSIGN_OR_RAISE(types_.stable_union_names,
                          GetBoolOption(options, "enableStableIdentifiersForUnionType", false));
    types_.union_prefix = GetOption(options, "stableIdentifierPrefixForUnionType").value_or(types_.union_prefix);
    ARROW_ASSIGN_OR_RAISE(const int64_t depth, GetIntOption(options, "recursiveFieldMaxDepth", -1));
    if (depth > kMaxRecursion)
      return MakeError("INVALID_SOURCE_OPTION",
                       {{"message", "'recursiveFieldMaxDepth' should not be greater than 15."}});
    types_.recursive_depth = static_cast<int>(depth);
    record_name_ = GetOption(options, "recordName").value_or("topLevelRecord");
    record_namespace_ = GetOption(options, "recordNamespace").value_or("");
    codec_ = GetOption(options, "compression").value_or(context.config.Get(kCodec));
    std::transform(codec_.begin(), codec_.end(), codec_.begin(), [](unsigned char c) { return std::tolower(c); });
    if (codec_ == "deflate" || codec_ == "zstandard") {
      ARROW_ASSIGN_OR_RAISE(const int64_t level,
                            context.config.GetInt(codec_ == "deflate" ? kDeflateLevel : kZstdLevel));
      level_ = static_cast<int>(level);
    }
    ARROW_ASSIGN_OR_RAISE(
        rebase_read_,
        ParseRebaseMode(kRebaseRead.key,
                        GetOption(options, "datetimeRebaseMode").value_or(context.config.Get(kRebaseRead))));
    ARROW_ASSIGN_OR_RAISE(rebase_write_, ParseRebaseMode(kRebaseWrite.key, context.config.Get(kRebaseWrite)));
    return Status::OK();
  }
  std::string_view name() const override { return "avro"; }
  std::string_view title() const override { return "Avro"; }

  Result<std::optional<DataType>> InferSchema(const Root& root, const std::vector<FileInfo>& files) const override {
    std::shared_ptr<const avro::Schema> schema = schema_;
    for (size_t i = 0; schema == nullptr && i < files.size(); ++i) {
      if (!Wanted(files[i].path)) continue;
      const auto read = [&]() -> Status {
        ARROW_ASSIGN_OR_RAISE(auto input, root.fs->OpenInputFile(files[i].path));
        ARROW_ASSIGN_OR_RAISE(auto blocks, avro::BlockReader::Open(std::move(input)));
        schema = blocks->schema();
        return Status::OK();
      };
      const Status status = read();
      if (!status.ok() && !ignore_corrupt_)
        return MakeError("FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER", {{"path", root.EncodedUri(files[i].path)}});
    }
    if (schema == nullptr)
      return MakeError(
          "INVALID_SOURCE_OPTION",
          {{"message", "No Avro files found. If files don't have .avro extension, set ignoreExtension to true."}});
    ARROW_ASSIGN_OR_RAISE(auto type, avro::ToSqlType(*schema, schema->root_index(), types_));
    if (type.id() != TypeId::kStruct) return Status::Invalid("An Avro schema whose rows are no records: ", type.sql());
    return std::optional(std::move(type));
  }
  bool Supports(const DataType& type) const override {
    switch (type.id()) {
      case TypeId::kStruct:
        return std::all_of(type.fields().begin(), type.fields().end(),
                           [&](const auto& field) { return Supports(field.type); });
      case TypeId::kArray: return Supports(type.elementType());
      case TypeId::kMap: return Supports(type.keyType()) && Supports(type.valueType());
      default: return type.id() != TypeId::kCalendarInterval;
    }
  }
  bool CanSplit(const FileInfo&) const override { return true; }

  Result<std::unique_ptr<BatchReader>> Open(const FilePart& part, const DataType&,
                                            const ScanRequest& request) const override {
    if (!Wanted(part.file.path)) return std::make_unique<NoRows>();
    ARROW_ASSIGN_OR_RAISE(auto input, part.fs->OpenInputFile(part.file.path));
    ARROW_ASSIGN_OR_RAISE(auto blocks, avro::BlockReader::Open(std::move(input)));
    ARROW_RETURN_NOT_OK(blocks->Restrict(part.start, part.end));
    avro::DecodeOptions options{.by_position = by_position_, .case_sensitive = case_sensitive_};
    ARROW_ASSIGN_OR_RAISE(options.rebase, RebaseOf(blocks->metadata()));
    ARROW_ASSIGN_OR_RAISE(auto decoder, avro::RowDecoder::Make(blocks->schema(), schema_ ? schema_ : blocks->schema(),
                                                               request.schema, options));
    return std::make_unique<AvroReader>(std::move(blocks), std::move(decoder), request);
  }
  std::optional<int64_t> CountRows(const Root& root, const FileInfo& file) const override {
    if (!root.local) return std::nullopt;  // a read for each block is no gain there
    if (!Wanted(file.path)) return 0;
    auto input = root.fs->OpenInputFile(file.path);
    if (!input.ok()) return std::nullopt;
    auto blocks = avro::BlockReader::Open(*input);
    int64_t rows = 0, count = 0;
    while (blocks.ok()) {
      const auto more = (*blocks)->Skip(&count);
      if (!more.ok()) return std::nullopt;
      if (!*more) return rows;
      rows += count;
    }
    return std::nullopt;
  }

  Status CheckWrite(const DataType& schema) const override {
    ARROW_RETURN_NOT_OK(CheckNames(schema));
    ARROW_RETURN_NOT_OK(FindCodec().status());
    return SchemaFor(schema).status();
  }
  Result<std::unique_ptr<FileEncoder>> NewEncoder(std::shared_ptr<arrow::io::OutputStream> sink,
                                                  const DataType& schema) const override {
    ARROW_ASSIGN_OR_RAISE(const std::string json, SchemaFor(schema));
    ARROW_ASSIGN_OR_RAISE(const auto codec, FindCodec());
    std::map<std::string, std::string> metadata{{kVersionKey, "4.1.1"}};
    if (rebase_write_ == RebaseMode::kLegacy) {
      metadata[kLegacyKey] = "";
      metadata[kZoneKey] = zone_->name();
    }
    ARROW_ASSIGN_OR_RAISE(auto writer, avro::ContainerWriter::Make(json, std::move(metadata), codec, level_));
    auto rebase = MakeRebase(rebase_write_, /*reading=*/false, zone_->is_utc());
    auto rows = avro::RowEncoder::Make(writer.schema(), schema,
                                       {.by_position = by_position_,
                                        .case_sensitive = case_sensitive_,
                                        .rebase_days = std::move(rebase.days),
                                        .rebase_micros = std::move(rebase.micros)});
    ARROW_RETURN_NOT_OK(WriteFailed(rows.status()));
    return std::make_unique<AvroEncoder>(std::move(sink), std::move(writer), std::move(*rows));
  }
  Result<std::string> Extension() const override {
    return codec_ == "uncompressed" ? std::string(".avro") : "." + codec_ + ".avro";
  }

 private:
  Status ReadSchemaOption(const OptionMap& options) {
    auto text = GetOption(options, "avroSchema");
    if (const auto url = GetOption(options, "avroSchemaUrl"); url && !text) {
      ARROW_ASSIGN_OR_RAISE(const Root root, ResolveRoot(*url, {}));
      ARROW_ASSIGN_OR_RAISE(auto stream, root.fs->OpenInputStream(root.path));
      ARROW_ASSIGN_OR_RAISE(text, formats::ReadAll(*stream));
    }
    if (!text) return Status::OK();
    auto schema = avro::Schema::Parse(*text);
    if (!schema.ok())
      return MakeError("INVALID_SOURCE_OPTION", {{"message", "'avroSchema': " + schema.status().message() + "."}});
    schema_ = std::make_shared<const avro::Schema>(std::move(*schema));
    schema_json_ = std::move(*text);
    return Status::OK();
  }
  bool Wanted(std::string_view path) const { return ignore_extension_ || path.ends_with(".avro"); }

  /// The footers of Spark's own files say more than the option.
  Result<avro::Rebase> RebaseOf(const std::map<std::string, std::string>& metadata) const {
    RebaseMode mode = rebase_read_;
    bool utc = zone_->is_utc();
    if (const auto version = metadata.find(kVersionKey); version != metadata.end()) {
      const bool legacy = version->second < "3.0.0" || metadata.contains(kLegacyKey);
      mode = legacy ? RebaseMode::kLegacy : RebaseMode::kCorrected;
      if (const auto zone = metadata.find(kZoneKey); zone != metadata.end()) {
        ARROW_ASSIGN_OR_RAISE(const auto found, TimeZone::Find(zone->second));
        utc = found->is_utc();
      }
    }
    return MakeRebase(mode, /*reading=*/true, utc);
  }
  static Status CheckNames(const DataType& schema) {
    for (const auto& field : schema.fields()) {
      const auto letter = [](unsigned char c) { return std::isalpha(c) || c == '_' || c >= 0x80; };
      const bool good = !field.name.empty() && letter(static_cast<unsigned char>(field.name[0])) &&
                        std::all_of(field.name.begin(), field.name.end(),
                                    [&](unsigned char c) { return letter(c) || std::isdigit(c); });
      if (!good)
        return MakeError("INVALID_COLUMN_NAME_AS_PATH",
                         {{"datasource", "AvroFileFormat"}, {"columnName", QuoteIdentifier(field.name)}});
      if (field.type.id() == TypeId::kStruct) ARROW_RETURN_NOT_OK(CheckNames(field.type));
    }
    return Status::OK();
  }
  Result<avro::Codec> FindCodec() const {
    if (codec_ == "uncompressed") return avro::Codec::kNull;
    if (codec_ == "xz") return UnsupportedFeature("The Avro codec 'xz'");
    auto found = avro::CodecFromName(codec_);
    if (!found.ok() || codec_ == "null") return MakeError("CODEC_SHORT_NAME_NOT_FOUND", {{"codecName", codec_}});
    return found;
  }
  Result<std::string> SchemaFor(const DataType& schema) const {
    if (schema_ != nullptr) return schema_json_;
    return avro::ToAvroSchema(schema, record_name_, record_namespace_);
  }

  std::shared_ptr<const avro::Schema> schema_;  // the option's; null: the files', or that of the columns
  std::string schema_json_, codec_, record_name_, record_namespace_;
  avro::SqlSchemaOptions types_;
  std::shared_ptr<const TimeZone> zone_;
  RebaseMode rebase_read_ = RebaseMode::kCorrected, rebase_write_ = RebaseMode::kCorrected;
  int level_ = -1;
  bool ignore_extension_ = true, ignore_corrupt_ = false, by_position_ = false, case_sensitive_ = false;
};

}  // namespace

Result<FormatPtr> MakeAvroFormat(const FormatContext& context) {
  auto format = std::make_shared<AvroFormat>();
  ARROW_RETURN_NOT_OK(format->Init(context));
  return format;
}

}  // namespace sluice::connectors::file
