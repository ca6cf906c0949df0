// INSERT, and the write that CTAS and the DataFrame writers share.
#include <algorithm>

#include "connectors/api/overwrite.h"
#include "plan/transform.h"
#include "session/checked_write.h"
#include "session/commands/commands.h"
#include "session/settings.h"
#include "session/source_resolver.h"

namespace sluice::session {

Status WriteTable(Session& session, const plan::PlanPtr& analyzed, connectors::Table& table, connectors::WriteMode mode,
                  const OptionMap& options) {
  if (!table.can_write())
    return MakeError(
        "UNSUPPORTED_FEATURE.TABLE_OPERATION",
        {{"tableName", table.name()},
         {"operation", mode == connectors::WriteMode::kAppend ? "append in batch mode" : "overwrite in batch mode"}});
  connectors::WriteRequest request;
  request.schema = analyzer::SchemaOf(*analyzed);
  request.mode = mode;
  request.options = options;
  ARROW_ASSIGN_OR_RAISE(auto write, table.NewWrite(request));
  write = CheckNotNull(std::move(write), table.schema());
  return session.Write(analyzed, write.get());
}

namespace {

/// The rows of `analyzed` take the place of those that `replaced` chooses.
Status OverwriteFiltered(Session& session, const plan::PlanPtr& analyzed, connectors::Table& table,
                         const std::vector<connectors::ColumnFilter>& replaced, const OptionMap& options) {
  auto* target = dynamic_cast<connectors::OverwritesByFilter*>(&table);
  if (target == nullptr || !table.can_write())
    return MakeError("UNSUPPORTED_FEATURE.TABLE_OPERATION",
                     {{"tableName", table.name()}, {"operation", "overwrite by filter in batch mode"}});
  connectors::WriteRequest request;
  request.schema = analyzer::SchemaOf(*analyzed);
  request.mode = connectors::WriteMode::kOverwrite;
  request.options = options;
  ARROW_ASSIGN_OR_RAISE(auto write, target->NewOverwrite(request, replaced));
  write = CheckNotNull(std::move(write), table.schema());
  return session.Write(analyzed, write.get());
}

/// The columns that are partitions as they are: those that PARTITION may name.
std::vector<const StructField*> PartitionColumns(const connectors::Table& table) {
  std::vector<const StructField*> out;
  for (const auto& text : table.partitioning())
    for (const auto& field : table.schema().fields())
      if (field.name == text) out.push_back(&field);
  return out;
}

/// A value that PARTITION gives, as its column's type has it: PARTITION (id = '1') is fine.
std::shared_ptr<plan::Alias> StaticValue(const std::string& name, const plan::ExprPtr& value,
                                         const connectors::Table& table) {
  auto alias = std::make_shared<plan::Alias>();
  alias->name = name;
  alias->children = {value};
  for (const auto& field : table.schema().fields()) {
    if (LowerCase(field.name) != LowerCase(name)) continue;
    auto cast = std::make_shared<plan::Cast>();
    cast->children = {value};
    cast->to = field.type;
    alias->children = {cast};
  }
  return alias;
}

/// PARTITION (a = 1, b = NULL) as filters, the values as the columns' types have them.
Result<std::vector<connectors::ColumnFilter>> StaticFilters(Session& session, const plan::InsertInto& insert,
                                                            const connectors::Table& table) {
  std::vector<connectors::ColumnFilter> out;
  for (const StructField* field : PartitionColumns(table)) {
    for (const auto& [name, value] : insert.static_partition) {
      if (!value || LowerCase(name) != LowerCase(field->name)) continue;
      auto alias = StaticValue(name, value, table);
      auto project = std::make_shared<plan::Project>();
      project->children = {std::make_shared<plan::OneRow>()};
      project->list = {alias};
      ARROW_ASSIGN_OR_RAISE(plan::PlanPtr analyzed, session.Analyze(project));
      ARROW_ASSIGN_OR_RAISE(auto batches, session.Collect(analyzed));
      if (batches.empty() || batches[0]->num_rows() != 1)
        return MakeError("INTERNAL_ERROR", {{"message", "a constant has no value"}});
      TypedValue constant{field->type, batches[0]->column(0)->Slice(0, 1)};
      if (constant.is_null())
        out.push_back({{field->name}, connectors::FilterOp::kIsNull, {}});
      else
        out.push_back({{field->name}, connectors::FilterOp::kEq, {std::move(constant)}});
    }
  }
  return out;
}

/// PARTITION (a = 1): a column of the query like any other, listed after those it gives.
Result<std::shared_ptr<plan::InsertInto>> WithStaticPartitions(const plan::InsertInto& insert,
                                                               const connectors::Table& table) {
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
    project->list.push_back(StaticValue(name, value, table));
    fixed.push_back(name);
  }
  if (insert.columns.empty() && !insert.by_name) {
    for (const auto& field : table.schema().fields())
      if (std::none_of(fixed.begin(), fixed.end(),
                       [&](const auto& f) { return LowerCase(f) == LowerCase(field.name); }))
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
    const bool dynamic = LowerCase(session.config().Get(kPartitionOverwriteMode)) == "dynamic";
    ARROW_ASSIGN_OR_RAISE(auto fixed, StaticFilters(session, command, *table));
    if (!dynamic && !fixed.empty()) {
      ARROW_RETURN_NOT_OK(OverwriteFiltered(session, insert.children[0], *table, fixed, insert.options));
      return EmptyResult();
    }
    mode = dynamic ? connectors::WriteMode::kOverwriteDynamic : connectors::WriteMode::kOverwrite;
  }
  ARROW_RETURN_NOT_OK(WriteTable(session, insert.children[0], *table, mode, insert.options));
  return EmptyResult();
}

}  // namespace sluice::session
