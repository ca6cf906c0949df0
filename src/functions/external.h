#pragma once
// Functions that run outside of the engine, under definitions like those of all others, so that names, arguments and
// aggregates are treated alike. What evaluates them are operators of their own; their kernel only refuses.
#include "external/api/function.h"
#include "functions/registry.h"

namespace sluice::functions {

struct ExternalFunction final : BoundState {
  FunctionDef def;
  external::FunctionPtr function;
};
using ExternalFunctionPtr = std::shared_ptr<const ExternalFunction>;

ExternalFunctionPtr MakeExternalFunction(external::FunctionPtr function);
/// The definition for a session's registry.
FunctionDef ToRegister(const ExternalFunctionPtr& function);
/// Null for the engine's own.
ExternalFunctionPtr ExternalOf(const FunctionDef& def);

/// What a call of one keeps: it owns the definition.
struct ExternalCall final : BoundState {
  ExternalFunctionPtr target;
  std::vector<std::string> argument_names;  // "" for those given by position
  const external::Function& function() const { return *target->function; }
};
/// Null for calls of the engine's own functions.
const ExternalCall* AsExternal(const BoundCall& call);

}  // namespace sluice::functions
