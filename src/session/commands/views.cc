// CREATE and DROP of temporary views.
#include <set>

#include "session/commands/commands.h"

namespace sluice::session {

Result<plan::PlanPtr> RunCreateView(Session& session, const plan::CreateView& command) {
  ARROW_ASSIGN_OR_RAISE(plan::PlanPtr query, session.Analyze(command.children[0]));
  if (!command.temporary && !command.global)
    return UnsupportedFeature("CREATE VIEW other than TEMPORARY", &command.origin);
  std::set<std::string> seen;
  for (const auto& column : query->output())
    if (command.column_aliases.empty() && !seen.insert(LowerCase(column->name)).second)
      return MakeError("COLUMN_ALREADY_EXISTS", {{"columnName", QuoteIdentifier(LowerCase(column->name))}});
  if (!command.column_aliases.empty()) {
    auto output = query->output();
    if (output.size() != command.column_aliases.size()) {
      std::string names, data;
      for (const auto& alias : command.column_aliases) names += (names.empty() ? "" : ", ") + QuoteIdentifier(alias);
      for (const auto& a : output) data += (data.empty() ? "" : ", ") + QuoteIdentifier(a->name);
      const bool few = output.size() < command.column_aliases.size();
      return MakeError(few ? "CREATE_VIEW_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS"
                           : "CREATE_VIEW_COLUMN_ARITY_MISMATCH.TOO_MANY_DATA_COLUMNS",
                       {{"viewName", QuoteName(command.name)}, {"viewColumns", names}, {"dataColumns", data}});
    }
    auto alias = std::make_shared<plan::SubqueryAlias>();
    alias->name = {command.name.back()};
    alias->column_aliases = command.column_aliases;
    alias->children = {query};
    ARROW_ASSIGN_OR_RAISE(query, session.Analyze(alias));
  }
  ARROW_RETURN_NOT_OK(session.CreateView(command.name, query, command.global, command.replace));
  return EmptyResult();
}

Result<plan::PlanPtr> RunDropView(Session& session, const plan::DropView& command) {
  ARROW_ASSIGN_OR_RAISE(bool dropped, session.DropView(command.name));
  if (!dropped && !command.if_exists) {
    ARROW_ASSIGN_OR_RAISE(ResolvedName name, session.catalogs().ResolveTable(command.name, session.config()));
    return NotFound(name);
  }
  return EmptyResult();
}

}  // namespace sluice::session
