// UNPIVOT: each row once per value column.
#include <algorithm>

#include "analyzer/plan_resolver.h"
#include "functions/coercion.h"
#include "plan/transform.h"

namespace sluice::analyzer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {

Attributes AllBut(const Attributes& columns, const ExprList& taken) {
  Attributes out;
  for (const auto& column : columns)
    if (std::none_of(taken.begin(), taken.end(),
                     [&](const auto& e) { return As<Attribute>(e) && As<Attribute>(e)->id == column->id; }))
      out.push_back(column);
  return out;
}

Status CheckColumns(const ExprList& given, const char* which, const char* other, const Origin& origin,
                    const AnalyzerContext& context) {
  std::string wrong;
  for (const auto& e : given)
    if (!As<Attribute>(e)) wrong += (wrong.empty() ? "" : ", ") + InDoubleQuotes(ExpressionSql(*e, context.time_zone));
  if (wrong.empty()) return Status::OK();
  return MakeError("UNPIVOT_REQUIRES_ATTRIBUTES", {{"given", which}, {"empty", other}, {"expressions", wrong}},
                   &origin);
}

/// The types that do not go together, each with its columns.
std::string TypesText(const std::vector<ExprList>& values, size_t position, const AnalyzerContext& context) {
  std::vector<std::pair<std::string, std::string>> types;  // type, its columns
  for (const auto& value : values) {
    const std::string type = InDoubleQuotes(value[position]->type->sql());
    const std::string name = QuoteIdentifier(NameOf(value[position], context));
    auto it = std::find_if(types.begin(), types.end(), [&](const auto& t) { return t.first == type; });
    if (it == types.end())
      types.emplace_back(type, name);
    else
      it->second += ", " + name;
  }
  std::sort(types.begin(), types.end());
  std::string out;
  for (const auto& [type, names] : types) out += (out.empty() ? "" : ", ") + type + " (" + names + ")";
  return out;
}

}  // namespace

Result<PlanPtr> PlanResolver::ResolveUnpivot(const PlanPtr& plan) {
  const auto& node = *As<Unpivot>(plan);
  ARROW_ASSIGN_OR_RAISE(PlanPtr child, Resolve(node.children[0]));
  Scope scope{child->output(), {}, {}};
  ExpressionResolver expressions(context_, scope);
  ExprList ids;
  std::vector<ExprList> values;
  if (node.ids) {
    for (const auto& item : *node.ids) {
      ARROW_ASSIGN_OR_RAISE(ExprList resolved, expressions.ResolveSelectItem(item));
      ids.insert(ids.end(), resolved.begin(), resolved.end());
    }
  }
  ExprList flat;
  for (const auto& group : node.values.value_or(std::vector<ExprList>{})) {
    ExprList columns;
    for (const auto& item : group) {
      ARROW_ASSIGN_OR_RAISE(ExprList resolved, expressions.ResolveSelectItem(item));
      columns.insert(columns.end(), resolved.begin(), resolved.end());
    }
    flat.insert(flat.end(), columns.begin(), columns.end());
    if (group.size() == 1 && node.value_columns.size() == 1)  // a star gives a row each
      for (const auto& column : columns) values.push_back({column});
    else
      values.push_back(std::move(columns));
  }
  if (!node.values) {
    ARROW_RETURN_NOT_OK(CheckColumns(ids, "id", "value", node.origin, context_));
    for (const auto& column : AllBut(child->output(), ids)) values.push_back({column});
  } else if (!node.ids) {
    ARROW_RETURN_NOT_OK(CheckColumns(flat, "value", "id", node.origin, context_));
    const Attributes rest = AllBut(child->output(), flat);
    ids.assign(rest.begin(), rest.end());
  }
  if (values.empty()) return MakeError("UNPIVOT_REQUIRES_VALUE_COLUMNS", {}, &node.origin);
  std::string names;
  for (const auto& name : node.value_columns) names += (names.empty() ? "" : ", ") + QuoteIdentifier(name);
  for (const auto& value : values)
    if (value.size() != node.value_columns.size())
      return MakeError("UNPIVOT_VALUE_SIZE_MISMATCH", {{"names", names}}, &node.origin);

  std::vector<DataType> types;
  for (size_t position = 0; position < node.value_columns.size(); ++position) {
    std::vector<DataType> all;
    for (const auto& value : values) all.push_back(*value[position]->type);
    auto type = functions::WiderTypeWithoutPromotion(all, context_.ansi);
    if (!type)
      return MakeError("UNPIVOT_VALUE_DATA_TYPE_MISMATCH", {{"types", TypesText(values, position, context_)}},
                       &node.origin);
    types.push_back(*type);
  }

  auto expand = std::make_shared<Expand>();
  expand->origin = node.origin;
  expand->children = {child};
  expand->resolved = true;
  for (const auto& id : ids) expand->attributes.push_back(ToAttribute(id));
  expand->attributes.push_back(MakeAttribute(node.name_column, DataType::String(), false));
  Attributes value_attributes;
  for (size_t position = 0; position < types.size(); ++position) {
    const bool nullable =
        std::any_of(values.begin(), values.end(), [&](const auto& value) { return value[position]->nullable; });
    value_attributes.push_back(MakeAttribute(node.value_columns[position], types[position], nullable));
  }
  expand->attributes.insert(expand->attributes.end(), value_attributes.begin(), value_attributes.end());
  for (size_t i = 0; i < values.size(); ++i) {
    ExprList projection;
    for (const auto& id : ids) projection.push_back(As<Alias>(id) ? id->children[0] : id);
    std::string name;
    for (const auto& column : values[i]) name += (name.empty() ? "" : "_") + NameOf(column, context_);
    if (i < node.value_aliases.size() && node.value_aliases[i]) name = *node.value_aliases[i];
    projection.push_back(MakeLiteral(StringValue(name)));
    for (size_t position = 0; position < types.size(); ++position) {
      const ExprPtr& value = values[i][position];
      projection.push_back(CastTo(As<Alias>(value) ? value->children[0] : value, types[position], context_));
    }
    expand->projections.push_back(std::move(projection));
  }
  if (node.include_nulls) return PlanPtr(expand);
  ExprPtr any;
  Scope rows{expand->attributes, {}, {}};
  for (const auto& attribute : value_attributes) {
    auto here = std::make_shared<UnresolvedFunction>();
    here->name = {"isnotnull"};
    here->children = {attribute};
    if (any) {
      auto either = std::make_shared<UnresolvedFunction>();
      either->name = {"or"};
      either->is_operator = true;
      either->children = {any, here};
      any = either;
    } else {
      any = here;
    }
  }
  auto filter = std::make_shared<Filter>();
  filter->children = {expand};
  ARROW_ASSIGN_OR_RAISE(filter->condition, ExpressionResolver(context_, rows).Resolve(any));
  return PlanPtr(filter);
}

}  // namespace sluice::analyzer
