#include "state/hash_index.h"

#include <algorithm>

namespace sluice::state {
namespace {

constexpr uint32_t kSmallestLeaf = 16, kLargestLeaf = 4096;  // slots
constexpr int kDeepest = 20;  // leaves of more keys than their bits tell apart grow instead

bool Full(uint32_t used, uint32_t mask) { return 8ull * used >= 7ull * (mask + 1); }

}  // namespace

HashIndex::HashIndex() : directory_{0} { leaves_.push_back(MakeLeaf(kSmallestLeaf, 0)); }

HashIndex::Leaf HashIndex::MakeLeaf(uint32_t slots, int depth) {
  bytes_ += static_cast<int64_t>(slots * sizeof(Slot));
  Leaf leaf{std::make_unique_for_overwrite<Slot[]>(slots), slots - 1, 0, depth};
  std::fill_n(leaf.slots.get(), slots, Slot{0, kNone});
  return leaf;
}

void HashIndex::Place(Leaf* leaf, Slot slot) {
  uint32_t i = slot.hash & leaf->mask;
  while (leaf->slots[i].location != kNone) i = (i + 1) & leaf->mask;
  leaf->slots[i] = slot;
  ++leaf->used;
}

void HashIndex::Insert(uint32_t hash, uint32_t location) {
  while (true) {
    Leaf& leaf = leaves_[directory_[DirectoryAt(hash)]];
    if (!Full(leaf.used, leaf.mask)) {
      Place(&leaf, {hash, location});
      ++used_;
      return;
    }
    Grow(hash);
  }
}

void HashIndex::Grow(uint32_t hash) {
  const uint32_t id = directory_[DirectoryAt(hash)];
  Leaf old = std::move(leaves_[id]);
  const uint32_t slots = old.mask + 1;
  bytes_ -= static_cast<int64_t>(slots * sizeof(Slot));
  if (slots < kLargestLeaf || old.depth == kDeepest) {
    Leaf larger = MakeLeaf(2 * slots, old.depth);
    for (uint32_t i = 0; i < slots; ++i)
      if (old.slots[i].location != kNone) Place(&larger, old.slots[i]);
    leaves_[id] = std::move(larger);
    return;
  }
  if (old.depth == depth_) {
    std::vector<uint32_t> twice;
    twice.reserve(2 * directory_.size());
    for (uint32_t leaf : directory_) twice.insert(twice.end(), {leaf, leaf});
    directory_ = std::move(twice);
    ++depth_;
  }
  const int depth = old.depth + 1;
  Leaf halves[] = {MakeLeaf(slots, depth), MakeLeaf(slots, depth)};
  for (uint32_t i = 0; i < slots; ++i) {
    if (old.slots[i].location != kNone) Place(&halves[old.slots[i].hash >> (32 - depth) & 1], old.slots[i]);
  }
  leaves_[id] = std::move(halves[0]);
  const auto second = static_cast<uint32_t>(leaves_.size());
  leaves_.push_back(std::move(halves[1]));
  // The leaf's entries lie side by side; the upper half of them is the second's.
  const size_t entries = size_t{1} << (depth_ - old.depth);
  const size_t first = DirectoryAt(hash) & ~(entries - 1);
  std::fill_n(directory_.begin() + static_cast<int64_t>(first + entries / 2), entries / 2, second);
}

uint32_t HashIndex::SlotOf(const Leaf& leaf, uint32_t hash, uint32_t location) const {
  uint32_t i = hash & leaf.mask;
  while (leaf.slots[i].location != location) i = (i + 1) & leaf.mask;
  return i;
}

void HashIndex::Replace(uint32_t hash, uint32_t from, uint32_t to) {
  Leaf& leaf = leaves_[directory_[DirectoryAt(hash)]];
  leaf.slots[SlotOf(leaf, hash, from)].location = to;
}

void HashIndex::Erase(uint32_t hash, uint32_t location) {
  Leaf& leaf = leaves_[directory_[DirectoryAt(hash)]];
  uint32_t hole = SlotOf(leaf, hash, location);
  // What follows moves up, unless it is where it belongs, so that searches need no mark of what was here.
  for (uint32_t i = (hole + 1) & leaf.mask; leaf.slots[i].location != kNone; i = (i + 1) & leaf.mask) {
    const uint32_t home = leaf.slots[i].hash & leaf.mask;
    if (((i - home) & leaf.mask) < ((i - hole) & leaf.mask)) continue;
    leaf.slots[hole] = leaf.slots[i];
    hole = i;
  }
  leaf.slots[hole].location = kNone;
  --leaf.used;
  --used_;
}

void HashIndex::Shrink() {
  if (bytes_ <= static_cast<int64_t>(kLargestLeaf * sizeof(Slot)) ||
      8 * used_ * static_cast<int64_t>(sizeof(Slot)) > bytes_)
    return;
  HashIndex smaller;
  for (const Leaf& leaf : leaves_) {
    for (uint32_t i = 0; i <= leaf.mask; ++i)
      if (leaf.slots[i].location != kNone) smaller.Insert(leaf.slots[i].hash, leaf.slots[i].location);
  }
  *this = std::move(smaller);
}

}  // namespace sluice::state
