#include "connectors/file/source.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "connectors/file/sink.h"
#include "connectors/file/source_cleaner.h"

namespace sluice::connectors::file {

namespace {

constexpr std::chrono::milliseconds kPoll{100};

struct Entry {
  std::string uri;
  int64_t modified_ms = 0, batch = 0;
};
std::string ToLine(const Entry& entry) {
  nlohmann::ordered_json json;
  json["path"] = entry.uri;
  json["timestamp"] = entry.modified_ms;
  json["batchId"] = entry.batch;
  return json.dump();
}
Result<Entry> ParseLine(const std::string& line) {
  const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("path") || !json["path"].is_string())
    return MakeError("MALFORMED_LOG_FILE", {{"text", "an entry of a source's log: " + line.substr(0, 200)}});
  return Entry{json["path"].get<std::string>(), json.value("timestamp", int64_t{0}), json.value("batchId", int64_t{0})};
}

Offset ToOffset(int64_t log_offset) { return {fmt::format(R"({{"logOffset":{}}})", log_offset)}; }
Result<int64_t> ParseOffset(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_number_integer()) return json.get<int64_t>();
  if (json.is_object() && json.contains("logOffset") && json["logOffset"].is_number_integer())
    return json["logOffset"].get<int64_t>();
  return MakeError("MALFORMED_LOG_FILE", {{"text", "an offset of a source of files: " + text.substr(0, 100)}});
}

/// The files that were taken, as far back as their age counts.
class SeenFiles {
 public:
  SeenFiles(int64_t max_age_ms, bool name_only) : max_age_ms_(max_age_ms), name_only_(name_only) {}
  void Add(const std::string& uri, int64_t modified_ms) {
    seen_[Key(uri)] = modified_ms;
    latest_ms_ = std::max(latest_ms_, modified_ms);
  }
  bool IsNew(const std::string& uri, int64_t modified_ms) const {
    return modified_ms >= purged_before_ms_ && !seen_.contains(Key(uri));
  }
  void Purge() {
    purged_before_ms_ = latest_ms_ - max_age_ms_;
    absl::erase_if(seen_, [&](const auto& entry) { return entry.second < purged_before_ms_; });
  }

 private:
  std::string Key(const std::string& uri) const { return name_only_ ? uri.substr(uri.rfind('/') + 1) : uri; }
  int64_t max_age_ms_;
  bool name_only_;
  absl::flat_hash_map<std::string, int64_t> seen_;
  int64_t latest_ms_ = 0, purged_before_ms_ = 0;
};

class FileSource final : public StreamSource {
 public:
  FileSource(SourceSetup setup, FileLog log)
      : setup_(std::move(setup)), log_(std::move(log)),
        seen_(setup_.options.max_age_ms, setup_.options.file_name_only) {}

  Status Init() {
    ARROW_ASSIGN_OR_RAISE(current_, log_.Latest());
    ARROW_ASSIGN_OR_RAISE(auto lines, log_.All());
    for (const auto& line : lines) {
      ARROW_ASSIGN_OR_RAISE(Entry entry, ParseLine(line));
      seen_.Add(entry.uri, entry.modified_ms);
    }
    seen_.Purge();
    ARROW_ASSIGN_OR_RAISE(cleaner_, SourceCleaner::Make(setup_.options, setup_.shape->root, setup_.settings));
    if (setup_.options.file_name_only)
      LogWarn("fileNameOnly: files of one name in several folders are taken for one and the same",
              {{"source", description()}});
    return Status::OK();
  }

  std::string description() const override {
    return "FileStreamSource[" + setup_.shape->root.Uri(setup_.shape->root.path) + "]";
  }
  Result<Offset> InitialOffset() override { return ToOffset(-1); }
  Result<Offset> LatestOffset(const Offset&, ReadLimit limit) override {
    ARROW_ASSIGN_OR_RAISE(auto files, NewFiles());
    const std::vector<FileInfo> taken = Take(std::move(files), limit);
    if (!taken.empty()) {
      std::vector<std::string> lines;
      for (const auto& file : taken) {
        Entry entry{Uri(file), file.modified_ms, current_ + 1};
        seen_.Add(entry.uri, entry.modified_ms);
        lines.push_back(ToLine(entry));
      }
      seen_.Purge();
      const Status added = log_.Add(current_ + 1, lines);
      if (added.IsAlreadyExists())
        return MakeError("_LEGACY_ERROR_TEMP_3102",
                         {{"msg", fmt::format("Concurrent update to the log. Multiple streaming jobs detected for {}",
                                              current_ + 1)}});
      ARROW_RETURN_NOT_OK(added);
      ++current_;
    }
    return current_ < 0 ? Offset{} : ToOffset(current_);
  }
  Status PrepareForAvailableNow() override {
    ARROW_ASSIGN_OR_RAISE(fixed_, List());
    return Status::OK();
  }

