#include "state/state_stores.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "base/file_system.h"
#include "base/log.h"

namespace sluice::state {
namespace {

constexpr const char* kRocksDbProvider = "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider";
constexpr const char* kHdfsProvider = "org.apache.spark.sql.execution.streaming.state.HDFSBackedStateStoreProvider";

const ConfigEntry kProvider{"spark.sql.streaming.stateStore.providerClass", kHdfsProvider,
                            "Form of the state in the checkpoint."};
const ConfigEntry kCodec{"spark.sql.streaming.stateStore.compression.codec", "lz4", "Compression of state files."};
const ConfigEntry kEncoding{"spark.sql.streaming.stateStore.encodingFormat", "unsaferow", "Encoding of rows in state."};
const ConfigEntry kAggregationForm{"spark.sql.streaming.aggregation.stateFormatVersion", "2",
                                   "Form of aggregations in state."};
const ConfigEntry kJoinForm{"spark.sql.streaming.join.stateFormatVersion", "2",
                            "Form of stream-stream joins in state."};
const ConfigEntry kDeltasPerSnapshot{"spark.sql.streaming.stateStore.minDeltasForSnapshot", "10",
                                     "Deltas after which a snapshot of the state is written."};
const ConfigEntry kRetainedVersions{"spark.sql.streaming.minBatchesToRetain", "100",
                                    "Batches kept in the checkpoint's logs."};
const ConfigEntry kUpkeepInterval{"spark.sql.streaming.stateStore.maintenanceInterval", "60s",
                                  "Time between rounds that write snapshots and remove old versions of state."};
const ConfigEntry kMemoryBudget{"sluice.state.memoryBudget", "",
                                "Memory that the state of one query may take; what is beyond it lies in a file in "
                                "spark.local.dir. Default: half of the machine's."};
const ConfigEntry kLocalFolder{"spark.local.dir", "", "Folder of temporary files. Default: that of the system."};

/// The first of a list of folders.
std::string LocalFolder(const Config& config) {
  const std::string folders = config.Get(kLocalFolder);
  if (!folders.empty()) return folders.substr(0, folders.find(','));
  std::error_code ignored;
  return std::filesystem::temp_directory_path(ignored);
}

Status RefuseUnless(const Config& config, const ConfigEntry& entry) {
  const std::string value = config.Get(entry);
  if (value == entry.default_value) return Status::OK();
  return UnsupportedFeature("state with " + entry.key + "=" + value);
}

}  // namespace

void OperatorMetrics::Add(const OperatorMetrics& task) {
  rows_total += task.rows_total;
  rows_updated += task.rows_updated;
  rows_removed += task.rows_removed;
  rows_dropped_by_watermark += task.rows_dropped_by_watermark;
  update_us += task.update_us;
  removal_us += task.removal_us;
  commit_us += task.commit_us;
  memory_bytes += task.memory_bytes;
  state_bytes += task.state_bytes;
  stores += task.stores;
  for (const auto& [key, value] : task.custom) custom[key] += value;
}

Result<std::unique_ptr<StateStores>> StateStores::Open(std::string root, const Config& config) {
  for (const ConfigEntry* entry : {&kCodec, &kEncoding, &kAggregationForm, &kJoinForm})
    ARROW_RETURN_NOT_OK(RefuseUnless(config, *entry));
  std::unique_ptr<StateStores> stores(new StateStores(std::move(root), config.Get(kProvider)));
  ARROW_ASSIGN_OR_RAISE(stores->deltas_per_snapshot_, config.GetInt(kDeltasPerSnapshot));
  ARROW_ASSIGN_OR_RAISE(stores->retained_versions_, config.GetInt(kRetainedVersions));
  ARROW_ASSIGN_OR_RAISE(stores->upkeep_interval_ms_, config.GetDurationMs(kUpkeepInterval));
  int64_t budget = StateMemory::DefaultBudget();
  if (!config.Get(kMemoryBudget).empty()) {
    ARROW_ASSIGN_OR_RAISE(budget, config.GetBytes(kMemoryBudget));
  }
  stores->memory_ = std::make_shared<StateMemory>(budget, LocalFolder(config));
  stores->upkeep_ = std::thread([raw = stores.get()] { raw->Upkeep(); });
  return stores;
}

StateStores::~StateStores() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  upkeep_.join();
}

