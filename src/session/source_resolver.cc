#include "session/source_resolver.h"

#include "connectors/api/input_file.h"

namespace sluice::session {

namespace {

bool IsMissing(const Status& status) {
  std::string condition = ConditionOf(status);
  return condition == "TABLE_OR_VIEW_NOT_FOUND" || condition == "SCHEMA_NOT_FOUND";
}

Result<connectors::TableVersion> VersionOf(const plan::UnresolvedRelation& relation) {
  connectors::TableVersion version;
  if (relation.version_as_of) {
    const auto* literal = plan::As<plan::Literal>(relation.version_as_of);
    TypedValue value{*literal->type, literal->value};
    if (value.is_null()) return MakeError("INVALID_TIME_TRAVEL_SPEC");
    if (value.type.id() == TypeId::kString) {
      ARROW_ASSIGN_OR_RAISE(version.version, StringOf(value));
    } else {
      ARROW_ASSIGN_OR_RAISE(int64_t id, IntegralOf(value));
      version.version = std::to_string(id);
    }
  }
  if (relation.timestamp_as_of) {
    const auto* literal = plan::As<plan::Literal>(relation.timestamp_as_of);
    TypedValue value{*literal->type, literal->value};
    if (value.is_null()) return MakeError("INVALID_TIME_TRAVEL_TIMESTAMP_EXPR.INPUT", {{"expr", "NULL"}});
    ARROW_ASSIGN_OR_RAISE(version.timestamp_us, IntegralOf(value));
  }
  return version;
}

}  // namespace

DataType SessionResolver::HiddenColumns(const plan::Relation& relation) const {
  if (relation.table && relation.table->reads_metadata_columns()) return relation.table->metadata_columns();
  const auto* files = dynamic_cast<const connectors::TellsInputFile*>(relation.table.get());
  return files ? files->input_file_columns() : DataType::Struct({});
}

plan::PlanPtr MakeRelation(connectors::TablePtr table, NameParts name, OptionMap options, bool is_streaming) {
  auto relation = std::make_shared<plan::Relation>();
  relation->name = table->name();
  relation->options = std::move(options);
  relation->is_streaming = is_streaming;
  for (const auto& field : table->schema().fields()) {
    auto attribute = std::make_shared<plan::Attribute>(*plan::MakeAttribute(field.name, field.type, field.nullable));
    attribute->metadata_json = field.metadata_json;
    relation->attributes.push_back(attribute);
  }
  relation->table = std::move(table);
  relation->resolved = true;
  if (name.empty()) return relation;
  auto alias = std::make_shared<plan::SubqueryAlias>();
  alias->name = std::move(name);
  alias->children = {relation};
  alias->resolved = true;
  return alias;
}

Result<connectors::TablePtr> LoadFormat(const std::string& format, const OptionMap& options,
                                        const std::vector<std::string>& paths, const std::optional<DataType>& schema,
                                        bool is_streaming, bool for_write, const Config& config) {
  ARROW_ASSIGN_OR_RAISE(const connectors::Connector* connector, connectors::FindConnector(format));
  connectors::FormatRequest request;
  request.options = options;
  request.paths = paths;
  if (auto path = GetOption(options, "path"); path && paths.empty()) request.paths = {*path};
  request.schema = schema;
  request.is_streaming = is_streaming;
  request.for_write = for_write;
  request.config = &config;
  return connector->load(request);
}

Result<connectors::TablePtr> LoadTable(Session& session, const NameParts& name, const connectors::TableVersion& version,
                                       const OptionMap& options) {
  const Config config = session.config();
  ARROW_ASSIGN_OR_RAISE(ResolvedName resolved, session.catalogs().ResolveTable(name, config));
  if (resolved.rest.empty()) return MakeError("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", QuoteName(name)}});
  OptionMap with = options;
  for (const char* key : {"spark.wap.branch", "spark.wap.id"})  // which of a table's branches the session works on
    if (auto value = config.Get(key)) with.try_emplace(key, *value);
  auto table = resolved.catalog->LoadTable(resolved.table(), version, with);
  if (!table.ok() && IsMissing(table.status()))
    return MakeError("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", QuoteName(name)}});
  return table;
}

