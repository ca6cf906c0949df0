// Writes that survive a crash, and the faults that tests inject into them.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>

#include "base/durable_file.h"
#include "base/file_system.h"

namespace sluice {
namespace {

/// SLUICE_FAULT_WRITE=N[:where]: the Nth durable write of the process kills it
///   short (default)  half of the bytes are in the temporary file
///   before-rename    the temporary file is complete and synced
///   rename           the target is there, its folder not yet synced
struct Fault {
  int64_t at = 0;
  std::string where;
};

const Fault& InjectedFault() {
  static const Fault fault = [] {
    Fault parsed;
    if (const char* env = std::getenv("SLUICE_FAULT_WRITE")) {
      char* end = nullptr;
      parsed.at = std::strtoll(env, &end, 10);
      parsed.where = *end == ':' ? end + 1 : "short";
    }
    return parsed;
  }();
  return fault;
}

[[noreturn]] void Die() { _exit(137); }

Status WriteFailed(const std::string& path, int error) {
  return MakeError("TASK_WRITE_FAILED", {{"path", path + " (" + std::strerror(error) + ")"}});
}

struct FileDescriptor {
  int fd;
  ~FileDescriptor() {
    if (fd >= 0) ::close(fd);
  }
};

/// 0 or errno.
int WriteAll(int fd, const char* data, size_t size) {
  while (size > 0) {
    ssize_t n = ::write(fd, data, size);
    if (n < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    data += n;
    size -= static_cast<size_t>(n);
  }
  return 0;
}

std::string FolderOf(const std::string& path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// Hidden, as Spark's temporary files of checkpoints are, so that no listing takes it for a batch.
std::string TemporaryName(const std::string& path) {
  static std::atomic<uint64_t> counter{std::random_device{}()};
  std::string folder = FolderOf(path);
  return folder + "/." + path.substr(path.rfind('/') + 1) + "." + std::to_string(::getpid()) + "-" +
         std::to_string(counter++) + ".tmp";
}

}  // namespace

Status SyncFileSystem(const std::string& path) {
  FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0 || ::syncfs(file.fd) != 0) return WriteFailed(path, errno);
  return Status::OK();
}

Status SyncFolder(const std::string& path) {
  FileDescriptor folder{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (folder.fd < 0) return WriteFailed(path, errno);
  // Some file systems refuse to sync folders; they have nothing to lose then.
  if (::fsync(folder.fd) != 0 && errno != EINVAL && errno != ENOTSUP) return WriteFailed(path, errno);
  return Status::OK();
}

Status WriteFileDurably(const std::string& path, std::string_view bytes, bool exclusive) {
  DurableFile file(path, exclusive ? DurableFile::Target::kNew : DurableFile::Target::kReplaced,
                   DurableFile::Sync::kNow);
  ARROW_RETURN_NOT_OK(file.Append(bytes));
  return file.Finish();
}

Status WriteFileForSync(const std::string& path, std::string_view bytes) {
  DurableFile file(path, DurableFile::Target::kUncommitted, DurableFile::Sync::kLater);
  ARROW_RETURN_NOT_OK(file.Append(bytes));
  return file.Finish();
}

DurableFile::~DurableFile() { Abandon(); }

void DurableFile::Abandon() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(written_.c_str());
  fd_ = -1;
}

Status DurableFile::Open() {
  if (fd_ >= 0) return Status::OK();
  written_ = target_ == Target::kUncommitted ? path_ : TemporaryName(path_);
  const auto create = [&] {
    constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    fd_ = ::open(written_.c_str(), kFlags, 0644);
  };
  create();
  if (fd_ < 0 && errno == ENOENT) {
    std::error_code error;
    std::filesystem::create_directories(FolderOf(path_), error);
    if (error) return WriteFailed(FolderOf(path_), error.value());
    ARROW_RETURN_NOT_OK(SyncFolder(FolderOf(FolderOf(path_))));
    create();
  }
  if (fd_ < 0 && errno == EEXIST) {  // not written over: it may have another name, too
    ::unlink(written_.c_str());
    create();
  }
  return fd_ < 0 ? WriteFailed(path_, errno) : Status::OK();
}

Status DurableFile::Append(std::string_view bytes) {
  ARROW_RETURN_NOT_OK(Open());
  size_ += bytes.size();
  const int error = WriteAll(fd_, bytes.data(), bytes.size());
  return error == 0 ? Status::OK() : WriteFailed(path_, error);
}

Status DurableFile::Finish() {
  static std::atomic<int64_t> writes{0};
  const Fault& fault = InjectedFault();
  const bool faulty = fault.at > 0 && ++writes == fault.at;
  ARROW_RETURN_NOT_OK(Open());
  if (faulty && fault.where == "short") {
    (void)!::ftruncate(fd_, static_cast<off_t>(size_ / 2));
    Die();
  }
  if (sync_ == Sync::kNow && ::fsync(fd_) != 0) return WriteFailed(path_, errno);
  if (faulty && fault.where == "before-rename") Die();
  if (target_ == Target::kNew) {
    if (::link(written_.c_str(), path_.c_str()) != 0) {
      if (errno != EEXIST) return WriteFailed(path_, errno);
      return Status::AlreadyExists(path_, " exists already");
    }
    ::unlink(written_.c_str());
  } else if (target_ == Target::kReplaced && ::rename(written_.c_str(), path_.c_str()) != 0) {
    return WriteFailed(path_, errno);
  }
  if (faulty) Die();
  ::close(fd_);
  fd_ = -1;
  return sync_ == Sync::kNow ? SyncFolder(FolderOf(path_)) : Status::OK();
}

Result<std::string> ReadWholeFile(const std::string& path) {
  FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0) {
    if (errno == ENOENT) return MakeError("PATH_NOT_FOUND", {{"path", path}});
    return Status::IOError("Cannot read ", path, ": ", std::strerror(errno));
  }
  std::string out;
  constexpr size_t kChunk = 64 * 1024;
  for (;;) {
    size_t size = out.size();
    out.resize(size + kChunk);
    ssize_t n = ::read(file.fd, out.data() + size, kChunk);
    out.resize(size + static_cast<size_t>(std::max<ssize_t>(n, 0)));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Status::IOError("Cannot read ", path, ": ", std::strerror(errno));
    if (n == 0) return out;
  }
}

}  // namespace sluice
