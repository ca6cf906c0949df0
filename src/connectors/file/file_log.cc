#include "connectors/file/file_log.h"

#include <algorithm>
#include <charconv>

#include "base/clock.h"
#include "base/file_system.h"

namespace sluice::connectors::file {

namespace {

Status Malformed(const std::string& path) { return MakeError("MALFORMED_LOG_FILE", {{"text", path}}); }

Result<std::optional<std::string>> ReadFile(const Root& folder, const std::string& path) {
  auto file = folder.fs->OpenInputFile(path);
  if (!file.ok()) {
    ARROW_ASSIGN_OR_RAISE(auto info, folder.fs->GetFileInfo(path));
    if (info.type() == arrow::fs::FileType::NotFound) return std::optional<std::string>();
    return file.status();
  }
  ARROW_ASSIGN_OR_RAISE(int64_t size, (*file)->GetSize());
  ARROW_ASSIGN_OR_RAISE(auto bytes, (*file)->Read(size));
  return std::optional(bytes->ToString());
}

Status WriteNew(const Root& folder, const std::string& path, const std::string& text) {
  if (folder.local) {
    ARROW_RETURN_NOT_OK(folder.fs->CreateDir(folder.path, /*recursive=*/true));
    return WriteFileDurably(path, text, /*exclusive=*/true);
  }
  ARROW_ASSIGN_OR_RAISE(auto info, folder.fs->GetFileInfo(path));
  if (info.type() != arrow::fs::FileType::NotFound) return Status::AlreadyExists(path, " exists already");
  ARROW_ASSIGN_OR_RAISE(auto out, folder.fs->OpenOutputStream(path));
  ARROW_RETURN_NOT_OK(out->Write(text));
  return out->Close();
}

}  // namespace

int64_t DeriveCompactInterval(int64_t wanted, int64_t compacted_batch) {
  const int64_t n = compacted_batch + 1;
  if (n <= wanted) return n;
  if (wanted >= n / 2) return n;
  for (int64_t divisor = wanted; divisor <= n / 2; ++divisor)
    if (n % divisor == 0) return divisor;
  return n;
}

Result<FileLog> FileLog::Open(Root folder, Options options) {
  FileLog log(std::move(folder), std::move(options));
  if (log.options_.compact_interval <= 0)
    return MakeError("INVALID_SOURCE_OPTION", {{"message", "The compact interval of a log of files must be positive"}});
  log.interval_ = log.options_.compact_interval;
  ARROW_ASSIGN_OR_RAISE(auto files, log.List());
  std::vector<int64_t> compacted;
  for (const auto& file : files)
    if (file.compact) compacted.push_back(file.batch);
  std::sort(compacted.rbegin(), compacted.rend());
  if (compacted.size() >= 2)
    log.interval_ = compacted[0] - compacted[1];
  else if (compacted.size() == 1)
    log.interval_ = DeriveCompactInterval(log.interval_, compacted[0]);
  return log;
}

Result<std::vector<FileLog::LogFile>> FileLog::List() const {
  arrow::fs::FileSelector selector;
  selector.base_dir = folder_.path;
  selector.allow_not_found = true;
  ARROW_ASSIGN_OR_RAISE(auto infos, folder_.fs->GetFileInfo(selector));
  std::vector<LogFile> out;
  for (const auto& info : infos) {
    std::string_view name = info.path();
    name = name.substr(name.rfind('/') + 1);
    LogFile file{0, info.path(), name.ends_with(".compact"), 0};
    if (file.compact) name.remove_suffix(8);
    auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), file.batch);
    if (error != std::errc() || end != name.data() + name.size() || file.batch < 0) continue;
    file.modified_ms = std::chrono::duration_cast<std::chrono::milliseconds>(info.mtime().time_since_epoch()).count();
    out.push_back(std::move(file));
  }
  return out;
}

Result<int64_t> FileLog::Latest() const {
  ARROW_ASSIGN_OR_RAISE(auto files, List());
  int64_t latest = -1;
  for (const auto& file : files) latest = std::max(latest, file.batch);
  return latest;
}

Result<std::optional<std::vector<std::string>>> FileLog::Read(int64_t batch) const {
  const std::string path = PathOf(batch);
  ARROW_ASSIGN_OR_RAISE(auto text, ReadFile(folder_, path));
  if (!text) return std::optional<std::vector<std::string>>();
  std::vector<std::string> lines;
  for (size_t start = 0; start < text->size();) {
    const size_t end = std::min(text->find('\n', start), text->size());
    lines.push_back(text->substr(start, end - start));
    start = end + 1;
  }
  if (lines.empty() || lines[0] != "v1") return Malformed(folder_.Uri(path));
  lines.erase(lines.begin());
  return std::optional(std::move(lines));
}

Status FileLog::Add(int64_t batch, const std::vector<std::string>& entries) {
  std::string text = "v1";
  const bool compact = IsCompaction(batch);
  const auto append = [&](const std::string& entry) {
    if (compact && options_.expired && options_.expired(entry)) return;
    text += '\n';
    text += entry;
  };
  if (compact) {
    for (int64_t before = std::max<int64_t>(0, batch - interval_); before < batch; ++before) {
      ARROW_ASSIGN_OR_RAISE(auto lines, Read(before));
      if (!lines) return Malformed(folder_.Uri(PathOf(before)) + ", which is missing");
      for (const auto& line : *lines) append(line);
    }
  }
  for (const auto& entry : entries) append(entry);
  ARROW_RETURN_NOT_OK(WriteNew(folder_, PathOf(batch), text));
  return options_.delete_expired ? DeleteExpired(batch) : Status::OK();
}

Status FileLog::DeleteExpired(int64_t batch) const {
  const int64_t oldest = batch + 1 - options_.retained_batches;
  if (interval_ > oldest) return Status::OK();
  const int64_t kept = oldest - oldest % interval_ - 1;
  ARROW_ASSIGN_OR_RAISE(auto files, List());
  const int64_t before_ms = NowMs() - options_.cleanup_delay_ms;
  for (const auto& file : files) {
    if (file.batch < kept && file.modified_ms <= before_ms) ARROW_RETURN_NOT_OK(folder_.fs->DeleteFile(file.path));
  }
  return Status::OK();
}

Result<std::vector<std::string>> FileLog::All() const {
  // A compaction may delete files between the listing and the reading; the compacted file has what they had.
  for (int attempt = 0;; ++attempt) {
    ARROW_ASSIGN_OR_RAISE(int64_t latest, Latest());
    std::vector<std::string> out;
    bool complete = true;
    for (int64_t batch = std::max<int64_t>(0, (latest + 1) / interval_ * interval_ - 1); batch <= latest && complete;
         ++batch) {
      ARROW_ASSIGN_OR_RAISE(auto lines, Read(batch));
      complete = lines.has_value();
      if (!complete && attempt == 3) return Malformed(folder_.Uri(PathOf(batch)) + ", which is missing");
      for (size_t i = 0; complete && i < lines->size(); ++i)
        if (!options_.expired || !options_.expired((*lines)[i])) out.push_back(std::move((*lines)[i]));
    }
    if (complete) return out;
  }
}

}  // namespace sluice::connectors::file
