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

/// Thread-safe.
class FileIo {
 public:
  explicit FileIo(Properties properties) : properties_(std::move(properties)) {}

  Result<std::string> Read(const std::string& path) const;
  /// A file of a name no one else uses: synced, but its folder is not (the commit that names it does that).
  Status WriteNew(const std::string& path, std::string_view bytes) const;
  /// Atomically, all or nothing; StatusCode::AlreadyExists when there is one already. On s3:// by a conditional put.
  Status WriteExclusive(const std::string& path, std::string_view bytes) const;
  /// Atomically, without sync: for hints.
  Status Replace(const std::string& path, std::string_view bytes) const;
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
  /// Closing it makes a local file durable.
  Result<std::shared_ptr<arrow::io::OutputStream>> OpenOutput(const std::string& path) const;

  const Properties& properties() const { return properties_; }

 private:
  Properties properties_;
};
using FileIoPtr = std::shared_ptr<const FileIo>;

}  // namespace sluice::iceberg
