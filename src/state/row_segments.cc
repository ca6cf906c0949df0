#include "state/row_segments.h"

#include <sys/mman.h>

#include <bit>
#include <new>

namespace sluice::state {
namespace {

constexpr size_t kPage = 4096;

size_t RoundUp(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

}  // namespace

RowSegments::RowSegments(std::shared_ptr<StateMemory> memory)
    : memory_(std::move(memory)), segment_bytes_(memory_->segment_bytes()),
      shift_(std::countr_zero(segment_bytes_) - 3), block_shift_(std::countr_zero(segment_bytes_ / kBlocks)),
      mask_((Location{1} << shift_) - 1) {}

RowSegments::~RowSegments() {
  for (uint32_t s = 0; s < segments_.size(); ++s) {
    if (segments_[s].base != nullptr) Free(s);
  }
}

void RowSegments::Hold(Segment* segment, size_t bytes) {
  const auto more = static_cast<int64_t>(bytes) - static_cast<int64_t>(segment->held);
  segment->held = bytes;
  held_ += more;
  memory_->Add(more);
}

RowSegments::Location RowSegments::Append(size_t bytes) {
  if (tail_ == UINT32_MAX || bytes > segments_[tail_].size - segments_[tail_].used) {
    // A row that fills a segment alone does not end the one that is being filled.
    if (bytes > segment_bytes_ / 2) {
      const uint32_t alone = NewSegment(bytes);
      segments_[alone].used = segments_[alone].live = bytes;
      Hold(&segments_[alone], RoundUp(bytes, kPage));
      return alone << shift_;
    }
    tail_ = NewSegment(segment_bytes_);
  }
  Segment& tail = segments_[tail_];
  const Location location = tail_ << shift_ | static_cast<Location>(tail.used >> 3);
  tail.used += bytes;
  tail.live += bytes;
  if (tail.used > tail.held) Hold(&tail, RoundUp(tail.used, kPage));
  return location;
}

uint32_t RowSegments::NewSegment(size_t bytes) {
  const size_t size = RoundUp(bytes, segment_bytes_);
  MakeRoom(UINT32_MAX);
  void* base = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  uint32_t s = static_cast<uint32_t>(segments_.size());
  if (size == segment_bytes_ && !unused_.empty()) {
    s = unused_.back();
    unused_.pop_back();
  } else {
    segments_.resize(segments_.size() + size / segment_bytes_);
  }
  // 32 GiB of one partition are as many as locations tell apart.
  if (base == MAP_FAILED || segments_.size() > size_t{1} << (32 - shift_)) throw std::bad_alloc();
  Segment& segment = segments_[s];
  segment.base = static_cast<uint8_t*>(base);
  segment.size = size;
  segment.queued = true;
  resident_.push_back(s);
  return s;
}

void RowSegments::Kill(Location location) {
  Segment& segment = segments_[location >> shift_];
  if (RowHeader* row = Writable(location)) {
    row->dead = 1;
    segment.live -= row->bytes();
    return;
  }
  if (segment.dead == nullptr) segment.dead = std::make_unique<uint64_t[]>(segment_bytes_ / 8 / 64);
  const Location at = location & mask_;
  segment.dead[at / 64] |= uint64_t{1} << at % 64;
  segment.live -= At(location)->bytes();
}

std::vector<uint32_t> RowSegments::Sparse() const {
  // Besides those that are mostly dead: segments that went to the file half empty, once there are several.
  constexpr size_t kSeveral = 8;
  std::vector<uint32_t> dead, small;
  for (uint32_t s = 0; s < segments_.size(); ++s) {
    const Segment& segment = segments_[s];
    if (segment.base == nullptr || s == tail_) continue;
    if (2 * segment.live < segment.used) {
      dead.push_back(s);
    } else if (segment.in_file() && 2 * segment.live < segment.size) {
      small.push_back(s);
    }
  }
  if (small.size() >= kSeveral) dead.insert(dead.end(), small.begin(), small.end());
  return dead;
}

void RowSegments::Free(uint32_t s) {
  Segment& segment = segments_[s];
  ::munmap(segment.base, segment.size);
  if (segment.in_file()) memory_->Release(segment.file_at, segment.size);
  Hold(&segment, 0);
  if (segment.queued) std::erase(resident_, s);
  // The numbers of a large one are usual ones again.
  for (size_t i = 0; i < segment.size / segment_bytes_; ++i) unused_.push_back(s + static_cast<uint32_t>(i));
  if (s == tail_) tail_ = UINT32_MAX;
  segment = Segment();
}

void RowSegments::BringIn(uint32_t s, size_t block) {
  Segment& segment = segments_[s];
  segment.touched = static_cast<uint16_t>(segment.touched | 1u << block);
  // A row that fills a segment alone is read as a whole.
  Hold(&segment, segment.size > segment_bytes_ ? segment.size : segment.held + segment.size / kBlocks);
  if (!segment.queued) {
    segment.queued = true;
    resident_.push_back(s);
  }
  MakeRoom(s);
}

void RowSegments::MakeRoom(uint32_t keep) {
  for (size_t left = resident_.size(); left > 0 && memory_->over(); --left) {
    const uint32_t s = resident_.front();
    resident_.pop_front();
    Segment& segment = segments_[s];
    if (s != tail_ && s != keep && (segment.in_file() || PutIntoFile(s))) {
      LetGo(&segment);
      segment.queued = false;
    } else {
      resident_.push_back(s);
    }
  }
}

bool RowSegments::PutIntoFile(uint32_t s) {
  if (!status_.ok()) return false;
  Segment& segment = segments_[s];
  // From here on the rows cannot be changed: they look as they will after the commit.
  ForEach(s, [&](Location location, const RowHeader*) {
    RowHeader* row = Writable(location);
    if (!row->live) return;
    row->changed = 0;
    row->settled = 1;
  });
  auto at = memory_->Write({segment.base, segment.used}, segment.size);
  if (!at.ok()) {
    status_ = at.status();
    return false;
  }
  // The pages of memory make way for those of the file.
  if (::mmap(segment.base, segment.size, PROT_READ, MAP_SHARED | MAP_FIXED, memory_->file(), *at) == MAP_FAILED)
    throw std::bad_alloc();
  segment.file_at = *at;
  segment.touched = 0;
  Hold(&segment, 0);
  return true;
}

void RowSegments::LetGo(Segment* segment) {
  if (segment->touched != 0) ::madvise(segment->base, segment->size, MADV_DONTNEED);
  segment->touched = 0;
  Hold(segment, 0);
  let_go_ = true;
}

void RowSegments::Relieve() {
  if (!memory_->over() && !let_go_) return;
  if (let_go_) {
    // Rows that were still in use were read again uncounted.
    for (Segment& segment : segments_) {
      if (!segment.in_file()) continue;
      ::madvise(segment.base, segment.size, MADV_DONTNEED);
      segment.touched = 0;
      Hold(&segment, 0);
    }
    let_go_ = false;
  }
  MakeRoom(UINT32_MAX);
  if (!memory_->over()) return;
  tail_ = UINT32_MAX;
  MakeRoom(UINT32_MAX);
}

}  // namespace sluice::state
