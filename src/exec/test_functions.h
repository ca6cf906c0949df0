#pragma once
// A few functions for tests of exec, simple and slow.
#include "functions/registry.h"

namespace sluice::exec::testing {

/// By name; aborts when unknown.
const functions::FunctionDef* TestFunction(const std::string& name);
DataType ResultTypeOf(const std::string& name, const std::vector<DataType>& args);
int SlowCalls();
int FieldsMade();

}  // namespace sluice::exec::testing
