// CSV.
#include "connectors/file/format.h"
#include "connectors/file/sampling.h"
#include "formats/csv/csv_reader.h"
#include "formats/csv/csv_writer.h"
#include "formats/text/line_source.h"
#include "formats/text/text_codec.h"

namespace sluice::connectors::file {

namespace {

/// Records of a part.
class Records {
 public:
  /// `sample`: which lines count, without multi_line; null: all.
  static Result<Records> Open(const FilePart& part, const formats::CsvOptions& options, LineSample* sample = nullptr) {
    ARROW_ASSIGN_OR_RAISE(auto stream, OpenTextPart(part));
    Records out(options);
    out.sample_ = sample;
    if (options.multi_line) {
      ARROW_ASSIGN_OR_RAISE(out.text_, formats::ReadAll(*stream));
      if (out.text_.starts_with("\xEF\xBB\xBF")) out.position_ = 3;
    } else {
      out.lines_ = std::make_unique<formats::LineSource>(
          std::move(stream), formats::LineSource::Range{part.start, part.end}, options.line_separator);
    }
    return out;
  }
  /// False: the end. The record's views hold until the next call.
  Result<bool> Next(formats::CsvRecord* record) {
    if (lines_ == nullptr) return tokenizer_.Next(text_, &position_, /*lines=*/true, record);
    for (;;) {
      while (next_ < batch_.size()) {
        size_t position = 0;
        line_ = batch_[next_++];
        if (sample_ != nullptr && !sample_->Take()) continue;
        ARROW_ASSIGN_OR_RAISE(bool found, tokenizer_.Next(line_, &position, /*lines=*/false, record));
        if (found) return true;
      }
      ARROW_RETURN_NOT_OK(lines_->Next(1024, &batch_));
      next_ = 0;
      if (batch_.empty()) return false;
    }
  }

  /// The text of the last record, without multi_line; holds until the next call.
  std::string_view line() const { return line_; }

 private:
  explicit Records(const formats::CsvOptions& options) : tokenizer_(options) {}
  formats::CsvTokenizer tokenizer_;
  LineSample* sample_ = nullptr;
  std::unique_ptr<formats::LineSource> lines_;
  std::vector<std::string_view> batch_;
  std::string_view line_;
  size_t next_ = 0;
  std::string text_;
  size_t position_ = 0;
};

class CsvFileReader final : public BatchReader {
 public:
  CsvFileReader(std::shared_ptr<const formats::CsvOptions> options, Records records, const DataType& schema,
                const ScanRequest& request, bool skip_header)
      : options_(std::move(options)), records_(std::move(records)), builder_(schema, request.schema, *options_),
        batch_rows_(std::max<int64_t>(1, request.batch_rows)), skip_header_(skip_header) {}
  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    while (builder_.rows() < batch_rows_) {
      ARROW_ASSIGN_OR_RAISE(bool more, records_.Next(&record_));
      if (!more) break;
      if (std::exchange(skip_header_, false)) continue;
      ARROW_RETURN_NOT_OK(builder_.Append(record_));
    }
    if (builder_.rows() == 0) return nullptr;
    return builder_.Finish();
  }

 private:
  std::shared_ptr<const formats::CsvOptions> options_;
  Records records_;
  formats::CsvRecord record_;
  formats::CsvBuilder builder_;
  int64_t batch_rows_;
  bool skip_header_;
};

class CsvEncoder final : public FileEncoder {
 public:
  CsvEncoder(std::shared_ptr<arrow::io::OutputStream> sink, const DataType& schema,
             std::shared_ptr<const formats::CsvOptions> options)
      : sink_(std::move(sink)), options_(std::move(options)), writer_(schema, *options_) {}
  Status Write(const arrow::RecordBatch& batch) override {
    std::string out;
    if (!std::exchange(begun_, true) && options_->header) writer_.Header(&out);
    ARROW_RETURN_NOT_OK(writer_.Append(batch, &out));
    return sink_->Write(out);
  }
  Status Close() override {
    if (!begun_ && options_->header) {
      std::string out;
      writer_.Header(&out);
      ARROW_RETURN_NOT_OK(sink_->Write(out));
    }
    return sink_->Close();
  }

