#include "connectors/file/write.h"

#include <filesystem>
#include <set>

namespace sluice::connectors::file {

namespace {

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

class FileBatchWrite final : public BatchWrite {
 public:
  /// `plan` writes below `staging`, or to the target itself when that is empty.
  FileBatchWrite(std::shared_ptr<const WritePlan> plan, Root target, std::string staging, WriteMode mode,
                 std::vector<std::string> old_files)
      : plan_(std::move(plan)), target_(std::move(target)), staging_(std::move(staging)), mode_(mode),
        old_files_(std::move(old_files)) {}

  Result<std::unique_ptr<TaskWriter>> NewTask(int) override { return NewTaskWriter(plan_); }

  Status Commit(const std::vector<std::string>& messages) override {
    ARROW_ASSIGN_OR_RAISE(auto files, FromMessages(messages));
    if (files.empty()) {
      ARROW_ASSIGN_OR_RAISE(std::string empty, WriteEmptyFile(plan_));
      ARROW_ASSIGN_OR_RAISE(files, FromMessages({empty}));
    }
    ARROW_RETURN_NOT_OK(DeleteOld(files));
    if (target_.local) ARROW_RETURN_NOT_OK(target_.fs->CreateDir(target_.path, /*recursive=*/true));
    if (!staging_.empty()) {
      std::set<std::string> folders;
      for (const auto& file : files) {
        const std::string folder = FolderOf(file.path);
        if (!folder.empty() && folders.insert(folder).second)
          ARROW_RETURN_NOT_OK(target_.fs->CreateDir(target_.path + "/" + folder, /*recursive=*/true));
        ARROW_RETURN_NOT_OK(target_.fs->Move(staging_ + "/" + file.path, target_.path + "/" + file.path));
      }
      RemoveStaging();
    }
    ARROW_ASSIGN_OR_RAISE(auto success, target_.fs->OpenOutputStream(target_.path + "/_SUCCESS"));
    return success->Close();
  }

  void Abort(const std::vector<std::string>& messages) override {
    if (!staging_.empty()) {
      RemoveStaging();
      return;
    }
    auto files = FromMessages(messages);
    if (!files.ok()) return;
    for (const auto& file : *files) std::ignore = target_.fs->DeleteFile(target_.path + "/" + file.path);
  }

 private:
  Status DeleteOld(const std::vector<WrittenFile>& files) {
    if (mode_ != WriteMode::kOverwrite && mode_ != WriteMode::kOverwriteDynamic) return Status::OK();
    std::set<std::string> touched;
    for (const auto& file : files) touched.insert(FolderOf(file.path));
    for (const auto& path : old_files_) {
      if (mode_ == WriteMode::kOverwriteDynamic && !touched.contains(FolderOf(path.substr(target_.path.size() + 1))))
        continue;
      ARROW_RETURN_NOT_OK(target_.fs->DeleteFile(path));
    }
    if (!target_.local || mode_ == WriteMode::kOverwriteDynamic) return Status::OK();
    // Folders of partitions that are empty now.
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(target_.path, ignored)) {
      if (entry.is_directory(ignored) && entry.path().filename() != "_temporary")
        std::filesystem::remove_all(entry.path(), ignored);
    }
    return Status::OK();
  }
  void RemoveStaging() {
    std::ignore = target_.fs->DeleteDir(staging_);
    std::error_code ignored;
    std::filesystem::remove(target_.path + "/_temporary", ignored);  // unless another write is there
  }

  std::shared_ptr<const WritePlan> plan_;
  Root target_;
  std::string staging_;
  WriteMode mode_;
  std::vector<std::string> old_files_;
};

}  // namespace

Result<std::unique_ptr<BatchWrite>> NewBatchWrite(std::shared_ptr<WritePlan> plan, WriteMode mode) {
  Root target = plan->root;
  ARROW_ASSIGN_OR_RAISE(auto info, target.fs->GetFileInfo(target.path));
  const bool exists = info.type() != arrow::fs::FileType::NotFound;
  if (exists && mode == WriteMode::kIgnore) return nullptr;
  if (exists && mode == WriteMode::kErrorIfExists)
    return MakeError("PATH_ALREADY_EXISTS", {{"outputPath", target.Uri(target.path)}});
  if (info.type() == arrow::fs::FileType::File) {
    if (mode != WriteMode::kOverwrite)
      return MakeError("TASK_WRITE_FAILED", {{"path", target.Uri(target.path) + " (it is a file)"}});
    ARROW_RETURN_NOT_OK(target.fs->DeleteFile(target.path));
  }
  std::vector<std::string> old_files;
  if (exists && (mode == WriteMode::kOverwrite || mode == WriteMode::kOverwriteDynamic)) {
    arrow::fs::FileSelector selector;
    selector.base_dir = target.path;
    selector.recursive = true;
    selector.allow_not_found = true;
    ARROW_ASSIGN_OR_RAISE(auto found, target.fs->GetFileInfo(selector));
    for (const auto& file : found) {
      const bool temporary = file.path().starts_with(target.path + "/_temporary/");
      if (file.type() == arrow::fs::FileType::File && !temporary) old_files.push_back(file.path());
    }
  }
  plan->job_id = RandomUuid();
  std::string staging;
  if (target.local) {
    staging = target.path + "/_temporary/" + plan->job_id;
    plan->root.path = staging;
  }
  return std::make_unique<FileBatchWrite>(std::move(plan), std::move(target), std::move(staging), mode,
                                          std::move(old_files));
}

}  // namespace sluice::connectors::file
