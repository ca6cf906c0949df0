// Statements around queries, and fitting a query to the table it is written to.
#include <algorithm>
#include <functional>

#include "analyzer/plan_resolver.h"
#include "functions/coercion.h"
#include "functions/insert_check.h"
#include "plan/transform.h"

namespace sluice::analyzer {

using namespace plan;  // NOLINT: this room speaks of little else

namespace {
ExprPtr CastForInsert(const ExprPtr& value, const StructField& field, const AnalyzerContext& context) {
  ExprPtr cast = CastTo(value, field.type, context, true, CastMode::kAnsi);
  if (!functions::CanOverflowInInsert(*value->type, field.type)) return cast;
  auto bound = std::make_shared<functions::BoundCall>();
  bound->arg_types = {field.type};
  bound->result_type = field.type;
  bound->ansi = context.ansi;
  bound->state = std::make_shared<functions::InsertColumn>(field.name, *value->type);
  auto call = std::make_shared<Call>();
  call->children = {cast};
  call->def = &functions::InsertCheck();
  call->bound = std::move(bound);
  call->display_name = call->def->name;
  call->origin = cast->origin;
  call->type = field.type;
  call->nullable = cast->nullable;
  return call;
}
}  // namespace

Result<PlanPtr> PlanResolver::ResolveCommand(const PlanPtr& plan) {
  // A view's query is kept as written and checked; EXPLAIN's is explained by session whatever it is.
  const auto& command = static_cast<const Command&>(*plan);
  if (command.command == CommandKind::kExplain) return plan;
  if (command.command != CommandKind::kInsert) return ResolveChildrenOf(plan);
  const auto& insert = static_cast<const InsertInto&>(command);
  auto target = std::make_shared<UnresolvedRelation>();
  target->name = insert.table;
  target->origin = insert.origin;
  ARROW_ASSIGN_OR_RAISE(PlanPtr table, ResolveRelation(target));
  ARROW_ASSIGN_OR_RAISE(PlanPtr query, Resolve(insert.children[0]));
  if (!insert.static_partition.empty()) return UnsupportedFeature("INSERT with a PARTITION clause", &insert.origin);
  if (insert.replace_where) return UnsupportedFeature("INSERT with REPLACE WHERE", &insert.origin);
  std::string name;
  for (const auto& part : insert.table) name += (name.empty() ? "" : ".") + QuoteIdentifier(part);
  ARROW_ASSIGN_OR_RAISE(query, AlignToTable(query, SchemaOf(*table), name, insert.columns, insert.by_name, context_));
  auto copy = plan->Clone();
  copy->children = {query};
  return PlanPtr(copy);
}

Result<PlanPtr> AlignToTable(const PlanPtr& query, const DataType& table_schema, const std::string& table_name,
                             const std::vector<std::string>& columns, bool by_name, const AnalyzerContext& context) {
  if (context.store_assignment == StoreAssignment::kLegacy)
    return UnsupportedFeature("spark.sql.storeAssignmentPolicy=LEGACY");
  Attributes data = query->output();
  const auto& fields = table_schema.fields();
  std::vector<AttributePtr> source(fields.size());
  auto list = [](const auto& items, auto name) {
    std::string out;
    for (const auto& item : items) out += (out.empty() ? "" : ", ") + QuoteIdentifier(name(item));
    return out;
  };
  auto arity = [&](const char* kind) {
    return MakeError(std::string("INSERT_COLUMN_ARITY_MISMATCH.") + kind,
                     {{"tableName", table_name},
                      {"tableColumns", list(fields, [](const auto& f) { return f.name; })},
                      {"dataColumns", list(data, [](const auto& a) { return a->name; })}});
  };
  auto find = [&](const std::string& name) {
    for (size_t i = 0; i < fields.size(); ++i)
      if (NamesEqual(fields[i].name, name, context.case_sensitive)) return static_cast<int>(i);
    return -1;
  };
  if (!columns.empty()) {
    if (columns.size() != data.size())
      return arity(columns.size() < data.size() ? "TOO_MANY_DATA_COLUMNS" : "NOT_ENOUGH_DATA_COLUMNS");
    for (size_t i = 0; i < columns.size(); ++i) {
      int at = find(columns[i]);
      if (at < 0)
        return MakeError("UNRESOLVED_COLUMN.WITH_SUGGESTION",
                         {{"objectName", QuoteIdentifier(columns[i])},
                          {"proposal", list(fields, [](const auto& f) { return f.name; })}});
      if (source[static_cast<size_t>(at)])
        return MakeError("COLUMN_ALREADY_EXISTS", {{"columnName", QuoteIdentifier(columns[i])}});
      source[static_cast<size_t>(at)] = data[i];
    }
  } else if (by_name) {
    for (const auto& a : data) {
      int at = find(a->name);
      if (at < 0)
        return MakeError("INCOMPATIBLE_DATA_FOR_TABLE.EXTRA_COLUMNS",
                         {{"tableName", table_name}, {"extraColumns", QuoteIdentifier(a->name)}});
      if (source[static_cast<size_t>(at)])
        return MakeError("INCOMPATIBLE_DATA_FOR_TABLE.AMBIGUOUS_COLUMN_NAME",
                         {{"tableName", table_name}, {"colName", QuoteIdentifier(a->name)}});
      source[static_cast<size_t>(at)] = a;
    }
  } else {
    if (data.size() != fields.size())
      return arity(data.size() > fields.size() ? "TOO_MANY_DATA_COLUMNS" : "NOT_ENOUGH_DATA_COLUMNS");
    for (size_t i = 0; i < fields.size(); ++i) source[i] = data[i];
  }
  auto project = std::make_shared<Project>();
  project->resolved = true;
  project->children = {query};
  bool same = fields.size() == data.size();
  for (size_t i = 0; i < fields.size(); ++i) {
    const StructField& field = fields[i];
    if (!source[i]) {
      if (!field.nullable)
        return MakeError("INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_FIND_DATA",
                         {{"tableName", table_name}, {"colName", QuoteIdentifier(field.name)}});
      project->list.push_back(MakeAlias(MakeLiteral(NullValue(field.type)), field.name));
      same = false;
      continue;
    }
    const bool fits = context.store_assignment == StoreAssignment::kStrict
                          ? functions::CanUpCast(*source[i]->type, field.type)
                          : functions::CanStoreAssign(*source[i]->type, field.type);
    if (!fits)
      return MakeError("INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_SAFELY_CAST",
                       {{"tableName", table_name},
                        {"colName", QuoteIdentifier(field.name)},
                        {"srcType", InDoubleQuotes(source[i]->type->sql())},
                        {"targetType", InDoubleQuotes(field.type.sql())}});
    if (source[i]->type->sameType(field.type) && source[i]->name == field.name) {
      project->list.push_back(source[i]);
      same = same && source[i] == data[i];
      continue;
    }
    same = false;
    project->list.push_back(MakeAlias(CastForInsert(source[i], field, context), field.name));
  }
  return same ? query : PlanPtr(project);
}

}  // namespace sluice::analyzer
