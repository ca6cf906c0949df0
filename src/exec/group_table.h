#pragma once
// Keys -> dense group ids; the hash table under aggregation, deduplication, set operations and joins.
#include <cstdint>
#include <vector>

#include "exec/batch.h"
#include "sluice/types.h"

namespace sluice::exec {

constexpr uint32_t kNoGroup = UINT32_MAX;

/// Distinct keys in order of first appearance. Nulls equal nulls, NaN equals NaN, -0.0 equals 0.0 as in Spark's
/// grouping. Open addressing: over 64-bit values for one fixed-width key, over bytes for one STRING or BINARY key, over
/// the bytes of UnsafeRows for anything else. Not thread-safe for Map; Find is.
class GroupTable {
 public:
  explicit GroupTable(std::vector<DataType> key_types);

  /// (*ids)[i] is the group of row i; unseen keys get the next ids, and their rows are listed in `new_rows` if given.
  Status Map(std::span<const Vector> keys, int64_t rows, std::vector<uint32_t>* ids,
             std::vector<int32_t>* new_rows = nullptr);
  /// kNoGroup for unseen keys.
  Status Find(std::span<const Vector> keys, int64_t rows, std::vector<uint32_t>* ids) const;

  uint32_t size() const { return size_; }
  /// The key columns, row g for group g, floats normalised.
  Result<std::vector<ArrayPtr>> Keys() const;
  int64_t bytes_used() const;
  void Clear();

 private:
  enum class Form { kFixed, kBytes, kRow };
  struct FixedSlot {
    int64_t key;
    uint32_t id = kNoGroup;
  };
  struct BytesSlot {
    uint32_t hash;
    uint32_t id = kNoGroup;
  };
  struct Input;  // a batch's keys made ready
  Result<Input> Prepare(std::span<const Vector> keys, int64_t rows) const;
  template <bool kInsert>
  uint32_t Fixed(int64_t key);
  template <bool kInsert>
  uint32_t Bytes(std::string_view key, uint32_t tag);
  /// ids[i] = the group of key_of(i), for rows that are not null.
  template <bool kInsert, typename KeyOf>
  void ResolveBytes(int64_t rows, uint32_t* ids, KeyOf&& key_of);
  template <bool kInsert>
  void Resolve(const Input& input, int64_t rows, uint32_t* ids);
  void GrowFixed();
  void GrowBytes();
  std::string_view BytesOf(uint32_t id) const {
    return {arena_.data() + offsets_[id], static_cast<size_t>(offsets_[id + 1] - offsets_[id])};
  }

  std::vector<DataType> types_;
  Form form_;
  uint32_t size_ = 0;
  uint32_t null_id_ = kNoGroup;  // of kFixed and kBytes
  std::vector<FixedSlot> fixed_;
  std::vector<BytesSlot> bytes_;
  std::vector<uint64_t> offsets_{0};
  std::vector<char> arena_;
  std::vector<std::vector<ArrayPtr>> key_pieces_;  // by key column
  int64_t piece_bytes_ = 0;
};

/// -0.0 becomes 0.0 and every NaN the same one, in FLOAT and DOUBLE values at any depth.
Result<ArrayPtr> NormalizeFloats(const ArrayPtr& array, const DataType& type);

}  // namespace sluice::exec
