#include "functions/registry.h"

#include <algorithm>
#include <cctype>

#include "functions/families.h"
#include "functions/kernel.h"
#include "functions/signature.h"

namespace sluice::functions {
namespace {

std::string Lower(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

const FunctionRegistry& FunctionRegistry::Builtins() {
  static const FunctionRegistry registry = [] {
    FunctionRegistry r;
    for (Family family : Families()) {
      for (const FunctionDef& def : family()) r.Add(&def);
    }
    return r;
  }();
  return registry;
}

const FunctionDef* FunctionRegistry::Find(std::string_view name) const {
  auto it = by_name_.find(Lower(name));
  return it == by_name_.end() ? nullptr : it->second;
}

void FunctionRegistry::Add(const FunctionDef* def) {
  by_name_[Lower(def->name)] = def;
  for (std::string_view alias : def->aliases) by_name_[Lower(alias)] = def;
}

void FunctionRegistry::AddOwned(FunctionDef def) {
  owned_.push_back(std::make_shared<FunctionDef>(std::move(def)));
  Add(owned_.back().get());
}

std::vector<const FunctionDef*> FunctionRegistry::All() const {
  std::vector<const FunctionDef*> all;
  for (const auto& [name, def] : by_name_) {
    if (name == Lower(def->name)) all.push_back(def);
  }
  return all;
}

Status BindFunction(const FunctionDef& def, BindContext* context) {
  const size_t n = context->arg_types.size();
  context->arg_nullable.resize(n, true);
  context->arg_literals.resize(n, nullptr);
  context->arg_names.resize(n);
  bool nullable = def.kind != FunctionKind::kScalar || def.nulls == NullRule::kCustom || def.yields_null;
  for (bool arg : context->arg_nullable) nullable = nullable || arg;
  context->result_nullable = nullable;
  if (!def.signature.empty()) ARROW_RETURN_NOT_OK(MatchSignature(def, context));
  if (def.bind != nullptr) ARROW_RETURN_NOT_OK(def.bind(*context));
  if (context->state == nullptr) context->state = def.user_state;
  return Status::OK();
}

BoundCall MakeBoundCall(const BindContext& context) {
  return {context.arg_types, context.result_type, context.ansi, context.state};
}

Result<ArrayPtr> CallKernel(const FunctionDef& def, const KernelCall& call, std::span<const Vector> args) {
  if (def.nulls == NullRule::kCustom) return def.kernel(call, args);
  for (const Vector& arg : args) {
    if (arg.constant && arg.array->IsNull(0)) return NullArray(call.bound.result_type, call.length);
  }
  ARROW_ASSIGN_OR_RAISE(ArrayPtr result, def.kernel(call, args));
  return MaskNulls(std::move(result), args);
}

}  // namespace sluice::functions
