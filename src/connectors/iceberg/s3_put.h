#pragma once
#include <string>
#include <string_view>

#include "connectors/iceberg/metadata.h"

namespace sluice::iceberg {

/// Puts an object only if there is none of that name ("If-None-Match: *", signed with AWS Signature 4), which Arrow's
/// S3 file system can't. AlreadyExists when there is one, COMMIT_STATE_UNKNOWN when
/// no answer says whether there is now. `path` is bucket/key.
Status PutIfAbsent(const std::string& path, std::string_view bytes, const Properties& properties);

}  // namespace sluice::iceberg
