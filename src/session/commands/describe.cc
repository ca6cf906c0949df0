// DESCRIBE TABLE, QUERY, FUNCTION.
#include <algorithm>

#include "plan/transform.h"
#include "session/commands/commands.h"
#include "session/source_resolver.h"

namespace sluice::session {

namespace {

void AddColumns(const DataType& schema, ResultRows* rows) {
  for (const auto& field : schema.fields()) rows->Add({field.name, field.type.simpleString(), field.comment()});
}

void AddPartitioning(const connectors::Table& table, ResultRows* rows) {
  const auto partitioning = table.partitioning();
  if (partitioning.empty()) return;
  const bool columns_only = std::none_of(partitioning.begin(), partitioning.end(),
                                         [](const auto& p) { return p.find('(') != std::string::npos; });
  if (!columns_only) {
    rows->Add({"", "", ""});
    rows->Add({"# Partitioning", "", ""});
    for (size_t i = 0; i < partitioning.size(); ++i) rows->Add({"Part " + std::to_string(i), partitioning[i], ""});
    return;
  }
  rows->Add({"# Partition Information", "", ""});
  rows->Add({"# col_name", "data_type", "comment"});
  for (const auto& column : partitioning)
    for (const auto& field : table.schema().fields())
      if (field.name == column) rows->Add({field.name, field.type.simpleString(), field.comment()});
}

void AddDetails(const connectors::Table& table, ResultRows* rows) {
  DataType metadata = table.metadata_columns();
  if (!metadata.fields().empty()) {
    rows->Add({"", "", ""});
    rows->Add({"# Metadata Columns", "", ""});
    for (const auto& field : metadata.fields())
      rows->Add({field.name, field.type.simpleString(), field.comment().value_or("")});
  }
  rows->Add({"", "", ""});
  rows->Add({"# Detailed Table Information", "", ""});
  rows->Add({"Name", table.name(), ""});
  rows->Add({"Type", "MANAGED", ""});
  auto properties = table.properties();
  auto take = [&](const char* key, const char* label, std::optional<std::string> known) {
    auto it = properties.find(key);
    if (it != properties.end()) {
      if (!known) known = it->second;
      properties.erase(it);
    }
    if (known) rows->Add({label, *known, ""});
  };
  take("comment", "Comment", table.comment());
  take("location", "Location", table.location());
  take("provider", "Provider", table.provider());
  take("owner", "Owner", std::nullopt);
  std::string all;
  for (const auto& [key, value] : properties) all += (all.empty() ? "" : ",") + key + "=" + value;
  rows->Add({"Table Properties", "[" + all + "]", ""});
}

}  // namespace

Result<plan::PlanPtr> RunDescribeTable(Session& session, const plan::DescribeTable& command) {
  auto relation = std::make_shared<plan::UnresolvedRelation>();
  relation->name = command.name;
  relation->origin = command.origin;
  ARROW_ASSIGN_OR_RAISE(plan::PlanPtr analyzed, session.Analyze(relation));
  DataType schema = analyzer::SchemaOf(*analyzed);
  if (!command.column.empty()) {
    const StructField* found = nullptr;
    for (const auto& field : schema.fields())
      if (command.column.size() == 1 && LowerCase(field.name) == LowerCase(command.column[0])) found = &field;
    if (!found)
      return MakeError("COLUMN_NOT_FOUND", {{"colName", QuoteName(command.column)},
                                            {"caseSensitiveConfig", "\"spark.sql.caseSensitive\""}});
    ResultRows rows({"info_name", "info_value"});
    rows.Add({"col_name", found->name});
    rows.Add({"data_type", found->type.simpleString()});
    rows.Add({"comment", found->comment().value_or("NULL")});
    return rows.Finish();
  }
  ResultRows rows({"col_name", "data_type", "comment"});
  AddColumns(schema, &rows);
  const plan::Relation* leaf = nullptr;
  if (!session.FindView(command.name))
    plan::Visit(analyzed, [&](const plan::LogicalPlan& node) {
      if (const auto* r = plan::As<plan::Relation>(node)) leaf = r;
      return true;
    });
  if (leaf) {
    AddPartitioning(*leaf->table, &rows);
    if (command.extended) AddDetails(*leaf->table, &rows);
  }
  return rows.Finish();
}

Result<plan::PlanPtr> RunDescribeQuery(Session& session, const plan::DescribeQuery& command) {
  ARROW_ASSIGN_OR_RAISE(plan::PlanPtr analyzed, session.Analyze(command.children[0]));
  ResultRows rows({"col_name", "data_type", "comment"});
  AddColumns(analyzer::SchemaOf(*analyzed), &rows);
  return rows.Finish();
}

Result<plan::PlanPtr> RunDescribeFunction(Session& session, const plan::DescribeFunction& command) {
  const std::string name = LowerCase(command.name);
  const functions::FunctionDef* def = functions::FunctionRegistry::Builtins().Find(name);
  auto user = session.user_functions();
  if (const auto* own = user->Find(name)) def = own;
  if (!def)
    return MakeError("UNRESOLVED_ROUTINE",
                     {{"routineName", QuoteIdentifier(command.name)},
                      {"searchPath", "[`system`.`builtin`, `system`.`session`, `spark_catalog`.`default`]"}},
                     &command.origin);
  ResultRows rows({"function_desc"});
  rows.Add({"Function: " + name});
  rows.Add({"Usage: " + std::string(def->doc.empty() ? std::string_view("N/A.") : def->doc)});
  if (command.extended && !def->example.sql.empty())
    rows.Add({"Extended Usage:\n    Examples:\n      > SELECT " + std::string(def->example.sql) + ";\n       " +
              std::string(def->example.answer)});
  return rows.Finish();
}

}  // namespace sluice::session
