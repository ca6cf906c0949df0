#include "connectors/file/listing.h"

#include <algorithm>
#include <functional>
#include <set>

#include "base/file_system.h"
#include "types/datetime.h"

namespace sluice::connectors::file {

namespace {

std::string_view NameOf(std::string_view path) { return path.substr(path.rfind('/') + 1); }

/// Alternatives of the first {..} at this level; the pattern itself when there is none.
std::vector<std::string> Alternatives(std::string_view pattern) {
  const size_t open = pattern.find('{');
  if (open == std::string_view::npos) return {std::string(pattern)};
  int depth = 0;
  std::vector<std::string> parts;
  size_t from = open + 1;
  for (size_t i = open; i < pattern.size(); ++i) {
    if (pattern[i] == '{') ++depth;
    if ((pattern[i] == ',' && depth == 1) || (pattern[i] == '}' && depth == 1)) {
      parts.emplace_back(pattern.substr(from, i - from));
      from = i + 1;
    }
    if (pattern[i] == '}' && --depth == 0) {
      std::vector<std::string> out;
      for (const auto& part : parts)
        for (auto& whole :
             Alternatives(std::string(pattern.substr(0, open)) + part + std::string(pattern.substr(i + 1))))
          out.push_back(std::move(whole));
      return out;
    }
  }
  return {std::string(pattern)};
}

bool MatchOne(std::string_view p, std::string_view s) {
  while (!p.empty()) {
    if (p[0] == '*') {
      for (size_t skip = 0; skip <= s.size(); ++skip)
        if (MatchOne(p.substr(1), s.substr(skip))) return true;
      return false;
    }
    if (s.empty()) return false;
    if (p[0] == '?') {
      p.remove_prefix(1);
    } else if (p[0] == '[') {
      const size_t close = p.find(']', 2);
      if (close == std::string_view::npos) return false;
      std::string_view set = p.substr(1, close - 1);
      const bool negated = set[0] == '^' || set[0] == '!';
      if (negated) set.remove_prefix(1);
      bool in = false;
      for (size_t i = 0; i < set.size(); ++i) {
        if (i + 2 < set.size() && set[i + 1] == '-') {
          in = in || (s[0] >= set[i] && s[0] <= set[i + 2]);
          i += 2;
        } else {
          in = in || s[0] == set[i];
        }
      }
      if (in == negated) return false;
      p.remove_prefix(close + 1);
    } else {
      if (p[0] == '\\' && p.size() > 1) p.remove_prefix(1);
      if (p[0] != s[0]) return false;
      p.remove_prefix(1);
    }
    s.remove_prefix(1);
  }
  return s.empty();
}

Result<arrow::fs::FileInfoVector> ListFolder(arrow::fs::FileSystem& fs, const std::string& folder) {
  arrow::fs::FileSelector selector;
  selector.base_dir = folder;
  selector.allow_not_found = true;
  ARROW_ASSIGN_OR_RAISE(auto infos, fs.GetFileInfo(selector));
  std::sort(infos.begin(), infos.end(), [](const auto& a, const auto& b) { return a.path() < b.path(); });
  return infos;
}

/// The paths that a path with wildcards stands for.
Result<std::vector<std::string>> ExpandGlob(const Root& root) {
  std::vector<std::string> found = {""};
  const bool absolute = root.path.starts_with('/');
  std::string_view rest = root.path;
  if (absolute) rest.remove_prefix(1);
  // A group may span folders ({a/b,c}): every alternative is a path of its own.
  std::vector<std::string> out;
  for (const std::string& whole : Alternatives(rest)) {
    std::vector<std::string> folders = {absolute ? "/" : ""};
    std::string_view left = whole;
    while (!left.empty() && !folders.empty()) {
      const size_t slash = left.find('/');
      const std::string part(left.substr(0, slash));
      left = slash == std::string_view::npos ? std::string_view() : left.substr(slash + 1);
      if (part.empty()) continue;
      std::vector<std::string> next;
      for (const std::string& folder : folders) {
        const std::string prefix = folder.empty() || folder == "/" ? folder : folder + "/";
        if (!IsGlob(part)) {
          next.push_back(prefix + part);
          continue;
        }
        ARROW_ASSIGN_OR_RAISE(auto infos, ListFolder(*root.fs, folder));
        for (const auto& info : infos) {
          const std::string_view name = NameOf(info.path());
          if (GlobMatches(part, name) && (part[0] == '.' || !name.starts_with('.')))
            next.push_back(prefix + std::string(name));
        }
      }
      folders = std::move(next);
    }
    for (auto& folder : folders) {
      ARROW_ASSIGN_OR_RAISE(auto info, root.fs->GetFileInfo(folder));
      if (info.type() != arrow::fs::FileType::NotFound) out.push_back(std::move(folder));
    }
  }
  return out;
}

}  // namespace

bool IsGlob(std::string_view path) { return path.find_first_of("{}[]*?\\") != std::string_view::npos; }

bool GlobMatches(std::string_view pattern, std::string_view name) {
  for (const std::string& one : Alternatives(pattern))
    if (MatchOne(one, name)) return true;
  return false;
}

bool IsHidden(std::string_view name) {
  if (name.starts_with("_common_metadata") || name.starts_with("_metadata")) return false;
  return (name.starts_with('_') && name.find('=') == std::string_view::npos) || name.starts_with('.') ||
         name.ends_with("._COPYING_");
}

std::string Root::EncodedUri(std::string_view inner) const {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out = local ? "file://" : scheme;
  for (unsigned char c : inner) {
    if (c >= 0x80 || std::isalnum(c) ||
        std::string_view("/-_.!~*'():@&=+$,;").find(static_cast<char>(c)) != std::string_view::npos) {
      out += static_cast<char>(c);
    } else {
      out += '%';
      out += kHex[c >> 4];
      out += kHex[c & 15];
    }
  }
  return out;
}

Result<std::string> PathOfEncodedUri(std::string_view uri) {
  const size_t colon = uri.find(':');
  std::string_view rest = uri;
  if (colon != std::string_view::npos && colon < uri.find('/')) {
    const bool local = uri.substr(0, colon) == "file";
    rest = uri.substr(colon + 1);
    if (rest.starts_with("//")) rest.remove_prefix(2);
    if (local && !rest.starts_with('/')) rest = rest.substr(std::min(rest.find('/'), rest.size()));
  }
  std::string out;
  for (size_t i = 0; i < rest.size(); ++i) {
    const auto hex = [](char c) {
      return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
    };
    if (rest[i] == '%' && i + 2 < rest.size() && hex(rest[i + 1]) >= 0 && hex(rest[i + 2]) >= 0) {
      out += static_cast<char>(hex(rest[i + 1]) * 16 + hex(rest[i + 2]));
      i += 2;
    } else {
      out += rest[i];
    }
  }
  return out;
}

Result<Root> ResolveRoot(const std::string& uri, const std::map<std::string, std::string>& settings) {
  ARROW_ASSIGN_OR_RAISE(FileLocation location, ResolveLocation(uri, settings));
  Root root;
  root.fs = std::move(location.fs);
  root.path = std::move(location.path);
  root.local = location.local;
  root.scheme = location.local ? "file:" : uri.substr(0, uri.find(':') + 3);
  return root;
}

Result<ListingOptions> ParseListingOptions(const OptionMap& options, const TimeZone& zone) {
  ListingOptions out;
  ARROW_ASSIGN_OR_RAISE(out.recursive, GetBoolOption(options, "recursiveFileLookup", false));
  out.name_glob = GetOption(options, "pathGlobFilter").value_or("");
  const auto time = [&](const char* name, std::optional<int64_t>* to) -> Status {
    const auto text = GetOption(options, name);
    if (!text) return Status::OK();
    *to = ParseTimestamp(*text, zone);
    if (*to) return Status::OK();
    return MakeError(
        "INVALID_SOURCE_OPTION",
        {{"message",
          fmt::format(
              "The timestamp provided for the '{}' option is invalid. The expected format is 'YYYY-MM-DDTHH:mm:ss', "
              "but the provided timestamp: {}",
              name, *text)}});
  };
  ARROW_RETURN_NOT_OK(time("modifiedBefore", &out.modified_before_us));
  ARROW_RETURN_NOT_OK(time("modifiedAfter", &out.modified_after_us));
  return out;
}

Result<Listing> ListFiles(const std::vector<std::string>& paths, const ListingOptions& options,
                          const std::map<std::string, std::string>& settings) {
  Listing listing;
  const auto keep = [&](const arrow::fs::FileInfo& info) {
    const int64_t modified_us =
        std::chrono::duration_cast<std::chrono::microseconds>(info.mtime().time_since_epoch()).count();
    if (!options.name_glob.empty() && !GlobMatches(options.name_glob, NameOf(info.path()))) return;
    if (options.modified_before_us && modified_us >= *options.modified_before_us) return;
    if (options.modified_after_us && modified_us <= *options.modified_after_us) return;
    listing.files.push_back({info.path(), info.size(), modified_us / 1000});
  };
  std::function<Status(const std::string&)> walk = [&](const std::string& folder) -> Status {
    ARROW_ASSIGN_OR_RAISE(auto infos, ListFolder(*listing.root.fs, folder));
    for (const auto& info : infos) {
      if (IsHidden(NameOf(info.path()))) continue;
      if (info.type() == arrow::fs::FileType::Directory)
        ARROW_RETURN_NOT_OK(walk(info.path()));
      else if (info.type() == arrow::fs::FileType::File)
        keep(info);
    }
    return Status::OK();
  };
  for (const std::string& path : paths) {
    ARROW_ASSIGN_OR_RAISE(Root root, ResolveRoot(path, settings));
    if (listing.root.fs == nullptr) listing.root = root;
    if (root.scheme != listing.root.scheme) return UnsupportedFeature("Paths of several file systems in one read");
    std::vector<std::string> found = {root.path};
    if (options.glob_paths && IsGlob(root.path)) {
      ARROW_ASSIGN_OR_RAISE(found, ExpandGlob(root));
    }
    bool any = false;
    for (const std::string& one : found) {
      ARROW_ASSIGN_OR_RAISE(auto info, root.fs->GetFileInfo(one));
      if (info.type() == arrow::fs::FileType::NotFound) continue;
      any = true;
      const bool is_file = info.type() == arrow::fs::FileType::File;
      listing.roots.push_back(one);
      listing.root_is_file.push_back(is_file);
      if (is_file)
        keep(info);
      else
        ARROW_RETURN_NOT_OK(walk(one));
    }
    if (!any) return MakeError("PATH_NOT_FOUND", {{"path", root.Uri(root.path)}});
  }
  return listing;
}

}  // namespace sluice::connectors::file
