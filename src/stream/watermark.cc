#include "stream/watermark.h"

#include <algorithm>

namespace sluice::stream {

Result<Watermark> Watermark::Make(const std::string& policy, std::vector<int64_t> delays_ms) {
  std::string lower = policy;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (lower != "min" && lower != "max") {
    return MakeError("INVALID_CONF_VALUE.OUT_OF_RANGE_OF_OPTIONS",
                     {{"confName", "spark.sql.streaming.multipleWatermarkPolicy"},
                      {"confValue", policy},
                      {"confOptions", "min, max"}});
  }
  Watermark watermark;
  watermark.max_ = lower == "max";
  watermark.reached_ms_.assign(delays_ms.size(), 0);
  watermark.delays_ms_ = std::move(delays_ms);
  return watermark;
}

void Watermark::Observe(const std::map<int, exec::EventTimeStats>& event_times) {
  if (!used()) return;
  for (const auto& [position, stats] : event_times) {
    if (stats.count == 0) continue;
    int64_t& reached = reached_ms_[static_cast<size_t>(position)];
    reached = std::max(reached, stats.max_ms - delays_ms_[static_cast<size_t>(position)]);
  }
  const auto chosen = max_ ? std::max_element(reached_ms_.begin(), reached_ms_.end())
                           : std::min_element(reached_ms_.begin(), reached_ms_.end());
  ms_ = std::max(ms_, *chosen);
}

}  // namespace sluice::stream
