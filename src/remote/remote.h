#pragma once
#include "session/remote.h"

namespace sluice::remote {

/// The session of the server at `url`. The settings of `config` are asked for there; those it refuses stay as they are,
/// with a warning in the log.
Result<std::unique_ptr<session::Remote>> Connect(const std::string& url, const Config& config);

}  // namespace sluice::remote
