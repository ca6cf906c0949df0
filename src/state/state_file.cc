#include "state/state_file.h"

#include <filesystem>

namespace sluice::state {
namespace {

constexpr const char* kProvider = "HDFSBackedStateStoreProvider";

std::string_view AsText(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace

std::string DeltaPath(const std::string& folder, int64_t version) {
  return folder + "/" + std::to_string(version) + ".delta";
}
std::string SnapshotPath(const std::string& folder, int64_t version) {
  return folder + "/" + std::to_string(version) + ".snapshot";
}

void StateFileWriter::Size(int32_t size) {
  const uint32_t v = static_cast<uint32_t>(size);
  const char bytes[] = {static_cast<char>(v >> 24), static_cast<char>(v >> 16), static_cast<char>(v >> 8),
                        static_cast<char>(v)};
  out_.Append({bytes, sizeof bytes});
}

void StateFileWriter::Row(Bytes row) {
  Size(static_cast<int32_t>(row.size()));
  out_.Append(AsText(row));
}

void StateFileWriter::Put(Bytes key, Bytes value) {
  Row(key);
  Row(value);
}

void StateFileWriter::Remove(Bytes key) {
  Row(key);
  Size(-1);
}

Status StateFileWriter::Finish(const std::string& path, Durability durability) {
  Size(-1);
  return WriteWithChecksum(path, out_.Finish(), durability);
}

Result<StateFileReader> StateFileReader::Open(const std::string& path, bool snapshot) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    return MakeError(snapshot ? "CANNOT_LOAD_STATE_STORE.CANNOT_READ_MISSING_SNAPSHOT_FILE"
                              : "CANNOT_LOAD_STATE_STORE.CANNOT_READ_DELTA_FILE_NOT_EXISTS",
                     {{"fileToRead", path}, {"clazz", kProvider}});
  }
  ARROW_ASSIGN_OR_RAISE(std::string stream, ReadWithChecksum(path));
  auto bytes = ReadLz4Blocks(stream);
  if (!bytes.ok()) {
    return MakeError("CANNOT_LOAD_STATE_STORE.CANNOT_READ_STREAMING_STATE_FILE",
                     {{"fileToRead", path + " (" + bytes.status().message() + ")"}});
  }
  return StateFileReader(path, std::move(*bytes), snapshot);
}

bool StateFileReader::TakeSize(int32_t* size) {
  if (bytes_.size() - at_ < 4) return false;
  const auto* p = reinterpret_cast<const uint8_t*>(bytes_.data()) + at_;
  *size = static_cast<int32_t>(static_cast<uint32_t>(p[0]) << 24 | p[1] << 16 | p[2] << 8 | p[3]);
  at_ += 4;
  return true;
}

bool StateFileReader::TakeRow(int32_t size, Bytes* row) {
  if (size < 0 || static_cast<size_t>(size) > bytes_.size() - at_) return false;
  *row = {reinterpret_cast<const uint8_t*>(bytes_.data()) + at_, static_cast<size_t>(size)};
  at_ += static_cast<size_t>(size);
  return true;
}

Status StateFileReader::WrongSize(const char* what, int32_t size) const {
  return MakeError(std::string("CANNOT_LOAD_STATE_STORE.CANNOT_READ_") + (snapshot_ ? "SNAPSHOT" : "DELTA") + "_FILE_" +
                       what + "_SIZE",
                   {{"fileToRead", path_},
                    {"clazz", kProvider},
                    {"keySize", std::to_string(size)},
                    {"valueSize", std::to_string(size)}});
}

Result<bool> StateFileReader::Next(Bytes* key, std::optional<Bytes>* value) {
  int32_t size = 0;
  if (!TakeSize(&size)) return WrongSize("KEY", size);
  if (size == -1) return false;
  if (!TakeRow(size, key) || !TakeSize(&size)) return WrongSize("KEY", size);
  value->reset();
  if (size == -1 && !snapshot_) return true;
  Bytes row;
  // Only snapshots have a condition for values; a delta that is cut short is one with a wrong size all the same.
  if (!TakeRow(size, &row)) return WrongSize(snapshot_ ? "VALUE" : "KEY", size);
  *value = row;
  return true;
}

}  // namespace sluice::state
