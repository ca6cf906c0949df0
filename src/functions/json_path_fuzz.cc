// get_json_object: a path on the first line, documents on the others.
#include <arrow/array.h>
#include <arrow/builder.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "functions/kernel.h"
#include "functions/registry.h"
#include "types/time_zone.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  using namespace sluice::functions;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t first = std::min(input.find('\n'), input.size());
  arrow::StringBuilder documents, path;
  for (size_t from = first + 1; from < input.size() && documents.length() < 64;) {
    const size_t end = std::min(input.find('\n', from), input.size());
    if (!documents.Append(input.substr(from, end - from)).ok()) std::abort();
    from = end + 1;
  }
  if (!path.Append(input.substr(0, first)).ok()) std::abort();
  const int64_t rows = documents.length();
  const std::vector<Vector> args = {{documents.Finish().ValueOrDie(), false}, {path.Finish().ValueOrDie(), true}};

  const FunctionDef& def = *FunctionRegistry::Builtins().Find("get_json_object");
  BindContext binding;
  binding.name = "get_json_object";
  binding.arg_types = {DataType::String(), DataType::String()};
  binding.arg_nullable = {true, true};
  binding.arg_literals = {nullptr, nullptr};
  binding.arg_is_literal = {false, false};
  binding.arg_names.resize(2);
  if (!BindFunction(def, &binding).ok()) std::abort();
  const BoundCall bound = MakeBoundCall(binding);
  EvalContext context;
  context.zone = *TimeZone::Find("UTC");
  const KernelCall call{bound, context, rows, nullptr};
  const auto result = CallKernel(def, call, args);
  if (!result.ok() || (*result)->length() != rows || !(*result)->Validate().ok()) std::abort();
  return 0;
}
