#include "stream/checkpoint_sync.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/file_system.h"
#include "base/log.h"

namespace sluice::stream {

namespace {

constexpr int64_t kMostUnsynced = 1000;  // batches; a query that is faster than its disk waits for it
constexpr std::chrono::milliseconds kInterval{500};

std::string MarkerPath(const std::string& checkpoint) { return checkpoint + "/.synced"; }

/// Changes when the machine starts anew.
std::string BootId() {
  static const std::string id = [] {
    auto text = ReadWholeFile("/proc/sys/kernel/random/boot_id");
    return text.ok() ? text->substr(0, text->find('\n')) : std::string("unknown");
  }();
  return id;
}

/// Always of the same length, so that it is written over in place: one block, no change of the file's size.
std::string MarkerText(int64_t batch) {
  char number[24];
  std::snprintf(number, sizeof(number), "%020lld", static_cast<long long>(batch + 1));
  return "v1\n" + BootId() + "\n" + number + "\n";
}

Status Failed(const std::string& path) {
  return MakeError("TASK_WRITE_FAILED", {{"path", path + " (" + std::strerror(errno) + ")"}});
}

bool Exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

Status SyncFile(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Failed(path);
  const bool synced = ::fsync(fd) == 0;
  const Status result = synced ? Status::OK() : Failed(path);
  ::close(fd);
  return result;
}

/// Whether batches from `next` on are not, or not only, what a query of this class left: another engine took over,
/// which knows nothing of the marker. What it wrote is not ours to take back.
Result<bool> AnotherWentOn(int64_t next, BatchLog* offsets, BatchLog* commits) {
  ARROW_ASSIGN_OR_RAISE(auto latest, offsets->Latest());
  if (latest && *latest > next + kMostUnsynced) return true;  // further on than this class lets a query get
  // Hadoop's file systems write a checksum beside each file.
  for (int64_t id = next; latest && id <= *latest; ++id)
    if (Exists(offsets->folder() + "/." + std::to_string(id) + ".crc")) return true;
  // The newest batch on disk is kept as long as it is the newest.
  return next > 0 && !(Exists(offsets->PathOf(next - 1)) && Exists(commits->PathOf(next - 1)));
}

}  // namespace

Status CheckpointSync::Repair(const std::string& checkpoint, BatchLog* offsets, BatchLog* commits) {
  const std::string marker = MarkerPath(checkpoint);
  std::error_code error;
  if (!std::filesystem::exists(marker, error)) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(std::string text, ReadWholeFile(marker));
  const size_t boot_end = text.find('\n', 3);
  long long next = 0;
  if (!text.starts_with("v1\n") || boot_end == std::string::npos ||
      std::sscanf(text.c_str() + boot_end, "%lld", &next) != 1)
    return MakeError("MALFORMED_LOG_FILE", {{"text", marker}});
  if (text.substr(3, boot_end - 3) == BootId()) {
    ARROW_RETURN_NOT_OK(SyncFileSystem(checkpoint));
  } else {
    ARROW_ASSIGN_OR_RAISE(const bool anothers, AnotherWentOn(next, offsets, commits));
    if (!anothers) {
      LogWarn("the machine went down: batches that were not on disk yet run again",
              {{"checkpoint", checkpoint}, {"from", int64_t{next}}});
      // In this order a crash leaves a batch that is planned, never one that is committed and not planned.
      ARROW_RETURN_NOT_OK(commits->RemoveFrom(next));
      ARROW_RETURN_NOT_OK(offsets->RemoveFrom(next));
    }
  }
  std::filesystem::remove(marker, error);
  return SyncFolder(checkpoint);
}

CheckpointSync::CheckpointSync(std::string checkpoint, int64_t newest, int64_t retained_batches, bool whole_file_system)
    : checkpoint_(std::move(checkpoint)), retained_batches_(retained_batches), whole_file_system_(whole_file_system),
      offsets_(checkpoint_ + "/offsets"), commits_(checkpoint_ + "/commits"), committed_(newest), on_disk_(newest) {}

Result<std::unique_ptr<CheckpointSync>> CheckpointSync::Start(const std::string& checkpoint, int64_t newest,
                                                              int64_t retained_batches, bool whole_file_system) {
  std::unique_ptr<CheckpointSync> sync(new CheckpointSync(checkpoint, newest, retained_batches, whole_file_system));
  const std::string marker = MarkerPath(checkpoint);
  ARROW_RETURN_NOT_OK(WriteFileDurably(marker, MarkerText(newest)));
  sync->marker_fd_ = ::open(marker.c_str(), O_WRONLY | O_CLOEXEC);
  if (sync->marker_fd_ < 0) return Failed(marker);
  sync->thread_ = std::thread([raw = sync.get()] { raw->Loop(); });
  return sync;
}

CheckpointSync::~CheckpointSync() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  if (marker_fd_ >= 0) ::close(marker_fd_);
}

