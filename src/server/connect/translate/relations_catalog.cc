// spark.catalog: catalogs, databases, views, cache hints; tables and functions are in catalog_objects.cc.
#include "plan/command.h"
#include "server/connect/translate/catalog_objects.h"
#include "server/connect/translate/relations.h"
#include "session/commands/commands.h"
#include "sql/parser.h"

namespace sluice::connect {

using plan::PlanPtr;

namespace {

using Kind = proto::Catalog;
using Function = Result<PlanPtr> (*)(const proto::Catalog&, TranslateContext&);

Result<PlanPtr> CurrentCatalog(const proto::Catalog&, TranslateContext& context) {
  return CatalogRows::OneText(context.session.catalogs().current_catalog(context.session.config()));
}

Result<PlanPtr> SetCurrentCatalog(const proto::Catalog& message, TranslateContext& context) {
  ARROW_RETURN_NOT_OK(context.session.catalogs().SetCurrentCatalog(message.set_current_catalog().catalog_name(),
                                                                   context.session.config()));
  return CatalogRows::Nothing();
}

Result<PlanPtr> ListCatalogs(const proto::Catalog& message, TranslateContext& context) {
  const auto pattern = PatternOf(message.list_catalogs());
  CatalogRows rows({CatalogRows::Text("name"), CatalogRows::Text("description")});
  for (const auto& name : context.session.catalogs().Names(context.session.config()))
    if (session::MatchesPattern(pattern, name)) rows.Add({StringValue(name), TextOrNull(std::nullopt)});
  return rows.Finish();
}

Result<PlanPtr> CurrentDatabase(const proto::Catalog&, TranslateContext& context) {
  const auto ns = context.session.catalogs().current_namespace(context.session.config());
  return CatalogRows::OneText(session::QuoteIfNeeded(ns));
}

Result<PlanPtr> SetCurrentDatabase(const proto::Catalog& message, TranslateContext& context) {
  auto use = std::make_shared<plan::Use>();
  // A name of one part is a database even when a catalog has it too.
  ARROW_ASSIGN_OR_RAISE(use->name, sql::ParseMultipartIdentifier(message.set_current_database().db_name()));
  use->namespace_only = use->name.size() == 1;
  ARROW_RETURN_NOT_OK(context.session.Execute(use).status());
  return CatalogRows::Nothing();
}

CatalogRows DatabaseRows() {
  return CatalogRows({CatalogRows::Text("name"), CatalogRows::Text("catalog"), CatalogRows::Text("description"),
                      CatalogRows::Text("locationUri")});
}

Status AddDatabase(const session::ResolvedName& name, CatalogRows* rows) {
  ARROW_ASSIGN_OR_RAISE(auto properties, name.catalog->LoadNamespace(name.rest));
  auto at = [&](const char* key) {
    auto it = properties.find(key);
    return it == properties.end() ? std::nullopt : std::optional<std::string>(it->second);
  };
  rows->Add({StringValue(session::QuoteIfNeeded(name.rest)), StringValue(name.catalog->name()),
             TextOrNull(at("comment")), TextOrNull(at("location"))});
  return Status::OK();
}

Result<PlanPtr> ListDatabases(const proto::Catalog& message, TranslateContext& context) {
  const auto pattern = PatternOf(message.list_databases());
  const Config config = context.session.config();
  session::ResolvedName name;
  ARROW_ASSIGN_OR_RAISE(name.catalog,
                        context.session.catalogs().Get(context.session.catalogs().current_catalog(config), config));
  ARROW_ASSIGN_OR_RAISE(auto namespaces, name.catalog->ListNamespaces({}));
  CatalogRows rows = DatabaseRows();
  for (auto& ns : namespaces) {
    if (!session::MatchesPattern(pattern, session::QuoteIfNeeded(ns))) continue;
    name.rest = std::move(ns);
    ARROW_RETURN_NOT_OK(AddDatabase(name, &rows));
  }
  return rows.Finish();
}

Result<PlanPtr> GetDatabase(const proto::Catalog& message, TranslateContext& context) {
  ARROW_ASSIGN_OR_RAISE(auto name, ResolveDatabase(message.get_database().db_name(), context));
  CatalogRows rows = DatabaseRows();
  ARROW_RETURN_NOT_OK(AddDatabase(name, &rows));
  return rows.Finish();
}

Result<PlanPtr> DatabaseExists(const proto::Catalog& message, TranslateContext& context) {
  ARROW_ASSIGN_OR_RAISE(auto parts, sql::ParseMultipartIdentifier(message.database_exists().db_name()));
  auto name = context.session.catalogs().ResolveNamespace(parts, context.session.config());
  if (!name.ok()) return CatalogRows::OneFlag(false);
  auto exists = name->catalog->NamespaceExists(name->rest);
  return CatalogRows::OneFlag(exists.ok() && *exists);
}

Result<PlanPtr> DropTempView(const proto::Catalog& message, TranslateContext& context) {
  ARROW_ASSIGN_OR_RAISE(bool dropped, context.session.DropView({message.drop_temp_view().view_name()}));
  return CatalogRows::OneFlag(dropped);
}

Result<PlanPtr> DropGlobalTempView(const proto::Catalog& message, TranslateContext& context) {
  ARROW_ASSIGN_OR_RAISE(bool dropped, context.session.DropView(
                                          {session::kGlobalTempDatabase, message.drop_global_temp_view().view_name()}));
  return CatalogRows::OneFlag(dropped);
}

Result<PlanPtr> IsCached(const proto::Catalog& message, TranslateContext& context) {
  ARROW_ASSIGN_OR_RAISE(auto name, ExistingTable(message.is_cached().table_name(), context));
  return CatalogRows::OneFlag(context.session.cache_hints().Has(name));
}

Result<PlanPtr> CacheTable(const proto::Catalog& message, TranslateContext& context) {
  ARROW_ASSIGN_OR_RAISE(auto name, ExistingTable(message.cache_table().table_name(), context));
  ARROW_RETURN_NOT_OK(context.session.cache_hints().Add(name));
  return CatalogRows::Nothing();
}

Result<PlanPtr> UncacheTable(const proto::Catalog& message, TranslateContext& context) {
  ARROW_ASSIGN_OR_RAISE(auto name, ExistingTable(message.uncache_table().table_name(), context));
  context.session.cache_hints().Remove(name);
  return CatalogRows::Nothing();
}

Result<PlanPtr> ClearCache(const proto::Catalog&, TranslateContext& context) {
  context.session.cache_hints().Clear();
  return CatalogRows::Nothing();
}

/// Tables are read anew by every query, so there is nothing to refresh.
Result<PlanPtr> RefreshTable(const proto::Catalog& message, TranslateContext& context) {
  ARROW_RETURN_NOT_OK(ExistingTable(message.refresh_table().table_name(), context).status());
  return CatalogRows::Nothing();
}
Result<PlanPtr> RefreshByPath(const proto::Catalog&, TranslateContext&) { return CatalogRows::Nothing(); }

Result<PlanPtr> RecoverPartitions(const proto::Catalog& message, TranslateContext& context) {
  ARROW_ASSIGN_OR_RAISE(auto name, ExistingTable(message.recover_partitions().table_name(), context));
  if (context.session.FindView(name))
    return MakeError("EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE",
                     {{"viewName", session::QuoteName(name)}, {"operation", "recoverPartitions()"}});
  return UnsupportedFeature("Catalog.recoverPartitions");
}

struct Line {
  proto::Catalog::CatTypeCase kind;
  Function run;
};
constexpr Line kLines[] = {
    {Kind::kCurrentCatalog, &CurrentCatalog},
    {Kind::kSetCurrentCatalog, &SetCurrentCatalog},
    {Kind::kListCatalogs, &ListCatalogs},
    {Kind::kCurrentDatabase, &CurrentDatabase},
    {Kind::kSetCurrentDatabase, &SetCurrentDatabase},
    {Kind::kListDatabases, &ListDatabases},
    {Kind::kGetDatabase, &GetDatabase},
    {Kind::kDatabaseExists, &DatabaseExists},
    {Kind::kListTables, &ListTables},
    {Kind::kGetTable, &GetTable},
    {Kind::kTableExists, &TableExists},
    {Kind::kListColumns, &ListColumns},
    {Kind::kCreateTable, &CreateTable},
    {Kind::kCreateExternalTable, &CreateExternalTable},
    {Kind::kListFunctions, &ListFunctions},
    {Kind::kGetFunction, &GetFunction},
    {Kind::kFunctionExists, &FunctionExists},
    {Kind::kDropTempView, &DropTempView},
    {Kind::kDropGlobalTempView, &DropGlobalTempView},
    {Kind::kIsCached, &IsCached},
    {Kind::kCacheTable, &CacheTable},
    {Kind::kUncacheTable, &UncacheTable},
    {Kind::kClearCache, &ClearCache},
    {Kind::kRefreshTable, &RefreshTable},
    {Kind::kRefreshByPath, &RefreshByPath},
    {Kind::kRecoverPartitions, &RecoverPartitions},
};

}  // namespace

Result<PlanPtr> FromCatalog(const proto::Relation& relation, TranslateContext& context) {
  for (const Line& line : kLines)
    if (line.kind == relation.catalog().cat_type_case()) return line.run(relation.catalog(), context);
  return UnsupportedFeature("a method of Catalog that this version does not know");
}

}  // namespace sluice::connect
