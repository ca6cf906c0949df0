#pragma once
#include "connectors/api/connector.h"

namespace sluice::connectors {

/// For sources of a fixed schema that are streams only: refuses a batch read of `format` and a schema given by the user
/// as Spark does. `provider` is Spark's name of the class.
Status RefuseUnlessStreamRead(const FormatRequest& request, std::string_view format, std::string_view provider);

}  // namespace sluice::connectors
