#include "base/file_system.h"

#include <arrow/filesystem/localfs.h>

#include <cstdlib>
#include <filesystem>

#include "base/s3.h"

namespace sluice {

Result<FileLocation> ResolveLocation(std::string_view uri, const std::map<std::string, std::string>& properties) {
  size_t colon = uri.find(':');
  size_t slash = uri.find('/');
  bool has_scheme = colon != std::string_view::npos && colon > 0 && (slash == std::string_view::npos || colon < slash);
  std::string scheme = has_scheme ? std::string(uri.substr(0, colon)) : "file";
  std::string_view rest = has_scheme ? uri.substr(colon + 1) : uri;
  if (scheme == "file") {
    if (has_scheme && rest.substr(0, 2) == "//") {
      // file:///a and file://host/a; the host, if any, is this one.
      size_t path = rest.find('/', 2);
      rest = path == std::string_view::npos ? std::string_view("/") : rest.substr(path);
    }
    if (rest.empty()) return MakeError("INVALID_EMPTY_LOCATION", {{"location", std::string(uri)}});
    static const auto local = std::make_shared<arrow::fs::LocalFileSystem>();
    std::error_code ignored;
    std::string path = std::filesystem::absolute(std::string(rest), ignored).lexically_normal().string();
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    return FileLocation{local, std::move(path), true};
  }
  if (scheme == "s3" || scheme == "s3a" || scheme == "s3n") {
    while (!rest.empty() && rest[0] == '/') rest.remove_prefix(1);
    while (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
    if (rest.empty()) return MakeError("INVALID_EMPTY_LOCATION", {{"location", std::string(uri)}});
    ARROW_ASSIGN_OR_RAISE(auto fs, OpenS3(rest.substr(0, rest.find('/')), properties));
    return FileLocation{std::move(fs), std::string(rest), false};
  }
  return UnsupportedFeature("the file system \"" + scheme + "\" of " + std::string(uri));
}

}  // namespace sluice
