// spark.udf.register and spark.udtf.register.
#include "server/connect/commands.h"
#include "server/connect/translate/python.h"

namespace sluice::connect {

namespace {

Status Register(Result<external::FunctionPtr> function, CommandContext& context) {
  ARROW_RETURN_NOT_OK(function.status());
  context.session.engine().RegisterFunction(
      functions::ToRegister(functions::MakeExternalFunction(*std::move(function))));
  return Status::OK();
}

}  // namespace

Status RunRegisterFunction(const proto::Command& command, CommandContext& context) {
  return Register(ToFunction(command.register_function(), context.translate), context);
}

Status RunRegisterTableFunction(const proto::Command& command, CommandContext& context) {
  return Register(ToFunction(command.register_table_function(), context.translate), context);
}

}  // namespace sluice::connect
