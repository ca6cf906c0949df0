#include "exec/exchange.h"

#include "exec/group_table.h"
#include "types/unsafe_row.h"

namespace sluice::exec {

Status PartitionOf(std::span<const Vector> keys, const std::vector<DataType>& types, int64_t rows, int partitions,
                   std::vector<int32_t>* result) {
  result->assign(rows, 42);
  for (size_t k = 0; k < keys.size(); ++k) {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr column, Materialize(keys[k], rows));
    ARROW_ASSIGN_OR_RAISE(column, NormalizeFloats(column, types[k]));
    ARROW_RETURN_NOT_OK(HashColumn(types[k], *column, *result));
  }
  for (int32_t& hash : *result) {
    hash %= partitions;
    if (hash < 0) hash += partitions;
  }
  return Status::OK();
}

void Exchange::Add(int partition, Batch batch, int tag) {
  if (batch.rows == 0) return;
  std::lock_guard lock(mutex_);
  partitions_[partition].push_back({tag, std::move(batch)});
}

Status Exchange::Route(const Batch& batch, std::span<const Vector> keys, const std::vector<DataType>& types, int tag) {
  if (batch.rows == 0) return Status::OK();
  if (partitions() == 1 || keys.empty()) {
    Add(0, batch, tag);
    return Status::OK();
  }
  std::vector<int32_t> partition;
  ARROW_RETURN_NOT_OK(PartitionOf(keys, types, batch.rows, partitions(), &partition));
  std::vector<std::vector<int32_t>> rows(partitions());
  for (int64_t i = 0; i < batch.rows; ++i) rows[partition[i]].push_back(static_cast<int32_t>(i));
  for (int p = 0; p < partitions(); ++p) {
    if (rows[p].empty()) continue;
    ARROW_ASSIGN_OR_RAISE(Batch part, TakeRows(batch, rows[p]));
    Add(p, std::move(part), tag);
  }
  return Status::OK();
}

}  // namespace sluice::exec
