// struct and named_struct.
#include <fmt/format.h>

#include "functions/kernel.h"
#include "functions/signature.h"

namespace sluice::functions {
namespace {

Status BindStruct(BindContext& context) {
  std::vector<StructField> fields;
  for (size_t i = 0; i < context.arg_types.size(); ++i) {
    const std::string& name = context.arg_names[i];
    fields.push_back({name.empty() ? fmt::format("col{}", i + 1) : name, context.arg_types[i], context.arg_nullable[i], ""});
  }
  context.result_type = DataType::Struct(std::move(fields));
  context.result_nullable = false;
  return Status::OK();
}

Result<ArrayPtr> Struct(const KernelCall& call, std::span<const Vector> args) {
  std::vector<ArrayPtr> children;
  for (const Vector& arg : args) {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr column, Materialize(arg, call.length));
    children.push_back(std::move(column));
  }
  return ArrayOf(call.bound.result_type, call.length, {nullptr}, std::move(children));
}

Status BindNamedStruct(BindContext& context) {
  const size_t n = context.arg_types.size();
  if (n % 2 != 0) return WrongNumArgs(context.name, "2n (n > 0)", n);
  std::vector<StructField> fields;
  for (size_t i = 0; i < n; i += 2) {
    const TypedValue* name = context.arg_literals[i];
    if (name == nullptr || name->type.id() != TypeId::kString || name->is_null()) {
      return DatatypeMismatch(context, "CREATE_NAMED_STRUCT_WITHOUT_FOLDABLE_STRING", {{"inputExprs", fmt::format("[{}]", InDoubleQuotes(context.arg_names[i]))}});
    }
    ARROW_ASSIGN_OR_RAISE(std::string text, StringOf(*name));
    fields.push_back({std::move(text), context.arg_types[i + 1], context.arg_nullable[i + 1], ""});
  }
  context.result_type = DataType::Struct(std::move(fields));
  context.result_nullable = false;
  return Status::OK();
}

Result<ArrayPtr> NamedStruct(const KernelCall& call, std::span<const Vector> args) {
  std::vector<Vector> values;
  for (size_t i = 1; i < args.size(); i += 2) values.push_back(args[i]);
  return Struct(call, values);
}

}  // namespace

std::span<const FunctionDef> StructFunctions() {
  static const FunctionDef kTable[] = {
      {.name = "struct",
       .bind = &BindStruct,
       .nulls = NullRule::kCustom,
       .group = "struct_funcs",
       .doc = "A struct of the values; columns and aliases give the names, else col1, col2 ...",
       .example = {"struct(1, 2, 3)", "{1, 2, 3}"},
       .kernel = &Struct},
      {.name = "named_struct",
       .bind = &BindNamedStruct,
       .nulls = NullRule::kCustom,
       .group = "struct_funcs",
       .doc = "A struct of names and values in turn.",
       .example = {"named_struct('a', 1, 'b', 2)", "{1, 2}"},
       .kernel = &NamedStruct},
  };
  return kTable;
}

}  // namespace sluice::functions
