#include "connectors/file/source_cleaner.h"

#include <algorithm>

#include "base/log.h"

namespace sluice::connectors::file {

namespace {

std::vector<std::string> Parts(std::string_view path) {
  std::vector<std::string> out;
  for (size_t start = 0; start < path.size();) {
    const size_t end = std::min(path.find('/', start), path.size());
    if (end > start) out.emplace_back(path.substr(start, end - start));
    start = end + 1;
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<SourceCleaner>> SourceCleaner::Make(const StreamOptions& options, const Root& source,
                                                           const std::map<std::string, std::string>& settings) {
  if (options.clean == StreamOptions::Clean::kOff) return nullptr;
  auto cleaner = std::make_unique<SourceCleaner>();
  cleaner->source_ = source;
  if (options.clean == StreamOptions::Clean::kDelete) return cleaner;
  ARROW_ASSIGN_OR_RAISE(Root archive, ResolveRoot(options.archive, settings));
  const auto bad = [](const std::string& message) {
    return MakeError("INVALID_SOURCE_OPTION", {{"message", message}});
  };
  if (archive.scheme != source.scheme)
    return bad("Base archive path is located on a different file system than the source files. source path: " +
               source.Uri(source.path) + " / base archive path: " + archive.Uri(archive.path));
  const auto pattern = Parts(source.path), target = Parts(archive.path);
  const size_t depth = std::min(pattern.size(), target.size());
  bool matches = true;
  for (size_t i = 0; i < depth && matches; ++i) matches = GlobMatches(pattern[i], target[i]);
  if (matches)
    return bad(
        "Base archive path cannot be set to the path where archived path can possibly match with source pattern. "
        "Ensure the base archive "
        "path doesn't match with source pattern in depth, where the depth is minimum of depth on both paths.");
  cleaner->archive_ = archive.path;
  return cleaner;
}

void SourceCleaner::Clean(const std::string& path) const {
  Status done;
  if (archive_.empty()) {
    done = source_.fs->DeleteFile(path);
  } else {
    const std::string target = archive_ + (path.starts_with('/') ? "" : "/") + path;
    if (source_.local) done = source_.fs->CreateDir(target.substr(0, target.rfind('/')), /*recursive=*/true);
    if (done.ok()) done = source_.fs->Move(path, target);
  }
  if (!done.ok())
    LogWarn("a file that was read could not be cleaned up", {{"file", source_.Uri(path)}, {"error", done}});
}

}  // namespace sluice::connectors::file
