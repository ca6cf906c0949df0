#include "server/connect/translate/catalog_objects.h"

#include <map>

#include "plan/command.h"
#include "server/connect/translate/types.h"
#include "session/commands/commands.h"
#include "session/source_resolver.h"
#include "sql/parser.h"

namespace sluice::connect {

using plan::PlanPtr;
using session::NameParts;

namespace {

template <typename Message>
Result<NameParts> NameOf(const Message& message, const std::string& name) {
  if (!message.has_db_name()) return sql::ParseMultipartIdentifier(name);
  ARROW_ASSIGN_OR_RAISE(NameParts parts, sql::ParseMultipartIdentifier(message.db_name()));
  parts.push_back(name);
  return parts;
}

CatalogRows TableRows() {
  return CatalogRows({CatalogRows::Text("name"), CatalogRows::Text("catalog"), CatalogRows::Names("namespace"),
                      CatalogRows::Text("description"), CatalogRows::Text("tableType"),
                      CatalogRows::Flag("isTemporary")});
}

void AddView(const std::string& name, bool global, CatalogRows* rows) {
  rows->Add({StringValue(name), TextOrNull(std::nullopt),
             NamesValue(global ? NameParts{session::kGlobalTempDatabase} : NameParts{}), TextOrNull(std::nullopt),
             StringValue("TEMPORARY"), BooleanValue(true)});
}

Status AddTable(const session::ResolvedName& name, CatalogRows* rows) {
  ARROW_ASSIGN_OR_RAISE(auto table, name.catalog->LoadTable(name.table(), {}, {}));
  auto comment = table->comment();
  const auto properties = table->properties();
  if (auto it = properties.find("comment"); !comment && it != properties.end()) comment = it->second;
  const bool external = properties.count("external") > 0;
  rows->Add({StringValue(name.rest.back()), StringValue(name.catalog->name()), NamesValue(name.table().ns),
             TextOrNull(comment), StringValue(external ? "EXTERNAL" : "MANAGED"), BooleanValue(false)});
  return Status::OK();
}

bool IsGlobal(const std::string& database) { return session::LowerCase(database) == session::kGlobalTempDatabase; }

/// The view that `name` means, as ViewNames spells it.
std::optional<std::string> ViewOf(const NameParts& name, TranslateContext& context) {
  if (!context.session.FindView(name)) return std::nullopt;
  for (const auto& view : context.session.ViewNames(name.size() == 2))
    if (session::LowerCase(view) == session::LowerCase(name.back())) return view;
  return name.back();
}

/// Every function by name, aliases included, user functions over built-in ones.
std::map<std::string, const functions::FunctionDef*> Functions(const functions::FunctionRegistry& own,
                                                               std::map<std::string, bool>* user) {
  std::map<std::string, const functions::FunctionDef*> out;
  auto add = [&](const functions::FunctionDef& def, bool is_user) {
    if (def.name.starts_with("__")) return;  // what other functions turn into
    out[std::string(def.name)] = &def;
    (*user)[std::string(def.name)] = is_user;
    for (auto alias : def.aliases) {
      out[std::string(alias)] = &def;
      (*user)[std::string(alias)] = is_user;
    }
  };
  for (const auto* def : functions::FunctionRegistry::Builtins().All()) add(*def, false);
  for (const auto* def : own.All()) add(*def, true);
  return out;
}

CatalogRows FunctionRows() {
  return CatalogRows({CatalogRows::Text("name"), CatalogRows::Text("catalog"), CatalogRows::Names("namespace"),
                      CatalogRows::Text("description"), CatalogRows::Text("className"),
                      CatalogRows::Flag("isTemporary")});
}

/// Functions are no classes here: className is empty.
void AddFunction(const std::string& name, const functions::FunctionDef& def, CatalogRows* rows) {
  rows->Add({StringValue(name), TextOrNull(std::nullopt), NullValue(DataType::Array(DataType::String())),
             StringValue(def.doc), StringValue(""), BooleanValue(true)});
}

}  // namespace

Result<session::ResolvedName> ResolveDatabase(const std::string& text, TranslateContext& context) {
  ARROW_ASSIGN_OR_RAISE(NameParts parts, sql::ParseMultipartIdentifier(text));
  ARROW_ASSIGN_OR_RAISE(auto name, context.session.catalogs().ResolveNamespace(parts, context.session.config()));
  ARROW_ASSIGN_OR_RAISE(bool exists, name.catalog->NamespaceExists(name.rest));
  if (exists) return name;
  NameParts full{name.catalog->name()};
  full.insert(full.end(), name.rest.begin(), name.rest.end());
  return MakeError("SCHEMA_NOT_FOUND", {{"schemaName", session::QuoteName(full)}});
}

Result<NameParts> ExistingTable(const std::string& text, TranslateContext& context) {
  ARROW_ASSIGN_OR_RAISE(NameParts parts, sql::ParseMultipartIdentifier(text));
  if (context.session.FindView(parts)) return parts;
  ARROW_RETURN_NOT_OK(session::LoadTable(context.session, parts, {}, {}).status());
  ARROW_ASSIGN_OR_RAISE(auto name, context.session.catalogs().ResolveTable(parts, context.session.config()));
  NameParts full{name.catalog->name()};
  full.insert(full.end(), name.rest.begin(), name.rest.end());
  return full;
}

Result<PlanPtr> ListTables(const proto::Catalog& catalog, TranslateContext& context) {
  const auto& message = catalog.list_tables();
  const auto pattern = PatternOf(message);
  CatalogRows rows = TableRows();
  if (message.has_db_name() && IsGlobal(message.db_name())) {
    for (const auto& view : context.session.ViewNames(true))
      if (session::MatchesPattern(pattern, view)) AddView(view, true, &rows);
  } else {
    session::ResolvedName name;
    if (message.has_db_name()) {
      ARROW_ASSIGN_OR_RAISE(name, ResolveDatabase(message.db_name(), context));
    } else {
      const Config config = context.session.config();
      ARROW_ASSIGN_OR_RAISE(name.catalog,
                            context.session.catalogs().Get(context.session.catalogs().current_catalog(config), config));
      name.rest = context.session.catalogs().current_namespace(config);
    }
    ARROW_ASSIGN_OR_RAISE(auto tables, name.catalog->ListTables(name.rest));
    for (const auto& table : tables) {
      if (!session::MatchesPattern(pattern, table)) continue;
      session::ResolvedName full = name;
      full.rest.push_back(table);
      ARROW_RETURN_NOT_OK(AddTable(full, &rows));
    }
  }
  for (const auto& view : context.session.ViewNames(false))
    if (session::MatchesPattern(pattern, view)) AddView(view, false, &rows);
  return rows.Finish();
}

Result<PlanPtr> GetTable(const proto::Catalog& catalog, TranslateContext& context) {
  const auto& message = catalog.get_table();
  ARROW_ASSIGN_OR_RAISE(NameParts parts, NameOf(message, message.table_name()));
  CatalogRows rows = TableRows();
  if (auto view = ViewOf(parts, context)) {
    AddView(*view, parts.size() == 2, &rows);
    return rows.Finish();
  }
  ARROW_RETURN_NOT_OK(session::LoadTable(context.session, parts, {}, {}).status());  // by its name in the error
  ARROW_ASSIGN_OR_RAISE(auto name, context.session.catalogs().ResolveTable(parts, context.session.config()));
  ARROW_RETURN_NOT_OK(AddTable(name, &rows));
  return rows.Finish();
}

Result<PlanPtr> TableExists(const proto::Catalog& catalog, TranslateContext& context) {
  const auto& message = catalog.table_exists();
  ARROW_ASSIGN_OR_RAISE(NameParts parts, NameOf(message, message.table_name()));
  if (context.session.FindView(parts)) return CatalogRows::OneFlag(true);
  auto name = context.session.catalogs().ResolveTable(parts, context.session.config());
  if (!name.ok() || name->rest.empty()) return CatalogRows::OneFlag(false);
  auto exists = name->catalog->TableExists(name->table());
  return CatalogRows::OneFlag(exists.ok() && *exists);
}

Result<PlanPtr> ListColumns(const proto::Catalog& catalog, TranslateContext& context) {
  const auto& message = catalog.list_columns();
  auto relation = std::make_shared<plan::UnresolvedRelation>();
  ARROW_ASSIGN_OR_RAISE(relation->name, NameOf(message, message.table_name()));
  ARROW_ASSIGN_OR_RAISE(PlanPtr analyzed, context.session.Analyze(relation));
  std::vector<std::string> partitioning;
  if (!context.session.FindView(relation->name)) {
    ARROW_ASSIGN_OR_RAISE(auto table, session::LoadTable(context.session, relation->name, {}, {}));
    partitioning = table->partitioning();
  }
  CatalogRows rows({CatalogRows::Text("name"), CatalogRows::Text("description"), CatalogRows::Text("dataType"),
                    CatalogRows::Flag("nullable"), CatalogRows::Flag("isPartition"), CatalogRows::Flag("isBucket"),
                    CatalogRows::Flag("isCluster")});
  for (const auto& a : analyzed->output()) {
    const StructField field{a->name, *a->type, a->nullable, a->metadata_json};
    const bool partition = std::find(partitioning.begin(), partitioning.end(), a->name) != partitioning.end();
    const bool bucket = std::any_of(partitioning.begin(), partitioning.end(), [&](const std::string& t) {
      return t.starts_with("bucket(") && t.ends_with(", " + a->name + ")");
    });
    rows.Add({StringValue(a->name), TextOrNull(field.comment()), StringValue(a->type->simpleString()),
              BooleanValue(a->nullable), BooleanValue(partition), BooleanValue(bucket), BooleanValue(false)});
  }
  return rows.Finish();
}

namespace {

template <typename Message>
Result<PlanPtr> Create(const Message& message, const std::string& description, bool external,
                       TranslateContext& context) {
  auto create = std::make_shared<plan::CreateTable>();
  ARROW_ASSIGN_OR_RAISE(create->name, sql::ParseMultipartIdentifier(message.table_name()));
  if (!message.has_schema()) return UnsupportedFeature("Catalog.createTable without a schema");
  ARROW_ASSIGN_OR_RAISE(DataType schema, FromProto(message.schema()));
  if (schema.id() != TypeId::kStruct) return InvalidPlan("The schema of a table is no struct.");
  if (schema.fields().empty()) return UnsupportedFeature("Catalog.createTable without a schema");
  create->schema = std::move(schema);
  create->provider = message.has_source() ? message.source() : "";
  create->options = {message.options().begin(), message.options().end()};
  if (message.has_path()) create->location = message.path();
  if (auto path = create->options.find("path"); path != create->options.end()) {
    create->location = path->second;
    create->options.erase(path);
  }
  create->external = external || create->location.has_value();
  if (!description.empty()) create->comment = description;
  ARROW_RETURN_NOT_OK(context.session.Execute(create).status());
  auto relation = std::make_shared<plan::UnresolvedRelation>();
  relation->name = create->name;
  return PlanPtr(relation);
}

}  // namespace

Result<PlanPtr> CreateTable(const proto::Catalog& catalog, TranslateContext& context) {
  return Create(catalog.create_table(), catalog.create_table().description(), false, context);
}
Result<PlanPtr> CreateExternalTable(const proto::Catalog& catalog, TranslateContext& context) {
  return Create(catalog.create_external_table(), "", true, context);
}

Result<PlanPtr> ListFunctions(const proto::Catalog& catalog, TranslateContext& context) {
  const auto& message = catalog.list_functions();
  if (message.has_db_name()) ARROW_RETURN_NOT_OK(ResolveDatabase(message.db_name(), context).status());
  const auto pattern = PatternOf(message);
  CatalogRows rows = FunctionRows();
  const auto own = context.session.user_functions();
  std::map<std::string, bool> user;
  for (const auto& [name, def] : Functions(*own, &user))
    if (session::MatchesPattern(pattern, name)) AddFunction(name, *def, &rows);
  return rows.Finish();
}

Result<PlanPtr> GetFunction(const proto::Catalog& catalog, TranslateContext& context) {
  const auto& message = catalog.get_function();
  ARROW_ASSIGN_OR_RAISE(NameParts parts, NameOf(message, message.function_name()));
  const auto own = context.session.user_functions();
  std::map<std::string, bool> user;
  const auto functions = Functions(*own, &user);
  auto it = functions.find(session::LowerCase(parts.back()));
  if (parts.size() > 1 || it == functions.end())
    return MakeError("UNRESOLVED_ROUTINE",
                     {{"routineName", session::QuoteName(parts)},
                      {"searchPath", "[`system`.`builtin`, `system`.`session`, `spark_catalog`.`default`]"}});
  CatalogRows rows = FunctionRows();
  AddFunction(it->first, *it->second, &rows);
  return rows.Finish();
}

Result<PlanPtr> FunctionExists(const proto::Catalog& catalog, TranslateContext& context) {
  const auto& message = catalog.function_exists();
  ARROW_ASSIGN_OR_RAISE(NameParts parts, NameOf(message, message.function_name()));
  const auto own = context.session.user_functions();
  std::map<std::string, bool> user;
  return CatalogRows::OneFlag(parts.size() == 1 && Functions(*own, &user).count(session::LowerCase(parts[0])) > 0);
}

}  // namespace sluice::connect
