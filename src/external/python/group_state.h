#pragma once
// applyInPandasWithState: groups and their states in one worker.
#include <memory>

#include "external/api/group_state.h"
#include "external/python/function.h"

namespace sluice::python {

Result<std::unique_ptr<external::GroupStateStream>> OpenGroupState(const PythonFunction& function,
                                                                   external::GroupStateRequest request,
                                                                   std::shared_ptr<Workers> workers,
                                                                   const SessionFiles& files);

}  // namespace sluice::python
