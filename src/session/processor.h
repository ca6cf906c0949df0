#pragma once
// Processors of the public API (sluice/stateful.h) as the engine sees functions with state of their own.
#include "external/api/function.h"
#include "sluice/stateful.h"

namespace sluice::session {

/// `output`: STRUCT of the rows it gives.
external::FunctionPtr MakeProcessorFunction(StatefulProcessorFactory factory, DataType output);

}  // namespace sluice::session
