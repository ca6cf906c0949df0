#pragma once
// One session: settings, catalogs, views, functions, running queries, and the way of a query through the house:
// parse -> analyze -> optimize -> compile -> run. The public API, the CLI and Connect all come through here.
#include <arrow/record_batch.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/analyzer.h"
#include "base/cancel_scope.h"
#include "base/config.h"
#include "base/task_pool.h"
#include "exec/ordered_output.h"
#include "exec/query.h"
#include "functions/registry.h"
#include "plan/command.h"
#include "session/cache_hints.h"
#include "session/catalogs.h"

namespace sluice::session {

class Streams;

using Batches = std::vector<std::shared_ptr<arrow::RecordBatch>>;

inline constexpr char kGlobalTempDatabase[] = "global_temp";

/// Thread-safe.
class Session : public std::enable_shared_from_this<Session> {
 public:
  /// Error: a spark.master that is not local.
  /// `pool`: of other sessions too, instead of one of its own.
  static Result<std::shared_ptr<Session>> Make(Config config, std::shared_ptr<TaskPool> pool = nullptr);
  /// Settings, temporary views, functions and the current namespace, from here on apart. Queries stay here.
  std::shared_ptr<Session> Clone() const;
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // ---- settings
  Config config() const;
  Status SetConf(const std::string& key, const std::string& value);
  Status UnsetConf(const std::string& key);  // back to what the session began with
  Status ResetConf();
  /// At start-up: static keys too.
  void Configure(const std::string& key, const std::string& value);
  const std::shared_ptr<TaskPool>& pool() const { return pool_; }
  /// Before the first query.
  void UsePool(std::shared_ptr<TaskPool> pool) { pool_ = std::move(pool); }

  // ---- names
  Catalogs& catalogs() { return catalogs_; }
  CacheHints& cache_hints() { return cache_hints_; }
  /// Temporary views. `name` has one part, or two with global_temp.
  Status CreateView(const NameParts& name, plan::PlanPtr resolved, bool global, bool replace);
  Result<bool> DropView(const NameParts& name);
  std::optional<plan::PlanPtr> FindView(const NameParts& name) const;
  std::vector<std::string> ViewNames(bool global) const;
  /// User functions; a later one of the same name replaces the earlier.
  void RegisterFunction(functions::FunctionDef def);
  std::shared_ptr<const functions::FunctionRegistry> user_functions() const;

  // ---- queries
  Result<plan::PlanPtr> Parse(std::string_view sql) const;
  Result<plan::ExprPtr> ParseExpression(std::string_view text) const;
  Result<plan::PlanPtr> Analyze(const plan::PlanPtr& plan);
  /// Commands run now and give their rows as a LocalRelation; queries are analyzed.
  Result<plan::PlanPtr> Sql(std::string_view sql);
  Result<plan::PlanPtr> Execute(const plan::PlanPtr& parsed);
  Result<plan::PlanPtr> Optimize(const plan::PlanPtr& analyzed) const;
  /// `analyzed` may be optimized already.
  Result<Batches> Collect(const plan::PlanPtr& analyzed, const CancelToken& cancel = CancelScope::Current());
  /// Hands out rows, in order, while the query runs.
  Status CollectInto(const plan::PlanPtr& analyzed, const exec::ConsumeBatch& consume, const CancelToken& cancel);
  /// Runs a batch query into `output` and commits it.
  Status Write(const plan::PlanPtr& analyzed, connectors::BatchWrite* output,
               const CancelToken& cancel = CancelScope::Current());
  Result<std::string> Explain(const plan::PlanPtr& plan, plan::ExplainMode mode);

  functions::EvalContext MakeEvalContext() const;
  Result<std::string> TimeZoneName() const;
  /// Valid for one call: `sources` lives as long as `holder`.
  analyzer::AnalyzerContext MakeAnalyzerContext(std::shared_ptr<void>* holder);

  Streams& streams() { return *streams_; }
  void Stop();
  bool stopped() const;

 private:
  explicit Session(Config config);
  Result<exec::RunContext> MakeRunContext(const CancelToken& cancel) const;

  mutable std::mutex mutex_;
  Config config_;
  const Config initial_;
  std::shared_ptr<TaskPool> pool_;
  Catalogs catalogs_;
  CacheHints cache_hints_;
  std::map<std::string, std::pair<std::string, plan::PlanPtr>> views_;  // lower case -> name, plan
  std::shared_ptr<const functions::FunctionRegistry> functions_;
  std::unique_ptr<Streams> streams_;
  bool stopped_ = false;
};

/// Global temporary views belong to the process, as in Spark to the application.
Status CreateGlobalView(const std::string& name, plan::PlanPtr resolved, bool replace);

std::string LowerCase(std::string text);

/// Rows that a command answers with.
class ResultRows {
 public:
  using Cell = std::optional<std::string>;
  /// Columns are strings; those in `flags` are booleans, their cells "true" or "false".
  explicit ResultRows(std::vector<std::string> columns, std::vector<std::string> flags = {});
  void Add(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }
  plan::PlanPtr Finish() const;

 private:
  std::vector<std::string> columns_, flags_;
  std::vector<std::vector<Cell>> rows_;
};
/// A result without columns and rows.
plan::PlanPtr EmptyResult();
/// Batches of `schema` as a resolved leaf.
plan::PlanPtr MakeLocalRelation(const DataType& schema, Batches batches);

}  // namespace sluice::session
