#pragma once
#include "session/session.h"

namespace sluice::session {

/// The files that a query over `analyzed` would read, as URIs; each once. Sources that are no files give none.
Result<std::vector<std::string>> InputFiles(const plan::PlanPtr& analyzed);

}  // namespace sluice::session
