#pragma once
// transformWithState and transformWithStateInPandas: a processor in one worker, which asks for its state.
#include <memory>

#include "external/api/processor.h"
#include "external/python/function.h"

namespace sluice::python {

Result<std::unique_ptr<external::Stream>> OpenProcessor(const PythonFunction& function,
                                                        external::ProcessorRequest request,
                                                        std::shared_ptr<Workers> workers, const SessionFiles& files);

}  // namespace sluice::python
