// double(x), date(x) and the other names of types: casts written as calls.
#include "functions/coercion.h"
#include "functions/families.h"
#include "functions/kernel.h"
#include "functions/signature.h"

namespace sluice::functions {
namespace {

/// The argument is cast by the caller, as an implicit cast would be; the call itself passes it on.
template <DataType (*target)()>
Status BindCast(BindContext& context) {
  const size_t n = context.arg_types.size();
  if (n != 1) return WrongNumArgs(context.name, "1", n);
  const DataType from = context.arg_types[0], to = target();
  if (!CanCast(from, to, context.ansi)) {
    ErrorParameters parameters{{"srcType", InDoubleQuotes(from.sql())}, {"targetType", InDoubleQuotes(to.sql())}};
    const bool legacy = context.ansi && CanCast(from, to, false);
    if (legacy && from.isNumeric() && to.id() == TypeId::kDate) {
      parameters["functionNames"] = "`DATE_FROM_UNIX_DATE`";
    } else if (legacy && from.id() == TypeId::kDate && to.isNumeric()) {
      parameters["functionNames"] = "`UNIX_DATE`";
    } else if (legacy) {
      parameters["config"] = "\"spark.sql.ansi.enabled\"";
      parameters["configVal"] = "'false'";
      return DatatypeMismatch(context, "CAST_WITH_CONF_SUGGESTION", std::move(parameters));
    } else {
      return DatatypeMismatch(context, "CAST_WITHOUT_SUGGESTION", std::move(parameters));
    }
    return DatatypeMismatch(context, "CAST_WITH_FUNC_SUGGESTION", std::move(parameters));
  }
  context.arg_types[0] = context.result_type = to;
  const bool lossless = to.id() == TypeId::kString || TightestCommonType(from, to, context.ansi) == std::optional(to);
  context.result_nullable = context.arg_nullable[0] || !lossless;
  return Status::OK();
}

Result<ArrayPtr> PassOn(const KernelCall&, std::span<const Vector> args) { return args[0].array; }

/// Spark names the column as the argument.
std::string ArgumentOnly(std::string_view, std::span<const std::string> args) {
  return args.empty() ? std::string() : args[0];
}

DataType DefaultDecimal() { return DataType::Decimal(10, 0); }

template <DataType (*target)()>
FunctionDef TypeName(std::string_view name, Example example) {
  return {.name = name,
          .bind = &BindCast<target>,
          .nulls = NullRule::kCustom,
          .group = "conversion_funcs",
          .doc = "The value cast to this type.",
          .example = example,
          .kernel = &PassOn,
          .display = &ArgumentOnly};
}

}  // namespace

std::span<const FunctionDef> TypeCastFunctions() {
  static const FunctionDef kTable[] = {
      TypeName<&DataType::Boolean>("boolean", {"boolean('true')", "true"}),
      TypeName<&DataType::Byte>("tinyint", {"tinyint(1)", "1"}),
      TypeName<&DataType::Short>("smallint", {"smallint(1)", "1"}),
      TypeName<&DataType::Integer>("int", {"int('7')", "7"}),
      TypeName<&DataType::Long>("bigint", {"bigint(1)", "1"}),
      TypeName<&DataType::Float>("float", {"float(1)", "1.0"}),
      TypeName<&DataType::Double>("double", {"double('1.5')", "1.5"}),
      TypeName<&DefaultDecimal>("decimal", {"decimal('12.7')", "13"}),
      TypeName<&DataType::Date>("date", {"date('2024-01-02')", "2024-01-02"}),
      TypeName<&DataType::Timestamp>("timestamp", {"timestamp('2024-01-02 03:04:05')", "2024-01-02 03:04:05"}),
      TypeName<&DataType::Binary>("binary", {"binary('a')", "[61]"}),
      TypeName<&DataType::String>("string", {"string(1)", "1"}),
  };
  return kTable;
}

}  // namespace sluice::functions
