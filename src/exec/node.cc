#include "exec/node.h"

#include "plan/expression_text.h"
#include "types/arrow_types.h"

namespace sluice::exec {

DataType SchemaOf(const plan::Attributes& attributes) {
  std::vector<StructField> fields;
  fields.reserve(attributes.size());
  for (const auto& a : attributes) fields.push_back({a->name, *a->type, a->nullable, a->metadata_json});
  return DataType::Struct(std::move(fields));
}

std::vector<std::shared_ptr<arrow::DataType>> ArrowTypesOf(const plan::Attributes& attributes) {
  std::vector<std::shared_ptr<arrow::DataType>> types;
  types.reserve(attributes.size());
  for (const auto& a : attributes) types.push_back(ToArrowType(*a->type));
  return types;
}

std::string ListText(const plan::ExprList& expressions) {
  std::string text = "[";
  for (size_t i = 0; i < expressions.size(); ++i) {
    if (i > 0) text += ", ";
    text += plan::ExpressionTreeText(*expressions[i]);
  }
  return text + "]";
}

std::string ListText(const plan::Attributes& attributes) {
  return ListText(plan::ExprList(attributes.begin(), attributes.end()));
}

namespace {

void Explain(const ExecNode& node, const std::string& first, const std::string& rest, int* stages, int stage,
             std::string* out) {
  std::string mark;
  if (node.streams()) {
    if (stage == 0) stage = ++*stages;
    mark = "*(" + std::to_string(stage) + ") ";
  } else {
    stage = 0;
  }
  *out += first + mark + node.text() + "\n";
  for (size_t i = 0; i < node.children().size(); ++i) {
    const bool last = i + 1 == node.children().size();
    Explain(*node.children()[i], rest + (last ? "+- " : ":- "), rest + (last ? "   " : ":  "), stages, stage, out);
  }
}

}  // namespace

std::string ExplainTree(const ExecNode& root) {
  std::string text;
  int stages = 0;
  Explain(root, "", "", &stages, 0, &text);
  return text;
}

}  // namespace sluice::exec
