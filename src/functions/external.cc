#include "functions/external.h"

namespace sluice::functions {

namespace {

Result<ArrayPtr> Refuse(const KernelCall& call, std::span<const Vector>) {
  const ExternalCall* external = AsExternal(call.bound);
  return UnsupportedFeature(
      std::string(external->function().language()) + " function " + external->function().name() + " in this place",
      call.origin);
}

FunctionKind KindOf(external::Shape shape) {
  switch (shape) {
    case external::Shape::kAggregate: return FunctionKind::kAggregate;
    case external::Shape::kTable: return FunctionKind::kGenerator;
    default: return FunctionKind::kScalar;
  }
}

}  // namespace

ExternalFunctionPtr MakeExternalFunction(external::FunctionPtr function) {
  auto made = std::make_shared<ExternalFunction>();
  made->function = std::move(function);
  made->def.name = made->function->name();
  made->def.kind = KindOf(made->function->shape());
  made->def.nulls = NullRule::kCustom;
  made->def.deterministic = made->function->deterministic();
  made->def.kernel = &Refuse;
  return made;
}

FunctionDef ToRegister(const ExternalFunctionPtr& function) {
  FunctionDef def = function->def;
  def.user_state = function;
  return def;
}

ExternalFunctionPtr ExternalOf(const FunctionDef& def) {
  return std::dynamic_pointer_cast<const ExternalFunction>(def.user_state);
}

const ExternalCall* AsExternal(const BoundCall& call) { return dynamic_cast<const ExternalCall*>(call.state.get()); }

}  // namespace sluice::functions
