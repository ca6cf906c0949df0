#include "stream/checkpoint.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>

#include "base/file_system.h"
#include "base/log.h"
#include "stream/checkpoint_sync.h"

namespace sluice::stream {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

constexpr const char* kVersion = "v1";
constexpr const char* kNoOffset = "-";

/// The settings a query keeps for life, with Spark 4.1's values for a new one.
constexpr std::pair<const char*, const char*> kRecorded[] = {
    {"spark.sql.streaming.stateStore.providerClass",
     "org.apache.spark.sql.execution.streaming.state.HDFSBackedStateStoreProvider"},
    {"spark.sql.streaming.stateStore.rocksdb.formatVersion", "5"},
    {"spark.sql.streaming.stateStore.encodingFormat", "unsaferow"},
    {"spark.sql.streaming.statefulOperator.useStrictDistribution", "true"},
    {"spark.sql.streaming.flatMapGroupsWithState.stateFormatVersion", "2"},
    {"spark.sql.streaming.multipleWatermarkPolicy", "min"},
    {"spark.sql.streaming.aggregation.stateFormatVersion", "2"},
    {"spark.sql.shuffle.partitions", "200"},
    {"spark.sql.streaming.join.stateFormatVersion", "2"},
    {"spark.sql.streaming.stateStore.compression.codec", "lz4"},
    {"spark.sql.optimizer.pruneFiltersCanPruneStreamingSubplan", "false"},
};

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  size_t at = 0;
  while (at <= text.size()) {
    size_t end = text.find('\n', at);
    if (end == std::string::npos) end = text.size();
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

Status Malformed(const std::string& path, const std::string& why) {
  return MakeError("MALFORMED_LOG_FILE", {{"text", path + " (" + why + ")"}});
}

Status CheckVersion(const std::string& line, const std::string& path) {
  if (line == kVersion) return Status::OK();
  if (line.size() > 1 && line[0] == 'v' && std::all_of(line.begin() + 1, line.end(), ::isdigit))
    return MakeError("INVALID_LOG_VERSION.MAX_SUPPORTED_VERSION",
                     {{"maxSupportedVersion", "1"}, {"version", line.substr(1)}});
  return Malformed(path, line.empty() ? "it is empty" : "its first line is no version");
}

}  // namespace

std::string NewUuid() {
  std::random_device device;
  auto word = [&] { return static_cast<uint64_t>(device()) << 32 | device(); };
  uint64_t high = (word() & ~0xF000ull) | 0x4000ull;
  uint64_t low = (word() & ~(3ull << 62)) | (2ull << 62);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xFFFF, high & 0xFFFF, low >> 48,
                     low & 0xFFFFFFFFFFFFull);
}

std::vector<std::pair<std::string, std::string>> RecordedConf(const Config& config) {
  std::vector<std::pair<std::string, std::string>> conf;
  for (const auto& [key, value] : kRecorded) {
    auto set = config.values().find(key);
    conf.emplace_back(key, set == config.values().end() ? value : set->second);
  }
  return conf;
}

std::vector<std::pair<std::string, std::string>> WithFormerDefaults(
    std::vector<std::pair<std::string, std::string>> conf) {
  for (const char* key :
       {"spark.sql.streaming.aggregation.stateFormatVersion", "spark.sql.streaming.join.stateFormatVersion"}) {
    const bool there = std::any_of(conf.begin(), conf.end(), [&](const auto& entry) { return entry.first == key; });
    if (!there) conf.emplace_back(key, "1");
  }
  return conf;
}

std::string ToText(const OffsetLogEntry& entry) {
  ordered_json metadata;
  metadata["batchWatermarkMs"] = entry.batch_watermark_ms;
  metadata["batchTimestampMs"] = entry.batch_timestamp_ms;
  ordered_json conf = ordered_json::object();
  for (const auto& [key, value] : entry.conf) conf[key] = value;
  metadata["conf"] = conf;
  std::string text = std::string(kVersion) + "\n" + metadata.dump();
  for (const auto& offset : entry.offsets) text += "\n" + offset.value_or(kNoOffset);
  return text;
}

