// JSON: a document a line, or (multiLine) a document or an array of them a file.
#include <arrow/builder.h>

#include "connectors/file/format.h"
#include "connectors/file/sampling.h"
#include "formats/json/json_infer.h"
#include "formats/json/json_reader.h"
#include "formats/json/json_writer.h"
#include "formats/text/line_source.h"
#include "formats/text/text_codec.h"
#include "types/arrow_types.h"
#include "types/datetime.h"
#include "types/datetime_pattern.h"

namespace sluice::connectors::file {

namespace {

bool IsBlank(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c <= ' '; });
}
bool BeginsArray(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '[';
}

/// Documents of a part, batch by batch.
class Documents {
 public:
  /// `sample`: which lines count; null: all.
  static Result<Documents> Open(const FilePart& part, bool multi_line, const std::string& separator,
                                LineSample* sample = nullptr) {
    ARROW_ASSIGN_OR_RAISE(auto stream, OpenTextPart(part));
    Documents out;
    out.sample_ = sample;
    if (multi_line) {
      ARROW_ASSIGN_OR_RAISE(out.text_, formats::ReadAll(*stream));
      out.whole_ = true;
    } else {
      out.lines_ = std::make_unique<formats::LineSource>(std::move(stream),
                                                         formats::LineSource::Range{part.start, part.end}, separator);
    }
    return out;
  }
  /// None: the end. The views hold until the next call.
  Status Next(size_t rows, std::vector<std::string_view>* out) {
    out->clear();
    if (whole_) {
      if (!std::exchange(done_, true) && !IsBlank(text_)) *out = formats::JsonRecords(text_);
      return Status::OK();
    }
    std::vector<std::string_view> lines;
    while (out->empty()) {
      ARROW_RETURN_NOT_OK(lines_->Next(rows, &lines));
      if (lines.empty()) return Status::OK();
      for (auto line : lines) {
        if (sample_ != nullptr && !sample_->Take()) continue;
        if (line.empty() || (static_cast<unsigned char>(line[0]) <= ' ' && IsBlank(line))) continue;
        if (BeginsArray(line)) {
          for (auto record : formats::JsonRecords(line)) out->push_back(record);
        } else {
          out->push_back(line);
        }
      }
    }
    return Status::OK();
  }

 private:
  std::unique_ptr<formats::LineSource> lines_;
  std::string text_;
  LineSample* sample_ = nullptr;
  bool whole_ = false, done_ = false;
};

class JsonFileReader final : public BatchReader {
 public:
  JsonFileReader(Documents documents, const formats::JsonReadOptions& options, const ScanRequest& request)
      : documents_(std::move(documents)), schema_(ToArrowSchema(request.schema)),
        batch_rows_(static_cast<size_t>(std::max<int64_t>(1, request.batch_rows))), mode_(options.mode),
        reader_(request.schema, options) {}

  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    std::vector<std::string_view> texts;
    for (;;) {
      ARROW_RETURN_NOT_OK(documents_.Next(batch_rows_, &texts));
      if (texts.empty()) return nullptr;
      arrow::BinaryBuilder builder;
      int64_t bytes = 0;
      for (auto text : texts) bytes += static_cast<int64_t>(text.size());
      ARROW_RETURN_NOT_OK(builder.Reserve(static_cast<int64_t>(texts.size())));
      ARROW_RETURN_NOT_OK(builder.ReserveData(bytes + 64));  // simdjson reads a little further
      for (auto text : texts) builder.UnsafeAppend(text);
      std::shared_ptr<arrow::Array> documents;
      ARROW_RETURN_NOT_OK(builder.Finish(&documents));
      ARROW_ASSIGN_OR_RAISE(auto parsed, reader_.Parse(static_cast<const arrow::BinaryArray&>(*documents)));
      const auto& rows = static_cast<const arrow::StructArray&>(*parsed.values);
      auto batch = arrow::RecordBatch::Make(schema_, rows.length(), rows.fields());
      if (mode_ != formats::ParseMode::kDropMalformed || parsed.malformed.empty()) return batch;
      // What is left between the malformed ones.
      arrow::RecordBatchVector parts;
      int64_t from = 0;
      for (int64_t bad : parsed.malformed) {
        if (bad > from) parts.push_back(batch->Slice(from, bad - from));
        from = bad + 1;
      }
      if (from < batch->num_rows()) parts.push_back(batch->Slice(from));
      if (parts.empty()) continue;
      if (schema_->num_fields() == 0) {
        int64_t left = 0;
        for (const auto& part : parts) left += part->num_rows();
        return arrow::RecordBatch::Make(schema_, left, arrow::ArrayVector());
      }
      return arrow::ConcatenateRecordBatches(parts);
    }
  }

 private:
  Documents documents_;
  std::shared_ptr<arrow::Schema> schema_;
  size_t batch_rows_;
  formats::ParseMode mode_;
  formats::JsonReader reader_;
};

