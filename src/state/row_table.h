#pragma once
// UnsafeRow key -> UnsafeRow value in memory, with what changed since the last commit.
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "state/state_file.h"

namespace sluice::state {

/// Open addressing over hashes of keys; rows lie in an arena, a value that still fits is overwritten in place. Spans
/// given out stay valid until the next Put of their key or the next Settle. Not thread-safe.
class RowTable {
 public:
  std::optional<Bytes> Get(Bytes key) const;
  void Put(Bytes key, Bytes value);
  /// False when the key is not there.
  bool Remove(Bytes key);

  /// f(key, value) for each row, in no order.
  template <typename F>
  void ForEach(F&& f) const {
    for (const Entry& entry : entries_) {
      if (entry.live) f(Key(entry), Value(entry));
    }
  }
  /// Removes the rows where f(key, value) is true.
  template <typename F>
  int64_t RemoveIf(F&& f) {
    int64_t removed = 0;
    for (uint32_t e = 0; e < entries_.size(); ++e) {
      if (!entries_[e].live || !f(Key(entries_[e]), Value(entries_[e]))) continue;
      RemoveEntry(e);
      ++removed;
    }
    return removed;
  }
  /// f(key, value or nullopt for a removed key) for each key that differs from the last Settle.
  template <typename F>
  void ForEachChange(F&& f) const {
    for (uint32_t e : changed_) {
      const Entry& entry = entries_[e];
      if (entry.live) {
        f(Key(entry), std::optional<Bytes>(Value(entry)));
      } else if (entry.settled) {
        f(Key(entry), std::optional<Bytes>());
      }
    }
  }
  /// The changes are safe elsewhere: they are forgotten, and room of removed rows is reclaimed when there is much of
  /// it.
  void Settle();

  int64_t size() const { return size_; }
  /// Keys and values, without room for growth and the index.
  int64_t live_bytes() const { return live_bytes_; }
  int64_t bytes_used() const;

 private:
  struct Entry {
    const uint8_t* key;
    uint8_t* value;
    uint32_t key_size, value_size, value_room;
    uint32_t hash;
    bool live;     // else removed; the key is kept until Settle
    bool changed;  // listed in changed_
    bool settled;  // was there at the last Settle
  };
  static Bytes Key(const Entry& e) { return {e.key, e.key_size}; }
  static Bytes Value(const Entry& e) { return {e.value, e.value_size}; }
  uint32_t Find(Bytes key, uint32_t hash) const;
  void Insert(uint32_t entry);
  void Grow();
  void Rebuild();
  void Change(uint32_t entry);
  void RemoveEntry(uint32_t entry);
  uint8_t* Allocate(size_t bytes);

  std::vector<Entry> entries_;
  std::vector<uint32_t> slots_;  // entry + 1, 0: free
  std::vector<uint32_t> changed_;
  std::vector<std::unique_ptr<uint8_t[]>> chunks_;
  size_t chunk_used_ = 0, chunk_size_ = 0;
  int64_t size_ = 0, live_bytes_ = 0, arena_bytes_ = 0;
};

}  // namespace sluice::state