Result<plan::PlanPtr> SessionResolver::ResolveRelation(const plan::UnresolvedRelation& relation) {
  const bool travels = relation.version_as_of || relation.timestamp_as_of;
  if (auto view = session_->FindView(relation.name)) {
    if (travels) return MakeError("UNSUPPORTED_FEATURE.TIME_TRAVEL", {{"relationId", QuoteName(relation.name)}});
    auto alias = std::make_shared<plan::SubqueryAlias>();
    alias->name = relation.name;
    alias->children = {*view};
    alias->resolved = true;
    return plan::PlanPtr(alias);
  }
  ARROW_ASSIGN_OR_RAISE(connectors::TableVersion version, VersionOf(relation));
  auto resolved = session_->catalogs().ResolveTable(relation.name, config_);
  Result<connectors::TablePtr> table = LoadTable(*session_, relation.name, version, relation.options);
  // format.`/path`
  if (!table.ok() && relation.name.size() == 2) {
    const auto connector = connectors::FindConnector(relation.name[0]);
    if (connector.ok())
      table = LoadFormat(relation.name[0], relation.options, {relation.name[1]}, std::nullopt, relation.is_streaming,
                         false, config_);
    else if (ConditionOf(connector.status()) == "UNSUPPORTED_FEATURE")
      table = connector.status();
  }
  if (!table.ok()) return WithOrigin(table.status(), relation.origin);
  if (!(*table)->reads_metadata_columns()) {
    const DataType hidden = (*table)->metadata_columns();
    for (const auto& column : hidden.fields()) unreadable_columns_.insert(column.name);
  }
  NameParts full;
  if (resolved.ok()) {
    full.push_back(resolved->catalog->name());
    full.insert(full.end(), resolved->rest.begin(), resolved->rest.end());
  }
  return MakeRelation(*table, std::move(full), relation.options, relation.is_streaming);
}

Status SessionResolver::ExplainMissing(const Status& error) const {
  if (!ConditionOf(error).starts_with("UNRESOLVED_COLUMN.")) return error;
  const auto& parameters = GetError(error)->getMessageParameters();
  auto name = parameters.find("objectName");
  if (name == parameters.end()) return error;
  for (const auto& column : unreadable_columns_)
    if (LowerCase(name->second).ends_with(QuoteIdentifier(column)))
      return UnsupportedFeature("The metadata column " + column);
  return error;
}

Result<plan::PlanPtr> SessionResolver::ResolveDataSource(const plan::UnresolvedDataSource& source) {
  // format("iceberg").load("catalog.db.table") names a table, a path names a folder.
  const std::string target = !source.paths.empty() ? source.paths[0] : GetOption(source.options, "path").value_or("");
  if (LowerCase(source.format) == "iceberg" && !target.empty() && target.find('/') == std::string::npos) {
    plan::UnresolvedRelation relation;
    for (size_t start = 0; start <= target.size();) {
      size_t end = std::min(target.find('.', start), target.size());
      relation.name.push_back(target.substr(start, end - start));
      start = end + 1;
    }
    relation.options = source.options;
    relation.is_streaming = source.is_streaming;
    auto at = [&](const char* key) { return GetOption(source.options, key); };
    for (const char* key : {"snapshot-id", "branch", "tag", "versionAsOf"})
      if (auto value = at(key)) relation.version_as_of = plan::MakeLiteral(StringValue(*value));
    if (auto value = at("as-of-timestamp"))
      relation.timestamp_as_of =
          plan::MakeLiteral(IntegralValue(std::atoll(value->c_str()) * 1000, DataType::Timestamp()));
    return ResolveRelation(relation);
  }
  ARROW_ASSIGN_OR_RAISE(auto table, LoadFormat(source.format, source.options, source.paths, source.schema,
                                               source.is_streaming, false, config_));
  if (source.is_streaming ? !table->can_stream_read() : !table->can_read())
    return UnsupportedFeature("data source " + source.format +
                              (source.is_streaming ? " as a stream" : " in a batch query"));
  return MakeRelation(std::move(table), {}, source.options, source.is_streaming);
}

}  // namespace sluice::session
