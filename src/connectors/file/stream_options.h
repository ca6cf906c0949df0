#pragma once
#include <optional>
#include <string>

#include "base/options.h"

namespace sluice::connectors::file {

/// Options of a stream of files.
struct StreamOptions {
  enum class Clean : uint8_t { kOff, kArchive, kDelete };
  std::optional<int64_t> max_files, max_bytes;  // of one batch
  bool latest_first = false, file_name_only = false;
  int64_t max_age_ms = 0;
  Clean clean = Clean::kOff;
  std::string archive;  // sourceArchiveDir
  int64_t max_cached = 10000;
  double discard_ratio = 0.2;
};
/// INVALID_SOURCE_OPTION.
Result<StreamOptions> ParseStreamOptions(const OptionMap& options);

}  // namespace sluice::connectors::file
