#pragma once
// Rows between two pipelines, divided by key as Spark's HashPartitioning does: pmod(murmur3(keys, 42), partitions).
#include <mutex>
#include <vector>

#include "exec/batch.h"
#include "sluice/types.h"

namespace sluice::exec {

/// The partition of each row.
Status PartitionOf(std::span<const Vector> keys, const std::vector<DataType>& types, int64_t rows, int partitions,
                   std::vector<int32_t>* result);

/// Filled by tasks, then read partition by partition. `Tag` says what a batch is, where there are several kinds.
class Exchange {
 public:
  explicit Exchange(int partitions) : partitions_(partitions) {}

  int partitions() const { return static_cast<int>(partitions_.size()); }
  /// Divides `batch` by `keys` (columns of as many rows, of `types`); no keys: all to partition 0. Thread-safe.
  Status Route(const Batch& batch, std::span<const Vector> keys, const std::vector<DataType>& types, int tag = 0);
  /// Thread-safe.
  void Add(int partition, Batch batch, int tag = 0);
  struct Item {
    int tag;
    Batch batch;
  };
  /// Gives the partition's batches away.
  std::vector<Item> Take(int partition) { return std::move(partitions_[partition]); }

 private:
  std::mutex mutex_;
  std::vector<std::vector<Item>> partitions_;
};

}  // namespace sluice::exec
