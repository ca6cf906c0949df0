#include "state/state_file.h"

#include <filesystem>

namespace sluice::state {
namespace {

constexpr const char* kProvider = "HDFSBackedStateStoreProvider";
constexpr size_t kPieceBytes = 1024 * 1024;  // of a file are in memory at a time

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
  if (out_.out().size() >= kPieceBytes) Flush();
}

void StateFileWriter::Put(Bytes key, Bytes value) {
  Row(key);
  Row(value);
}

void StateFileWriter::Remove(Bytes key) {
  Row(key);
  Size(-1);
}

void StateFileWriter::Flush() {
  if (status_.ok()) status_ = file_.Append(out_.out());
  out_.out().clear();
}

Status StateFileWriter::Finish() {
  Size(-1);
  out_.Finish();
  Flush();
  ARROW_RETURN_NOT_OK(status_);
  return file_.Finish();
}

Result<StateFileReader> StateFileReader::Open(const std::string& path, bool snapshot) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    return MakeError(snapshot ? "CANNOT_LOAD_STATE_STORE.CANNOT_READ_MISSING_SNAPSHOT_FILE"
                              : "CANNOT_LOAD_STATE_STORE.CANNOT_READ_DELTA_FILE_NOT_EXISTS",
                     {{"fileToRead", path}, {"clazz", kProvider}});
  }
  ARROW_ASSIGN_OR_RAISE(ChecksumFileReader file, ChecksumFileReader::Open(path));
  return StateFileReader(path, std::move(file), snapshot);
}

Status StateFileReader::Unreadable(const Status& why) const {
  return MakeError("CANNOT_LOAD_STATE_STORE.CANNOT_READ_STREAMING_STATE_FILE",
                   {{"fileToRead", path_ + " (" + why.message() + ")"}});
}

Result<bool> StateFileReader::Has(size_t size) {
  while (plain_.size() - at_ < size) {
    ARROW_ASSIGN_OR_RAISE(std::string_view bytes, file_.Take(Lz4BlockHeader::kBytes));
    if (bytes.empty()) return ended_ ? Result<bool>(false) : Unreadable(Lz4EndMissing());
    auto header = ReadLz4Header(bytes);
    if (!header.ok()) return Unreadable(header.status());
    ended_ = header->ends_stream();
    if (ended_) continue;
    plain_.erase(0, at_);
    at_ = 0;
    ARROW_ASSIGN_OR_RAISE(bytes, file_.Take(header->compressed));
    const Status appended = AppendLz4Block(*header, bytes, &plain_);
    if (!appended.ok()) return Unreadable(appended);
  }
  return true;
}

int32_t StateFileReader::SizeAt(size_t at) const {
  const auto* p = reinterpret_cast<const uint8_t*>(plain_.data()) + at;
  return static_cast<int32_t>(static_cast<uint32_t>(p[0]) << 24 | p[1] << 16 | p[2] << 8 | p[3]);
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
  auto has = [this](size_t size) -> Result<bool> {
    if (plain_.size() - at_ >= size) return true;
    return Has(size);
  };
  ARROW_ASSIGN_OR_RAISE(bool there, has(4));
  if (!there) return WrongSize("KEY", 0);
  const int32_t key_size = SizeAt(at_);
  if (key_size == -1) return false;
  if (key_size < 0) return WrongSize("KEY", key_size);
  const size_t value_at = 4 + static_cast<size_t>(key_size) + 4;
  ARROW_ASSIGN_OR_RAISE(there, has(value_at));
  if (!there) return WrongSize("KEY", key_size);
  const int32_t value_size = SizeAt(at_ + value_at - 4);
  const bool removed = value_size == -1 && !snapshot_;
  size_t end = value_at;
  if (!removed) {
    if (value_size >= 0) {
      end += static_cast<size_t>(value_size);
      ARROW_ASSIGN_OR_RAISE(there, has(end));
    }
    // Only snapshots have a condition for values; a delta that is cut short is one with a wrong size all the same.
    if (value_size < 0 || !there) return WrongSize(snapshot_ ? "VALUE" : "KEY", value_size);
  }
  const auto* row = reinterpret_cast<const uint8_t*>(plain_.data()) + at_;
  *key = {row + 4, static_cast<size_t>(key_size)};
  value->reset();
  if (!removed) *value = Bytes{row + value_at, static_cast<size_t>(value_size)};
  at_ += end;
  return true;
}

}  // namespace sluice::state
