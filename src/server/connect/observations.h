#pragma once
#include "server/connect/commands.h"

namespace sluice::connect {

/// Tells the client what DataFrame.observe saw while the query ran.
Status SendObservations(CommandContext& context);

}  // namespace sluice::connect
