#include "connectors/file/sink.h"

#include <nlohmann/json.hpp>
#include <set>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/time_string.h"

namespace sluice::connectors::file {

namespace {

const ConfigEntry kCompactInterval("spark.sql.streaming.fileSink.log.compactInterval", "10",
                                   "Batches after which a file sink's log is compacted.");
const ConfigEntry kDeletion("spark.sql.streaming.fileSink.log.deletion", "true",
                            "Are a file sink's expired log files deleted?");
const ConfigEntry kCleanupDelay("spark.sql.streaming.fileSink.log.cleanupDelay", "10m",
                                "How long a file sink's expired log files stay.");
constexpr char kMetadataFolder[] = "_spark_metadata";
constexpr int64_t kBlockSize = 33'554'432;

Root LogFolder(Root folder) {
  folder.path += std::string("/") + kMetadataFolder;
  return folder;
}

std::string EntryOf(const Root& folder, const WrittenFile& file) {
  nlohmann::ordered_json entry;
  entry["path"] = folder.EncodedUri(folder.path + "/" + file.path);
  entry["size"] = file.size;
  entry["isDir"] = false;
  entry["modificationTime"] = file.modified_ms;
  entry["blockReplication"] = 1;
  entry["blockSize"] = kBlockSize;
  entry["action"] = "add";
  return entry.dump();
}

class SinkWrite final : public BatchWrite {
 public:
  SinkWrite(std::shared_ptr<const WritePlan> plan, FileLog* log, int64_t batch)
      : plan_(std::move(plan)), log_(log), batch_(batch) {}
  Result<std::unique_ptr<TaskWriter>> NewTask(int) override { return NewTaskWriter(plan_); }
  Status Commit(const std::vector<std::string>& messages) override {
    ARROW_ASSIGN_OR_RAISE(auto files, FromMessages(messages));
    if (files.empty()) {
      ARROW_ASSIGN_OR_RAISE(std::string empty, WriteEmptyFile(plan_));
      ARROW_ASSIGN_OR_RAISE(files, FromMessages({empty}));
    }
    if (plan_->root.local) ARROW_RETURN_NOT_OK(SyncFolders(files));
    std::vector<std::string> entries;
    for (const auto& file : files) entries.push_back(EntryOf(plan_->root, file));
    const Status added = log_->Add(batch_, entries);
    if (!added.IsAlreadyExists()) return added;
    // Another run has committed the batch; its files count, these do not.
    Abort(messages);
    return Status::OK();
  }
  void Abort(const std::vector<std::string>& messages) override {
    auto files = FromMessages(messages);
    if (!files.ok()) return;
    for (const auto& file : *files) std::ignore = plan_->root.fs->DeleteFile(plan_->root.path + "/" + file.path);
  }

 private:
  /// The names of new files and folders reach the disk before the log that lists them.
  Status SyncFolders(const std::vector<WrittenFile>& files) const {
    std::set<std::string> folders{plan_->root.path};
    for (const auto& file : files)
      for (size_t at = file.path.rfind('/'); at != std::string::npos && at > 0; at = file.path.rfind('/', at - 1))
        if (!folders.insert(plan_->root.path + "/" + file.path.substr(0, at)).second) break;
    for (const auto& folder : folders) ARROW_RETURN_NOT_OK(SyncFolder(folder));
    return Status::OK();
  }

  std::shared_ptr<const WritePlan> plan_;
  FileLog* log_;
  int64_t batch_;
};

class FileSink final : public StreamSink {
 public:
  FileSink(std::shared_ptr<const WritePlan> plan, FileLog log) : plan_(std::move(plan)), log_(std::move(log)) {}
  std::string description() const override { return "FileSink[" + plan_->root.Uri(plan_->root.path) + "]"; }
  Result<bool> AlreadyCommitted(int64_t batch_id) override {
    ARROW_ASSIGN_OR_RAISE(int64_t latest, log_.Latest());
    return batch_id <= latest;
  }
  Result<std::unique_ptr<BatchWrite>> NewBatch(int64_t batch_id) override {
    plan_->next_part->store(0);
    return std::make_unique<SinkWrite>(plan_, &log_, batch_id);
  }

 private:
  std::shared_ptr<const WritePlan> plan_;
  FileLog log_;
};

}  // namespace

Result<std::unique_ptr<StreamSink>> NewFileSink(std::shared_ptr<WritePlan> plan, const OptionMap& options,
                                                const Config& config) {
  FileLog::Options log;
  ARROW_ASSIGN_OR_RAISE(log.compact_interval, config.GetInt(kCompactInterval));
  ARROW_ASSIGN_OR_RAISE(log.delete_expired, config.GetBool(kDeletion));
  ARROW_ASSIGN_OR_RAISE(log.cleanup_delay_ms, config.GetDurationMs(kCleanupDelay));
  if (auto retention = GetOption(options, "retention")) {
    ARROW_ASSIGN_OR_RAISE(int64_t kept_us, ParseTimeString(*retention, 1000));
    log.expired = [kept_ms = kept_us / 1000](const std::string& entry) {
      const auto json = nlohmann::json::parse(entry, nullptr, false);
      return json.is_object() && NowMs() - json.value("modificationTime", int64_t{0}) > kept_ms;
    };
  }
  ARROW_ASSIGN_OR_RAISE(FileLog opened, FileLog::Open(LogFolder(plan->root), std::move(log)));
  plan->job_id.clear();
  plan->sync = true;
  return std::make_unique<FileSink>(std::move(plan), std::move(opened));
}

Result<std::optional<std::vector<FileInfo>>> ListSinkFiles(const Root& folder) {
  Root metadata = LogFolder(folder);
  ARROW_ASSIGN_OR_RAISE(auto info, metadata.fs->GetFileInfo(metadata.path));
  if (info.type() != arrow::fs::FileType::Directory) return std::optional<std::vector<FileInfo>>();
  ARROW_ASSIGN_OR_RAISE(FileLog log, FileLog::Open(metadata, {}));
  ARROW_ASSIGN_OR_RAISE(auto entries, log.All());
  std::vector<FileInfo> files;
  for (const auto& entry : entries) {
    const auto json = nlohmann::json::parse(entry, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object() || !json.contains("path"))
      return MakeError("MALFORMED_LOG_FILE", {{"text", metadata.Uri(metadata.path)}});
    if (json.value("isDir", false)) continue;
    ARROW_ASSIGN_OR_RAISE(std::string path, PathOfEncodedUri(json["path"].get<std::string>()));
    if (json.value("action", "add") == "delete") {
      std::erase_if(files, [&](const auto& file) { return file.path == path; });
      continue;
    }
    files.push_back({std::move(path), json.value("size", int64_t{0}), json.value("modificationTime", int64_t{0})});
  }
  return std::optional(std::move(files));
}

}  // namespace sluice::connectors::file
