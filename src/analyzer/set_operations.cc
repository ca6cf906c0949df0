// UNION, INTERSECT, EXCEPT: columns by position (or name), widened to common types.
#include <algorithm>
#include <set>

#include "analyzer/plan_resolver.h"
#include "functions/coercion.h"
#include "plan/transform.h"

namespace sluice::analyzer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {
const char* Ordinal(size_t i) {
  static const char* const kWords[] = {"first", "second",  "third",  "fourth", "fifth",
                                       "sixth", "seventh", "eighth", "ninth",  "tenth"};
  return i < 10 ? kWords[i] : "later";
}
}  // namespace

Result<std::vector<PlanPtr>> PlanResolver::Coerce(std::vector<PlanPtr> children, const char* operation,
                                                  const Origin& origin) {
  std::vector<Attributes> outputs;
  for (const auto& child : children) outputs.push_back(child->output());
  for (size_t i = 1; i < outputs.size(); ++i)
    if (outputs[i].size() != outputs[0].size())
      return MakeError("NUM_COLUMNS_MISMATCH",
                       {{"operator", operation},
                        {"firstNumColumns", std::to_string(outputs[0].size())},
                        {"invalidOrdinalNum", Ordinal(i)},
                        {"invalidNumColumns", std::to_string(outputs[i].size())}},
                       &origin);
  for (size_t c = 0; c < outputs[0].size(); ++c) {
    DataType type = *outputs[0][c]->type;
    for (size_t i = 1; i < outputs.size(); ++i) {
      auto wider = functions::WiderType(type, *outputs[i][c]->type, context_.ansi);
      if (!wider)
        return MakeError("INCOMPATIBLE_COLUMN_TYPE",
                         {{"tableOrdinalNumber", Ordinal(i)},
                          {"columnOrdinalNumber", Ordinal(c)},
                          {"dataType2", InDoubleQuotes(type.sql())},
                          {"operator", operation},
                          {"hint", ""},
                          {"dataType1", InDoubleQuotes(outputs[i][c]->type->sql())}},
                         &origin);
      type = *wider;
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (outputs[i][c]->type->sameType(type)) continue;
      auto project = std::make_shared<Project>();
      for (size_t k = 0; k < outputs[i].size(); ++k)
        project->list.push_back(
            k == c ? MakeAlias(CastTo(outputs[i][k], type, context_, true, std::nullopt, &origin), outputs[i][k]->name)
                   : ExprPtr(outputs[i][k]));
      project->children = {children[i]};
      project->resolved = true;
      children[i] = project;
      outputs[i] = children[i]->output();
    }
  }
  return children;
}

Result<PlanPtr> PlanResolver::ResolveUnion(const PlanPtr& plan) {
  const auto& node = *As<Union>(plan);
  std::vector<PlanPtr> children;
  for (const auto& child : node.children) {
    ARROW_ASSIGN_OR_RAISE(PlanPtr resolved, Resolve(child));
    children.push_back(std::move(resolved));
  }
  if (node.by_name) {
    Attributes first = children[0]->output();
    std::vector<std::string> names;
    for (const auto& a : first) names.push_back(a->name);
    if (node.allow_missing_columns)
      for (size_t i = 1; i < children.size(); ++i)
        for (const auto& a : children[i]->output())
          if (std::none_of(names.begin(), names.end(),
                           [&](const auto& n) { return NamesEqual(n, a->name, context_.case_sensitive); }))
            names.push_back(a->name);
    for (auto& child : children) {
      auto project = std::make_shared<Project>();
      Attributes output = child->output();
      for (const auto& name : names) {
        auto it = std::find_if(output.begin(), output.end(),
                               [&](const auto& a) { return NamesEqual(a->name, name, context_.case_sensitive); });
        if (it != output.end()) {
          project->list.push_back(*it);
        } else if (node.allow_missing_columns) {
          project->list.push_back(MakeAlias(MakeLiteral(NullValue()), name));
        } else {
          std::string columns;
          for (const auto& a : output) columns += (columns.empty() ? "" : ", ") + a->name;
          return MakeError("_LEGACY_ERROR_TEMP_1201", {{"colName", name}, {"fieldNames", columns}}, &node.origin);
        }
      }
      project->children = {child};
      project->resolved = true;
      child = project;
    }
  }
  ARROW_ASSIGN_OR_RAISE(children, Coerce(std::move(children), "UNION", node.origin));
  auto copy = std::static_pointer_cast<Union>(node.Clone());
  copy->children = children;
  copy->by_name = false;
  copy->attributes.clear();
  Attributes first = children[0]->output();
  for (size_t c = 0; c < first.size(); ++c) {
    auto attribute = std::static_pointer_cast<Attribute>(first[c]->Clone());
    attribute->id = NextExprId();
    attribute->qualifier.clear();
    for (const auto& child : children) attribute->nullable = attribute->nullable || child->output()[c]->nullable;
    copy->attributes.push_back(attribute);
  }
  return PlanPtr(copy);
}

namespace {

Status RefuseMaps(const LogicalPlan& plan, const Origin& origin) {
  for (const auto& column : plan.output())
    if (functions::HasMap(*column->type))
      return MakeError("UNSUPPORTED_FEATURE.SET_OPERATION_ON_MAP_TYPE",
                       {{"colName", QuoteIdentifier(column->name)}, {"dataType", InDoubleQuotes(column->type->sql())}},
                       &origin);
  return Status::OK();
}

}  // namespace

Result<PlanPtr> PlanResolver::ResolveDistinct(const PlanPtr& plan) {
  ARROW_ASSIGN_OR_RAISE(PlanPtr resolved, ResolveChildrenOf(plan));
  ARROW_RETURN_NOT_OK(RefuseMaps(*resolved, plan->origin));
  return resolved;
}

Result<PlanPtr> PlanResolver::ResolveSetOperation(const PlanPtr& plan) {
  const auto& node = *As<SetOperation>(plan);
  ARROW_ASSIGN_OR_RAISE(PlanPtr left, Resolve(node.children[0]));
  ARROW_ASSIGN_OR_RAISE(PlanPtr right, Resolve(node.children[1]));
  std::set<ExprId> ids;
  for (const auto& a : left->output()) ids.insert(a->id);
  Attributes output = right->output();
  if (std::any_of(output.begin(), output.end(), [&](const auto& a) { return ids.count(a->id) > 0; }))
    right = FreshIds(right);
  const char* name = node.type == SetOperationType::kIntersect ? (node.all ? "INTERSECT ALL" : "INTERSECT")
                                                               : (node.all ? "EXCEPT ALL" : "EXCEPT");
  ARROW_ASSIGN_OR_RAISE(auto children, Coerce({left, right}, name, node.origin));
  for (const auto& child : children) ARROW_RETURN_NOT_OK(RefuseMaps(*child, node.origin));
  auto copy = node.Clone();
  copy->children = children;
  return PlanPtr(copy);
}

}  // namespace sluice::analyzer
