#pragma once
// A table's files: local or s3://, by the paths that metadata holds.
#include <arrow/io/interfaces.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "connectors/iceberg/metadata.h"

namespace sluice::iceberg {

class PendingSyncs;

/// Thread-safe.
class FileIo {
 public:
  explicit FileIo(Properties properties);

  Result<std::string> Read(const std::string& path) const;
  /// A file of a name no one else uses. It is durable once Settle() or WriteExclusive() returned: local syncs run side
  /// by side in the background, a bounded number of them, which costs one turn of the disk's journal rather than one
  /// each.
  Status WriteNew(const std::string& path, std::string_view bytes) const;
  /// Waits for the syncs of WriteNew and OpenOutput and syncs the folders they put names into, new ones with the
  /// folders above; the first that failed is returned.
  Status Settle() const;
  /// Atomically, all or nothing; StatusCode::AlreadyExists when there is one already. On s3:// by a conditional put.
  Status WriteExclusive(const std::string& path, std::string_view bytes) const;
  /// Atomically, without sync: for hints.
  Status Replace(const std::string& path, std::string_view bytes) const;
  /// Tells a file from another that has its path later; "" when there is none.
  Result<std::string> Identity(const std::string& path) const;
  Result<bool> Exists(const std::string& path) const;
  /// Missing files are fine.
  Status Delete(const std::string& path) const;
  Status DeleteFolder(const std::string& path) const;
  Status CreateFolder(const std::string& path) const;
  struct Entry {
    std::string name;
    bool folder = false;
  };
  /// Direct children; NotFound-like: an empty list.
  Result<std::vector<Entry>> List(const std::string& path) const;

  Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenInput(const std::string& path) const;
  /// Once closed, durable as WriteNew's files are.
  Result<std::shared_ptr<arrow::io::OutputStream>> OpenOutput(const std::string& path) const;

  const Properties& properties() const { return properties_; }

 private:
  Properties properties_;
  std::shared_ptr<PendingSyncs> pending_;
};
using FileIoPtr = std::shared_ptr<const FileIo>;

}  // namespace sluice::iceberg
