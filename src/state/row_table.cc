#include "state/row_table.h"

#define XXH_INLINE_ALL  // librdkafka has these names too
#include <xxhash.h>

#include <cstring>

namespace sluice::state {
namespace {

bool Same(Bytes a, Bytes b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

void Copy(uint8_t* to, Bytes from) {
  if (!from.empty()) std::memcpy(to, from.data(), from.size());
}

}  // namespace

RowTable::RowTable(std::shared_ptr<StateMemory> memory) : memory_(std::move(memory)), rows_(memory_) { CountIndex(); }

uint32_t RowTable::HashOf(Bytes key) { return static_cast<uint32_t>(XXH3_64bits(key.data(), key.size())); }

uint32_t RowTable::Find(Bytes key, uint32_t hash) const {
  return index_.Find(hash, [&](Location at) { return Same(rows_.At(at)->key(), key); });
}

bool RowTable::TooLarge(Bytes key, Bytes value) {
  if (key.size() + value.size() <= RowHeader::kLargestValue) return false;
  status_ = UnsupportedFeature("a row of state of " + std::to_string(key.size() + value.size()) + " bytes");
  return true;
}

void RowTable::CountIndex() {
  if (index_.bytes() == index_bytes_) return;
  memory_->Add(index_.bytes() - index_bytes_);
  index_bytes_ = index_.bytes();
}

RowTable::Location RowTable::Append(Bytes key, Bytes value, bool live, bool changed, bool settled) {
  const Location at = rows_.Append(RowHeader::BytesOf(key.size(), value.size()));
  RowHeader* row = rows_.Writable(at);
  *row = {static_cast<uint32_t>(key.size()), 0, static_cast<uint32_t>(value.size()), live, changed, settled};
  Copy(row->rows(), key);
  Copy(row->rows() + key.size(), value);
  return at;
}

std::optional<Bytes> RowTable::Get(Bytes key) const {
  const uint32_t at = Find(key, HashOf(key));
  if (at == HashIndex::kNone || !rows_.At(at)->live) return std::nullopt;
  return rows_.At(at)->value();
}

void RowTable::PutFirst(Bytes key, Bytes value, uint32_t hash) {
  changed_.push_back(Append(key, value, true, true, false));
  index_.Insert(hash, changed_.back());
  CountIndex();
  ++size_;
  live_bytes_ += static_cast<int64_t>(key.size() + value.size());
}

bool RowTable::PutNew(Bytes key, Bytes value) {
  const uint32_t hash = HashOf(key);
  const uint32_t at = Find(key, hash);
  if (at != HashIndex::kNone) {
    if (rows_.At(at)->live) return false;
    Put(key, value);  // of a row that was removed
  } else if (!TooLarge(key, value)) {
    PutFirst(key, value, hash);
  }
  return true;
}

void RowTable::Put(Bytes key, Bytes value) {
  if (TooLarge(key, value)) return;
  const uint32_t hash = HashOf(key);
  const uint32_t at = Find(key, hash);
  if (at == HashIndex::kNone) return PutFirst(key, value, hash);
  const RowHeader* old = rows_.At(at);
  if (old->live) {
    if (Same(old->value(), value)) return;
    live_bytes_ += static_cast<int64_t>(value.size()) - static_cast<int64_t>(old->value_size);
  } else {
    ++size_;
    live_bytes_ += static_cast<int64_t>(key.size() + value.size());
  }
  RowHeader* row = rows_.Writable(at);
  if (row != nullptr && row->bytes() == RowHeader::BytesOf(key.size(), value.size())) {
    Copy(row->rows() + key.size(), value);
    row->value_size = static_cast<uint32_t>(value.size());
    row->live = 1;
    if (!row->changed) changed_.push_back(at);
    row->changed = 1;
    if (time_in_value_) rows_.Retime(at);
    return;
  }
  const bool settled = old->settled;
  changed_.push_back(Append(key, value, true, true, settled));
  index_.Replace(hash, at, changed_.back());
  rows_.Kill(at);
}

void RowTable::PutSettled(Bytes key, Bytes value) {
  if (TooLarge(key, value)) return;
  const uint32_t hash = HashOf(key);
  if (Find(key, hash) != HashIndex::kNone) return Put(key, value);
  index_.Insert(hash, Append(key, value, true, false, true));
  CountIndex();
  ++size_;
  live_bytes_ += static_cast<int64_t>(key.size() + value.size());
}

bool RowTable::Remove(Bytes key) {
  const uint32_t hash = HashOf(key);
  const uint32_t at = Find(key, hash);
  if (at == HashIndex::kNone || !rows_.At(at)->live) return false;
  RemoveRow(at, hash);
  return true;
}

void RowTable::RemoveRow(Location at, uint32_t hash) {
  const RowHeader* old = rows_.At(at);
  --size_;
  live_bytes_ -= old->key_size + old->value_size;
  RowHeader* row = rows_.Writable(at);
  if (row == nullptr) {
    const bool settled = old->settled;
    changed_.push_back(Append(old->key(), {}, false, true, settled));
    index_.Replace(hash, at, changed_.back());
    rows_.Kill(at);
    return;
  }
  row->live = 0;
  if (!row->changed) changed_.push_back(at);
  row->changed = 1;
}

void RowTable::Settle() {
  constexpr size_t kAhead = 8;
  for (size_t i = 0; i < changed_.size(); ++i) {
    if (i + kAhead < changed_.size() && !rows_.dead(changed_[i + kAhead])) {
      const RowHeader* next = rows_.At(changed_[i + kAhead]);
      if (!next->live) Prefetch(next->key());
    }
    const Location at = changed_[i];
    if (rows_.dead(at)) continue;
    const RowHeader* row = rows_.At(at);
    if (!row->live) {
      index_.Erase(HashOf(row->key()), at);
      rows_.Kill(at);
    } else if (RowHeader* in_memory = rows_.Writable(at)) {
      in_memory->changed = 0;
      in_memory->settled = 1;
    }
  }
  constexpr size_t kKept = 64 * 1024;
  changed_.clear();
  if (changed_.capacity() > kKept) changed_.shrink_to_fit();
  for (uint32_t segment : rows_.Sparse()) Compact(segment);
  index_.Shrink();
  CountIndex();
  rows_.Relieve();
}

void RowTable::Compact(uint32_t segment) {
  rows_.ForEach(segment, [&](Location at, const RowHeader* row) {
    index_.Replace(HashOf(row->key()), at, Append(row->key(), row->value(), true, false, true));
  });
  rows_.Free(segment);
}

}  // namespace sluice::state
