// Any bytes: the parser returns a plan or an error, in time and stack that follow the text's length.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "plan/transform.h"
#include "sql/parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto plan = sluice::sql::ParseStatement(text);
  if (plan.ok()) sluice::plan::PlanTree(**plan);
  auto expr = sluice::sql::ParseExpression(text);
  if (expr.ok()) sluice::plan::ExpressionName(**expr);
  (void)sluice::sql::ParseMultipartIdentifier(text);
  (void)sluice::sql::SplitStatements(text);
  return 0;
}