  Result<std::vector<SplitPtr>> Plan(const Offset& start_offset, const Offset& end_offset,
                                     const ScanRequest& request) override {
    ARROW_ASSIGN_OR_RAISE(int64_t start, ParseOffset(start_offset.json));
    ARROW_ASSIGN_OR_RAISE(int64_t end, ParseOffset(end_offset.json));
    Listing listing;
    listing.root = setup_.shape->root;
    listing.roots = {listing.root.path};
    listing.root_is_file = {false};
    const bool glob = IsGlob(listing.root.path);
    ARROW_ASSIGN_OR_RAISE(auto entries, EntriesOf(start + 1, end));
    if (glob) listing.roots.clear(), listing.root_is_file.clear();
    for (const Entry& entry : entries) {
      ARROW_ASSIGN_OR_RAISE(std::string path, PathOfEncodedUri(entry.uri));
      ARROW_ASSIGN_OR_RAISE(auto info, listing.root.fs->GetFileInfo(path));
      const bool gone = info.type() == arrow::fs::FileType::NotFound;
      if (gone && setup_.shape->ignore_missing) continue;
      if (gone) return MakeError("FAILED_READ_FILE.FILE_NOT_EXIST", {{"path", entry.uri}});
      // Without a base path each file is one of its own, as when Spark reads the batch's paths.
      if (glob) listing.roots.push_back(path), listing.root_is_file.push_back(true);
      listing.files.push_back({std::move(path), info.size(), entry.modified_ms});
    }
    PartitionedFiles files;
    if (setup_.shape->partitions.fields().empty()) {
      files.files = std::move(listing.files);
    } else {
      ARROW_ASSIGN_OR_RAISE(files, DiscoverPartitions(listing, setup_.listing.recursive, setup_.partitions));
    }
    return PlanSplits(setup_.shape, files, request);
  }
  Result<std::unique_ptr<BatchReader>> Open(const SplitPtr& split, const ScanRequest& request) override {
    return OpenSplit(setup_.shape, split, request);
  }

  Status Commit(const Offset& end_offset) override {
    if (cleaner_ == nullptr) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(int64_t end, ParseOffset(end_offset.json));
    ARROW_ASSIGN_OR_RAISE(auto entries, EntriesOf(end, end));
    for (const Entry& entry : entries) {
      ARROW_ASSIGN_OR_RAISE(std::string path, PathOfEncodedUri(entry.uri));
      cleaner_->Clean(path);
    }
    return Status::OK();
  }
  void WaitForData(const Offset&, std::chrono::milliseconds timeout) override {
    std::unique_lock lock(mutex_);
    woken_.wait_for(lock, std::min(timeout, kPoll), [&] { return wake_; });
    wake_ = false;
  }
  void Wake() override {
    std::lock_guard lock(mutex_);
    wake_ = true;
    woken_.notify_all();
  }
  Result<Offset> Deserialize(const std::string& json) override {
    ARROW_ASSIGN_OR_RAISE(int64_t offset, ParseOffset(json));
    return ToOffset(offset);
  }

 private:
  std::string Uri(const FileInfo& file) const { return setup_.shape->root.EncodedUri(file.path); }

