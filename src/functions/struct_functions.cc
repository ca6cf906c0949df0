// struct and named_struct; Column.withField and dropFields.
#include <arrow/array/array_nested.h>
#include <fmt/format.h>
#include <strings.h>

#include <algorithm>

#include "functions/kernel.h"
#include "functions/signature.h"

namespace sluice::functions {
namespace {

Status BindStruct(BindContext& context) {
  std::vector<StructField> fields;
  for (size_t i = 0; i < context.arg_types.size(); ++i) {
    const std::string& name = context.arg_names[i];
    fields.push_back(
        {name.empty() ? fmt::format("col{}", i + 1) : name, context.arg_types[i], context.arg_nullable[i], ""});
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
      return DatatypeMismatch(context, "CREATE_NAMED_STRUCT_WITHOUT_FOLDABLE_STRING",
                              {{"inputExprs", fmt::format("[{}]", InDoubleQuotes(context.arg_names[i]))}});
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

bool SameField(const std::string& a, const std::string& b) { return strcasecmp(a.c_str(), b.c_str()) == 0; }

/// The struct of argument 0 and the names that follow it.
Status BindFields(BindContext& context, std::vector<std::string>* names, size_t num_names) {
  if (context.arg_types[0].id() != TypeId::kStruct)
    return DatatypeMismatch(context, "UNEXPECTED_INPUT_TYPE",
                            {{"paramIndex", "first"},
                             {"inputSql", "$0"},
                             {"inputType", InDoubleQuotes(context.arg_types[0].sql())},
                             {"requiredType", "\"STRUCT\""}});
  for (size_t i = 1; i <= num_names; ++i) {
    ARROW_ASSIGN_OR_RAISE(std::string name, StringOf(*context.arg_literals[i]));
    names->push_back(std::move(name));
  }
  context.result_nullable = context.arg_nullable[0];
  return Status::OK();
}

Status BindWithField(BindContext& context) {
  std::vector<std::string> names;
  ARROW_RETURN_NOT_OK(BindFields(context, &names, 1));
  std::vector<StructField> fields = context.arg_types[0].fields();
  bool replaced = false;
  for (auto& field : fields) {
    if (!SameField(field.name, names[0])) continue;
    field = {names[0], context.arg_types[2], context.arg_nullable[2], ""};
    replaced = true;
  }
  if (!replaced) fields.push_back({names[0], context.arg_types[2], context.arg_nullable[2], ""});
  context.result_type = DataType::Struct(std::move(fields));
  return Status::OK();
}

Status BindDropFields(BindContext& context) {
  std::vector<std::string> names;
  ARROW_RETURN_NOT_OK(BindFields(context, &names, context.arg_types.size() - 1));
  std::vector<StructField> fields = context.arg_types[0].fields();
  std::erase_if(fields, [&](const StructField& field) {
    return std::any_of(names.begin(), names.end(), [&](const auto& name) { return SameField(field.name, name); });
  });
  if (fields.empty()) return DatatypeMismatch(context, "CANNOT_DROP_ALL_FIELDS", {});
  context.result_type = DataType::Struct(std::move(fields));
  return Status::OK();
}

/// The fields of the result out of the old ones by name, or else `value`; null where the struct is.
Result<ArrayPtr> Rebuild(const KernelCall& call, const Vector& source, const ArrayPtr& value,
                         const std::string& value_name) {
  ARROW_ASSIGN_OR_RAISE(ArrayPtr array, Materialize(source, call.length));
  const auto& row = static_cast<const arrow::StructArray&>(*array);
  const auto& old = call.bound.arg_types[0].fields();
  std::vector<ArrayPtr> children;
  size_t next = 0;  // fields keep their order, so the next one to take is further on
  for (const auto& field : call.bound.result_type.fields()) {
    if (value && SameField(field.name, value_name)) {
      children.push_back(value);
      continue;
    }
    while (old[next].name != field.name) ++next;
    children.push_back(row.field(static_cast<int>(next++)));
  }
  std::shared_ptr<arrow::Buffer> validity;
  if (array->null_count() > 0) {
    NullMask mask(call.length);
    for (int64_t i = 0; i < call.length; ++i)
      if (array->IsNull(i)) mask.SetNull(i);
    validity = mask.buffer();
  }
  return ArrayOf(call.bound.result_type, call.length, {validity}, std::move(children));
}

Result<ArrayPtr> WithField(const KernelCall& call, std::span<const Vector> args) {
  ARROW_ASSIGN_OR_RAISE(ArrayPtr value, Materialize(args[2], call.length));
  return Rebuild(call, args[0], value, static_cast<const arrow::StringArray&>(*args[1].array).GetString(0));
}
Result<ArrayPtr> DropFields(const KernelCall& call, std::span<const Vector> args) {
  return Rebuild(call, args[0], nullptr, "");
}

std::string ShowWithField(std::string_view, std::span<const std::string> args) {
  return fmt::format("update_fields({}, WithField({}))", args[0], args[2]);
}
std::string ShowDropFields(std::string_view, std::span<const std::string> args) {
  std::string out = "update_fields(" + args[0];
  for (size_t i = 1; i < args.size(); ++i) out += ", dropfield()";
  return out + ")";
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
      // Column.withField and dropFields, which SQL does not have.
      {.name = "__with_field",
       .bind = &BindWithField,
       .nulls = NullRule::kCustom,
       .kernel = &WithField,
       .display = &ShowWithField},
      {.name = "__drop_fields",
       .bind = &BindDropFields,
       .nulls = NullRule::kCustom,
       .kernel = &DropFields,
       .display = &ShowDropFields},
  };
  return kTable;
}

}  // namespace sluice::functions
