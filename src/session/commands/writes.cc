// INSERT, and the write that CTAS and the DataFrame writers share.
#include <algorithm>

#include "plan/transform.h"
#include "session/checked_write.h"
#include "session/commands/commands.h"
#include "session/settings.h"
#include "session/source_resolver.h"

namespace sluice::session {

Status WriteTable(Session& session, const plan::PlanPtr& analyzed, connectors::Table& table, connectors::WriteMode mode,
                  const OptionMap& options) {
  if (!table.can_write())
    return MakeError("UNSUPPORTED_FEATURE.TABLE_OPERATION", {{"tableName", table.name()}, {"operation", mode == connectors::WriteMode::kAppend ? "append in batch mode" : "overwrite in batch mode"}});
  connectors::WriteRequest request;
  request.schema = analyzer::SchemaOf(*analyzed);
  request.mode = mode;
  request.options = options;
  ARROW_ASSIGN_OR_RAISE(auto write, table.NewWrite(request));
  write = CheckNotNull(std::move(write), table.schema());
  return session.Write(analyzed, write.get());
}

namespace {

/// PARTITION (a = 1): a column of the query like any other, listed after those it gives.
Result<std::shared_ptr<plan::InsertInto>> WithStaticPartitions(const plan::InsertInto& insert, const connectors::Table& table) {
  auto copy = std::static_pointer_cast<plan::InsertInto>(insert.Clone());
  if (insert.static_partition.empty()) return copy;
  const auto partitioning = table.partitioning();
  auto project = std::make_shared<plan::Project>();
  project->children = insert.children;
  project->list = {std::make_shared<plan::UnresolvedStar>()};
  std::vector<std::string> fixed;
  for (const auto& [name, value] : insert.static_partition) {
    auto same = [&, n = LowerCase(name)](const std::string& other) { return LowerCase(other) == n; };
    if (std::none_of(partitioning.begin(), partitioning.end(), same))
      return MakeError("NON_PARTITION_COLUMN", {{"columnName", QuoteIdentifier(name)}}, &insert.origin);
    if (!value) continue;
    auto alias = std::make_shared<plan::Alias>();
    alias->name = name;
    alias->children = {value};
    project->list.push_back(alias);
    fixed.push_back(name);
  }
  if (insert.columns.empty() && !insert.by_name) {
    for (const auto& field : table.schema().fields())
      if (std::none_of(fixed.begin(), fixed.end(), [&](const auto& f) { return LowerCase(f) == LowerCase(field.name); }))
        copy->columns.push_back(field.name);
  }
  if (!insert.by_name) copy->columns.insert(copy->columns.end(), fixed.begin(), fixed.end());
  copy->children = {project};
  copy->static_partition.clear();
  return copy;
}

}  // namespace

Result<plan::PlanPtr> RunInsert(Session& session, const plan::InsertInto& command) {
  if (session.FindView(command.table))
    return MakeError("EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE",
                     {{"viewName", QuoteName(command.table)}, {"operation", "INSERT"}}, &command.origin);
  auto loaded = LoadTable(session, command.table, {}, command.options);
  if (!loaded.ok()) return WithOrigin(loaded.status(), command.origin);
  auto table = *loaded;
  ARROW_ASSIGN_OR_RAISE(auto prepared, WithStaticPartitions(command, *table));
  ARROW_ASSIGN_OR_RAISE(plan::PlanPtr analyzed, session.Analyze(prepared));
  const auto& insert = static_cast<const plan::InsertInto&>(*analyzed);
  auto mode = connectors::WriteMode::kAppend;
  if (insert.overwrite) {
    // Fixed partitions: the rows are all in the partition that is replaced.
    const bool dynamic = !command.static_partition.empty() || LowerCase(session.config().Get(kPartitionOverwriteMode)) == "dynamic";
    mode = dynamic ? connectors::WriteMode::kOverwriteDynamic : connectors::WriteMode::kOverwrite;
  }
  ARROW_RETURN_NOT_OK(WriteTable(session, insert.children[0], *table, mode, insert.options));
  return EmptyResult();
}

}  // namespace sluice::session
