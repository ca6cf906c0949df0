#pragma once
// All state of one streaming query: its stores, opened on demand and kept between batches, and their upkeep on disk.
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/config.h"
#include "state/operator_metadata.h"
#include "state/state_store.h"
#include "state/variables.h"

namespace sluice::state {

/// Progress of one operator in one batch; Spark's StateOperatorProgress.
struct OperatorMetrics {
  std::string name;
  int64_t rows_total = 0, rows_updated = 0, rows_removed = 0, rows_dropped_by_watermark = 0;
  int64_t update_us = 0, removal_us = 0, commit_us = 0;  // summed over tasks
  int64_t memory_bytes = 0, state_bytes = 0;
  int64_t partitions = 0, stores = 0;
  std::map<std::string, int64_t> custom;  // beside those of the store
  void Add(const OperatorMetrics& task);
};

/// Thread-safe; a single store is used by one task at a time.
class StateStores {
 public:
  /// `root` is the checkpoint's "state". `config` holds what the checkpoint fixed: the provider, the codec.
  /// Errors: UNSUPPORTED_FEATURE naming a codec or encoding that is not there.
  static Result<std::unique_ptr<StateStores>> Open(std::string root, const Config& config);
  ~StateStores();

  /// Whether state of an operator without variables can be kept as `config` says. UNSUPPORTED_FEATURE names a provider.
  static Status CheckProvider(const Config& config, const std::string& operator_name);
  /// Called by each operator when a batch begins; the first time it compares with the checkpoint. As in Spark,
  /// variables want the provider of RocksDB to be set. Errors: UNSUPPORTED_FEATURE for files of RocksDB.
  Status Register(const StatefulOperator& op);
  /// The store at `version`: the one in memory if it is there, else from disk.
  Result<StateStore*> Get(int64_t operator_id, int partition, const std::string& store, int64_t version);
  /// The variables of an operator that has them.
  Result<VariableCatalog*> Catalog(int64_t operator_id);
  /// What the stores committed is on disk. To be called before the commit log says so.
  Status Sync() const;
  /// The batch that made `version` is in the commit log: older versions may be compacted and removed.
  void Committed(int64_t version);

  int64_t cache_hits() const { return hits_; }
  int64_t cache_misses() const { return misses_; }

 private:
  struct Id {
    int64_t operator_id;
    int partition;
    std::string store;
    auto operator<=>(const Id&) const = default;
  };
  StateStores(std::string root, std::string provider) : root_(std::move(root)), provider_(std::move(provider)) {}
  Status CheckProviderOfVariables(const StatefulOperator& op) const;
  void Upkeep();
  void UpkeepOf(const std::string& folder, int64_t version) const;

  const std::string root_, provider_;
  std::shared_ptr<StateMemory> memory_;
  int64_t deltas_per_snapshot_ = 10, retained_versions_ = 100, upkeep_interval_ms_ = 60'000;
  std::atomic<int64_t> hits_{0}, misses_{0};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Id, std::unique_ptr<StateStore>> stores_;
  std::map<int64_t, std::string> registered_;  // operators, by id
  std::map<int64_t, std::unique_ptr<VariableCatalog>> catalogs_;
  int64_t committed_ = 0;
  bool closing_ = false;
  std::thread upkeep_;
};

}  // namespace sluice::state
