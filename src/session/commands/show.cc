// SHOW TABLES, VIEWS, COLUMNS, FUNCTIONS, TBLPROPERTIES, CREATE TABLE.
#include <algorithm>
#include <set>

#include "plan/transform.h"
#include "session/commands/commands.h"
#include "session/source_resolver.h"

namespace sluice::session {

namespace {

Result<ResolvedName> ParentOf(Session& session, const NameParts& parent) {
  ARROW_ASSIGN_OR_RAISE(ResolvedName name, session.catalogs().ResolveNamespace(parent, session.config()));
  if (name.rest.empty()) name.rest = name.catalog->default_namespace();
  ARROW_ASSIGN_OR_RAISE(bool exists, name.rest.empty() ? Result<bool>(true) : name.catalog->NamespaceExists(name.rest));
  if (exists) return name;
  NameParts full{name.catalog->name()};
  full.insert(full.end(), name.rest.begin(), name.rest.end());
  return MakeError("SCHEMA_NOT_FOUND", {{"schemaName", QuoteName(full)}});
}

bool IsReserved(const std::string& key) {
  static const std::set<std::string> keys{"comment",
                                          "collation",
                                          "location",
                                          "provider",
                                          "owner",
                                          "external",
                                          "is_managed_location",
                                          "option.serialization.format"};
  return keys.count(key) > 0;
}

std::string SqlString(const std::string& text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

/// The table's own properties, for SHOW.
std::map<std::string, std::string> OwnProperties(const connectors::Table& table) {
  std::map<std::string, std::string> out;
  for (const auto& [key, value] : table.properties())
    if (!IsReserved(key)) out[key] = value;
  return out;
}

}  // namespace

Result<plan::PlanPtr> RunShowTables(Session& session, const plan::ShowTables& command) {
  ResultRows rows({"namespace", "tableName", "isTemporary"}, {"isTemporary"});
  if (command.parent.size() == 1 && LowerCase(command.parent[0]) == kGlobalTempDatabase) {
    for (const auto& view : session.ViewNames(true))
      if (MatchesPattern(command.pattern, view)) rows.Add({kGlobalTempDatabase, view, "true"});
  } else {
    ARROW_ASSIGN_OR_RAISE(ResolvedName name, ParentOf(session, command.parent));
    ARROW_ASSIGN_OR_RAISE(auto tables, name.catalog->ListTables(name.rest));
    for (const auto& table : tables)
      if (MatchesPattern(command.pattern, table)) rows.Add({QuoteIfNeeded(name.rest), table, "false"});
    if (name.catalog->name() != kSessionCatalog) return rows.Finish();
  }
  for (const auto& view : session.ViewNames(false))
    if (MatchesPattern(command.pattern, view)) rows.Add({"", view, "true"});
  return rows.Finish();
}

Result<plan::PlanPtr> RunShowViews(Session& session, const plan::ShowViews& command) {
  ResultRows rows({"namespace", "viewName", "isTemporary"}, {"isTemporary"});
  if (command.parent.size() == 1 && LowerCase(command.parent[0]) == kGlobalTempDatabase)
    for (const auto& view : session.ViewNames(true))
      if (MatchesPattern(command.pattern, view)) rows.Add({kGlobalTempDatabase, view, "true"});
  for (const auto& view : session.ViewNames(false))
    if (MatchesPattern(command.pattern, view)) rows.Add({"", view, "true"});
  return rows.Finish();
}

Result<plan::PlanPtr> RunShowColumns(Session& session, const plan::ShowColumns& command) {
  auto relation = std::make_shared<plan::UnresolvedRelation>();
  relation->name = command.name;
  ARROW_ASSIGN_OR_RAISE(plan::PlanPtr analyzed, session.Analyze(relation));
  ResultRows rows({"col_name"});
  for (const auto& attribute : analyzed->output()) rows.Add({attribute->name});
  return rows.Finish();
}

Result<plan::PlanPtr> RunShowFunctions(Session& session, const plan::ShowFunctions& command) {
  std::set<std::string> names;
  auto add = [&](const functions::FunctionDef& def) {
    if (def.name.starts_with("__")) return;  // what other functions turn into
    names.insert(std::string(def.name));
    for (auto alias : def.aliases) names.insert(std::string(alias));
  };
  for (const auto* def : functions::FunctionRegistry::Builtins().All()) add(*def);
  for (const auto* def : session.user_functions()->All()) add(*def);
  ResultRows rows({"function"});
  for (const auto& name : names)
    if (MatchesPattern(command.pattern, name)) rows.Add({name});
  return rows.Finish();
}

Result<plan::PlanPtr> RunShowTableProperties(Session& session, const plan::ShowTableProperties& command) {
  ResultRows rows({"key", "value"});
  if (session.FindView(command.name)) return rows.Finish();
  ARROW_ASSIGN_OR_RAISE(auto table, LoadTable(session, command.name, {}, {}));
  auto properties = OwnProperties(*table);
  if (!command.key) {
    for (const auto& [key, value] : properties) rows.Add({key, value});
    return rows.Finish();
  }
  auto it = properties.find(*command.key);
  rows.Add({*command.key, it != properties.end()
                              ? it->second
                              : "Table " + table->name() + " does not have property: " + *command.key});
  return rows.Finish();
}

Result<plan::PlanPtr> RunShowCreateTable(Session& session, const plan::ShowCreateTable& command) {
  if (session.FindView(command.name))
    return MakeError("EXPECT_PERMANENT_VIEW_NOT_TEMP",
                     {{"viewName", QuoteName(command.name)}, {"operation", "SHOW CREATE TABLE"}}, &command.origin);
  ARROW_ASSIGN_OR_RAISE(auto table, LoadTable(session, command.name, {}, {}));
  std::string text = "CREATE TABLE " + table->name() + " (\n";
  bool first = true;
  for (const auto& field : table->schema().fields()) {
    text += std::string(first ? "" : ",\n") + "  " + QuoteIfNeeded({field.name}) + " " + field.type.sql() +
            (field.nullable ? "" : " NOT NULL");
    if (auto comment = field.comment()) text += " COMMENT " + SqlString(*comment);
    first = false;
  }
  text += ")\nUSING " + table->provider() + "\n";
  std::string partitions, buckets;
  for (const auto& transform : table->partitioning()) {
    if (transform.rfind("bucket(", 0) == 0) {
      size_t comma = transform.find(',');
      std::string column = transform.substr(comma + 2, transform.size() - comma - 3);
      buckets += "CLUSTERED BY (" + column + ")\nINTO " + transform.substr(7, comma - 7) + " BUCKETS\n";
    } else {
      partitions += (partitions.empty() ? "" : ", ") + transform;
    }
  }
  if (!partitions.empty()) text += "PARTITIONED BY (" + partitions + ")\n";
  text += buckets;
  auto properties = table->properties();
  auto comment = table->comment();
  if (!comment && properties.count("comment")) comment = properties["comment"];
  if (comment) text += "COMMENT " + SqlString(*comment) + "\n";
  if (auto location = table->location()) text += "LOCATION " + SqlString(*location) + "\n";
  auto own = OwnProperties(*table);
  if (!own.empty()) {
    text += "TBLPROPERTIES (\n";
    first = true;
    for (const auto& [key, value] : own) {
      text += std::string(first ? "" : ",\n") + "  " + SqlString(key) + " = " + SqlString(value);
      first = false;
    }
    text += ")\n";
  }
  ResultRows rows({"createtab_stmt"});
  rows.Add({text});
  return rows.Finish();
}

}  // namespace sluice::session
