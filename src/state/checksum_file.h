#pragma once
// FILE and FILE.crc: the checksum Spark 4.1 keeps beside each state file.
#include <memory>
#include <string>
#include <string_view>

#include "base/durable_file.h"
#include "base/error.h"

namespace sluice::state {

/// CRC-32C (Castagnoli), of bytes that come after those with the checksum `before`.
uint32_t Crc32c(std::string_view bytes, uint32_t before = 0);

/// The hidden checksums that Hadoop's local file system keeps of a file and of its .crc file. Those of earlier content
/// would make Spark refuse what is there now, so they go before a file is written anew.
void RemoveHadoopChecksums(const std::string& path);

/// Writes both files: on disk after Finish, or with SyncFileSystem. Until then either may be that of an earlier
/// attempt, and with kWithSync be cut short.
enum class Durability { kNow, kWithSync };
class ChecksumFileWriter {
 public:
  ChecksumFileWriter(std::string path, Durability durability);
  Status Append(std::string_view bytes);
  Status Finish();

 private:
  const std::string path_;
  const Durability durability_;
  DurableFile file_;
  uint32_t checksum_ = 0;
  size_t size_ = 0;
};

/// Gives both files of `from` a second name, which costs a quarter of writing them; nothing may be at `to`. False, with
/// what is at `to` to be replaced, where that cannot be: there are such files, none at `from`, or no such file system.
bool LinkChecksumFile(const std::string& from, const std::string& to);

/// A file that is checked when it is opened, then read from its beginning in pieces.
class ChecksumFileReader {
 public:
  /// Errors: CHECKPOINT_FILE_CHECKSUM_VERIFICATION_FAILED. A file without a checksum (Spark before 4.1) is taken as it
  /// is.
  static Result<ChecksumFileReader> Open(const std::string& path);
  ChecksumFileReader(ChecksumFileReader&&) noexcept;
  ~ChecksumFileReader();
  /// The next `size` bytes, valid until the next call; fewer at the end of the file.
  Result<std::string_view> Take(size_t size);

 private:
  ChecksumFileReader(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  Status Verify();
  Status Fill(size_t size);

  std::string path_;
  int fd_;
  std::string buffer_;
  size_t at_ = 0;  // in buffer_
};

}  // namespace sluice::state
