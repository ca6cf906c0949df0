#pragma once
// What goes wrong with tables, by condition.
#include <string>

#include "base/error.h"

namespace sluice::iceberg {

/// What Iceberg in Spark raises as an IllegalArgumentException or a ValidationException, in its words.
inline Status IllegalArgument(std::string message) {
  return MakeError("ILLEGAL_ARGUMENT", {{"message", std::move(message)}});
}

/// Nobody can say whether the catalog took a commit, or will: whatever it names has to stay.
inline Status CommitStateUnknown(std::string reason) {
  return MakeError("COMMIT_STATE_UNKNOWN", {{"reason", std::move(reason)}});
}
inline bool IsCommitStateUnknown(const Status& status) { return ConditionOf(status) == "COMMIT_STATE_UNKNOWN"; }

/// The table `before` is gone, and another has its place.
inline Status TableReplaced(const std::string& table, const std::string& before, const std::string& now) {
  return MakeError("INCOMPATIBLE_TABLE_CHANGE_AFTER_ANALYSIS.TABLE_ID_MISMATCH",
                   {{"tableName", table}, {"capturedTableId", before}, {"currentTableId", now}});
}

}  // namespace sluice::iceberg
