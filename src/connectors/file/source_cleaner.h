#pragma once
#include <memory>
#include <string>

#include "connectors/file/listing.h"
#include "connectors/file/stream_options.h"

namespace sluice::connectors::file {

/// What becomes of files that a stream has read: cleanSource.
class SourceCleaner {
 public:
  /// Null: nothing. INVALID_SOURCE_OPTION when archived files would be found again.
  static Result<std::unique_ptr<SourceCleaner>> Make(const StreamOptions& options, const Root& source,
                                                     const std::map<std::string, std::string>& settings);
  /// A failure is logged and the file stays.
  void Clean(const std::string& path) const;

 private:
  Root source_;
  std::string archive_;  // empty: delete
};

}  // namespace sluice::connectors::file
