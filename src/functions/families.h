#pragma once
// Every family of built-in functions.
#include <span>

#include "functions/registry.h"

namespace sluice::functions {

using Family = std::span<const FunctionDef> (*)();
std::span<const Family> Families();

}  // namespace sluice::functions
