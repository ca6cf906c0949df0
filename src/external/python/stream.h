#pragma once
// One task in one worker: rows go out and come back as Arrow IPC streams.
#include <memory>

#include "external/python/function.h"

namespace sluice::python {

Result<std::unique_ptr<external::Stream>> OpenStream(const PythonFunction& function, external::StreamRequest request,
                                                     std::shared_ptr<Workers> workers, const SessionFiles& files);

}  // namespace sluice::python