Status StateStores::CheckProvider(const Config& config, const std::string& operator_name) {
  const std::string provider = config.Get(kProvider);
  if (provider == kHdfsProvider) return Status::OK();
  return UnsupportedFeature("state of " + operator_name + " with " + kProvider.key + "=" + provider);
}

Status StateStores::Register(const StatefulOperator& op) {
  std::lock_guard lock(mutex_);
  if (registered_.count(op.id)) return Status::OK();
  if (op.has_variables) ARROW_RETURN_NOT_OK(CheckProviderOfVariables(op));
  ARROW_RETURN_NOT_OK(CheckOperatorMetadata(root_, op));
  registered_[op.id] = op.name;
  return Status::OK();
}

Status StateStores::CheckProviderOfVariables(const StatefulOperator& op) const {
  if (provider_ != kRocksDbProvider)
    return MakeError("UNSUPPORTED_FEATURE.STATE_STORE_MULTIPLE_COLUMN_FAMILIES", {{"stateStoreProvider", provider_}});
  const std::string folder = root_ + "/" + std::to_string(op.id);
  std::error_code ignored;
  if (std::filesystem::exists(folder + "/_stateSchema", ignored) ||
      std::filesystem::exists(folder + "/_metadata/v2", ignored))
    return UnsupportedFeature("state that Spark keeps in RocksDB (" + folder + ")");
  return Status::OK();
}

Result<VariableCatalog*> StateStores::Catalog(int64_t operator_id) {
  std::lock_guard lock(mutex_);
  auto& catalog = catalogs_[operator_id];
  if (!catalog) {
    ARROW_ASSIGN_OR_RAISE(catalog, VariableCatalog::Open(VariablesPath(root_, operator_id)));
  }
  return catalog.get();
}

Result<StateStore*> StateStores::Get(int64_t operator_id, int partition, const std::string& store, int64_t version) {
  const Id id{operator_id, partition, store};
  {
    std::lock_guard lock(mutex_);
    auto it = stores_.find(id);
    if (it != stores_.end() && it->second->version() == version) {
      ++hits_;
      return it->second.get();
    }
    if (it != stores_.end()) stores_.erase(it);  // before the other version comes into memory
  }
  if (version > 0) ++misses_;
  ARROW_ASSIGN_OR_RAISE(auto loaded,
                        StateStore::Load(StoreFolder(root_, operator_id, partition, store), version, memory_));
  std::lock_guard lock(mutex_);
  auto& slot = stores_[id];
  slot = std::move(loaded);
  return slot.get();
}

Status StateStores::Sync() const { return SyncFileSystem(root_); }

void StateStores::Committed(int64_t version) {
  std::lock_guard lock(mutex_);
  committed_ = version;
}

void StateStores::Upkeep() {
  // Batches go first.
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), 10);
  std::unique_lock lock(mutex_);
  while (!closing_) {
    changed_.wait_for(lock, std::chrono::milliseconds(std::max<int64_t>(1, upkeep_interval_ms_)),
                      [&] { return closing_; });
    const int64_t version = committed_;
    std::vector<std::string> folders;
    for (const auto& [id, _] : stores_) folders.push_back(StoreFolder(root_, id.operator_id, id.partition, id.store));
    for (const std::string& folder : folders) {
      if (closing_ || version == 0) break;
      lock.unlock();
      UpkeepOf(folder, version);
      lock.lock();
    }
  }
}

void StateStores::UpkeepOf(const std::string& folder, int64_t version) const {
  auto status = [&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(StateVersions versions, StateVersions::List(folder));
    if (version - versions.SnapshotFor(version) > deltas_per_snapshot_)
      ARROW_RETURN_NOT_OK(WriteSnapshot(folder, version, memory_));
    return RemoveVersionsBelow(folder, version - retained_versions_);
  }();
  // The next round tries again; until then a restart reads more deltas.
  if (!status.ok()) LogWarn("state upkeep failed", {{"folder", folder}, {"error", status}});
}

}  // namespace sluice::state
