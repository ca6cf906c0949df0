#include "session/commands/commands.h"

#include <cctype>
#include <sstream>

#include "plan/transform.h"

namespace sluice::session {

namespace {

using Runner = Result<plan::PlanPtr> (*)(Session&, const plan::LogicalPlan&);

template <typename T, Result<plan::PlanPtr> (*kRun)(Session&, const T&)>
Result<plan::PlanPtr> Adapt(Session& session, const plan::LogicalPlan& command) {
  return kRun(session, static_cast<const T&>(command));
}

struct Line {
  plan::CommandKind kind;
  Runner run;
};

template <typename T, Result<plan::PlanPtr> (*kRun)(Session&, const T&)>
constexpr Line Row() {
  return {T::kCommandKind, &Adapt<T, kRun>};
}

constexpr Line kCommands[] = {
    Row<plan::CreateNamespace, &RunCreateNamespace>(),
    Row<plan::DropNamespace, &RunDropNamespace>(),
    Row<plan::ShowNamespaces, &RunShowNamespaces>(),
    Row<plan::ShowCurrentNamespace, &RunShowCurrentNamespace>(),
    Row<plan::DescribeNamespace, &RunDescribeNamespace>(),
    Row<plan::ShowCatalogs, &RunShowCatalogs>(),
    Row<plan::Use, &RunUse>(),
    Row<plan::SetCatalog, &RunSetCatalog>(),
    Row<plan::CreateTable, &RunCreateTable>(),
    Row<plan::DropTable, &RunDropTable>(),
    Row<plan::InsertInto, &RunInsert>(),
    Row<plan::ShowTables, &RunShowTables>(),
    Row<plan::ShowViews, &RunShowViews>(),
    Row<plan::ShowColumns, &RunShowColumns>(),
    Row<plan::ShowFunctions, &RunShowFunctions>(),
    Row<plan::ShowTableProperties, &RunShowTableProperties>(),
    Row<plan::ShowCreateTable, &RunShowCreateTable>(),
    Row<plan::DescribeTable, &RunDescribeTable>(),
    Row<plan::DescribeQuery, &RunDescribeQuery>(),
    Row<plan::DescribeFunction, &RunDescribeFunction>(),
    Row<plan::Set, &RunSet>(),
    Row<plan::Reset, &RunReset>(),
    Row<plan::CreateView, &RunCreateView>(),
    Row<plan::DropView, &RunDropView>(),
    Row<plan::Explain, &RunExplain>(),
};

bool MatchesGlob(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern[0] == '*') {
    for (size_t i = 0; i <= name.size(); ++i)
      if (MatchesGlob(pattern.substr(1), name.substr(i))) return true;
    return false;
  }
  if (name.empty() || (pattern[0] != '.' && pattern[0] != name[0])) return false;
  return MatchesGlob(pattern.substr(1), name.substr(1));
}

}  // namespace

Result<plan::PlanPtr> RunCommand(Session& session, const plan::PlanPtr& parsed) {
  const auto& command = static_cast<const plan::Command&>(*parsed);
  for (const Line& line : kCommands)
    if (line.kind == command.command) return line.run(session, command);
  return UnsupportedFeature("the statement " + plan::PlanNodeString(*parsed), &parsed->origin);
}

bool MatchesPattern(const std::optional<std::string>& pattern, const std::string& name) {
  if (!pattern) return true;
  const std::string lower = LowerCase(name);
  for (size_t start = 0; start <= pattern->size();) {
    size_t end = std::min(pattern->find('|', start), pattern->size());
    std::string one = LowerCase(pattern->substr(start, end - start));
    one.erase(0, one.find_first_not_of(' '));
    one.erase(one.find_last_not_of(' ') + 1);
    if (MatchesGlob(one, lower)) return true;
    start = end + 1;
  }
  return false;
}

std::string QuoteIfNeeded(const NameParts& parts) {
  std::string out;
  for (const auto& part : parts) {
    bool plain = !part.empty() && !std::isdigit(static_cast<unsigned char>(part[0]));
    for (char c : part) plain = plain && (std::isalnum(static_cast<unsigned char>(c)) || c == '_');
    out += (out.empty() ? "" : ".") + (plain ? part : QuoteIdentifier(part));
  }
  return out;
}

Result<plan::PlanPtr> RunExplain(Session& session, const plan::Explain& command) {
  ResultRows rows({"plan"});
  auto text = session.Explain(command.children[0], command.mode);
  if (text.ok()) {
    rows.Add({*text});
    return rows.Finish();
  }
  // The statement never fails; a row per line, as Spark.
  std::istringstream lines(text.status().message());
  rows.Add({"Error occurred during query planning: "});
  for (std::string line; std::getline(lines, line);) rows.Add({line});
  return rows.Finish();
}

}  // namespace sluice::session