class JsonEncoder final : public FileEncoder {
 public:
  JsonEncoder(std::shared_ptr<arrow::io::OutputStream> sink, DataType schema,
              std::shared_ptr<const formats::JsonWriteOptions> options, std::string separator)
      : sink_(std::move(sink)), schema_(std::move(schema)), options_(std::move(options)),
        separator_(std::move(separator)) {}
  Status Write(const arrow::RecordBatch& batch) override {
    ARROW_ASSIGN_OR_RAISE(auto rows, batch.ToStructArray());
    // A NULL of an untyped column has no field, whatever ignoreNullFields says: there is nothing to write.
    const formats::JsonWriter writer(*rows, schema_, *options_);
    std::string out;
    for (int64_t i = 0; i < batch.num_rows(); ++i) {
      writer.Append(i, &out);
      out += separator_;
    }
    return sink_->Write(out);
  }
  Status Close() override { return sink_->Close(); }

 private:
  std::shared_ptr<arrow::io::OutputStream> sink_;
  DataType schema_;
  std::shared_ptr<const formats::JsonWriteOptions> options_;
  std::string separator_;
};

class JsonFormat final : public Format {
 public:
  Status Init(const FormatContext& context) {
    const OptionMap& options = context.options;
    const std::string corrupt = context.config.Get("spark.sql.columnNameOfCorruptRecord").value_or("_corrupt_record");
    ARROW_ASSIGN_OR_RAISE(read_, formats::ParseJsonReadOptions(options, corrupt, context.zone));
    ARROW_ASSIGN_OR_RAISE(infer_, formats::ParseJsonInferOptions(options, read_));
    ARROW_ASSIGN_OR_RAISE(multi_line_, GetBoolOption(options, "multiLine", false));
    ARROW_ASSIGN_OR_RAISE(sampling_, ReadSampling(context));
    auto write = std::make_shared<formats::JsonWriteOptions>();
    OptionMap own = options;
    if (auto ignore = context.config.Get("spark.sql.jsonGenerator.ignoreNullFields"))
      own.emplace("ignoreNullFields", *ignore);
    ARROW_ASSIGN_OR_RAISE(*write, formats::ParseJsonWriteOptions(own, context.zone));
    if (auto separator = GetOption(options, "lineSep")) {
      if (separator->empty())
        return MakeError("INVALID_SOURCE_OPTION", {{"message", "'lineSep' cannot be an empty string."}});
      separator_ = *separator;
    }
    for (const char* name : {"encoding", "charset"}) {
      if (auto encoding = GetOption(options, name); encoding && *encoding != "UTF-8" && *encoding != "utf-8")
        return UnsupportedFeature("JSON in the encoding " + *encoding);
    }
    compression_ = GetOption(options, "compression").value_or("");
    ARROW_RETURN_NOT_OK(SetFormats(options, write.get()));
    infer_.read = read_;
    write_ = std::move(write);
    return Status::OK();
  }
  std::string_view name() const override { return "json"; }
  std::string_view title() const override { return "JSON"; }
  Result<std::optional<DataType>> InferSchema(const Root& root, const std::vector<FileInfo>& files) const override {
    if (files.empty()) return std::optional<DataType>();
    if (multi_line_ && !sampling_.all()) return UnsupportedFeature("samplingRatio of files with multiLine");
    formats::JsonInference inference(infer_);
    const auto partitions = sampling_.Partitions(root, files, *this);
    for (size_t i = 0; i < partitions.size(); ++i) {
      LineSample sample(sampling_.ratio, i);
      for (const auto& part : partitions[i]) {
        ARROW_ASSIGN_OR_RAISE(Documents documents, Documents::Open(part, multi_line_, separator_, &sample));
        std::vector<std::string_view> texts;
        for (;;) {
          ARROW_RETURN_NOT_OK(documents.Next(4096, &texts));
          if (texts.empty()) break;
          for (auto text : texts) ARROW_RETURN_NOT_OK(inference.Add(text));
        }
      }
    }
    return std::optional(inference.Schema());
  }
  bool Supports(const DataType& type) const override {
    switch (type.id()) {
      case TypeId::kStruct:
        return std::all_of(type.fields().begin(), type.fields().end(),
                           [&](const auto& field) { return Supports(field.type); });
      case TypeId::kArray: return Supports(type.elementType());
      case TypeId::kMap: return Supports(type.keyType()) && Supports(type.valueType());
      default: return true;
    }
  }
  bool CanSplit(const FileInfo& file) const override { return !multi_line_ && !formats::IsCompressed(file.path); }
  Result<std::unique_ptr<BatchReader>> Open(const FilePart& part, const DataType&,
                                            const ScanRequest& request) const override {
    ARROW_ASSIGN_OR_RAISE(Documents documents, Documents::Open(part, multi_line_, separator_));
    return std::make_unique<JsonFileReader>(std::move(documents), read_, request);
  }
  Status CheckWrite(const DataType&) const override { return formats::FindTextCodec(compression_).status(); }
  Result<std::unique_ptr<FileEncoder>> NewEncoder(std::shared_ptr<arrow::io::OutputStream> sink,
                                                  const DataType& schema) const override {
    ARROW_ASSIGN_OR_RAISE(const auto* codec, formats::FindTextCodec(compression_));
    ARROW_ASSIGN_OR_RAISE(auto out, formats::CompressText(std::move(sink), codec));
    return std::make_unique<JsonEncoder>(std::move(out), schema, write_, separator_.empty() ? "\n" : separator_);
  }
  Result<std::string> Extension() const override {
    ARROW_ASSIGN_OR_RAISE(const auto* codec, formats::FindTextCodec(compression_));
    return ".json" + std::string(codec ? codec->extension : "");
  }

