#include "state/lz4_block.h"

#include <lz4.h>
#define XXH_INLINE_ALL  // librdkafka has these names too
#include <xxhash.h>

#include <algorithm>
#include <cstring>

namespace sluice::state {
namespace {

constexpr std::string_view kMagic = "LZ4Block";
static_assert(Lz4BlockHeader::kBytes == kMagic.size() + 1 + 3 * 4);
constexpr size_t kBlockBytes = 32 * 1024;
constexpr uint8_t kLevel = 5;  // of blocks of 32 KiB: log2(size) - 10
constexpr uint8_t kRaw = 0x10, kLz4 = 0x20;
constexpr uint32_t kSeed = 0x9747b28c;
constexpr uint32_t kLargestBlock = 1u << 25;  // of the highest level

uint32_t Checksum(const char* data, size_t size) { return XXH32(data, size, kSeed) & 0x0FFFFFFF; }

void AppendHeader(uint8_t method, uint32_t compressed, uint32_t plain, uint32_t checksum, std::string* out) {
  out->append(kMagic);
  out->push_back(static_cast<char>(method | kLevel));
  for (uint32_t v : {compressed, plain, checksum}) {
    for (int shift = 0; shift < 32; shift += 8) out->push_back(static_cast<char>(v >> shift));
  }
}

uint32_t LoadLittleEndian(const char* at) {
  const auto* p = reinterpret_cast<const uint8_t*>(at);
  return p[0] | p[1] << 8 | p[2] << 16 | static_cast<uint32_t>(p[3]) << 24;
}

Status Corrupt(const char* what) { return Status::IOError("Corrupt LZ4Block stream: ", what); }

}  // namespace

void Lz4BlockWriter::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t take = std::min(bytes.size(), kBlockBytes - block_.size());
    block_.append(bytes.substr(0, take));
    bytes.remove_prefix(take);
    if (block_.size() == kBlockBytes) EndBlock();
  }
}

void Lz4BlockWriter::EndBlock() {
  if (block_.empty()) return;
  char compressed[LZ4_COMPRESSBOUND(kBlockBytes)];
  const int plain = static_cast<int>(block_.size());
  const int size = LZ4_compress_default(block_.data(), compressed, plain, sizeof compressed);
  const bool raw = size <= 0 || size >= plain;
  AppendHeader(raw ? kRaw : kLz4, static_cast<uint32_t>(raw ? plain : size), static_cast<uint32_t>(plain),
               Checksum(block_.data(), block_.size()), &out_);
  out_.append(raw ? std::string_view(block_) : std::string_view(compressed, static_cast<size_t>(size)));
  block_.clear();
}

void Lz4BlockWriter::Finish() {
  EndBlock();
  AppendHeader(kRaw, 0, 0, 0, &out_);
}

Result<Lz4BlockHeader> ReadLz4Header(std::string_view bytes) {
  if (bytes.size() < Lz4BlockHeader::kBytes || !bytes.starts_with(kMagic))
    return Corrupt("no block where one should begin");
  Lz4BlockHeader header;
  header.method = static_cast<uint8_t>(bytes[kMagic.size()]) & 0xF0;
  const char* numbers = bytes.data() + kMagic.size() + 1;
  header.compressed = LoadLittleEndian(numbers);
  header.plain = LoadLittleEndian(numbers + 4);
  header.checksum = LoadLittleEndian(numbers + 8);
  if (header.ends_stream()) return header;
  if (header.method != kRaw && header.method != kLz4) return Corrupt("an unknown method");
  if (header.plain > kLargestBlock || header.compressed > 2 * kLargestBlock) return Corrupt("a block is cut short");
  return header;
}

Status AppendLz4Block(const Lz4BlockHeader& header, std::string_view bytes, std::string* plain) {
  if (bytes.size() < header.compressed) return Corrupt("a block is cut short");
  const size_t before = plain->size();
  plain->resize(before + header.plain);
  char* to = plain->data() + before;
  if (header.method == kRaw) {
    if (header.compressed != header.plain) return Corrupt("a raw block of two lengths");
    std::memcpy(to, bytes.data(), header.plain);
  } else if (LZ4_decompress_safe(bytes.data(), to, static_cast<int>(header.compressed),
                                 static_cast<int>(header.plain)) != static_cast<int>(header.plain)) {
    return Corrupt("a block cannot be decompressed");
  }
  if (Checksum(to, header.plain) != header.checksum) return Corrupt("a checksum does not match");
  return Status::OK();
}

Status Lz4EndMissing() { return Corrupt("its end is missing"); }

Result<std::string> ReadLz4Blocks(std::string_view stream) {
  std::string out;
  bool ended = false;
  while (!stream.empty()) {
    ARROW_ASSIGN_OR_RAISE(Lz4BlockHeader header, ReadLz4Header(stream));
    stream.remove_prefix(Lz4BlockHeader::kBytes);
    ended = header.ends_stream();
    if (ended) continue;
    ARROW_RETURN_NOT_OK(AppendLz4Block(header, stream, &out));
    stream.remove_prefix(header.compressed);
  }
  if (!ended) return Lz4EndMissing();
  return out;
}

}  // namespace sluice::state
