#pragma once
// N.delta and N.snapshot: an LZ4Block stream of (key size, key, value size, value), sizes as big-endian int32. A value
// of size -1 removes its key (deltas only); a key of size -1 ends the file.
#include <optional>
#include <span>
#include <string>

#include "base/error.h"
#include "state/checksum_file.h"
#include "state/lz4_block.h"

namespace sluice::state {

using Bytes = std::span<const uint8_t>;

std::string DeltaPath(const std::string& folder, int64_t version);
std::string SnapshotPath(const std::string& folder, int64_t version);

class StateFileWriter {
 public:
  void Put(Bytes key, Bytes value);
  void Remove(Bytes key);
  /// Writes the file and its checksum; the writer is spent.
  Status Finish(const std::string& path, Durability durability);

 private:
  void Size(int32_t size);
  void Row(Bytes row);
  Lz4BlockWriter out_;
};

/// All rows of a file, in order.
class StateFileReader {
 public:
  /// Errors: CANNOT_LOAD_STATE_STORE.* naming the file; CHECKPOINT_FILE_CHECKSUM_VERIFICATION_FAILED.
  static Result<StateFileReader> Open(const std::string& path, bool snapshot);
  /// False at the end. Without a value the key is removed. Both are valid as long as the reader.
  Result<bool> Next(Bytes* key, std::optional<Bytes>* value);

 private:
  StateFileReader(std::string path, std::string bytes, bool snapshot)
      : path_(std::move(path)), bytes_(std::move(bytes)), snapshot_(snapshot) {}
  bool TakeSize(int32_t* size);
  bool TakeRow(int32_t size, Bytes* row);
  Status WrongSize(const char* what, int32_t size) const;

  std::string path_, bytes_;
  bool snapshot_;
  size_t at_ = 0;
};

}  // namespace sluice::state
