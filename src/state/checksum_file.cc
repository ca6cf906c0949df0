#include "state/checksum_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/file_system.h"

namespace sluice::state {
namespace {

using Tables = std::array<std::array<uint32_t, 256>, 8>;

/// Eight bytes a step; tables[k] advances a byte past k others.
constexpr Tables MakeTables() {
  Tables tables{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0x82F63B78u : 0);
    tables[0][i] = crc;
  }
  for (uint32_t i = 0; i < 256; ++i) {
    for (size_t k = 1; k < 8; ++k) tables[k][i] = (tables[k - 1][i] >> 8) ^ tables[0][tables[k - 1][i] & 0xFF];
  }
  return tables;
}
constexpr Tables kTables = MakeTables();

uint32_t ByTables(const char* p, size_t n, uint32_t crc) {
  for (; n >= 8; n -= 8, p += 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    word ^= crc;
    crc = 0;
    for (size_t k = 0; k < 8; ++k) crc ^= kTables[7 - k][word >> (8 * k) & 0xFF];
  }
  for (; n > 0; --n, ++p) crc = (crc >> 8) ^ kTables[0][(crc ^ static_cast<uint8_t>(*p)) & 0xFF];
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t ByInstruction(const char* p, size_t n, uint32_t crc) {
  uint64_t wide = crc;
  for (; n >= 8; n -= 8, p += 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    wide = __builtin_ia32_crc32di(wide, word);
  }
  crc = static_cast<uint32_t>(wide);
  for (; n > 0; --n, ++p) crc = __builtin_ia32_crc32qi(crc, static_cast<uint8_t>(*p));
  return crc;
}
const bool kHasInstruction = __builtin_cpu_supports("sse4.2");
#else
constexpr bool kHasInstruction = false;
uint32_t ByInstruction(const char* p, size_t n, uint32_t crc) { return ByTables(p, n, crc); }
#endif

constexpr size_t kPieceBytes = 256 * 1024;

Status CannotRead(const std::string& path) { return Status::IOError("Cannot read ", path, ": ", std::strerror(errno)); }

}  // namespace

uint32_t Crc32c(std::string_view bytes, uint32_t before) {
  return ~(kHasInstruction ? ByInstruction : ByTables)(bytes.data(), bytes.size(), ~before);
}

ChecksumFileWriter::ChecksumFileWriter(std::string path, Durability durability)
    : path_(std::move(path)), durability_(durability),
      file_(path_, durability == Durability::kNow ? DurableFile::Target::kReplaced : DurableFile::Target::kUncommitted,
            durability == Durability::kNow ? DurableFile::Sync::kNow : DurableFile::Sync::kLater) {}

Status ChecksumFileWriter::Append(std::string_view bytes) {
  checksum_ = Crc32c(bytes, checksum_);
  size_ += bytes.size();
  return file_.Append(bytes);
}

void RemoveHadoopChecksums(const std::string& path) {
  const size_t slash = path.rfind('/') + 1;
  const std::string hidden = path.substr(0, slash) + "." + path.substr(slash);
  ::unlink((hidden + ".crc").c_str());
  ::unlink((hidden + ".crc.crc").c_str());
}

Status ChecksumFileWriter::Finish() {
  ARROW_RETURN_NOT_OK(file_.Finish());
  nlohmann::ordered_json crc;
  crc["algorithm"] = "CRC32C";
  crc["value"] = static_cast<int32_t>(checksum_);
  crc["mainFileSize"] = size_;
  crc["timestampMs"] = NowMs();
  crc["creator"] = {{"executorId", "driver"}, {"taskInfo", ""}};
  const std::string path = path_ + ".crc", text = crc.dump();
  return durability_ == Durability::kNow ? WriteFileDurably(path, text) : WriteFileForSync(path, text);
}

bool LinkChecksumFile(const std::string& from, const std::string& to) {
  return ::link(from.c_str(), to.c_str()) == 0 && ::link((from + ".crc").c_str(), (to + ".crc").c_str()) == 0;
}

ChecksumFileReader::ChecksumFileReader(ChecksumFileReader&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), buffer_(std::move(other.buffer_)),
      at_(other.at_) {}

ChecksumFileReader::~ChecksumFileReader() {
  if (fd_ >= 0) ::close(fd_);
}

Result<ChecksumFileReader> ChecksumFileReader::Open(const std::string& path) {
  ChecksumFileReader reader(path, ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (reader.fd_ < 0) return CannotRead(path);
  ARROW_RETURN_NOT_OK(reader.Verify());
  if (::lseek(reader.fd_, 0, SEEK_SET) != 0) return CannotRead(path);
  return reader;
}

Status ChecksumFileReader::Verify() {
  std::error_code ignored;
  if (!std::filesystem::exists(path_ + ".crc", ignored)) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(std::string text, ReadWholeFile(path_ + ".crc"));
  const auto crc = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  const bool readable = crc.is_object() && crc.contains("value") && crc["value"].is_number_integer() &&
                        crc.contains("mainFileSize") && crc["mainFileSize"].is_number_integer();
  // Algorithms that are not known cannot be checked.
  if (readable && crc.value("algorithm", "CRC32C") != "CRC32C") return Status::OK();
  uint32_t sum = 0;
  int64_t size = 0;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(std::string_view piece, Take(kPieceBytes));
    if (piece.empty()) break;
    sum = Crc32c(piece, sum);
    size += static_cast<int64_t>(piece.size());
  }
  const int32_t computed = static_cast<int32_t>(sum);
  if (readable && crc["value"] == computed && crc["mainFileSize"] == size) return Status::OK();
  return MakeError("CHECKPOINT_FILE_CHECKSUM_VERIFICATION_FAILED",
                   {{"fileName", path_},
                    {"expectedSize", readable ? crc["mainFileSize"].dump() : "?"},
                    {"expectedChecksum", readable ? crc["value"].dump() : "?"},
                    {"computedSize", std::to_string(size)},
                    {"computedChecksum", std::to_string(computed)}});
}

Status ChecksumFileReader::Fill(size_t size) {
  buffer_.erase(0, at_);
  at_ = 0;
  size_t filled = buffer_.size();
  buffer_.resize(std::max(size, kPieceBytes));
  while (filled < buffer_.size()) {
    const ssize_t n = ::read(fd_, buffer_.data() + filled, buffer_.size() - filled);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return CannotRead(path_);
    if (n == 0) break;
    filled += static_cast<size_t>(n);
  }
  buffer_.resize(filled);
  return Status::OK();
}

Result<std::string_view> ChecksumFileReader::Take(size_t size) {
  if (buffer_.size() - at_ < size) ARROW_RETURN_NOT_OK(Fill(size));
  const std::string_view taken = std::string_view(buffer_).substr(at_, size);
  at_ += taken.size();
  return taken;
}

}  // namespace sluice::state
