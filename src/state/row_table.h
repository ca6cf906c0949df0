#pragma once
// UnsafeRow key -> UnsafeRow value in memory, and beyond the budget in a local file, with what changed since the last
// commit.
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "state/hash_index.h"
#include "state/row_segments.h"

namespace sluice::state {

/// An index of hashes over rows in segments: 10 to 20 bytes a row beside key and value. A value of the same size is
/// overwritten in place while its row is in memory. No operation looks at all rows but ForEach. Spans given
/// out stay valid until the next Put of their key or the next Settle. Not thread-safe.
class RowTable {
 public:
  explicit RowTable(std::shared_ptr<StateMemory> memory = StateMemory::Unlimited());
  ~RowTable() { memory_->Add(-index_bytes_); }
  RowTable(const RowTable&) = delete;

  std::optional<Bytes> Get(Bytes key) const;
  void Put(Bytes key, Bytes value);
  /// False, and nothing done, when the key is there.
  bool PutNew(Bytes key, Bytes value);
  /// Worth it for keys that are put or asked for a few calls later: a large index is not in the cache.
  void Prefetch(Bytes key) const { index_.Prefetch(HashOf(key)); }
  /// As Put, of a row that is committed already.
  void PutSettled(Bytes key, Bytes value);
  /// False when the key is not there.
  bool Remove(Bytes key);

  /// f(key, value) for each row, in no order.
  template <typename F>
  void ForEach(F&& f) const {
    for (uint32_t s = 0; s < rows_.num_segments(); ++s) {
      rows_.ForEach(s, [&](Location, const RowHeader* row) {
        if (row->live) f(row->key(), row->value());
      });
    }
  }
  /// Where a row's time is: with times in values, a change of the value may change it.
  enum class Time { kInKey, kInValue };
  /// f(key, value) for the rows with time_of(key, value), an optional, at most `limit`; the caller removes them. Looks
  /// only where rows came or changed since the last call, and where such rows are.
  template <typename TimeOf, typename F>
  void ForEachUpTo(int64_t limit, Time time, TimeOf&& time_of, F&& f) {
    UpTo(limit, time, time_of, [&](Location, const RowHeader* row) { f(row->key(), row->value()); });
  }
  /// As ForEachUpTo, and removes them.
  template <typename TimeOf, typename F>
  int64_t RemoveUpTo(int64_t limit, Time time, TimeOf&& time_of, F&& f) {
    int64_t removed = 0;
    UpTo(limit, time, time_of, [&](Location at, const RowHeader* row) {
      f(row->key(), row->value());
      RemoveRow(at, HashOf(row->key()));
      ++removed;
    });
    return removed;
  }
  /// f(key, value or nullopt for a removed key) for each key that differs from the last Settle. Beyond the budget also
  /// for keys that came and went in between.
  template <typename F>
  void ForEachChange(F&& f) const {
    for (Location at : changed_) {
      if (rows_.dead(at)) continue;
      const RowHeader* row = rows_.At(at);
      if (row->live) {
        f(row->key(), std::optional<Bytes>(row->value()));
      } else if (row->settled) {
        f(row->key(), std::optional<Bytes>());
      }
    }
  }
  /// The changes are safe elsewhere: they are forgotten, room of removed rows is reclaimed when there is much of it,
  /// and what is beyond the budget leaves memory.
  void Settle();

  int64_t size() const { return size_; }
  /// Keys and values, without room for growth and the index.
  int64_t live_bytes() const { return live_bytes_; }
  /// In memory.
  int64_t bytes_used() const { return index_bytes_ + rows_.bytes_held(); }
  /// Errors: a row of 512 MiB or more was not taken; the file of what is beyond the budget could not be written.
  Status status() const { return status_.ok() ? rows_.status() : status_; }

 private:
  using Location = RowSegments::Location;
  template <typename TimeOf, typename F>
  void UpTo(int64_t limit, Time time, TimeOf&& time_of, F&& f) {
    time_in_value_ = time == Time::kInValue;
    auto of_row = [&](const RowHeader* row) -> int64_t {
      if (!row->live) return INT64_MAX;
      return time_of(row->key(), row->value()).value_or(INT64_MAX);
    };
    for (uint32_t s = 0; s < rows_.num_segments(); ++s) rows_.ForEachUpTo(s, limit, of_row, f);
  }
  static uint32_t HashOf(Bytes key);
  uint32_t Find(Bytes key, uint32_t hash) const;
  bool TooLarge(Bytes key, Bytes value);
  void PutFirst(Bytes key, Bytes value, uint32_t hash);
  Location Append(Bytes key, Bytes value, bool live, bool changed, bool settled);
  void RemoveRow(Location at, uint32_t hash);
  void CountIndex();
  void Compact(uint32_t segment);

  const std::shared_ptr<StateMemory> memory_;
  RowSegments rows_;
  HashIndex index_;
  std::vector<Location> changed_;
  int64_t size_ = 0, live_bytes_ = 0, index_bytes_ = 0;
  bool time_in_value_ = false;
  Status status_;
};

}  // namespace sluice::state
