#pragma once
// Literals of the protocol as typed values.
#include <spark/connect/expressions.pb.h>

#include "types/literal.h"

namespace sluice::connect {

Result<TypedValue> FromProto(const spark::connect::Expression::Literal& literal);

/// `values`, all of `type`, as one array.
Result<ArrayPtr> Concatenate(const std::vector<TypedValue>& values, const DataType& type);

}  // namespace sluice::connect
