#pragma once
// Variables and timers that a function keeps of each key, many in one store (Spark's transformWithState). Spark keeps
// them in column families of RocksDB; here the rows of all lie side by side in one table:
//   number of the variable, uint32 | size of the key, uint32 | key | rest        (numbers big-endian)
//     -> when it expires, int64, INT64_MAX: never | row
// rest: of a list the position, uint64; of a map the user's key; of a timer, variable 0, its time, int64; else nothing.
#include <absl/container/btree_set.h>

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "sluice/types.h"
#include "state/state_store.h"

namespace sluice::state {

struct Variable {
  enum class Kind : uint8_t { kValue, kList, kMap };
  std::string name;
  Kind kind = Kind::kValue;
  DataType value;       // STRUCT
  DataType key;         // kMap: STRUCT
  int64_t ttl_ms = 0;   // 0: values do not expire
  uint32_t number = 0;  // given by the catalog
};

/// Where the checkpoint keeps an operator's variables: names, numbers, types. `root` is its "state".
std::string VariablesPath(const std::string& root, int64_t operator_id);

/// The variables of an operator; the same for all partitions. Thread-safe.
class VariableCatalog {
 public:
  /// Kept at `path`; "": in memory alone. Errors: MALFORMED_LOG_FILE.
  static Result<std::unique_ptr<VariableCatalog>> Open(std::string path);
  /// The variable's number, from before or new; what is new is on disk when this returns.
  /// Errors: STATE_STORE_VALUE_SCHEMA_NOT_COMPATIBLE and the like where types have changed.
  Result<uint32_t> Declare(const Variable& variable);
  /// Its name is free from now on; gives the number it had, or nothing.
  Result<std::optional<uint32_t>> Remove(const std::string& name);
  std::vector<Variable> variables() const;
  bool Has(uint32_t number) const;

 private:
  explicit VariableCatalog(std::string path) : path_(std::move(path)) {}
  Status Write() const;

  const std::string path_;
  mutable std::mutex mutex_;
  std::vector<Variable> variables_;
  uint32_t last_ = 0;
};

/// One partition's variables in one batch. Spans given out are valid until the store changes. Not thread-safe.
class Variables {
 public:
  /// `now_ms`: the batch's time. Values expire by it.
  Variables(StateStore* store, VariableCatalog* catalog, int64_t now_ms);

  /// To be called before the variable is used.
  Result<const Variable*> Declare(const Variable& variable);
  Status DeleteIfExists(const std::string& name);

  /// What follows is of this key.
  void SetKey(Bytes key) { key_.assign(key.begin(), key.end()); }

  std::optional<Bytes> Get(const Variable& variable, Bytes user_key = {}) const;
  void Put(const Variable& variable, Bytes row, Bytes user_key = {});
  void Remove(const Variable& variable, Bytes user_key = {});
  bool Exists(const Variable& variable) const;
  void Clear(const Variable& variable);
  /// At the end of a list.
  void Append(const Variable& variable, Bytes row);
  /// A list's rows in order; a map's keys and rows in order of the keys' bytes.
  struct Entry {
    Bytes user_key, row;
  };
  std::vector<Entry> Entries(const Variable& variable) const;

  void RegisterTimer(int64_t time_ms);
  void DeleteTimer(int64_t time_ms);
  /// The key's timers in order.
  std::vector<int64_t> Timers() const;
  struct Timer {
    int64_t time_ms;
    std::vector<uint8_t> key;
  };
  /// Timers of all keys before `until_ms`, in order of time.
  std::vector<Timer> ExpiredTimers(int64_t until_ms) const;
  bool AnyTimerBefore(int64_t until_ms) const;

  /// Removes values whose time is up; returns how many.
  int64_t Expire();

  int64_t updated() const { return updated_; }
  int64_t removed() const { return removed_; }

 private:
  struct Index;

  std::string KeyOf(uint32_t number, Bytes rest = {}) const;
  std::optional<Bytes> Live(std::string_view key) const;
  void PutAt(const std::string& key, Bytes row, int64_t expires_ms);
  void RemoveAt(const std::string& key);
  int64_t ExpiryOf(const Variable& variable) const;
  template <typename F>
  void ForEachBelow(const std::string& prefix, F&& f) const;

  StateStore* store_;
  VariableCatalog* catalog_;
  const int64_t now_ms_;
  Index* index_;
  std::vector<uint8_t> key_;
  std::vector<std::unique_ptr<Variable>> declared_;
  int64_t updated_ = 0, removed_ = 0;
};

}  // namespace sluice::state
