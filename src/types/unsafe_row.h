#pragma once
// Spark's UnsafeRow: null bits in 8-byte words, one 8-byte slot a field, variable parts after, 8-byte aligned.
// Source: the class comment of org.apache.spark.sql.catalyst.expressions.UnsafeRow; checked against checkpoints real
// Spark wrote.
#include <arrow/record_batch.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "sluice/types.h"

namespace sluice {

/// Rows [0, n) of columns -> consecutive UnsafeRows in one buffer.
struct UnsafeRows {
  std::vector<uint8_t> bytes;
  std::vector<uint64_t> offsets;  // n + 1
  std::span<const uint8_t> row(size_t i) const { return {bytes.data() + offsets[i], offsets[i + 1] - offsets[i]}; }
  size_t size() const { return offsets.size() - 1; }
};

/// Column-at-a-time; `schema` is a STRUCT matching `columns`. Writes every type of sluice/types.h.
Result<UnsafeRows> EncodeUnsafeRows(const DataType& schema, const std::vector<std::shared_ptr<arrow::Array>>& columns,
                                    int64_t num_rows);

/// The reverse. Corrupt bytes give an error, never a crash.
Result<std::vector<std::shared_ptr<arrow::Array>>> DecodeUnsafeRows(const DataType& schema,
                                                                    const std::vector<std::span<const uint8_t>>& rows);

/// Spark's Murmur3Hash with `seed` (42 for partitioning) over columns, as hash(a, b, ...): hashes[i] holds the running
/// value on entry and exit; nulls leave it unchanged.
Status HashColumn(const DataType& type, const arrow::Array& column, std::span<int32_t> hashes);

}  // namespace sluice
