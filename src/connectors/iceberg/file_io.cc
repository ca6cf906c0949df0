#include "connectors/iceberg/file_io.h"

#include <arrow/filesystem/filesystem.h>
#include <arrow/io/file.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <future>
#include <mutex>

#include "connectors/iceberg/s3_put.h"

namespace sluice::iceberg {

/// Syncs that run on threads of their own. Settle waits for those that began before it.
class PendingSyncs {
 public:
  /// Takes over `fd`.
  void Add(int fd, std::string path) {
    auto sync = std::async(std::launch::async, [fd, path = std::move(path)]() -> Status {
      int error = ::fdatasync(fd) == 0 ? 0 : errno;
      ::close(fd);
      if (error == 0) return Status::OK();
      return MakeError("TASK_WRITE_FAILED", {{"path", path + " (" + std::strerror(error) + ")"}});
    });
    std::lock_guard lock(mutex_);
    running_.push_back({sync.share(), std::chrono::steady_clock::now()});
  }

  Status Settle() {
    std::vector<Sync> waiting;
    {
      std::lock_guard lock(mutex_);
      waiting = running_;
    }
    Status first = Status::OK();
    for (const Sync& sync : waiting) {
      if (first.ok()) first = sync.result.get();
      else sync.result.wait();
    }
    // A failure stays for a while: another commit under way may rest on the same file.
    auto old = std::chrono::steady_clock::now() - std::chrono::seconds(60);
    std::lock_guard lock(mutex_);
    std::erase_if(running_, [&](const Sync& sync) {
      bool done = sync.result.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
      return done && (sync.result.get().ok() || sync.begun < old);
    });
    return first;
  }

 private:
  struct Sync {
    std::shared_future<Status> result;
    std::chrono::steady_clock::time_point begun;
  };
  std::mutex mutex_;
  std::vector<Sync> running_;
};

FileIo::FileIo(Properties properties) : properties_(std::move(properties)), pending_(std::make_shared<PendingSyncs>()) {}
Status FileIo::Settle() const { return pending_->Settle(); }

namespace {
Status WriteFailed(const std::string& path, int error) {
  return MakeError("TASK_WRITE_FAILED", {{"path", path + " (" + std::strerror(error) + ")"}});
}
/// Of Arrow's own files: why it failed is in the detail, not in the message.
Status WriteFailed(const std::string& path, const Status& cause) {
  std::string why = cause.message() + (cause.detail() ? ": " + cause.detail()->ToString() : "");
  return MakeError("TASK_WRITE_FAILED", {{"path", path + " (" + why + ")"}});
}

/// `syncs` null: not synced.
Status WriteLocal(const std::string& path, std::string_view bytes, PendingSyncs* syncs) {
  auto open = [&] { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644); };
  int fd = open();
  if (fd < 0 && errno == ENOENT) {
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
    fd = open();
  }
  if (fd < 0) return WriteFailed(path, errno);
  int error = 0;
  while (!bytes.empty() && error == 0) {
    ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n > 0) bytes.remove_prefix(static_cast<size_t>(n));
    else if (errno != EINTR) error = errno;
  }
  if (error == 0 && syncs) {
    syncs->Add(fd, path);
    return Status::OK();
  }
  ::close(fd);
  if (error == 0) return Status::OK();
  ::unlink(path.c_str());
  return WriteFailed(path, error);
}

/// Hands the file to be synced when it is closed.
class SyncedFile final : public arrow::io::OutputStream {
 public:
  SyncedFile(std::shared_ptr<arrow::io::FileOutputStream> file, std::string path, std::shared_ptr<PendingSyncs> syncs)
      : file_(std::move(file)), path_(std::move(path)), syncs_(std::move(syncs)) {}
  ~SyncedFile() override { (void)file_->Close(); }
  Status Close() override {
    if (file_->closed()) return Status::OK();
    int fd = ::fcntl(file_->file_descriptor(), F_DUPFD_CLOEXEC, 0);
    if (fd < 0) return WriteFailed(path_, errno);
    syncs_->Add(fd, path_);
    return file_->Close();
  }
  bool closed() const override { return file_->closed(); }
  Result<int64_t> Tell() const override { return position_; }
  Status Write(const void* data, int64_t n) override {
    Status status = file_->Write(data, n);
    if (!status.ok()) return WriteFailed(path_, status);
    position_ += n;
    return Status::OK();
  }
  Status Flush() override { return file_->Flush(); }

 private:
  std::shared_ptr<arrow::io::FileOutputStream> file_;
  std::string path_;
  std::shared_ptr<PendingSyncs> syncs_;
  int64_t position_ = 0;
};

bool FaultsInjected() {
  static const bool on = std::getenv("SLUICE_FAULT_WRITE") != nullptr;
  return on;
}
}  // namespace

Result<std::string> FileIo::Read(const std::string& path) const {
  ARROW_ASSIGN_OR_RAISE(FileLocation at, ResolveLocation(path, properties_));
  if (at.local) return ReadWholeFile(at.path);
  ARROW_ASSIGN_OR_RAISE(auto file, at.fs->OpenInputFile(at.path));
  ARROW_ASSIGN_OR_RAISE(int64_t size, file->GetSize());
  ARROW_ASSIGN_OR_RAISE(auto buffer, file->ReadAt(0, size));
  return buffer->ToString();
}

