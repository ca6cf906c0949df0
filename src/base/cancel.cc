#include "base/cancel.h"

namespace sluice {

Status CancelToken::Check() const { return cancelled() ? MakeError("OPERATION_CANCELED") : Status::OK(); }

}  // namespace sluice