 private:
  std::shared_ptr<arrow::io::OutputStream> sink_;
  std::shared_ptr<const formats::CsvOptions> options_;
  formats::CsvWriter writer_;
  bool begun_ = false;
};

class CsvFormat final : public Format {
 public:
  Status Init(const FormatContext& context) {
    const std::string corrupt = context.config.Get("spark.sql.columnNameOfCorruptRecord").value_or("_corrupt_record");
    auto options = std::make_shared<formats::CsvOptions>();
    ARROW_ASSIGN_OR_RAISE(*options, formats::ParseCsvOptions(context.options, corrupt, context.zone));
    options_ = std::move(options);
    ARROW_ASSIGN_OR_RAISE(sampling_, ReadSampling(context));
    compression_ = GetOption(context.options, "compression").value_or(GetOption(context.options, "codec").value_or(""));
    case_sensitive_ = context.case_sensitive;
    return Status::OK();
  }
  std::string_view name() const override { return "csv"; }
  std::string_view title() const override { return "CSV"; }
  Result<std::optional<DataType>> InferSchema(const Root& root, const std::vector<FileInfo>& files) const override {
    if (files.empty()) return std::optional<DataType>();
    if (options_->multi_line && !sampling_.all()) return UnsupportedFeature("samplingRatio of files with multiLine");
    std::string header;  // the first line, without multi_line
    ARROW_ASSIGN_OR_RAISE(const auto names, FindNames(root, files, &header));
    if (!names) return std::optional(DataType::Struct({}));
    formats::CsvInference inference(names->size(), *options_);
    if (options_->infer_schema) {
      formats::CsvRecord record;
      const auto partitions = sampling_.Partitions(root, files, *this);
      for (size_t i = 0; i < partitions.size(); ++i) {
        LineSample sample(sampling_.ratio, i);
        for (const auto& part : partitions[i]) {
          ARROW_ASSIGN_OR_RAISE(Records records, Records::Open(part, *options_, &sample));
          bool first = true;
          for (;;) {
            ARROW_ASSIGN_OR_RAISE(bool more, records.Next(&record));
            if (!more) break;
            // As Spark: every line that is the header's, wherever it stands; of records with line breaks the first.
            const bool is_header = options_->multi_line ? std::exchange(first, false) : records.line() == header;
            if (!options_->header || !is_header) inference.Add(record);
          }
        }
      }
    }
    std::vector<StructField> fields;
    const auto types = inference.Types();
    for (size_t i = 0; i < names->size(); ++i)
      fields.push_back({(*names)[i], options_->infer_schema ? types[i] : DataType::String()});
    return std::optional(DataType::Struct(std::move(fields)));
  }
  bool Supports(const DataType& type) const override { return !type.isNested() && type.id() != TypeId::kVoid; }
  bool CanSplit(const FileInfo& file) const override {
    return !options_->multi_line && !formats::IsCompressed(file.path);
  }
  Result<std::unique_ptr<BatchReader>> Open(const FilePart& part, const DataType& schema,
                                            const ScanRequest& request) const override {
    ARROW_ASSIGN_OR_RAISE(Records records, Records::Open(part, *options_));
    return std::make_unique<CsvFileReader>(options_, std::move(records), schema, request,
                                           options_->header && part.start == 0);
  }
  Status CheckWrite(const DataType&) const override { return formats::FindTextCodec(compression_).status(); }
  Result<std::unique_ptr<FileEncoder>> NewEncoder(std::shared_ptr<arrow::io::OutputStream> sink,
                                                  const DataType& schema) const override {
    ARROW_ASSIGN_OR_RAISE(const auto* codec, formats::FindTextCodec(compression_));
    ARROW_ASSIGN_OR_RAISE(auto out, formats::CompressText(std::move(sink), codec));
    return std::make_unique<CsvEncoder>(std::move(out), schema, options_);
  }
  Result<std::string> Extension() const override {
    ARROW_ASSIGN_OR_RAISE(const auto* codec, formats::FindTextCodec(compression_));
    return ".csv" + std::string(codec ? codec->extension : "");
  }

 private:
  /// Columns of the first record of all; nullopt: there is none.
  Result<std::optional<std::vector<std::string>>> FindNames(const Root& root, const std::vector<FileInfo>& files,
                                                            std::string* header) const {
    std::optional<std::vector<std::string>> names;
    formats::CsvRecord record;
    for (const auto& file : files) {
      ARROW_ASSIGN_OR_RAISE(Records records, Records::Open({root.fs, file}, *options_));
      ARROW_ASSIGN_OR_RAISE(bool found, records.Next(&record));
      if (!found) continue;
      names = formats::CsvColumnNames(record, *options_, case_sensitive_);
      *header = records.line();
      break;
    }
    return names;
  }

  std::shared_ptr<const formats::CsvOptions> options_;
  std::string compression_;
  Sampling sampling_;
  bool case_sensitive_ = false;
};

}  // namespace

Result<FormatPtr> MakeCsvFormat(const FormatContext& context) {
  auto format = std::make_shared<CsvFormat>();
  ARROW_RETURN_NOT_OK(format->Init(context));
  return format;
}

}  // namespace sluice::connectors::file