Status FileIo::WriteNew(const std::string& path, std::string_view bytes) const {
  ARROW_ASSIGN_OR_RAISE(FileLocation at, ResolveLocation(path, properties_));
  if (at.local && FaultsInjected()) return WriteFileDurably(at.path, bytes);
  if (at.local) return WriteLocal(at.path, bytes, pending_.get());
  ARROW_ASSIGN_OR_RAISE(auto out, at.fs->OpenOutputStream(at.path));
  ARROW_RETURN_NOT_OK(out->Write(bytes.data(), static_cast<int64_t>(bytes.size())));
  return out->Close();
}

Status FileIo::WriteExclusive(const std::string& path, std::string_view bytes) const {
  ARROW_ASSIGN_OR_RAISE(FileLocation at, ResolveLocation(path, properties_));
  if (at.local) {
    // What the new file names must be durable before it is there itself.
    ARROW_RETURN_NOT_OK(Settle());
    return WriteFileDurably(at.path, bytes, /*exclusive=*/true);
  }
  return PutIfAbsent(at.path, bytes, properties_);
}

Status FileIo::Replace(const std::string& path, std::string_view bytes) const {
  ARROW_ASSIGN_OR_RAISE(FileLocation at, ResolveLocation(path, properties_));
  if (!at.local) return WriteNew(path, bytes);
  std::string temporary = at.path + "." + RandomUuid() + ".tmp";
  ARROW_RETURN_NOT_OK(WriteLocal(temporary, bytes, nullptr));
  if (::rename(temporary.c_str(), at.path.c_str()) == 0) return Status::OK();
  int error = errno;
  ::unlink(temporary.c_str());
  return WriteFailed(path, error);
}

Result<bool> FileIo::Exists(const std::string& path) const {
  ARROW_ASSIGN_OR_RAISE(FileLocation at, ResolveLocation(path, properties_));
  if (at.local) return ::access(at.path.c_str(), F_OK) == 0;
  ARROW_ASSIGN_OR_RAISE(auto info, at.fs->GetFileInfo(at.path));
  return info.type() != arrow::fs::FileType::NotFound;
}

Status FileIo::Delete(const std::string& path) const {
  ARROW_ASSIGN_OR_RAISE(FileLocation at, ResolveLocation(path, properties_));
  if (at.local) {
    if (::unlink(at.path.c_str()) != 0 && errno != ENOENT) return Status::IOError("Cannot delete ", path, ": ", std::strerror(errno));
    return Status::OK();
  }
  Status status = at.fs->DeleteFile(at.path);
  if (status.ok()) return status;
  ARROW_ASSIGN_OR_RAISE(bool exists, Exists(path));
  return exists ? status : Status::OK();
}

Status FileIo::DeleteFolder(const std::string& path) const {
  ARROW_ASSIGN_OR_RAISE(FileLocation at, ResolveLocation(path, properties_));
  ARROW_ASSIGN_OR_RAISE(auto info, at.fs->GetFileInfo(at.path));
  return info.type() == arrow::fs::FileType::Directory ? at.fs->DeleteDir(at.path) : Status::OK();
}

Status FileIo::CreateFolder(const std::string& path) const {
  ARROW_ASSIGN_OR_RAISE(FileLocation at, ResolveLocation(path, properties_));
  return at.fs->CreateDir(at.path, /*recursive=*/true);
}

Result<std::vector<FileIo::Entry>> FileIo::List(const std::string& path) const {
  ARROW_ASSIGN_OR_RAISE(FileLocation at, ResolveLocation(path, properties_));
  arrow::fs::FileSelector selector;
  selector.base_dir = at.path;
  selector.allow_not_found = true;
  ARROW_ASSIGN_OR_RAISE(auto infos, at.fs->GetFileInfo(selector));
  std::vector<Entry> out;
  for (const auto& info : infos) out.push_back({info.base_name(), info.type() == arrow::fs::FileType::Directory});
  std::sort(out.begin(), out.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return out;
}

Result<std::shared_ptr<arrow::io::RandomAccessFile>> FileIo::OpenInput(const std::string& path) const {
  ARROW_ASSIGN_OR_RAISE(FileLocation at, ResolveLocation(path, properties_));
  auto file = at.fs->OpenInputFile(at.path);
  if (file.ok()) return *file;
  return MakeError("FAILED_READ_FILE.FILE_NOT_EXIST", {{"path", path}});
}

Result<std::shared_ptr<arrow::io::OutputStream>> FileIo::OpenOutput(const std::string& path) const {
  ARROW_ASSIGN_OR_RAISE(FileLocation at, ResolveLocation(path, properties_));
  if (!at.local) return at.fs->OpenOutputStream(at.path);
  auto open = [&] { return arrow::io::FileOutputStream::Open(at.path); };
  auto file = open();
  if (!file.ok()) {
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(at.path).parent_path(), error);
    if (error) return WriteFailed(path, error.value());
    file = open();
  }
  if (!file.ok()) return WriteFailed(path, file.status());
  return std::shared_ptr<arrow::io::OutputStream>(std::make_shared<SyncedFile>(*file, path, pending_));
}

}  // namespace sluice::iceberg