  /// All files there are, oldest first (or newest, with latestFirst).
  Result<std::vector<FileInfo>> List() {
    Root root = setup_.shape->root;
    bool from_log = false;
    auto found = FindFiles({root.local ? root.path : root.Uri(root.path)}, setup_.listing, setup_.partitions,
                           setup_.settings, &root, &from_log);
    if (!found.ok() && ConditionOf(found.status()) == "PATH_NOT_FOUND") return std::vector<FileInfo>();
    ARROW_RETURN_NOT_OK(found.status());
    if (from_log && cleaner_ != nullptr) return MakeError("_LEGACY_ERROR_TEMP_2261");
    std::stable_sort(found->files.begin(), found->files.end(), [&](const auto& a, const auto& b) {
      return setup_.options.latest_first ? a.modified_ms > b.modified_ms : a.modified_ms < b.modified_ms;
    });
    return std::move(found->files);
  }
  Result<std::vector<FileInfo>> NewFiles() {
    if (!unread_.empty()) return std::exchange(unread_, {});
    std::vector<FileInfo> all;
    if (fixed_) {
      all = *fixed_;
    } else {
      ARROW_ASSIGN_OR_RAISE(all, List());
    }
    std::erase_if(all, [&](const auto& file) { return !seen_.IsNew(Uri(file), file.modified_ms); });
    return all;
  }
  /// What one batch may have of `files`; the rest is kept for the next when it is worth it.
  std::vector<FileInfo> Take(std::vector<FileInfo> files, ReadLimit limit) {
    size_t count = files.size();
    bool keep_rest = false;
    if (limit == ReadLimit::kDefault && setup_.options.max_files) {
      count = std::min(count, static_cast<size_t>(*setup_.options.max_files));
      keep_rest = static_cast<double>(files.size() - count) >=
                  static_cast<double>(*setup_.options.max_files) * setup_.options.discard_ratio;
    } else if (limit == ReadLimit::kDefault && setup_.options.max_bytes) {
      int64_t bytes = 0, rest = 0;
      count = 0;
      while (count < files.size() && (count == 0 || files[count].size <= *setup_.options.max_bytes - bytes))
        bytes += files[count++].size;
      for (size_t i = count; i < files.size(); ++i) rest += files[i].size;
      keep_rest =
          static_cast<double>(rest) >= static_cast<double>(*setup_.options.max_bytes) * setup_.options.discard_ratio;
    }
    if (keep_rest && !setup_.options.latest_first && !fixed_ && count < files.size()) {
      const size_t kept = std::min(files.size() - count, static_cast<size_t>(setup_.options.max_cached));
      unread_.assign(files.begin() + static_cast<std::ptrdiff_t>(count),
                     files.begin() + static_cast<std::ptrdiff_t>(count + kept));
    }
    files.resize(count);
    return files;
  }
  /// What batches [first, last] of the log took.
  Result<std::vector<Entry>> EntriesOf(int64_t first, int64_t last) const {
    std::vector<Entry> out;
    for (int64_t batch = first; batch <= last; ++batch) {
      ARROW_ASSIGN_OR_RAISE(auto lines, log_.Read(batch));
      if (!lines) {  // compacted since, and deleted
        ARROW_ASSIGN_OR_RAISE(lines, log_.All());
      }
      for (const auto& line : *lines) {
        ARROW_ASSIGN_OR_RAISE(Entry entry, ParseLine(line));
        if (entry.batch == batch) out.push_back(std::move(entry));
      }
    }
    return out;
  }

  const SourceSetup setup_;
  FileLog log_;
  SeenFiles seen_;
  std::unique_ptr<SourceCleaner> cleaner_;
  int64_t current_ = -1;  // newest batch in the log
  std::vector<FileInfo> unread_;
  std::optional<std::vector<FileInfo>> fixed_;  // availableNow
  std::mutex mutex_;
  std::condition_variable woken_;
  bool wake_ = false;
};

}  // namespace

Result<std::unique_ptr<StreamSource>> NewFileSource(SourceSetup setup) {
  ARROW_ASSIGN_OR_RAISE(FileLog log, FileLog::Open(setup.checkpoint, setup.log));
  auto source = std::make_unique<FileSource>(std::move(setup), std::move(log));
  ARROW_RETURN_NOT_OK(source->Init());
  return source;
}

Result<PartitionedFiles> FindFiles(const std::vector<std::string>& paths, const ListingOptions& options,
                                   const PartitionOptions& partitions,
                                   const std::map<std::string, std::string>& settings, Root* root, bool* from_log) {
  *from_log = false;
  if (paths.size() == 1 && !(options.glob_paths && IsGlob(paths[0]))) {
    ARROW_ASSIGN_OR_RAISE(*root, ResolveRoot(paths[0], settings));
    ARROW_ASSIGN_OR_RAISE(auto listed, ListSinkFiles(*root));
    if (listed) {
      *from_log = true;
      Listing listing{*root, {root->path}, {false}, std::move(*listed)};
      return DiscoverPartitions(listing, options.recursive, partitions);
    }
  }
  ARROW_ASSIGN_OR_RAISE(Listing listing, ListFiles(paths, options, settings));
  *root = listing.root;
  return DiscoverPartitions(listing, options.recursive, partitions);
}

}  // namespace sluice::connectors::file
