#pragma once
// Groups of rows through a function that keeps variables and timers of each key (transformWithState).
#include "exec/lowering.h"

namespace sluice::plan {
struct MapGroups;
}

namespace sluice::exec {

/// Of a node with such a function. A table is one batch whose state is forgotten after it.
Result<ExecNodePtr> LowerProcessor(const plan::MapGroups& node, Lowering& lowering);

}  // namespace sluice::exec
