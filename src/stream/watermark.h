#pragma once
// The watermark of a query: how far event time has come. Source: Structured Streaming guide, "Handling Late Data and
// Watermarking" and "Policy for handling multiple watermarks".
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "exec/query.h"

namespace sluice::stream {

/// Moves on after every batch, never back. Only its own value is in the checkpoint; what each withWatermark has seen
/// begins anew with a restart.
class Watermark {
 public:
  /// `policy` is spark.sql.streaming.multipleWatermarkPolicy: min or max. Errors: INVALID_CONF_VALUE.*.
  static Result<Watermark> Make(const std::string& policy, std::vector<exec::StreamTraits::Watermark> watermarks);

  int64_t ms() const { return ms_; }
  void Restore(int64_t ms) { ms_ = ms; }
  /// Event times of a batch, by position in `watermarks`.
  void Observe(const std::map<int, exec::EventTimeStats>& event_times);
  /// Whether the query has event time at all.
  bool used() const { return !watermarks_.empty(); }

 private:
  bool max_ = false;
  std::vector<exec::StreamTraits::Watermark> watermarks_;
  std::map<uint64_t, int64_t> reached_ms_;  // by id
  int64_t ms_ = 0;
};

}  // namespace sluice::stream
