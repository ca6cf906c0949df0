#pragma once
// A file that is written piece by piece and is there as a whole or not at all; WriteFileDurably for more than fits
// memory.
#include <string>
#include <string_view>

#include "base/error.h"

namespace sluice {

/// Takes its name in Finish; without Finish nothing is left. Not thread-safe.
class DurableFile {
 public:
  enum class Target {
    kNew,          // AlreadyExists if there is such a file
    kReplaced,     // of an older file either all is there or nothing
    kUncommitted,  // has its name from the start, and a crash may leave a part: for files that count only when
                   // something written later says so
  };
  enum class Sync { kNow, kLater };  // kLater: by SyncFileSystem; until then a crash may lose or cut the file

  DurableFile(std::string path, Target target, Sync sync) : path_(std::move(path)), target_(target), sync_(sync) {}
  ~DurableFile();
  DurableFile(const DurableFile&) = delete;

  Status Append(std::string_view bytes);
  Status Finish();

 private:
  Status Open();
  void Abandon();

  const std::string path_;
  const Target target_;
  const Sync sync_;
  std::string written_;
  size_t size_ = 0;
  int fd_ = -1;
};

}  // namespace sluice
