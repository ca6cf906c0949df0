#include "formats/text/text_codec.h"

#include <arrow/io/compressed.h>

namespace sluice::formats {

namespace {

constexpr TextCodec kCodecs[] = {
    {"gzip", ".gz", arrow::Compression::GZIP},         {"bzip2", ".bz2", arrow::Compression::BZ2},
    {"deflate", ".deflate", arrow::Compression::GZIP}, {"zstd", ".zst", arrow::Compression::ZSTD},
    {"lz4", ".lz4", arrow::Compression::LZ4, true},    {"snappy", ".snappy", arrow::Compression::SNAPPY, true},
};

/// Writes through a codec that it owns.
class CompressedText final : public arrow::io::OutputStream {
 public:
  CompressedText(std::shared_ptr<arrow::io::OutputStream> stream, std::unique_ptr<arrow::util::Codec> codec)
      : codec_(std::move(codec)), stream_(std::move(stream)) {}
  arrow::Status Close() override { return stream_->Close(); }
  bool closed() const override { return stream_->closed(); }
  arrow::Result<int64_t> Tell() const override { return stream_->Tell(); }
  arrow::Status Write(const void* data, int64_t size) override { return stream_->Write(data, size); }
  using arrow::io::OutputStream::Write;

 private:
  std::unique_ptr<arrow::util::Codec> codec_;
  std::shared_ptr<arrow::io::OutputStream> stream_;
};

}  // namespace

Result<const TextCodec*> FindTextCodec(std::string_view name) {
  std::string lower;
  for (char c : name) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (lower.empty() || lower == "none" || lower == "uncompressed") return nullptr;
  for (const TextCodec& codec : kCodecs) {
    if (codec.name != lower) continue;
    if (codec.hadoop_blocks) return UnsupportedFeature("Text compressed with " + lower);
    if (codec.type == arrow::Compression::ZSTD) break;
    return &codec;
  }
  return MakeError("CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION",
                   {{"codecName", std::string(name)}, {"availableCodecs", "bzip2, deflate, uncompressed, none, gzip"}});
}

const TextCodec* TextCodecOfPath(std::string_view path) {
  for (const TextCodec& codec : kCodecs) {
    if (path.ends_with(codec.extension)) return &codec;
  }
  return nullptr;
}

Result<std::unique_ptr<arrow::util::Codec>> MakeTextCodec(const TextCodec& codec) {
  if (codec.name == "deflate") {  // zlib's format, as Hadoop's DefaultCodec
    arrow::util::GZipCodecOptions options;
    options.gzip_format = arrow::util::GZipFormat::ZLIB;
    return arrow::util::Codec::Create(codec.type, options);
  }
  return arrow::util::Codec::Create(codec.type);
}

Result<std::shared_ptr<arrow::io::OutputStream>> CompressText(std::shared_ptr<arrow::io::OutputStream> sink,
                                                              const TextCodec* codec) {
  if (codec == nullptr) return sink;
  ARROW_ASSIGN_OR_RAISE(auto compression, MakeTextCodec(*codec));
  ARROW_ASSIGN_OR_RAISE(auto stream, arrow::io::CompressedOutputStream::Make(compression.get(), sink));
  return std::make_shared<CompressedText>(std::move(stream), std::move(compression));
}

}  // namespace sluice::formats
