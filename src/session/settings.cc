#include "session/settings.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "types/time_zone.h"

namespace sluice::session {

const ConfigEntry kMaster("spark.master", "local[*]",
                          "local, local[n] or local[*]: the number of threads that run tasks.");
const ConfigEntry kAppName("spark.app.name", "sluice", "Name of the application.");
const ConfigEntry kAnsi("spark.sql.ansi.enabled", "true",
                        "Overflow, bad casts and division by zero raise errors instead of giving NULL.");
const ConfigEntry kCaseSensitive("spark.sql.caseSensitive", "false", "Whether names of columns are case-sensitive.");
const ConfigEntry kAllowPrecisionLoss(
    "spark.sql.decimalOperations.allowPrecisionLoss", "true",
    "DECIMAL results of more than 38 digits lose digits behind the point rather than before it.");
const ConfigEntry kMapKeyDedupPolicy("spark.sql.mapKeyDedupPolicy", "EXCEPTION",
                                     "What a key that comes twice does to a map: EXCEPTION, or LAST_WIN.");
const ConfigEntry kCorruptRecordColumn("spark.sql.columnNameOfCorruptRecord", "_corrupt_record",
                                       "The column that takes the text of malformed records.");
const ConfigEntry kTimeZone("spark.sql.session.timeZone", "",
                            "Time zone of timestamps in text; the machine's when unset.");
const ConfigEntry kWarehouseDir("spark.sql.warehouse.dir", "spark-warehouse", "Folder of the tables of spark_catalog.");
const ConfigEntry kDefaultCatalog("spark.sql.defaultCatalog", "spark_catalog",
                                  "Catalog that unqualified names start from.");
const ConfigEntry kExcludedRules("spark.sql.optimizer.excludedRules", "",
                                 "Optimizer rules to leave out, by name, separated by commas; * for all.");
const ConfigEntry kCheckpointLocation("spark.sql.streaming.checkpointLocation", "",
                                      "Folder under which streaming queries without a checkpointLocation keep theirs.");
const ConfigEntry kForceDeleteTempCheckpoint("spark.sql.streaming.forceDeleteTempCheckpointLocation", "false",
                                             "Delete temporary checkpoints after failures too.");
const ConfigEntry kStopGracefully("spark.streaming.stopGracefullyOnShutdown", "true",
                                  "SIGTERM and SIGINT finish the running batch before the program ends.");
const ConfigEntry kTimestampType("spark.sql.timestampType", "TIMESTAMP_LTZ",
                                 "What TIMESTAMP means: TIMESTAMP_LTZ or TIMESTAMP_NTZ.");
const ConfigEntry kEscapedStrings("spark.sql.parser.escapedStringLiterals", "false",
                                  "Backslashes in string literals stand for themselves.");
const ConfigEntry kDoubleQuotedIdentifiers("spark.sql.ansi.doubleQuotedIdentifiers", "false",
                                           "In ANSI mode, \"a\" is an identifier.");
const ConfigEntry kPartitionOverwriteMode(
    "spark.sql.sources.partitionOverwriteMode", "STATIC",
    "INSERT OVERWRITE replaces the table (static) or the partitions it writes to (dynamic).");
const ConfigEntry kStoreAssignment("spark.sql.storeAssignmentPolicy", "ANSI",
                                   "Which casts INSERT does by itself: ANSI, LEGACY or STRICT.");
const ConfigEntry kShufflePartitions("spark.sql.shuffle.partitions", "200", "Partitions of state and shuffles.");
const ConfigEntry kGroupByOrdinal("spark.sql.groupByOrdinal", "true",
                                  "GROUP BY 1 is by the first column of the select list.");
const ConfigEntry kOrderByOrdinal("spark.sql.orderByOrdinal", "true",
                                  "ORDER BY 1 is by the first column of the select list.");
const ConfigEntry kGroupByAliases("spark.sql.groupByAliases", "true", "GROUP BY may name aliases of the select list.");
const ConfigEntry kSizeOfNull("spark.sql.legacy.sizeOfNull", "true", "size(NULL) is -1; ANSI mode overrules it.");
const ConfigEntry kIgnoreNullFields("spark.sql.jsonGenerator.ignoreNullFields", "true",
                                    "JSON that is written leaves out fields that are NULL.");
const ConfigEntry kCrossJoin("spark.sql.crossJoin.enabled", "true", "Joins without a condition need no CROSS.");
const ConfigEntry kDefaultSource("spark.sql.sources.default", "parquet", "Format of reads and writes that name none.");
const ConfigEntry kMaxToStringFields("spark.sql.debug.maxToStringFields", "25", "Fields shown in plans.");

namespace {

const std::set<std::string>& StaticKeys() {
  static const std::set<std::string> keys{"spark.sql.warehouse.dir",
                                          "spark.sql.catalogImplementation",
                                          "spark.sql.extensions",
                                          "spark.sql.globalTempDatabase",
                                          "spark.sql.streaming.streamingQueryListeners",
                                          "spark.sql.queryExecutionListeners",
                                          "spark.sql.event.truncate.length",
                                          "spark.sql.streaming.ui.enabled",
                                          "spark.sql.streaming.ui.retainedQueries",
                                          "spark.sql.filesourceTableRelationCacheSize",
                                          "spark.sql.codegen.cache.maxEntries",
                                          "spark.sql.defaultUrlStreamHandlerFactory.enabled",
                                          "spark.sql.cache.serializer",
                                          "spark.sql.sources.schemaStringLengthThreshold",
                                          "spark.sql.hive.metastore.version",
                                          "spark.sql.hive.metastore.jars"};
  return keys;
}

/// Settings of Spark's core, which a running session cannot change.
bool IsCoreKey(const std::string& key) {
  static constexpr std::string_view kFamilies[] = {"archives",
                                                   "authenticate",
                                                   "authenticate.",
                                                   "broadcast.",
                                                   "buffer.",
                                                   "checkpoint.",
                                                   "cleaner.",
                                                   "driver.",
                                                   "dynamicAllocation.",
                                                   "eventLog.",
                                                   "excludeOnFailure.",
                                                   "executor.",
                                                   "extraListeners",
                                                   "files",
                                                   "files.",
                                                   "history.",
                                                   "io.",
                                                   "jars",
                                                   "jars.",
                                                   "kryo.",
                                                   "kryoserializer.",
                                                   "locality.",
                                                   "log.",
                                                   "master.",
                                                   "memory.",
                                                   "metrics.",
                                                   "network.",
                                                   "plugins",
                                                   "pyspark.",
                                                   "python.",
                                                   "rdd.",
                                                   "redaction.",
                                                   "reducer.",
                                                   "rpc.",
                                                   "scheduler.",
                                                   "serializer",
                                                   "serializer.",
                                                   "shuffle.",
                                                   "speculation",
                                                   "speculation.",
                                                   "stage.",
                                                   "storage.",
                                                   "submit.",
                                                   "task.",
                                                   "ui.",
                                                   "unsafe."};
  if (key.rfind("spark.", 0) != 0) return false;
  const std::string_view rest = std::string_view(key).substr(6);
  return std::any_of(std::begin(kFamilies), std::end(kFamilies), [&](std::string_view family) {
    return rest.substr(0, family.size()) == family && (rest.size() == family.size() || family.back() == '.');
  });
}

std::string Lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

bool IsNumber(const std::string& text) {
  double v;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
  return error == std::errc() && end == text.data() + text.size();
}

Status TypeMismatch(const std::string& key, const std::string& value, const char* type) {
  return MakeError("INVALID_CONF_VALUE.TYPE_MISMATCH", {{"confName", key}, {"confValue", value}, {"confType", type}});
}

}  // namespace

Status CheckModifiable(const std::string& key) {
  if (StaticKeys().count(key)) return MakeError("CANNOT_MODIFY_STATIC_CONFIG", {{"key", InDoubleQuotes(key)}});
  if (IsCoreKey(key))
    return MakeError("CANNOT_MODIFY_CONFIG",
                     {{"key", InDoubleQuotes(key)}, {"docroot", "https://spark.apache.org/docs/latest"}});
  return Status::OK();
}

Status CheckSetting(const std::string& key, const std::string& value) {
  ARROW_RETURN_NOT_OK(CheckModifiable(key));
  ARROW_RETURN_NOT_OK(CheckObeyed(key, value));
  if (key == kTimeZone.key) {
    if (TimeZone::Find(value).ok()) return Status::OK();
    return MakeError("INVALID_CONF_VALUE.TIME_ZONE", {{"confName", key}, {"confValue", value}});
  }
  auto known = KnownConfigs().find(key);
  if (known == KnownConfigs().end()) return Status::OK();
  const std::string& usual = known->second->default_value;
  const std::string lower = Lower(value);
  if (usual == "true" || usual == "false") {
    if (lower != "true" && lower != "false") return TypeMismatch(key, value, "boolean");
  } else if (!usual.empty() && IsNumber(usual)) {
    if (!IsNumber(value) && !ParseDurationUs(value).ok() && !ParseByteSize(value).ok())
      return TypeMismatch(key, value, "int");
  }
  auto one_of = [&](std::initializer_list<const char*> options) -> Status {
    std::string upper = value, all;
    for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    for (const char* option : options) {
      if (upper == option) return Status::OK();
      all += (all.empty() ? "" : ", ") + std::string(option);
    }
    return MakeError("INVALID_CONF_VALUE.OUT_OF_RANGE_OF_OPTIONS",
                     {{"confName", key}, {"confValue", value}, {"confOptions", all}});
  };
  ARROW_RETURN_NOT_OK(CheckRange(key, value));
  if (key == kMapKeyDedupPolicy.key) return one_of({"EXCEPTION", "LAST_WIN"});
  if (key == kTimestampType.key) return one_of({"TIMESTAMP_NTZ", "TIMESTAMP_LTZ"});
  if (key == kPartitionOverwriteMode.key) return one_of({"DYNAMIC", "STATIC"});
  if (key == kStoreAssignment.key) return one_of({"ANSI", "STRICT", "LEGACY"});
  return Status::OK();
}

std::string SessionTimeZone(const Config& config) {
  std::string zone = config.Get(kTimeZone);
  return zone.empty() ? TimeZone::LocalName() : zone;
}

std::optional<std::string> GetSetting(const Config& config, const std::string& key) {
  if (key == kTimeZone.key) return SessionTimeZone(config);
  auto value = config.Get(key);
  // Own ways of saying "not set".
  if (value && value->empty() && !config.values().count(key)) return std::nullopt;
  return value;
}

}  // namespace sluice::session
