#pragma once
// What the checkpoint says about a stateful operator: state/<operator>/_metadata/metadata (its name and stores) and
// state/<operator>/0[/<store>]/_metadata/schema (the types of keys and values), as Spark writes them.
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "sluice/types.h"

namespace sluice::state {

inline constexpr const char* kDefaultStore = "default";

/// A stateful operator of a query.
struct StatefulOperator {
  struct Store {
    std::string name = kDefaultStore;
    DataType key, value;     // STRUCTs
    int prefix_columns = 0;  // of the key, that rows are looked up by
    bool counted = true;     // its rows are the operator's, not only an index of them
  };
  int64_t id = 0;
  std::string name;  // "stateStoreSave"
  int partitions = 1;
  std::vector<Store> stores;
  bool has_variables = false;  // its rows are those of state/variables.h, which Spark keeps in RocksDB alone
};

/// Whether rows of `stored` can be read as `now`: the same but for names and metadata; a column may become nullable,
/// not the reverse.
bool CompatibleSchema(const DataType& stored, const DataType& now);

/// The folder of a partition's store. `root` is the checkpoint's "state".
std::string StoreFolder(const std::string& root, int64_t operator_id, int partition, const std::string& store);

/// Writes what is missing and compares the rest: names and metadata of columns may change, types may not.
/// Errors: STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA, STATE_STORE_KEY_SCHEMA_NOT_COMPATIBLE,
/// STATE_STORE_VALUE_SCHEMA_NOT_COMPATIBLE.
Status CheckOperatorMetadata(const std::string& root, const StatefulOperator& op);
/// Whether a query with the operators `now`, names by id, is the one that left the state in `root`. State without
/// metadata (Spark before 3.5) is not checked. Errors: STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA.
Status CheckOperators(const std::string& root, const std::map<int64_t, std::string>& now);

/// The operators of a checkpoint, in order of their ids. Errors: MALFORMED_LOG_FILE; UNSUPPORTED_FEATURE for state that
/// Spark keeps in RocksDB.
Result<std::vector<int64_t>> ListOperators(const std::string& root);
Result<StatefulOperator> ReadOperator(const std::string& root, int64_t id);

}  // namespace sluice::state
