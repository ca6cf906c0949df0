#include "connectors/iceberg/file_io.h"

#include <arrow/filesystem/filesystem.h>
#include <arrow/io/file.h>
#include <arrow/util/key_value_metadata.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <future>
#include <mutex>
#include <set>

#include "connectors/iceberg/s3_put.h"

namespace sluice::iceberg {

namespace {
Status WriteFailed(const std::string& path, int error) {
  return MakeError("TASK_WRITE_FAILED", {{"path", path + " (" + std::strerror(error) + ")"}});
}

std::string FolderOf(const std::string& path) { return std::filesystem::path(path).parent_path().string(); }
}  // namespace

/// Syncs of files, a few at a time on threads of their own, and of the folders that got new names. Settle waits for
/// those that began before it.
class PendingSyncs {
 public:
  /// Takes over `fd`. When enough syncs run already, this one is the caller's.
  void AddFile(int fd, const std::string& path) {
    AddFolder(FolderOf(path));
    auto sync = [this, fd, path] {
      int error = ::fdatasync(fd) == 0 ? 0 : errno;
      ::close(fd);
      --threads_;
      return error == 0 ? Status::OK() : WriteFailed(path, error);
    };
    auto how = ++threads_ > kMaxThreads ? std::launch::deferred : std::launch::async;
    auto result = std::async(how, std::move(sync)).share();
    if (how == std::launch::deferred) result.wait();
    std::lock_guard lock(mutex_);
    running_.push_back({std::move(result), std::chrono::steady_clock::now()});
  }

  /// A name in `folder` is new.
  void AddFolder(const std::string& folder) {
    std::lock_guard lock(mutex_);
    folders_.insert(folder);
  }

  Status Settle() {
    // One at a time: a folder that another commit is about to sync is not yet on disk.
    std::lock_guard settling(settle_mutex_);
    std::vector<Sync> waiting;
    std::set<std::string> folders;
    {
      std::lock_guard lock(mutex_);
      waiting = running_;
      folders.swap(folders_);
    }
    Status first = Status::OK();
    for (const Sync& sync : waiting) {
      if (first.ok())
        first = sync.result.get();
      else
        sync.result.wait();
    }
    for (const std::string& folder : folders) {
      Status synced = first.ok() ? SyncFolder(folder) : first;
      std::error_code ignored;
      if (synced.ok() || !std::filesystem::exists(folder, ignored)) continue;  // dropped since, with all in it
      AddFolder(folder);
      first = synced;
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
  static constexpr int kMaxThreads = 16;
  struct Sync {
    std::shared_future<Status> result;
    std::chrono::steady_clock::time_point begun;
  };
  std::mutex settle_mutex_, mutex_;
  std::atomic<int> threads_{0};
  std::set<std::string> folders_;
  std::vector<Sync> running_;  // last: their threads use the rest
};

FileIo::FileIo(Properties properties)
    : properties_(std::move(properties)), pending_(std::make_shared<PendingSyncs>()) {}
Status FileIo::Settle() const { return pending_->Settle(); }

namespace {
/// Of Arrow's own files: why it failed is in the detail, not in the message.
Status WriteFailed(const std::string& path, const Status& cause) {
  std::string why = cause.message() + (cause.detail() ? ": " + cause.detail()->ToString() : "");
  return MakeError("TASK_WRITE_FAILED", {{"path", path + " (" + why + ")"}});
}

/// The folder and what it needs above it; those that are new are told to `syncs`, which may be null.
Status CreateFolders(const std::string& folder, PendingSyncs* syncs) {
  std::error_code error;
  std::vector<std::string> parents;
  for (std::string at = folder; !at.empty() && !std::filesystem::exists(at, error); at = FolderOf(at)) {
    if (std::string parent = FolderOf(at); parent != at) parents.push_back(parent.empty() ? "." : parent);
  }
  std::filesystem::create_directories(folder, error);
  if (error) return WriteFailed(folder, error.value());
  for (const std::string& parent : parents) {
    if (syncs) syncs->AddFolder(parent);
  }
  return Status::OK();
}

/// `syncs` null: not synced.
Status WriteLocal(const std::string& path, std::string_view bytes, PendingSyncs* syncs) {
  auto open = [&] { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644); };
  int fd = open();
  if (fd < 0 && errno == ENOENT) {
    ARROW_RETURN_NOT_OK(CreateFolders(FolderOf(path), syncs));
    fd = open();
  }
  if (fd < 0) return WriteFailed(path, errno);
  int error = 0;
  while (!bytes.empty() && error == 0) {
    ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n > 0)
      bytes.remove_prefix(static_cast<size_t>(n));
    else if (errno != EINTR)
      error = errno;
  }
  if (error == 0 && syncs) {
    syncs->AddFile(fd, path);
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
    syncs_->AddFile(fd, path_);
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

Result<std::string> FileIo::Identity(const std::string& path) const {
  ARROW_ASSIGN_OR_RAISE(FileLocation at, ResolveLocation(path, properties_));
  if (at.local) {
    struct stat s {};
    if (::stat(at.path.c_str(), &s) == 0) {
      return fmt::format("{}:{}:{}:{}.{}", s.st_dev, s.st_ino, s.st_size, s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
    }
    return errno == ENOENT || errno == ENOTDIR ? Result<std::string>("")
                                               : Status::IOError("Cannot look at ", path, ": ", std::strerror(errno));
  }
  auto file = at.fs->OpenInputFile(at.path);
  if (!file.ok()) {
    ARROW_ASSIGN_OR_RAISE(bool exists, Exists(path));
    return exists ? Result<std::string>(file.status()) : Result<std::string>("");
  }
  ARROW_ASSIGN_OR_RAISE(int64_t size, (*file)->GetSize());
  std::string identity = std::to_string(size);
  ARROW_ASSIGN_OR_RAISE(auto metadata, (*file)->ReadMetadata());
  for (const char* key : {"ETag", "Last-Modified"}) {
    if (metadata && metadata->Contains(key)) identity += ":" + *metadata->Get(key);
  }
  return identity;
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
    if (::unlink(at.path.c_str()) != 0 && errno != ENOENT)
      return Status::IOError("Cannot delete ", path, ": ", std::strerror(errno));
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
    ARROW_RETURN_NOT_OK(CreateFolders(FolderOf(at.path), pending_.get()));
    file = open();
  }
  if (!file.ok()) return WriteFailed(path, file.status());
  return std::shared_ptr<arrow::io::OutputStream>(std::make_shared<SyncedFile>(*file, at.path, pending_));
}

}  // namespace sluice::iceberg
