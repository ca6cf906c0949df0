#pragma once
// Hashes of keys -> where their rows are. Grows leaf by leaf, so that no insertion waits for the whole to be moved.
#include <cstdint>
#include <memory>
#include <vector>

namespace sluice::state {

/// Extendible hashing: the leading bits of a hash choose a leaf, an open addressing table of the others. Needs no row
/// to grow. Not thread-safe.
class HashIndex {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  HashIndex();
  /// A location with this hash for which is_it(location); kNone if there is none.
  template <typename F>
  uint32_t Find(uint32_t hash, F&& is_it) const {
    const Leaf& leaf = leaves_[directory_[DirectoryAt(hash)]];
    const Slot* slots = leaf.slots.get();
    for (uint32_t i = hash & leaf.mask; slots[i].location != kNone; i = (i + 1) & leaf.mask) {
      if (slots[i].hash == hash && is_it(slots[i].location)) return slots[i].location;
    }
    return kNone;
  }
  /// Has the place of a hash on its way to the cache.
  void Prefetch(uint32_t hash) const {
    const Leaf& leaf = leaves_[directory_[DirectoryAt(hash)]];
    __builtin_prefetch(&leaf.slots[hash & leaf.mask]);
  }
  void Insert(uint32_t hash, uint32_t location);
  /// `from` is there.
  void Replace(uint32_t hash, uint32_t from, uint32_t to);
  void Erase(uint32_t hash, uint32_t location);
  /// Gives memory back when most of what was there has been erased.
  void Shrink();

  int64_t bytes() const { return bytes_; }

 private:
  struct Slot {
    uint32_t hash, location;
  };
  struct Leaf {
    std::unique_ptr<Slot[]> slots;
    uint32_t mask, used;
    int depth;  // leading bits of the hash that all here share
  };
  size_t DirectoryAt(uint32_t hash) const { return static_cast<size_t>(static_cast<uint64_t>(hash) >> (32 - depth_)); }
  Leaf MakeLeaf(uint32_t slots, int depth);
  static void Place(Leaf* leaf, Slot slot);
  /// Makes room in the leaf of `hash`: larger, or two of it.
  void Grow(uint32_t hash);
  uint32_t SlotOf(const Leaf& leaf, uint32_t hash, uint32_t location) const;

  std::vector<Leaf> leaves_;
  std::vector<uint32_t> directory_;
  int depth_ = 0;
  int64_t bytes_ = 0, used_ = 0;
};

}  // namespace sluice::state
