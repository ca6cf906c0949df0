// CREATE, DROP, SHOW, DESCRIBE NAMESPACE; USE; SHOW CATALOGS.
#include "session/commands/commands.h"

namespace sluice::session {

namespace {

Status SchemaNotFound(const ResolvedName& name) {
  NameParts full{name.catalog->name()};
  full.insert(full.end(), name.rest.begin(), name.rest.end());
  return MakeError("SCHEMA_NOT_FOUND", {{"schemaName", QuoteName(full)}});
}

Status CheckExists(const ResolvedName& name) {
  if (name.rest.empty()) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(bool exists, name.catalog->NamespaceExists(name.rest));
  return exists ? Status::OK() : SchemaNotFound(name);
}

}  // namespace

Result<plan::PlanPtr> RunCreateNamespace(Session& session, const plan::CreateNamespace& command) {
  ARROW_ASSIGN_OR_RAISE(ResolvedName name, session.catalogs().ResolveNamespace(command.name, session.config()));
  if (name.rest.empty()) return MakeError("INVALID_SCHEMA_OR_RELATION_NAME", {{"name", QuoteName(command.name)}});
  ARROW_RETURN_NOT_OK(name.catalog->CreateNamespace(name.rest, command.properties, command.if_not_exists));
  return EmptyResult();
}

Result<plan::PlanPtr> RunDropNamespace(Session& session, const plan::DropNamespace& command) {
  ARROW_ASSIGN_OR_RAISE(ResolvedName name, session.catalogs().ResolveNamespace(command.name, session.config()));
  ARROW_ASSIGN_OR_RAISE(bool exists, name.catalog->NamespaceExists(name.rest));
  if (!exists) return command.if_exists ? Result<plan::PlanPtr>(EmptyResult()) : SchemaNotFound(name);
  ARROW_RETURN_NOT_OK(name.catalog->DropNamespace(name.rest, command.if_exists, command.cascade));
  return EmptyResult();
}

Result<plan::PlanPtr> RunShowNamespaces(Session& session, const plan::ShowNamespaces& command) {
  const Config config = session.config();
  ResolvedName name;
  if (command.parent.empty()) {
    ARROW_ASSIGN_OR_RAISE(name.catalog, session.catalogs().Get(session.catalogs().current_catalog(config), config));
  } else {
    ARROW_ASSIGN_OR_RAISE(name, session.catalogs().ResolveNamespace(command.parent, config));
  }
  ARROW_RETURN_NOT_OK(CheckExists(name));
  ARROW_ASSIGN_OR_RAISE(auto namespaces, name.catalog->ListNamespaces(name.rest));
  ResultRows rows({"namespace"});
  for (const auto& ns : namespaces) {
    std::string text = QuoteIfNeeded(ns);
    if (MatchesPattern(command.pattern, text)) rows.Add({text});
  }
  return rows.Finish();
}

Result<plan::PlanPtr> RunShowCurrentNamespace(Session& session, const plan::ShowCurrentNamespace&) {
  const Config config = session.config();
  ResultRows rows({"catalog", "namespace"});
  rows.Add({QuoteIfNeeded({session.catalogs().current_catalog(config)}),
            QuoteIfNeeded(session.catalogs().current_namespace(config))});
  return rows.Finish();
}

Result<plan::PlanPtr> RunDescribeNamespace(Session& session, const plan::DescribeNamespace& command) {
  ARROW_ASSIGN_OR_RAISE(ResolvedName name, session.catalogs().ResolveNamespace(command.name, session.config()));
  ARROW_RETURN_NOT_OK(CheckExists(name));
  ARROW_ASSIGN_OR_RAISE(auto properties, name.catalog->LoadNamespace(name.rest));
  ResultRows rows({"info_name", "info_value"});
  rows.Add({"Catalog Name", name.catalog->name()});
  rows.Add({"Namespace Name", name.rest.empty() ? "" : name.rest.back()});
  for (const auto& [key, label] :
       {std::pair("comment", "Comment"), std::pair("location", "Location"), std::pair("owner", "Owner")}) {
    auto it = properties.find(key);
    if (it == properties.end()) continue;
    rows.Add({label, it->second});
    properties.erase(it);
  }
  if (command.extended) {
    std::string all;
    for (const auto& [key, value] : properties) all += (all.empty() ? "(" : ", (") + key + "," + value + ")";
    rows.Add({"Properties", all.empty() ? "" : "(" + all + ")"});
  }
  return rows.Finish();
}

Result<plan::PlanPtr> RunShowCatalogs(Session& session, const plan::ShowCatalogs& command) {
  ResultRows rows({"catalog"});
  for (const auto& name : session.catalogs().Names(session.config()))
    if (MatchesPattern(command.pattern, name)) rows.Add({QuoteIfNeeded({name})});
  return rows.Finish();
}

Result<plan::PlanPtr> RunUse(Session& session, const plan::Use& command) {
  const Config config = session.config();
  Catalogs& catalogs = session.catalogs();
  if (!command.namespace_only && Catalogs::IsConfigured(command.name[0], config)) {
    if (command.name.size() == 1) {
      ARROW_RETURN_NOT_OK(catalogs.SetCurrentCatalog(command.name[0], config));
    } else {
      ARROW_RETURN_NOT_OK(catalogs.SetCurrentNamespace(
          command.name[0], NameParts(command.name.begin() + 1, command.name.end()), config));
    }
    return EmptyResult();
  }
  ARROW_ASSIGN_OR_RAISE(ResolvedName name, catalogs.ResolveNamespace(command.name, config));
  ARROW_RETURN_NOT_OK(catalogs.SetCurrentNamespace(name.catalog->name(), name.rest, config));
  return EmptyResult();
}

Result<plan::PlanPtr> RunSetCatalog(Session& session, const plan::SetCatalog& command) {
  ARROW_RETURN_NOT_OK(session.catalogs().SetCurrentCatalog(command.name, session.config()));
  return EmptyResult();
}

}  // namespace sluice::session
