#pragma once
// How whole text files are compressed: the option `compression` and the extensions that go with it.
#include <arrow/io/interfaces.h>
#include <arrow/util/compression.h>

#include <memory>
#include <string_view>

#include "base/error.h"

namespace sluice::formats {

struct TextCodec {
  std::string_view name, extension;
  arrow::Compression::type type;
  bool hadoop_blocks = false;  // Hadoop's own framing around blocks: known by name only
};

/// By the option's value, case-insensitive; null for none and uncompressed. CODEC_NOT_AVAILABLE; UNSUPPORTED_FEATURE
/// for Hadoop's own framings.
Result<const TextCodec*> FindTextCodec(std::string_view name);
/// By extension; null: plain text.
const TextCodec* TextCodecOfPath(std::string_view path);
Result<std::unique_ptr<arrow::util::Codec>> MakeTextCodec(const TextCodec& codec);
/// `sink` compressed with `codec`, or `sink` itself for null. Close() closes both.
Result<std::shared_ptr<arrow::io::OutputStream>> CompressText(std::shared_ptr<arrow::io::OutputStream> sink,
                                                              const TextCodec* codec);

}  // namespace sluice::formats
