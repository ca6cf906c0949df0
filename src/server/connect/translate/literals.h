#pragma once
// Literals of the protocol as typed values.
#include <spark/connect/expressions.pb.h>

#include "types/literal.h"

namespace sluice::connect {

Result<TypedValue> FromProto(const spark::connect::Expression::Literal& literal);

/// And back; a null is one of its type.
Status ToProto(const TypedValue& value, spark::connect::Expression::Literal* out);

/// `values`, all of `type`, as one array.
Result<ArrayPtr> Concatenate(const std::vector<TypedValue>& values, const DataType& type);

}  // namespace sluice::connect
