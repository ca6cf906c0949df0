// Lines of text, one column.
#include <arrow/builder.h>

#include "connectors/file/format.h"
#include "formats/text/line_source.h"
#include "formats/text/text_codec.h"
#include "types/arrow_types.h"

namespace sluice::connectors::file {

Result<std::shared_ptr<arrow::io::InputStream>> OpenTextPart(const FilePart& part) {
  ARROW_ASSIGN_OR_RAISE(auto file, part.fs->OpenInputFile(part.file.path));
  return formats::OpenText(file, part.file.path, part.start);
}

namespace {

class TextReader final : public BatchReader {
 public:
  TextReader(formats::LineSource lines, const ScanRequest& request)
      : lines_(std::move(lines)), schema_(ToArrowSchema(request.schema)),
        batch_rows_(static_cast<size_t>(std::max<int64_t>(1, request.batch_rows))) {}
  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    std::vector<std::string_view> lines;
    ARROW_RETURN_NOT_OK(lines_.Next(batch_rows_, &lines));
    if (lines.empty()) return nullptr;
    arrow::ArrayVector columns;
    if (schema_->num_fields() > 0) {
      arrow::StringBuilder builder;
      int64_t bytes = 0;
      for (auto line : lines) bytes += static_cast<int64_t>(line.size());
      ARROW_RETURN_NOT_OK(builder.Reserve(static_cast<int64_t>(lines.size())));
      ARROW_RETURN_NOT_OK(builder.ReserveData(bytes));
      for (auto line : lines) builder.UnsafeAppend(line);
      ARROW_RETURN_NOT_OK(builder.Finish(&columns.emplace_back()));
    }
    return arrow::RecordBatch::Make(schema_, static_cast<int64_t>(lines.size()), std::move(columns));
  }

 private:
  formats::LineSource lines_;
  std::shared_ptr<arrow::Schema> schema_;
  size_t batch_rows_;
};

/// One row: the whole file.
class WholeTextReader final : public BatchReader {
 public:
  WholeTextReader(std::shared_ptr<arrow::io::InputStream> stream, const ScanRequest& request)
      : stream_(std::move(stream)), schema_(ToArrowSchema(request.schema)) {}
  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    if (done_) return nullptr;
    done_ = true;
    arrow::ArrayVector columns;
    if (schema_->num_fields() > 0) {
      ARROW_ASSIGN_OR_RAISE(std::string text, formats::ReadAll(*stream_));
      arrow::StringBuilder builder;
      ARROW_RETURN_NOT_OK(builder.Append(text));
      ARROW_RETURN_NOT_OK(builder.Finish(&columns.emplace_back()));
    }
    return arrow::RecordBatch::Make(schema_, 1, std::move(columns));
  }

 private:
  std::shared_ptr<arrow::io::InputStream> stream_;
  std::shared_ptr<arrow::Schema> schema_;
  bool done_ = false;
};

class TextEncoder final : public FileEncoder {
 public:
  TextEncoder(std::shared_ptr<arrow::io::OutputStream> sink, std::string separator)
      : sink_(std::move(sink)), separator_(std::move(separator)) {}
  Status Write(const arrow::RecordBatch& batch) override {
    const auto& values = static_cast<const arrow::StringArray&>(*batch.column(0));
    std::string out;
    for (int64_t i = 0; i < values.length(); ++i) {
      if (values.IsValid(i)) out += values.GetView(i);
      out += separator_;
    }
    return sink_->Write(out);
  }
  Status Close() override { return sink_->Close(); }

 private:
  std::shared_ptr<arrow::io::OutputStream> sink_;
  std::string separator_;
};

class TextFormat final : public Format {
 public:
  explicit TextFormat(const FormatContext& context)
      : compression_(GetOption(context.options, "compression").value_or("")) {}
  Status Init(const FormatContext& context) {
    ARROW_ASSIGN_OR_RAISE(whole_, GetBoolOption(context.options, "wholetext", false));
    if (auto separator = GetOption(context.options, "lineSep")) {
      if (separator->empty())
        return MakeError("INVALID_SOURCE_OPTION", {{"message", "'lineSep' cannot be an empty string."}});
      separator_ = *separator;
    }
    if (auto encoding = GetOption(context.options, "encoding");
        encoding && *encoding != "UTF-8" && *encoding != "utf-8")
      return UnsupportedFeature("Text in the encoding " + *encoding);
    return Status::OK();
  }
  std::string_view name() const override { return "text"; }
  std::string_view title() const override { return "Text"; }
  Result<std::optional<DataType>> InferSchema(const Root&, const std::vector<FileInfo>&) const override {
    return std::optional(DataType::Struct({{"value", DataType::String()}}));
  }
  bool Supports(const DataType& type) const override { return type.id() == TypeId::kString; }
  Status CheckSchema(const DataType& schema) const override {
    if (schema.fields().size() == 1) return Status::OK();
    return MakeError("_LEGACY_ERROR_TEMP_1290", {{"schemaSize", std::to_string(schema.fields().size())}});
  }
  bool CanSplit(const FileInfo& file) const override { return !whole_ && !formats::IsCompressed(file.path); }
  Result<std::unique_ptr<BatchReader>> Open(const FilePart& part, const DataType&,
                                            const ScanRequest& request) const override {
    ARROW_ASSIGN_OR_RAISE(auto stream, OpenTextPart(part));
    if (whole_) return std::make_unique<WholeTextReader>(std::move(stream), request);
    return std::make_unique<TextReader>(formats::LineSource(std::move(stream), {part.start, part.end}, separator_),
                                        request);
  }
  Status CheckWrite(const DataType&) const override { return formats::FindTextCodec(compression_).status(); }
  Result<std::unique_ptr<FileEncoder>> NewEncoder(std::shared_ptr<arrow::io::OutputStream> sink,
                                                  const DataType&) const override {
    ARROW_ASSIGN_OR_RAISE(const auto* codec, formats::FindTextCodec(compression_));
    ARROW_ASSIGN_OR_RAISE(auto out, formats::CompressText(std::move(sink), codec));
    return std::make_unique<TextEncoder>(std::move(out), separator_.empty() ? "\n" : separator_);
  }
  Result<std::string> Extension() const override {
    ARROW_ASSIGN_OR_RAISE(const auto* codec, formats::FindTextCodec(compression_));
    return ".txt" + std::string(codec ? codec->extension : "");
  }

 private:
  std::string compression_, separator_;
  bool whole_ = false;
};

}  // namespace

Result<FormatPtr> MakeTextFormat(const FormatContext& context) {
  auto format = std::make_shared<TextFormat>(context);
  ARROW_RETURN_NOT_OK(format->Init(context));
  return format;
}

}  // namespace sluice::connectors::file
