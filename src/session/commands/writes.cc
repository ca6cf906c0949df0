// INSERT, and the write that CTAS and the DataFrame writers share.
#include "plan/transform.h"
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
  return session.Write(analyzed, write.get());
}

Result<plan::PlanPtr> RunInsert(Session& session, const plan::InsertInto& command) {
  ARROW_ASSIGN_OR_RAISE(plan::PlanPtr analyzed, session.Analyze(command.Clone()));
  const auto& insert = static_cast<const plan::InsertInto&>(*analyzed);
  if (session.FindView(insert.table))
    return MakeError("UNSUPPORTED_INSERT.NOT_ALLOWED", {{"relationId", QuoteName(insert.table)}});
  ARROW_ASSIGN_OR_RAISE(auto table, LoadTable(session, insert.table, {}, insert.options));
  auto mode = connectors::WriteMode::kAppend;
  if (insert.overwrite) {
    const bool dynamic = LowerCase(session.config().Get(kPartitionOverwriteMode)) == "dynamic";
    mode = dynamic ? connectors::WriteMode::kOverwriteDynamic : connectors::WriteMode::kOverwrite;
  }
  ARROW_RETURN_NOT_OK(WriteTable(session, insert.children[0], *table, mode, insert.options));
  return EmptyResult();
}

}  // namespace sluice::session