std::string ToText(const CommitLogEntry& entry) {
  return std::string(kVersion) + "\n{\"nextBatchWatermarkMs\":" + std::to_string(entry.next_batch_watermark_ms) + "}";
}

Result<OffsetLogEntry> ParseOffsetLogEntry(const std::string& text, const std::string& path) {
  auto lines = Lines(text);
  ARROW_RETURN_NOT_OK(CheckVersion(lines[0], path));
  if (lines.size() < 2) return Malformed(path, "it ends after the version");
  OffsetLogEntry entry;
  if (!lines[1].empty()) {  // Spark 2.0 wrote none
    auto metadata = ordered_json::parse(lines[1], nullptr, false);
    if (!metadata.is_object()) return Malformed(path, "its metadata is no JSON object");
    try {
      entry.batch_watermark_ms = metadata.value("batchWatermarkMs", int64_t{0});
      entry.batch_timestamp_ms = metadata.value("batchTimestampMs", int64_t{0});
      if (metadata.contains("conf"))
        for (const auto& [key, value] : metadata["conf"].items())
          entry.conf.emplace_back(key, value.get<std::string>());
    } catch (const nlohmann::json::exception& e) {
      return Malformed(path, e.what());
    }
  }
  for (size_t i = 2; i < lines.size(); ++i) {
    if (lines[i] == kNoOffset) {
      entry.offsets.emplace_back();
    } else {
      entry.offsets.emplace_back(lines[i]);
    }
  }
  return entry;
}

Result<CommitLogEntry> ParseCommitLogEntry(const std::string& text, const std::string& path) {
  auto lines = Lines(text);
  ARROW_RETURN_NOT_OK(CheckVersion(lines[0], path));
  CommitLogEntry entry;
  if (lines.size() < 2 || lines[1].empty()) return entry;
  auto json = nlohmann::json::parse(lines[1], nullptr, false);
  if (!json.is_object()) return Malformed(path, "its second line is no JSON object");
  if (auto it = json.find("nextBatchWatermarkMs"); it != json.end() && it->is_number_integer())
    entry.next_batch_watermark_ms = *it;
  return entry;
}

Status BatchLog::Add(int64_t id, const std::string& text) {
  DurableFile file(PathOf(id), DurableFile::Target::kNew, sync_);
  ARROW_RETURN_NOT_OK(file.Append(text));
  Status status = file.Finish();
  if (status.IsAlreadyExists()) return MakeError("CONCURRENT_STREAM_LOG_UPDATE", {{"batchId", std::to_string(id)}});
  return status;
}

Result<std::optional<std::string>> BatchLog::Get(int64_t id) const {
  std::error_code error;
  if (!fs::exists(PathOf(id), error)) return std::optional<std::string>();
  ARROW_ASSIGN_OR_RAISE(std::string text, ReadWholeFile(PathOf(id)));
  return std::optional<std::string>(std::move(text));
}

Result<std::vector<int64_t>> BatchLog::List() const {
  std::vector<int64_t> ids;
  std::error_code error;
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename();
    if (!name.empty() && name.size() < 19 && std::all_of(name.begin(), name.end(), ::isdigit))
      ids.push_back(std::stoll(name));
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return Status::IOError("cannot list ", folder_, ": ", error.message());
  std::sort(ids.begin(), ids.end());
  return ids;
}

Result<std::optional<int64_t>> BatchLog::Latest() const {
  ARROW_ASSIGN_OR_RAISE(auto ids, List());
  return ids.empty() ? std::nullopt : std::optional<int64_t>(ids.back());
}

Status BatchLog::PurgeBelow(int64_t id) {
  if (!lowest_) {
    ARROW_ASSIGN_OR_RAISE(auto ids, List());
    lowest_ = ids.empty() ? id : ids.front();
  }
  for (; *lowest_ < id; ++*lowest_) (void)Remove(*lowest_);
  return Status::OK();
}

