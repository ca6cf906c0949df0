// CREATE TABLE, CREATE TABLE AS, REPLACE TABLE, DROP TABLE.
#include <set>

#include "session/commands/commands.h"
#include "session/source_resolver.h"

namespace sluice::session {

namespace {

Status CheckProvider(const plan::CreateTable& command) {
  static const std::set<std::string> known{"", "iceberg", "parquet", "avro", "orc"};
  const std::string provider = LowerCase(command.provider);
  if (known.count(provider)) return Status::OK();
  ARROW_RETURN_NOT_OK(connectors::FindConnector(provider).status());
  return UnsupportedFeature("tables of format " + provider + " in a catalog");
}

}  // namespace

Result<connectors::TableDefinition> DefinitionOf(const plan::CreateTable& command, const DataType& schema) {
  connectors::TableDefinition definition;
  std::set<std::string> seen;
  for (const auto& field : schema.fields())
    if (!seen.insert(LowerCase(field.name)).second)
      return MakeError("COLUMN_ALREADY_EXISTS", {{"columnName", QuoteIdentifier(LowerCase(field.name))}});
  definition.schema = schema;
  for (const auto& field : command.partitioning)
    definition.partitioning.push_back({field.transform, field.column, field.argument});
  definition.properties = command.properties;
  for (const auto& [key, value] : command.options) definition.properties.emplace(key, value);
  const std::string provider = LowerCase(command.provider);
  if (!provider.empty() && provider != "iceberg") definition.properties.emplace("write.format.default", provider);
  definition.comment = command.comment;
  definition.location = command.location;
  return definition;
}

Result<plan::PlanPtr> RunCreateTable(Session& session, const plan::CreateTable& command) {
  ARROW_ASSIGN_OR_RAISE(ResolvedName name, session.catalogs().ResolveTable(command.name, session.config()));
  plan::PlanPtr query;
  if (!command.children.empty()) {
    ARROW_ASSIGN_OR_RAISE(query, session.Analyze(command.children[0]));
  }
  ARROW_RETURN_NOT_OK(CheckProvider(command));
  ARROW_ASSIGN_OR_RAISE(bool exists, name.catalog->TableExists(name.table()));
  if (exists && command.if_not_exists) return EmptyResult();
  if (exists && !command.or_replace && !command.must_exist) {
    NameParts shown = name.rest;
    if (name.catalog->name() != kSessionCatalog || true) shown.insert(shown.begin(), name.catalog->name());
    return MakeError("TABLE_OR_VIEW_ALREADY_EXISTS", {{"relationName", QuoteName(shown)}});
  }
  if (!exists && command.must_exist && !command.or_replace)
    return MakeError("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", QuoteName(command.name)}});
  DataType schema = command.schema.value_or(DataType::Struct({}));
  if (query) {
    // As a table of its own: no nullability is promised, comments stay.
    std::vector<StructField> fields = analyzer::SchemaOf(*query).fields();
    for (auto& field : fields) field.nullable = true;
    schema = DataType::Struct(std::move(fields)).asNullable();
  }
  ARROW_ASSIGN_OR_RAISE(auto definition, DefinitionOf(command, schema));
  auto audited = definition.properties.find("write.wap.enabled");
  if (query && audited != definition.properties.end() && LowerCase(audited->second) == "true")
    for (const char* key : {"spark.wap.branch", "spark.wap.id"})
      if (session.config().Get(key))
        return UnsupportedFeature(std::string("CREATE TABLE AS SELECT under write-audit-publish (") + key + ")");
  if (!query && !exists) {
    ARROW_RETURN_NOT_OK(name.catalog->CreateTable(name.table(), definition).status());
    return EmptyResult();
  }
  ARROW_ASSIGN_OR_RAISE(auto staged, name.catalog->StageTable(name.table(), definition, exists));
  if (query) {
    Status written = WriteTable(session, query, *staged->table(), connectors::WriteMode::kAppend,
                                OptionMap(command.options.begin(), command.options.end()));
    if (!written.ok()) {
      staged->Abort();
      return written;
    }
  }
  ARROW_RETURN_NOT_OK(staged->Commit());
  return EmptyResult();
}

Status NotFound(const ResolvedName& name) {
  NameParts full{name.catalog->name()};
  full.insert(full.end(), name.rest.begin(), name.rest.end());
  return MakeError("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", QuoteName(full)}});
}

Result<plan::PlanPtr> RunDropTable(Session& session, const plan::DropTable& command) {
  // As Spark: a temporary view of that name goes first.
  ARROW_ASSIGN_OR_RAISE(bool dropped, session.DropView(command.name));
  if (dropped) return EmptyResult();
  ARROW_ASSIGN_OR_RAISE(ResolvedName name, session.catalogs().ResolveTable(command.name, session.config()));
  ARROW_ASSIGN_OR_RAISE(dropped, name.catalog->DropTable(name.table(), command.purge));
  if (!dropped && !command.if_exists) return NotFound(name);
  return EmptyResult();
}

}  // namespace sluice::session
