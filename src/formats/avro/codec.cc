#include "formats/avro/codec.h"

#include <arrow/util/compression.h>

#include <array>

namespace sluice::avro {

namespace {
constexpr size_t kMaxBlock = 256u << 20;

std::unique_ptr<arrow::util::Codec> ArrowCodec(Codec codec, int level = -1) {
  auto made = [&]() -> Result<std::unique_ptr<arrow::util::Codec>> {
    switch (codec) {
      case Codec::kDeflate: {
        arrow::util::GZipCodecOptions options;
        options.gzip_format = arrow::util::GZipFormat::DEFLATE;
        options.compression_level = level >= 0 ? level : 1;
        return arrow::util::Codec::Create(arrow::Compression::GZIP, options);
      }
      case Codec::kSnappy: return arrow::util::Codec::Create(arrow::Compression::SNAPPY);
      case Codec::kBzip2: return arrow::util::Codec::Create(arrow::Compression::BZ2);
      default:
        return arrow::util::Codec::Create(arrow::Compression::ZSTD,
                                          level >= 0 ? level : arrow::util::kUseDefaultCompressionLevel);
    }
  }();
  return made.ok() ? std::move(*made) : nullptr;
}

uint32_t Crc32(std::string_view bytes) {
  static const auto table = [] {
    std::array<uint32_t, 256> t{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t c = i;
      for (int k = 0; k < 8; ++k) c = (c & 1) ? 0xEDB88320u ^ (c >> 1) : c >> 1;
      t[i] = c;
    }
    return t;
  }();
  uint32_t crc = 0xFFFFFFFFu;
  for (unsigned char b : bytes) crc = table[(crc ^ b) & 0xFF] ^ (crc >> 8);
  return crc ^ 0xFFFFFFFFu;
}

const uint8_t* Data(std::string_view bytes) { return reinterpret_cast<const uint8_t*>(bytes.data()); }
uint8_t* Data(std::string& bytes) { return reinterpret_cast<uint8_t*>(bytes.data()); }

Result<std::string> DecompressSnappy(std::string_view bytes) {
  if (bytes.size() < 5) return Status::Invalid("Avro: a snappy block is cut short");
  std::string_view body = bytes.substr(0, bytes.size() - 4);
  uint64_t length = 0;
  int shift = 0;
  for (unsigned char b : body) {
    length |= static_cast<uint64_t>(b & 0x7F) << shift;
    shift += 7;
    if (!(b & 0x80) || shift > 35) break;
  }
  if (length > kMaxBlock || length > body.size() * 64 + 1024) return Status::Invalid("Avro: a snappy block is corrupt");
  std::string out(length, '\0');
  auto codec = ArrowCodec(Codec::kSnappy);
  ARROW_ASSIGN_OR_RAISE(int64_t n, codec->Decompress(static_cast<int64_t>(body.size()), Data(body),
                                                     static_cast<int64_t>(out.size()), Data(out)));
  out.resize(static_cast<size_t>(n));
  uint32_t crc = 0;
  for (unsigned char b : bytes.substr(bytes.size() - 4)) crc = crc << 8 | b;
  if (crc != Crc32(out)) return Status::Invalid("Avro: a block's checksum is wrong");
  return out;
}
}  // namespace

Result<Codec> CodecFromName(std::string_view name) {
  for (Codec codec : {Codec::kNull, Codec::kDeflate, Codec::kSnappy, Codec::kZstandard, Codec::kBzip2}) {
    if (CodecName(codec) == name) return codec;
  }
  return UnsupportedFeature("The Avro codec '" + std::string(name) + "'");
}

std::string_view CodecName(Codec codec) {
  constexpr std::string_view kNames[] = {"null", "deflate", "snappy", "zstandard", "bzip2"};
  return kNames[static_cast<size_t>(codec)];
}

Result<std::string> Decompress(Codec codec, std::string_view bytes) {
  if (codec == Codec::kNull) return std::string(bytes);
  if (codec == Codec::kSnappy) return DecompressSnappy(bytes);
  auto arrow_codec = ArrowCodec(codec);
  ARROW_ASSIGN_OR_RAISE(auto decompressor, arrow_codec->MakeDecompressor());
  std::string out;
  size_t used = 0, filled = 0;
  out.resize(std::max<size_t>(4096, bytes.size() * 4));
  while (!decompressor->IsFinished()) {
    auto step = decompressor->Decompress(static_cast<int64_t>(bytes.size() - used), Data(bytes) + used,
                                         static_cast<int64_t>(out.size() - filled), Data(out) + filled);
    ARROW_RETURN_NOT_OK(step.status());
    used += static_cast<size_t>(step->bytes_read);
    filled += static_cast<size_t>(step->bytes_written);
    if (decompressor->IsFinished()) break;
    if (step->need_more_output || filled == out.size()) {
      if (out.size() >= kMaxBlock) return Status::Invalid("Avro: a block is larger than 256 MiB");
      out.resize(out.size() * 2);
    } else if (step->bytes_read == 0 && step->bytes_written == 0) {
      return Status::Invalid("Avro: a compressed block is cut short");
    }
  }
  out.resize(filled);
  return out;
}

namespace {
/// For codecs that have no one-shot form.
Result<std::string> CompressStream(arrow::util::Codec& codec, std::string_view bytes) {
  ARROW_ASSIGN_OR_RAISE(auto compressor, codec.MakeCompressor());
  std::string out(bytes.size() + bytes.size() / 8 + 4096, '\0');
  size_t used = 0, filled = 0;
  while (used < bytes.size()) {
    ARROW_ASSIGN_OR_RAISE(auto step,
                          compressor->Compress(static_cast<int64_t>(bytes.size() - used), Data(bytes) + used,
                                               static_cast<int64_t>(out.size() - filled), Data(out) + filled));
    used += static_cast<size_t>(step.bytes_read);
    filled += static_cast<size_t>(step.bytes_written);
    if (step.bytes_read == 0) out.resize(out.size() * 2);
  }
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto step, compressor->End(static_cast<int64_t>(out.size() - filled), Data(out) + filled));
    filled += static_cast<size_t>(step.bytes_written);
    if (!step.should_retry) break;
    out.resize(out.size() * 2);
  }
  out.resize(filled);
  return out;
}
}  // namespace

Result<std::string> Compress(Codec codec, std::string_view bytes, int level) {
  if (codec == Codec::kNull) return std::string(bytes);
  auto arrow_codec = ArrowCodec(codec, level);
  if (codec == Codec::kBzip2) return CompressStream(*arrow_codec, bytes);
  auto size = static_cast<int64_t>(bytes.size());
  std::string out(static_cast<size_t>(arrow_codec->MaxCompressedLen(size, Data(bytes))), '\0');
  ARROW_ASSIGN_OR_RAISE(int64_t n,
                        arrow_codec->Compress(size, Data(bytes), static_cast<int64_t>(out.size()), Data(out)));
  out.resize(static_cast<size_t>(n));
  if (codec == Codec::kSnappy) {
    uint32_t crc = Crc32(bytes);
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(crc >> shift & 0xFF));
  }
  return out;
}

}  // namespace sluice::avro
