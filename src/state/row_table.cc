#include "state/row_table.h"

#define XXH_INLINE_ALL  // librdkafka has these names too
#include <xxhash.h>

#include <algorithm>
#include <cstring>

namespace sluice::state {
namespace {

constexpr size_t kSmallestChunk = 4 * 1024, kLargestChunk = 1024 * 1024;

uint32_t HashOf(Bytes key) { return static_cast<uint32_t>(XXH3_64bits(key.data(), key.size())); }

bool Same(const uint8_t* a, Bytes b) { return b.empty() || std::memcmp(a, b.data(), b.size()) == 0; }

void Copy(uint8_t* to, Bytes from) {
  if (!from.empty()) std::memcpy(to, from.data(), from.size());
}

}  // namespace

uint8_t* RowTable::Allocate(size_t bytes) {
  if (bytes > chunk_size_ - chunk_used_) {
    chunk_size_ = std::max(bytes, std::clamp(2 * chunk_size_, kSmallestChunk, kLargestChunk));
    chunks_.push_back(std::make_unique_for_overwrite<uint8_t[]>(chunk_size_));
    chunk_used_ = 0;
    arena_bytes_ += static_cast<int64_t>(chunk_size_);
  }
  uint8_t* at = chunks_.back().get() + chunk_used_;
  chunk_used_ += bytes;
  return at;
}

uint32_t RowTable::Find(Bytes key, uint32_t hash) const {
  if (slots_.empty()) return UINT32_MAX;
  const size_t mask = slots_.size() - 1;
  for (size_t slot = hash & mask; slots_[slot] != 0; slot = (slot + 1) & mask) {
    const Entry& entry = entries_[slots_[slot] - 1];
    if (entry.hash == hash && entry.key_size == key.size() && Same(entry.key, key)) return slots_[slot] - 1;
  }
  return UINT32_MAX;
}

void RowTable::Insert(uint32_t entry) {
  const size_t mask = slots_.size() - 1;
  size_t slot = entries_[entry].hash & mask;
  while (slots_[slot] != 0) slot = (slot + 1) & mask;
  slots_[slot] = entry + 1;
}

void RowTable::Grow() {
  slots_.assign(std::max<size_t>(16, 2 * slots_.size()), 0);
  for (uint32_t e = 0; e < entries_.size(); ++e) Insert(e);
}

void RowTable::Change(uint32_t entry) {
  if (entries_[entry].changed) return;
  entries_[entry].changed = true;
  changed_.push_back(entry);
}

std::optional<Bytes> RowTable::Get(Bytes key) const {
  const uint32_t e = Find(key, HashOf(key));
  if (e == UINT32_MAX || !entries_[e].live) return std::nullopt;
  return Value(entries_[e]);
}

void RowTable::Put(Bytes key, Bytes value) {
  const uint32_t hash = HashOf(key);
  uint32_t e = Find(key, hash);
  if (e == UINT32_MAX) {
    e = static_cast<uint32_t>(entries_.size());
    uint8_t* rows = Allocate(key.size() + value.size());
    Copy(rows, key);
    entries_.push_back({rows, rows + key.size(), static_cast<uint32_t>(key.size()), 0,
                        static_cast<uint32_t>(value.size()), hash, false, false, false});
    if (2 * entries_.size() > slots_.size()) {
      Grow();
    } else {
      Insert(e);
    }
  }
  Entry& entry = entries_[e];
  if (entry.live) {
    if (entry.value_size == value.size() && Same(entry.value, value)) return;
    live_bytes_ -= entry.value_size;
  } else {
    entry.live = true;
    ++size_;
    live_bytes_ += entry.key_size;
  }
  Change(e);
  if (value.size() > entry.value_room) {
    entry.value = Allocate(value.size());
    entry.value_room = static_cast<uint32_t>(value.size());
  }
  Copy(entry.value, value);
  entry.value_size = static_cast<uint32_t>(value.size());
  live_bytes_ += entry.value_size;
}

bool RowTable::Remove(Bytes key) {
  const uint32_t e = Find(key, HashOf(key));
  if (e == UINT32_MAX || !entries_[e].live) return false;
  RemoveEntry(e);
  return true;
}

void RowTable::RemoveEntry(uint32_t e) {
  Entry& entry = entries_[e];
  entry.live = false;
  --size_;
  live_bytes_ -= entry.key_size + entry.value_size;
  Change(e);
}

void RowTable::Settle() {
  for (uint32_t e : changed_) {
    entries_[e].changed = false;
    entries_[e].settled = entries_[e].live;
  }
  changed_.clear();
  const bool many_removed = entries_.size() > 64 && 4 * static_cast<size_t>(size_) < 3 * entries_.size();
  const bool much_garbage = arena_bytes_ > 2 * live_bytes_ + static_cast<int64_t>(2 * kLargestChunk);
  if (many_removed || much_garbage) Rebuild();
}

void RowTable::Rebuild() {
  RowTable fresh;
  fresh.entries_.reserve(static_cast<size_t>(size_));
  ForEach([&](Bytes key, Bytes value) { fresh.Put(key, value); });
  for (Entry& entry : fresh.entries_) {
    entry.changed = false;
    entry.settled = true;
  }
  fresh.changed_.clear();
  *this = std::move(fresh);
}

int64_t RowTable::bytes_used() const {
  return static_cast<int64_t>(entries_.capacity() * sizeof(Entry) + slots_.capacity() * sizeof(uint32_t)) +
         arena_bytes_;
}

}  // namespace sluice::state
