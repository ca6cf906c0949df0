#pragma once
// Python functions that a message brings along.
#include "functions/external.h"
#include "server/connect/translate/expressions.h"

namespace sluice::connect {

/// UNSUPPORTED_FEATURE for functions of other languages and for kinds of Python functions that are not there yet.
Result<external::FunctionPtr> ToFunction(const proto::CommonInlineUserDefinedFunction& message,
                                         TranslateContext& context);
Result<external::FunctionPtr> ToFunction(const proto::CommonInlineUserDefinedTableFunction& message,
                                         TranslateContext& context);
/// f(arguments), unresolved.
Result<plan::ExprPtr> FromInlineFunction(const proto::Expression& expression, Inputs& inputs);

}  // namespace sluice::connect
