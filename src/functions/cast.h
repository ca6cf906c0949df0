#pragma once
// CAST as a kernel over whole columns.
#include "functions/registry.h"

namespace sluice::functions {

enum class CastBehavior : uint8_t { kAnsi, kLegacy, kTry };

/// `input` of type `from` -> `to`. kAnsi: a bad value is CAST_INVALID_INPUT / CAST_OVERFLOW /
/// NUMERIC_VALUE_OUT_OF_RANGE with `origin` as context; kLegacy and kTry give null (kLegacy wraps integers as Java
/// does). string <-> binary share buffers. Nested types are cast elementwise.
Result<ArrayPtr> CastArray(const ArrayPtr& input, const DataType& from, const DataType& to, CastBehavior behavior,
                           const EvalContext& context, const Origin* origin);

}  // namespace sluice::functions
