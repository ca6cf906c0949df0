// spark.conf.
#include "base/log.h"
#include "base/utf8.h"
#include "server/connect/handlers.h"
#include "session/settings.h"

namespace sluice::connect {

namespace {

using session::GetSetting;

// What clients ask for on their own. Their answers shape what they send and how they show it.
const ConfigEntry kCompressionThreshold("spark.connect.session.planCompression.threshold", "-1",
                                        "Size from which clients compress plans; -1 never.");
const ConfigEntry kCompressionAlgorithm("spark.connect.session.planCompression.defaultAlgorithm", "NONE",
                                        "How clients compress plans.");
const ConfigEntry kLocalCache("spark.sql.session.localRelationCacheThreshold", "1048576",
                              "Local data above this many bytes is sent ahead, once.");
const ConfigEntry kLocalRows("spark.sql.session.localRelationChunkSizeRows", "10000", "Rows of a piece of such data.");
const ConfigEntry kLocalBytes("spark.sql.session.localRelationChunkSizeBytes", "16777216",
                              "Bytes of a piece of such data.");
const ConfigEntry kLocalBatch("spark.sql.session.localRelationBatchOfChunksSizeBytes", "1073741824",
                              "Bytes of pieces sent together.");
const ConfigEntry kLocalLimit("spark.sql.session.localRelationSizeLimit", "3221225472",
                              "Bytes of local data that clients refuse to send.");
const ConfigEntry kServerStack("spark.sql.connect.serverStacktrace.enabled", "false",
                               "Clients show the server's stack trace.");
const ConfigEntry kJvmStack("spark.sql.pyspark.jvmStacktrace.enabled", "false",
                            "Clients show the server's stack trace.");
const ConfigEntry kArraySafely("spark.sql.execution.pandas.convertToArrowArraySafely", "false",
                               "pandas data that would lose digits is refused.");
const ConfigEntry kDictAsMap("spark.sql.execution.pandas.inferPandasDictAsMap", "false",
                             "dict in pandas data is a MAP.");
const ConfigEntry kNestedDict("spark.sql.pyspark.inferNestedDictAsStruct.enabled", "false",
                              "Nested dict in rows is a STRUCT.");
const ConfigEntry kFirstElement("spark.sql.pyspark.legacy.inferArrayTypeFromFirstElement.enabled", "false",
                                "Arrays take their first element's type.");
const ConfigEntry kFirstPair("spark.sql.pyspark.legacy.inferMapTypeFromFirstPair.enabled", "false",
                             "Maps take their first pair's type.");
const ConfigEntry kLargeTypes("spark.sql.execution.arrow.useLargeVarTypes", "false", "Arrow data with 64-bit offsets.");
const ConfigEntry kArrowRecords("spark.sql.execution.arrow.maxRecordsPerBatch", "10000",
                                "Rows of an Arrow batch sent to Python.");
const ConfigEntry kArrowEnabled("spark.sql.execution.arrow.pyspark.enabled", "true", "toPandas goes through Arrow.");
const ConfigEntry kArrowFallback("spark.sql.execution.arrow.pyspark.fallback.enabled", "true",
                                 "toPandas does without Arrow where it has to.");
const ConfigEntry kSelfDestruct("spark.sql.execution.arrow.pyspark.selfDestruct.enabled", "false",
                                "toPandas frees Arrow data while converting.");
const ConfigEntry kStructMode("spark.sql.execution.pandas.structHandlingMode", "legacy", "How toPandas shows structs.");
const ConfigEntry kBinaryAsBytes("spark.sql.execution.pyspark.binaryAsBytes", "true",
                                 "BINARY is bytes in Python, else bytearray.");
const ConfigEntry kUdfArrow("spark.sql.execution.pythonUDF.arrow.enabled", "false",
                            "Python functions get Arrow batches.");
const ConfigEntry kUdtfArrow("spark.sql.execution.pythonUDTF.arrow.enabled", "false",
                             "Python table functions get Arrow batches.");
const ConfigEntry kEagerEval("spark.sql.repl.eagerEval.enabled", "false", "Shells show a DataFrame's rows.");
const ConfigEntry kEagerRows("spark.sql.repl.eagerEval.maxNumRows", "20", "Rows they show.");
const ConfigEntry kEagerTruncate("spark.sql.repl.eagerEval.truncate", "20", "Characters of a cell they show.");
const ConfigEntry kPlotRows("spark.sql.pyspark.plotting.max_rows", "1000", "Rows of a plot.");

/// .master("local[n]") of a script, sent under this name by the launcher.
constexpr char kMasterOfSession[] = "sluice.master";

Status SetMaster(const std::string& value, ConnectSession& session, bool* done) {
  ARROW_ASSIGN_OR_RAISE(int threads, ThreadsOf(value));
  // Queries hold on to the pool they began with.
  *done = threads == session.engine().pool()->threads();
  if (*done || session.any_operation() || !session.engine().streams().Active().empty()) return Status::OK();
  session.engine().UsePool(std::make_shared<TaskPool>(threads));
  session.engine().Configure(session::kMaster.key, value);
  *done = true;
  return Status::OK();
}

Status SetOne(const proto::KeyValue& pair, ConnectSession& session, proto::ConfigResponse* response) {
  if (pair.key() == kMasterOfSession) {
    bool done = false;
    ARROW_RETURN_NOT_OK(SetMaster(pair.value(), session, &done));
    if (!done) response->add_warnings("The master cannot change any more: the session has begun to run queries.");
    return Status::OK();
  }
  if (pair.key() == "sluice.log.level") ARROW_RETURN_NOT_OK(SetLogLevel(pair.value()));
  return session.engine().SetConf(pair.key(), pair.value());
}

Status NotFound(const std::string& key) { return MakeError("SQL_CONF_NOT_FOUND", {{"sqlConf", "\"" + key + "\""}}); }

void Answer(const std::string& key, const std::optional<std::string>& value, proto::ConfigResponse* response) {
  auto* pair = response->add_pairs();
  pair->set_key(key);
  if (value) pair->set_value(*value);
}

}  // namespace

Status HandleConfig(const proto::ConfigRequest& request, ConnectSession& session, proto::ConfigResponse* response) {
  using Operation = proto::ConfigRequest::Operation;
  session::Session& engine = session.engine();
  const auto& operation = request.operation();
  const Config config = engine.config();
  switch (operation.op_type_case()) {
    case Operation::kSet:
      for (const auto& pair : operation.set().pairs()) {
        Status status = SetOne(pair, session, response);
        if (!status.ok() && !operation.set().silent()) return status;
        // As Spark: what a builder sets is not refused, but said.
        if (!status.ok()) response->add_warnings(ReplaceInvalidUtf8(ErrorOf(status).getMessage()));
        Answer(pair.key(), pair.value(), response);
      }
      break;
    case Operation::kGet:
      for (const auto& key : operation.get().keys()) {
        auto value = GetSetting(config, key);
        if (!value) return NotFound(key);
        Answer(key, value, response);
      }
      break;
    case Operation::kGetWithDefault:
      for (const auto& pair : operation.get_with_default().pairs()) {
        // The caller's default comes before the setting's own.
        auto it = config.values().find(pair.key());
        if (it != config.values().end()) {
          Answer(pair.key(), it->second, response);
        } else {
          if (pair.has_value() && KnownConfigs().count(pair.key()) > 0)
            ARROW_RETURN_NOT_OK(session::CheckSetting(pair.key(), pair.value()));
          Answer(pair.key(), pair.has_value() ? std::optional(pair.value()) : std::nullopt, response);
        }
      }
      break;
    case Operation::kGetOption:
      for (const auto& key : operation.get_option().keys()) Answer(key, GetSetting(config, key), response);
      break;
    case Operation::kGetAll: {
      const std::string prefix = operation.get_all().prefix();
      for (const auto& [key, value] : config.values())
        if (key.rfind(prefix, 0) == 0) Answer(key.substr(prefix.size()), value, response);
      break;
    }
    case Operation::kUnset:
      for (const auto& key : operation.unset().keys()) {
        ARROW_RETURN_NOT_OK(engine.UnsetConf(key));
        Answer(key, std::nullopt, response);
      }
      break;
    case Operation::kIsModifiable:
      for (const auto& key : operation.is_modifiable().keys()) {
        const bool known = KnownConfigs().count(key) > 0 && key.rfind("spark.sql.", 0) == 0;
        Answer(key, known && session::CheckModifiable(key).ok() ? "true" : "false", response);
      }
      break;
    case Operation::OP_TYPE_NOT_SET:
      return MakeError("UNSUPPORTED_CALL.WITHOUT_SUGGESTION",
                       {{"methodName", "Config"}, {"className", "SparkConnectService"}});
  }
  return Status::OK();
}

}  // namespace sluice::connect
