#pragma once
// The files behind the paths of a read.
#include <arrow/filesystem/filesystem.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.h"
#include "types/time_zone.h"

namespace sluice::connectors::file {

struct FileInfo {
  std::string path;  // within the file system
  int64_t size = 0;
  int64_t modified_ms = 0;
};

/// A path of the user, resolved. All paths of a read are on one file system.
struct Root {
  std::shared_ptr<arrow::fs::FileSystem> fs;
  std::string path;
  std::string scheme;  // "file:", "s3://", "s3a://": what Uri() puts before a path
  bool local = false;

  /// "file:/a/b c" as Spark's messages have it.
  std::string Uri(std::string_view inner) const { return scheme + std::string(inner); }
  /// "file:///a/b%20c" as Spark's logs have it.
  std::string EncodedUri(std::string_view inner) const;
};
/// `settings` may hold S3's ("s3.endpoint" ...). UNSUPPORTED_FEATURE names a scheme that is not built in.
Result<Root> ResolveRoot(const std::string& uri, const std::map<std::string, std::string>& settings);
/// The path within the file system of an URI that EncodedUri made, or that Spark did; `fs` of `root`.
Result<std::string> PathOfEncodedUri(std::string_view uri);

struct ListingOptions {
  bool recursive = false;  // recursiveFileLookup
  std::string name_glob;   // pathGlobFilter; empty: all
  std::optional<int64_t> modified_before_us, modified_after_us;
  bool glob_paths = true;  // do * ? [ ] { } in paths mean something?
};
/// recursiveFileLookup, pathGlobFilter, modifiedBefore, modifiedAfter. Errors name the option.
Result<ListingOptions> ParseListingOptions(const OptionMap& options, const TimeZone& zone);

struct Listing {
  Root root;                       // its path is the first of `roots`
  std::vector<std::string> roots;  // after globbing
  std::vector<bool> root_is_file;
  std::vector<FileInfo> files;  // all below the roots, by path
};
/// PATH_NOT_FOUND for a path that is not there. Hidden files (_x, .x) and what is below hidden folders are left out.
Result<Listing> ListFiles(const std::vector<std::string>& paths, const ListingOptions& options,
                          const std::map<std::string, std::string>& settings);

/// Hadoop's glob of one name: * ? [a-c] [^a] {a,b} and \ before any of them.
bool GlobMatches(std::string_view pattern, std::string_view name);
bool IsGlob(std::string_view path);
/// Spark's rule for names that no listing shows: _x unless it is a partition's folder, .x, and half-written copies.
bool IsHidden(std::string_view name);

}  // namespace sluice::connectors::file
