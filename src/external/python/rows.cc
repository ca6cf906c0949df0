#include "external/python/rows.h"

#include <nlohmann/json.hpp>

#include "external/python/function.h"
#include "rows_python.h"  // the text of rows.py, generated

namespace sluice::python {

namespace {

/// Opcodes of Python's pickle protocol 3.
class Pickle {
 public:
  Pickle() { bytes_ = "\x80\x03"; }
  Pickle& Raw(std::string_view text) {
    bytes_ += text;
    return *this;
  }
  Pickle& Text(std::string_view text) { return Sized('X', text); }
  Pickle& Bytes(std::string_view bytes) { return Sized('B', bytes); }
  std::string Take() { return std::move(bytes_ += '.'); }

 private:
  Pickle& Sized(char opcode, std::string_view text) {
    bytes_ += opcode;
    for (int i = 0; i < 4; ++i) bytes_ += static_cast<char>(text.size() >> (8 * i));
    bytes_ += text;
    return *this;
  }
  std::string bytes_;
};

}  // namespace

std::string RowsCommand(const external::StreamRequest& request) {
  const auto& first = *static_cast<const PythonFunction*>(request.calls[0].function);
  nlohmann::json spec;
  spec["inputs"] = nlohmann::json::parse(request.inputs[0].json());
  spec["kind"] = first.shape() == external::Shape::kTable  ? "table"
                 : first.eval_type() == EvalType::kForeach ? "foreach"
                                                           : "columns";
  spec["calls"] = nlohmann::json::array();
  for (const auto& call : request.calls) {
    nlohmann::json one{{"args", nlohmann::json::array()}, {"kwargs", nlohmann::json::object()}};
    for (const auto& argument : call.arguments) {
      if (argument.name.empty())
        one["args"].push_back(argument.column);
      else
        one["kwargs"][argument.name] = argument.column;
    }
    one["name"] = call.function->name();
    one["result"] = nlohmann::json::parse(call.function->result_type().json());
    spec["calls"].push_back(std::move(one));
  }
  // eval("exec(source, globals()) or make(spec, commands)", {"source": ..., "spec": ..., "commands": [...]})
  Pickle pickle;
  pickle.Raw("cbuiltins\neval\n").Text("exec(source, globals()) or make(spec, commands)").Raw("}(");
  pickle.Text("source").Text(kRowsPython).Text("spec").Text(spec.dump()).Text("commands").Raw("](");
  for (const auto& call : request.calls)
    pickle.Bytes(static_cast<const PythonFunction*>(call.function)->spec().command);
  return pickle.Raw("eu\x86R").Take();
}

}  // namespace sluice::python
