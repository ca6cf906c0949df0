#include "state/state_memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace sluice::state {
namespace {

constexpr size_t kSmallestSegment = 64 * 1024, kLargestSegment = 1024 * 1024;
constexpr int64_t kSegmentsInBudget = 64;

size_t SegmentBytes(int64_t budget) {
  const auto share = static_cast<size_t>(std::max<int64_t>(1, budget / kSegmentsInBudget));
  return std::clamp(std::bit_floor(share), kSmallestSegment, kLargestSegment);
}

Status Failed(const char* what, const std::string& folder) {
  return Status::IOError("Cannot ", what, " the file of spilled state in ", folder, ": ", std::strerror(errno));
}

}  // namespace

StateMemory::StateMemory(int64_t budget, std::string folder)
    : budget_(budget), folder_(std::move(folder)), segment_bytes_(SegmentBytes(budget)) {}

std::shared_ptr<StateMemory> StateMemory::Unlimited() { return std::make_shared<StateMemory>(INT64_MAX, ""); }

int64_t StateMemory::DefaultBudget() {
  int64_t memory = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  for (const char* limit : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    int64_t bytes = 0;
    if (std::ifstream(limit) >> bytes && bytes > 0) memory = std::min(memory, bytes);
  }
  return memory / 2;
}

StateMemory::~StateMemory() {
  if (fd_ >= 0) ::close(fd_);
}

Status StateMemory::OpenFile() {
  if (fd_ >= 0) return Status::OK();
  fd_ = ::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd_ >= 0) return Status::OK();
  // Not every file system has files without names.
  std::string path = folder_ + "/sluice-state-XXXXXX";
  fd_ = ::mkostemp(path.data(), O_CLOEXEC);
  if (fd_ < 0) return Failed("create", folder_);
  ::unlink(path.c_str());
  return Status::OK();
}

Result<int64_t> StateMemory::Write(std::span<const uint8_t> bytes, size_t room) {
  int64_t at;
  {
    std::lock_guard lock(mutex_);
    ARROW_RETURN_NOT_OK(OpenFile());
    auto& places = free_[room];
    if (places.empty()) {
      at = end_;
      end_ += static_cast<int64_t>(room);
    } else {
      at = places.back();
      places.pop_back();
    }
  }
  in_file_ += static_cast<int64_t>(room);
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t n = ::pwrite(fd_, bytes.data() + done, bytes.size() - done, at + static_cast<int64_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      const Status failed = Failed("write", folder_);
      Release(at, room);
      return failed;
    }
    done += static_cast<size_t>(n);
  }
  return at;
}

void StateMemory::Release(int64_t at, size_t room) {
  // Where holes are not possible the place is merely kept for later.
  (void)::fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, static_cast<off_t>(room));
  in_file_ -= static_cast<int64_t>(room);
  std::lock_guard lock(mutex_);
  free_[room].push_back(at);
}

}  // namespace sluice::state
