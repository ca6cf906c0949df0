#pragma once
// Groups of a stream's rows through a function that keeps a value of each group (applyInPandasWithState).
#include "exec/lowering.h"

namespace sluice::plan {
struct MapGroups;
}

namespace sluice::exec {

/// Of a node with memory. Errors: UNSUPPORTED_FEATURE for tables that do not stream.
Result<ExecNodePtr> LowerGroupState(const plan::MapGroups& node, Lowering& lowering);

}  // namespace sluice::exec
