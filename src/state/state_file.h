#pragma once
// N.delta and N.snapshot: an LZ4Block stream of (key size, key, value size, value), sizes as big-endian int32. A value
// of size -1 removes its key (deltas only); a key of size -1 ends the file.
#include <optional>
#include <string>

#include "base/error.h"
#include "state/checksum_file.h"
#include "state/lz4_block.h"
#include "state/row_segments.h"

namespace sluice::state {

std::string DeltaPath(const std::string& folder, int64_t version);
std::string SnapshotPath(const std::string& folder, int64_t version);

/// Writes a file and its checksum, in pieces.
class StateFileWriter {
 public:
  StateFileWriter(const std::string& path, Durability durability) : file_(path, durability) {}
  void Put(Bytes key, Bytes value);
  void Remove(Bytes key);
  /// The first error there was. The file is there when this returns OK.
  Status Finish();

 private:
  void Size(int32_t size);
  void Row(Bytes row);
  void Flush();
  Lz4BlockWriter out_;
  ChecksumFileWriter file_;
  Status status_;
};

/// All rows of a file, in order; in memory is a block at a time.
class StateFileReader {
 public:
  /// Errors: CANNOT_LOAD_STATE_STORE.* naming the file; CHECKPOINT_FILE_CHECKSUM_VERIFICATION_FAILED.
  static Result<StateFileReader> Open(const std::string& path, bool snapshot);
  /// False at the end. Without a value the key is removed. Both are valid until the next call.
  Result<bool> Next(Bytes* key, std::optional<Bytes>* value);

 private:
  StateFileReader(std::string path, ChecksumFileReader file, bool snapshot)
      : path_(std::move(path)), file_(std::move(file)), snapshot_(snapshot) {}
  /// Whether the next `size` bytes are in plain_, after reading them.
  Result<bool> Has(size_t size);
  int32_t SizeAt(size_t at) const;
  Status WrongSize(const char* what, int32_t size) const;
  Status Unreadable(const Status& why) const;

  std::string path_;
  ChecksumFileReader file_;
  bool snapshot_;
  std::string plain_;
  size_t at_ = 0;       // in plain_
  bool ended_ = false;  // where a stream may end
};

}  // namespace sluice::state
