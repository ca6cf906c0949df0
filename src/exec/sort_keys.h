#pragma once
// Rows as byte strings whose memcmp order is Spark's order of the rows.
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "exec/batch.h"
#include "sluice/types.h"

namespace sluice::exec {

struct SortColumn {
  DataType type;
  bool ascending = true;
  bool nulls_first = true;
};

/// Encoded sort keys of consecutive rows.
class SortKeys {
 public:
  explicit SortKeys(std::vector<SortColumn> columns) : columns_(std::move(columns)) {}
  /// Appends the keys of `rows` rows. Order of values: numbers by size, NaN above all, -0.0 = 0.0; text by bytes;
  /// structs by fields, arrays by elements then length, nulls inside first. Errors: maps and calendar intervals have no
  /// order.
  Status Append(std::span<const Vector> values, int64_t rows);
  int64_t size() const { return static_cast<int64_t>(offsets_.size()) - 1; }
  std::string_view key(int64_t row) const {
    return {bytes_.data() + offsets_[row], static_cast<size_t>(offsets_[row + 1] - offsets_[row])};
  }
  /// The first 8 bytes as a number that orders as they do.
  uint64_t prefix(int64_t row) const;
  int64_t bytes_used() const { return static_cast<int64_t>(bytes_.size() + offsets_.size() * 8); }
  /// Keeps the given rows, in that order.
  void Keep(std::span<const int32_t> rows);

 private:
  std::vector<SortColumn> columns_;
  std::vector<char> bytes_;
  std::vector<uint64_t> offsets_{0};
};

/// Row numbers of `keys` in order; equal keys keep their order. Only the first `limit` are needed.
std::vector<int32_t> SortedRows(const SortKeys& keys, int64_t limit = INT64_MAX);

}  // namespace sluice::exec
