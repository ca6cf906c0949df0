#pragma once
#include <cstdint>

namespace sluice::stream {

/// When micro-batches run. Source: Structured Streaming guide, "Triggers".
struct Trigger {
  enum class Kind : uint8_t { kDefault, kProcessingTime, kOnce, kAvailableNow };
  Kind kind = Kind::kDefault;
  int64_t interval_ms = 0;  // kProcessingTime

  /// Start of the next batch after one that began at `now_ms`: multiples of the interval since the epoch, so that
  /// batches of a restarted query keep their phase.
  int64_t NextMs(int64_t now_ms) const {
    return interval_ms == 0 ? now_ms : now_ms / interval_ms * interval_ms + interval_ms;
  }
  bool one_shot() const { return kind == Kind::kOnce || kind == Kind::kAvailableNow; }
};

}  // namespace sluice::stream
