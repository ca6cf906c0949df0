#include "stream/watermark.h"

#include <algorithm>

namespace sluice::stream {

Result<Watermark> Watermark::Make(const std::string& policy, std::vector<exec::StreamTraits::Watermark> watermarks) {
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
  for (const auto& [id, _] : watermarks) watermark.reached_ms_[id] = 0;
  watermark.watermarks_ = std::move(watermarks);
  return watermark;
}

void Watermark::Observe(const std::map<int, exec::EventTimeStats>& event_times) {
  if (!used()) return;
  for (const auto& [position, stats] : event_times) {
    if (stats.count == 0) continue;
    const auto& [id, delay_ms] = watermarks_[static_cast<size_t>(position)];
    reached_ms_[id] = std::max(reached_ms_[id], stats.max_ms - delay_ms);
  }
  const auto behind = [](const auto& a, const auto& b) { return a.second < b.second; };
  const auto chosen = max_ ? std::max_element(reached_ms_.begin(), reached_ms_.end(), behind)
                           : std::min_element(reached_ms_.begin(), reached_ms_.end(), behind);
  ms_ = std::max(ms_, chosen->second);
}

}  // namespace sluice::stream
