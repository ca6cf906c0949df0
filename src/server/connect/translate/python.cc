#include "server/connect/translate/python.h"

#include "server/connect/translate/types.h"

namespace sluice::connect {

using namespace plan;  // NOLINT: this room speaks of little else

Result<external::FunctionPtr> ToFunction(const proto::CommonInlineUserDefinedFunction& message,
                                         TranslateContext& context) {
  if (!message.has_python_udf())
    return UnsupportedFeature(std::string(message.has_java_udf() ? "Java" : "Scala") + " function " +
                              message.function_name());
  const auto& udf = message.python_udf();
  python::FunctionSpec spec{message.function_name(), udf.eval_type(), udf.command(), udf.python_ver(), {},
                            message.deterministic()};
  ARROW_ASSIGN_OR_RAISE(spec.result_type, FromProto(udf.output_type()));
  return python::PythonFunction::Make(std::move(spec), context.workers, context.files);
}

Result<external::FunctionPtr> ToFunction(const proto::CommonInlineUserDefinedTableFunction& message,
                                         TranslateContext& context) {
  const auto& udtf = message.python_udtf();
  if (!udtf.has_return_type())
    return UnsupportedFeature("the table function " + message.function_name() +
                              ", whose columns its method analyze() gives");
  python::FunctionSpec spec{message.function_name(), udtf.eval_type(), udtf.command(), udtf.python_ver(), {},
                            message.deterministic()};
  ARROW_ASSIGN_OR_RAISE(spec.result_type, FromProto(udtf.return_type()));
  if (spec.result_type.id() != TypeId::kStruct)
    return MakeError("UDTF_RETURN_TYPE_MISMATCH",
                     {{"name", message.function_name()}, {"return_type", spec.result_type.simpleString()}});
  return python::PythonFunction::Make(std::move(spec), context.workers, context.files);
}

Result<ExprPtr> FromInlineFunction(const proto::Expression& expression, Inputs& inputs) {
  const auto& message = expression.common_inline_user_defined_function();
  ARROW_ASSIGN_OR_RAISE(auto function, ToFunction(message, inputs.context()));
  auto call = std::make_shared<UnresolvedFunction>();
  call->name = {message.function_name()};
  call->external = functions::MakeExternalFunction(std::move(function));
  call->distinct = message.is_distinct();
  ARROW_ASSIGN_OR_RAISE(call->children, ToExpressions(message.arguments(), inputs));
  return ExprPtr(call);
}

}  // namespace sluice::connect
