#pragma once
// Paths as Spark takes them ("/a/b", "file:/a/b", "file:///a/b", "s3://bucket/key", "s3a://...") -> Arrow file systems,
// and the durable writes that checkpoints and catalogs rest on.
#include <arrow/filesystem/filesystem.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/config.h"
#include "base/error.h"

namespace sluice {

struct FileLocation {
  std::shared_ptr<arrow::fs::FileSystem> fs;
  std::string path;  // within fs
  bool local = false;
};

/// Chooses the file system by scheme; S3 settings come from `properties` ("s3.endpoint", "s3.access-key-id",
/// "s3.secret-access-key", "s3.region", "s3.path-style-access", "client.region") and else the environment.
/// UNSUPPORTED_FEATURE names a scheme that is not built in (hdfs needs a JVM).
Result<FileLocation> ResolveLocation(std::string_view uri, const std::map<std::string, std::string>& properties = {});

/// Writes `bytes` at local `path` so that after return, whatever crashes, readers see all or nothing:
/// temporary file, fsync, rename, fsync of the folder. With `exclusive` an existing target is
/// AlreadyExists-like (StatusCode::AlreadyExists) and left alone, decided atomically (link(2)).
Status WriteFileDurably(const std::string& path, std::string_view bytes, bool exclusive = false);
/// Lost or cut short by a crash before SyncFileSystem: for files that count only together, when something written later
/// says so. A file that is there is replaced, not written over.
Status WriteFileForSync(const std::string& path, std::string_view bytes);
/// What has been written to the file system that has `path` is on disk.
Status SyncFileSystem(const std::string& path);
/// Fault injection of tests/fault: SLUICE_FAULT_WRITE=N cuts the Nth durable write short and kills the process.
Status SyncFolder(const std::string& path);
Result<std::string> ReadWholeFile(const std::string& path);

}  // namespace sluice
