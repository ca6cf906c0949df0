#pragma once
// Statements that are not queries: run at once, answered with rows whose columns are Spark's. One file per group.
#include "connectors/api/catalog.h"
#include "plan/command.h"
#include "session/session.h"

namespace sluice::session {

/// `parsed` is a plan::Command as the parser (or the API) made it. Gives a resolved LocalRelation.
Result<plan::PlanPtr> RunCommand(Session& session, const plan::PlanPtr& parsed);

// namespaces.cc
Result<plan::PlanPtr> RunCreateNamespace(Session&, const plan::CreateNamespace&);
Result<plan::PlanPtr> RunDropNamespace(Session&, const plan::DropNamespace&);
Result<plan::PlanPtr> RunShowNamespaces(Session&, const plan::ShowNamespaces&);
Result<plan::PlanPtr> RunShowCurrentNamespace(Session&, const plan::ShowCurrentNamespace&);
Result<plan::PlanPtr> RunDescribeNamespace(Session&, const plan::DescribeNamespace&);
Result<plan::PlanPtr> RunShowCatalogs(Session&, const plan::ShowCatalogs&);
Result<plan::PlanPtr> RunUse(Session&, const plan::Use&);
Result<plan::PlanPtr> RunSetCatalog(Session&, const plan::SetCatalog&);
// tables.cc
Result<plan::PlanPtr> RunCreateTable(Session&, const plan::CreateTable&);
Result<plan::PlanPtr> RunDropTable(Session&, const plan::DropTable&);
// writes.cc
Result<plan::PlanPtr> RunInsert(Session&, const plan::InsertInto&);
// show.cc
Result<plan::PlanPtr> RunShowTables(Session&, const plan::ShowTables&);
Result<plan::PlanPtr> RunShowViews(Session&, const plan::ShowViews&);
Result<plan::PlanPtr> RunShowColumns(Session&, const plan::ShowColumns&);
Result<plan::PlanPtr> RunShowFunctions(Session&, const plan::ShowFunctions&);
Result<plan::PlanPtr> RunShowTableProperties(Session&, const plan::ShowTableProperties&);
Result<plan::PlanPtr> RunShowCreateTable(Session&, const plan::ShowCreateTable&);
// describe.cc
Result<plan::PlanPtr> RunDescribeTable(Session&, const plan::DescribeTable&);
Result<plan::PlanPtr> RunDescribeQuery(Session&, const plan::DescribeQuery&);
Result<plan::PlanPtr> RunDescribeFunction(Session&, const plan::DescribeFunction&);
// set.cc
Result<plan::PlanPtr> RunSet(Session&, const plan::Set&);
Result<plan::PlanPtr> RunReset(Session&, const plan::Reset&);
// views.cc
Result<plan::PlanPtr> RunCreateView(Session&, const plan::CreateView&);
Result<plan::PlanPtr> RunDropView(Session&, const plan::DropView&);
// explain.cc of the room
Result<plan::PlanPtr> RunExplain(Session&, const plan::Explain&);

/// SHOW ... LIKE: `*` stands for anything, `|` separates alternatives, case does not matter.
bool MatchesPattern(const std::optional<std::string>& pattern, const std::string& name);
/// `a b`.c: quoted where it has to be, as SHOW writes names.
std::string QuoteIfNeeded(const NameParts& parts);
/// TABLE_OR_VIEW_NOT_FOUND, with the full name.
Status NotFound(const ResolvedName& name);
/// A query's rows into a table of a catalog, committed.
Status WriteTable(Session& session, const plan::PlanPtr& analyzed, connectors::Table& table, connectors::WriteMode mode,
                  const OptionMap& options);
/// A definition from CREATE TABLE's clauses; COLUMN_ALREADY_EXISTS for repeated names.
Result<connectors::TableDefinition> DefinitionOf(const plan::CreateTable& command, const DataType& schema);

}  // namespace sluice::session
