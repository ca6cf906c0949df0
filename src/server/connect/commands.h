#pragma once
// What ExecutePlan runs: a relation whose rows go to the client, or a command. One file per group of commands.
#include <spark/connect/base.pb.h>

#include "server/connect/sessions.h"
#include "server/connect/translate/translate.h"

namespace sluice::connect {

/// One operation while it runs.
struct CommandContext {
  ConnectSession& session;
  Operation& operation;
  const ServerSettings& settings;
  TranslateContext translate;
};

TranslateContext TranslateContextOf(ConnectSession& session, const CancelToken& cancel);

/// Answers through `context.operation`, but for its end.
Status RunPlan(const proto::Plan& plan, CommandContext& context);
/// `plan` translated and analyzed.
Result<plan::PlanPtr> AnalyzedPlan(const proto::Relation& relation, TranslateContext& context);

using CommandFunction = Status(const proto::Command&, CommandContext&);
// commands_sql.cc
CommandFunction RunSqlCommand, RunCreateView, RunCheckpoint, RunRemoveCachedRelation, RunGetResources;
// commands_functions.cc
CommandFunction RunRegisterFunction, RunRegisterTableFunction;
// commands_write.cc
CommandFunction RunWrite, RunWriteV2;
// commands_streaming.cc
CommandFunction RunWriteStreamStart, RunStreamingQuery, RunStreamingQueryManager, RunListenerBus;

}  // namespace sluice::connect