Status BatchLog::RemoveFrom(int64_t id) {
  ARROW_ASSIGN_OR_RAISE(auto ids, List());
  for (; !ids.empty() && ids.back() >= id; ids.pop_back()) ARROW_RETURN_NOT_OK(Remove(ids.back()));
  return SyncFolder(folder_);
}

Status BatchLog::Remove(int64_t id) const {
  std::error_code error, ignored;
  fs::remove(PathOf(id), error);
  fs::remove(folder_ + "/." + std::to_string(id) + ".crc", ignored);  // Hadoop's checksum beside it
  return error ? Status::IOError("cannot remove ", PathOf(id), ": ", error.message()) : Status::OK();
}

Checkpoint::Checkpoint(std::string path, std::string query_id, int lock_fd)
    : path_(std::move(path)), query_id_(std::move(query_id)), lock_fd_(lock_fd), offsets_(path_ + "/offsets"),
      commits_(path_ + "/commits") {}

Checkpoint::~Checkpoint() { Release(); }

void Checkpoint::Release() {
  if (lock_fd_ < 0) return;
  flock(lock_fd_, LOCK_UN);  // closing is not enough while a child between fork and exec has a copy
  close(lock_fd_);
  lock_fd_ = -1;
}

Result<std::unique_ptr<Checkpoint>> Checkpoint::Open(const std::string& location, const MakeWay& make_way) {
  // Asked first: a remote file system may not even be reachable.
  if (location.find("://") != std::string::npos && !location.starts_with("file:"))
    return UnsupportedFeature("checkpointLocation " + location + " on a remote file system");
  ARROW_ASSIGN_OR_RAISE(FileLocation resolved, ResolveLocation(location));
  const std::string path = fs::absolute(resolved.path).lexically_normal();
  std::error_code error;
  for (const char* sub : {"/offsets", "/commits", "/sources"}) {
    fs::create_directories(path + sub, error);
    if (error) return Status::IOError("cannot create the checkpoint folder ", path, sub, ": ", error.message());
  }
  const std::string metadata = path + "/metadata";
  if (!fs::exists(metadata, error)) {
    BatchLog offsets(path + "/offsets");
    ARROW_ASSIGN_OR_RAISE(auto latest, offsets.Latest());
    if (latest)
      return MakeError("MALFORMED_LOG_FILE", {{"text", metadata + " (it is missing, but the checkpoint has batch " +
                                                           std::to_string(*latest) + ")"}});
    Status written = WriteFileDurably(metadata, "{\"id\":\"" + NewUuid() + "\"}", /*exclusive=*/true);
    if (!written.ok() && !written.IsAlreadyExists()) return written;
  }
  int fd = open(metadata.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Status::IOError("cannot open ", metadata, ": ", std::strerror(errno));
  // The kernel frees the lock when the process dies, however it dies.
  const auto lock = [fd] { return flock(fd, LOCK_EX | LOCK_NB) == 0; };
  if (!lock() && !(make_way && make_way(path) && lock())) {
    close(fd);
    return MakeError("CONCURRENT_QUERY");
  }
  auto text = ReadWholeFile(metadata);
  auto json = text.ok() ? nlohmann::json::parse(*text, nullptr, false) : nlohmann::json();
  if (!json.is_object() || !json.contains("id") || !json["id"].is_string()) {
    close(fd);
    return MakeError("MALFORMED_LOG_FILE", {{"text", metadata + " (it is no {\"id\":...})"}});
  }
  std::unique_ptr<Checkpoint> checkpoint(new Checkpoint(path, json["id"].get<std::string>(), fd));
  ARROW_RETURN_NOT_OK(CheckpointSync::Repair(path, &checkpoint->offsets_, &checkpoint->commits_));
  return checkpoint;
}

}  // namespace sluice::stream
