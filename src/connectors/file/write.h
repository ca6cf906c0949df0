#pragma once
#include "connectors/file/writer.h"

namespace sluice::connectors::file {

/// A batch's write. Files appear at Commit: local ones are written below _temporary and moved, those of object stores
/// are complete when they appear at all. Commit leaves _SUCCESS. Null: `mode` is kIgnore and there is something.
/// PATH_ALREADY_EXISTS for kErrorIfExists.
Result<std::unique_ptr<BatchWrite>> NewBatchWrite(std::shared_ptr<WritePlan> plan, WriteMode mode);

}  // namespace sluice::connectors::file