 private:
  Status SetFormats(const OptionMap& options, formats::JsonWriteOptions* write) {
    const auto compile = [&](const char* name,
                             DateTimePattern::Use use) -> Result<std::shared_ptr<const DateTimePattern>> {
      const auto pattern = GetOption(options, name);
      if (!pattern) return std::shared_ptr<const DateTimePattern>();
      return DateTimePattern::Compile(*pattern, use);
    };
    using Use = DateTimePattern::Use;
    ARROW_ASSIGN_OR_RAISE(auto timestamp, compile("timestampFormat", Use::kParse));
    ARROW_ASSIGN_OR_RAISE(auto ntz, compile("timestampNTZFormat", Use::kParse));
    ARROW_ASSIGN_OR_RAISE(auto date, compile("dateFormat", Use::kParse));
    if (timestamp)
      read_.parse_timestamp = [timestamp, zone = read_.zone](std::string_view text) {
        return timestamp->ParseTimestamp(text, *zone);
      };
    if (ntz) read_.parse_timestamp_ntz = [ntz](std::string_view text) { return ntz->ParseLocal(text); };
    if (date) read_.parse_date = [date](std::string_view text) { return date->ParseDate(text); };
    ARROW_ASSIGN_OR_RAISE(timestamp, compile("timestampFormat", Use::kFormat));
    ARROW_ASSIGN_OR_RAISE(ntz, compile("timestampNTZFormat", Use::kFormat));
    ARROW_ASSIGN_OR_RAISE(date, compile("dateFormat", Use::kFormat));
    if (timestamp)
      write->format_timestamp = [timestamp, zone = write->zone](int64_t us, std::string* out) {
        timestamp->Format(us, *zone, out);
      };
    if (ntz) write->format_timestamp_ntz = [ntz](int64_t us, std::string* out) { ntz->FormatLocal(us, out); };
    if (date) write->format_date = [date](int32_t days, std::string* out) { date->FormatLocal(days * kUsPerDay, out); };
    return Status::OK();
  }

  formats::JsonReadOptions read_;
  formats::JsonInferOptions infer_;
  std::shared_ptr<const formats::JsonWriteOptions> write_;
  std::string compression_, separator_;
  Sampling sampling_;
  bool multi_line_ = false;
};

}  // namespace

Result<FormatPtr> MakeJsonFormat(const FormatContext& context) {
  auto format = std::make_shared<JsonFormat>();
  ARROW_RETURN_NOT_OK(format->Init(context));
  return format;
}

}  // namespace sluice::connectors::file
