#include "session/session.h"

#include <arrow/compute/initialize.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "analyzer/expression_resolver.h"
#include "base/allocator.h"
#include "base/clock.h"
#include "base/log.h"
#include "optimizer/optimizer.h"
#include "plan/transform.h"
#include "session/commands/commands.h"
#include "session/remote.h"
#include "session/settings.h"
#include "session/shutdown.h"
#include "session/source_resolver.h"
#include "session/streams.h"
#include "sql/parser.h"

namespace sluice::session {

namespace {

/// Views of global_temp, by name in lower case.
struct GlobalViews {
  std::mutex mutex;
  std::map<std::string, std::pair<std::string, plan::PlanPtr>> views;
};
GlobalViews& Globals() {
  static auto* views = new GlobalViews;
  return *views;
}

bool BoolOf(const Config& config, const ConfigEntry& entry) {
  auto value = config.GetBool(entry);
  return value.ok() ? *value : entry.default_value == "true";
}

sql::ParserOptions ParserOptionsOf(const Config& config) {
  sql::ParserOptions options;
  options.time_zone = SessionTimeZone(config);
  options.timestamp_ntz = config.Get(kTimestampType) == "TIMESTAMP_NTZ";
  options.escaped_string_literals = BoolOf(config, kEscapedStrings);
  options.double_quoted_identifiers = BoolOf(config, kAnsi) && BoolOf(config, kDoubleQuotedIdentifiers);
  return options;
}

}  // namespace

std::string LowerCase(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

Session::Session(Config config)
    : config_(config), initial_(std::move(config)), functions_(std::make_shared<functions::FunctionRegistry>()),
      streams_(std::make_unique<Streams>(this)) {}

Session::~Session() {
  ForgetOnShutdown(this);
  Stop();
  ForgetRemote(*this);
}

Result<std::shared_ptr<Session>> Session::Make(Config config, std::shared_ptr<TaskPool> pool) {
  static const Status initialized = arrow::compute::Initialize();
  ARROW_RETURN_NOT_OK(initialized);
  ARROW_RETURN_NOT_OK(LimitMallocArenas(config));
  const std::string url = config.Get(kRemote);
  int threads = 1;
  if (url.empty()) {
    ARROW_ASSIGN_OR_RAISE(threads, ThreadsOf(config.Get(kMaster)));
  }
  ARROW_RETURN_NOT_OK(TimeZone::Find(SessionTimeZone(config)).status());
  if (url.empty()) ARROW_RETURN_NOT_OK(CheckSettings(config));
  std::unique_ptr<Remote> remote;
  if (!url.empty()) {
    ARROW_ASSIGN_OR_RAISE(remote, ConnectRemote(url, config));
  }
  std::shared_ptr<Session> session(new Session(std::move(config)));
  if (remote) RunOn(*session, std::move(remote));
  session->pool_ = pool ? std::move(pool) : std::make_shared<TaskPool>(threads);
  return session;
}

std::shared_ptr<Session> Session::Clone() const {
  std::lock_guard lock(mutex_);
  std::shared_ptr<Session> copy(new Session(initial_));
  copy->config_ = config_;
  copy->pool_ = pool_;
  copy->catalogs_.CopyFrom(catalogs_);
  copy->views_ = views_;
  copy->functions_ = functions_;
  return copy;
}

Config Session::config() const {
  std::lock_guard lock(mutex_);
  return config_;
}
Status Session::SetConf(const std::string& key, const std::string& value) {
  Remote* remote = RemoteOf(*this);
  ARROW_RETURN_NOT_OK(remote ? remote->SetConf(key, value) : CheckSetting(key, value));
  std::lock_guard lock(mutex_);
  config_.Set(key, value);
  return Status::OK();
}
void Session::Configure(const std::string& key, const std::string& value) {
  Remote* remote = RemoteOf(*this);
  if (Status refused = remote ? remote->SetConf(key, value) : Status::OK(); !refused.ok())
    LogWarn("the server refuses a setting", {{"setting", key}, {"why", refused}});
  std::lock_guard lock(mutex_);
  config_.Set(key, value);
}
Status Session::UnsetConf(const std::string& key) {
  Remote* remote = RemoteOf(*this);
  ARROW_RETURN_NOT_OK(remote ? remote->UnsetConf(key) : CheckModifiable(key));
  std::lock_guard lock(mutex_);
  auto it = initial_.values().find(key);
  if (it == initial_.values().end()) {
    config_.Unset(key);
  } else {
    config_.Set(key, it->second);
  }
  return Status::OK();
}
Status Session::ResetConf() {
  std::lock_guard lock(mutex_);
  config_ = initial_;
  return Status::OK();
}

Status Session::CreateView(const NameParts& name, plan::PlanPtr resolved, bool global, bool replace) {
  if (Remote* remote = RemoteOf(*this)) return remote->CreateView(name, resolved, global, replace);
  const bool qualified = name.size() == 2 && LowerCase(name[0]) == kGlobalTempDatabase;
  if (name.size() > (global && qualified ? 2u : 1u))
    return MakeError("TEMP_VIEW_NAME_TOO_MANY_NAME_PARTS", {{"actualName", QuoteName(name)}});
  const std::string key = LowerCase(name.back());
  std::unique_lock own(mutex_, std::defer_lock);
  std::unique_lock shared(Globals().mutex, std::defer_lock);
  global ? shared.lock() : own.lock();
  auto& views = global ? Globals().views : views_;
  if (!replace && views.count(key))
    return MakeError("TEMP_TABLE_OR_VIEW_ALREADY_EXISTS",
                     {{"relationName", global ? QuoteName({kGlobalTempDatabase, name.back()}) : QuoteName(name)}});
  views[key] = {name.back(), std::move(resolved)};
  return Status::OK();
}

Result<bool> Session::DropView(const NameParts& name) {
  if (name.size() == 2 && LowerCase(name[0]) == kGlobalTempDatabase) {
    std::lock_guard lock(Globals().mutex);
    return Globals().views.erase(LowerCase(name[1])) > 0;
  }
  std::lock_guard lock(mutex_);
  return name.size() == 1 && views_.erase(LowerCase(name[0])) > 0;
}

std::optional<plan::PlanPtr> Session::FindView(const NameParts& name) const {
  if (name.size() == 2 && LowerCase(name[0]) == kGlobalTempDatabase) {
    std::lock_guard lock(Globals().mutex);
    auto it = Globals().views.find(LowerCase(name[1]));
    return it == Globals().views.end() ? std::nullopt : std::optional(it->second.second);
  }
  if (name.size() != 1) return std::nullopt;
  std::lock_guard lock(mutex_);
  auto it = views_.find(LowerCase(name[0]));
  return it == views_.end() ? std::nullopt : std::optional(it->second.second);
}

std::vector<std::string> Session::ViewNames(bool global) const {
  std::vector<std::string> names;
  if (global) {
    std::lock_guard lock(Globals().mutex);
    for (const auto& [_, view] : Globals().views) names.push_back(view.first);
  } else {
    std::lock_guard lock(mutex_);
    for (const auto& [_, view] : views_) names.push_back(view.first);
  }
  return names;
}

void Session::RegisterFunction(functions::FunctionDef def) {
  std::lock_guard lock(mutex_);
  auto copy = std::make_shared<functions::FunctionRegistry>(*functions_);
  copy->AddOwned(std::move(def));
  functions_ = std::move(copy);
}
std::shared_ptr<const functions::FunctionRegistry> Session::user_functions() const {
  std::lock_guard lock(mutex_);
  return functions_;
}

Result<plan::PlanPtr> Session::Parse(std::string_view sql) const {
  return sql::ParseStatement(sql, ParserOptionsOf(config()));
}
Result<plan::ExprPtr> Session::ParseExpression(std::string_view text) const {
  return sql::ParseExpression(text, ParserOptionsOf(config()));
}

functions::EvalContext Session::MakeEvalContext() const {
  const Config conf = config();
  functions::EvalContext context;
  context.ansi = BoolOf(conf, kAnsi);
  std::string zone_name = SessionTimeZone(conf);
  if (Remote* remote = RemoteOf(*this)) {
    auto theirs = remote->GetConf(kTimeZone.key);
    if (theirs.ok() && *theirs) zone_name = **theirs;
  }
  auto zone = TimeZone::Find(zone_name);
  context.zone = zone.ok() ? *zone : *TimeZone::Find("UTC");
  context.now_us = NowUs();
  context.last_map_key_wins = analyzer::NamesEqual(conf.Get(kMapKeyDedupPolicy), "LAST_WIN", false);
  const char* user = std::getenv("USER");
  context.user = user ? user : "root";
  auto& catalogs = const_cast<Catalogs&>(catalogs_);
  context.current_catalog = catalogs.current_catalog(conf);
  for (const auto& part : catalogs.current_namespace(conf))
    context.current_database += (context.current_database.empty() ? "" : ".") + part;
  return context;
}

namespace {
/// What one analysis looks at, kept until it ends.
struct AnalysisScope {
  AnalysisScope(Session* session, Config conf)
      : config(std::move(conf)), resolver(session, config), functions(session->user_functions()) {}
  Config config;
  SessionResolver resolver;
  std::shared_ptr<const functions::FunctionRegistry> functions;
};
}  // namespace

analyzer::AnalyzerContext Session::MakeAnalyzerContext(std::shared_ptr<void>* holder) {
  auto scope = std::make_shared<AnalysisScope>(this, config());
  analyzer::AnalyzerContext context;
  context.sources = &scope->resolver;
  context.functions = &functions::FunctionRegistry::Builtins();
  context.session_functions = scope->functions.get();
  context.ansi = BoolOf(scope->config, kAnsi);
  context.case_sensitive = BoolOf(scope->config, kCaseSensitive);
  context.allow_precision_loss = BoolOf(scope->config, kAllowPrecisionLoss);
  context.group_by_ordinal = BoolOf(scope->config, kGroupByOrdinal);
  context.order_by_ordinal = BoolOf(scope->config, kOrderByOrdinal);
  context.group_by_aliases = BoolOf(scope->config, kGroupByAliases);
  context.size_of_null = BoolOf(scope->config, kSizeOfNull);
  context.ignore_null_fields = BoolOf(scope->config, kIgnoreNullFields);
  const std::string policy = scope->config.Get(kStoreAssignment);
  context.store_assignment = analyzer::NamesEqual(policy, "STRICT", false)   ? analyzer::StoreAssignment::kStrict
                             : analyzer::NamesEqual(policy, "LEGACY", false) ? analyzer::StoreAssignment::kLegacy
                                                                             : analyzer::StoreAssignment::kAnsi;
  context.time_zone = SessionTimeZone(scope->config);
  context.corrupt_record_column = scope->config.Get(kCorruptRecordColumn);
  context.evaluate_constant = [eval = MakeEvalContext()](const plan::ExprPtr& expr) {
    return exec::EvaluateConstant(expr, eval);
  };
  *holder = scope;
  return context;
}

Result<plan::PlanPtr> Session::Analyze(const plan::PlanPtr& plan) {
  if (stopped()) return MakeError("INVALID_HANDLE.SESSION_CLOSED", {{"handle", "session"}});
  if (Remote* remote = RemoteOf(*this)) return remote->Analyze(plan);
  std::shared_ptr<void> holder;
  analyzer::AnalyzerContext context = MakeAnalyzerContext(&holder);
  auto analyzed = analyzer::Analyze(plan, context);
  if (!analyzed.ok()) return static_cast<AnalysisScope*>(holder.get())->resolver.ExplainMissing(analyzed.status());
  return analyzed;
}

Result<plan::PlanPtr> Session::Optimize(const plan::PlanPtr& analyzed) const {
  optimizer::OptimizerContext context;
  context.cross_joins = BoolOf(config(), kCrossJoin);
  std::string excluded = config().Get(kExcludedRules);
  for (size_t start = 0; start < excluded.size();) {
    size_t end = std::min(excluded.find(',', start), excluded.size());
    std::string name = excluded.substr(start, end - start);
    name.erase(std::remove(name.begin(), name.end(), ' '), name.end());
    context.excluded.insert(name.substr(name.rfind('.') + 1));
    start = end + 1;
  }
  context.evaluate_constant = [eval = MakeEvalContext()](const plan::ExprPtr& expr) {
    return exec::EvaluateConstant(expr, eval);
  };
  return optimizer::Optimize(analyzed, context);
}

Result<exec::RunContext> Session::MakeRunContext(const CancelToken& cancel) const {
  exec::RunContext context;
  context.pool = pool_.get();
  context.cancel = cancel;
  context.eval = MakeEvalContext();
  return context;
}

Result<Batches> Session::Collect(const plan::PlanPtr& analyzed, const CancelToken& cancel) {
  if (Remote* remote = RemoteOf(*this)) return remote->Collect(analyzed);
  ARROW_RETURN_NOT_OK(analyzer::CheckBatch(analyzed));
  ARROW_ASSIGN_OR_RAISE(plan::PlanPtr optimized, Optimize(analyzed));
  ARROW_ASSIGN_OR_RAISE(auto query, exec::Compile(optimized, config()));
  ARROW_ASSIGN_OR_RAISE(auto context, MakeRunContext(cancel));
  return exec::Collect(query.get(), context);
}

Status Session::CollectInto(const plan::PlanPtr& analyzed, const exec::ConsumeBatch& consume,
                            const CancelToken& cancel) {
  ARROW_RETURN_NOT_OK(analyzer::CheckBatch(analyzed));
  ARROW_ASSIGN_OR_RAISE(plan::PlanPtr optimized, Optimize(analyzed));
  ARROW_ASSIGN_OR_RAISE(auto query, exec::Compile(optimized, config()));
  ARROW_ASSIGN_OR_RAISE(auto context, MakeRunContext(cancel));
  return exec::CollectInto(query.get(), context, consume);
}

Status Session::Write(const plan::PlanPtr& analyzed, connectors::BatchWrite* output, const CancelToken& cancel) {
  ARROW_RETURN_NOT_OK(analyzer::CheckBatch(analyzed));
  ARROW_ASSIGN_OR_RAISE(plan::PlanPtr optimized, Optimize(analyzed));
  ARROW_ASSIGN_OR_RAISE(auto query, exec::Compile(optimized, config()));
  ARROW_ASSIGN_OR_RAISE(auto context, MakeRunContext(cancel));
  exec::RunMetrics metrics;
  ARROW_ASSIGN_OR_RAISE(auto messages, query->Run(context, output, &metrics));
  Status committed = output->Commit(messages);
  if (!committed.ok()) output->Abort(messages);
  return committed;
}

Result<plan::PlanPtr> Session::Sql(std::string_view sql) {
  if (Remote* remote = RemoteOf(*this); remote && !stopped()) return remote->Sql(sql);
  ARROW_ASSIGN_OR_RAISE(plan::PlanPtr parsed, Parse(sql));
  return Execute(parsed);
}

Result<plan::PlanPtr> Session::Execute(const plan::PlanPtr& parsed) {
  if (parsed->kind == plan::PlanKind::kCommand) return RunCommand(*this, parsed);
  return Analyze(parsed);
}

void Session::Stop() {
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    stopped_ = true;
  }
  streams_->StopAll();
  if (Remote* remote = RemoteOf(*this)) remote->Stop();
}
bool Session::stopped() const {
  std::lock_guard lock(mutex_);
  return stopped_;
}

}  // namespace sluice::session
