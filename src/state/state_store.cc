#include "state/state_store.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace sluice::state {
namespace {

namespace fs = std::filesystem;

/// "12.delta" with ".delta" -> 12; -1 for other names.
int64_t VersionOf(const std::string& name, std::string_view suffix) {
  if (!name.ends_with(suffix)) return -1;
  int64_t version = -1;
  const char* end = name.data() + name.size() - suffix.size();
  auto [at, error] = std::from_chars(name.data(), end, version);
  return error == std::errc() && at == end ? version : -1;
}

/// f(key, value or nullopt) for each row of a file, in order; how many there were.
template <typename F>
Result<int64_t> ForEachRow(const std::string& path, bool snapshot, F&& f) {
  ARROW_ASSIGN_OR_RAISE(StateFileReader reader, StateFileReader::Open(path, snapshot));
  Bytes key;
  std::optional<Bytes> value;
  for (int64_t rows = 0;; ++rows) {
    ARROW_ASSIGN_OR_RAISE(bool more, reader.Next(&key, &value));
    if (!more) return rows;
    f(key, value);
  }
}

/// read(path) -> rows for each delta after one version up to another. Those of unchanged versions, mostly names of one
/// file (Commit), are read once.
template <typename Read>
Status ForEachDelta(const std::string& folder, int64_t after, int64_t version, Read&& read) {
  struct stat empty {};
  for (int64_t v = after + 1; v <= version; ++v) {
    const std::string path = DeltaPath(folder, v);
    struct stat file {};
    const bool linked = ::stat(path.c_str(), &file) == 0 && file.st_nlink > 1;
    if (linked && file.st_ino == empty.st_ino && file.st_dev == empty.st_dev) continue;
    ARROW_ASSIGN_OR_RAISE(const int64_t rows, read(path));
    if (linked && rows == 0) empty = file;
  }
  return Status::OK();
}

}  // namespace

Result<StateVersions> StateVersions::List(const std::string& folder) {
  StateVersions versions;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename();
    if (int64_t v = VersionOf(name, ".delta"); v >= 0) versions.deltas.push_back(v);
    if (int64_t v = VersionOf(name, ".snapshot"); v >= 0) versions.snapshots.push_back(v);
    if (name.starts_with('.') && name.ends_with(".crc")) versions.hadoop_checksums = true;
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return Status::IOError("cannot list ", folder, ": ", error.message());
  std::sort(versions.deltas.begin(), versions.deltas.end());
  std::sort(versions.snapshots.begin(), versions.snapshots.end());
  return versions;
}

int64_t StateVersions::SnapshotFor(int64_t version) const {
  auto after = std::upper_bound(snapshots.begin(), snapshots.end(), version);
  return after == snapshots.begin() ? 0 : *std::prev(after);
}

Result<std::unique_ptr<StateStore>> StateStore::Load(const std::string& folder, int64_t version,
                                                     std::shared_ptr<StateMemory> memory) {
  if (version < 0)
    return MakeError("CANNOT_LOAD_STATE_STORE.UNEXPECTED_VERSION", {{"version", std::to_string(version)}});
  std::unique_ptr<StateStore> store(new StateStore(folder, version, std::move(memory)));
  ARROW_ASSIGN_OR_RAISE(StateVersions versions, StateVersions::List(folder));
  store->hadoop_checksums_ = versions.hadoop_checksums;
  if (version == 0) return store;
  RowTable& rows = store->rows_;
  const int64_t snapshot = versions.SnapshotFor(version);
  auto apply = [&](Bytes key, const std::optional<Bytes>& value) {
    if (value) {
      rows.PutSettled(key, *value);
    } else {
      rows.Remove(key);
    }
  };
  if (snapshot > 0) ARROW_RETURN_NOT_OK(ForEachRow(SnapshotPath(folder, snapshot), true, apply).status());
  ARROW_RETURN_NOT_OK(ForEachDelta(
      folder, snapshot, version, [&](const std::string& path) { return ForEachRow(path, /*snapshot=*/false, apply); }));
  rows.Settle();
  ARROW_RETURN_NOT_OK(rows.status());
  return store;
}

Status StateStore::Commit() {
  ARROW_RETURN_NOT_OK(rows_.status());
  const std::string path = DeltaPath(folder_, version_ + 1);
  if (hadoop_checksums_) RemoveHadoopChecksums(path);
  StateFileWriter delta(path, Durability::kWithSync);
  bool changed = false;
  rows_.ForEachChange([&](Bytes key, const std::optional<Bytes>& value) {
    changed = true;
    if (value) {
      delta.Put(key, *value);
    } else {
      delta.Remove(key);
    }
  });
  // A small batch leaves most of many partitions as they are.
  if (changed || !LinkChecksumFile(DeltaPath(folder_, unchanged_version_), path)) ARROW_RETURN_NOT_OK(delta.Finish());
  ++version_;
  if (!changed) unchanged_version_ = version_;
  rows_.Settle();
  return Status::OK();
}

Status WriteSnapshot(const std::string& folder, int64_t version, std::shared_ptr<StateMemory> memory) {
  ARROW_ASSIGN_OR_RAISE(StateVersions versions, StateVersions::List(folder));
  const int64_t before = versions.SnapshotFor(version - 1);
  RowTable put(memory), removed(memory);
  auto apply = [&](Bytes key, const std::optional<Bytes>& value) {
    if (value) {
      removed.Remove(key);
      put.PutSettled(key, *value);
    } else {
      put.Remove(key);
      removed.PutSettled(key, {});
    }
  };
  ARROW_RETURN_NOT_OK(ForEachDelta(folder, before, version, [&](const std::string& path) {
    auto rows = ForEachRow(path, /*snapshot=*/false, apply);
    put.Settle();
    removed.Settle();
    return rows;
  }));
  ARROW_RETURN_NOT_OK(put.status());
  ARROW_RETURN_NOT_OK(removed.status());
  if (versions.hadoop_checksums) RemoveHadoopChecksums(SnapshotPath(folder, version));
  StateFileWriter snapshot(SnapshotPath(folder, version), Durability::kNow);
  if (before > 0) {
    auto kept = [&](Bytes key, const std::optional<Bytes>& value) {
      if (!put.Get(key) && !removed.Get(key)) snapshot.Put(key, *value);
    };
    ARROW_RETURN_NOT_OK(ForEachRow(SnapshotPath(folder, before), /*snapshot=*/true, kept).status());
  }
  put.ForEach([&](Bytes key, Bytes value) { snapshot.Put(key, value); });
  return snapshot.Finish();
}

Status RemoveVersionsBelow(const std::string& folder, int64_t oldest) {
  ARROW_ASSIGN_OR_RAISE(StateVersions versions, StateVersions::List(folder));
  // `oldest` itself is loaded from the snapshot before it and the deltas between.
  const int64_t from = versions.SnapshotFor(oldest);
  auto remove = [&](const std::string& path) {
    std::error_code ignored;
    fs::remove(path, ignored);
    fs::remove(path + ".crc", ignored);
    if (versions.hadoop_checksums) RemoveHadoopChecksums(path);
  };
  for (int64_t v : versions.deltas) {
    if (v < from) remove(DeltaPath(folder, v));
  }
  for (int64_t v : versions.snapshots) {
    if (v < from) remove(SnapshotPath(folder, v));
  }
  return Status::OK();
}

}  // namespace sluice::state
