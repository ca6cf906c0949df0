#pragma once
// Data types of the protocol.
#include <spark/connect/types.pb.h>

#include "base/error.h"
#include "sluice/types.h"

namespace sluice::connect {

/// UNSUPPORTED_FEATURE names types that Sluice lacks (VARIANT, TIME, user-defined ones, collations).
Result<DataType> FromProto(const spark::connect::DataType& type);
void ToProto(const DataType& type, spark::connect::DataType* out);

}  // namespace sluice::connect
