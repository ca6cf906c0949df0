#pragma once
// x IN (constants) with the constants in a set that is made once, not once a batch.
#include "functions/registry.h"

namespace sluice::functions {

/// Name of the function: (value, array of the constants). Only calls bound here can run.
inline constexpr std::string_view kInSet = "__in_set";
/// `values`: of `type`, nulls among them.
Result<std::shared_ptr<const BoundCall>> BindInSet(const DataType& type, const ArrayPtr& values);

}  // namespace sluice::functions
