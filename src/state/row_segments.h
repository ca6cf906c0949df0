#pragma once
// Where the rows of a table lie: segments of memory, of which those that the budget has no room for go to a file and
// are mapped from there, at the same address.
#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "state/state_memory.h"

namespace sluice::state {

using Bytes = std::span<const uint8_t>;

/// A key and its value as they lie in a segment.
struct RowHeader {
  uint32_t key_size : 31, dead : 1;  // dead: no longer the row of its key
  uint32_t value_size : 29;
  uint32_t live : 1;     // else the key is removed; it is kept until its removal is committed
  uint32_t changed : 1;  // since the last commit
  uint32_t settled : 1;  // was there at the last commit

  static constexpr size_t kLargestValue = (size_t{1} << 29) - 1;
  static size_t BytesOf(size_t key_size, size_t value_size) {
    return sizeof(RowHeader) + (key_size + value_size + 7) / 8 * 8;
  }
  size_t bytes() const { return BytesOf(key_size, value_size); }
  const uint8_t* rows() const { return reinterpret_cast<const uint8_t*>(this + 1); }
  uint8_t* rows() { return reinterpret_cast<uint8_t*>(this + 1); }
  Bytes key() const { return {rows(), key_size}; }
  Bytes value() const { return {rows() + key_size, value_size}; }
};
static_assert(sizeof(RowHeader) == 8);

/// Rows are appended, and found by location. Those in the file are only read: a change of one is a new row, so that the
/// file is written in order and rows in use gather in memory. Segments that are mostly dead are to be compacted by the
/// owner. Addresses stay valid until Free or destruction. Not thread-safe.
class RowSegments {
 public:
  using Location = uint32_t;  // in units of 8 bytes

  explicit RowSegments(std::shared_ptr<StateMemory> memory);
  ~RowSegments();
  RowSegments(const RowSegments&) = delete;

  /// Room for a row, to be filled by the caller.
  Location Append(size_t bytes);
  const RowHeader* At(Location location) const {
    const Segment& segment = segments_[location >> shift_];
    const size_t offset = static_cast<size_t>(location & mask_) << 3;
    if (segment.in_file()) Touch(location >> shift_, offset);
    return reinterpret_cast<const RowHeader*>(segment.base + offset);
  }
  /// Null if the row is in the file.
  RowHeader* Writable(Location location) {
    Segment& segment = segments_[location >> shift_];
    return segment.in_file()
               ? nullptr
               : reinterpret_cast<RowHeader*>(segment.base + (static_cast<size_t>(location & mask_) << 3));
  }
  /// The row is not needed any more.
  void Kill(Location location);
  bool dead(Location location) const { return DeadInFile(location) || At(location)->dead; }

  /// Segments are numbered, with gaps.
  uint32_t num_segments() const { return static_cast<uint32_t>(segments_.size()); }
  /// f(location, row) for the rows of a segment that are not dead, also those that f appends behind them.
  template <typename F>
  void ForEach(uint32_t segment, F&& f) const {
    ForEachFrom(segment, 0, std::forward<F>(f));
  }
  /// f(location, row) for the rows of a segment whose time_of(row) is at most `limit`. Remembers the earliest time that
  /// is left, so that a segment with later ones is not looked at; what f gets has to be killed, or change.
  template <typename TimeOf, typename F>
  void ForEachUpTo(uint32_t s, int64_t limit, TimeOf&& time_of, F&& f) {
    if (segments_[s].timed < segments_[s].used) {
      int64_t earliest = segments_[s].earliest;
      ForEachFrom(s, segments_[s].timed,
                  [&](Location, const RowHeader* row) { earliest = std::min(earliest, time_of(row)); });
      segments_[s].earliest = earliest;
      segments_[s].timed = segments_[s].used;
    }
    if (segments_[s].earliest > limit) return;
    int64_t later = INT64_MAX;
    ForEachFrom(s, 0, [&](Location at, const RowHeader* row) {
      const int64_t time = time_of(row);
      if (time <= limit) {
        f(at, row);
      } else {
        later = std::min(later, time);
      }
    });
    segments_[s].earliest = later;
  }
  /// The row's time has changed.
  void Retime(Location location) {
    Segment& segment = segments_[location >> shift_];
    segment.timed = std::min(segment.timed, static_cast<size_t>(location & mask_) << 3);
  }

  /// Segments with so little in them that their rows should be appended anew and they freed.
  std::vector<uint32_t> Sparse() const;
  void Free(uint32_t segment);
  /// Puts rows into the file until all tables together are within the budget again, or everything here is there.
  void Relieve();

  int64_t bytes_held() const { return held_; }
  /// Why rows could not be put into the file, if so; they stay in memory.
  const Status& status() const { return status_; }

 private:
  struct Segment {
    uint8_t* base = nullptr;              // null: none, or the continuation of a large one
    size_t size = 0, used = 0, live = 0;  // bytes
    int64_t earliest = INT64_MAX;         // time of the rows in the first `timed` bytes
    size_t timed = 0;
    int64_t file_at = -1;
    size_t held = 0;                   // bytes counted as in memory
    uint16_t touched = 0;              // blocks in memory, of a segment in the file
    bool queued = false;               // in resident_
    std::unique_ptr<uint64_t[]> dead;  // by location, of a segment in the file
    bool in_file() const { return file_at >= 0; }
  };
  static constexpr size_t kBlocks = 16;

  template <typename F>
  void ForEachFrom(uint32_t segment, size_t offset, F&& f) const {
    while (offset < segments_[segment].used) {
      const Location location = segment << shift_ | static_cast<Location>(offset >> 3);
      const RowHeader* row = At(location);
      offset += row->bytes();
      if (!row->dead && !DeadInFile(location)) f(location, row);
    }
  }
  void Touch(uint32_t segment, size_t offset) const {
    const size_t block = offset >> block_shift_;
    if (!(segments_[segment].touched >> block & 1)) const_cast<RowSegments*>(this)->BringIn(segment, block);
  }
  bool DeadInFile(Location location) const {
    const auto& dead = segments_[location >> shift_].dead;
    const Location at = location & mask_;
    return dead != nullptr && (dead[at / 64] >> at % 64 & 1);
  }
  void BringIn(uint32_t segment, size_t block);
  uint32_t NewSegment(size_t bytes);
  void Hold(Segment* segment, size_t bytes);
  void MakeRoom(uint32_t keep);
  bool PutIntoFile(uint32_t segment);
  void LetGo(Segment* segment);

  const std::shared_ptr<StateMemory> memory_;
  const size_t segment_bytes_;
  const int shift_, block_shift_;
  const Location mask_;
  std::vector<Segment> segments_;
  std::vector<uint32_t> unused_;   // numbers of freed segments of the usual size
  std::deque<uint32_t> resident_;  // segments with something in memory, oldest first
  uint32_t tail_ = UINT32_MAX;
  int64_t held_ = 0;
  bool let_go_ = false;  // pages of segments that were let go of may have been read again
  Status status_;
};

}  // namespace sluice::state
