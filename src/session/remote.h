#pragma once
// A session that runs on a Spark Connect server: what the public API asks of it in the engine's place.
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "session/query_handle.h"
#include "session/session.h"
#include "session/streams.h"

namespace sluice::session {

/// DataFrameWriter: save(), saveAsTable(), insertInto().
struct SaveRequest {
  std::string format, mode;
  OptionMap options;
  std::vector<std::string> partition_by;
  std::optional<std::string> table;
  bool insert_into = false;
};

/// DataFrameWriterV2.
struct WriteToRequest {
  enum class Action { kCreate, kReplace, kCreateOrReplace, kAppend, kOverwritePartitions } action;
  std::string table, provider;
  plan::ExprList partitioning;
  std::map<std::string, std::string> options, properties;
};

/// Plans that it gives are leaves that stand for the server's. Thread-safe.
class Remote {
 public:
  virtual ~Remote() = default;

  virtual Status SetConf(const std::string& key, const std::string& value) = 0;
  virtual Status UnsetConf(const std::string& key) = 0;
  /// nullopt when it is neither set nor has a default.
  virtual Result<std::optional<std::string>> GetConf(const std::string& key) = 0;
  virtual Result<std::map<std::string, std::string>> GetAllConf() = 0;
  virtual Result<bool> IsModifiable(const std::string& key) = 0;
  virtual Result<std::string> Version() = 0;

  /// `plan`: a node of the DataFrame API over such leaves.
  virtual Result<plan::PlanPtr> Analyze(const plan::PlanPtr& plan) = 0;
  virtual Result<plan::PlanPtr> Sql(std::string_view sql) = 0;
  virtual Result<Batches> Collect(const plan::PlanPtr& plan) = 0;
  virtual Result<std::string> Explain(const plan::PlanPtr& plan, plan::ExplainMode mode) = 0;
  /// The column `name` of this very plan.
  virtual plan::ExprPtr ColumnOf(const plan::PlanPtr& plan, const NameParts& name) = 0;

  virtual Status CreateView(const NameParts& name, const plan::PlanPtr& plan, bool global, bool replace) = 0;
  virtual Status Save(const plan::PlanPtr& plan, const SaveRequest& request) = 0;
  virtual Status WriteTo(const plan::PlanPtr& plan, const WriteToRequest& request) = 0;

  virtual Result<std::shared_ptr<QueryHandle>> Start(const plan::PlanPtr& plan, const StreamRequest& request) = 0;
  virtual Result<std::vector<std::shared_ptr<QueryHandle>>> ActiveQueries() = 0;
  virtual Result<std::shared_ptr<QueryHandle>> FindQuery(const std::string& id) = 0;
  virtual Result<bool> AwaitAnyTermination(std::optional<std::chrono::milliseconds> timeout) = 0;
  virtual Status ResetTerminated() = 0;

  virtual void Stop() = 0;
};

/// spark.remote: a Spark Connect server to run on, sc://host:port, in place of the engine of this process.
extern const ConfigEntry kRemote;

/// The server that `session` runs on; null for the engine of this process. Cheap when no session has one.
Remote* RemoteOf(const Session& session);
/// Once, when the session is made; forgotten when it ends.
void RunOn(const Session& session, std::unique_ptr<Remote> remote);
void ForgetRemote(const Session& session);

using RemoteFactory = Result<std::unique_ptr<Remote>> (*)(const std::string& url, const Config& config);
/// What .remote() uses: called by the library that can, which is loaded when it is first needed.
void SetRemoteFactory(RemoteFactory factory);
Result<std::unique_ptr<Remote>> ConnectRemote(const std::string& url, const Config& config);

}  // namespace sluice::session