void CheckpointSync::Loop() {
  std::unique_lock lock(mutex_);
  while (error_.ok()) {
    changed_.wait(lock, [&] { return closing_ || committed_ > on_disk_; });
    if (closing_) return;
    const auto next_round = std::chrono::steady_clock::now() + kInterval;
    const int64_t through = committed_;
    lock.unlock();
    const Status synced = Sync(through);
    lock.lock();
    if (synced.ok()) on_disk_ = through;
    error_ = synced;
    changed_.notify_all();
    changed_.wait_until(lock, next_round, [&] { return closing_ || committed_ - on_disk_ > kMostUnsynced / 2; });
  }
}

Status CheckpointSync::Sync(int64_t through) {
  if (whole_file_system_) {
    ARROW_RETURN_NOT_OK(SyncFileSystem(checkpoint_));
  } else {
    // A query goes on from its newest entries; those before them mostly are purged without ever being on disk.
    for (const BatchLog* log : {&offsets_, &commits_}) {
      for (int64_t id = std::max<int64_t>(0, through - 1); id <= through; ++id)
        if (id == through || Exists(log->PathOf(id))) ARROW_RETURN_NOT_OK(SyncFile(log->PathOf(id)));
      ARROW_RETURN_NOT_OK(SyncFolder(log->folder()));
    }
  }
  ARROW_RETURN_NOT_OK(Mark(through));
  // Here rather than by the query: a file system that discards what it frees makes removals slow.
  if (through <= retained_batches_) return Status::OK();
  ARROW_RETURN_NOT_OK(offsets_.PurgeBelow(through - retained_batches_));
  return commits_.PurgeBelow(through - retained_batches_);
}

Status CheckpointSync::Mark(int64_t id) const {
  const std::string text = MarkerText(id);
  if (::pwrite(marker_fd_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()) ||
      ::fdatasync(marker_fd_) != 0)
    return Failed(MarkerPath(checkpoint_));
  return Status::OK();
}

Result<int64_t> CheckpointSync::Committed(int64_t id) {
  std::unique_lock lock(mutex_);
  committed_ = id;
  changed_.notify_all();
  changed_.wait(lock, [&] { return !error_.ok() || committed_ - on_disk_ <= kMostUnsynced; });
  ARROW_RETURN_NOT_OK(error_);
  return on_disk_;
}

Status CheckpointSync::Finish() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  ARROW_RETURN_NOT_OK(error_);
  if (committed_ > on_disk_) ARROW_RETURN_NOT_OK(Sync(committed_));
  on_disk_ = committed_;
  // A batch that was planned and did not come to its end.
  if (const std::string planned = offsets_.PathOf(committed_ + 1); Exists(planned)) {
    ARROW_RETURN_NOT_OK(SyncFile(planned));
    ARROW_RETURN_NOT_OK(SyncFolder(offsets_.folder()));
  }
  std::error_code ignored;
  std::filesystem::remove(MarkerPath(checkpoint_), ignored);
  return SyncFolder(checkpoint_);
}

}  // namespace sluice::stream
