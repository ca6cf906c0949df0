#include "stream/checkpoint_sync.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/file_system.h"
#include "base/log.h"
#include "stream/checkpoint.h"

namespace sluice::stream {

namespace {

constexpr int64_t kMostUnsynced = 1000;  // batches; a query that is faster than its disk waits for it
constexpr int64_t kFewBatches = 16;      // up to here file by file, so that nobody else's writes have to be waited for
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

Status SyncFile(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Failed(path);
  const bool synced = ::fsync(fd) == 0;
  const Status result = synced ? Status::OK() : Failed(path);
  ::close(fd);
  return result;
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
    ARROW_ASSIGN_OR_RAISE(auto latest, offsets->Latest());
    // Further on than this class lets a query get: another engine went on since, which knows nothing of the marker.
    const bool anothers = latest && *latest > next + kMostUnsynced;
    if (latest && !anothers) {
      LogWarn("the machine went down: batches that were not on disk yet run again",
              {{"checkpoint", checkpoint}, {"from", int64_t{next}}, {"newest", *latest}});
      // In this order a crash leaves a batch that is planned, never one that is committed and not planned.
      ARROW_RETURN_NOT_OK(commits->RemoveFrom(next));
      ARROW_RETURN_NOT_OK(offsets->RemoveFrom(next));
    }
  }
  std::filesystem::remove(marker, error);
  return SyncFolder(checkpoint);
}

CheckpointSync::CheckpointSync(std::string checkpoint, int64_t newest, bool whole_file_system)
    : checkpoint_(std::move(checkpoint)), whole_file_system_(whole_file_system), committed_(newest), on_disk_(newest) {}

Result<std::unique_ptr<CheckpointSync>> CheckpointSync::Start(const std::string& checkpoint, int64_t newest,
                                                              bool whole_file_system) {
  std::unique_ptr<CheckpointSync> sync(new CheckpointSync(checkpoint, newest, whole_file_system));
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
    const int64_t from = on_disk_ + 1, through = committed_;
    lock.unlock();
    const Status synced = Sync(from, through);
    lock.lock();
    if (synced.ok()) on_disk_ = through;
    error_ = synced;
    changed_.notify_all();
    changed_.wait_until(lock, next_round, [&] { return closing_ || committed_ - on_disk_ > kMostUnsynced / 2; });
  }
}

Status CheckpointSync::Sync(int64_t from, int64_t through) {
  if (whole_file_system_ || through - from >= kFewBatches) {
    ARROW_RETURN_NOT_OK(SyncFileSystem(checkpoint_));
  } else {
    for (const char* log : {"/offsets", "/commits"}) {
      const std::string folder = checkpoint_ + log;
      for (int64_t id = from; id <= through; ++id)
        ARROW_RETURN_NOT_OK(SyncFile(folder + "/" + std::to_string(id)));
      ARROW_RETURN_NOT_OK(SyncFolder(folder));
    }
  }
  return Mark(through);
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
  if (committed_ > on_disk_) ARROW_RETURN_NOT_OK(Sync(on_disk_ + 1, committed_));
  on_disk_ = committed_;
  std::error_code ignored;
  std::filesystem::remove(MarkerPath(checkpoint_), ignored);
  return SyncFolder(checkpoint_);
}

}  // namespace sluice::stream
