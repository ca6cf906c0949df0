#pragma once
// How often each value comes in each group, and the bytes that Spark keeps of that: mode, percentile.
#include <absl/container/flat_hash_map.h>
#include <arrow/array/array_binary.h>

#include <span>
#include <vector>

#include "functions/aggregate_internal.h"

namespace sluice::functions {

/// The order in which Spark's own serializers write numbers.
void AppendBigEndian(uint64_t value, int bytes, std::string* out);
uint64_t BigEndianAt(std::string_view bytes, size_t at, int size);

/// Values of groups with their counts; those of group g are rows [offsets[g], offsets[g + 1]).
struct CountedValues {
  ArrayPtr values;
  std::vector<int64_t> counts;
  std::vector<int64_t> offsets;
};
/// <-> BINARY, a row a group: for each value the size (big-endian int) and the UnsafeRow of (value, count); -1 ends it.
/// The form of Spark's TypedAggregateWithHashMapAsBuffer.
Result<ArrayPtr> EncodeCounts(const DataType& type, const CountedValues& counted);
/// Errors: IOError for bytes that are not of that form.
Result<CountedValues> DecodeCounts(const DataType& type, const arrow::BinaryArray& rows);

/// Counts by group and value, the values in order of first appearance. Not thread-safe.
class ValueCounts {
 public:
  explicit ValueCounts(DataType type) : type_(std::move(type)) {}
  void Resize(int64_t groups) { groups_.resize(static_cast<size_t>(groups)); }
  /// Row i of `values` goes to group ids[i], counts[i] times (no counts: once); nulls are left out.
  Status Add(const ArrayPtr& values, std::span<const uint32_t> ids, std::span<const int64_t> counts = {});
  Result<CountedValues> Finish() const;
  int64_t bytes_used() const { return entries_ * static_cast<int64_t>(sizeof(Entry) + 32); }

 private:
  struct Entry {
    int32_t chunk;
    int64_t row, count;
  };
  DataType type_;
  std::vector<ArrayPtr> chunks_;
  std::vector<std::vector<Entry>> groups_;
  absl::flat_hash_map<std::pair<uint32_t, int32_t>, std::vector<uint32_t>> seen_;  // by group and hash: entries
  int64_t entries_ = 0;
};

}  // namespace sluice::functions
