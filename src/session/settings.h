#pragma once
// Settings that a session reads, and the rules for changing them.
#include "base/config.h"
#include "base/master.h"

namespace sluice::session {

extern const ConfigEntry kMaster, kAppName, kAnsi, kCaseSensitive, kAllowPrecisionLoss, kMapKeyDedupPolicy,
    kCorruptRecordColumn, kTimeZone, kWarehouseDir, kDefaultCatalog, kExcludedRules, kCheckpointLocation,
    kForceDeleteTempCheckpoint, kStopGracefully, kTimestampType, kEscapedStrings, kDoubleQuotedIdentifiers,
    kPartitionOverwriteMode, kStoreAssignment, kShufflePartitions, kMaxToStringFields, kGroupByOrdinal, kOrderByOrdinal,
    kGroupByAliases, kSizeOfNull, kIgnoreNullFields, kCrossJoin, kDefaultSource;

/// Errors: CANNOT_MODIFY_STATIC_CONFIG, CANNOT_MODIFY_CONFIG (a setting of Spark's core).
Status CheckModifiable(const std::string& key);
/// Checks that `key` may be changed while a session runs and that `value` is of its type.
/// Errors: those of CheckModifiable, CheckRange and CheckObeyed, INVALID_CONF_VALUE.*.
Status CheckSetting(const std::string& key, const std::string& value);

/// Errors: INVALID_CONF_VALUE.REQUIREMENT and .TYPE_MISMATCH for numbers out of range.
Status CheckRange(const std::string& key, const std::string& value);
/// UNSUPPORTED_FEATURE for settings of Spark's that would change answers and that nothing here obeys.
Status CheckObeyed(const std::string& key, const std::string& value);
/// The last two for all that a session starts with.
Status CheckSettings(const Config& config);

/// spark.sql.session.timeZone, else the machine's.
std::string SessionTimeZone(const Config& config);
/// Spark's value of `key` as SET shows it.
std::optional<std::string> GetSetting(const Config& config, const std::string& key);

}  // namespace sluice::session
